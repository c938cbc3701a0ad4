package org.anneal.text;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/**
 * How a library of arrays writes a formula of the step: {@code a if c else b} as a function, {@code math.cos} by its own name. Its
 * step is a float32.
 */
public enum Dialect {
    /** JAX's NumPy. */
    JAX("jnp", "array", "asarray"),
    /** Keras' {@code ops}. */
    KERAS("ops", "convert_to_tensor", "cast");

    private static final BigInteger LARGEST_INT = BigInteger.valueOf(Integer.MAX_VALUE);

    /** Names that differ from Python's; all other names of functions are as in {@code math}. */
    private static final Map<String, String> NAMES =
            Map.of("pow", "power", "fabs", "abs", "int", "trunc", "float", "", "asinh", "arcsinh", "atan", "arctan");

    private static final List<String> SAME = List.of(
            "abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "log", "log10", "log1p", "log2", "maximum",
            "minimum", "power", "round", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", "where", "clip", "arctan",
            "arcsinh");

    private final String module;
    private final String array;
    private final String cast;

    Dialect(String module, String array, String cast) {
        this.module = module;
        this.array = array;
        this.cast = cast;
    }

    /** Returns the body of a function of one parameter, {@code step}, as an expression. */
    String function(Expression.Lambda function) {
        String parameter = function.parameters().get(0).name();
        Expression body = parameter.equals("step")
                ? function.body()
                : new Expression.Call(function, List.of(new Expression.Name("step")), List.of());
        return written(Simplifying.of(body)).toString();
    }

    private Expression written(Expression expression) {
        if (expression instanceof Expression.Literal literal) {
            boolean large =
                    literal.number() instanceof BigInteger whole && whole.abs().compareTo(LARGEST_INT) > 0;
            return large ? new Expression.Literal(PythonNumber.toFloat(literal.number())) : literal;
        } else if (expression instanceof Expression.Conditional choice) {
            return call("where", List.of(choice.condition(), choice.then(), choice.otherwise()));
        } else if (expression instanceof Expression.Comparison comparison) {
            return comparison(comparison);
        } else if (expression instanceof Expression.Binary binary && binary.binding() <= Expression.AND) {
            return call("logical_" + binary.operator(), List.of(binary.left(), binary.right()));
        } else if (expression instanceof Expression.Unary unary
                && unary.operator().equals("not")) {
            return call("logical_not", List.of(unary.operand()));
        } else if (expression instanceof Expression.Subscript item && item.of() instanceof Expression.Items) {
            Expression index = new Expression.Call(
                    name(cast), List.of(written(item.index()), new Expression.Text("int32")), List.of());
            return new Expression.Subscript(written(item.of()), index);
        } else if (expression instanceof Expression.Items items) {
            return new Expression.Call(
                    name(array),
                    List.of(new Expression.Items(
                            Expression.Shape.LIST,
                            items.items().stream().map(this::written).toList())),
                    List.of());
        } else if (expression instanceof Expression.Call call && !(call.function() instanceof Expression.Lambda)) {
            return call(call);
        }
        boolean same = expression instanceof Expression.Binary
                || expression instanceof Expression.Unary
                || expression instanceof Expression.Name
                || expression instanceof Expression.Known
                || expression instanceof Expression.Lambda
                || expression instanceof Expression.Call;
        if (!same) {
            throw unknown(expression);
        }
        return expression.map(this::written);
    }

    private Expression comparison(Expression.Comparison comparison) {
        Expression all = one(comparison, 0);
        for (int i = 1; i < comparison.operators().size(); i++) {
            all = new Expression.Call(name("logical_and"), List.of(all, one(comparison, i)), List.of());
        }
        return all;
    }

    /** Returns one of the comparisons of a chain. */
    private Expression one(Expression.Comparison comparison, int i) {
        return new Expression.Comparison(
                List.of(comparison.operators().get(i)),
                List.of(
                        written(comparison.operands().get(i)),
                        written(comparison.operands().get(i + 1))));
    }

    private Expression call(Expression.Call call) {
        String function = call.function().toString().replaceFirst("^(math|np|bisect)\\.", "");
        if (!call.isPlain()) {
            throw unknown(call);
        } else if (function.equals("min") || function.equals("max")) {
            String two = function.equals("min") ? "minimum" : "maximum";
            return call.positional().stream()
                    .map(this::written)
                    .reduce((one, other) -> new Expression.Call(name(two), List.of(one, other), List.of()))
                    .orElseThrow();
        } else if (function.startsWith("bisect")) {
            String side = function.equals("bisect_left") ? "left" : "right";
            return new Expression.Call(
                    name("searchsorted"),
                    call.positional().stream().map(this::written).toList(),
                    List.of(new Expression.Keyword("side", new Expression.Text(side))));
        }
        String here = NAMES.getOrDefault(function, function);
        if (here.isEmpty()) {
            return written(call.positional().get(0));
        } else if (!SAME.contains(here)) {
            throw unknown(call);
        }
        return call(here, call.positional());
    }

    private Expression call(String function, List<Expression> arguments) {
        return new Expression.Call(
                name(function), arguments.stream().map(this::written).toList(), List.of());
    }

    private Expression name(String function) {
        return new Expression.Attribute(new Expression.Name(module), function);
    }

    private IllegalArgumentException unknown(Expression part) {
        return new IllegalArgumentException(this + " has nothing for " + PythonText.shortened(part.toString()));
    }

    @Override
    public String toString() {
        return this == JAX ? "JAX" : "Keras";
    }
}
