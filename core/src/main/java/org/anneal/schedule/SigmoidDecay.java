package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Lets the rate fall along a logistic curve.
 *
 * <pre>{@code
 *   at(t) = base / (1 + exp(slope * (t - center)))
 * }</pre>
 *
 * <p>At step {@code center} the rate is half the base. The schedule never ends. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>Deeplearning4j: {@code SigmoidSchedule(initialValue, gamma, stepSize)}, whose {@code gamma} is {@code -slope}, and Caffe's
 * {@code sigmoid}.
 *
 * @param center the step at which half of the base is left, at least 0
 * @param slope how steep the curve is, finite and at least 0
 */
@StateForm.By(TextForm.class)
public record SigmoidDecay(
        @Param(unit = Param.Unit.STEPS) long center,

        @Param(
                atLeast = 0,
                slider = {0, 1})
        double slope)
        implements Curve {

    static final Kind<SigmoidDecay> KIND = Kind.of(SigmoidDecay.class, "falls along a logistic curve");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public SigmoidDecay {
        center = KIND.check("center", center);
        slope = KIND.check("slope", slope);
    }

    @Override
    public double factor(long step) {
        return 1 / (1 + Math.exp(slope * (step - center)));
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, "base / (1 + math.exp(slope * (step - center)))");
    }

    @Override
    public Kind<SigmoidDecay> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
