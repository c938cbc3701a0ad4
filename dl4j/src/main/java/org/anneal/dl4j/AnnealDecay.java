package org.anneal.dl4j;

import java.util.Objects;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Check;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * PyTorch's weight decay, beside any updater. Decoupled, it shrinks the parameter before the update, as AdamW does:
 * {@code p = p * (1 - lr * weightDecay)}; otherwise it is a part of the gradient: {@code g = g + weightDecay * p}. ND4J's own
 * WeightDecay has the same formula as the first, and rounds otherwise. It adds nothing to the network's score, as in PyTorch.
 *
 * <p>It takes the place of an L2 regularization, and is one: a regularization of another class that is set for the whole network,
 * DL4J gives to each layer twice, and beside the layer's own.
 *
 * <p>DL4J keeps the regularization of weights and of biases apart; PyTorch decays both. {@link Dl4j#optimizer} sets both.
 */
public final class AnnealDecay extends L2Regularization {
    private static final long serialVersionUID = 1;

    @JsonProperty
    private final boolean decoupled;

    @JsonProperty
    private final boolean maximize;

    /** The decay of {@code rule}: its {@code weight_decay}, 0 if it has none, in its way. */
    public AnnealDecay(UpdateRule rule) {
        this(
                new FixedSchedule(Dl4j.weightDecay(rule)),
                rule.decouplesWeightDecay(),
                Boolean.TRUE.equals(rule.options().get("maximize")));
    }

    /**
     * A decay that follows a schedule.
     *
     * @param weightDecay such as an {@link AnnealSchedule}
     * @param decoupled whether the parameter itself shrinks
     */
    public AnnealDecay(ISchedule weightDecay, boolean decoupled) {
        this(Objects.requireNonNull(weightDecay, "weightDecay"), decoupled, false);
    }

    @JsonCreator
    private AnnealDecay(
            @JsonProperty("l2") ISchedule weightDecay,
            @JsonProperty("decoupled") boolean decoupled,
            @JsonProperty("maximize") boolean maximize) {
        super(weightDecay);
        this.decoupled = decoupled;
        this.maximize = maximize;
    }

    @Override
    public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
        double decay = Check.finite("weight_decay", l2.valueAt(iteration, epoch));
        if (decay == 0) {
            return;
        }
        if (decoupled) {
            param.muli(1 - lr * decay);
        } else if (maximize) { // the rule turns the gradient's sign, and this part's back
            gradView.subi(param.mul(decay));
        } else {
            gradView.addi(param.mul(decay));
        }
    }

    /** {@return 0} */
    @Override
    public double score(INDArray param, int iteration, int epoch) {
        return 0;
    }

    /** {@return this, which is immutable} */
    @Override
    public Regularization clone() {
        return this;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AnnealDecay that
                && l2.equals(that.l2)
                && decoupled == that.decoupled
                && maximize == that.maximize;
    }

    @Override
    public int hashCode() {
        return Objects.hash(l2, decoupled, maximize);
    }
}
