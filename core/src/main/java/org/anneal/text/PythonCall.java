package org.anneal.text;

import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One Python constructor call, such as {@code StepLR(optimizer, step_size=30)} or {@code SGD(lr=0.001, momentum=0.9)}. It is
 * read, never run.
 *
 * <p>A pasted line may have {@code torch.optim.lr_scheduler.} or a part of it before the name, an assignment before the call,
 * comments and line breaks.
 */
public final class PythonCall {

    private static final List<String> PREFIXES = List.of(
            "",
            "torch.optim.lr_scheduler.",
            "optim.lr_scheduler.",
            "lr_scheduler.",
            "torch.optim.",
            "optim.",
            "torch.optim.swa_utils.",
            "optim.swa_utils.",
            "swa_utils.");

    private final PythonText source;
    private final Expression.Call call;
    private final String name;
    private final Lengths lengths;
    private final Set<String> notes; // of the whole text

    private PythonCall(PythonText source, Expression.Call call, String name, Lengths lengths, Set<String> notes) {
        this.source = source;
        this.call = call;
        this.name = name;
        this.lengths = lengths;
        this.notes = notes;
    }

    /**
     * Reads one call.
     *
     * @throws PythonSyntaxException if {@code text} is not one call
     */
    public static PythonCall parse(String text) {
        return parse(text, Lengths.UNKNOWN);
    }

    /** Reads one call, whose lengths in units {@code lengths} resolves. */
    public static PythonCall parse(String text, Lengths lengths) {
        Objects.requireNonNull(lengths, "lengths");
        PythonText source = new PythonText(text);
        Expression expression = source.statement();
        if (!(expression instanceof Expression.Call call)) {
            throw source.error(
                    expression,
                    "expected a call, such as 'StepLR(step_size=30)', but found "
                            + PythonText.shortened(expression.toString()));
        }
        return of(source, call, lengths, new LinkedHashSet<>());
    }

    private static PythonCall of(PythonText source, Expression.Call call, Lengths lengths, Set<String> notes) {
        String dotted = call.function().text();
        int nameStart = dotted.lastIndexOf('.') + 1;
        String prefix = dotted.substring(0, nameStart);
        if (!PREFIXES.contains(prefix)) {
            throw source.error(
                    call,
                    "unknown module '" + PythonText.shortened(prefix.substring(0, nameStart - 1))
                            + "', expected torch.optim or torch.optim.lr_scheduler");
        }
        return new PythonCall(source, call, dotted.substring(nameStart), lengths, notes);
    }

    /** {@return the name of the called class, without its module} */
    public String name() {
        return name;
    }

    /** Adds a sentence about what was dropped from the text. */
    public void note(String note) {
        notes.add(note);
    }

    /** {@return what was dropped from the text so far} */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** {@return an exception that points at this call} */
    public PythonSyntaxException error(String problem) {
        return source.error(call, problem);
    }

    /** {@return an exception that says that this call's name is not one of {@code known}, and suggests the nearest one} */
    public PythonSyntaxException unknown(String what, Collection<String> known) {
        return error("unknown " + what + " '" + PythonText.shortened(name) + "'" + PythonText.suggestion(name, known));
    }

