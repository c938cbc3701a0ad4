package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.PythonCall;

/**
 * Stochastic gradient descent, optionally with momentum.
 *
 * <pre>{@code
 *   g = grad                                  (-grad if maximize)
 *   g = g + weightDecay * p
 *   b = g                                     at the first step with momentum
 *   b = momentum * b + (1 - dampening) * g    later
 *   g = b                                     (g + momentum * b if nesterov)
 *   p = p - lr * g
 * }</pre>
 *
 * <p>Without momentum there is no {@code b} and nothing is kept per parameter.
 *
 * <p>PyTorch: {@code SGD(params, lr, momentum, dampening, weight_decay, nesterov, maximize)}; with its flag
 * {@code fused}, which gives the same numbers, wherever the engine has a fused kernel. Nesterov's form as in Sutskever et
 * al., On the importance of initialization and momentum in deep learning, 2013, with PyTorch's placing of the rate.
 *
 * @param lr learning rate, finite and at least 0
 * @param momentum dimensionless, finite and at least 0
 * @param dampening dimensionless, finite; what is taken from a gradient on its way into the buffer
 * @param weightDecay L2 penalty, finite and at least 0
 * @param nesterov needs momentum and no dampening
 * @param maximize climb instead of descend
 */
public record SGD(double lr, double momentum, double dampening, double weightDecay, boolean nesterov, boolean maximize)
        implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(Slot.ofOption("momentum_buffer"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public SGD {
        lr = Check.atLeastZero("lr", lr);
        momentum = Check.atLeastZero("momentum", momentum);
        dampening = Check.finite("dampening", dampening);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
        if (nesterov && !(momentum > 0 && dampening == 0)) {
            throw new IllegalArgumentException(
                    "nesterov must be False unless there is momentum and no dampening, but was True with momentum "
                            + momentum + " and dampening " + dampening);
        }
    }

    /** PyTorch's defaults: no momentum, no weight decay. */
    public SGD(double lr) {
        this(lr, 0, 0, 0, false, false);
    }

    @Override
    public SGD withLr(double lr) {
        return new SGD(lr, momentum, dampening, weightDecay, nesterov, maximize);
    }

    @Override
    public SGD withMomentum(double momentum) {
        return new SGD(lr, momentum, dampening, weightDecay, nesterov, maximize);
    }

    public SGD withDampening(double dampening) {
        return new SGD(lr, momentum, dampening, weightDecay, nesterov, maximize);
    }

    public SGD withWeightDecay(double weightDecay) {
        return new SGD(lr, momentum, dampening, weightDecay, nesterov, maximize);
    }

    public SGD withNesterov(boolean nesterov) {
        return new SGD(lr, momentum, dampening, weightDecay, nesterov, maximize);
    }

    public SGD withMaximize(boolean maximize) {
        return new SGD(lr, momentum, dampening, weightDecay, nesterov, maximize);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return momentum == 0 ? List.of() : SLOTS;
    }

    @Override
    public boolean countsSteps() {
        return false;
    }

    @Override
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .withNumber("momentum", momentum)
                .withNumber("dampening", dampening)
                .withNumber("weight_decay", weightDecay)
                .with("nesterov", nesterov)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.sgd(this, batch);
    }

    static SGD of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "momentum=",
                "dampening=",
                "weight_decay=",
                "nesterov=",
                "*",
                "maximize=",
                "foreach=",
                "differentiable=",
                "fused=");
        return a.build(() -> new SGD(
                a.number("lr", UpdateRule.LR),
                a.number("momentum", 0),
                a.number("dampening", 0),
                a.number("weight_decay", 0),
                a.truth("nesterov", false),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new SGD(lr));
    }
}
