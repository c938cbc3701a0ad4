package org.anneal.optim;

import java.util.List;

/** What {@link LRScheduler} needs from an optimizer, ours or another library's: its groups, and its number of steps. */
@FunctionalInterface
public interface Schedulable {
    /**
     * {@return the groups, at least one, always the same objects in the same order} A group that is added later comes last and
     * must {@linkplain LRScheduler#join join}.
     */
    List<? extends RateGroup> groups();

    /**
     * {@return the number of steps made, or a negative number if the optimizer does not count them} Without a count, a runner
     * cannot warn that it is stepped before the optimizer, and refuses {@link LRScheduler#stepAfterUpdate}.
     */
    default long steps() {
        return -1;
    }
}
