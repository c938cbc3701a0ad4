package org.anneal.optim;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.text.Check;

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

    /** {@return numbers that are of no group, but that schedules may drive beside the rates, such as a dropout; none by default} */
    default List<? extends RateGroup> numbers() {
        return List.of();
    }

    /**
     * {@return this, with numbers of the caller's own for schedules to drive by their names}
     *
     * <pre>{@code
     *   RateGroup dropout = RateGroup.of("dropout", net::dropout, net::setDropout);
     *   new LRScheduler(optimizer.with(dropout), schedule, Map.of("dropout", new LinearLR(1.0, 0.1, 1000)));
     * }</pre>
     *
     * @param numbers each remembers its base, so create it once and keep it
     */
    default Schedulable with(RateGroup... numbers) {
        List<RateGroup> all = Check.list("numbers", Arrays.asList(Objects.requireNonNull(numbers, "numbers")));
        Schedulable optimizer = this;
        return new Schedulable() {
            @Override
            public List<? extends RateGroup> groups() {
                return optimizer.groups();
            }

            @Override
            public long steps() {
                return optimizer.steps();
            }

            @Override
            public List<? extends RateGroup> numbers() {
                return Stream.concat(optimizer.numbers().stream(), all.stream()).toList();
            }
        };
    }
}
