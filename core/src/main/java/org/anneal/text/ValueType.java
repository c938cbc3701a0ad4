package org.anneal.text;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The type of a parameter's values: checks them, reads and writes them in Python, and writes them in Java. */
abstract class ValueType<V> {
    private final Class<?> raw;
    private final String control;

    ValueType(Class<?> raw, String control) {
        this.raw = raw;
        this.control = control;
    }

    /** {@return the type of a record's component} */
    @SuppressWarnings("unchecked") // a kind passes to a component's type only values of that component
    static ValueType<Object> of(RecordComponent component, Param param) {
        return (ValueType<Object>) typed(component, param);
    }

    private static ValueType<?> typed(RecordComponent component, Param param) {
        boolean steps = param.unit() == Param.Unit.STEPS;
        String number = param.unit() == Param.Unit.RATE ? "rate" : "number";
        String type = component.getGenericType().getTypeName();
        if (component.getType().isEnum()) {
            return new Choice(component.getType());
        }
        if (component.getType() == Optional.class && argument(component) instanceof Class<?> value && value.isEnum()) {
            return new ChoiceOrNone(value);
        }
        if (Declared.class.isAssignableFrom(component.getType())) {
            return new Call(component.getType());
        }
        if (component.getType() == List.class
                && argument(component) instanceof Class<?> value
                && Declared.class.isAssignableFrom(value)) {
            return new Calls(value);
        }
        return switch (type.replaceAll("[a-z]+\\.", "")) {
            case "long" -> new Whole(steps);
            case "double" -> steps ? new Duration() : new Decimal(number);
            case "boolean" -> new Flag();
            case "List<Double>" -> param.size() > 0 ? new Numbers(param.size()) : new PerGroupNumbers(number);
            case "int" -> new Count();
            case "OptionalDouble" -> new NumberOrNone();
            case "List<Long>" -> new Lengths();
            case "List<LrLambda>" -> new Lambdas();
            case "Optional<LrLambda>" -> new LambdaOrNone();
            default ->
                throw new IllegalStateException(component.getName()
                        + " must have a supported type, such as long, double, an enum or List<Double>, but was "
                        + type);
        };
    }

    private static Type argument(RecordComponent component) {
        return ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
    }

    /** {@return the type of field that the page shows} */
    final String control() {
        return control;
    }

    /** {@return whether None is a value of its own, and not only stands for a default} */
    boolean mayBeNone() {
        return false;
    }

    /** {@return a value as numbers of steps, rounded up} */
    List<Long> steps(V value) {
        throw new IllegalStateException(control + " is not a number of steps");
    }

    /** {@return the allowed values, in words} */
    abstract String rule(Range range);

    /** {@return the value that Python writes as {@code text}} */
    final V parse(String text) {
        return read(PythonCall.parse("value(value=" + text + ")").bind("", "value"), "value");
    }

    /** {@return the checked value, in the form that a record keeps} */
    V check(String name, V value, Range range) {
        return value;
    }

    abstract V read(PythonCall.Arguments arguments, String name);

    String python(V value) {
        return Python.repr(plain(value));
    }

    /** {@return the strings that are allowed, if only a few are} */
    List<String> choices() {
        return List.of();
    }

    /** {@return a value as a number, boolean, string, list or None, for a page and a state dict} */
    Object plain(V value) {
        return value;
    }

    /** {@return {@code value} in Java} A single value, for all groups, is written without a list. */
    String java(V value, boolean single, Function<Class<?>, String> names) {
        return value.toString();
    }

    /** {@return the type of a method parameter that takes what {@link #java} writes} */
    Class<?> javaType(boolean single) {
        return raw;
    }

    /** {@return whether the value is for all groups} */
    boolean isSingle(V value) {
        return true;
    }

    /** {@return whether a value may differ between groups} */
    boolean isPerGroup() {
        return false;
    }

    /** {@return whether an argument is printed with its name} */
    boolean isNamed() {
        return true;
    }

    /** {@return the value for one of the groups} */
    V forGroup(String name, V value, int group, int groups) {
        return value;
    }

    private static <T> String list(List<T> values, Function<Class<?>, String> names, Function<T, String> java) {
        return values.stream().map(java).collect(Collectors.joining(", ", names.apply(List.class) + ".of(", ")"));
    }

    /** An integer, possibly a number of steps. */
    private static final class Whole extends ValueType<Long> {
        private final boolean steps;

        Whole(boolean steps) {
            super(long.class, steps ? "steps" : "integer");
            this.steps = steps;
        }

        @Override
        List<Long> steps(Long value) {
            return List.of(value);
        }

        @Override
        String rule(Range range) {
            return range.wholeRule();
        }

