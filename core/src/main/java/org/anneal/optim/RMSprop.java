package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anneal.schedule.PythonCall;

/**
 * RMSprop: divides each gradient by the root of the mean of its squares, optionally about its mean, optionally with momentum.
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
        double lr, double alpha, double eps, double weightDecay, double momentum, boolean centered, boolean maximize)
        implements UpdateRule {

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public RMSprop {
        lr = Check.atLeastZero("lr", lr);
        alpha = Check.atLeastZero("alpha", alpha);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
        momentum = Check.atLeastZero("momentum", momentum);
    }

    /** PyTorch's defaults: alpha 0.99, eps 1e-8, no momentum, not centered. */
    public RMSprop(double lr) {
        this(lr, 0.99, 1e-8, 0, 0, false, false);
    }

    @Override
    public RMSprop withLr(double lr) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
    }

    @Override
    public RMSprop withMomentum(double momentum) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
    }

    public RMSprop withAlpha(double alpha) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
    }

    public RMSprop withEps(double eps) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
    }

    public RMSprop withWeightDecay(double weightDecay) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
    }

    public RMSprop withCentered(boolean centered) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
    }

    public RMSprop withMaximize(boolean maximize) {
        return new RMSprop(lr, alpha, eps, weightDecay, momentum, centered, maximize);
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
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .withNumber("momentum", momentum)
                .with("alpha", alpha)
                .with("eps", eps)
                .with("centered", centered)
                .withNumber("weight_decay", weightDecay)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.rmsprop(this, batch);
    }

    static RMSprop of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "alpha=",
                "eps=",
                "weight_decay=",
                "momentum=",
                "centered=",
                "capturable=",
                "foreach=",
                "maximize=",
                "differentiable=");
        RMSprop defaults = new RMSprop(1e-2);

        return a.build(() -> new RMSprop(
                a.number("lr", defaults.lr),
                a.number("alpha", defaults.alpha),
                a.number("eps", defaults.eps),
                a.number("weight_decay", defaults.weightDecay),
                a.number("momentum", defaults.momentum),
                a.truth("centered", false),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new RMSprop(lr));
    }
}
