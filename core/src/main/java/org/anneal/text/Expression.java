package org.anneal.text;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A Python expression, as far as PyTorch's constructor calls and their lambdas need one. {@code toString} prints it with
 * the fewest parentheses that read back as the same tree.
 */
sealed interface Expression {

    // How tightly each kind binds, loosest first.
    int CONDITIONAL = 1;
    int OR = 2;
    int AND = 3;
    int NOT = 4;
    int COMPARISON = 5;
    int SUM = 6;
    int PRODUCT = 7;
    int SIGN = 8;
    int POWER = 9;
    int ATOM = 10;

    /** Returns the number this is where the lambda's parameter is {@code step}; PythonText.checkNumber comes first. */
    Object value(BigInteger step);

    /** Returns how tightly this binds. */
    int binding();

    /** Returns this printed where only what binds at least as tightly as {@code least} needs no parentheses. */
    default String in(int least) {
        return binding() >= least ? toString() : "(" + this + ")";
    }

    /** An int, a float or a bool. */
    record Literal(Object number) implements Expression {
        @Override
        public Object value(BigInteger step) {
            return number;
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            // A literal beyond the doubles is infinite, and inf is not a literal.
            return number.equals(Double.POSITIVE_INFINITY) ? "1e999" : Python.repr(number);
        }
    }

    /** A length of the run, {@code 30ep}: an int or a float, and its unit. */
    record Length(Object amount, Lengths.Unit unit) implements Expression {
        @Override
        public Object value(BigInteger step) {
            throw noNumber(this);
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            return new Literal(amount) + unit.suffix();
        }
    }

    /** A name, perhaps dotted: a lambda's parameter, a constant of {@code math}, an optimizer. */
    record Name(String text) implements Expression {
        @Override
        public Object value(BigInteger step) {
            Double constant = PythonFunction.CONSTANTS.get(text);
            return constant == null ? step : constant;
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    record Unary(String operator, Expression operand) implements Expression {
        @Override
        public Object value(BigInteger step) {
            Object value = operand.value(step);
            return switch (operator) {
                case "-" -> PythonNumber.negate(value);
                case "+" -> PythonNumber.plus(value);
                default -> !PythonNumber.truth(value);
            };
        }

        @Override
        public int binding() {
            return operator.equals("not") ? NOT : SIGN;
        }

        @Override
        public String toString() {
            return (operator.equals("not") ? "not " : operator) + operand.in(binding());
        }
    }

    record Binary(String operator, Expression left, Expression right) implements Expression {
        @Override
        public Object value(BigInteger step) {
            Object value = left.value(step);
            return switch (operator) {
                case "and" -> PythonNumber.truth(value) ? right.value(step) : value;
                case "or" -> PythonNumber.truth(value) ? value : right.value(step);
                default -> PythonNumber.apply(operator, value, right.value(step));
            };
        }

        @Override
        public int binding() {
            return switch (operator) {
                case "or" -> OR;
                case "and" -> AND;
                case "+", "-" -> SUM;
                case "**" -> POWER;
                default -> PRODUCT;
            };
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
        public Object value(BigInteger step) {
            Object left = operands.get(0).value(step);
            for (int i = 0; i < operators.size(); i++) {
                Object right = operands.get(i + 1).value(step);
                if (!PythonNumber.compare(operators.get(i), left, right)) {
                    return false;
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
        public String toString() {
            StringBuilder text = new StringBuilder(operands.get(0).in(SUM));
            for (int i = 0; i < operators.size(); i++) {
                text.append(' ').append(operators.get(i)).append(' ');
                text.append(operands.get(i + 1).in(SUM));
            }
            return text.toString();
        }
    }

    record Conditional(Expression then, Expression condition, Expression otherwise) implements Expression {
        @Override
        public Object value(BigInteger step) {
            return PythonNumber.truth(condition.value(step)) ? then.value(step) : otherwise.value(step);
        }

        @Override
        public int binding() {
            return CONDITIONAL;
        }

        @Override
        public String toString() {
            return then.in(OR) + " if " + condition.in(OR) + " else " + otherwise.in(CONDITIONAL);
        }
    }

    record Call(Name function, List<Expression> positional, List<Keyword> keywords) implements Expression {
        @Override
        public Object value(BigInteger step) {
            PythonFunction known = PythonFunction.ALL.get(function.text());
            if (known == null) {
                throw noNumber(this);
            }
            List<Object> values = new ArrayList<>(positional.size());
            for (Expression argument : positional) {
                values.add(argument.value(step));
            }
            return known.body().apply(values);
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            List<String> arguments = new ArrayList<>();
            positional.forEach(argument -> arguments.add(argument.toString()));
            keywords.forEach(keyword -> arguments.add(keyword.name() + "=" + keyword.value()));
            return function + arguments.stream().collect(Collectors.joining(", ", "(", ")"));
        }
    }

    /** One {@code name=value} of a call. */
    record Keyword(String name, Expression value) {}

    /** A string. */
    record Text(String text) implements Expression {
        @Override
        public Object value(BigInteger step) {
            throw noNumber(this);
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            return Python.repr(text);
        }
    }

    record None() implements Expression {
        @Override
        public Object value(BigInteger step) {
            throw noNumber(this);
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            return "None";
        }
    }

    /** A list, or a tuple. */
    record Items(List<Expression> items) implements Expression {
        @Override
        public Object value(BigInteger step) {
            throw noNumber(this);
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            return items.toString();
        }
    }

    record Lambda(String parameter, Expression body) implements Expression {
        @Override
        public Object value(BigInteger step) {
            throw noNumber(this);
        }

        @Override
        public int binding() {
            return CONDITIONAL;
        }

        @Override
        public String toString() {
            return "lambda " + parameter + ": " + body;
        }
    }

    /**
     * An argument that was not read.
     *
     * @param text as it was written, on one line and not all of it if it is long
     * @param named whether it may be what some name stands for, such as an optimizer, and is no number and no lambda
     * @param list whether it is a list, a tuple, a dict, a set or a generator
     * @param problem why it was not read
     */
    record Unread(String text, boolean named, boolean list, PythonSyntaxException problem) implements Expression {
        @Override
        public Object value(BigInteger step) {
            throw noNumber(this);
        }

        @Override
        public int binding() {
            return ATOM;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static ArithmeticException noNumber(Expression expression) {
        return new ArithmeticException(expression + " is not a number");
    }
}
