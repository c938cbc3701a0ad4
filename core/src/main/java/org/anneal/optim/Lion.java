package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Lion: each element moves by the rate, in the direction of the sign of a mean of gradients.
 *
 * <pre>{@code
 *   p = p - lr * weightDecay * p
 *   p = p - lr * sign(beta1 * m + (1 - beta1) * grad)
 *   m = beta2 * m + (1 - beta2) * grad
 * }</pre>
 *
 * <p>The sign of 0 is 0. The rate suits at a third to a tenth of AdamW's, with as much more weight decay.
 *
 * <p>Python: {@code Lion(params, lr, betas, weight_decay)} of the package lion-pytorch and of the authors' code. Source: Chen et
 * al., Symbolic Discovery of Optimization Algorithms, arXiv 2302.06675.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 share of the mean in the direction, at least 0 and less than 1
 * @param beta2 decay of the mean, at least 0 and less than 1
 * @param weightDecay finite and at least 0
 */
public record Lion(
        @Param(or = "1e-4", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.99", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "0.0", atLeast = 0) double weightDecay)
        implements UpdateRule {

    static final Kind<Lion> KIND = Kind.of(Lion.class, "steps by the sign of a mean of gradients")
            .inPackage("lion_pytorch")
            .drops("weight_decay", "use_triton");

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Lion {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** The authors' defaults: betas 0.9 and 0.99, no weight decay. Their default rate is 1e-4. */
    public Lion(double lr) {
        this(lr, KIND.absent("betas[0]"), KIND.absent("betas[1]"), KIND.absent("weight_decay"));
    }

    @Override
    public Lion withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public Lion withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public Lion withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public Lion withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    @Override
    public boolean decouplesWeightDecay() {
        return true;
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        batch.forEach(1, (param, grad, slots, spares) -> {
            T mean = slots.get(0);
            T step = spares.get(0);
            vectors.copy(mean, step);
            vectors.scale(step, beta1); // not lerp, which may round a sum of 0 to either sign
            vectors.add(step, grad, 1 - beta1);
            vectors.sign(step);
            vectors.scale(param, 1 - batch.lr() * weightDecay);
            vectors.add(param, step, -batch.lr());
            vectors.scale(mean, beta2);
            vectors.add(mean, grad, 1 - beta2);
        });
    }

    @Override
    public Kind<Lion> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
