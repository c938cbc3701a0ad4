package org.anneal.schedule;

import java.util.List;
import java.util.function.ToDoubleBiFunction;

/** Values of which a schedule has one for all groups, or one per group. */
final class PerGroup {

    private PerGroup() {}

    /** Returns a copy of the values of {@code argument}, each checked by {@code rule}. */
    static List<Double> checked(String argument, List<Double> values, ToDoubleBiFunction<String, Double> rule) {
        List<Double> given = Check.list(argument, values);
        if (given.isEmpty()) {
            throw new IllegalArgumentException(argument + " must have at least 1 entry, but had none");
        }
        return given.stream().map(value -> rule.applyAsDouble(argument, value)).toList();
    }

    /** Returns the value of a schedule that is bound to a group, or has one for all of them. */
    static double only(String argument, List<Double> values) {
        if (values.size() > 1) {
            throw new IllegalStateException(
                    "there are " + values.size() + " values of " + argument + ", one per group: call forGroup first");
        }
        return values.get(0);
    }

    /** Returns the values of {@code group} alone. */
    static List<Double> forGroup(String argument, List<Double> values, int group, int groups) {
        Check.group(group, groups, argument, values.size());
        return values.size() == 1 ? values : List.of(values.get(group));
    }

    static String print(List<Double> values) {
        return values.size() == 1 ? Python.repr(values.get(0)) : Python.repr(values);
    }
}