    /**
     * Binds the arguments to the parameters by Python's rules.
     *
     * @param leading a leading parameter that Python needs and the text form omits: {@code optimizer} or {@code params}. It is
     *     dropped if it is given by keyword, or if the first positional argument is a name, a call, an attribute or an entry, but
     *     not a number, string or lambda: {@code opt}, {@code opts[0]}, {@code net.parameters()}. A list can be {@code params},
     *     but not {@code optimizer}. Empty if there is none
     * @param parameters the other parameters in Python's order: {@code "step_size"} is required, {@code "gamma="} is
     *     optional, and those after {@code "*"} are keyword-only
     * @throws PythonSyntaxException if an argument is unknown, given twice, missing, or one too many
     */
    public Arguments bind(String leading, String... parameters) {
        List<String> names = new ArrayList<>();
        List<String> required = new ArrayList<>();
        int positionalOnes = Integer.MAX_VALUE;
        for (String parameter : parameters) {
            if (parameter.equals("*")) {
                positionalOnes = names.size();
            } else if (parameter.endsWith("=")) {
                names.add(parameter.substring(0, parameter.length() - 1));
            } else {
                names.add(parameter);
                required.add(parameter);
            }
        }
        positionalOnes = Math.min(positionalOnes, names.size());

        Map<String, Expression> values = new LinkedHashMap<>();
        List<Expression> positional = call.positional();
        boolean dropped =
                !leading.isEmpty() && !positional.isEmpty() && isLeading(positional.get(0), leading.equals("params"));
        positional = dropped ? positional.subList(1, positional.size()) : positional;
        for (int i = 0; i < positional.size(); i++) {
            if (i == positionalOnes) {
                throw source.error(
                        positional.get(i),
                        name + " takes at most " + positionalOnes + " positional arguments, but got "
                                + positional.size());
            }
            values.put(names.get(i), names.get(i).equals(leading) ? positional.get(i) : read(positional.get(i)));
        }
        for (Expression.Keyword keyword : call.keywords()) {
            boolean twice;
            if (keyword.name().equals(leading)) {
                twice = dropped;
                dropped = true;
            } else if (names.contains(keyword.name())) {
                twice = values.put(keyword.name(), read(keyword.value())) != null;
            } else {
                throw source.error(
                        keyword.value(),
                        "unknown parameter '" + PythonText.shortened(keyword.name()) + "' of " + name
                                + PythonText.suggestion(keyword.name(), names));
            }
            if (twice) {
                throw source.error(keyword.value(), keyword.name() + " is given twice");
            }
        }
        required.removeAll(values.keySet());
        if (!required.isEmpty()) {
            throw error(name + " needs " + String.join(" and ", required));
        }
        return new Arguments(values);
    }

    /** Returns whether the first argument is an optimizer or, if {@code several}, parameters, which the text form omits. */
    private static boolean isLeading(Expression first, boolean several) {
        if (first instanceof Expression.Name name) {
            return !PythonFunction.CONSTANTS.containsKey(name.text());
        } else if (first instanceof Expression.Call made) {
            return !PythonFunction.ALL.containsKey(made.function().text());
        } else if (first instanceof Expression.Items list) {
            return several && (list.items().isEmpty() || list.items().stream().anyMatch(item -> isLeading(item, true)));
        } else if (first instanceof Expression.Conditional either) {
            return isLeading(either.then(), several)
                    && (either.otherwise() instanceof Expression.None || isLeading(either.otherwise(), several));
        } else if (first instanceof Expression.Unary changed) {
            return several && isLeading(changed.operand(), true);
        } else if (first instanceof Expression.Binary both && both.operator().equals("*")) {
            return several
                    && both.left() instanceof Expression.Items
                    && isLeading(both.left(), true); // a list repeated
        } else if (first instanceof Expression.Binary both) {
            boolean joins = both.binding() < Expression.NOT
                    || (several && both.operator().equals("+"));
            return joins && isLeading(both.left(), several) && isLeading(both.right(), several);
        }
        return first instanceof Expression.Unread unread && unread.named() && (several || !unread.list());
    }

    private static Expression read(Expression argument) {
        if (argument instanceof Expression.Unread unread) {
            throw unread.problem();
        }
        return argument;
    }

    /** A call's arguments by parameter. A getter with a default returns it if the argument is absent. */
    public final class Arguments {

        private final Map<String, Expression> values;

        private Arguments(Map<String, Expression> values) {
            this.values = values;
        }

        /** {@return whether the argument is given and is not None} */
        public boolean has(String parameter) {
            return values.containsKey(parameter) && !(values.get(parameter) instanceof Expression.None);
        }

        /** {@return whether the argument is given, possibly as None} */
        public boolean isGiven(String parameter) {
            return values.containsKey(parameter);
        }

