package org.anneal.optim;

import java.util.List;

/** What a runner needs of an optimizer, ours or another library's: the groups whose rates it sets, and how often it stepped. */
@FunctionalInterface
public interface Schedulable {
    /**
     * {@return the groups, at least one, always the same ones in the same order} One that is added later comes last, and
     * must {@linkplain LRScheduler#join join}.
     */
    List<? extends RateGroup> groups();

    /**
     * {@return how often the optimizer made a step, or a negative number if that is not counted} Then a runner cannot tell
     * that it is stepped before the optimizer, and {@link LRScheduler#stepAfterUpdate} is refused.
     */
    default long steps() {
        return -1;
    }
}
