package org.anneal.text;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Reads Python expressions from one text and knows where in it each of them stands. It evaluates nothing, and what it
 * accepts is bounded in length, depth and number of operators, so no text exhausts the stack.
 */
final class PythonText {

    private static final int LONGEST_TEXT = 1_000_000;
    private static final int LONGEST_NUMBER = 4300; // Python's limit for an int
    private static final int DEEPEST = 100;
    private static final int MOST_OPERATORS = 1000;
    private static final int MOST_UNREAD = 1000;
    private static final int LONGEST_MISSPELLED = 100;
    private static final int FAR = 2 * LONGEST_MISSPELLED;

    private enum Kind {
        NUMBER,
        UNIT,
        NAME,
        STRING,
        SYMBOL,
        /** What Python may have, and this does not read. */
        FOREIGN,
        END
    }

    /** A piece of the text; of a string, its content; of what is foreign, why it is not read. */
    private record Token(Kind kind, String text, int at, String problem) {
        Token(Kind kind, String text, int at) {
            this(kind, text, at, "");
        }

        boolean is(String symbol) {
            return (kind == Kind.SYMBOL || kind == Kind.NAME) && text.equals(symbol);
        }

        boolean opens() {
            return is("(") || is("[") || (kind == Kind.FOREIGN && text.equals("{"));
        }

        boolean closes() {
            return is(")") || is("]") || (kind == Kind.FOREIGN && text.equals("}"));
        }

        boolean isPartnerOf(Token open) {
            return "()[]{}".contains(open.text + text);
        }

        /** Whether this is a number or a string, read or foreign. */
        boolean isLiteral() {
            boolean foreign = kind == Kind.FOREIGN && ".0123456789'\"".indexOf(text.charAt(0)) >= 0;
            return kind == Kind.NUMBER || kind == Kind.STRING || foreign;
        }

        @Override
        public String toString() {
            return switch (kind) {
                case END -> "the end";
                case STRING -> Python.repr(shortened(text));
                default -> "'" + shortened(text) + "'";
            };
        }
    }

    private static final List<String> SYMBOLS = List.of(
            "**", "//", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", ",", "=", ":",
            ".");
    private static final List<String> KEYWORDS =
            List.of("lambda", "if", "else", "and", "or", "not", "True", "False", "None", "in", "is", "for", "import");

    /** Where Python has the functions and constants of {@link PythonFunction}, and more. */
    private static final Set<String> MODULES = Set.of("math.", "np.", "numpy.", "torch.", "cmath.");

    /** What Python, NumPy or other optimizers have under a name that is near one of ours: no misspellings. */
    private static final Set<String> OTHERS = Set.of(
            "acosh", "asinh", "atanh", "exp2", "sign", "map", "input", "adan", "adamp", "sgdp", "sgdw", "radamw");

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    // By identity: equal expressions stand in several places.
    private final IdentityHashMap<Expression, Integer> positions = new IdentityHashMap<>();
    private int next;
    private int depth;
    private int operators;
    private int unread;

    PythonText(String text) {
        this.text = Objects.requireNonNull(text, "text");
        if (text.length() > LONGEST_TEXT) {
            throw error(0, "the text is longer than " + LONGEST_TEXT + " characters");
        }
        scan();
    }

    /** Reads the whole text as one expression, with perhaps an assignment {@code name =} in front. */
    Expression statement() {
        if (peek().kind() == Kind.NAME) {
            int start = next;
            dottedName();
            if (!accept("=")) {
                next = start;
            }
        }
        return whole();
    }

    /** Reads the whole text as one expression. */
    Expression whole() {
        Expression expression = expression();
        if (peek().kind() != Kind.END) {
            throw expected("the end");
        }
        return expression;
    }

    PythonSyntaxException error(Expression at, String problem) {
        return error(positions.getOrDefault(at, 0), problem);
    }

    private PythonSyntaxException error(int at, String problem) {
        return PythonSyntaxException.at(text, at, problem);
    }

    static boolean isIdentifier(String name) {
        boolean letters = name.codePoints().allMatch(c -> Character.isLetter(c) || c == '_' || (c >= '0' && c <= '9'));
        return letters && !name.isEmpty() && !(name.charAt(0) <= '9') && !KEYWORDS.contains(name);
    }

