package org.anneal.optim;

import java.io.Serial;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Prodigy: Adam that estimates its own rate {@code d}, from how far the parameters are from where they started. It is the same for
 * all groups, and {@code lr} is a factor on it, for a schedule; leave its base at 1.
 *
 * <pre>{@code
 *   s = d * lr                               times sqrt(1 - beta2^t) / (1 - beta1^t) with useBiasCorrection
 *   g = grad                                 grad + weightDecay * p without decouple
 *   n = beta3 * n + sum of d / d0 * s * g * (p0 - p)         over all parameters; p0 is where p started
 *   a = beta3 * a + d / d0 * s * g                           d in place of s with safeguardWarmup
 *   e = dCoef * n / (sum of abs(a))                          over all parameters
 *   m = beta1 * m + (1 - beta1) * d * g
 *   v = beta2 * v + (1 - beta2) * d * d * g * g
 *   d = min(D, growthRate * max(d, e if d is d0))            D is the largest e so far, or d0
 *   p = p - s * weightDecay * p                              with decouple
 *   p = p - s * m / (sqrt(v) + d * eps)      s is the one from above, d the new one; t = 1, 2, ...
 * }</pre>
 *
 * <p>{@code beta3} is {@code sqrt(beta2)} if it is empty. Betas, {@code beta3}, {@code dCoef}, {@code growthRate}, {@code decouple} and
 * {@code useBiasCorrection} are those of the first group. If {@code beta1} is 0, {@code m} is the new {@code d} times {@code g}. The parameters of a group at rate 0 only decay. A step in which every
 * {@code a} is 0 changes nothing. The groups must have the same rate, or 0.
 *
 * <p>Python: {@code Prodigy(params, lr, betas, beta3, eps, weight_decay, decouple, use_bias_correction, safeguard_warmup, d0, d_coef,
 * growth_rate)} of the package prodigyopt, with {@code slice_p} 1. Source: Mishchenko and Defazio, Prodigy, arXiv 2306.06101.
 *
 * @param lr factor on the estimated rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param beta3 decay of the estimate's sums, at least 0 and less than 1; if empty, the root of {@code beta2}
 * @param eps added to the denominator, finite and greater than 0
 * @param weightDecay finite and at least 0
 * @param decouple decay the parameter itself, as AdamW does
 * @param useBiasCorrection correct the means for their start at 0
 * @param safeguardWarmup leave the rate out of the estimate's denominator, for a long warmup
 * @param d0 first estimate, finite and greater than 0
 * @param dCoef factor on the estimate, finite and greater than 0
 * @param growthRate most by which the estimate grows in a step, at least 1; infinite for no limit
 */
