package org.anneal.schedule;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads Python expressions from one text and knows where in it each of them stands. It evaluates nothing, and what it
 * accepts is bounded in length, depth and number of operators, so no text exhausts the stack.
 */
final class PythonText {

    private static final int LONGEST_TEXT = 1_000_000;
    private static final int LONGEST_NUMBER = 4300; // Python's limit for an int
    private static final int DEEPEST = 100;
    private static final int MOST_OPERATORS = 1000;

    private enum Kind {
        NUMBER,
        UNIT,
        NAME,
        STRING,
        SYMBOL,
        END
    }

    /** A piece of the text; of a string, its content. */
    private record Token(Kind kind, String text, int at) {
        boolean is(String symbol) {
            return (kind == Kind.SYMBOL || kind == Kind.NAME) && text.equals(symbol);
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

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    // By identity: equal expressions stand in several places.
    private final IdentityHashMap<Expression, Integer> positions = new IdentityHashMap<>();
    private int next;
    private int depth;
    private int operators;

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

    ScheduleSyntaxException error(Expression at, String problem) {
        return error(positions.getOrDefault(at, 0), problem);
    }

    private ScheduleSyntaxException error(int at, String problem) {
        return ScheduleSyntaxException.at(text, at, problem);
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
                List<String> known = new ArrayList<>(PythonFunction.CONSTANTS.keySet());
                parameter.ifPresent(known::add);
                known.addAll(PythonFunction.ALL.keySet());
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

    /** Returns {@code , did you mean 'x'?} for the nearest of {@code known}, or nothing if none is near. */
    static String suggestion(String name, Collection<String> known) {
        String wanted = name.toLowerCase(Locale.ROOT);
        String last = wanted.substring(wanted.lastIndexOf('.') + 1);
        String nearest = "";
        int least = Math.max(wanted.length() / 3, Math.min(2, wanted.length() - 1)) + 1;
        for (String candidate : known) {
            String lower = candidate.toLowerCase(Locale.ROOT);
            if (lower.equals("math." + last)) {
                return ", did you mean '" + candidate + "'?"; // from math import cos, np.cos
            }
            int distance = Math.abs(lower.length() - wanted.length()) < least ? distance(wanted, lower) : least;
            if (distance < least) {
                nearest = candidate;
                least = distance;
            }
        }
        if (nearest.isEmpty() && wanted.length() >= 3) {
            nearest = known.stream()
                    .filter(candidate -> isSubsequence(wanted, candidate.toLowerCase(Locale.ROOT)))
                    .findFirst()
                    .orElse("");
        }
        return nearest.isEmpty() ? "" : ", did you mean '" + nearest + "'?";
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
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
            return placed(new Expression.Length(literal.number(), RunLength.Unit.PERCENT), at);
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
                    RunLength.Unit unit =
                            RunLength.Unit.of(tokens.get(next++).text()).orElseThrow();
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
                Expression value = expression();
                // The name is what a message about the argument points at.
                keywords.add(new Expression.Keyword(token.text(), placed(value, token.at())));
            } else if (keywords.isEmpty()) {
                positional.add(expression());
            } else {
                throw error(token.at(), "a positional argument cannot follow a keyword argument");
            }
            if (!peek().is(")") && !accept(",")) {
                throw expected("',' or ')'");
            }
        }
        return placed(new Expression.Call(function, List.copyOf(positional), List.copyOf(keywords)), at);
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

    private ScheduleSyntaxException expected(String what) {
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
                String symbol = SYMBOLS.stream()
                        .filter(s -> text.startsWith(s, start))
                        .findFirst()
                        .orElseThrow(() -> error(
                                start,
                                "unexpected character " + Python.repr(Character.toString(text.codePointAt(start)))));
                tokens.add(new Token(Kind.SYMBOL, symbol, at));
                at += symbol.length();
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
        StringBuilder content = new StringBuilder();
        for (int at = start + 1; at < text.length() && text.charAt(at) != '\n'; at++) {
            char c = text.charAt(at);
            if (c == quote) {
                tokens.add(new Token(Kind.STRING, content.toString(), start));
                return at + 1;
            }
            if (c == '\\') {
                throw error(at, "a string with an escape is not supported");
            }
            content.append(c);
        }
        throw error(start, "the string has no end");
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
        boolean unit = RunLength.Unit.of(text.substring(at, end)).isPresent();
        if (end > at && !unit) {
            throw error(start, "malformed number '" + shortened(text.substring(start, end)) + "'");
        }
        if (number.length() > LONGEST_NUMBER) {
            throw error(start, "the number is longer than " + LONGEST_NUMBER + " characters");
        }
        if (whole && number.charAt(0) == '0' && !number.replaceAll("[0_]", "").isEmpty()) {
            throw error(start, "a whole number must have no leading zeros, but was '" + shortened(number) + "'");
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
