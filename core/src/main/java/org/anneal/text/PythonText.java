package org.anneal.text;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.anneal.text.PythonTokens.Kind;
import org.anneal.text.PythonTokens.Token;

/**
 * Reads a Python text, a program or an expression, and knows where in it each expression stands. It computes nothing, and
 * what it accepts is bounded in length, depth and number of operators, so no text exhausts the stack.
 */
final class PythonText {

    private static final int LONGEST_TEXT = 1_000_000;
    private static final int DEEPEST = 100;
    private static final int MOST_OPERATORS = 1000; // in a statement
    private static final int MOST_UNREAD = 1000;

    private static final Set<String> KEYWORDS = Set.of(
            "lambda",
            "if",
            "else",
            "and",
            "or",
            "not",
            "True",
            "False",
            "None",
            "in",
            "is",
            "for",
            "import",
            "def",
            "return",
            "elif",
            "class",
            "while",
            "with",
            "try",
            "except",
            "finally",
            "from",
            "as",
            "pass",
            "break",
            "continue",
            "del",
            "global",
            "nonlocal",
            "assert",
            "raise",
            "yield",
            "async",
            "await");

    /** Statements that say nothing about a schedule: they are passed over up to their end. */
    private static final Set<String> PASSED_OVER =
            Set.of("pass", "break", "continue", "del", "global", "nonlocal", "assert", "raise", "yield", "await", "@");

    private static final Set<String> JUMPS = Set.of("break", "continue", "raise", "yield");

    private static final Set<String> BLOCKS = Set.of("with", "try", "except", "finally", "while", "else");

    private static final Set<Kind> LAYOUT = Set.of(Kind.NEWLINE, Kind.INDENT, Kind.DEDENT);

    private static final List<String> ASSIGNMENTS =
            List.of("+=", "-=", "*=", "/=", "//=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>=", "@=");

