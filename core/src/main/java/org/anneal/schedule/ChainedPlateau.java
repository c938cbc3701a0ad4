package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Multiplies a schedule's rates by a factor that falls when a metric stops improving.
 *
 * <p>PyTorch has no equivalent: it refuses {@code ChainedScheduler([CosineAnnealingLR(T_max=90), ReduceLROnPlateau()])}.
 *
 * @param schedule gives the unscaled rate
 * @param plateau gives the factor
 */
public record ChainedPlateau(
        @Param Schedule schedule, @Param MetricDriven plateau) implements ComposedPlateau {

    private static final Kind<ChainedPlateau> KIND = Kind.of(ChainedPlateau.class, "a plateau on a schedule");

    /** A chain of one schedule counts as that schedule. */
    public ChainedPlateau {
        Objects.requireNonNull(schedule, "schedule");
        Objects.requireNonNull(plateau, "plateau");
        while (schedule instanceof ChainedScheduler chain && chain.schedules().size() == 1) {
            schedule = chain.schedules().get(0);
        }
    }

    @Override
    public Kind<ChainedPlateau> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        List<Policy> members = new ArrayList<>(ChainedScheduler.of(schedule).schedules());
        members.add(plateau);
        return members.stream().map(Policy::toString).collect(Collectors.joining(", ", "ChainedScheduler([", "])"));
    }
}
