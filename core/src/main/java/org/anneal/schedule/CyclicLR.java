package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Lets the rate go from {@code baseLr} up to {@code maxLr} and back, again and again, and the momentum the other way.
 *
 * <pre>{@code
 *   at(t) = next(t) = baseLr + (maxLr - baseLr) * height(t) * scale(t)
 *   momentum(t)     = maxMomentum - (maxMomentum - baseMomentum) * height(t) * scale(t)   if cycleMomentum
 *   height(t) = x / stepSizeUp                         if x <= stepSizeUp
 *             = (cycleSize - x) / stepSizeDown         otherwise
 *   scale(t)  = 1                                      TRIANGULAR
 *             = 1 / 2^(cycle - 1)                      TRIANGULAR2
 *             = gamma^t                                EXP_RANGE
 *             = scaleFn(cycle) or scaleFn(t)           if there is a scaleFn; by scaleMode
 *   cycleSize = stepSizeUp + stepSizeDown,  cycle = 1 + floor(t / cycleSize),  x = t mod cycleSize
 * }</pre>
 *
 * <p>Step 0 has {@code baseLr} and {@code maxMomentum}. There is no end. The rates are absolute, and the base rate is not
 * asked: an edit by hand lasts until the next step.
 *
 * <p>PyTorch: {@code CyclicLR(base_lr, max_lr, step_size_up=2000, step_size_down=None, mode='triangular', gamma=1.0,
 * scale_fn=None, scale_mode='cycle', cycle_momentum=True, base_momentum=0.8, max_momentum=0.9)}. {@code next} and
 * {@code momentum} follow its order of operations, which takes x from the fraction of {@code 1 + t / cycleSize} and so
 * loses digits as the cycles go by. {@code at} takes the exact remainder, also of a fractional {@code cycleSize}, and
 * loses none. Where a scale leaves the doubles, PyTorch raises an OverflowError; here TRIANGULAR2 fades to 0.
 *
 * <p>Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186.
 *
 * @param baseLr the lowest rate, finite and at least 0: one for all groups, or one per group
 * @param maxLr the highest rate, finite and at least 0: one for all groups, or one per group
 * @param stepSizeUp steps from {@code baseLr} to {@code maxLr}, above 0 and at most 2^53; it may have a fraction
 * @param stepSizeDown steps back, above 0 and at most 2^53; it may have a fraction
 * @param mode how the cycles shrink; ignored if there is a {@code scaleFn}
 * @param gamma factor of a step in {@code EXP_RANGE}, finite and at least 0
 * @param scaleFn a scale of one's own, as a function of the cycle, from 1, or of the step
 * @param scaleMode what {@code scaleFn} is a function of; ignored if there is none
 * @param cycleMomentum whether the momentum is driven
 * @param baseMomentum the lowest momentum, at least 0 and below 1: one for all groups, or one per group
 * @param maxMomentum the highest momentum, at least 0 and below 1: one for all groups, or one per group
 */
