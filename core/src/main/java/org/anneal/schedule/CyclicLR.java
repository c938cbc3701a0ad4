package org.anneal.schedule;

import java.io.ObjectStreamException;
import java.io.Serial;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;
import org.anneal.text.Power;

/**
 * Cycles the rate between {@code baseLr} and {@code maxLr}, and the momentum the opposite way.
 *
 * <pre>{@code
 *   at(t) = next(t) = baseLr + (maxLr - baseLr) * height(t) * scale(t)
 *   momentum(t)     = maxMomentum - (maxMomentum - baseMomentum) * height(t) * scale(t)   if cycleMomentum
 *   height(t) = x / stepSizeUp                         if x <= stepSizeUp
 *             = (cycleSize - x) / stepSizeDown         otherwise
 *   scale(t)  = 1                                      TRIANGULAR
 *             = 1 / 2^(cycle - 1)                      TRIANGULAR2
 *             = gamma^t                                EXP_RANGE
 *             = scaleFn(cycle) or scaleFn(t)           if there is a scaleFn, by scaleMode
 *   cycleSize = stepSizeUp + stepSizeDown,  cycle = 1 + floor(t / cycleSize),  x = t mod cycleSize
 * }</pre>
 *
 * <p>Step 0 has {@code baseLr} and {@code maxMomentum}. The schedule never ends. Its rates are absolute and ignore the base
 * rate: a rate edited by hand lasts until the next step.
 *
 * <p>PyTorch: {@code CyclicLR(base_lr, max_lr, step_size_up=2000, step_size_down=None, mode='triangular', gamma=1.0,
 * scale_fn=None, scale_mode='cycle', cycle_momentum=True, base_momentum=0.8, max_momentum=0.9)}. {@code next} and
 * {@code momentum} follow its order of operations, which computes x from the fraction of {@code 1 + t / cycleSize} and so
 * loses digits from cycle to cycle. {@code at} takes the exact remainder, even of a fractional {@code cycleSize}, and loses
 * none. Where the scale overflows, PyTorch raises an OverflowError; here TRIANGULAR2 fades to 0.
 *
 * <p>Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186.
 *
 * @param baseLr the lowest rate, finite and at least 0: one for all groups, or one per group
 * @param maxLr the highest rate, finite and at least 0: one for all groups, or one per group
 * @param stepSizeUp steps from {@code baseLr} to {@code maxLr}, above 0 and at most 2^53; may be fractional
 * @param stepSizeDown steps back, above 0 and at most 2^53; may be fractional
 * @param mode how the cycles shrink; ignored if there is a {@code scaleFn}
 * @param gamma factor per step in {@code EXP_RANGE}, finite and at least 0
 * @param scaleFn a custom scale, as a function of the cycle, from 1, or of the step
 * @param scaleMode the argument of {@code scaleFn}; ignored if there is none
 * @param cycleMomentum whether the momentum is driven
 * @param baseMomentum the lowest momentum, at least 0 and below 1: one for all groups, or one per group
 * @param maxMomentum the highest momentum, at least 0 and below 1: one for all groups, or one per group
 */
