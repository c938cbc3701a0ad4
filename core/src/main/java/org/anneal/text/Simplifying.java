package org.anneal.text;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Makes a formula shorter that has the same value: what is made of numbers alone becomes one number, a condition that always holds
 * leaves its branch, and a function that is called with a name or a number, or uses its argument once, takes it in line.
 */
final class Simplifying {
    private static final long MOST_OPERATIONS = 100_000; // of what is made of numbers alone

    private Simplifying() {}

    /** Returns {@code expression}, simplified. */
    static Expression of(Expression expression) {
        Expression simple = expression.map(Simplifying::of);
        if (simple instanceof Expression.Call call && call.function() instanceof Expression.Lambda function) {
            return called(call, function);
        } else if (simple instanceof Expression.Conditional choice) {
            Optional<Object> holds = value(choice.condition());
            if (holds.isPresent()) {
                return PythonValue.truth(holds.get()) ? choice.then() : choice.otherwise();
            }
            return choice.then().equals(choice.otherwise()) ? choice.then() : simple;
        } else if (simple instanceof Expression.Binary binary) {
            return computed(simple).orElseGet(() -> withoutNeutral(binary));
        }
        boolean computes = simple instanceof Expression.Call || simple instanceof Expression.Comparison;
        return computes ? computed(simple).orElse(simple) : simple;
    }

    private static Optional<Expression> computed(Expression expression) {
        return value(expression).map(Simplifying::number);
    }

    private static Expression number(Object value) {
        boolean negative = value instanceof Boolean ? false : PythonNumber.toFloat(value) < 0;
        return negative
                ? new Expression.Unary("-", new Expression.Literal(PythonNumber.negate(value)))
                : new Expression.Literal(value);
    }

    /** Returns the number that an expression is at every step; none if it is no finite number, or fails. */
    private static Optional<Object> value(Expression expression) {
        if (PythonText.hasNames(expression)) {
            return Optional.empty();
        }
        try {
            Object value = expression.value(new Scope(new Machine(MOST_OPERATIONS)));
            boolean finite = PythonValue.isNumber(value) && Double.isFinite(PythonNumber.toFloat(value));
            return finite ? Optional.of(value) : Optional.empty();
        } catch (ArithmeticException e) {
            return Optional.empty(); // it fails where it is reached
        }
    }

    /** Returns a sum, product or power without a 0 or 1 that changes nothing. */
    private static Expression withoutNeutral(Expression.Binary binary) {
        double left = valueOrNaN(binary.left());
        double right = valueOrNaN(binary.right());
        return switch (binary.operator()) {
            case "+" -> left == 0 ? binary.right() : right == 0 ? binary.left() : binary;
            case "-" -> right == 0 ? binary.left() : binary;
            case "*" -> left == 1 ? binary.right() : right == 1 ? binary.left() : binary;
            case "/", "**" -> right == 1 ? binary.left() : binary;
            default -> binary;
        };
    }

    private static double valueOrNaN(Expression expression) {
        return value(expression).map(PythonNumber::toFloat).orElse(Double.NaN);
    }

    private static Expression called(Expression.Call call, Expression.Lambda function) {
        if (!call.isPlain() || call.positional().size() != function.parameters().size()) {
            return call;
        }
        Expression body = function.body();
        for (int i = 0; i < call.positional().size(); i++) {
            String name = function.parameters().get(i).name();
            Expression argument = call.positional().get(i);
            boolean small =
                    argument instanceof Expression.Name || value(argument).isPresent();
            if (!(small || uses(body, name) <= 1) || binds(body, free(argument))) {
                return call;
            }
        }
        Set<String> names = new HashSet<>();
        function.parameters().forEach(each -> names.add(each.name()));
        for (int i = 0; i < call.positional().size(); i++) {
            Expression argument = call.positional().get(i);
            names.remove(function.parameters().get(i).name());
            if (PythonText.mentionsAny(argument, names)) {
                return call; // a later parameter would take the name in it for its own
            }
            body = inLine(body, function.parameters().get(i).name(), argument);
        }
        return of(body);
    }