        @Override
        Long check(String name, Long value, Range range) {
            return range.check(name, value);
        }

        @Override
        Long read(PythonCall.Arguments arguments, String name) {
            return steps ? arguments.length(name) : arguments.integer(name);
        }

        @Override
        String java(Long value, boolean single, Function<Class<?>, String> names) {
            long number = value;
            return number == (int) number ? Long.toString(number) : number + "L";
        }
    }

    private static class Decimal extends ValueType<Double> {
        Decimal(String control) {
            super(double.class, control);
        }

        @Override
        String rule(Range range) {
            return range.rule();
        }

        @Override
        Double check(String name, Double value, Range range) {
            return range.check(name, value);
        }

        @Override
        Double read(PythonCall.Arguments arguments, String name) {
            return arguments.number(name);
        }
    }

    /** A number of steps that may be fractional. */
    private static final class Duration extends Decimal {
        Duration() {
            super("steps");
        }

        @Override
        List<Long> steps(Double value) {
            return List.of((long) Math.ceil(value));
        }

        @Override
        Double read(PythonCall.Arguments arguments, String name) {
            return arguments.duration(name);
        }

        @Override
        String python(Double value) {
            return Range.number(value);
        }
    }

    /** An integer in the range of Java's {@code int}. */
    private static final class Count extends ValueType<Integer> {
        Count() {
            super(int.class, "integer");
        }

        @Override
        String rule(Range range) {
            return range.wholeRule();
        }

        @Override
        Integer check(String name, Integer value, Range range) {
            return (int) range.check(name, value);
        }

