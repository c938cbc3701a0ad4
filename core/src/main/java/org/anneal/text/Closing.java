package org.anneal.text;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a function so that it needs nothing from outside: names become their values, functions that it calls stand in
 * line, and those of Python have their full name.
 */
final class Closing {
    private static final int DEEPEST = 20;
    private static final int MOST_PARTS = 50_000;

    private final PythonText source;
    private final Map<String, Expression> unknown = new LinkedHashMap<>();
    private int depth;
    private int parts;

    private Closing(PythonProgram program) {
        this.source = program.source();
    }

    /**
     * Returns a function of one argument as a lambda that is complete in itself.
     *
     * @param at where the function is given
     * @throws PythonSyntaxException if it has another number of arguments, or something in it is unknown or not supported
     */
    static Expression.Lambda function(PythonProgram program, Expression at, Closure function) {
        List<String> open = function.slots().stream()
                .filter(slot -> slot.value().isEmpty())
                .map(Closure.Slot::name)
                .toList();
        Optional<String> parameter = function.slots().stream()
                .filter(slot -> !slot.fixed())
                .map(Closure.Slot::name)
                .findFirst();
        if (parameter.isEmpty() || open.size() > 1 || (open.size() == 1 && !open.contains(parameter.get()))) {
            throw program.source()
                    .error(
                            at,
                            function.name() + " must be a function of the step alone, but "
                                    + (parameter.isEmpty()
                                            ? "has no parameter"
                                            : "needs " + String.join(" and ", open)
                                                    + ": give the others a default, or use functools.partial"));
        }
        Closing closing = new Closing(program);
        Expression body = closing.body(function, List.of(parameter.get()));
        if (!closing.unknown.isEmpty()) {
            throw program.unknown(
                    closing.unknown, List.of(parameter.get(), "math.pi", "math.e", "math.tau", "math.inf", "math.nan"));
        }
        boolean number = !(body instanceof Expression.Text
                || body instanceof Expression.None
                || body instanceof Expression.Items
                || body instanceof Expression.Dict
                || body instanceof Expression.Lambda);
        if (!number) {
            throw program.source().error(body, "expected a number, but found " + PythonText.shortened(body.toString()));
        }
        return new Expression.Lambda(List.of(new Expression.Parameter("", parameter.get(), Optional.empty())), body);
    }

    /** Returns the body of a function, in which {@code parameters} stay and all else that it knows has its value. */
    private Expression body(Closure function, List<String> parameters) {
        if (++depth > DEEPEST) {
            throw source.error(
                    function.body(), function.name() + " calls itself, or functions are called too deep within others");
        }
        Scope scope = function.scope();
        for (Closure.Slot slot : function.slots()) {
            if (slot.value().isPresent() && !parameters.contains(slot.name())) {
                scope = scope.with(slot.name(), slot.value().get());
            }
        }
        Expression body = close(function.body(), scope, Set.copyOf(parameters));
        depth--;
        return body;
    }

    private Expression close(Expression expression, Scope scope, Set<String> bound) {
        count(expression);
        Expression closed = closed(expression, scope, bound);
        return source.placed(closed, source.position(expression));
    }

    private Expression closed(Expression expression, Scope scope, Set<String> bound) {
        if (expression instanceof Expression.Name name) {
            return bound.contains(name.text()) ? new Expression.Name(name.text()) : constant(name, scope);
        } else if (expression instanceof Expression.Attribute || expression instanceof Expression.Subscript) {
            Expression root = expression.root();
            boolean path = root instanceof Expression.Name name && !bound.contains(name.text());
            if (path && !PythonText.mentionsAny(expression, bound) && !fails(expression, scope)) {
                return constant(expression, scope);
            } else if (expression instanceof Expression.Attribute attribute) {
                throw source.error(
                        expression, "the attribute '" + attribute.name() + "' is not supported in a function");
            }
        } else if (expression instanceof Expression.Call call) {
            return call(call, scope, bound);
        } else if (expression instanceof Expression.Lambda lambda) {
            Set<String> inside = new HashSet<>(bound);
            lambda.parameters().forEach(parameter -> inside.add(parameter.name()));
            return new Expression.Lambda(
                    lambda.parameters().stream()
                            .map(each -> new Expression.Parameter(
                                    each.stars(),
                                    each.name(),
                                    each.absent().map(absent -> close(absent, scope, bound))))
                            .toList(),
                    close(lambda.body(), scope, inside));
        } else if (expression instanceof Expression.Comprehension comprehension) {
            return comprehension(comprehension, scope, bound);
        } else if (expression instanceof Expression.Length) {
            throw source.error(expression, "expected a number, but found " + expression);
        } else if (expression instanceof Expression.Unread unread) {
            throw unread.problem();
        } else if (expression instanceof Expression.Named) {
            throw source.error(expression, "':=' is not supported in a function");
        }
        return expression.map(part -> close(part, scope, bound));
    }

