package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Schedule-Free SGD: steps without momentum, whose weighted average is evaluated; the gradient is taken between the two. It needs
 * no schedule but a warmup.
 *
 * <pre>{@code
 *   s = lr * min(1, t / warmupSteps)         (lr without a warmup)
 *   w = t^r * (the largest s so far)^weightLrPower
 *   c = w / (the sum of all w so far)        (0 if the sum is 0)
 *   g = grad + weightDecay * y
 *   z = z - s * g
 *   x = (1 - c) * x + c * z
 *   y = momentum * x + (1 - momentum) * z    x, y and z start equal; t = 1, 2, ... counts steps of the group
 * }</pre>
 *
 * <p>The parameters hold {@code y}, at which the gradient is due. {@link Optimizer#eval} turns them into {@code x}, the weights to
 * evaluate and to save, and {@link Optimizer#train} turns them back. {@code x} is not kept: {@code y} moves by
 * {@code c * (z - y) + s * (momentum * (1 - c) - 1) * g}, which is the same.
 *
 * <p>Python: {@code SGDScheduleFree(params, lr, momentum, weight_decay, warmup_steps, r, weight_lr_power)} of the package schedulefree.
 * Source: Defazio et al., The Road Less Scheduled, arXiv 2405.15682; the form without {@code x} is the package's.
 *
 * @param lr learning rate, finite and at least 0
 * @param momentum share of the average in the weights that are trained, greater than 0 and less than 1
 * @param weightDecay finite and at least 0
 * @param warmupSteps steps over which the rate rises in a line, at least 0
 * @param r power of the step in the weights of the average, finite
 * @param weightLrPower power of the largest rate in the weights of the average, finite and at least 0
 */
public record SGDScheduleFree(
        @Param(or = "1.0", always = true, atLeast = 0) double lr,
        @Param(or = "0.9", above = 0, below = 1) double momentum,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "0", atLeast = 0) long warmupSteps,
        @Param(or = "0.0") double r,
        @Param(or = "2", atLeast = 0) double weightLrPower)
        implements UpdateRule {

    static final Kind<SGDScheduleFree> KIND = Kind.of(
                    SGDScheduleFree.class, "is SGD whose average is evaluated, without a schedule")
            .inPackage("schedulefree")
            .drops("weight_lr_power", "foreach");

    private static final List<Slot> SLOTS = List.of(Slot.copyOf("z", Slot.Shape.PARAMETER));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public SGDScheduleFree {
        lr = KIND.check("lr", lr);
        momentum = KIND.check("momentum", momentum);
        weightDecay = KIND.check("weight_decay", weightDecay);
        warmupSteps = KIND.check("warmup_steps", warmupSteps);
        r = KIND.check("r", r);
        weightLrPower = KIND.check("weight_lr_power", weightLrPower);
    }

    /** The authors' defaults: momentum 0.9, no weight decay, no warmup. Their default rate is 1. */
    public SGDScheduleFree(double lr) {
        this(
                lr,
                KIND.absent("momentum"),
                KIND.absent("weight_decay"),
                KIND.absent("warmup_steps"),
                KIND.absent("r"),
                KIND.absent("weight_lr_power"));
    }

    @Override
    public SGDScheduleFree withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    @Override
    public SGDScheduleFree withMomentum(double momentum) {
        return KIND.with(this, "momentum", momentum);
    }

    public SGDScheduleFree withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public SGDScheduleFree withWarmupSteps(long warmupSteps) {
        return KIND.with(this, "warmup_steps", warmupSteps);
    }

    public SGDScheduleFree withR(double r) {
        return KIND.with(this, "r", r);
    }

    public SGDScheduleFree withWeightLrPower(double weightLrPower) {
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
        group.forEach(1, (y, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, y, false, weightDecay, spares.get(0));
            step.move(vectors, y, slots.get(0), g, momentum);
        });
    }

    @Override
    public boolean hasEvalWeights() {
        return true;
    }

    @Override
    public <T> void toEval(Vectors<T> vectors, T param, List<T> slots) {
        ScheduleFree.toEval(vectors, param, slots.get(0), momentum);
    }

    @Override
    public <T> void toTrain(Vectors<T> vectors, T param, List<T> slots) {
        ScheduleFree.toTrain(vectors, param, slots.get(0), momentum);
    }

    @Override
    public Kind<SGDScheduleFree> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
