package org.anneal.text;

import java.io.Serial;
import java.io.Serializable;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.function.ToDoubleBiFunction;

/** Values given once for all param groups, or once per group. */
public final class PerGroup {

    private PerGroup() {}

    /** A list per group for exactly one group. Any other list of one entry is for all groups. */
    private static final class OfOneGroup<T> extends AbstractList<T> implements RandomAccess, Serializable {
        @Serial
        private static final long serialVersionUID = 1;

        @SuppressWarnings("serial") // a number or a lambda, which are serializable
        private final T value;

        OfOneGroup(T value) {
            this.value = value;
        }

        @Override
        public T get(int index) {
            return List.of(value).get(index);
        }

        @Override
        public int size() {
            return 1;
        }
    }

    /** Returns {@code values} as a list per group, even if there is only one: so are Python's lists. */
    static <T> List<T> list(List<T> values) {
        return values.size() == 1 ? new OfOneGroup<>(values.get(0)) : values;
    }

    /** Returns a copy of the values of {@code argument}, each checked by {@code rule}. */
    static List<Double> checked(String argument, List<Double> values, ToDoubleBiFunction<String, Double> rule) {
        List<Double> checked = Check.list(argument, values).stream()
                .map(value -> rule.applyAsDouble(argument, value))
                .toList();
        return copy(argument, values instanceof OfOneGroup ? list(checked) : checked);
    }

    /** Returns a copy of the values of {@code argument}. */
    public static <T> List<T> copy(String argument, List<T> values) {
        List<T> given = Check.some(argument, Check.list(argument, values));
        return values instanceof OfOneGroup ? values : given;
    }

    /** Returns the value of a schedule for one group, or the value for all groups. */
    public static <T> T only(String argument, List<T> values) {
        if (values.size() > 1) {
            throw new IllegalStateException(
                    "there are " + values.size() + " values of " + argument + ", one per group: call forGroup first");
        }
        return values.get(0);
    }

    /**
     * Returns the value of {@code group}, as a list.
     *
     * @throws IllegalArgumentException if there is neither one value for all groups nor one per group
     */
    public static <T> List<T> forGroup(String argument, List<T> values, int group, int groups) {
        Check.group(group, groups);
        if (isForAll(values)) {
            return values;
        } else if (values.size() == groups) {
            return List.of(values.get(group));
        }
        throw new IllegalArgumentException(argument + " must have "
                + (values.size() == 1 ? groups + " entries" : "1 entry for all groups or " + groups)
                + ", one per group, but had " + values.size());
    }

    /** Returns whether the value is for all groups, however many there are. */
    public static boolean isForAll(List<?> values) {
        return values.size() == 1 && !(values instanceof OfOneGroup);
    }

    static String print(List<Double> values) {
        return isForAll(values) ? Python.repr(values.get(0)) : Python.repr(values);
    }
}