    /** Bounds how long the text may become: functions that stand in line several times multiply. */
    private void count(Expression at) {
        if (++parts > MOST_PARTS) {
            throw source.error(at, "this is too long to be written as one lambda");
        }
    }

    private Expression comprehension(Expression.Comprehension comprehension, Scope scope, Set<String> bound) {
        Set<String> inside = new HashSet<>(bound);
        List<Expression.Clause> clauses = new ArrayList<>();
        for (Expression.Clause clause : comprehension.clauses()) {
            Expression iterable = close(clause.iterable(), scope, Set.copyOf(inside));
            inside.addAll(clause.target().names());
            List<Expression> conditions = new ArrayList<>();
            clause.conditions().forEach(each -> conditions.add(close(each, scope, Set.copyOf(inside))));
            clauses.add(new Expression.Clause(clause.target(), iterable, conditions));
        }
        return new Expression.Comprehension(
                comprehension.shape(),
                comprehension.key().map(key -> close(key, scope, inside)),
                close(comprehension.element(), scope, inside),
                clauses);
    }

    private Expression call(Expression.Call call, Scope scope, Set<String> bound) {
        Expression function = call.function();
        if (function instanceof Expression.Lambda let) {
            Expression.Call closed = withFunction(call, let, scope, bound);
            return isConstant(closed, let)
                    ? inLine(let, closed.positional(), scope, bound)
                    : new Expression.Call(close(let, scope, bound), closed.positional(), closed.keywords());
        }
        Expression root = function.root();
        boolean named = (root instanceof Expression.Name || root instanceof Expression.Known)
                && !PythonText.mentionsAny(function, bound);
        if (function instanceof Expression.Attribute method && Machine.isMethod(method.name())) {
            if (!named || fails(method.of(), scope)) { // [30, 60].index(step)
                return method(call, method, scope, bound);
            }
        } else if (!named) { // partial(f, step)(2), [f, g][step % 2](2)
            return computed(call, scope, bound);
        }
        boolean local = PythonText.mentionsAny(call, bound);
        Object called = value(function, scope);
        if (called instanceof PythonFunction known) {
            String problem = known.problem(
                    call.positional().size(),
                    call.keywords().stream().map(Expression.Keyword::name).toList());
            boolean starred = call.positional().stream().anyMatch(Expression.Starred.class::isInstance);
            if (!problem.isEmpty() && !starred) {
                throw source.error(
                        call.keywords().isEmpty()
                                ? call
                                : call.keywords().get(0).value(),
                        problem);
            }
            boolean size =
                    known.name().equals("len") && !fails(call.positional().get(0), scope);
            if (!local
                    && size
                    && Unknown.in(value(call.positional().get(0), scope)).isPresent()) {
                return constant(call, scope);
            }
            return withFunction(call, new Expression.Known(known.name(), known), scope, bound);
        } else if (called instanceof Closure closure) {
            Expression.Call closed = withFunction(call, function, scope, bound);
            long open = closure.slots().stream().filter(slot -> !slot.fixed()).count();
            return isConstant(closed, open)
                    ? inLine(closure, closed.positional(), scope)
                    : new Expression.Call(written(function, closure), closed.positional(), closed.keywords());
        } else if (function instanceof Expression.Attribute method
                && Unknown.in(called).isEmpty()
                && !(called instanceof Machine.Module)) {
            return method(call, method, scope, bound);
        }
        String name = function.toString();
        String suggestion = Spelling.suggestion(
                name,
                PythonFunction.ALL.values().stream()
                        .filter(PythonFunction.class::isInstance)
                        .map(Object::toString)
                        .toList());
        if (!local && suggestion.isEmpty() && !(called instanceof Machine.Module)) {
            return constant(call, scope);
        }
        throw source.error(call, "unknown function '" + PythonText.shortened(name) + "'" + suggestion);
    }

