package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;

/** Lists that are never changed. */
final class Lists {

    private Lists() {}

    static <T> List<T> append(List<? extends T> list, T last) {
        List<T> longer = new ArrayList<>(list);
        longer.add(last);
        return List.copyOf(longer);
    }
}
