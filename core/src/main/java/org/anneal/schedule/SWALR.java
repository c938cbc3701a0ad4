package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;

/**
 * Anneals the rate to {@code swaLr} in {@code annealEpochs} steps and holds it there, for stochastic weight averaging.
 *
 * <pre>{@code
 *   at(t)    = swaLr * alpha(t) + base * (1 - alpha(t))
 *   next(t)  = swaLr * alpha(t) + start * (1 - alpha(t))
 *   start    = (current - alpha(t - 1) * swaLr) / (1 - alpha(t - 1))   the rate that leads to current; swaLr if alpha(t - 1) = 1
 *   alpha(t) = (1 - cos(pi * p)) / 2   COS     p   LINEAR     with p = min(t / annealEpochs, 1), and 0 below t = 0
 * }</pre>
 *
 * <p>Step 0 keeps the rate in force, also when this takes over in a sequence; if {@code annealEpochs} is 0, it has
 * {@code swaLr}. From step {@code annealEpochs} on, the rate is {@code swaLr}, and a rate edited by hand lasts until the next
 * step.
 *
 * <p>PyTorch: {@code swa_utils.SWALR(swa_lr, anneal_epochs=10, anneal_strategy='cos')}, in its order of operations.
 *
 * <p>Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", arXiv:1803.05407; the formulas
 * are PyTorch's.
 *
 * @param swaLr the final rate, finite and at least 0: one for all groups, or one per group
 * @param annealEpochs steps until the final rate, at least 0
 * @param annealStrategy the curve from the first rate to the last
 */
@StateForm.By(SwaForm.class)
public record SWALR(
        @Param(unit = Param.Unit.RATE) List<Double> swaLr,

        @Param(or = "10", unit = Param.Unit.STEPS, ends = true)
        long annealEpochs,

        @Param(or = "'cos'") AnnealStrategy annealStrategy)
        implements Schedule {

    static final Kind<SWALR> KIND = Kind.of(SWALR.class, "goes to a rate and holds it, for weight averaging")
            .inPyTorch(Kind.SWA_UTILS, Kind.LastEpoch.APART);

    /** @throws IllegalArgumentException if a {@code swaLr} is negative or not finite, or {@code annealEpochs < 0} */
    public SWALR {
        swaLr = KIND.check("swa_lr", swaLr);
        annealEpochs = KIND.check("anneal_epochs", annealEpochs);
        annealStrategy = KIND.check("anneal_strategy", annealStrategy);
    }

    /** Uses PyTorch's defaults: half a cosine of 10 steps. */
    public SWALR(double swaLr) {
        this(List.of(swaLr), KIND.absent("anneal_epochs"), KIND.absent("anneal_strategy"));
    }

    /** {@return this with another final rate for each group} */
    public SWALR withSwaLr(List<Double> swaLr) {
        return KIND.with(this, "swa_lr", swaLr);
    }

    /** {@return this with another number of steps} */
    public SWALR withAnnealEpochs(long annealEpochs) {
        return KIND.with(this, "anneal_epochs", annealEpochs);
    }

    /** {@return this with another curve} */
    public SWALR withAnnealStrategy(AnnealStrategy annealStrategy) {
        return KIND.with(this, "anneal_strategy", annealStrategy);
    }

    /** @throws IllegalStateException if there is a rate per group and {@code forGroup} has not chosen one */
    @Override
    public double at(long step, double base) {
        double alpha = alpha(Check.step(step));
        return last() * alpha + base * (1 - alpha);
    }

    @Override
    public double next(long step, double current, double base) {
        double last = last();
        double before = alpha(Check.step(step) - 1);
        double start = before == 1 ? last : (current - before * last) / (1 - before);
        double alpha = alpha(step);
        return last * alpha + start * (1 - alpha);
    }

    /** Anneals from the rate in force, as in PyTorch's SequentialLR. */
    @Override
    public double takeOver(double current, double base) {
        return next(0, current, base);
    }

    @Override
    public boolean carries() {
        return true;
    }

    private double last() {
        return PerGroup.only("swa_lr", swaLr);
    }

    private double alpha(long step) {
        if (step < 0) {
            return 0;
        }
        double part = step >= annealEpochs ? 1 : (double) step / annealEpochs;
        return annealStrategy == AnnealStrategy.LINEAR ? part : (1 - Math.cos(Math.PI * part)) / 2;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (!part.oneForAll(shared, Map.of("swa_lr", ((SWALR) shared).swaLr)) && last() > part.base()) {
            part.note(
                    "SWALR raises the rate: its swa_lr=" + RunPart.round(last()) + " is above the group's own rate, "
                            + RunPart.round(part.base()),
                    "set swa_lr below " + RunPart.round(part.base()) + " to let the rate fall");
        }
        if (part.isLast() && !RunPart.isNearly((double) part.steps(), (double) annealEpochs)) {
            part.addAtEnd(
                    "SWALR has not reached its swa_lr, which takes " + annealEpochs + " steps: " + part.name() + " has "
                            + part.length(),
                    Remedy.set(shared, "anneal_epochs", part.steps()).and(" or less"));
        }
    }

    @Override
    public LrLambda formula(double base) {
        boolean linear = annealStrategy == AnnealStrategy.LINEAR;
        String part = annealEpochs == 0 ? "1" : "min(step / anneal_epochs, 1)";
        return LrLambda.formula(
                "alpha = " + (linear ? part : "(1 - math.cos(math.pi * " + part + ")) / 2")
                        + "\nreturn swa_lr * alpha + base * (1 - alpha)",
                Map.of("anneal_epochs", annealEpochs, "swa_lr", last(), "base", base));
    }

    @Override
    public Kind<SWALR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
