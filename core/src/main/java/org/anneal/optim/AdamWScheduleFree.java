package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Schedule-Free AdamW: as {@link SGDScheduleFree}, with each gradient divided by the root of its mean square. It needs no
 * schedule but a warmup.
 *
 * <pre>{@code
 *   v = beta2 * v + (1 - beta2) * grad * grad
 *   g = grad / (sqrt(v / (1 - beta2^t)) + eps) + weightDecay * y
 *   z = z - s * g
 *   x = (1 - c) * x + c * z
 *   y = beta1 * x + (1 - beta1) * z          s, c and t as in SGDScheduleFree
 * }</pre>
 *
 * <p>The parameters hold {@code y}, at which the gradient is due. {@link Optimizer#eval} turns them into {@code x}, the weights to
 * evaluate and to save, and {@link Optimizer#train} turns them back.
 *
 * <p>Python: {@code AdamWScheduleFree(params, lr, betas, eps, weight_decay, warmup_steps, r, weight_lr_power)} of the package
 * schedulefree. Source: Defazio et al., The Road Less Scheduled, arXiv 2405.15682; the bias correction is the package's from
 * version 1.3 on.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 share of the average in the weights that are trained, greater than 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param warmupSteps steps over which the rate rises in a line, at least 0
 * @param r power of the step in the weights of the average, finite
 * @param weightLrPower power of the largest rate in the weights of the average, finite and at least 0
 */
public record AdamWScheduleFree(
        @Param(or = "0.0025", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", above = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "0", atLeast = 0) long warmupSteps,
        @Param(or = "0.0") double r,
        @Param(or = "2.0", atLeast = 0) double weightLrPower)
        implements UpdateRule {

    static final Kind<AdamWScheduleFree> KIND = Kind.of(
                    AdamWScheduleFree.class, "is AdamW whose average is evaluated, without a schedule")
            .inPackage("schedulefree")
            .drops("weight_lr_power", "foreach");

    private static final List<Slot> SLOTS = List.of(Slot.copyOf("z", Slot.Shape.PARAMETER), new Slot("exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public AdamWScheduleFree {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
        warmupSteps = KIND.check("warmup_steps", warmupSteps);
        r = KIND.check("r", r);
        weightLrPower = KIND.check("weight_lr_power", weightLrPower);
    }

    /** The authors' defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay, no warmup. Their default rate is 0.0025. */
    public AdamWScheduleFree(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("warmup_steps"),
                KIND.absent("r"),
                KIND.absent("weight_lr_power"));
    }

    @Override
    public AdamWScheduleFree withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public AdamWScheduleFree withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public AdamWScheduleFree withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public AdamWScheduleFree withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public AdamWScheduleFree withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public AdamWScheduleFree withWarmupSteps(long warmupSteps) {
        return KIND.with(this, "warmup_steps", warmupSteps);
    }

    public AdamWScheduleFree withR(double r) {
        return KIND.with(this, "r", r);
    }

    public AdamWScheduleFree withWeightLrPower(double weightLrPower) {
        return KIND.with(this, "weight_lr_power", weightLrPower);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public List<GroupSlot> groupSlots() {
        return ScheduleFree.NUMBERS;
    }

    @Override
    public <T> void applyToGroup(GroupStep<T> group) {
        Vectors<T> vectors = group.vectors();
        ScheduleFree step = ScheduleFree.next(group, warmupSteps, r, weightLrPower);
        double correction = 1 - Math.pow(beta2, group.number("k"));
        group.forEach(2, (y, grad, slots, spares) -> {
            T square = slots.get(1);
            vectors.scale(square, beta2);
            vectors.addcmul(square, grad, grad, 1 - beta2);
            T root = spares.get(0);
            vectors.copy(square, root);
            vectors.scale(root, 1 / correction);
            vectors.sqrt(root);
            vectors.add(root, eps);
            T g = spares.get(1);
            vectors.copy(grad, g);
            vectors.div(g, root);
            if (weightDecay != 0) {
                vectors.add(g, y, weightDecay);
            }
            step.move(vectors, y, slots.get(0), g, beta1);
        });
    }

    @Override
    public boolean hasEvalWeights() {
        return true;
    }

    @Override
    public <T> void toEval(Vectors<T> vectors, T param, List<T> slots) {
        ScheduleFree.toEval(vectors, param, slots.get(0), beta1);
    }

    @Override
    public <T> void toTrain(Vectors<T> vectors, T param, List<T> slots) {
        ScheduleFree.toTrain(vectors, param, slots.get(0), beta1);
    }

    @Override
    public Kind<AdamWScheduleFree> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
