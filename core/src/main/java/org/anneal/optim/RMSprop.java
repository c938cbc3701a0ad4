package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * RMSprop: divides each gradient by the root of its mean square or, if centered, by its standard deviation; optionally with momentum.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p
 *   v = alpha * v + (1 - alpha) * g * g
 *   m = alpha * m + (1 - alpha) * g     if centered
 *   d = sqrt(v) + eps                   (sqrt(v - m * m) + eps if centered)
 *   b = momentum * b + g / d            if there is momentum
 *   p = p - lr * g / d                  (p - lr * b if there is momentum)
 * }</pre>
 *
 * <p>PyTorch: {@code RMSprop(params, lr, alpha, eps, weight_decay, momentum, centered, maximize)}. Source: Tieleman and Hinton,
 * Lecture 6.5, Coursera, 2012; centered: Graves, arXiv 1308.0850, with eps outside the root, as in PyTorch.
 *
 * @param lr learning rate, finite and at least 0
 * @param alpha decay of the mean square, finite and at least 0
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay L2 penalty, finite and at least 0
 * @param momentum dimensionless, finite and at least 0
 * @param centered divide by the standard deviation, not by the root mean square
 * @param maximize climb instead of descend
 */
public record RMSprop(
        @Param(or = "1e-2", always = true, atLeast = 0) double lr,
        @Param(or = "0.99", atLeast = 0) double alpha,
        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "0", atLeast = 0) double momentum,
        @Param(or = "False") boolean centered,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<RMSprop> KIND = Kind.of(RMSprop.class, "divides by the root of the mean squared gradient")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("centered", "capturable", "foreach")
            .drops("maximize", "differentiable")
            .inOrder("lr", "momentum", "alpha", "eps", "centered");

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public RMSprop {
        lr = KIND.check("lr", lr);
        alpha = KIND.check("alpha", alpha);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
        momentum = KIND.check("momentum", momentum);
    }

    /** PyTorch's defaults: alpha 0.99, eps 1e-8, no momentum, not centered. */
    public RMSprop(double lr) {
        this(
                lr,
                KIND.absent("alpha"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("momentum"),
                KIND.absent("centered"),
                KIND.absent("maximize"));
    }

    @Override
    public RMSprop withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    @Override
    public RMSprop withMomentum(double momentum) {
        return KIND.with(this, "momentum", momentum);
    }

    public RMSprop withAlpha(double alpha) {
        return KIND.with(this, "alpha", alpha);
    }

    public RMSprop withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public RMSprop withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public RMSprop withCentered(boolean centered) {
        return KIND.with(this, "centered", centered);
    }

    public RMSprop withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        List<Slot> slots = new ArrayList<>();
        slots.add(new Slot("square_avg"));
        if (momentum > 0) {
            slots.add(Slot.ofOption("momentum_buffer"));
        }
        if (centered) {
            slots.add(Slot.ofOption("grad_avg"));
        }
        return slots;
    }

    @Override
    public boolean countsSteps() {
        return true;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.rmsprop(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        batch.forEach(2, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, weightDecay, spares.get(0));
            T root = spares.get(1);
            vectors.scale(slots.get(0), alpha);
            vectors.addcmul(slots.get(0), g, g, 1 - alpha);
            vectors.copy(slots.get(0), root);
            if (centered) {
                T mean = slots.get(slots.size() - 1);
                vectors.lerp(mean, g, 1 - alpha);
                vectors.addcmul(root, mean, mean, -1);
            }
            vectors.sqrt(root);
            vectors.add(root, eps);
            if (momentum > 0) {
                vectors.scale(slots.get(1), momentum);
                vectors.addcdiv(slots.get(1), g, root, 1);
                vectors.add(param, slots.get(1), -batch.lr());
            } else {
                vectors.addcdiv(param, g, root, -batch.lr());
            }
        });
    }

    @Override
    public Kind<RMSprop> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
