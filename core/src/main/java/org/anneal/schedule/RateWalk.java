package org.anneal.schedule;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.function.LongConsumer;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Python;

/** Walks once over the rates of an untouched run: adds them up, and looks for rates that make no sense. */
final class RateWalk {

    /** Below this fraction of the peak, a rate counts as nothing. */
    private static final double NOTHING = 1e-7;

    /** The part of the base that a warmup from zero is advised to start from. */
    private static final double START = 0.01;

    private static final int STEPS_BETWEEN_REPORTS = 1024;

    private final CheckedRun run;
    private final Schedule schedule; // of the group
    private final Optional<MetricDriven> plateau;
    private final long firstMetric; // of the plateau
    private final double below;

    private long step;
    private double first;
    private double last;
    private boolean changes;
    private double peak = Double.NaN;
    private long peakStep;
    private double reducible; // the highest rate from the first metric on
    private boolean negative;
    private long nothing = -1; // the step since which the rate has been nothing; -1 if it is not
    private OptionalLong zero = OptionalLong.empty();
    private OptionalLong firstBelow = OptionalLong.empty();
    private double sum; // of the rates, times scale
    private double lost; // what rounding has cost the sum
    private double scale = 1; // less once the sum would overflow: the mean of finite rates is finite

    RateWalk(CheckedRun run, Schedule schedule, Policy policy, double below) {
        this.run = run;
        this.schedule = schedule;
        this.plateau = policy.metricDriven();
        this.firstMetric = policy.firstMetric();
        this.below = below;
        this.last = run.base();
    }

    Checkup walk(LongConsumer progress) {
        PrimitiveIterator.OfDouble rates =
                schedule.curve(run.steps(), run.base()).iterator();
        long end = Math.min(run.steps(), schedule.lastStep());
        for (; step < end; step++) {
            if (step % STEPS_BETWEEN_REPORTS == 0) {
                progress.accept(step);
            }
            if (!take(rates)) {
                break;
            }
        }
        progress.accept(run.steps());
        if (step == run.steps() && run.steps() <= schedule.lastStep()) {
            lookAfterTheEnd();
        }
        if (peak == 0 && !changes) {
            zeroThroughout();
        } else {
            zeroInPart();
        }
        if (plateau.isPresent() && reducible > 0) {
            plateau.get()
                    .idle(run.group(), run.bases().size(), reducible, firstMetric)
                    .ifPresent(run.findings()::add);
        }
        if (plateau.isEmpty()
                && run.findings().isEmpty()
                && !run.staying().contains(schedule)
                && !changes
                && run.steps() > 1) {
            run.find(
                    0,
                    "the rate never changes: it is " + RunPart.round(first) + " in all " + RunPart.plural(run.steps()),
                    "check the schedule's lengths and factors"
                            + (first == run.base() && !schedule.drivesMomentum() ? ", or leave it out" : ""));
        }
        return new Checkup(
                sorted(run.findings()),
                sorted(run.notes()),
                peak,
                peakStep,
                sum / scale,
                sum / step / scale,
                firstBelow);
    }

    private static List<Finding> sorted(List<Finding> found) {
        return found.stream()
                .distinct()
                .sorted(Comparator.comparingLong(Finding::step))
                .toList();
    }

    /** Looks at the next rate, and {@return whether the run goes on after it}. */
    private boolean take(PrimitiveIterator.OfDouble rates) {
        double rate;
        try {
            rate = rates.nextDouble();
        } catch (ArithmeticException e) {
            run.find(step, "the rate has no value: " + e.getMessage(), "change the lambda");
            return false;
        }
        if (!Double.isFinite(rate)) {
            run.find(
                    step,
                    "the rate is not finite (" + Python.repr(rate) + "), which ends the run",
                    "keep the factors at 1 or below");
            return false;
        }
        first = step == 0 ? rate : first;
        changes |= rate != first;
        lookAtSign(rate);
        if (!(rate <= peak)) {
            peak = rate;
            peakStep = step;
        }
        if (step >= firstMetric) {
            reducible = Math.max(reducible, rate);
        }
        if (rate < 0 || rate >= NOTHING * peak) {
            nothing = -1;
        } else if (nothing < 0) {
            nothing = step;
        }
        if (firstBelow.isEmpty() && rate < below) {
            firstBelow = OptionalLong.of(step);
        }
        add(rate);
        last = rate;
        return true;
    }