public record Prodigy(
        @Param(or = "1.0", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "None", atLeast = 0, below = 1) OptionalDouble beta3,
        @Param(or = "1e-8", above = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "True") boolean decouple,
        @Param(or = "False") boolean useBiasCorrection,
        @Param(or = "False") boolean safeguardWarmup,
        @Param(or = "1e-6", above = 0) double d0,
        @Param(or = "1.0", above = 0) double dCoef,

        @Param(or = "float('inf')", atLeast = 1, orInfinite = true)
        double growthRate)
        implements UpdateRule {

    static final Kind<Prodigy> KIND = Kind.of(Prodigy.class, "is Adam that estimates its own rate")
            .inPackage("prodigyopt")
            .drops("growth_rate", "fsdp_in_use");

    private static final List<Slot> SLOTS =
            List.of(new Slot("s", Slot.Shape.FLAT, 0), Slot.copyOf("p0", Slot.Shape.FLAT), new Slot("exp_avg_sq"));
    private static final List<Slot> WITH_MEAN = List.of(SLOTS.get(0), SLOTS.get(1), new Slot("exp_avg"), SLOTS.get(2));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Prodigy {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        beta3 = KIND.check("beta3", beta3);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
        d0 = KIND.check("d0", d0);
        dCoef = KIND.check("d_coef", dCoef);
        growthRate = KIND.check("growth_rate", growthRate);
    }

    /** The authors' defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay, decoupled, d0 1e-6. Their default rate is 1. */
    public Prodigy(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("beta3"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("decouple"),
                KIND.absent("use_bias_correction"),
                KIND.absent("safeguard_warmup"),
                KIND.absent("d0"),
                KIND.absent("d_coef"),
                KIND.absent("growth_rate"));
    }

    @Override
    public Prodigy withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public Prodigy withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public Prodigy withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public Prodigy withBeta3(double beta3) {
        return KIND.with(this, "beta3", OptionalDouble.of(beta3));
    }

    public Prodigy withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Prodigy withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Prodigy withDecouple(boolean decouple) {
        return KIND.with(this, "decouple", decouple);
    }

    public Prodigy withUseBiasCorrection(boolean useBiasCorrection) {
        return KIND.with(this, "use_bias_correction", useBiasCorrection);
    }

    public Prodigy withSafeguardWarmup(boolean safeguardWarmup) {
        return KIND.with(this, "safeguard_warmup", safeguardWarmup);
    }

    public Prodigy withD0(double d0) {
        return KIND.with(this, "d0", d0);
    }

    public Prodigy withDCoef(double dCoef) {
        return KIND.with(this, "d_coef", dCoef);
    }

    public Prodigy withGrowthRate(double growthRate) {
        return KIND.with(this, "growth_rate", growthRate);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return beta1 == 0 ? SLOTS : WITH_MEAN;
    }

    @Override
    public boolean countsSteps() {
        return true;
    }

    @Override
    public List<GroupSlot> groupSlots() {
        return List.of(
                new GroupSlot("d", d0),
                new GroupSlot("d_max", d0),
                new GroupSlot("d_numerator", 0.0),
                new GroupSlot("k", 0L),
                new GroupSlot("d_denom", Optional.empty()),
                new GroupSlot("d_hat", Optional.empty()),
                new GroupSlot("fsdp_in_use", false, true),
                new GroupSlot("slice_p", 1L, true));
    }

    @Override
    public void checkRates(List<Double> lrs) {
        DAdaptation.checkRates("Prodigy", lrs);
    }

    @Override
    public <T> void applyToAll(List<GroupStep<T>> groups) {
        GroupStep<T> first = groups.get(0);
        double root = beta3.orElse(Math.sqrt(beta2));
        double d = first.number("d");
        double step = d * DAdaptation.lr(groups);
        if (useBiasCorrection) {
            step *= DAdaptation.biasCorrection(beta1, beta2, first.number("k") + 1);
        }
        double[] sums = {root * first.number("d_numerator"), 0}; // the numerator and the denominator of the estimate
        for (GroupStep<T> group : groups) {
            if (group.lr() > 0) {
                ((Prodigy) group.rule()).measure(this, group, d, step, root, sums);
            }
        }
        if (sums[1] == 0) {
            return;
        }
        double estimate = dCoef * sums[0] / sums[1];
        double most = Math.max(first.number("d_max"), estimate);
        double largest = d == ((Prodigy) groups.get(groups.size() - 1).rule()).d0 ? Math.max(d, estimate) : d;
        double next = Math.min(most, largest * growthRate);
        for (GroupStep<T> group : groups) {
            group.set("d_numerator", sums[0]);
            group.set("d_denom", sums[1]);
            group.set("d", next);
            group.set("d_max", most);
            group.set("d_hat", estimate);
            ((Prodigy) group.rule()).move(this, group, next, step);
            group.set("k", group.number("k") + 1);
        }
    }

    /** Updates the means of a group and adds its part to {@code sums}. */
    private <T> void measure(Prodigy first, GroupStep<T> group, double d, double step, double root, double[] sums) {
        Vectors<T> vectors = group.vectors();
        group.forEach(2, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, false, first.decouple ? 0 : weightDecay, spares.get(0));
            T whole = spares.get(1); // of the parameter's shape, which the slots s and p0 do not have
            vectors.scatter(slots.get(1), List.of(whole));
            vectors.add(whole, param, -1);
            sums[0] += d / d0 * step * vectors.dot(g, whole);
            if (beta1 != 0) {
                T mean = slots.get(2);
                vectors.scale(mean, first.beta1);
                vectors.add(mean, g, d * (1 - first.beta1));
            }
            T square = slots.get(slots.size() - 1);
            vectors.scale(square, first.beta2);
            vectors.addcmul(square, g, g, d * d * (1 - first.beta2));
            vectors.scatter(slots.get(0), List.of(whole));
            vectors.scale(whole, root);
            vectors.add(whole, g, d / d0 * (safeguardWarmup ? d : step));
            sums[1] += vectors.sumAbs(whole);
            vectors.gather(List.of(whole), slots.get(0));
        });
    }

    private <T> void move(Prodigy first, GroupStep<T> group, double d, double step) {
        Vectors<T> vectors = group.vectors();
        group.forEach(2, (param, grad, slots, spares) -> {
            T root = spares.get(0);
            vectors.copy(slots.get(slots.size() - 1), root);
            vectors.sqrt(root);
            vectors.add(root, d * eps);
            T mean = beta1 == 0
                    ? Batch.effectiveGrad(vectors, grad, param, false, first.decouple ? 0 : weightDecay, spares.get(1))
                    : slots.get(2);
            if (first.decouple && weightDecay != 0) {
                vectors.add(param, param, -weightDecay * step);
            }
            vectors.addcdiv(param, mean, root, beta1 == 0 ? -step * d : -step);
        });
    }

    @Override
    public Kind<Prodigy> kind() {
        return KIND;
    }

    @Serial
    private Object writeReplace() {
        return UpdateRule.serialized(this);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