@StateForm.By(CyclicForm.class)
public record CyclicLR(
        @Param(unit = Param.Unit.RATE) List<Double> baseLr,
        @Param(unit = Param.Unit.RATE) List<Double> maxLr,

        @Param(or = "2000", unit = Param.Unit.STEPS, above = 0, atMost = 0x1p53)
        double stepSizeUp,

        @Param(or = "None", unit = Param.Unit.STEPS, above = 0, atMost = 0x1p53)
        double stepSizeDown,

        @Param(or = "'triangular'") Mode mode,

        @Param(
                or = "1",
                atLeast = 0,
                slider = {0.9, 1})
        double gamma,

        @Param(or = "None") Optional<LrLambda> scaleFn,
        @Param(or = "'cycle'") ScaleMode scaleMode,
        @Param(or = "True") boolean cycleMomentum,

        @Param(
                or = "0.8",
                atLeast = 0,
                below = 1,
                slider = {0, 1})
        List<Double> baseMomentum,

        @Param(
                or = "0.9",
                atLeast = 0,
                below = 1,
                slider = {0, 1})
        List<Double> maxMomentum)
        implements AbsoluteSchedule {

    static final Kind<CyclicLR> KIND = Kind.of(CyclicLR.class, "goes up and down between two rates")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.NOTHING)
            .reads(
                    "step_size_down",
                    (arguments, usual) -> arguments.has("step_size_down")
                            ? usual.get()
                            : arguments.isGiven("step_size_up")
                                    ? (Object) arguments.duration("step_size_up")
                                    : CyclicLR.KIND.absent("step_size_up"))
            .reads(
                    "mode",
                    (arguments, usual) -> arguments.has("scale_fn") ? Mode.TRIANGULAR : usual.get()) // then ignored
            .shows("step_size_down", c -> c.stepSizeDown() != c.stepSizeUp())
            .shows("mode", c -> c.mode() != Mode.TRIANGULAR && c.scaleFn().isEmpty())
            .shows(
                    "gamma",
                    c -> c.gamma() != 1
                            || (c.mode() == Mode.EXP_RANGE && c.scaleFn().isEmpty()));

    /** How the cycles shrink. */
    public enum Mode {
        /** Not at all. */
        TRIANGULAR,
        /** By half from cycle to cycle. */
        TRIANGULAR2,
        /** By {@code gamma} from step to step. */
        EXP_RANGE
    }

    /** The argument of a scale function. */
    public enum ScaleMode {
        /** The cycle, from 1. */
        CYCLE,
        /** The step, from 0. */
        ITERATIONS
    }

    /** @throws IllegalArgumentException if an argument is out of its range */
    public CyclicLR {
        baseLr = KIND.check("base_lr", baseLr);
        maxLr = KIND.check("max_lr", maxLr);
        stepSizeUp = KIND.check("step_size_up", stepSizeUp);
        stepSizeDown = KIND.check("step_size_down", stepSizeDown);
        mode = KIND.check("mode", mode);
        gamma = KIND.check("gamma", gamma);
        scaleFn = KIND.check("scale_fn", scaleFn);
        scaleMode = KIND.check("scale_mode", scaleMode);
        baseMomentum = KIND.check("base_momentum", baseMomentum);
        maxMomentum = KIND.check("max_momentum", maxMomentum);
    }

    /** Uses PyTorch's defaults: triangles of 2000 steps up and 2000 down, and a momentum from 0.9 to 0.8 and back. */
    public CyclicLR(double baseLr, double maxLr) {
        this(List.of(baseLr), List.of(maxLr));
    }

    /** Uses PyTorch's defaults, with rates for each group. */
    public CyclicLR(List<Double> baseLr, List<Double> maxLr) {
        this(
                baseLr,
                maxLr,
                KIND.absent("step_size_up"),
                KIND.absent("step_size_up"),
                KIND.absent("mode"),
                KIND.absent("gamma"),
                KIND.absent("scale_fn"),
                KIND.absent("scale_mode"),
                KIND.absent("cycle_momentum"),
                KIND.absent("base_momentum"),
                KIND.absent("max_momentum"));
    }

    /** {@return this with another number of steps up, and as many down} */
    public CyclicLR withStepSize(double stepSize) {
        return withStepSizes(stepSize, stepSize);
    }

    /** {@return this with other numbers of steps up and down} */
    public CyclicLR withStepSizes(double up, double down) {
        return KIND.with(KIND.with(this, "step_size_up", up), "step_size_down", down);
    }

    /** {@return this with another mode, and without a scale function} */
    public CyclicLR withMode(Mode mode) {
        CyclicLR plain = KIND.with(KIND.with(this, "scale_fn", Optional.empty()), "scale_mode", ScaleMode.CYCLE);
        return KIND.with(plain, "mode", mode);
    }

    /** {@return this with another factor for {@code EXP_RANGE}} */
    public CyclicLR withGamma(double gamma) {
        return KIND.with(this, "gamma", gamma);
    }

    /** {@return this with a custom scale function} */
    public CyclicLR withScaleFn(LrLambda scaleFn, ScaleMode scaleMode) {
        return KIND.with(
                KIND.with(this, "scale_fn", Optional.of(Objects.requireNonNull(scaleFn, "scaleFn"))),
                "scale_mode",
                scaleMode);
    }

    /** {@return this, driving the momentum or not} */
    public CyclicLR withCycleMomentum(boolean cycleMomentum) {
        return KIND.with(this, "cycle_momentum", cycleMomentum);
    }

    /** {@return this with other bounds of the momentum} */
    public CyclicLR withMomentum(double base, double max) {
        return withMomentum(List.of(base), List.of(max));
    }

    /** {@return this with other bounds of the momentum for each group} */
    public CyclicLR withMomentum(List<Double> base, List<Double> max) {
        return KIND.with(KIND.with(this, "base_momentum", base), "max_momentum", max);
    }

    /** @throws IllegalStateException if there is a rate per group and {@code forGroup} has not chosen one */
    @Override
    public double at(long step, double base) {
        double cycleSize = stepSizeUp + stepSizeDown;
        double x = Check.step(step) % cycleSize; // exact
        double height = x <= stepSizeUp ? x / stepSizeUp : (cycleSize - x) / (cycleSize - stepSizeUp);
        return rate(height, step, 1 + Math.rint((step - x) / cycleSize));
    }

    @Override
    public double next(long step, double current, double base) {
        double turns = turns(step);
        return rate(height(turns), step, Math.floor(turns));
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
        double turns = turns(step);
        double height = (max - PerGroup.only("base_momentum", baseMomentum)) * height(turns);
        return max - scaled(height, step, Math.floor(turns));
    }

    @Override
    public CyclicLR forGroup(int group, int groups) {
        return cycleMomentum
                ? KIND.forGroup(this, group, groups)
                : KIND.forGroup(this, group, groups, "base_momentum", "max_momentum");
    }

    private double turns(long step) {
        return 1.0 + Check.step(step) / (stepSizeUp + stepSizeDown);
    }

    /** Returns how high up the triangle is, 0 to 1, in PyTorch's order of operations. */
    private double height(double turns) {
        double up = stepSizeUp / (stepSizeUp + stepSizeDown);
        double x = turns - Math.floor(turns);
        double height = x <= up ? x / up : (x - 1) / (up - 1);
        return height > 0 ? height : 0; // NaN if the cycles are so short that their count overflows
    }

    private double rate(double height, long step, double cycle) {
        double low = PerGroup.only("base_lr", baseLr);
        return low + scaled((PerGroup.only("max_lr", maxLr) - low) * height, step, cycle);
    }

    private double scaled(double height, long step, double cycle) {
        if (height == 0) {
            return 0; // even if the scale is infinite
        }
        if (scaleFn.isPresent()) {
            long asked = scaleMode == ScaleMode.CYCLE ? (long) Math.min(cycle, Check.LAST_STEP) : step;
            return height * scaleFn.get().at(asked);
        }
        return switch (mode) {
            case TRIANGULAR -> height;
            case TRIANGULAR2 -> Math.scalb(height, (int) (1 - cycle));
            case EXP_RANGE -> Power.scale(height, gamma, step);
        };
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        double low = PerGroup.only("base_lr", baseLr);
        double high = PerGroup.only("max_lr", maxLr);
        CyclicLR all = (CyclicLR) shared;
        Map<String, List<Double>> bounds = new LinkedHashMap<>();
        bounds.put("base_lr", all.baseLr);
        bounds.put("max_lr", all.maxLr);
        if (low > high) {
            part.addOfRates(
                    "CyclicLR falls where it should rise: its base_lr=" + RunPart.round(low) + " is above its max_lr="
                            + RunPart.round(high),
                    Remedy.with(
                            all,
                            Map.of("base_lr", all.maxLr, "max_lr", all.baseLr),
                            "set base_lr=" + RunPart.round(high) + " and max_lr=" + RunPart.round(low)));
        } else if (!part.oneForAll(all, bounds) && low != part.base() && high != part.base()) {
            part.unused(all, low, high);
        }
        if (part.steps() > 1 && !baseLr.equals(maxLr) && stepSizeUp > part.steps() - 1) {
            part.addAtEnd(
                    "CyclicLR never reaches its max_lr, which takes " + RunPart.number(stepSizeUp) + " steps: "
                            + part.name() + " has " + part.length(),
                    Remedy.set(all, "step_size_up", Math.max(1, part.steps() / 2))
                            .and(" for one whole cycle"));
        }
    }

    @Override
    public LrLambda formula(double base) {
        Map<String, Object> values = new HashMap<>(Map.of(
                "low",
                PerGroup.only("base_lr", baseLr),
                "high",
                PerGroup.only("max_lr", maxLr),
                "up",
                stepSizeUp,
                "cycle",
                stepSizeUp + stepSizeDown,
                "gamma",
                gamma));
        scaleFn.ifPresent(function -> values.put("scale_fn", function));
        String scale = switch (mode) {
            case TRIANGULAR -> "1";
            case TRIANGULAR2 -> "0.5 ** (step // cycle)";
            case EXP_RANGE -> "gamma ** step";
        };
        if (scaleFn.isPresent()) {
            scale = scaleMode == ScaleMode.CYCLE ? "scale_fn(1 + step // cycle)" : "scale_fn(step)";
        }
        return LrLambda.formula(
                "x = step % cycle\n"
                        + "height = x / up if x <= up else (cycle - x) / (cycle - up)\n"
                        + "return low + (high - low) * height * " + scale,
                values);
    }

    @Override
    public Kind<CyclicLR> kind() {
        return KIND;
    }

    @Serial
    private Object writeReplace() throws ObjectStreamException {
        return Policy.serialized(this);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