    /** Returns a call of another function with the arguments of {@code call}. */
    private Expression.Call withFunction(Expression.Call call, Expression function, Scope scope, Set<String> bound) {
        Expression placed = source.placed(function, source.position(call.function()));
        return (Expression.Call) call.map(part -> part == call.function() ? placed : close(part, scope, bound));
    }

    /** Returns a call of a method of a list or a dict. */
    private Expression method(Expression.Call call, Expression.Attribute method, Scope scope, Set<String> bound) {
        Expression of = close(method.of(), scope, bound);
        return withFunction(call, new Expression.Attribute(of, method.name()), scope, bound);
    }

    /** Returns a call of a function that an expression gives. */
    private Expression computed(Expression.Call call, Scope scope, Set<String> bound) {
        Expression.Call closed = (Expression.Call) call.map(part -> close(part, scope, bound));
        return closed.function() instanceof Expression.Lambda function && isConstant(closed, function)
                ? inLine(function, closed.positional(), scope, bound)
                : closed;
    }

    private static boolean isConstant(Expression.Call call, Expression.Lambda function) {
        return isConstant(call, function.parameters().size())
                && function.parameters().stream().allMatch(each -> each.stars().isEmpty());
    }

    /** Returns whether a function gets numbers and strings only, as they are written, for all its parameters. */
    private static boolean isConstant(Expression.Call call, long parameters) {
        return call.keywords().isEmpty()
                && call.positional().size() == parameters
                && call.positional().stream()
                        .allMatch(each -> each instanceof Expression.Literal || each instanceof Expression.Text);
    }

    /** Returns the body of a function, with the arguments of its call in place of its parameters. */
    private Expression inLine(Expression.Lambda function, List<Expression> arguments, Scope scope, Set<String> bound) {
        Scope inside = scope;
        Set<String> others = new HashSet<>(bound);
        for (int i = 0; i < arguments.size(); i++) {
            String name = function.parameters().get(i).name();
            inside = inside.with(name, arguments.get(i).value(scope));
            others.remove(name);
        }
        return close(function.body(), inside, others);
    }

    private Expression inLine(Closure function, List<Expression> arguments, Scope scope) {
        List<Object> values = arguments.stream().map(each -> each.value(scope)).toList();
        return body(function.partial(values, Map.of()), List.of());
    }

    /** Returns a closure as a lambda: the parameters without a value stay, those with one are optional. */
    private Expression lambda(Closure closure) {
        List<Expression.Parameter> parameters = new ArrayList<>();
        List<String> names = closure.slots().stream()
                .filter(slot -> !slot.fixed())
                .map(Closure.Slot::name)
                .toList();
        Expression body = body(closure, names);
        for (Closure.Slot slot : closure.slots()) {
            if (!slot.fixed()) {
                parameters.add(new Expression.Parameter(
                        "", slot.name(), slot.value().map(value -> written(closure.body(), value))));
            }
        }
        return new Expression.Lambda(parameters, body);
    }

    /** Returns whether an item of what is known does not exist, or the like: that matters only where the step gets to it. */
    private static boolean fails(Expression expression, Scope scope) {
        try {
            expression.value(scope);
            return false;
        } catch (Unknown.Needed | Machine.BudgetException e) {
            return false;
        } catch (ArithmeticException e) {
            return true;
        }
    }

    private Object value(Expression expression, Scope scope) {
        try {
            return expression.value(scope);
        } catch (Unknown.Needed e) {
            return e.what();
        } catch (Machine.BudgetException e) {
            throw source.error(expression, String.valueOf(e.getMessage()));
        } catch (ArithmeticException e) {
            throw source.error(expression, "this failed: " + e.getMessage());
        }
    }