    /** Returns whether {@code expression}, which {@link #checkNumber} accepted, mentions {@code parameter}. */
    static boolean mentions(Expression expression, String parameter) {
        if (expression instanceof Expression.Name name) {
            return name.text().equals(parameter);
        } else if (expression instanceof Expression.Unary unary) {
            return mentions(unary.operand(), parameter);
        } else if (expression instanceof Expression.Binary binary) {
            return mentions(binary.left(), parameter) || mentions(binary.right(), parameter);
        } else if (expression instanceof Expression.Comparison comparison) {
            return comparison.operands().stream().anyMatch(operand -> mentions(operand, parameter));
        } else if (expression instanceof Expression.Conditional conditional) {
            return mentions(conditional.then(), parameter)
                    || mentions(conditional.condition(), parameter)
                    || mentions(conditional.otherwise(), parameter);
        }
        return expression instanceof Expression.Call call
                && call.positional().stream().anyMatch(argument -> mentions(argument, parameter));
    }

    /** Refuses what is not an expression of numbers, {@code parameter} and the functions of {@link PythonFunction}. */
    void checkNumber(Expression expression, Optional<String> parameter) {
        if (expression instanceof Expression.Name name) {
            if (parameter.filter(name.text()::equals).isEmpty() && !PythonFunction.CONSTANTS.containsKey(name.text())) {
                List<String> known = new ArrayList<>(parameter.stream().toList());
                known.addAll(PythonFunction.CONSTANTS.keySet());
                throw error(name, "unknown name '" + shortened(name.text()) + "'" + suggestion(name.text(), known));
            }
        } else if (expression instanceof Expression.Unary unary) {
            checkNumber(unary.operand(), parameter);
        } else if (expression instanceof Expression.Binary binary) {
            checkNumber(binary.left(), parameter);
            checkNumber(binary.right(), parameter);
        } else if (expression instanceof Expression.Comparison comparison) {
            comparison.operands().forEach(operand -> checkNumber(operand, parameter));
        } else if (expression instanceof Expression.Conditional conditional) {
            checkNumber(conditional.then(), parameter);
            checkNumber(conditional.condition(), parameter);
            checkNumber(conditional.otherwise(), parameter);
        } else if (expression instanceof Expression.Call call) {
            checkCall(call, parameter);
        } else if (!(expression instanceof Expression.Literal)) {
            throw error(expression, "expected a number, but found " + shortened(expression.toString()));
        }
    }

    private void checkCall(Expression.Call call, Optional<String> parameter) {
        String name = call.function().text();
        PythonFunction known = PythonFunction.ALL.get(name);
        if (known == null) {
            throw error(
                    call, "unknown function '" + shortened(name) + "'" + suggestion(name, PythonFunction.ALL.keySet()));
        }
        if (!call.keywords().isEmpty()) {
            throw error(call.keywords().get(0).value(), name + " takes no keyword arguments");
        }
        int given = call.positional().size();
        if (given < known.least() || given > known.most()) {
            String wanted = known.most() == Integer.MAX_VALUE
                    ? "at least " + known.least()
                    : known.least() == known.most() ? "" + known.least() : known.least() + " or " + known.most();
            throw error(call, name + " takes " + wanted + " arguments, but got " + given);
        }
        call.positional().forEach(argument -> checkNumber(argument, parameter));
    }

    /**
     * Returns {@code , did you mean 'x'?} for the one of {@code known} that {@code name} is a misspelling or a part of, or
     * nothing: a wrong guess is worse than none. Of two that are equally near it is the shorter, or neither.
     */
    static String suggestion(String name, Collection<String> known) {
        String wanted = bare(name);
        if (wanted.length() > LONGEST_MISSPELLED || wanted.indexOf('.') >= 0 || OTHERS.contains(wanted)) {
            return "";
        }
        Map<String, String> nearest = new LinkedHashMap<>(); // by bare name: a parameter may be called as a constant is
        int least = Integer.MAX_VALUE;
        for (String candidate : known) {
            String right = bare(candidate);
            int distance = right.length() > LONGEST_MISSPELLED ? FAR : distance(wanted, right);
            int rank = distance * (LONGEST_MISSPELLED + 1) + right.length();
            if (distance < FAR && rank <= least) {
                if (rank < least) {
                    nearest.clear();
                }
                least = rank;
                nearest.putIfAbsent(right, candidate);
            }
        }
        return nearest.size() == 1
                ? ", did you mean '" + nearest.values().iterator().next() + "'?"
                : "";
    }

