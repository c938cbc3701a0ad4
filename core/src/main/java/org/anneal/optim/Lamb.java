package org.anneal.optim;

import java.io.Serial;
import java.util.List;
import java.util.OptionalDouble;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * LAMB: Adam whose step of each parameter is as long as the parameter itself times the rate, for large batches.
 *
 * <pre>{@code
 *   g = grad / max(1, G / maxGradNorm)       G is the norm of all gradients of all groups
 *   m = beta1 * m + beta3 * g                beta3 = 1 - beta1, or 1 without gradAveraging
 *   v = beta2 * v + (1 - beta2) * g * g
 *   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)      without biasCorrection, both divisors are 1
 *   u = u + weightDecay * p                  or, with decoupledDecay, p = p - lr * weightDecay * p
 *   p = p - lr * norm(p) / norm(u) * u       t = 1, 2, ...
 * }</pre>
 *
 * <p>The ratio of the norms is 1 if one of them is 0, at most 1 with {@code trustClip}, and 1 without weight decay unless
 * {@code alwaysAdapt}. {@code t} counts the steps of the group. {@code maxGradNorm} is that of the first group; None clips nothing.
 *
 * <p>Python: {@code Lamb(params, lr, bias_correction, betas, eps, weight_decay, grad_averaging, max_grad_norm, trust_clip,
 * always_adapt, decoupled_decay)} of timm, which follows NVIDIA's FusedLAMB. Source: You et al., Large Batch Optimization for Deep
 * Learning, arXiv 1904.00962, algorithm 2, where the decay is part of the update.
 *
 * @param lr learning rate, finite and at least 0
 * @param biasCorrection correct the means for their start at 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param gradAveraging weigh a new gradient with {@code 1 - beta1}
 * @param maxGradNorm largest norm of all gradients together, greater than 0; if empty, there is no limit
 * @param trustClip let the ratio be 1 at most
 * @param alwaysAdapt use the ratio without weight decay, too
 * @param decoupledDecay decay the parameter itself, as AdamW does
 */
public record Lamb(
        @Param(or = "1e-3", always = true, atLeast = 0) double lr,
        @Param(or = "True") boolean biasCorrection,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-6", atLeast = 0) double eps,
        @Param(or = "0.01", atLeast = 0) double weightDecay,
        @Param(or = "True") boolean gradAveraging,
        @Param(or = "1.0", above = 0) OptionalDouble maxGradNorm,
        @Param(or = "False") boolean trustClip,
        @Param(or = "False") boolean alwaysAdapt,
        @Param(or = "False") boolean decoupledDecay)
        implements UpdateRule {

    static final Kind<Lamb> KIND = Kind.of(Lamb.class, "is Adam with steps as long as the parameters")
            .inPackage("timm.optim")
            .alsoReads("always_adapt", "*");

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"));
    private static final List<GroupSlot> NUMBERS = List.of(new GroupSlot("step", 0L, true));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Lamb {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
        maxGradNorm = KIND.check("max_grad_norm", maxGradNorm);
    }

    /** timm's defaults: betas 0.9 and 0.999, eps 1e-6, weight decay 0.01, gradients clipped to a norm of 1. */
    public Lamb(double lr) {
        this(
                lr,
                KIND.absent("bias_correction"),
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("grad_averaging"),
                KIND.absent("max_grad_norm"),
                KIND.absent("trust_clip"),
                KIND.absent("always_adapt"),
                KIND.absent("decoupled_decay"));
    }

    @Override
    public Lamb withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    public Lamb withBiasCorrection(boolean biasCorrection) {
        return KIND.with(this, "bias_correction", biasCorrection);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public Lamb withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public Lamb withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public Lamb withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Lamb withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Lamb withGradAveraging(boolean gradAveraging) {
        return KIND.with(this, "grad_averaging", gradAveraging);
    }

    public Lamb withMaxGradNorm(double maxGradNorm) {
        return KIND.with(this, "max_grad_norm", OptionalDouble.of(maxGradNorm));
    }

    /** {@return this rule without a limit on the gradients} */
    public Lamb withoutMaxGradNorm() {
        return KIND.with(this, "max_grad_norm", OptionalDouble.empty());
    }

    public Lamb withTrustClip(boolean trustClip) {
        return KIND.with(this, "trust_clip", trustClip);
    }

    public Lamb withAlwaysAdapt(boolean alwaysAdapt) {
        return KIND.with(this, "always_adapt", alwaysAdapt);
    }

    public Lamb withDecoupledDecay(boolean decoupledDecay) {
        return KIND.with(this, "decoupled_decay", decoupledDecay);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public List<GroupSlot> groupSlots() {
        return NUMBERS;
    }

    @Override
    public <T> void applyToAll(List<GroupStep<T>> groups) {
        Vectors<T> vectors = groups.get(0).vectors();
        double clip = 1;
        if (maxGradNorm.isPresent()) {
            List<T> grads = groups.stream()
                    .flatMap(group -> group.batches().stream())
                    .flatMap(batch -> batch.grads().stream())
                    .toList();
            clip = Math.max(1, vectors.norm(grads, 2) / maxGradNorm.getAsDouble());
        }
        for (GroupStep<T> group : groups) {
            ((Lamb) group.rule()).apply(vectors, group, 1 / clip);
        }
    }

    private <T> void apply(Vectors<T> vectors, GroupStep<T> group, double clip) {
        double t = group.number("step") + 1;
        group.set("step", t);
        double correction1 = biasCorrection ? 1 - Math.pow(beta1, t) : 1;
        double correction2 = biasCorrection ? 1 - Math.pow(beta2, t) : 1;
        group.forEach(2, (param, grad, slots, spares) -> {
            T mean = slots.get(0);
            T square = slots.get(1);
            T g = spares.get(0);
            vectors.copy(grad, g);
            vectors.scale(g, clip);
            vectors.scale(mean, beta1);
            vectors.add(mean, g, gradAveraging ? 1 - beta1 : 1);
            vectors.scale(square, beta2);
            vectors.addcmul(square, g, g, 1 - beta2);
            T root = g; // the gradient is no longer needed
            vectors.copy(square, root);
            vectors.sqrt(root);
            vectors.scale(root, 1 / Math.sqrt(correction2));
            vectors.add(root, eps);
            T update = spares.get(1);
            vectors.addcdiv(update, mean, root, 1 / correction1);
            if (decoupledDecay) {
                vectors.scale(param, 1 - group.lr() * weightDecay);
            } else {
                vectors.add(update, param, weightDecay);
            }
            vectors.add(param, update, -group.lr() * ratio(vectors, param, update));
        });
    }

    private <T> double ratio(Vectors<T> vectors, T param, T update) {
        if (weightDecay == 0 && !alwaysAdapt) {
            return 1;
        }
        double size = vectors.norm(List.of(param), 2);
        double length = vectors.norm(List.of(update), 2);
        double ratio = size > 0 && length > 0 ? size / length : 1;
        return trustClip ? Math.min(1, ratio) : ratio;
    }

    @Override
    public Kind<Lamb> kind() {
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
