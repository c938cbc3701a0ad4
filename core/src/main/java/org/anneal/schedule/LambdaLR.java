package org.anneal.schedule;

import java.util.List;
import java.util.Objects;
import java.util.function.LongToDoubleFunction;

/**
 * Sets the rate to the base times a function of the step.
 *
 * <pre>{@code
 *   at(t) = next(t) = base * lambda(t)
 * }</pre>
 *
 * <p>The rates are absolute: an edit by hand lasts until the next step, and at step 0 the rate is
 * {@code base * lambda(0)}.
 *
 * <p>PyTorch: {@code LambdaLR(lr_lambda)}. A list of one lambda stands for every group, as the lambda alone does.
 *
 * @param lrLambdas one factor for all groups, or one per group
 */
public record LambdaLR(List<LrLambda> lrLambdas) implements Schedule {

    /** @throws IllegalArgumentException if {@code lrLambdas} is empty */
    public LambdaLR {
        lrLambdas = LrLambda.checkList(lrLambdas);
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

    /** @throws IllegalStateException if there is a lambda per group and this is not bound to one by {@code forGroup} */
    @Override
    public double at(long step, double base) {
        return base * LrLambda.only(lrLambdas).at(step);
    }

    @Override
    public double next(long step, double current, double base) {
        return at(step, base);
    }

    @Override
    public double start(long step, double current, double base) {
        return at(step, base);
    }

    @Override
    public LambdaLR forGroup(int group, int groups) {
        Check.group(group, groups, "lr_lambda", lrLambdas.size());
        return lrLambdas.size() == 1 ? this : new LambdaLR(lrLambdas.get(group));
    }

    @Override
    public String toString() {
        return "LambdaLR(lr_lambda=" + LrLambda.print(lrLambdas) + ")";
    }
}
