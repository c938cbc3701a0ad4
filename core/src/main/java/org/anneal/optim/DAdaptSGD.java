package org.anneal.optim;

import java.util.List;
import java.util.Optional;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * D-Adapted SGD: SGD that estimates its own rate {@code d}, a lower bound of how far the start is from the solution. It is the same
 * for all groups, and {@code lr} is a factor on it, for a schedule; leave its base at 1.
 *
 * <pre>{@code
 *   G = norm of all gradients of the first step
 *   w = d * lr / G
 *   g = grad + weightDecay * p
 *   n = n + sum of w * g * s                 over all parameters
 *   s = s + w * g
 *   d = max(d, min(2 * n / norm(s), growthRate * d))         the norm is over all parameters
 *   z = x0 - s                               x0 is where p started
 *   p = momentum * p + (1 - momentum) * z
 * }</pre>
 *
 * <p>All options but the rate are those of the first group. A group at rate 0 stays as it is, and a step in which all rates or all
 * gradients are 0 changes nothing. The groups must have the same rate, or 0.
 *
 * <p>Python: {@code DAdaptSGD(params, lr, momentum, weight_decay, d0, growth_rate)} of the package dadaptation, version 3. Source:
 * Defazio and Mishchenko, Learning-Rate-Free Learning by D-Adaptation, arXiv 2301.07733; the estimate from {@code n} is the
 * package's.
 *
 * @param lr factor on the estimated rate, finite and at least 0
 * @param momentum dimensionless, at least 0 and less than 1
 * @param weightDecay finite and at least 0
 * @param d0 first estimate, finite and greater than 0
 * @param growthRate most by which the estimate grows in a step, at least 1; infinite for no limit
 */
public record DAdaptSGD(
        @Param(or = "1.0", always = true, atLeast = 0) double lr,
        @Param(or = "0.0", atLeast = 0, below = 1) double momentum,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "1e-6", above = 0) double d0,

        @Param(or = "float('inf')", atLeast = 1, orInfinite = true)
        double growthRate)
        implements UpdateRule {

    static final Kind<DAdaptSGD> KIND = Kind.of(DAdaptSGD.class, "is SGD that estimates its own rate")
            .inPackage("dadaptation")
            .drops("weight_decay", "log_every")
            .drops("growth_rate", "fsdp_in_use");

    private static final List<Slot> SLOTS =
            List.of(Slot.copyOf("z", Slot.Shape.PARAMETER), new Slot("s"), Slot.copyOf("x0", Slot.Shape.PARAMETER));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public DAdaptSGD {
        lr = KIND.check("lr", lr);
        momentum = KIND.check("momentum", momentum);
        weightDecay = KIND.check("weight_decay", weightDecay);
        d0 = KIND.check("d0", d0);
        growthRate = KIND.check("growth_rate", growthRate);
    }

    /** The authors' defaults: no momentum, no weight decay, d0 1e-6. Their default rate is 1. */
    public DAdaptSGD(double lr) {
        this(lr, KIND.absent("momentum"), KIND.absent("weight_decay"), KIND.absent("d0"), KIND.absent("growth_rate"));
    }

    @Override
    public DAdaptSGD withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    @Override
    public DAdaptSGD withMomentum(double momentum) {
        return KIND.with(this, "momentum", momentum);
    }

    public DAdaptSGD withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public DAdaptSGD withD0(double d0) {
        return KIND.with(this, "d0", d0);
    }

    public DAdaptSGD withGrowthRate(double growthRate) {
        return KIND.with(this, "growth_rate", growthRate);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public List<GroupSlot> groupSlots() {
        return List.of(
                new GroupSlot("k", 0L),
                new GroupSlot("numerator_weighted", 0.0),
                new GroupSlot("d", d0),
                new GroupSlot("g0_norm", Optional.empty()),
                new GroupSlot("log_every", 0L, true),
                new GroupSlot("fsdp_in_use", false, true));
    }

    @Override
    public void checkRates(List<Double> lrs) {
        DAdaptation.checkRates("DAdaptSGD", lrs);
    }

    @Override
    public <T> void applyToAll(List<GroupStep<T>> groups) {
        GroupStep<T> first = groups.get(0);
        Vectors<T> vectors = first.vectors();
        List<GroupStep<T>> moving =
                groups.stream().filter(group -> group.lr() > 0).toList();
        double d = first.number("d");
        double k = first.number("k");
        double norm = k == 0 ? norm(vectors, moving) : first.number("g0_norm");
        double step = d * DAdaptation.lr(groups) / norm;
        double[] sums = {first.number("numerator_weighted"), 0}; // the second is of the squares of s
        if (step == 0 || norm == 0) {
            return;
        }
        for (GroupStep<T> group : moving) {
            group.forEach(1, (param, grad, slots, spares) -> {
                T g = Batch.effectiveGrad(vectors, grad, param, false, weightDecay, spares.get(0));
                T s = slots.get(1);
                sums[0] += step * vectors.dot(g, s);
                vectors.add(s, g, step);
                sums[1] += vectors.dot(s, s);
            });
        }
        if (sums[1] == 0) {
            return;
        }
        double estimate = 2 * sums[0] / Math.sqrt(sums[1]);
        double next = Math.max(d, Math.min(estimate, d * growthRate));
        double share = 1 - momentum;
        for (GroupStep<T> group : groups) {
            group.set("numerator_weighted", sums[0]);
            group.set("d", next);
            group.set("g0_norm", norm);
            group.set("k", k + 1);
            group.forEach(0, (param, grad, slots, spares) -> {
                T z = slots.get(0);
                vectors.copy(slots.get(2), z);
                vectors.add(z, slots.get(1), -1);
                vectors.scale(param, 1 - share);
                vectors.add(param, z, share);
            });
        }
    }

    private static <T> double norm(Vectors<T> vectors, List<GroupStep<T>> groups) {
        double[] squares = new double[1];
        groups.stream()
                .flatMap(group -> group.batches().stream())
                .flatMap(batch -> batch.grads().stream())
                .forEach(grad -> squares[0] += vectors.dot(grad, grad));
        return Math.sqrt(squares[0]);
    }

    @Override
    public Kind<DAdaptSGD> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