        /**
         * Splits a list or tuple into {@code betas[0]} and so on.
         *
         * @param mayBeNone for each entry, whether it may be None
         */
        void unpack(String parameter, List<Boolean> mayBeNone) {
            if (!isGiven(parameter)) {
                return;
            }
            boolean numbers = !mayBeNone.contains(true);
            String shown = numbers ? Python.repr(numbers(parameter)) : text(parameter);
            List<Expression> items = items(parameter, "a list");
            boolean fits = items.size() == mayBeNone.size();
            for (int i = 0; fits && i < items.size(); i++) {
                fits = mayBeNone.get(i) || !(items.get(i) instanceof Expression.None);
                values.put(parameter + "[" + i + "]", items.get(i));
            }
            if (!fits) {
                String rule = numbers
                        ? mayBeNone.size() + " numbers"
                        : mayBeNone.stream()
                                .map(none -> none ? "a number or None" : "a number")
                                .collect(Collectors.joining(", and "));
                throw source.error(given(parameter), parameter + " must be " + rule + ", but was " + shown);
            }
        }

        /** {@return an exception that points at the call} */
        public PythonSyntaxException error(String problem) {
            return PythonCall.this.error(problem);
        }

        /** {@return whether the argument is given as a list or a tuple} */
        public boolean isList(String parameter) {
            return values.get(parameter) instanceof Expression.Items;
        }

        /** {@return a number, which may be written as arithmetic: {@code 1/3}} */
        public double number(String parameter) {
            return number(parameter, given(parameter));
        }

        /** {@return a number, or {@code absent}} */
        public double number(String parameter, double absent) {
            return values.containsKey(parameter) ? number(parameter) : absent;
        }

        /** {@return an integer of at most 2^53 in magnitude, which may be written as a float: {@code 1e4}} */
        public long integer(String parameter) {
            return integer(parameter, given(parameter));
        }

        /** {@return an integer, or {@code absent}} */
        public long integer(String parameter, long absent) {
            return values.containsKey(parameter) ? integer(parameter) : absent;
        }

        /** {@return True or False, or {@code absent}} */
        public boolean truth(String parameter, boolean absent) {
            if (!values.containsKey(parameter)) {
                return absent;
            }
            if (given(parameter) instanceof Expression.Literal literal && literal.number() instanceof Boolean truth) {
                return truth;
            }
            throw wrong(parameter, "True or False", given(parameter));
        }

        /** {@return a string, or {@code absent}} */
        public String string(String parameter, String absent) {
            if (!values.containsKey(parameter)) {
                return absent;
            }
            if (given(parameter) instanceof Expression.Text text) {
                return text.text();
            }
            throw wrong(parameter, "a string", given(parameter));
        }

        /** {@return a list or tuple of numbers} */
        public List<Double> numbers(String parameter) {
            List<Expression> items = items(parameter, "a list of numbers");
            return IntStream.range(0, items.size())
                    .mapToObj(i -> number(parameter + "[" + i + "]", items.get(i)))
                    .toList();
        }

        /** {@return the text of an argument, shortened} */
        public String text(String parameter) {
            return PythonText.shortened(given(parameter).toString());
        }

        /** {@return a list or tuple of numbers, one per group, or a single number for all groups} */
        public List<Double> oneOrMoreNumbers(String parameter) {
            return isList(parameter) ? PerGroup.list(numbers(parameter)) : List.of(number(parameter));
        }

        /** {@return a number of steps, at most 2^53: an integer, or a length in units of the run, {@code 30ep}} */
        long length(String parameter) {
            return length(parameter, given(parameter));
        }

        /** {@return a number of steps that may be fractional} */
        public double duration(String parameter) {
            return given(parameter) instanceof Expression.Length ? length(parameter) : number(parameter);
        }

        /** {@return a list or tuple of numbers of steps} */
        public List<Long> lengths(String parameter) {
            List<Expression> items = items(parameter, "a list of integers");
            return IntStream.range(0, items.size())
                    .mapToObj(i -> length(parameter + "[" + i + "]", items.get(i)))
                    .toList();
        }