    private void lookAtSign(double rate) {
        // A rounding error next to zero counts as zero.
        boolean isZero = Math.abs(rate) <= 1e-14 * run.base() && (rate <= 0 || last > 1e-6 * run.base());
        if (isZero && zero.isEmpty()) {
            zero = OptionalLong.of(step);
        } else if (rate < 0 && !isZero && !negative) {
            negative = true;
            run.find(
                    step,
                    "the rate is negative (" + RunPart.round(rate) + "), so updates raise the loss",
                    "keep the factor at 0 or above"
                            + (hasFunction() ? ", such as with max(0, ...) in the lambda" : ""));
        }
    }

    /** Adds to the sum by Kahan's method. */
    private void add(double rate) {
        if (Double.isInfinite(sum + rate * scale)) {
            scale = 1.0 / Check.LAST_STEP; // the most steps a run has
            sum *= scale;
            lost *= scale;
        }
        double term = rate * scale - lost;
        double total = sum + term;
        lost = total - sum - term;
        sum = total;
    }

    /** Looks at the rate that the scheduler computes after the last update, although nothing uses it. */
    private void lookAfterTheEnd() {
        String problem;
        try {
            double rate = schedule.next(run.steps(), last, run.base());
            problem = Double.isFinite(rate) ? "" : "is not finite (" + Python.repr(rate) + ")";
        } catch (ArithmeticException e) {
            problem = "has no value: " + e.getMessage();
        }
        if (!problem.isEmpty()) {
            run.find(
                    run.steps() - 1,
                    "the rate after the last step, which a training loop also asks for, " + problem,
                    "let the schedule have a rate at step " + run.steps() + " too");
        }
    }

    private void zeroThroughout() {
        if (run.base() == 0) {
            run.findings().clear(); // a base of zero explains them all
        }
        if (run.findings().isEmpty()) {
            run.find(
                    0,
                    "the rate is zero in every step, so nothing is learned",
                    run.base() == 0 ? "start from a rate above zero" : "let the schedule start above zero");
        }
    }

    /** Reports where the rate is zero or almost, unless what is reported there already explains it. */
    private void zeroInPart() {
        long vanished = nothing >= 0 && 2 * (step - nothing) > run.steps() ? nothing : step;
        if (zero.isPresent() && zero.getAsLong() <= vanished && !run.isReported(zero.getAsLong())) {
            zero(zero.getAsLong());
        }
        if (vanished < step && zero.orElse(step) != vanished && !run.isReported(vanished)) {
            run.find(
                    vanished,
                    "the rate decays to nothing: for most of the run, from here on, it is below " + Python.repr(NOTHING)
                            + " of its peak, and it ends at " + RunPart.round(last),
                    "let the rate fall more slowly, or end the run here");
        }
    }

    private void zero(long step) {
        boolean atEnd = step == run.steps() - 1;
        boolean atStart = step == 0;
        String problem = "the rate is zero" + (atEnd ? " in the last step" : atStart ? " in the first step" : "")
                + ", so nothing is learned";
        Optional<Remedy> start = atStart ? startAboveZero() : Optional.empty();
        if (start.isPresent()) {
            run.find(step, problem, start.get());
            return;
        }
        run.find(
                step,
                problem,
                atEnd
                        ? "make the schedule one step longer, or let it end above zero"
                        : atStart
                                ? "start above zero"
                                        + (hasFunction()
                                                ? ", such as with step + 1 in place of step in the lambda"
                                                : "")
                                : "end the run here, or let the schedule end above zero");
    }

    /** {@return to let the warmup that the run begins with start above zero, if there is one} */
    private Optional<Remedy> startAboveZero() {
        return Kind.parts(run.policy())
                .filter(part -> part instanceof Warmup || part instanceof WarmupStableDecay)
                .findFirst()
                .map(part -> Remedy.with((Policy) part, Map.of("start", START), "set start=" + START));
    }

    private boolean hasFunction() {
        return Kind.parts(run.policy()).anyMatch(part -> part instanceof LambdaLR || part instanceof MultiplicativeLR);
    }
}
