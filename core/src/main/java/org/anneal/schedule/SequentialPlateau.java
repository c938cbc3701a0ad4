package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Runs schedules one after another, such as a warmup, and from the last milestone on holds the base times a factor that
 * falls when a metric stops improving. Metrics before that milestone are ignored.
 *
 * <p>PyTorch has no equivalent: it refuses {@code SequentialLR([LinearLR(), ReduceLROnPlateau()], milestones=[5])}.
 *
 * @param schedules the pieces before the plateau, in order, at least 1
 * @param plateau runs from the last milestone on
 * @param milestones the steps at which the second and each further schedule, and finally the plateau, take over, strictly
 *     increasing, the first at least 0; one per schedule
 */
public record SequentialPlateau(
        @Param(name = "schedulers") List<Schedule> schedules,
        @Param MetricDriven plateau,
        @Param(unit = Param.Unit.STEPS) List<Long> milestones)
        implements ComposedPlateau {

    private static final Kind<SequentialPlateau> KIND = Kind.of(SequentialPlateau.class, "a plateau after schedules");

    // Takes over with the base, and keeps a rate edited by hand.
    private static final Schedule HOLD = new ExponentialLR(1.0);

    /** @throws IllegalArgumentException if the counts do not fit, or the milestones are negative or do not increase */
    public SequentialPlateau {
        schedules = Check.list("schedules", schedules);
        milestones = Check.list("milestones", milestones);
        Objects.requireNonNull(plateau, "plateau");
        if (schedules.isEmpty()) {
            throw new IllegalArgumentException("schedulers must have at least 1 entry before a plateau, but had none");
        }
        SequentialLR.checkPieces(schedules.size() + 1, milestones);
    }

    /** {@return the schedules, then the base from the last milestone on} */
    @Override
    public SequentialLR schedule() {
        return new SequentialLR(Lists.append(schedules, HOLD), milestones);
    }

    @Override
    public long firstMetric() {
        return milestones.get(milestones.size() - 1);
    }

    @Override
    public Kind<SequentialPlateau> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        List<Policy> members = new ArrayList<>(schedules);
        members.add(plateau);
        return "SequentialLR(" + members + ", milestones=" + milestones + ")";
    }
}
