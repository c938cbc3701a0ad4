package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

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
 * <p>PyTorch: {@code SGD(params, lr, momentum, dampening, weight_decay, nesterov, maximize)}. An engine with a fused kernel
 * always uses it; the numbers are the same. Nesterov's form as in Sutskever et al., On the importance of initialization and
 * momentum in deep learning, 2013, with the rate applied as in PyTorch.
 *
 * @param lr learning rate, finite and at least 0
 * @param momentum dimensionless, finite and at least 0
 * @param dampening dimensionless, finite; the gradient enters the buffer times {@code 1 - dampening}
 * @param weightDecay L2 penalty, finite and at least 0
 * @param nesterov requires momentum, and no dampening
 * @param maximize climb instead of descend
 */
public record SGD(
        @Param(or = "1e-3", always = true, atLeast = 0) double lr,
        @Param(or = "0", atLeast = 0) double momentum,
        @Param(or = "0") double dampening,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean nesterov,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<SGD> KIND = Kind.of(SGD.class, "steps against the gradient, optionally with momentum")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("nesterov", "*")
            .drops("maximize", "foreach", "differentiable", "fused");

    private static final List<Slot> SLOTS = List.of(Slot.ofOption("momentum_buffer"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public SGD {
        lr = KIND.check("lr", lr);
        momentum = KIND.check("momentum", momentum);
        dampening = KIND.check("dampening", dampening);
        weightDecay = KIND.check("weight_decay", weightDecay);
        if (nesterov && !(momentum > 0 && dampening == 0)) {
            throw new IllegalArgumentException(
                    "nesterov must be False unless there is momentum and no dampening, but was True with momentum "
                            + momentum + " and dampening " + dampening);
        }
    }

    /** PyTorch's defaults: no momentum, no weight decay. */
    public SGD(double lr) {
        this(
                lr,
                KIND.absent("momentum"),
                KIND.absent("dampening"),
                KIND.absent("weight_decay"),
                KIND.absent("nesterov"),
                KIND.absent("maximize"));
    }

    @Override
    public SGD withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    @Override
    public SGD withMomentum(double momentum) {
        return KIND.with(this, "momentum", momentum);
    }

    public SGD withDampening(double dampening) {
        return KIND.with(this, "dampening", dampening);
    }

    public SGD withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public SGD withNesterov(boolean nesterov) {
        return KIND.with(this, "nesterov", nesterov);
    }

    public SGD withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return momentum == 0 ? List.of() : SLOTS;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.sgd(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        batch.forEach(1, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, weightDecay, spares.get(0));
            if (momentum != 0) {
                T buffer = slots.get(0);
                if (batch.fresh()) {
                    vectors.copy(g, buffer);
                } else {
                    vectors.scale(buffer, momentum);
                    vectors.add(buffer, g, 1 - dampening);
                }
                if (!nesterov) {
                    vectors.add(param, buffer, -batch.lr());
                    return;
                }
                vectors.add(g, buffer, momentum);
            }
            vectors.add(param, g, -batch.lr());
        });
    }

    @Override
    public Kind<SGD> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