        /** {@return a list or tuple of calls} */
        public List<PythonCall> calls(String parameter) {
            List<Expression> items = items(parameter, "a list of calls");
            return IntStream.range(0, items.size())
                    .mapToObj(i -> call(parameter + "[" + i + "]", items.get(i)))
                    .toList();
        }

        /** {@return a call} */
        PythonCall call(String parameter) {
            return call(parameter, given(parameter));
        }

        private PythonCall call(String parameter, Expression given) {
            if (given instanceof Expression.Call call) {
                return of(source, call, lengths, notes);
            }
            throw wrong(parameter, "a call, such as 'StepLR(step_size=30)'", given);
        }

        /** {@return a lambda} */
        public LrLambda lambda(String parameter) {
            return LrLambda.of(source, given(parameter));
        }

        /** {@return a list or tuple of lambdas, one per group, or a single lambda for all groups} */
        public List<LrLambda> lambdas(String parameter) {
            Expression given = given(parameter);
            return given instanceof Expression.Items items
                    ? PerGroup.list(items.items().stream()
                            .map(lambda -> LrLambda.of(source, lambda))
                            .toList())
                    : List.of(LrLambda.of(source, given));
        }

        /**
         * Returns the value that {@code constructor} builds from the arguments.
         *
         * @throws PythonSyntaxException if it refuses an argument: with its message, at that argument
         */
        public <T> T build(Supplier<T> constructor) {
            try {
                return constructor.get();
            } catch (PythonSyntaxException e) {
                throw e;
            } catch (IllegalArgumentException e) {
                String problem = String.valueOf(e.getMessage());
                Expression culprit = values.get(problem.split("[\\[ ]", 2)[0]);
                throw source.error(culprit == null ? call : culprit, problem);
            }
        }

        private Expression given(String parameter) {
            Expression value = values.get(parameter);
            if (value == null) {
                throw error(name + " needs " + parameter);
            }
            return value;
        }

        private List<Expression> items(String parameter, String rule) {
            if (given(parameter) instanceof Expression.Items items) {
                return items.items();
            }
            throw wrong(parameter, rule, given(parameter));
        }

        private double number(String what, Expression given) {
            Object value = value(what, "a number", given);
            try {
                return PythonNumber.toFloat(value);
            } catch (ArithmeticException e) {
                throw source.error(given, what + " must be a number, but failed: " + e.getMessage());
            }
        }

        private long integer(String what, Expression given) {
            Object value = value(what, "an integer", given);
            BigInteger whole;
            if (value instanceof BigInteger integer) {
                whole = integer;
            } else if (value instanceof Double number && number == Math.rint(number) && !number.isInfinite()) {
                whole = PythonNumber.round(number, RoundingMode.DOWN);
            } else {
                throw wrong(what, "an integer", given);
            }
            if (whole.bitLength() > 54 || Math.abs(whole.longValue()) > Check.LAST_STEP) {
                throw wrong(what, "at most 2^53", given);
            }
            return whole.longValue();
        }

        private long length(String what, Expression given) {
            if (!(given instanceof Expression.Length length)) {
                return integer(what, given);
            }
            try {
                return lengths.resolve(length.amount(), length.unit());
            } catch (IllegalArgumentException e) {
                throw source.error(given, what + " is " + given + ", " + e.getMessage());
            }
        }

        private Object value(String what, String rule, Expression given) {
            boolean other = given instanceof Expression.Text
                    || given instanceof Expression.Length
                    || given instanceof Expression.None
                    || given instanceof Expression.Items
                    || given instanceof Expression.Lambda
                    || (given instanceof Expression.Literal literal && literal.number() instanceof Boolean);
            if (other) {
                throw wrong(what, rule, given);
            }
            source.checkNumber(given, Optional.empty());
            try {
                return given.value(BigInteger.ZERO);
            } catch (ArithmeticException e) {
                throw source.error(given, what + " must be " + rule + ", but failed: " + e.getMessage());
            }
        }

        private PythonSyntaxException wrong(String what, String rule, Expression given) {
            return source.error(
                    given, what + " must be " + rule + ", but was " + PythonText.shortened(given.toString()));
        }
    }
}
