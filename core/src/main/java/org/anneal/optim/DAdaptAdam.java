package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * D-Adapted Adam: Adam that estimates its own rate {@code d}, a lower bound of how far the start is from the solution. It is the
 * same for all groups, and {@code lr} is a factor on it, for a schedule; leave its base at 1.
 *
 * <pre>{@code
 *   w = d * lr                               times sqrt(1 - beta2^t) / (1 - beta1^t) with useBiasCorrection
 *   b = sqrt(beta2)
 *   g = grad                                 grad + weightDecay * p without decouple
 *   n = b * n + (1 - b) * sum of w * g * s / (sqrt(v) + eps)      over all parameters
 *   m = beta1 * m + (1 - beta1) * w * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   s = b * s + (1 - b) * w * g
 *   d = max(d, min(n / ((1 - b) * sum of abs(s)), growthRate * d))
 *   p = p - w * weightDecay * p              with decouple
 *   p = p - m / (sqrt(v) + eps)              t = 1, 2, ...
 * }</pre>
 *
 * <p>Betas, {@code growthRate}, {@code decouple} and {@code useBiasCorrection} are those of the first group. A group at rate 0 only
 * decays and moves on by its mean. A step in which every {@code s} is 0 changes nothing else. The groups must have the same rate, or
 * 0.
 *
 * <p>Python: {@code DAdaptAdam(params, lr, betas, eps, weight_decay, decouple, use_bias_correction, d0, growth_rate)} of the package
 * dadaptation, version 3. Source: Defazio and Mishchenko, Learning-Rate-Free Learning by D-Adaptation, arXiv 2301.07733; the
 * estimate from {@code n} is the package's.
 *
 * @param lr factor on the estimated rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and greater than 0
 * @param weightDecay finite and at least 0
 * @param decouple decay the parameter itself, as AdamW does
 * @param useBiasCorrection correct the means for their start at 0
 * @param d0 first estimate, finite and greater than 0
 * @param growthRate most by which the estimate grows in a step, at least 1; infinite for no limit
 */
public record DAdaptAdam(
        @Param(or = "1.0", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", above = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean decouple,
        @Param(or = "False") boolean useBiasCorrection,
        @Param(or = "1e-6", above = 0) double d0,

        @Param(or = "float('inf')", atLeast = 1, orInfinite = true)
        double growthRate)
        implements UpdateRule {

    static final Kind<DAdaptAdam> KIND = Kind.of(DAdaptAdam.class, "is Adam that estimates its own rate as a bound")
            .inPackage("dadaptation")
            .drops("weight_decay", "log_every")
            .drops("growth_rate", "fsdp_in_use");

    private static final List<Slot> SLOTS = List.of(new Slot("s"), new Slot("exp_avg"), new Slot("exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public DAdaptAdam {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
        d0 = KIND.check("d0", d0);
        growthRate = KIND.check("growth_rate", growthRate);
    }

    /** The authors' defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay, d0 1e-6. Their default rate is 1. */
    public DAdaptAdam(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("decouple"),
                KIND.absent("use_bias_correction"),
                KIND.absent("d0"),
                KIND.absent("growth_rate"));
    }

    @Override
    public DAdaptAdam withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public DAdaptAdam withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public DAdaptAdam withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public DAdaptAdam withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public DAdaptAdam withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public DAdaptAdam withDecouple(boolean decouple) {
        return KIND.with(this, "decouple", decouple);
    }

    public DAdaptAdam withUseBiasCorrection(boolean useBiasCorrection) {
        return KIND.with(this, "use_bias_correction", useBiasCorrection);
    }

    public DAdaptAdam withD0(double d0) {
        return KIND.with(this, "d0", d0);
    }

    public DAdaptAdam withGrowthRate(double growthRate) {
        return KIND.with(this, "growth_rate", growthRate);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public boolean countsSteps() {
        return true;
    }

    @Override
    public List<GroupSlot> groupSlots() {
        return List.of(
                new GroupSlot("d", d0),
                new GroupSlot("k", 0L),
                new GroupSlot("numerator_weighted", 0.0),
                new GroupSlot("log_every", 0L, true),
                new GroupSlot("fsdp_in_use", false, true));
    }

    @Override
    public void checkRates(List<Double> lrs) {
        DAdaptation.checkRates("DAdaptAdam", lrs);
    }

    @Override
    public <T> void applyToAll(List<GroupStep<T>> groups) {
        GroupStep<T> first = groups.get(0);
        double d = first.number("d");
        double correction = useBiasCorrection ? DAdaptation.biasCorrection(beta1, beta2, first.number("k") + 1) : 1;
        double step = d * DAdaptation.lr(groups) * correction;
        double root = Math.sqrt(beta2);
        double[] sums = new double[2]; // of g * s / sqrt(v), and of abs(s)
        for (GroupStep<T> group : groups) {
            if (group.lr() > 0) {
                ((DAdaptAdam) group.rule()).measure(this, group, step, root, sums);
            }
        }
        if (sums[1] == 0) {
            return;
        }
        double numerator = root * first.number("numerator_weighted") + (1 - root) * sums[0];
        double estimate = numerator / ((1 - root) * sums[1]);
        double next = Math.max(d, Math.min(estimate, d * growthRate));
        for (GroupStep<T> group : groups) {
            group.set("numerator_weighted", numerator);
            group.set("d", next);
            ((DAdaptAdam) group.rule()).move(group, decouple ? step : 0);
            group.set("k", group.number("k") + 1);
        }
    }

    /** Updates the means of a group and adds its part to {@code sums}. */
    private <T> void measure(DAdaptAdam first, GroupStep<T> group, double step, double root, double[] sums) {
        Vectors<T> vectors = group.vectors();
        group.forEach(3, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, false, first.decouple ? 0 : weightDecay, spares.get(0));
            T s = slots.get(0);
            T square = slots.get(2);
            T quotient = spares.get(1); // zeros
            vectors.addcdiv(quotient, s, root(vectors, square, spares.get(2)), 1);
            sums[0] += step * vectors.dot(g, quotient);
            T mean = slots.get(1);
            vectors.scale(mean, first.beta1);
            vectors.add(mean, g, step * (1 - first.beta1));
            vectors.scale(square, first.beta2);
            vectors.addcmul(square, g, g, 1 - first.beta2);
            vectors.scale(s, root);
            vectors.add(s, g, step * (1 - root));
            sums[1] += vectors.sumAbs(s);
        });
    }

    private <T> void move(GroupStep<T> group, double decayStep) {
        Vectors<T> vectors = group.vectors();
        group.forEach(1, (param, grad, slots, spares) -> {
            vectors.scale(param, 1 - decayStep * weightDecay);
            vectors.addcdiv(param, slots.get(1), root(vectors, slots.get(2), spares.get(0)), -1);
        });
    }

    /** Sets {@code to} to the root of {@code square}, plus eps. */
    private <T> T root(Vectors<T> vectors, T square, T to) {
        vectors.copy(square, to);
        vectors.sqrt(to);
        vectors.add(to, eps);
        return to;
    }

    @Override
    public Kind<DAdaptAdam> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
