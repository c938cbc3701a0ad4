package org.anneal.text;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * A Python expression. {@code toString} prints it with the fewest parentheses that read back as the same tree;
 * {@link #value} computes it, with Python's results.
 */
sealed interface Expression {

    // How tightly each kind binds, loosest first.
    int CONDITIONAL = 1;
    int OR = 2;
    int AND = 3;
    int NOT = 4;
    int COMPARISON = 5;
    int BIT_OR = 6;
    int BIT_XOR = 7;
    int BIT_AND = 8;
    int SHIFT = 9;
    int SUM = 10;
    int PRODUCT = 11;
    int SIGN = 12;
    int POWER = 13;
    int ATOM = 14;

    /**
     * Returns the value where the names have those of {@code scope}.
     *
     * @throws ArithmeticException with Python's reason where Python raises an exception
     */
    Object value(Scope scope);

    /** Returns how tightly this binds. */
    default int binding() {
        return ATOM;
    }

    /** Returns this with each expression that it is made of replaced. */
    default Expression map(UnaryOperator<Expression> part) {
        return this;
    }

    /** Returns what this is an attribute or an item of, or an attribute or an item of that; else itself. */
    default Expression root() {
        return this;
    }

    /** Returns this printed where only what binds at least as tightly as {@code least} needs no parentheses. */
    default String in(int least) {
        return binding() >= least ? toString() : "(" + this + ")";
    }

    private static List<Expression> all(List<Expression> expressions, UnaryOperator<Expression> part) {
        List<Expression> mapped = new ArrayList<>(expressions.size());
        expressions.forEach(each -> mapped.add(part.apply(each)));
        return mapped;
    }

    /** An int, a float or a bool. */
    record Literal(Object number) implements Expression {
        @Override
        public Object value(Scope scope) {
            return number;
        }

        @Override
        public String toString() {
            // A literal beyond the doubles is infinite, and inf is not a literal.
            return number.equals(Double.POSITIVE_INFINITY) ? "1e999" : Python.repr(number);
        }
    }

    /** A length of the run, {@code 30ep}: an int or a float, and its unit. It is its own value. */
    record Length(Object amount, Lengths.Unit unit) implements Expression {
        @Override
        public Object value(Scope scope) {
            return this;
        }

        @Override
        public String toString() {
            return new Literal(amount) + unit.suffix();
        }
    }

    record Name(String text) implements Expression {
        @Override
        public Object value(Scope scope) {
            return scope.value(this);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** A function or a constant of Python or its libraries, found by its name. */
    record Known(String name, Object object) implements Expression {
        @Override
        public Object value(Scope scope) {
            return object;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    record Attribute(Expression of, String name) implements Expression {
        @Override
        public Object value(Scope scope) {
            return scope.machine().attribute(this, of.value(scope));
        }

        @Override
        public Expression root() {
            return of.root();
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Attribute(part.apply(of), name);
        }

        @Override
        public String toString() {
            return of.in(ATOM) + "." + name;
        }
    }

    record Subscript(Expression of, Expression index) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object array = of.value(scope);
            if (index instanceof Slice slice) {
                return scope.machine().slice(this, array, slice.bounds(scope));
            }
            return scope.machine().item(this, array, index.value(scope));
        }

        @Override
        public Expression root() {
            return of.root();
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Subscript(part.apply(of), part.apply(index));
        }

        @Override
        public String toString() {
            String key = index instanceof Items items
                            && items.shape() == Shape.TUPLE
                            && items.items().size() > 1
                    ? items.inside()
                    : index.toString();
            return of.in(ATOM) + "[" + key + "]";
        }
    }

    /** The {@code 1:n:2} of a subscript; what is left out is None. */
    record Slice(Expression lower, Expression upper, Expression step) implements Expression {
        List<Object> bounds(Scope scope) {
            return List.of(lower.value(scope), upper.value(scope), step.value(scope));
        }

        @Override
        public Object value(Scope scope) {
            throw new ArithmeticException("a slice stands only in a subscript");
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Slice(part.apply(lower), part.apply(upper), part.apply(step));
        }

        private static String shown(Expression bound) {
            return bound instanceof None ? "" : bound.toString();
        }

        @Override
        public String toString() {
            return shown(lower) + ":" + shown(upper) + (step instanceof None ? "" : ":" + step);
        }
    }

    record Unary(String operator, Expression operand) implements Expression {
        @Override
        public Object value(Scope scope) {
            return PythonValue.unary(operator, operand.value(scope));
        }

        @Override
        public int binding() {
            return operator.equals("not") ? NOT : SIGN;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Unary(operator, part.apply(operand));
        }

        @Override
        public String toString() {
            return (operator.equals("not") ? "not " : operator) + operand.in(binding());
        }
    }

    record Binary(String operator, Expression left, Expression right) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object value = left.value(scope);
            if (binding() <= AND) {
                Optional<Unknown> unknown = Unknown.in(value);
                if (unknown.isPresent()) {
                    return unknown.get().and(right.value(scope));
                }
                return PythonValue.truth(value) == operator.equals("and") ? right.value(scope) : value;
            }
            Object other = right.value(scope);
            scope.machine().spend(1 + PythonValue.cost(value) + PythonValue.cost(other));
            Object result = PythonValue.binary(operator, value, other);
            scope.machine().spend(PythonValue.cost(result));
            return result;
        }

        @Override
        public int binding() {
            return switch (operator) {
                case "or" -> OR;
                case "and" -> AND;
                case "|" -> BIT_OR;
                case "^" -> BIT_XOR;
                case "&" -> BIT_AND;
                case "<<", ">>" -> SHIFT;
                case "+", "-" -> SUM;
                case "**" -> POWER;
                default -> PRODUCT;
            };
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Binary(operator, part.apply(left), part.apply(right));
        }

        @Override
        public String toString() {
            boolean power = operator.equals("**");
            return left.in(power ? ATOM : binding()) + " " + operator + " " + right.in(power ? SIGN : binding() + 1);
        }
    }

    /** A chain {@code a < b <= c}: one operator fewer than operands. */
    record Comparison(List<String> operators, List<Expression> operands) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object left = operands.get(0).value(scope);
            for (int i = 0; i < operators.size(); i++) {
                Object right = operands.get(i + 1).value(scope);
                scope.machine().spend(1 + PythonValue.cost(left) + PythonValue.cost(right));
                Object holds = PythonValue.compare(operators.get(i), left, right);
                if (!holds.equals(true)) {
                    return holds;
                }
                left = right;
            }
            return true;
        }

        @Override
        public int binding() {
            return COMPARISON;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Comparison(operators, all(operands, part));
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(operands.get(0).in(BIT_OR));
            for (int i = 0; i < operators.size(); i++) {
                text.append(' ').append(operators.get(i)).append(' ');
                text.append(operands.get(i + 1).in(BIT_OR));
            }
            return text.toString();
        }
    }

    record Conditional(Expression then, Expression condition, Expression otherwise) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object holds = condition.value(scope);
            Optional<Unknown> unknown = holds instanceof Boolean ? Optional.empty() : Unknown.in(holds);
            if (unknown.isPresent()) {
                return unknown.get().and(then.value(scope)).and(otherwise.value(scope));
            }
            return PythonValue.truth(holds) ? then.value(scope) : otherwise.value(scope);
        }

        @Override
        public int binding() {
            return CONDITIONAL;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Conditional(part.apply(then), part.apply(condition), part.apply(otherwise));
        }

        @Override
        public String toString() {
            return then.in(OR) + " if " + condition.in(OR) + " else " + otherwise.in(CONDITIONAL);
        }
    }

    /** A call; a positional argument may be {@link Starred}, and a keyword without a name is a {@code **dict}. */
    record Call(Expression function, List<Expression> positional, List<Keyword> keywords) implements Expression {
        /** Returns whether all arguments are positional, and none stands for several. */
        boolean isPlain() {
            for (Expression argument : positional) {
                if (argument instanceof Starred) {
                    return false;
                }
            }
            return keywords.isEmpty();
        }

        @Override
        public Object value(Scope scope) {
            return scope.machine().call(this, scope);
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Call(
                    part.apply(function),
                    all(positional, part),
                    keywords.stream()
                            .map(each -> new Keyword(each.name(), part.apply(each.value())))
                            .toList());
        }

        @Override
        public String toString() {
            List<String> arguments = new ArrayList<>();
            boolean single = positional.size() + keywords.size() == 1;
            positional.forEach(argument -> arguments.add(
                    single && argument instanceof Comprehension each && each.shape() == Shape.GENERATOR
                            ? each.inside()
                            : argument.toString()));
            keywords.forEach(keyword ->
                    arguments.add((keyword.name().isEmpty() ? "**" : keyword.name() + "=") + keyword.value()));
            return function.in(ATOM) + arguments.stream().collect(Collectors.joining(", ", "(", ")"));
        }
    }

    /** One {@code name=value} of a call. */
    record Keyword(String name, Expression value) {}

    /** An argument or an item {@code *values}. */
    record Starred(Expression values) implements Expression {
        @Override
        public Object value(Scope scope) {
            throw new ArithmeticException("cannot use a starred expression here");
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Starred(part.apply(values));
        }

        @Override
        public String toString() {
            return "*" + values.in(BIT_OR);
        }
    }

    /** A string. */
    record Text(String text) implements Expression {
        @Override
        public Object value(Scope scope) {
            return text;
        }

        @Override
        public String toString() {
            return Python.repr(text);
        }
    }

    record None() implements Expression {
        @Override
        public Object value(Scope scope) {
            return Optional.empty();
        }

        @Override
        public String toString() {
            return "None";
        }
    }

    /** What several values are put in. */
    enum Shape {
        LIST("[", "]"),
        TUPLE("(", ")"),
        SET("{", "}"),
        GENERATOR("(", ")");

        private final String open;
        private final String close;

        Shape(String open, String close) {
            this.open = open;
            this.close = close;
        }

        Object of(List<Object> values) {
            return switch (this) {
                case LIST -> values;
                case TUPLE -> new Python.Tuple(values);
                case SET -> PythonValue.set(values);
                case GENERATOR -> values.iterator();
            };
        }
    }

    /** A list, a tuple or a set. */
    record Items(Shape shape, List<Expression> items) implements Expression {
        @Override
        public Object value(Scope scope) {
            List<Object> values = new ArrayList<>(items.size());
            for (Expression item : items) {
                if (item instanceof Starred starred) {
                    Object several = starred.values().value(scope);
                    Optional<Unknown> unknown = Unknown.in(several);
                    if (unknown.isPresent()) {
                        return unknown.get();
                    }
                    scope.machine().addAll(several, values);
                } else {
                    values.add(item.value(scope));
                }
            }
            Object result = shape.of(values);
            scope.machine().spend(PythonValue.cost(result));
            return result;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Items(shape, all(items, part));
        }

        String inside() {
            return items.stream().map(Expression::toString).collect(Collectors.joining(", "));
        }

        @Override
        public String toString() {
            boolean comma = shape == Shape.TUPLE && items.size() == 1;
            return shape.open + inside() + (comma ? "," : "") + shape.close;
        }
    }

    /** A dict; an entry without a key is {@code **other}. */
    record Dict(List<Entry> entries) implements Expression {
        @Override
        public Object value(Scope scope) {
            Map<Object, Object> values = new LinkedHashMap<>();
            for (Entry entry : entries) {
                Object value = entry.value().value(scope);
                if (entry.key().isPresent()) {
                    values.put(PythonValue.key(entry.key().get().value(scope)), value);
                } else if (value instanceof Map<?, ?> other) {
                    values.putAll(other);
                } else {
                    return Unknown.in(value)
                            .orElseThrow(() -> new ArithmeticException(
                                    "'" + PythonValue.type(value) + "' object is not a mapping"));
                }
            }
            scope.machine().spend(PythonValue.cost(values));
            scope.machine().made(values);
            return values;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Dict(entries.stream()
                    .map(each -> new Entry(each.key().map(part), part.apply(each.value())))
                    .toList());
        }

        @Override
        public String toString() {
            return entries.stream()
                    .map(each -> each.key().map(key -> key + ": ").orElse("**") + each.value())
                    .collect(Collectors.joining(", ", "{", "}"));
        }
    }

    /** One {@code key: value} of a dict. */
    record Entry(Optional<Expression> key, Expression value) {}

    /** {@code [element for ...]}, or with a key {@code {key: element for ...}}. */
    record Comprehension(Shape shape, Optional<Expression> key, Expression element, List<Clause> clauses)
            implements Expression {
        @Override
        public Object value(Scope scope) {
            Object first = clauses.get(0).iterable().value(scope);
            Optional<Unknown> unknown = Unknown.in(first);
            if (unknown.isPresent()) {
                Scope inside = clauses.get(0).target().bound(unknown.get(), scope);
                return unknown.get().and(element.value(inside)); // which may make a schedule
            }
            Elements elements = new Elements(this, first, scope);
            if (shape == Shape.GENERATOR) {
                return elements;
            }
            List<Object> values = new ArrayList<>();
            Map<Object, Object> map = new LinkedHashMap<>();
            while (elements.hasNext()) {
                Object value = elements.next();
                Optional<Unknown> missing = Unknown.in(value);
                if (key.isPresent()) {
                    map.put(PythonValue.key(elements.key()), value);
                } else if (missing.isPresent() && !(value instanceof PythonCall)) {
                    return missing.get();
                } else {
                    values.add(value);
                }
            }
            Object result = key.isPresent() ? map : shape.of(values);
            scope.machine().spend(PythonValue.cost(result));
            return result;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Comprehension(
                    shape,
                    key.map(part),
                    part.apply(element),
                    clauses.stream()
                            .map(each -> new Clause(
                                    each.target(), part.apply(each.iterable()), all(each.conditions(), part)))
                            .toList());
        }

        String inside() {
            return key.map(each -> each + ": ").orElse("")
                    + element
                    + clauses.stream().map(Clause::toString).collect(Collectors.joining());
        }

        @Override
        public String toString() {
            return key.isPresent() ? "{" + inside() + "}" : shape.open + inside() + shape.close;
        }
    }

    /** One {@code for target in iterable if ...} of a comprehension. */
    record Clause(Target target, Expression iterable, List<Expression> conditions) {
        @Override
        public String toString() {
            return " for " + target + " in " + iterable.in(OR)
                    + conditions.stream().map(each -> " if " + each.in(OR)).collect(Collectors.joining());
        }
    }

    /** The names that a {@code for} gives values to: one, or as many as each value has parts. */
    record Target(boolean single, List<Target> parts, String name) {
        Scope bound(Object value, Scope scope) {
            if (single) {
                return scope.with(name, value);
            }
            Optional<Unknown> unknown = Unknown.in(value);
            List<Object> values = new ArrayList<>();
            if (unknown.isEmpty()) {
                scope.machine().addAll(value, values);
                if (values.size() != parts.size()) {
                    throw new ArithmeticException(
                            values.size() > parts.size()
                                    ? "too many values to unpack (expected " + parts.size() + ")"
                                    : "not enough values to unpack (expected " + parts.size() + ", got " + values.size()
                                            + ")");
                }
            }
            Scope result = scope;
            for (int i = 0; i < parts.size(); i++) {
                result = parts.get(i).bound(unknown.isPresent() ? unknown.get() : values.get(i), result);
            }
            return result;
        }

        List<String> names() {
            return single
                    ? List.of(name)
                    : parts.stream().flatMap(each -> each.names().stream()).toList();
        }

        @Override
        public String toString() {
            return single
                    ? name
                    : parts.stream()
                            .map(each -> each.single() ? each.name() : "(" + each + ")")
                            .collect(Collectors.joining(", ", "", parts.size() == 1 ? "," : ""));
        }
    }

    /** The elements of a comprehension, each computed when it is asked for. */
    final class Elements implements Iterator<Object> {
        private final Comprehension of;
        private final List<Iterator<Object>> iterators = new ArrayList<>();
        private final List<Scope> scopes = new ArrayList<>();
        private Optional<Scope> next = Optional.empty();
        private Object key = Optional.empty();

        private Elements(Comprehension of, Object first, Scope scope) {
            this.of = of;
            iterators.add(PythonValue.iterator(first));
            scopes.add(scope);
        }

        /** Returns the key of the element that {@link #next} gave. */
        Object key() {
            return key;
        }

        @Override
        public boolean hasNext() {
            while (next.isEmpty() && !iterators.isEmpty()) {
                int depth = iterators.size() - 1;
                if (!iterators.get(depth).hasNext()) {
                    iterators.remove(depth);
                    scopes.remove(depth);
                    continue;
                }
                Clause clause = of.clauses().get(depth);
                Scope outer = scopes.get(depth);
                outer.machine().spend(1);
                Scope scope = clause.target().bound(iterators.get(depth).next(), outer);
                boolean holds = true;
                for (Expression condition : clause.conditions()) {
                    holds = holds && PythonValue.truth(condition.value(scope));
                }
                if (holds && depth + 1 < of.clauses().size()) {
                    iterators.add(PythonValue.iterator(
                            of.clauses().get(depth + 1).iterable().value(scope)));
                    scopes.add(scope);
                } else if (holds) {
                    next = Optional.of(scope);
                }
            }
            return next.isPresent();
        }

        @Override
        public Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Scope scope = next.orElseThrow();
            next = Optional.empty();
            of.key().ifPresent(expression -> key = expression.value(scope));
            return of.element().value(scope);
        }
    }

    /** A function without a name: its parameters, some with a default, and what it returns. */
    record Lambda(List<Parameter> parameters, Expression body) implements Expression {
        @Override
        public Object value(Scope scope) {
            return Closure.of(this, scope);
        }

        @Override
        public int binding() {
            return CONDITIONAL;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Lambda(
                    parameters.stream()
                            .map(each -> new Parameter(
                                    each.stars(), each.name(), each.absent().map(part)))
                            .toList(),
                    part.apply(body));
        }

        @Override
        public String toString() {
            String names = parameters.stream().map(Parameter::toString).collect(Collectors.joining(", "));
            return "lambda" + (names.isEmpty() ? "" : " ") + names + ": " + body;
        }
    }

    /** A parameter of a function; {@code *args} and {@code **kwargs} have stars. */
    record Parameter(String stars, String name, Optional<Expression> absent) {
        @Override
        public String toString() {
            return stars + name + absent.map(each -> "=" + each).orElse("");
        }
    }

    /** {@code (name := value)}. */
    record Named(String name, Expression value) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object named = value.value(scope);
            scope.machine().assign(new Name(name), named);
            return named;
        }

        @Override
        public int binding() {
            return 0;
        }

        @Override
        public Expression map(UnaryOperator<Expression> part) {
            return new Named(name, part.apply(value));
        }

        @Override
        public String toString() {
            return name + " := " + value;
        }
    }

    /** What was not read: a string that is none of ours, or an argument with a mistake in it. */
    record Unread(String text, PythonSyntaxException problem) implements Expression {
        /** Returns whether it may be what some name stands for, such as an optimizer, and is no number and no string. */
        boolean mayBeNamed() {
            return !text.isEmpty()
                    && Character.isLetter(text.charAt(0))
                    && !text.startsWith("lambda")
                    && !text.endsWith("'")
                    && !text.endsWith("\"");
        }

        @Override
        public Object value(Scope scope) {
            return new Unknown(text, problem);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