    /** Returns a name in small letters, without the module of its function. */
    private static String bare(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        int dot = lower.indexOf('.') + 1;
        return MODULES.contains(lower.substring(0, dot)) ? lower.substring(dot) : lower;
    }

    /**
     * Returns how far {@code wanted} is from {@code right}, {@link #FAR} if nobody means the one who writes the other.
     * Either a few mistakes are between them, not in the first letter of a short word, or one is a part of the other: its
     * beginning, at least half of it, or what is left of it, at least a third, without letters from the middle.
     */
    private static int distance(String wanted, String right) {
        int shorter = Math.min(wanted.length(), right.length());
        int longer = Math.max(wanted.length(), right.length());
        if (shorter == 0) {
            return FAR;
        }
        boolean beginsAlike = wanted.charAt(0) == right.charAt(0);
        int mistakes = mistakes(wanted, right);
        boolean cut = right.substring(1).equals(wanted);
        if ((beginsAlike || cut || shorter > 6) && mistakes <= mostMistakes(wanted)) {
            return mistakes;
        }
        boolean beginning = right.startsWith(wanted) && 2 * shorter >= longer;
        boolean endsAlike = wanted.charAt(wanted.length() - 1) == right.charAt(right.length() - 1);
        boolean part =
                endsAlike && 3 * shorter >= longer && (isSubsequence(wanted, right) || isSubsequence(right, wanted));
        return shorter > 2 && beginsAlike && (beginning || part) ? longer : FAR;
    }

    /** Returns how many mistakes one makes in a word of that length. */
    private static int mostMistakes(String word) {
        int length = word.length();
        return length < 2 ? 0 : length < 7 ? 1 : length < 13 ? 2 : 3;
    }

    /** Returns the mistakes in {@code wanted}; {@link #FAR} where a word has too many. */
    private static int mistakes(String wanted, String right) {
        String[] words = wanted.split("_", -1);
        String[] rightWords = right.split("_", -1);
        if (words.length == rightWords.length) { // max is no misspelling of min, and eta_max none of eta_min
            for (int i = 0; i < words.length; i++) {
                if (edits(words[i], rightWords[i]) > mostMistakes(words[i])) {
                    return FAR;
                }
            }
        }
        return edits(wanted, right);
    }

