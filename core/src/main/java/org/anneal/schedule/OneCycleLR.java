package org.anneal.schedule;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;
import org.anneal.text.PythonCall;
import org.anneal.text.UnknownNamesException;

/**
 * Anneals the rate once up to {@code maxLr} and then down to almost nothing, and the momentum the opposite way.
 *
 * <pre>{@code
 *   at(t) = next(t) = anneal(from, to, (min(t, totalSteps - 1) - start) / (end - start))
 *   anneal(from, to, p) = to + (from - to) / 2 * (cos(pi * p) + 1)   COS     (to - from) * p + from   LINEAR
 *
 *   phases: end                             rate from -> to       momentum from -> to
 *   two:    pctStart * totalSteps - 1       initial -> maxLr      maxMomentum  -> baseMomentum
 *           totalSteps - 1                  maxLr   -> last       baseMomentum -> maxMomentum
 *   three:  pctStart * totalSteps - 1       initial -> maxLr      maxMomentum  -> baseMomentum
 *           2 * pctStart * totalSteps - 2   maxLr   -> initial    baseMomentum -> maxMomentum
 *           totalSteps - 1                  initial -> last       maxMomentum  -> maxMomentum
 *   initial = maxLr / divFactor,  last = initial / finalDivFactor
 * }</pre>
 *
 * <p>A phase starts where the one before ends, the first at 0; t is in the first phase whose end it does not exceed. An
 * empty phase is skipped; if {@code pctStart} is 0, so is every phase whose end depends on it, and the last phase starts at
 * step 0. From step {@code totalSteps - 1} on, the rate stays. A loop of {@code totalSteps} updates asks for step
 * {@code totalSteps}, which is the {@link #lastStep}. The rates are absolute and ignore the base rate: a rate edited by hand
 * lasts until the next step.
 *
 * <p>PyTorch: {@code OneCycleLR(max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3,
 * anneal_strategy='cos', cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0,
 * final_div_factor=10000.0, three_phase=False)}, in its order of operations. At step {@code total_steps}
 * PyTorch goes past the end, with a linear anneal to a negative rate; it divides by 0 if {@code pct_start * total_steps} is
 * 1; and if {@code pct_start} is 0, it starts as if one step of the descent were over.
 *
 * <p>Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
 * arXiv:1708.07120, has three phases; the form with two is fastai's.
 *
 * @param maxLr the highest rate, finite and at least 0: one for all groups, or one per group
 * @param totalSteps steps of the cycle, at least 1
 * @param pctStart the fraction of the steps in which the rate rises, at least 0 and at most 1
 * @param annealStrategy the curve of every phase
 * @param cycleMomentum whether the momentum is driven
 * @param baseMomentum the lowest momentum, at least 0 and below 1: one for all groups, or one per group
 * @param maxMomentum the highest momentum, at least 0 and below 1: one for all groups, or one per group
 * @param divFactor {@code maxLr} divided by the initial rate, finite and above 0
 * @param finalDivFactor the initial rate divided by the last, finite and above 0
 * @param threePhase whether the rate first falls to the initial rate, as fast as it rose
 */