    /** Returns the value of what does not depend on the step, as Python writes it. */
    private Expression constant(Expression expression, Scope scope) {
        Object value = value(expression, scope);
        boolean named = expression instanceof Expression.Attribute && value instanceof Double;
        if (named && canonical(expression, value).isPresent()) {
            return new Expression.Known(canonical(expression, value).get(), value);
        }
        return written(expression, value);
    }

    /** Returns the name of a constant of {@code math} or NumPy: {@code math.pi}. */
    private static Optional<String> canonical(Expression expression, Object value) {
        String name = ((Expression.Attribute) expression).name();
        return List.of("math.", "np.").stream()
                .map(module -> module + name)
                .filter(path -> value.equals(PythonFunction.ALL.get(path)))
                .findFirst();
    }

    /** Returns a value as Python writes it. */
    private Expression written(Expression at, Object value) {
        count(at);
        return source.placed(asWritten(at, value), source.position(at));
    }

    private Expression asWritten(Expression at, Object value) {
        Optional<Unknown> missing = Unknown.in(value);
        if (missing.isPresent() && missing.get().problem().isPresent()) {
            throw missing.get().problem().get();
        } else if (missing.isPresent()) {
            missing.get().names().forEach(this::isUnknown);
            return new Expression.None();
        } else if (value instanceof Machine.Module) {
            isUnknown(at.toString(), at);
            return new Expression.None();
        } else if (value instanceof Double number && number.isNaN()) {
            return new Expression.Known("math.nan", number);
        } else if (PythonValue.isNumber(value) && !(value instanceof Boolean) && isNegative(value)) {
            return new Expression.Unary("-", new Expression.Literal(PythonNumber.negate(value)));
        } else if (PythonValue.isNumber(value)) {
            return new Expression.Literal(value);
        } else if (value instanceof String text) {
            return new Expression.Text(text);
        } else if (value instanceof Optional) {
            return new Expression.None();
        } else if (value instanceof PythonFunction function) {
            return new Expression.Known(function.name(), function);
        } else if (value instanceof Closure closure) {
            return lambda(closure);
        } else if (value instanceof Map<?, ?> map) {
            return new Expression.Dict(map.entrySet().stream()
                    .map(each ->
                            new Expression.Entry(Optional.of(written(at, each.getKey())), written(at, each.getValue())))
                    .toList());
        } else if (value instanceof PythonValue.Range range) {
            return asWritten(range);
        } else if (value instanceof List || value instanceof Python.Tuple || value instanceof Set) {
            return items(at, value);
        }
        throw source.error(at, "a " + PythonValue.type(value) + " is not supported here");
    }

    private void isUnknown(String name, Expression at) {
        unknown.merge(name, at, (one, other) -> source.position(other) < source.position(one) ? other : one);
    }

    private Expression items(Expression at, Object value) {
        List<Object> values = new ArrayList<>();
        PythonValue.iterator(value).forEachRemaining(values::add);
        if (value instanceof Set && values.isEmpty()) {
            return new Expression.Call(PythonFunction.expression("set"), List.of(), List.of());
        }
        Expression.Shape shape = value instanceof Set
                ? Expression.Shape.SET
                : value instanceof List ? Expression.Shape.LIST : Expression.Shape.TUPLE;
        List<Expression> items = new ArrayList<>();
        values.forEach(each -> items.add(written(at, each)));
        return new Expression.Items(shape, items);
    }

    private static Expression asWritten(PythonValue.Range range) {
        List<Expression> bounds = range.bounds().stream()
                .<Expression>map(each -> each < 0
                        ? new Expression.Unary("-", new Expression.Literal(BigInteger.valueOf(-each)))
                        : new Expression.Literal(BigInteger.valueOf(each)))
                .toList();
        return new Expression.Call(PythonFunction.expression("range"), bounds, List.of());
    }

    private static boolean isNegative(Object number) {
        return number instanceof Double x
                ? Math.copySign(1, x) < 0
                : PythonNumber.toInt(number).signum() < 0;
    }
}