public record CyclicLR(
        List<Double> baseLr,
        List<Double> maxLr,
        double stepSizeUp,
        double stepSizeDown,
        Mode mode,
        double gamma,
        Optional<LrLambda> scaleFn,
        ScaleMode scaleMode,
        boolean cycleMomentum,
        List<Double> baseMomentum,
        List<Double> maxMomentum)
        implements Schedule {

    /** How the cycles shrink. */
    public enum Mode {
        /** Not at all. */
        TRIANGULAR,
        /** By half from cycle to cycle. */
        TRIANGULAR2,
        /** By {@code gamma} from step to step. */
        EXP_RANGE
    }

    /** What a scale function is asked for. */
    public enum ScaleMode {
        /** The cycle, from 1. */
        CYCLE,
        /** The step, from 0. */
        ITERATIONS
    }

    static final double STEP_SIZE = 2000;
    static final List<Double> BASE_MOMENTUM = List.of(0.8);
    static final List<Double> MAX_MOMENTUM = List.of(0.9);

    /** @throws IllegalArgumentException if an argument is out of its range */
    public CyclicLR {
        baseLr = PerGroup.checked("base_lr", baseLr, Check::finiteNotNegative);
        maxLr = PerGroup.checked("max_lr", maxLr, Check::finiteNotNegative);
        checkSize("step_size_up", stepSizeUp);
        checkSize("step_size_down", stepSizeDown);
        Objects.requireNonNull(mode, "mode");
        gamma = Check.finiteNotNegative("gamma", gamma);
        Objects.requireNonNull(scaleFn, "scaleFn");
        Objects.requireNonNull(scaleMode, "scaleMode");
        baseMomentum = PerGroup.checked("base_momentum", baseMomentum, Check::belowOne);
        maxMomentum = PerGroup.checked("max_momentum", maxMomentum, Check::belowOne);
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
                STEP_SIZE,
                STEP_SIZE,
                Mode.TRIANGULAR,
                1.0,
                Optional.empty(),
                ScaleMode.CYCLE,
                true,
                BASE_MOMENTUM,
                MAX_MOMENTUM);
    }

    /** {@return this with another number of steps up, and as many down} */
    public CyclicLR withStepSize(double stepSize) {
        return withStepSizes(stepSize, stepSize);
    }

    /** {@return this with other numbers of steps up and down} */
    public CyclicLR withStepSizes(double up, double down) {
        return new CyclicLR(
                baseLr, maxLr, up, down, mode, gamma, scaleFn, scaleMode, cycleMomentum, baseMomentum, maxMomentum);
    }

    /** {@return this with another mode in place of a mode or a scale function} */
    public CyclicLR withMode(Mode mode) {
        return new CyclicLR(
                baseLr,
                maxLr,
                stepSizeUp,
                stepSizeDown,
                mode,
                gamma,
                Optional.empty(),
                ScaleMode.CYCLE,
                cycleMomentum,
                baseMomentum,
                maxMomentum);
    }

    /** {@return this with another factor for {@code EXP_RANGE}} */
    public CyclicLR withGamma(double gamma) {
        return new CyclicLR(
                baseLr,
                maxLr,
                stepSizeUp,
                stepSizeDown,
                mode,
                gamma,
                scaleFn,
                scaleMode,
                cycleMomentum,
                baseMomentum,
                maxMomentum);
    }

    /** {@return this with a scale function of one's own} */
    public CyclicLR withScaleFn(LrLambda scaleFn, ScaleMode scaleMode) {
        return new CyclicLR(
                baseLr,
                maxLr,
                stepSizeUp,
                stepSizeDown,
                mode,
                gamma,
                Optional.of(Objects.requireNonNull(scaleFn, "scaleFn")),
                scaleMode,
                cycleMomentum,
                baseMomentum,
                maxMomentum);
    }

    /** {@return this, driving the momentum or not} */
    public CyclicLR withCycleMomentum(boolean cycleMomentum) {
        return new CyclicLR(
                baseLr,
                maxLr,
                stepSizeUp,
                stepSizeDown,
                mode,
                gamma,
                scaleFn,
                scaleMode,
                cycleMomentum,
                baseMomentum,
                maxMomentum);
    }

    /** {@return this with other bounds of the momentum} */
    public CyclicLR withMomentum(double base, double max) {
        return withMomentum(List.of(base), List.of(max));
    }

    /** {@return this with other bounds of the momentum for each group} */
    public CyclicLR withMomentum(List<Double> base, List<Double> max) {
        return new CyclicLR(
                baseLr, maxLr, stepSizeUp, stepSizeDown, mode, gamma, scaleFn, scaleMode, cycleMomentum, base, max);
    }

    /** @throws IllegalStateException if there is a rate per group and this is not bound to one by {@code forGroup} */
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
    public double start(long step, double current, double base) {
        return next(step, current, base);
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
        return new CyclicLR(
                PerGroup.forGroup("base_lr", baseLr, group, groups),
                PerGroup.forGroup("max_lr", maxLr, group, groups),
                stepSizeUp,
                stepSizeDown,
                mode,
                gamma,
                scaleFn,
                scaleMode,
                cycleMomentum,
                PerGroup.forGroup("base_momentum", baseMomentum, group, groups),
                PerGroup.forGroup("max_momentum", maxMomentum, group, groups));
    }

    private double turns(long step) {
        return 1.0 + Check.step(step) / (stepSizeUp + stepSizeDown);
    }

    /** Returns how high up the triangle is, 0 to 1, in PyTorch's order of operations. */
    private double height(double turns) {
        double up = stepSizeUp / (stepSizeUp + stepSizeDown);
        double x = turns - Math.floor(turns);
        double height = x <= up ? x / up : (x - 1) / (up - 1);
        return height > 0 ? height : 0; // NaN of cycles so short that there are infinitely many
    }

    private double rate(double height, long step, double cycle) {
        double low = PerGroup.only("base_lr", baseLr);
        return low + scaled((PerGroup.only("max_lr", maxLr) - low) * height, step, cycle);
    }

    private double scaled(double height, long step, double cycle) {
        if (height == 0) {
            return 0; // also where the scale is infinite
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

    private static void checkSize(String argument, double size) {
        if (!(size > 0 && size <= Check.LAST_STEP)) {
            throw new IllegalArgumentException(argument + " must be > 0 and at most 2^53, but was " + size);
        }
    }

    @Override
    public String toString() {
        List<String> given = new ArrayList<>();
        given.add("base_lr=" + PerGroup.print(baseLr));
        given.add("max_lr=" + PerGroup.print(maxLr));
        if (stepSizeUp != STEP_SIZE) {
            given.add("step_size_up=" + steps(stepSizeUp));
        }
        if (stepSizeDown != stepSizeUp) {
            given.add("step_size_down=" + steps(stepSizeDown));
        }
        if (mode != Mode.TRIANGULAR && scaleFn.isEmpty()) {
            given.add("mode=" + SchedulerCall.quoted(mode));
        }
        if (gamma != 1 || (mode == Mode.EXP_RANGE && scaleFn.isEmpty())) {
            given.add("gamma=" + Python.repr(gamma));
        }
        scaleFn.ifPresent(function -> given.add("scale_fn=" + function));
        if (scaleMode != ScaleMode.CYCLE) {
            given.add("scale_mode=" + SchedulerCall.quoted(scaleMode));
        }
        if (!cycleMomentum) {
            given.add("cycle_momentum=False");
        }
        if (!baseMomentum.equals(BASE_MOMENTUM)) {
            given.add("base_momentum=" + PerGroup.print(baseMomentum));
        }
        if (!maxMomentum.equals(MAX_MOMENTUM)) {
            given.add("max_momentum=" + PerGroup.print(maxMomentum));
        }
        return "CyclicLR(" + String.join(", ", given) + ")";
    }

    private static String steps(double size) {
        return size == Math.rint(size) ? Long.toString((long) size) : Python.repr(size);
    }
}
