package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Operations on immutable lists. */
final class Lists {

    private Lists() {}

    static <T> List<T> append(List<? extends T> list, T last) {
        List<T> longer = new ArrayList<>(list);
        longer.add(last);
        return List.copyOf(longer);
    }

    /** {@return whether the test holds for any entry} Without a stream or an iterator, because it is called at every step. */
    static <T> boolean any(List<T> list, Predicate<T> test) {
        for (int i = 0; i < list.size(); i++) {
            if (test.test(list.get(i))) {
                return true;
            }
        }
        return false;
    }

    /** {@return how many entries of a sorted list are at most {@code value}} */
    static int countUpTo(long value, List<Long> sorted) {
        int low = 0;
        int high = sorted.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted.get(middle) <= value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