    /** Returns how many insertions, deletions, substitutions and swaps of neighbours make {@code b} of {@code a}. */
    private static int edits(String a, String b) {
        int[][] rows = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    rows[i][j] = i + j;
                    continue;
                }
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                rows[i][j] = Math.min(rows[i - 1][j - 1] + same, Math.min(rows[i - 1][j], rows[i][j - 1]) + 1);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }
        return rows[a.length()][b.length()];
    }

    private static boolean isSubsequence(String part, String whole) {
        int found = 0;
        for (int i = 0; i < whole.length() && found < part.length(); i++) {
            found += whole.charAt(i) == part.charAt(found) ? 1 : 0;
        }
        return found == part.length();
    }

    static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    // The grammar, loosest first.

    private Expression expression() {
        int at = enter();
        Expression result;
        if (accept("lambda")) {
            Token parameter = peek();
            if (parameter.kind() != Kind.NAME || KEYWORDS.contains(parameter.text())) {
                throw expected("the lambda's parameter");
            }
            next++;
            expect(":");
            result = placed(new Expression.Lambda(parameter.text(), expression()), at);
        } else {
            result = or();
            if (accept("if")) {
                countOperator();
                Expression condition = or();
                expect("else");
                result = placed(new Expression.Conditional(result, condition, expression()), at);
            }
        }
        depth--;
        return result;
    }

    private Expression or() {
        Expression left = and();
        while (peek().is("or")) {
            Token operator = operator();
            left = binary(operator, left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (peek().is("and")) {
            Token operator = operator();
            left = binary(operator, left, not());
        }
        return left;
    }

    private Expression not() {
        if (!peek().is("not")) {
            return comparison();
        }
        int at = enter();
        Token operator = operator();
        Expression result = placed(new Expression.Unary(operator.text(), not()), at);
        depth--;
        return result;
    }

    private Expression comparison() {
        int at = peek().at();
        Expression first = sum();
        List<String> comparisons = new ArrayList<>();
        List<Expression> operands = new ArrayList<>(List.of(first));
        while (List.of("<", "<=", ">", ">=", "==", "!=").contains(peek().text()) && peek().kind() == Kind.SYMBOL) {
            comparisons.add(operator().text());
            operands.add(sum());
        }
        return comparisons.isEmpty()
                ? first
                : placed(new Expression.Comparison(List.copyOf(comparisons), List.copyOf(operands)), at);
    }

    private Expression sum() {
        Expression left = product();
        while (peek().is("+") || peek().is("-")) {
            Token operator = operator();
            left = binary(operator, left, product());
        }
        return left;
    }

    private Expression product() {
        int at = peek().at();
        Expression left = signed();
        if (peek().is("%")
                && left instanceof Expression.Literal literal
                && !(literal.number() instanceof Boolean)
                && endsOperand(tokens.get(next + 1))) {
            next++;
            return placed(new Expression.Length(literal.number(), Lengths.Unit.PERCENT), at);
        }
        while (peek().is("*") || peek().is("/") || peek().is("//") || peek().is("%")) {
            Token operator = operator();
            left = binary(operator, left, signed());
        }
        return left;
    }

    private static boolean endsOperand(Token token) {
        return token.kind() == Kind.END || token.is(",") || token.is(")") || token.is("]");
    }

    private Expression signed() {
        int at = enter();
        Expression result;
        if (peek().is("-") || peek().is("+")) {
            Token operator = operator();
            result = placed(new Expression.Unary(operator.text(), signed()), at);
        } else {
            result = atom();
            if (peek().is("**")) {
                Token operator = operator();
                result = binary(operator, result, signed());
            }
        }
        depth--;
        return result;
    }

    private Expression atom() {
        Token token = peek();
        switch (token.kind()) {
            case NUMBER -> {
                next++;
                Object number = number(token);
                if (peek().kind() == Kind.UNIT) {
                    Lengths.Unit unit =
                            Lengths.Unit.of(tokens.get(next++).text()).orElseThrow();
                    return placed(new Expression.Length(number, unit), token.at());
                }
                return placed(new Expression.Literal(number), token.at());
            }
            case STRING -> {
                next++;
                return placed(new Expression.Text(token.text()), token.at());
            }
            case NAME -> {
                return nameOrCall(token);
            }
            default -> {
                if (accept("(")) {
                    return parenthesized(token.at());
                } else if (accept("[")) {
                    return placed(new Expression.Items(items("]")), token.at());
                }
                throw expected("a value");
            }
        }
    }

    private Expression nameOrCall(Token token) {
        if (accept("True")) {
            return placed(new Expression.Literal(true), token.at());
        } else if (accept("False")) {
            return placed(new Expression.Literal(false), token.at());
        } else if (accept("None")) {
            return placed(new Expression.None(), token.at());
        } else if (KEYWORDS.contains(token.text())) {
            throw expected("a value");
        }
        Expression.Name name = dottedName();
        return accept("(") ? call(name, token.at()) : placed(name, token.at());
    }

    private Expression.Name dottedName() {
        StringBuilder name = new StringBuilder(tokens.get(next++).text());
        while (accept(".")) {
            if (peek().kind() != Kind.NAME) {
                throw expected("a name");
            }
            name.append('.').append(tokens.get(next++).text());
        }
        return new Expression.Name(name.toString());
    }

    private Expression call(Expression.Name function, int at) {
        List<Expression> positional = new ArrayList<>();
        List<Expression.Keyword> keywords = new ArrayList<>();
        while (!accept(")")) {
            Token token = peek();
            if (token.kind() == Kind.NAME && tokens.get(next + 1).is("=")) {
                next += 2;
                Expression value = argument();
                // The name is what a message about the argument points at.
                keywords.add(new Expression.Keyword(token.text(), placed(value, token.at())));
            } else if (keywords.isEmpty()) {
                positional.add(argument());
            } else {
                throw error(token.at(), "a positional argument cannot follow a keyword argument");
            }
            accept(",");
        }
        return placed(new Expression.Call(function, List.copyOf(positional), List.copyOf(keywords)), at);
    }

    /** Reads an argument up to its comma. One that this does not read is kept as it stands: it may be one to drop. */
    private Expression argument() {
        int start = next;
        int outside = depth;
        try {
            Expression expression = expression();
            if (!peek().is(",") && !peek().is(")")) {
                throw expected("',' or ')'");
            }
            return expression;
        } catch (PythonSyntaxException e) {
            int end = endOfArgument(start);
            if (end == start || ++unread > MOST_UNREAD) {
                throw e;
            }
            next = end;
            depth = outside;
            return unread(tokens.subList(start, end), e);
        }
    }

    /** Returns the place of the comma or the parenthesis that ends an argument, or {@code start} if there is none. */
    private int endOfArgument(int start) {
        Deque<Token> open = new ArrayDeque<>();
        for (int i = start; tokens.get(i).kind() != Kind.END; i++) {
            Token token = tokens.get(i);
            if (open.isEmpty() && (token.is(",") || token.is(")"))) {
                return i;
            } else if (token.opens()) {
                open.push(token);
            } else if (token.closes() && (open.isEmpty() || !token.isPartnerOf(open.pop()))) {
                return start;
            }
        }
        return start;
    }

    private Expression.Unread unread(List<Token> argument, PythonSyntaxException problem) {
        Token first = argument.get(0);
        boolean named = false;
        boolean value = first.is("lambda") || first.is("*") || first.is("**");
        boolean inBrackets = first.opens();
        boolean several = inBrackets && !first.is("(");
        boolean generated = false;
        boolean condition = false;
        int open = 0;
        for (int i = 0; i < argument.size(); i++) {
            Token token = argument.get(i);
            open -= token.closes() ? 1 : 0;
            if (open == 0 && token.kind() != Kind.SYMBOL) {
                condition = token.is("if") || (condition && !token.is("else"));
                value |= token.isLiteral() && !condition;
                generated |= token.is("for");
            }
            several |= open == 1 && (token.is(",") || token.is("for"));
            inBrackets &= open > 0 || i == 0 || i == argument.size() - 1;
            named |= token.kind() == Kind.NAME && !KEYWORDS.contains(token.text());
            open += token.opens() ? 1 : 0;
        }
        String all = text.substring(first.at(), tokens.get(next).at());
        String written = shortened(all.strip()).replaceAll("[\\s\\p{Cntrl}]+", " ");
        boolean list = generated || (inBrackets && several);
        return placed(new Expression.Unread(written, named && !value, list, problem), first.at());
    }

    private Expression parenthesized(int at) {
        if (accept(")")) {
            return placed(new Expression.Items(List.of()), at);
        }
        Expression first = expression();
        if (accept(")")) {
            return first;
        }
        if (!accept(",")) {
            throw expected("',' or ')'");
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        items.addAll(items(")"));
        return placed(new Expression.Items(List.copyOf(items)), at);
    }

    private List<Expression> items(String close) {
        List<Expression> items = new ArrayList<>();
        while (!accept(close)) {
            items.add(expression());
            if (!peek().is(close) && !accept(",")) {
                throw expected("',' or '" + close + "'");
            }
        }
        return items;
    }

    private Object number(Token token) {
        String digits = token.text().replace("_", "");
        if (digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return new BigInteger(digits);
        }
        return Double.valueOf(digits);
    }

    private Token operator() {
        countOperator();
        return tokens.get(next++);
    }

    private Expression binary(Token operator, Expression left, Expression right) {
        return placed(new Expression.Binary(operator.text(), left, right), operator.at());
    }

    private <T extends Expression> T placed(T expression, int at) {
        positions.put(expression, at);
        return expression;
    }

    private int enter() {
        if (++depth > DEEPEST) {
            throw error(peek().at(), "nested deeper than " + DEEPEST);
        }
        return peek().at();
    }

    private void countOperator() {
        if (++operators > MOST_OPERATORS) {
            throw error(peek().at(), "more than " + MOST_OPERATORS + " operators");
        }
    }

    private Token peek() {
        return tokens.get(next);
    }

    private boolean accept(String symbol) {
        if (peek().is(symbol)) {
            next++;
            return true;
        }
        return false;
    }

    private void expect(String symbol) {
        if (!accept(symbol)) {
            throw expected("'" + symbol + "'");
        }
    }

    private PythonSyntaxException expected(String what) {
        if (peek().kind() == Kind.FOREIGN) {
            return error(peek().at(), peek().problem());
        }
        return error(peek().at(), "expected " + what + ", but found " + peek());
    }

    // The tokens.

    private void scan() {
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f') {
                at++;
            } else if (c == '\\' && text.startsWith("\n", at + 1)) {
                at += 2;
            } else if (c == '\'' || c == '"') {
                at = scanString(at, c);
            } else if (isDigit(at) || (c == '.' && isDigit(at + 1))) {
                at = scanNumber(at);
            } else if (isLetter(at)) {
                int end = at;
                while (isLetter(end) || isDigit(end)) {
                    end++;
                }
                tokens.add(new Token(Kind.NAME, text.substring(at, end), at));
                at = end;
            } else {
                int start = at;
                Optional<String> symbol =
                        SYMBOLS.stream().filter(s -> text.startsWith(s, start)).findFirst();
                String character = Character.toString(text.codePointAt(start));
                tokens.add(symbol.map(known -> new Token(Kind.SYMBOL, known, start))
                        .orElseGet(() -> new Token(
                                Kind.FOREIGN, character, start, "unexpected character " + Python.repr(character))));
                at += symbol.orElse(character).length();
            }
        }
        tokens.add(new Token(Kind.END, "", text.length()));
    }

    private boolean isDigit(int at) {
        return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private boolean isLetter(int at) {
        return at < text.length() && (Character.isLetter(text.charAt(at)) || text.charAt(at) == '_');
    }

    private int scanString(int start, char quote) {
        String triple = String.valueOf(quote).repeat(3);
        String close = text.startsWith(triple, start) ? triple : triple.substring(2);
        boolean escapes = false;
        for (int at = start + close.length(); at < text.length(); at++) {
            if (text.startsWith(close, at)) {
                int end = at + close.length();
                if (escapes || close.equals(triple)) {
                    return foreign(
                            start,
                            end,
                            "a string " + (escapes ? "with an escape" : "in triple quotes") + " is not supported");
                }
                tokens.add(new Token(Kind.STRING, text.substring(start + 1, at), start));
                return end;
            } else if (text.charAt(at) == '\\') {
                escapes = true;
                at++;
            } else if (text.charAt(at) == '\n' && close.length() == 1) {
                break;
            }
        }
        throw error(start, "the string has no end");
    }

    private int foreign(int start, int end, String problem) {
        tokens.add(new Token(Kind.FOREIGN, text.substring(start, end), start, problem));
        return end;
    }

    private int scanNumber(int start) {
        int at = digits(start);
        boolean whole = true;
        if (at < text.length() && text.charAt(at) == '.') {
            whole = false;
            at = digits(at + 1);
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            boolean signed = at + 1 < text.length() && (text.charAt(at + 1) == '-' || text.charAt(at + 1) == '+');
            int exponent = at + (signed ? 2 : 1);
            if (isDigit(exponent)) {
                whole = false;
                at = digits(exponent);
            }
        }
        int end = at;
        while (isLetter(end) || isDigit(end)) {
            end++;
        }
        String number = text.substring(start, at);
        boolean unit = Lengths.Unit.of(text.substring(at, end)).isPresent();
        if (end > at && !unit) {
            return foreign(start, end, "malformed number '" + shortened(text.substring(start, end)) + "'");
        }
        if (number.length() > LONGEST_NUMBER) {
            return foreign(start, end, "the number is longer than " + LONGEST_NUMBER + " characters");
        }
        if (whole && number.charAt(0) == '0' && !number.replaceAll("[0_]", "").isEmpty()) {
            return foreign(
                    start, end, "a whole number must have no leading zeros, but was '" + shortened(number) + "'");
        }
        tokens.add(new Token(Kind.NUMBER, number, start));
        if (unit) {
            tokens.add(new Token(Kind.UNIT, text.substring(at, end), at));
        }
        return end;
    }

    /** Returns the end of a run of digits, with single underscores only between them. */
    private int digits(int start) {
        int at = start;
        while (isDigit(at)
                || (at > start && at < text.length() && text.charAt(at) == '_' && isDigit(at + 1) && isDigit(at - 1))) {
            at++;
        }
        return at;
    }
}
