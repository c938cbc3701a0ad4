package org.anneal.text;

import java.io.NotSerializableException;
import java.io.ObjectStreamException;
import java.io.Serial;
import java.io.Serializable;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongToDoubleFunction;

/**
 * A factor as a function of the step, with a text: the argument of LambdaLR, MultiplicativeLR and CyclicLR.
 *
 * <p>{@link #parse} reads Python's {@code lambda step: 0.5 ** (step // 10000)}, in Python's arithmetic and with Python's
 * results: operators, {@code a if c else b}, lists, comprehensions, and the functions of Python, {@code math} and NumPy that
 * {@code docs/text.md} lists. It never runs code, and computes at most 100,000 operations a step. {@link #named} takes a Java function,
 * which only its name identifies: two are equal if their names are. It can be serialized, unless it is a Java function.
 */
public final class LrLambda implements Serializable {
    @Serial
    private static final long serialVersionUID = 1;

    private static final long MOST_OPERATIONS = 100_000;
    private static final int LONGEST_SHOWN = 300;

    private final String text;
    private final transient LongToDoubleFunction function; // the text stands for it
    private final boolean constant;

    private LrLambda(String text, LongToDoubleFunction function, boolean constant) {
        this.text = text;
        this.function = function;
        this.constant = constant;
    }

    /**
     * Reads a Python function of the step: a lambda, or a short {@code def}.
     *
     * @throws PythonSyntaxException if {@code text} is not one
     */
    public static LrLambda parse(String text) {
        PythonProgram program = PythonProgram.read(text, Context.EMPTY);
        return of(program, program.lastExpression(), program.lastValue());
    }

    /**
     * Returns a function of the step that is given by a formula.
     *
     * @param formula an expression of {@code step} and of the names of {@code values}, or the statements of a {@code def} of it
     * @param values numbers, strings, lists and functions of the step, by their names
     * @throws IllegalArgumentException if a function is a Java function, which has no text
     * @throws PythonSyntaxException if {@code formula} is none
     */
    public static LrLambda formula(String formula, Map<String, ?> values) {
        Objects.requireNonNull(formula, "formula");
        Context context = Context.EMPTY;
        for (Map.Entry<String, ?> each :
                Objects.requireNonNull(values, "values").entrySet()) {
            context = context.holding(each.getKey(), python(each.getValue()));
        }
        boolean statements = formula.contains("return ");
        String text = statements ? "def rate(step):\n" + formula.strip().indent(4) : "lambda step: " + formula;
        PythonProgram program = PythonProgram.read(text, context);
        Closure closure = (Closure) program.lastValue();
        Expression.Lambda lambda = Closing.function(program, closure.body(), closure);
        return of(program, closure.body(), new Expression.Lambda(lambda.parameters(), Simplifying.of(lambda.body())));
    }

    private static Object python(Object value) {
        if (value instanceof LrLambda lambda) {
            return lambda.program().lastValue();
        } else if (value instanceof List<?> list) {
            return list.stream().map(LrLambda::python).toList();
        }
        return value instanceof Long || value instanceof Integer
                ? BigInteger.valueOf(((Number) value).longValue())
                : value;
    }

    /** {@return this, divided by {@code divisor}, which is positive and finite} */
    public LrLambda dividedBy(double divisor) {
        PythonProgram program = program();
        Expression.Lambda lambda = (Expression.Lambda) program.lastExpression();
        return of(
                program,
                lambda,
                new Expression.Lambda(
                        lambda.parameters(),
                        Simplifying.divided(
                                Closing.function(program, lambda, (Closure) program.lastValue())
                                        .body(),
                                divisor)));
    }

    private PythonProgram program() {
        if (PythonText.isIdentifier(text)) {
            throw new IllegalArgumentException(text + " is a Java function, which has no formula");
        }
        return PythonProgram.read(text, Context.EMPTY);
    }

    /**
     * Returns this as a function of another library.
     *
     * @param dialect writes the expressions of that library
     * @throws IllegalArgumentException if this is a Java function, or that library has nothing for a part of it
     */
    public String in(Dialect dialect) {
        PythonProgram program = program();
        return dialect.function(Closing.function(program, program.lastExpression(), (Closure) program.lastValue()));
    }

    /** Returns the function that {@code value}, which {@code at} is in {@code program}, is. */
    static LrLambda of(PythonProgram program, Expression at, Object value) {
        Object function = value;
        if (value instanceof PythonFunction known) { // lambda step: math.exp(step)
            function = Closure.of(known);
        }
        if (value instanceof Unknown unknown) {
            throw program.unknown(unknown);
        } else if (!(function instanceof Closure)) {
            throw program.source()
                    .error(
                            at,
                            "expected a lambda, such as 'lambda step: 0.95 ** step', but found "
                                    + PythonText.shortened(at.toString()));
        }
        return of(program, at, Closing.function(program, at, (Closure) function));
    }

    private static LrLambda of(PythonProgram program, Expression at, Expression.Lambda lambda) {
        String text = lambda.toString();
        try {
            new PythonText(text).whole();
        } catch (PythonSyntaxException e) {
            throw program.source()
                    .error(at, "this is too long or too deep to be written as one lambda: " + e.getMessage());
        }
        String shown = text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "...";
        String parameter = lambda.parameters().get(0).name();
        Expression body = lambda.body();
        LongToDoubleFunction computed = step -> {
            Scope scope = new Scope(new Machine(MOST_OPERATIONS)).with(parameter, BigInteger.valueOf(step));
            try {
                return PythonNumber.toFloat(body.value(scope));
            } catch (ArithmeticException e) {
                throw new ArithmeticException(shown + " failed at step " + step + ": " + e.getMessage());
            } catch (StackOverflowError e) { // depth is bounded in a text and in calls, but not their product
                throw new ArithmeticException(shown + " failed at step " + step + ": nested too deep");
            }
        };
        return new LrLambda(text, computed, !PythonText.mentions(body, parameter));
    }

    /**
     * Names a Java function, so that a schedule with it can be printed and compared.
     *
     * @param name a Python identifier
     * @param function the factor at each step; it must give the same factor whenever it is asked
     * @throws IllegalArgumentException if {@code name} is not an identifier
     */
    public static LrLambda named(String name, LongToDoubleFunction function) {
        Check.identifier("name", name);
        return new LrLambda(name, Objects.requireNonNull(function, "function"), false);
    }

    /**
     * Returns the factor at {@code step}.
     *
     * @throws ArithmeticException where Python's lambda raises: a division by zero, an overflow, a domain error
     */
    public double at(long step) {
        return function.applyAsDouble(Check.step(step));
    }

    /** {@return whether this is a Python lambda that does not mention its parameter} */
    public boolean isConstant() {
        return constant;
    }

    /** A lambda in a serialized stream. */
    private record Text(String text) implements Serializable {
        @Serial
        private Object readResolve() {
            return parse(text);
        }
    }

    @Serial
    private Object writeReplace() throws ObjectStreamException {
        if (PythonText.isIdentifier(text)) {
            throw new NotSerializableException(text + " cannot be serialized, as its text cannot be read back: a Java"
                    + " function has none, so build it where it is used");
        }
        return new Text(text);
    }

    static String print(List<LrLambda> lambdas) {
        return PerGroup.isForAll(lambdas) ? lambdas.get(0).toString() : lambdas.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LrLambda that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** {@return Python's text of the lambda in a canonical layout, or the name of a Java function} */
    @Override
    public String toString() {
        return text;
    }
}