    private final String text;
    private final List<Token> tokens;
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
        tokens = PythonTokens.of(text);
    }

    /** Reads the whole text as one expression. */
    Expression whole() {
        skipLines();
        Expression expression = expression();
        skipLines();
        if (peek().kind() != Kind.END) {
            throw expected("the end");
        }
        return expression;
    }

    PythonSyntaxException error(Expression at, String problem) {
        return error(position(at), problem);
    }

    /** Returns where an expression stands, from 0. */
    int position(Expression at) {
        return positions.getOrDefault(at, 0);
    }

    PythonSyntaxException error(int at, String problem) {
        return PythonSyntaxException.at(text, at, problem);
    }

    static boolean isIdentifier(String name) {
        boolean letters = name.codePoints().allMatch(c -> Character.isLetter(c) || c == '_' || (c >= '0' && c <= '9'));
        return letters && !name.isEmpty() && !(name.charAt(0) <= '9') && !KEYWORDS.contains(name);
    }

    static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    /** Returns whether any name is somewhere in an expression. */
    static boolean hasNames(Expression expression) {
        return has(expression, Expression.Name.class::isInstance);
    }

    /** Returns whether {@code name} is somewhere in an expression. */
    static boolean mentions(Expression expression, String name) {
        return has(
                expression,
                each -> each instanceof Expression.Name used && used.text().equals(name));
    }

    /** Returns whether any of {@code names} is somewhere in an expression. */
    static boolean mentionsAny(Expression expression, Set<String> names) {
        return has(expression, each -> each instanceof Expression.Name used && names.contains(used.text()));
    }

    private static boolean has(Expression expression, Predicate<Expression> wanted) {
        boolean[] found = {wanted.test(expression)};
        expression.map(part -> {
            found[0] = found[0] || has(part, wanted);
            return part;
        });
        return found[0];
    }

    // The statements.

    /** Reads the whole text as a program. */
    List<Statement> program() {
        List<Statement> statements = new ArrayList<>();
        skipLines();
        if (peek().kind() == Kind.END) {
            throw expected("a value");
        }
        while (peek().kind() != Kind.END) {
            statement(statements);
            skipLines();
        }
        return statements;
    }

    private void skipLines() {
        while (LAYOUT.contains(peek().kind())) {
            next++;
        }
    }

    private void statement(List<Statement> to) {
        Token first = peek();
        operators = 0;
        if (accept(";")) {
            return;
        } else if (first.is("async")) {
            next++;
            statement(to);
        } else if (first.is("import") || first.is("from")) {
            to.add(imports());
            endOfStatement();
        } else if (first.is("def")) {
            to.add(function());
        } else if (first.is("if")) {
            to.add(condition());
        } else if (first.is("for")) {
            to.add(loop());
        } else if (BLOCKS.contains(first.text()) && first.kind() == Kind.NAME) {
            skipTo(":");
            to.add(new Statement.Block(first.text(), first.at(), block()));
        } else if (accept("class")) {
            String name = name();
            skipTo(":");
            to.add(new Statement.Type(name, block()));
        } else if (first.is("return")) {
            next++;
            to.add(new Statement.Return(
                    peek().endsStatement() ? placed(new Expression.None(), first.at()) : expressions()));
            endOfStatement();
        } else if ((PASSED_OVER.contains(first.text()) && first.kind() != Kind.STRING)
                || first.is("%")
                || (first.kind() == Kind.FOREIGN && first.text().equals("!"))) {
            if (JUMPS.contains(first.text())) {
                to.add(new Statement.Jump(first.text(), first.at()));
            }
            while (!peek().endsStatement()) {
                next++;
            }
        } else {
            to.add(assignment());
            endOfStatement();
        }
    }

    private void endOfStatement() {
        if (!peek().endsStatement()) {
            throw expected("the end");
        }
    }

    private Statement assignment() {
        List<Expression> targets = new ArrayList<>();
        Expression value = expressions();
        if (accept(":")) { // an annotation
            expression();
            if (!peek().is("=")) {
                return new Statement.Evaluate(placed(new Expression.None(), peek().at()));
            }
        }
        if (ASSIGNMENTS.contains(peek().text()) && peek().kind() == Kind.SYMBOL) {
            String operator = tokens.get(next++).text();
            return new Statement.Assign(
                    List.of(checkTarget(value)), operator.substring(0, operator.length() - 1), expressions());
        }
        while (accept("=")) {
            targets.add(checkTarget(value));
            value = expressions();
        }
        return targets.isEmpty() ? new Statement.Evaluate(value) : new Statement.Assign(targets, "", value);
    }

    private Expression checkTarget(Expression target) {
        if (target instanceof Expression.Items items) {
            items.items().forEach(this::checkTarget);
        } else if (!(target instanceof Expression.Name
                || target instanceof Expression.Attribute
                || target instanceof Expression.Subscript
                || target instanceof Expression.Starred)) {
            throw error(target, "cannot assign to " + shortened(target.toString()));
        }
        return target;
    }

    private Statement imports() {
        Map<String, String> paths = new LinkedHashMap<>();
        if (accept("import")) {
            do {
                String module = dotted();
                if (accept("as")) {
                    paths.put(name(), module);
                } else {
                    String root = module.replaceFirst("\\..*", "");
                    paths.put(root, root);
                }
            } while (accept(","));
            return new Statement.Import(paths);
        }
        next++;
        StringBuilder dots = new StringBuilder();
        while (peek().is(".") || peek().is("...")) { // a relative one
            dots.append(tokens.get(next++).text());
        }
        String module = dots + (peek().is("import") ? "" : dotted());
        expect("import");
        if (accept("*")) {
            paths.put("*", module);
            return new Statement.Import(paths);
        }
        boolean parentheses = accept("(");
        do {
            if (peek().is(")")) {
                break;
            }
            String name = name();
            paths.put(accept("as") ? name() : name, module + "." + name);
        } while (accept(","));
        if (parentheses) {
            expect(")");
        }
        return new Statement.Import(paths);
    }

    private String dotted() {
        StringBuilder path = new StringBuilder(name());
        while (accept(".")) {
            path.append('.').append(name());
        }
        return path.toString();
    }

    private String name() {
        if (!isName(peek())) {
            throw expected("a name");
        }
        return tokens.get(next++).text();
    }

    private static boolean isName(Token token) {
        return token.kind() == Kind.NAME && !KEYWORDS.contains(token.text());
    }

    private Statement function() {
        int at = tokens.get(next++).at();
        String name = name();
        expect("(");
        List<Expression.Parameter> parameters = parameters(")", true);
        expect(")");
        if (accept("->")) {
            expression();
        }
        expect(":");
        List<Statement> body = block();
        Expression.Lambda all = placed(new Expression.Lambda(parameters, new Expression.None()), at);
        try {
            Expression.Lambda lambda =
                    placed(new Expression.Lambda(parameters, new PythonDef(this, name, parameters).body(body)), at);
            return new Statement.Def(name, all, body, Optional.of(lambda), Optional.empty());
        } catch (PythonSyntaxException e) {
            return new Statement.Def(name, all, body, Optional.empty(), Optional.of(e));
        }
    }

    private Statement condition() {
        next++;
        Expression condition = expression();
        expect(":");
        List<Statement> then = block();
        List<Statement> otherwise = List.of();
        if (peek().is("elif")) {
            enter();
            otherwise = List.of(condition());
            depth--;
        } else if (accept("else")) {
            expect(":");
            otherwise = block();
        }
        return new Statement.If(condition, then, otherwise);
    }

    private Statement loop() {
        int at = tokens.get(next++).at();
        Expression.Target target = target();
        expect("in");
        Expression iterable = expressions();
        expect(":");
        return new Statement.For(at, target, iterable, block());
    }

    /** Reads the statements after a colon: on the same line, or indented on those that follow. */
    private List<Statement> block() {
        List<Statement> statements = new ArrayList<>();
        enter();
        if (peek().kind() == Kind.NEWLINE) {
            next++;
            if (peek().kind() == Kind.INDENT) {
                next++;
                while (peek().kind() != Kind.DEDENT && peek().kind() != Kind.END) {
                    if (peek().kind() == Kind.NEWLINE) {
                        next++;
                    } else {
                        statement(statements);
                    }
                }
                next += peek().kind() == Kind.DEDENT ? 1 : 0;
            }
        } else {
            while (peek().kind() != Kind.NEWLINE && peek().kind() != Kind.END) {
                statement(statements);
            }
            next += peek().kind() == Kind.NEWLINE ? 1 : 0;
        }
        depth--;
        return statements;
    }

    private void skipTo(String symbol) {
        int open = 0;
        while (!peek().endsStatement() && !(open == 0 && peek().is(symbol))) {
            open += peek().opens() ? 1 : peek().closes() ? -1 : 0;
            next++;
        }
        expect(symbol);
    }

    private Expression.Target target() {
        List<Expression.Target> parts = new ArrayList<>();
        boolean several = false;
        do {
            if (peek().is("in") && !parts.isEmpty()) {
                break;
            }
            if (accept("(") || accept("[")) {
                enter();
                parts.add(target());
                depth--;
                if (!accept(")")) {
                    expect("]");
                }
            } else {
                parts.add(new Expression.Target(true, List.of(), name()));
            }
            several |= peek().is(",");
        } while (accept(",") && !peek().is(")"));
        return several ? new Expression.Target(false, parts, "") : parts.get(0);
    }

    private List<Expression.Parameter> parameters(String close, boolean annotated) {
        List<Expression.Parameter> parameters = new ArrayList<>();
        while (!peek().is(close)) {
            if (accept("/")) {
                accept(",");
                continue;
            }
            String stars = accept("*") ? "*" : accept("**") ? "**" : "";
            if (!stars.equals("*") || !peek().is(",")) {
                if (!isName(peek())) {
                    throw expected(close.equals(":") ? "the lambda's parameter" : "a parameter");
                }
                String name = tokens.get(next++).text();
                if (annotated && accept(":")) {
                    expression();
                }
                Optional<Expression> absent = accept("=") ? Optional.of(expression()) : Optional.empty();
                parameters.add(new Expression.Parameter(stars, name, absent));
            }
            if (!peek().is(close) && !accept(",")) {
                throw expected("'" + close + "'");
            }
        }
        return List.copyOf(parameters);
    }

    // The expressions, loosest first.

    /** Reads one expression, or a tuple without parentheses. */
    private Expression expressions() {
        int at = peek().at();
        Expression first = starredOrNamed();
        if (!peek().is(",")) {
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        while (accept(",")) {
            if (peek().endsStatement() || peek().is("=") || peek().is("]") || peek().is(":")) {
                break;
            }
            items.add(starredOrNamed());
        }
        return placed(new Expression.Items(Expression.Shape.TUPLE, List.copyOf(items)), at);
    }

    /** Reads an expression where it may also be {@code *values} or {@code name := value}. */
    private Expression starredOrNamed() {
        int at = peek().at();
        if (accept("*")) {
            countOperator();
            return placed(new Expression.Starred(expression()), at);
        }
        if (isName(peek()) && tokens.get(next + 1).is(":=")) {
            String name = name();
            next++;
            return placed(new Expression.Named(name, expression()), at);
        }
        return expression();
    }

    private Expression expression() {
        int at = enter();
        Expression result;
        if (accept("lambda")) {
            List<Expression.Parameter> parameters = parameters(":", false);
            expect(":");
            result = placed(new Expression.Lambda(parameters, expression()), at);
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
        Expression first = operation(0);
        List<String> comparisons = new ArrayList<>();
        List<Expression> operands = new ArrayList<>(List.of(first));
        for (Optional<String> found = comparator(); found.isPresent(); found = comparator()) {
            comparisons.add(found.get());
            operands.add(operation(0));
        }
        return comparisons.isEmpty()
                ? first
                : placed(new Expression.Comparison(List.copyOf(comparisons), List.copyOf(operands)), at);
    }

    private static final List<String> COMPARISONS = List.of("<", "<=", ">", ">=", "==", "!=", "in", "is");

    /** Reads the operator of a comparison, if one follows. */
    private Optional<String> comparator() {
        boolean two = (peek().is("not") && tokens.get(next + 1).is("in"))
                || (peek().is("is") && tokens.get(next + 1).is("not"));
        if (two) {
            return Optional.of(operator().text() + " " + tokens.get(next++).text());
        }
        return isAny(COMPARISONS) ? Optional.of(operator().text()) : Optional.empty();
    }

    /** The operators that join to the left, loosest first. */
    private static final List<List<String>> LEVELS = List.of(
            List.of("|"),
            List.of("^"),
            List.of("&"),
            List.of("<<", ">>"),
            List.of("+", "-"),
            List.of("*", "/", "//", "%", "@"));

    private Expression operation(int level) {
        if (level == LEVELS.size()) {
            return signed();
        }
        int at = peek().at();
        Expression left = operation(level + 1);
        boolean percent = level == LEVELS.size() - 1
                && peek().is("%")
                && left instanceof Expression.Literal literal
                && !(literal.number() instanceof Boolean)
                && endsOperand(tokens.get(next + 1));
        if (percent) {
            next++;
            return placed(new Expression.Length(((Expression.Literal) left).number(), Lengths.Unit.PERCENT), at);
        }
        while (isAny(LEVELS.get(level))) {
            Token operator = operator();
            left = binary(operator, left, operation(level + 1));
        }
        return left;
    }

    private boolean isAny(List<String> symbols) {
        for (String symbol : symbols) {
            if (peek().is(symbol)) {
                return true;
            }
        }
        return false;
    }

    private static boolean endsOperand(Token token) {
        return token.endsStatement() || token.is(",") || token.closes();
    }

    private Expression signed() {
        int at = enter();
        Expression result;
        if (peek().is("-") || peek().is("+") || peek().is("~")) {
            Token operator = operator();
            result = placed(new Expression.Unary(operator.text(), number(signed())), at);
        } else {
            result = primary();
            if (peek().is("**")) {
                Token operator = operator();
                result = binary(operator, result, signed());
            }
        }
        depth--;
        return result;
    }

    private Expression primary() {
        if (peek().is("await")) {
            next++;
        }
        int at = peek().at();
        Expression result = atom();
        for (int links = 0; ; links++) { // as deep as a sum of so many
            if (links > MOST_OPERATORS) {
                throw error(peek().at(), "more than " + MOST_OPERATORS + " calls and subscripts in a row");
            }
            if (peek().is("(")) {
                next++;
                result = call(result, at);
            } else if (accept(".")) {
                if (peek().kind() != Kind.NAME) {
                    throw expected("a name");
                }
                result = placed(
                        new Expression.Attribute(result, tokens.get(next++).text()), at);
            } else if (peek().is("[")) {
                next++;
                result = placed(new Expression.Subscript(result, subscript()), at);
                expect("]");
            } else {
                return result;
            }
        }
    }

    private Expression subscript() {
        int at = peek().at();
        Expression lower = peek().is(":") ? placed(new Expression.None(), at) : expressions();
        if (!accept(":")) {
            return lower;
        }
        Expression none = placed(new Expression.None(), at);
        Expression upper = peek().is(":") || peek().is("]") ? none : expression();
        Expression step = accept(":") && !peek().is("]") ? expression() : none;
        return placed(new Expression.Slice(lower, upper, step), at);
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
                StringBuilder all = new StringBuilder();
                while (peek().kind() == Kind.STRING) { // strings side by side are one
                    all.append(tokens.get(next++).text());
                }
                return placed(new Expression.Text(all.toString()), token.at());
            }
            case NAME -> {
                return named(token);
            }
            case FOREIGN -> {
                if (token.text().endsWith("'") || token.text().endsWith("\"")) {
                    next++;
                    return placed(
                            new Expression.Unread(shortened(token.text()), error(token.at(), token.problem())),
                            token.at());
                }
                throw expected("a value");
            }
            default -> {
                if (accept("(")) {
                    return parenthesized(token.at());
                } else if (accept("[")) {
                    return items(Expression.Shape.LIST, "]", token.at());
                } else if (accept("{")) {
                    return dictOrSet(token.at());
                } else if (accept("...")) {
                    return placed(new Expression.None(), token.at());
                }
                throw expected("a value");
            }
        }
    }

    private Expression named(Token token) {
        if (accept("True")) {
            return placed(new Expression.Literal(true), token.at());
        } else if (accept("False")) {
            return placed(new Expression.Literal(false), token.at());
        } else if (accept("None")) {
            return placed(new Expression.None(), token.at());
        } else if (!isName(token)) {
            throw expected("a value");
        }
        next++;
        return placed(new Expression.Name(token.text()), token.at());
    }

    private Expression call(Expression function, int at) {
        List<Expression> positional = new ArrayList<>();
        List<Expression.Keyword> keywords = new ArrayList<>();
        while (!accept(")")) {
            Token token = peek();
            if (token.kind() == Kind.NAME && tokens.get(next + 1).is("=")) {
                next += 2;
                Expression value = argument();
                // The name is what a message about the argument points at.
                keywords.add(new Expression.Keyword(token.text(), placed(value, token.at())));
            } else if (accept("**")) {
                keywords.add(new Expression.Keyword("", placed(argument(), token.at())));
            } else if (keywords.isEmpty()) {
                positional.add(argument());
            } else if (peek().is("*")) {
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
            Expression expression = starredOrNamed();
            if (peek().is("for") || peek().is("async")) {
                expression = comprehension(Expression.Shape.GENERATOR, Optional.empty(), expression);
            }
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
            int at = tokens.get(start).at();
            String written = shortened(text.substring(at, tokens.get(next).at()).strip());
            return placed(new Expression.Unread(written.replaceAll("[\\s\\p{Cntrl}]+", " "), e), at);
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

    private Expression parenthesized(int at) {
        if (accept(")")) {
            return placed(new Expression.Items(Expression.Shape.TUPLE, List.of()), at);
        }
        if (accept("yield")) {
            throw error(at, "yield is not supported");
        }
        Expression first = starredOrNamed();
        if (peek().is("for") || peek().is("async")) {
            Expression generator = comprehension(Expression.Shape.GENERATOR, Optional.empty(), first);
            expect(")");
            return generator;
        }
        if (accept(")")) {
            return first;
        }
        if (!accept(",")) {
            throw expected("',' or ')'");
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        items.addAll(rest(")"));
        return placed(new Expression.Items(Expression.Shape.TUPLE, List.copyOf(items)), at);
    }

    private Expression items(Expression.Shape shape, String close, int at) {
        if (!accept(close)) {
            Expression first = starredOrNamed();
            if (peek().is("for") || peek().is("async")) {
                Expression comprehension = comprehension(shape, Optional.empty(), first);
                expect(close);
                return placed(comprehension, at);
            }
            List<Expression> items = new ArrayList<>(List.of(first));
            if (!peek().is(close) && !accept(",")) {
                throw expected("',' or '" + close + "'");
            }
            items.addAll(rest(close));
            return placed(new Expression.Items(shape, List.copyOf(items)), at);
        }
        return placed(new Expression.Items(shape, List.of()), at);
    }

    private List<Expression> rest(String close) {
        List<Expression> items = new ArrayList<>();
        while (!accept(close)) {
            items.add(starredOrNamed());
            if (!peek().is(close) && !accept(",")) {
                throw expected("',' or '" + close + "'");
            }
        }
        return items;
    }

    private Expression dictOrSet(int at) {
        List<Expression.Entry> entries = new ArrayList<>();
        while (!accept("}")) {
            if (accept("**")) {
                entries.add(new Expression.Entry(Optional.empty(), operation(0)));
            } else {
                int start = next;
                Expression key = starredOrNamed();
                if (!accept(":")) {
                    if (!entries.isEmpty()) {
                        throw expected("':'");
                    }
                    next = start;
                    return items(Expression.Shape.SET, "}", at);
                }
                Expression value = expression();
                if (peek().is("for")) {
                    Expression all = comprehension(Expression.Shape.SET, Optional.of(key), value);
                    expect("}");
                    return placed(all, at);
                }
                entries.add(new Expression.Entry(Optional.of(key), value));
            }
            if (!peek().is("}") && !accept(",")) {
                throw expected("',' or '}'");
            }
        }
        return placed(new Expression.Dict(List.copyOf(entries)), at);
    }

    private Expression comprehension(Expression.Shape shape, Optional<Expression> key, Expression element) {
        List<Expression.Clause> clauses = new ArrayList<>();
        while (peek().is("for") || peek().is("async")) {
            accept("async");
            expect("for");
            countOperator();
            Expression.Target target = target();
            expect("in");
            Expression iterable = or();
            List<Expression> conditions = new ArrayList<>();
            while (accept("if")) {
                countOperator();
                conditions.add(or());
            }
            clauses.add(new Expression.Clause(target, iterable, conditions));
        }
        return placed(new Expression.Comprehension(shape, key, element, List.copyOf(clauses)), position(element));
    }

    private static Object number(Token token) {
        String digits = token.text().replace("_", "");
        String prefix = digits.length() > 2 ? digits.substring(0, 2) : "";
        int base = switch (prefix) {
            case "0x", "0X" -> 16;
            case "0o", "0O" -> 8;
            case "0b", "0B" -> 2;
            default -> 10;
        };
        if (base != 10) {
            return new BigInteger(digits.substring(2), base);
        }
        return digits.chars().allMatch(c -> c >= '0' && c <= '9') ? new BigInteger(digits) : Double.valueOf(digits);
    }

    private Token operator() {
        countOperator();
        return tokens.get(next++);
    }

    private Expression binary(Token operator, Expression left, Expression right) {
        return placed(new Expression.Binary(operator.text(), number(left), number(right)), operator.at());
    }

    /** Refuses a length of the run as an operand. */
    private Expression number(Expression operand) {
        if (operand instanceof Expression.Length) {
            throw error(operand, "expected a number, but found " + operand);
        }
        return operand;
    }

    <T extends Expression> T placed(T expression, int at) {
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
}
