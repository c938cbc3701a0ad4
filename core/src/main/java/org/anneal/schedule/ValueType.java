package org.anneal.schedule;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The type of a parameter's values: how they are checked, read and written in Python and written in Java. */
abstract class ValueType<V> {
    private final Class<?> raw;
    private final String control;

    ValueType(Class<?> raw, String control) {
        this.raw = raw;
        this.control = control;
    }

    /** {@return the type of a record's component} */
    @SuppressWarnings("unchecked") // a kind asks its record for a component and its type for the rest, and so keeps them together
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
        return switch (type.replaceAll("[a-z]+\\.", "")) {
            case "long" -> new Whole(steps);
            case "double" -> steps ? new Duration() : new Number(number);
            case "boolean" -> new Flag();
            case "List<Double>" -> new PerGroupNumbers(number);
            case "List<Long>" -> new Lengths();
            case "List<LrLambda>" -> new Lambdas();
            case "Optional<LrLambda>" -> new LambdaOrNone();
            case "List<Schedule>" -> new Schedules();
            case "Schedule", "ReduceLROnPlateau" -> new Member(component.getType());
            default -> throw new IllegalStateException("no parameter has the type " + type + " of " + component.getName());
        };
    }

    /** {@return the type that the page shows a field for} */
    final String control() {
        return control;
    }

    /** {@return whether None is a value, and not only said in place of one} */
    boolean mayBeNone() {
        return false;
    }

    /** {@return a value as Python writes it} */
    final V parse(String text) {
        return read(PythonCall.parse("value(value=" + text + ")").bind("", "value"), "value");
    }

    /** {@return the checked value, in the form that a record keeps} */
    V check(String name, V value, Range range) {
        return value;
    }

    abstract V read(PythonCall.Arguments arguments, String name);

    abstract String python(V value);

    /** {@return the strings that Python may write, if there are but a few} */
    List<String> choices() {
        return List.of();
    }

    /** {@return a value as a number, truth, string or None that the page shows} */
    Object plain(V value) {
        return value;
    }

    /** {@return {@code value} in Java} A single one stands for all groups, and has a method that takes it as it is. */
    abstract String java(V value, boolean single, Function<Class<?>, String> names);

    /** {@return the type of a method's parameter that takes what {@link #java} writes} */
    Class<?> javaType(boolean single) {
        return raw;
    }

    /** {@return whether the value is not a list with one entry per group} */
    boolean isSingle(V value) {
        return true;
    }

    /** {@return whether a value may have a part for each group} */
    boolean isPerGroup() {
        return false;
    }

    /** {@return whether it is printed with its name} */
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

    /** An integer, which may be a number of steps. */
    private static final class Whole extends ValueType<Long> {
        private final boolean steps;

        Whole(boolean steps) {
            super(long.class, steps ? "steps" : "integer");
            this.steps = steps;
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
        String python(Long value) {
            return value.toString();
        }

        @Override
        String java(Long value, boolean single, Function<Class<?>, String> names) {
            long number = value;
            return number == (int) number ? Long.toString(number) : number + "L";
        }
    }

    private static class Number extends ValueType<Double> {
        Number(String control) {
            super(double.class, control);
        }

        @Override
        Double check(String name, Double value, Range range) {
            return range.check(name, value);
        }

        @Override
        Double read(PythonCall.Arguments arguments, String name) {
            return arguments.number(name);
        }

        @Override
        String python(Double value) {
            return Python.repr(value);
        }

        @Override
        String java(Double value, boolean single, Function<Class<?>, String> names) {
            return value.toString();
        }
    }

    /** A number of steps that need not be whole. */
    private static final class Duration extends Number {
        Duration() {
            super("steps");
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

    private static final class Flag extends ValueType<Boolean> {
        Flag() {
            super(boolean.class, "truth");
        }

        @Override
        Boolean read(PythonCall.Arguments arguments, String name) {
            return arguments.truth(name, false);
        }

        @Override
        String python(Boolean value) {
            return Python.repr(value);
        }

        @Override
        String java(Boolean value, boolean single, Function<Class<?>, String> names) {
            return value.toString();
        }
    }

    /** A constant of an enum, which Python writes in small letters: {@code 'exp_range'}. */
    private static final class Choice extends ValueType<Enum<?>> {
        private final Class<? extends Enum<?>> type;

        @SuppressWarnings("unchecked") // its values are the constants
        Choice(Class<?> type) {
            super(type, "choice");
            this.type = (Class<? extends Enum<?>>) type;
        }

        @Override
        List<String> choices() {
            return Arrays.stream(type.getEnumConstants()).map(Python::lower).toList();
        }

        @Override
        Enum<?> read(PythonCall.Arguments arguments, String name) {
            String given = arguments.string(name, "");
            for (Enum<?> constant : type.getEnumConstants()) {
                if (Python.lower(constant).equals(given)) {
                    return constant;
                }
            }
            throw new IllegalArgumentException(name + " must be "
                    + choices().stream().map(Python::repr).collect(Collectors.joining(" or ")) + ", but was "
                    + Python.repr(given));
        }

        @Override
        Object plain(Enum<?> value) {
            return Python.lower(value);
        }

        @Override
        String python(Enum<?> value) {
            return Python.repr(Python.lower(value));
        }

        @Override
        String java(Enum<?> value, boolean single, Function<Class<?>, String> names) {
            Class<?> outer = type.getEnclosingClass();
            String name = outer == null ? names.apply(type) : names.apply(outer) + "." + type.getSimpleName();
            return name + "." + value.name();
        }
    }

    /** A number for all groups, or one per group. */
    private static final class PerGroupNumbers extends ValueType<List<Double>> {
        PerGroupNumbers(String control) {
            super(List.class, control);
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
            return value.size() == 1 ? value.get(0) : value;
        }

        @Override
        String python(List<Double> value) {
            return PerGroup.print(value);
        }

        @Override
        String java(List<Double> value, boolean single, Function<Class<?>, String> names) {
            List<Double> values = value;
            return single ? values.get(0).toString() : list(values, names, String::valueOf);
        }

        @Override
        Class<?> javaType(boolean single) {
            return single ? double.class : List.class;
        }

        @Override
        boolean isSingle(List<Double> value) {
            return value.size() == 1;
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
        List<Long> check(String name, List<Long> value, Range range) {
            return value.stream().map(each -> range.check(name, each)).toList();
        }

        @Override
        List<Long> read(PythonCall.Arguments arguments, String name) {
            return arguments.lengths(name);
        }

        @Override
        String python(List<Long> value) {
            return Python.repr(value);
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
        List<LrLambda> check(String name, List<LrLambda> value, Range range) {
            return LrLambda.checkList(value);
        }

        @Override
        List<LrLambda> read(PythonCall.Arguments arguments, String name) {
            return arguments.lambdas(name);
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
            List<LrLambda> lambdas = value;
            Check.group(group, groups, name, lambdas.size());
            return lambdas.size() == 1 ? lambdas : List.of(lambdas.get(group));
        }
    }

    /** A function of the step, or None. */
    private static final class LambdaOrNone extends ValueType<Optional<LrLambda>> {
        LambdaOrNone() {
            super(Optional.class, "lambda");
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
        String python(Optional<LrLambda> value) {
            return value.map(Object::toString).orElse("None");
        }

        @Override
        String java(Optional<LrLambda> value, boolean single, Function<Class<?>, String> names) {
            return names.apply(Optional.class)
                    + value
                            .map(each -> ".of(" + lambda(each, names) + ")")
                            .orElse(".empty()");
        }
    }

    /** A list of schedules. */
    private static final class Schedules extends ValueType<List<Schedule>> {
        Schedules() {
            super(List.class, "calls");
        }

        @Override
        List<Schedule> check(String name, List<Schedule> value, Range range) {
            List<Schedule> schedules = List.copyOf(value);
            if (schedules.isEmpty()) {
                throw new IllegalArgumentException(name + " must have at least 1 entry, but had none");
            }
            return schedules;
        }

        @Override
        List<Schedule> read(PythonCall.Arguments arguments, String name) {
            return Members.schedules(arguments, name);
        }

        @Override
        String python(List<Schedule> value) {
            return value.toString();
        }

        @Override
        String java(List<Schedule> value, boolean single, Function<Class<?>, String> names) {
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
        List<Schedule> forGroup(String name, List<Schedule> value, int group, int groups) {
            return value.stream().map(each -> each.forGroup(group, groups)).toList();
        }
    }

    /** A part of a composed plateau, which is only written. */
    private static final class Member extends ValueType<Policy> {
        Member(Class<?> type) {
            super(type, "call");
        }

        @Override
        Policy read(PythonCall.Arguments arguments, String name) {
            throw new IllegalStateException("only a list of schedules is read");
        }

        @Override
        String python(Policy value) {
            return value.toString();
        }

        @Override
        String java(Policy value, boolean single, Function<Class<?>, String> names) {
            return value.java(names);
        }
    }
}