    private static Expression inLine(Expression body, String name, Expression argument) {
        if (body instanceof Expression.Name used) {
            return used.text().equals(name) ? argument : body;
        } else if (body instanceof Expression.Lambda inner && isBoundBy(inner, name)) {
            return body;
        }
        return body.map(part -> inLine(part, name, argument));
    }

    private static int uses(Expression body, String name) {
        int[] count = {body instanceof Expression.Name used && used.text().equals(name) ? 1 : 0};
        UnaryOperator<Expression> add = part -> {
            count[0] += uses(part, name);
            return part;
        };
        // What a comprehension holds is computed more than once.
        if (body instanceof Expression.Comprehension) {
            body.map(add);
            body.map(add);
        } else if (!(body instanceof Expression.Lambda inner && isBoundBy(inner, name))) {
            body.map(add);
        }
        return count[0];
    }

    private static boolean isBoundBy(Expression.Lambda lambda, String name) {
        return lambda.parameters().stream().anyMatch(each -> each.name().equals(name));
    }

    private static Set<String> free(Expression expression) {
        Set<String> names = new HashSet<>();
        collect(expression, names);
        return names;
    }

    private static Expression collect(Expression expression, Set<String> names) {
        if (expression instanceof Expression.Name name) {
            names.add(name.text());
        }
        return expression.map(part -> collect(part, names));
    }

    /** Returns whether a lambda or a comprehension in {@code body} gives one of {@code names} another meaning. */
    private static boolean binds(Expression body, Set<String> names) {
        boolean[] found = {
            (body instanceof Expression.Lambda inner && names.stream().anyMatch(name -> isBoundBy(inner, name)))
                    || (body instanceof Expression.Comprehension && !names.isEmpty())
        };
        body.map(part -> {
            found[0] |= binds(part, names);
            return part;
        });
        return found[0];
    }

    /** Returns {@code dividend / divisor}; what is {@code divisor} times a factor becomes the factor. */
    static Expression divided(Expression dividend, double divisor) {
        if (dividend instanceof Expression.Conditional choice) {
            return of(new Expression.Conditional(
                    divided(choice.then(), divisor), choice.condition(), divided(choice.otherwise(), divisor)));
        } else if (dividend instanceof Expression.Binary binary) {
            boolean product = binary.operator().equals("*") || binary.operator().equals("/");
            boolean sum = binary.operator().equals("+") || binary.operator().equals("-");
            if (sum) {
                return of(new Expression.Binary(
                        binary.operator(), divided(binary.left(), divisor), divided(binary.right(), divisor)));
            } else if (product) {
                Expression first =
                        of(new Expression.Binary(binary.operator(), divided(binary.left(), divisor), binary.right()));
                Expression second = binary.operator().equals("/")
                        ? first
                        : of(new Expression.Binary("*", binary.left(), divided(binary.right(), divisor)));
                return second.toString().length() < first.toString().length() ? second : first;
            }
        } else if (dividend instanceof Expression.Call call && call.function() instanceof Expression.Lambda function) {
            return of(new Expression.Call(
                    new Expression.Lambda(function.parameters(), divided(function.body(), divisor)),
                    call.positional(),
                    call.keywords()));
        } else if (dividend instanceof Expression.Call call && isExtreme(call)) {
            return of(new Expression.Call(
                    call.function(),
                    call.positional().stream()
                            .map(each -> divided(each, divisor))
                            .toList(),
                    List.of()));
        }
        return of(new Expression.Binary("/", dividend, number(divisor)));
    }

    private static boolean isExtreme(Expression.Call call) {
        String function = call.function().toString();
        return call.isPlain() && call.positional().size() > 1 && (function.equals("min") || function.equals("max"));
    }
}