        @Override
        Integer read(PythonCall.Arguments arguments, String name) {
            long value = arguments.integer(name);
            if (value > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        name + " must be at most " + Integer.MAX_VALUE + ", but was " + value);
            }
            return (int) value;
        }
    }

    private static final class NumberOrNone extends ValueType<OptionalDouble> {
        NumberOrNone() {
            super(OptionalDouble.class, "number");
        }

        @Override
        String rule(Range range) {
            return "None, or " + range.rule();
        }

        @Override
        boolean mayBeNone() {
            return true;
        }

        @Override
        OptionalDouble check(String name, OptionalDouble value, Range range) {
            return value.isPresent() ? OptionalDouble.of(range.check(name, value.getAsDouble())) : value;
        }

        @Override
        OptionalDouble read(PythonCall.Arguments arguments, String name) {
            return arguments.has(name) ? OptionalDouble.of(arguments.number(name)) : OptionalDouble.empty();
        }

        @Override
        Object plain(OptionalDouble value) {
            return value.isPresent() ? (Object) value.getAsDouble() : Optional.empty();
        }

        @Override
        String java(OptionalDouble value, boolean single, Function<Class<?>, String> names) {
            return names.apply(OptionalDouble.class)
                    + (value.isPresent() ? ".of(" + value.getAsDouble() + ")" : ".empty()");
        }
    }

    /** A tuple of a fixed number of numbers. */
    private static final class Numbers extends ValueType<List<Double>> {
        private final int size;

        Numbers(int size) {
            super(List.class, "number");
            this.size = size;
        }

        @Override
        String rule(Range range) {
            return size + " numbers, each " + range.rule();
        }

        @Override
        List<Double> check(String name, List<Double> value, Range range) {
            Check.list(name, value);
            if (value.size() != size) {
                throw new IllegalArgumentException(name + " must be " + size + " numbers, but was " + value);
            }
            return IntStream.range(0, size)
                    .mapToObj(i -> range.check(name + "[" + i + "]", value.get(i)))
                    .toList();
        }

        @Override
        List<Double> read(PythonCall.Arguments arguments, String name) {
            return arguments.numbers(name);
        }

        @Override
        Object plain(List<Double> value) {
            return new Python.Tuple(value);
        }

        @Override
        String java(List<Double> value, boolean single, Function<Class<?>, String> names) {
            return list(value, names, String::valueOf);
        }
    }

    private static final class Flag extends ValueType<Boolean> {
        Flag() {
            super(boolean.class, "truth");
        }

        @Override
        String rule(Range range) {
            return "True or False";
        }

        @Override
        Boolean read(PythonCall.Arguments arguments, String name) {
            return arguments.truth(name, false);
        }
    }

    /** A constant of an enum, in Python a lower-case string, {@code 'exp_range'}, or None for {@code NONE}. */
    private static final class Choice extends ValueType<Enum<?>> {
        private static final String NONE = "None";
        private final Class<? extends Enum<?>> type;

        @SuppressWarnings("unchecked") // its values are the constants
        Choice(Class<?> type) {
            super(type, "choice");
            this.type = (Class<? extends Enum<?>>) type;
        }

        @Override
        String rule(Range range) {
            return options();
        }

        private String options() {
            return Arrays.stream(type.getEnumConstants()).map(this::python).collect(Collectors.joining(" or "));
        }

        @Override
        boolean mayBeNone() {
            return Arrays.stream(type.getEnumConstants()).anyMatch(Choice::isNone);
        }

        private static boolean isNone(Enum<?> constant) {
            return constant.name().equals("NONE");
        }

        @Override
        List<String> choices() {
            return Arrays.stream(type.getEnumConstants()).map(Python::lower).toList();
        }

        @Override
        Enum<?> read(PythonCall.Arguments arguments, String name) {
            String given = arguments.has(name) ? Python.repr(arguments.string(name, "")) : NONE;
            for (Enum<?> constant : type.getEnumConstants()) {
                if (python(constant).equals(given)) {
                    return constant;
                }
            }
            throw new IllegalArgumentException(name + " must be " + options() + ", but was " + given);
        }

        @Override
        Object plain(Enum<?> value) {
            return isNone(value) ? Optional.empty() : Python.lower(value);
        }

        @Override
        String java(Enum<?> value, boolean single, Function<Class<?>, String> names) {
            Class<?> outer = type.getEnclosingClass();
            String name = outer == null ? names.apply(type) : names.apply(outer) + "." + type.getSimpleName();
            return name + "." + value.name();
        }
    }

    /** A constant of an enum, or None. */
    private static final class ChoiceOrNone extends ValueType<Optional<Enum<?>>> {
        private final Choice choice;

        ChoiceOrNone(Class<?> type) {
            super(Optional.class, "choice");
            choice = new Choice(type);
        }

        @Override
        String rule(Range range) {
            return "None or " + choice.rule(range);
        }

        @Override
        boolean mayBeNone() {
            return true;
        }

        @Override
        List<String> choices() {
            return choice.choices();
        }

        @Override
        Optional<Enum<?>> read(PythonCall.Arguments arguments, String name) {
            return arguments.has(name) ? Optional.of(choice.read(arguments, name)) : Optional.empty();
        }

        @Override
        Object plain(Optional<Enum<?>> value) {
            return value.map(choice::plain);
        }

        @Override
        String java(Optional<Enum<?>> value, boolean single, Function<Class<?>, String> names) {
            return names.apply(Optional.class)
                    + value.map(each -> ".of(" + choice.java(each, single, names) + ")")
                            .orElse(".empty()");
        }
    }

    /** A number for all groups, or one per group. */
    private static final class PerGroupNumbers extends ValueType<List<Double>> {
        PerGroupNumbers(String control) {
            super(List.class, control);
        }

        @Override
        String rule(Range range) {
            return range.rule() + "; one, or one per group";
        }

        @Override
        List<Double> check(String name, List<Double> value, Range range) {
            return PerGroup.checked(name, value, range::check);
        }

        @Override
        List<Double> read(PythonCall.Arguments arguments, String name) {
            return arguments.oneOrMoreNumbers(name);
        }

        @Override
        Object plain(List<Double> value) {
            return PerGroup.isForAll(value) ? value.get(0) : value;
        }

        @Override
        String python(List<Double> value) {
            return PerGroup.print(value);
        }

        @Override
        String java(List<Double> value, boolean single, Function<Class<?>, String> names) {
            return single ? value.get(0).toString() : list(value, names, String::valueOf);
        }

        @Override
        Class<?> javaType(boolean single) {
            return single ? double.class : List.class;
        }

        @Override
        boolean isSingle(List<Double> value) {
            return PerGroup.isForAll(value);
        }

        @Override
        boolean isPerGroup() {
            return true;
        }

        @Override
        List<Double> forGroup(String name, List<Double> value, int group, int groups) {
            return PerGroup.forGroup(name, value, group, groups);
        }
    }

    /** A list of numbers of steps. */
    private static final class Lengths extends ValueType<List<Long>> {
        Lengths() {
            super(List.class, "steps-list");
        }

        @Override
        List<Long> steps(List<Long> value) {
            return value;
        }

        @Override
        String rule(Range range) {
            return "integers >= " + Range.number(range.least());
        }

        @Override
        List<Long> check(String name, List<Long> value, Range range) {
            return Check.list(name, value).stream()
                    .map(each -> range.check(name, each))
                    .toList();
        }

        @Override
        List<Long> read(PythonCall.Arguments arguments, String name) {
            return arguments.lengths(name);
        }

        @Override
        String java(List<Long> value, boolean single, Function<Class<?>, String> names) {
            return list(value, names, each -> each + "L");
        }
    }

    private static String lambda(LrLambda lambda, Function<Class<?>, String> names) {
        String text = lambda.toString().replace("\\", "\\\\").replace("\"", "\\\"");
        return names.apply(LrLambda.class) + ".parse(\"" + text + "\")";
    }

    /** A function of the step for all groups, or one per group. */
    private static final class Lambdas extends ValueType<List<LrLambda>> {
        Lambdas() {
            super(List.class, "lambda");
        }

        @Override
        String rule(Range range) {
            return "a function of the step; one, or one per group";
        }

        @Override
        List<LrLambda> check(String name, List<LrLambda> value, Range range) {
            return PerGroup.copy(name, value);
        }

        @Override
        List<LrLambda> read(PythonCall.Arguments arguments, String name) {
            return arguments.lambdas(name);
        }

        @Override
        Object plain(List<LrLambda> value) {
            return Collections.nCopies(value.size(), Optional.empty()); // as PyTorch saves functions
        }

        @Override
        String python(List<LrLambda> value) {
            return LrLambda.print(value);
        }

        @Override
        String java(List<LrLambda> value, boolean single, Function<Class<?>, String> names) {
            return list(value, names, each -> lambda(each, names));
        }

        @Override
        boolean isPerGroup() {
            return true;
        }

        @Override
        List<LrLambda> forGroup(String name, List<LrLambda> value, int group, int groups) {
            return PerGroup.forGroup(name, value, group, groups);
        }
    }

    /** A function of the step, or None. */
    private static final class LambdaOrNone extends ValueType<Optional<LrLambda>> {
        LambdaOrNone() {
            super(Optional.class, "lambda");
        }

        @Override
        String rule(Range range) {
            return "None, or a function of the step";
        }

        @Override
        boolean mayBeNone() {
            return true;
        }

        @Override
        Optional<LrLambda> read(PythonCall.Arguments arguments, String name) {
            return arguments.has(name) ? Optional.of(arguments.lambda(name)) : Optional.empty();
        }

        @Override
        Object plain(Optional<LrLambda> value) {
            return Optional.empty(); // as PyTorch saves functions
        }

        @Override
        String python(Optional<LrLambda> value) {
            return value.map(Object::toString).orElse("None");
        }

        @Override
        String java(Optional<LrLambda> value, boolean single, Function<Class<?>, String> names) {
            return names.apply(Optional.class)
                    + value.map(each -> ".of(" + lambda(each, names) + ")").orElse(".empty()");
        }
    }

    /** A value that is written as a call. */
    private static final class Call extends ValueType<Declared> {
        private final Class<?> type;

        Call(Class<?> type) {
            super(type, "call");
            this.type = type;
        }

        @Override
        String rule(Range range) {
            return "a call";
        }

        @Override
        Declared read(PythonCall.Arguments arguments, String name) {
            return read(arguments.call(name));
        }

        private Declared read(PythonCall call) {
            Declared.ReadBy reader = type.getAnnotation(Declared.ReadBy.class);
            if (reader == null) {
                throw new IllegalStateException(type.getSimpleName() + " has no @ReadBy");
            }
            return Kind.create(reader.value()).read(call);
        }

        @Override
        String python(Declared value) {
            return value.toString();
        }

        @Override
        Object plain(Declared value) {
            return value.toString();
        }

        @Override
        String java(Declared value, boolean single, Function<Class<?>, String> names) {
            return value.java(names);
        }

        @Override
        boolean isPerGroup() {
            return true;
        }

        @Override
        Declared forGroup(String name, Declared value, int group, int groups) {
            return value.forGroup(group, groups);
        }
    }

    private static final class Calls extends ValueType<List<Declared>> {
        private final Call call;

        Calls(Class<?> type) {
            super(List.class, "calls");
            call = new Call(type);
        }

        @Override
        String rule(Range range) {
            return "schedules, at least 1";
        }

        @Override
        List<Declared> check(String name, List<Declared> value, Range range) {
            return Check.some(name, Check.list(name, value));
        }

        @Override
        List<Declared> read(PythonCall.Arguments arguments, String name) {
            return arguments.calls(name).stream().map(call::read).toList();
        }

        @Override
        Object plain(List<Declared> value) {
            return value.stream().map(call::plain).toList();
        }

        @Override
        String python(List<Declared> value) {
            return value.toString();
        }

        @Override
        String java(List<Declared> value, boolean single, Function<Class<?>, String> names) {
            return list(value, names, each -> each.java(names));
        }

        @Override
        boolean isNamed() {
            return false;
        }

        @Override
        boolean isPerGroup() {
            return true;
        }

        @Override
        List<Declared> forGroup(String name, List<Declared> value, int group, int groups) {
            return value.stream().map(each -> each.forGroup(group, groups)).toList();
        }
    }
}
