package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongToDoubleFunction;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;

/**
 * Sets the rate to the base times a function of the step.
 *
 * <pre>{@code
 *   at(t) = next(t) = base * lambda(t)
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step, and step 0 has
 * {@code base * lambda(0)}.
 *
 * <p>PyTorch: {@code LambdaLR(lr_lambda)}. In the text form a list of one lambda is for one group, as in PyTorch.
 *
 * @param lrLambdas one factor for all groups, or one per group
 */
@StateForm.By(LambdasForm.class)
public record LambdaLR(@Param(name = "lr_lambda") List<LrLambda> lrLambdas) implements AbsoluteSchedule {

    static final Kind<LambdaLR> KIND = Kind.of(LambdaLR.class, "the base times a function of the step")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /** @throws IllegalArgumentException if {@code lrLambdas} is empty */
    public LambdaLR {
        lrLambdas = KIND.check("lr_lambda", lrLambdas);
    }

    /** Uses one factor for all groups. */
    public LambdaLR(LrLambda lrLambda) {
        this(List.of(Objects.requireNonNull(lrLambda, "lrLambda")));
    }

    /** Uses a Java function for all groups, as {@link LrLambda#named} does. */
    public LambdaLR(String name, LongToDoubleFunction function) {
        this(LrLambda.named(name, function));
    }

    /** Uses a Python lambda for all groups, as {@link LrLambda#parse} does: {@code lambda step: 0.95 ** step}. */
    public static LambdaLR of(String lambda) {
        return new LambdaLR(LrLambda.parse(lambda));
    }

    /** @throws IllegalStateException if there is a lambda per group and {@code forGroup} has not chosen one */
    @Override
    public double at(long step, double base) {
        return base * PerGroup.only("lr_lambda", lrLambdas).at(step);
    }

    @Override
    public LrLambda formula(double base) {
        LrLambda lambda = PerGroup.only("lr_lambda", lrLambdas);
        return LrLambda.formula("base * lr_lambda(step)", Map.of("base", base, "lr_lambda", lambda));
    }

    @Override
    public Kind<LambdaLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
