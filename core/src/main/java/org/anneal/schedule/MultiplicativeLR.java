package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongToDoubleFunction;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;
import org.anneal.text.Power;

/**
 * Multiplies the rate at every step by a function of the step.
 *
 * <pre>{@code
 *   at(t)   = base * lambda(1) * ... * lambda(t)
 *   next(t) = current * lambda(t)   if t > 0
 *           = current               if t = 0
 * }</pre>
 *
 * <p>Step 0 has the base rate; {@code lambda(0)} is not used, except where this takes over in a sequence. {@code at} takes time proportional to the step, unless
 * the lambda {@linkplain LrLambda#isConstant is constant}; for many steps use {@link #curve}.
 *
 * <p>PyTorch: {@code MultiplicativeLR(lr_lambda)}, bit for bit. In the text form a list of one lambda is for one
 * group, as in PyTorch.
 *
 * @param lrLambdas one factor for all groups, or one per group
 */
@StateForm.By(LambdasForm.class)
public record MultiplicativeLR(@Param(name = "lr_lambda") List<LrLambda> lrLambdas) implements Schedule {

    static final Kind<MultiplicativeLR> KIND = Kind.of(
                    MultiplicativeLR.class, "the rate before, times a function of the step")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /** @throws IllegalArgumentException if {@code lrLambdas} is empty */
    public MultiplicativeLR {
        lrLambdas = KIND.check("lr_lambda", lrLambdas);
    }

    /** Uses one factor for all groups. */
    public MultiplicativeLR(LrLambda lrLambda) {
        this(List.of(Objects.requireNonNull(lrLambda, "lrLambda")));
    }

    /** Uses a Java function for all groups, as {@link LrLambda#named} does. */
    public MultiplicativeLR(String name, LongToDoubleFunction function) {
        this(LrLambda.named(name, function));
    }

    /** Uses a Python lambda for all groups, as {@link LrLambda#parse} does: {@code lambda step: 0.95}. */
    public static MultiplicativeLR of(String lambda) {
        return new MultiplicativeLR(LrLambda.parse(lambda));
    }

    /** @throws IllegalStateException if there is a lambda per group and {@code forGroup} has not chosen one */
    @Override
    public double at(long step, double base) {
        LrLambda lambda = PerGroup.only("lr_lambda", lrLambdas);
        if (Check.step(step) > 0 && lambda.isConstant()) {
            return Power.scale(base, lambda.at(step), step);
        }
        double rate = base;
        for (long t = 1; t <= step; t++) {
            rate *= lambda.at(t);
        }
        return rate;
    }

    @Override
    public double next(long step, double current, double base) {
        return Check.step(step) > 0
                ? current * PerGroup.only("lr_lambda", lrLambdas).at(step)
                : current;
    }

    /** Multiplies the rate in force by {@code lambda(0)}, as in PyTorch's SequentialLR. */
    @Override
    public double takeOver(double current, double base) {
        return current * PerGroup.only("lr_lambda", lrLambdas).at(0);
    }

    @Override
    public boolean carries() {
        return true;
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public double logFactor(long step) {
        LrLambda lambda = PerGroup.only("lr_lambda", lrLambdas);
        return lambda.isConstant() ? step * Math.log(Math.abs(lambda.at(step))) : Schedule.super.logFactor(step);
    }

    @Override
    public LrLambda formula(double base) {
        LrLambda lambda = PerGroup.only("lr_lambda", lrLambdas);
        if (!lambda.isConstant()) {
            throw new UnsupportedOperationException(
                    "MultiplicativeLR has no formula, unless its lr_lambda is constant: each rate"
                            + " follows from the one before");
        }
        return LrLambda.formula("base * factor ** step", Map.of("base", base, "factor", lambda.at(1)));
    }

    @Override
    public Kind<MultiplicativeLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