@StateForm.By(OneCycleForm.class)
public record OneCycleLR(
        @Param(unit = Param.Unit.RATE) List<Double> maxLr,

        @Param(or = "None", unit = Param.Unit.STEPS, ends = true, atLeast = 1)
        long totalSteps,

        @Param(
                or = "0.3",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double pctStart,

        @Param(or = "'cos'") AnnealStrategy annealStrategy,
        @Param(or = "True") boolean cycleMomentum,

        @Param(
                or = "0.85",
                atLeast = 0,
                below = 1,
                slider = {0, 1})
        List<Double> baseMomentum,

        @Param(
                or = "0.95",
                atLeast = 0,
                below = 1,
                slider = {0, 1})
        List<Double> maxMomentum,

        @Param(
                or = "25",
                above = 0,
                slider = {1, 100})
        double divFactor,

        @Param(
                or = "1e4",
                above = 0,
                slider = {1, 100_000})
        double finalDivFactor,

        @Param(or = "False") boolean threePhase)
        implements AbsoluteSchedule {

    static final Kind<OneCycleLR> KIND = Kind.of(
                    OneCycleLR.class,
                    "rises, then falls far below its start, with the momentum moving the opposite way")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.NOTHING)
            .alsoReads("total_steps", "epochs", "steps_per_epoch")
            .reads("total_steps", OneCycleLR::totalSteps);

    /** @throws IllegalArgumentException if an argument is out of its range */
    public OneCycleLR {
        maxLr = KIND.check("max_lr", maxLr);
        totalSteps = KIND.check("total_steps", totalSteps);
        pctStart = KIND.check("pct_start", pctStart);
        annealStrategy = KIND.check("anneal_strategy", annealStrategy);
        baseMomentum = KIND.check("base_momentum", baseMomentum);
        maxMomentum = KIND.check("max_momentum", maxMomentum);
        divFactor = KIND.check("div_factor", divFactor);
        finalDivFactor = KIND.check("final_div_factor", finalDivFactor);
    }

    /** Uses PyTorch's defaults: two cosines, and a momentum from 0.95 to 0.85 and back. */
    public OneCycleLR(double maxLr, long totalSteps) {
        this(List.of(maxLr), totalSteps);
    }

    /** Uses PyTorch's defaults, with a highest rate for each group. */
    public OneCycleLR(List<Double> maxLr, long totalSteps) {
        this(
                maxLr,
                totalSteps,
                KIND.absent("pct_start"),
                KIND.absent("anneal_strategy"),
                KIND.absent("cycle_momentum"),
                KIND.absent("base_momentum"),
                KIND.absent("max_momentum"),
                KIND.absent("div_factor"),
                KIND.absent("final_div_factor"),
                KIND.absent("three_phase"));
    }

    /**
     * Returns the cycle of {@code epochs * stepsPerEpoch} steps with PyTorch's defaults.
     *
     * @throws IllegalArgumentException if {@code epochs} or {@code stepsPerEpoch} is below 1
     */
    public static OneCycleLR ofEpochs(double maxLr, long epochs, long stepsPerEpoch) {
        return new OneCycleLR(maxLr, totalSteps(epochs, stepsPerEpoch));
    }

    private static Object totalSteps(PythonCall.Arguments arguments, Supplier<Object> usual) {
        if (arguments.has("total_steps")) {
            return usual.get();
        } else if (arguments.has("epochs") && arguments.has("steps_per_epoch")) {
            List<Long> both = UnknownNamesException.all(List.of("epochs", "steps_per_epoch"), arguments::integer);
            return totalSteps(both.get(0), both.get(1));
        }
        throw arguments.error("OneCycleLR needs total_steps, or epochs and steps_per_epoch");
    }

    private static long totalSteps(long epochs, long stepsPerEpoch) {
        Check.atLeast(1, "epochs", epochs);
        Check.atLeast(1, "steps_per_epoch", stepsPerEpoch);
        if (epochs > Check.LAST_STEP / stepsPerEpoch) {
            throw new IllegalArgumentException(
                    "epochs * steps_per_epoch must be at most 2^53, but was " + epochs + " * " + stepsPerEpoch);
        }
        return epochs * stepsPerEpoch;
    }

    /** {@return this with another fraction of steps in which the rate rises} */
    public OneCycleLR withPctStart(double pctStart) {
        return KIND.with(this, "pct_start", pctStart);
    }

    /** {@return this with another curve} */
    public OneCycleLR withAnnealStrategy(AnnealStrategy annealStrategy) {
        return KIND.with(this, "anneal_strategy", annealStrategy);
    }

    /** {@return this, driving the momentum or not} */
    public OneCycleLR withCycleMomentum(boolean cycleMomentum) {
        return KIND.with(this, "cycle_momentum", cycleMomentum);
    }

    /** {@return this with other bounds of the momentum} */
    public OneCycleLR withMomentum(double base, double max) {
        return withMomentum(List.of(base), List.of(max));
    }

    /** {@return this with other bounds of the momentum for each group} */
    public OneCycleLR withMomentum(List<Double> base, List<Double> max) {
        return KIND.with(KIND.with(this, "base_momentum", base), "max_momentum", max);
    }

    /** {@return this with another initial rate, {@code maxLr / divFactor}} */
    public OneCycleLR withDivFactor(double divFactor) {
        return KIND.with(this, "div_factor", divFactor);
    }

    /** {@return this with another last rate, {@code maxLr / divFactor / finalDivFactor}} */
    public OneCycleLR withFinalDivFactor(double finalDivFactor) {
        return KIND.with(this, "final_div_factor", finalDivFactor);
    }

    /** {@return this with three phases or two} */
    public OneCycleLR withThreePhase(boolean threePhase) {
        return KIND.with(this, "three_phase", threePhase);
    }

    /** @throws IllegalStateException if there is a rate per group and {@code forGroup} has not chosen one */
    @Override
    public double at(long step, double base) {
        double max = PerGroup.only("max_lr", maxLr);
        double initial = max / divFactor;
        return phases(step, initial, max, initial, initial / finalDivFactor);
    }

    @Override
    public boolean drivesMomentum() {
        return cycleMomentum;
    }

    @Override
    public double momentum(long step, double current) {
        if (!cycleMomentum) {
            return current;
        }
        double max = PerGroup.only("max_momentum", maxMomentum);
        return phases(step, max, PerGroup.only("base_momentum", baseMomentum), max, max);
    }

    /** Returns {@code totalSteps}, the step that a loop asks for after its last update. */
    @Override
    public long lastStep() {
        return totalSteps;
    }

    @Override
    public OneCycleLR forGroup(int group, int groups) {
        return cycleMomentum
                ? KIND.forGroup(this, group, groups)
                : KIND.forGroup(this, group, groups, "base_momentum", "max_momentum");
    }

    /** Goes from {@code first} to {@code peak}, then to {@code back} if there are three phases, and finally to {@code last}. */
    private double phases(long step, double first, double peak, double back, double last) {
        double t = Math.min(Check.step(step), totalSteps - 1);
        double start = 0;
        double end = pctStart == 0 ? 0 : pctStart * totalSteps - 1;
        if (t <= end && end != start) {
            return anneal(first, peak, (t - start) / (end - start));
        }
        double from = peak;
        start = end;
        if (threePhase) {
            end = pctStart == 0 ? 0 : 2 * pctStart * totalSteps - 2;
            if (t <= end && end != start) {
                return anneal(peak, back, (t - start) / (end - start));
            }
            from = back;
            start = end;
        }
        end = totalSteps - 1;
        return anneal(from, last, end == start ? 1 : (t - start) / (end - start));
    }

    private double anneal(double from, double to, double part) {
        return annealStrategy == AnnealStrategy.COS
                ? to + (from - to) / 2.0 * (Math.cos(Math.PI * part) + 1)
                : (to - from) * part + from;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        double max = PerGroup.only("max_lr", maxLr);
        if (!part.oneForAll(shared, Map.of("max_lr", ((OneCycleLR) shared).maxLr)) && max != part.base()) {
            part.unused(shared, max / divFactor, max);
        }
        if (part.isLast() ? part.steps() > totalSteps : part.steps() > totalSteps + 1) {
            part.add(
                    part.from() + totalSteps,
                    "OneCycleLR has ended: it has total_steps=" + totalSteps + ", but " + part.name() + " has "
                            + part.length() + ", and stepping past the end is an error",
                    part.fit(shared, "total_steps"));
        } else {
            part.unfinished(shared, "OneCycleLR", "total_steps", totalSteps);
        }
    }

    /** Returns how far the rate has gone after a part of a phase, in Python. */
    private String way(String part) {
        return annealStrategy == AnnealStrategy.COS ? "(1 - math.cos(math.pi * (" + part + "))) / 2" : "(" + part + ")";
    }

    @Override
    public LrLambda formula(double base) {
        double max = PerGroup.only("max_lr", maxLr);
        double initial = max / divFactor;
        double up = pctStart == 0 ? 0 : pctStart * totalSteps - 1;
        double down = pctStart == 0 ? 0 : 2 * pctStart * totalSteps - 2;
        boolean back = threePhase && down != up;
        double start = threePhase ? down : up;
        double end = totalSteps - 1.0;
        Map<String, Object> values = new HashMap<>(Map.of(
                "first", initial,
                "peak", max,
                "last", initial / finalDivFactor,
                "up", up,
                "down", down,
                "turn", threePhase ? initial : max,
                "start", start,
                "end", end));
        return LrLambda.formula(
                "t = min(step, end)\nreturn "
                        + (up == 0 ? "" : "first + (peak - first) * " + way("t / up") + " if t <= up else ")
                        + (back
                                ? "peak + (first - peak) * " + way("(t - up) / (down - up)") + " if t <= down else "
                                : "")
                        + (start == end ? "last" : "turn + (last - turn) * " + way("(t - start) / (end - start)")),
                values);
    }

    @Override
    public Kind<OneCycleLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
