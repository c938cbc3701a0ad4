package org.anneal.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.function.LongConsumer;
import org.anneal.text.Check;
import org.anneal.text.PerGroup;
import org.anneal.text.Python;

/**
 * What can be said about a schedule for a run before it is run: what is wrong or suspicious, and how much rate it gives.
 *
 * <p>Two walks: one over the schedule's parts, each with the part of the run that it has, for what does not fit; one over
 * the rates of the untouched run, for what no rate may be. One cause is reported once: a part that does not fit is not
 * asked for its zeros. Takes time proportional to the run's steps, and constant memory.
 *
 * <p>Under a plateau the rates are those of its schedule, or the base, before the plateau reduces them.
 *
 * @param findings what is wrong or suspicious, by step
 * @param notes what is common and right, but not what everyone expects, by step
 * @param peak the highest rate; NaN if there is none, because the first step has no finite rate
 * @param peakStep the first step that has it
 * @param area the sum of the rates of all steps
 * @param mean the mean of the rates of all steps; NaN if there is none
 * @param firstBelow the first step whose rate is below the limit asked for, if there was one and there is one
 */
public record Checkup(
        List<Finding> findings,
        List<Finding> notes,
        double peak,
        long peakStep,
        double area,
        double mean,
        OptionalLong firstBelow) {

    /** A rate below this part of the peak is nothing. */
    private static final double NOTHING = 1e-7;

    private static final int STEPS_BETWEEN_LOOKS = 1024;

    /** A run: its length, and the epochs it has, if they are known. */
    record Run(long steps, Optional<RunLength> length) {}

    public Checkup {
        findings = List.copyOf(findings);
        notes = List.copyOf(notes);
    }

    /**
     * Checks {@code policy} for a run of {@code steps} steps from the rate {@code base}.
     *
     * @throws IllegalArgumentException if {@code steps < 1}, {@code base < 0} or not finite, or {@code policy} has rates
     *     per group
     */
    public static Checkup of(Policy policy, long steps, double base) {
        return of(policy, steps, base, 0, 1, 0, walked -> {});
    }

    /**
     * Checks {@code policy} for a run whose epochs are known, which shows lengths in the wrong unit.
     *
     * @throws IllegalArgumentException as {@link #of(Policy, long, double)} does
     */
    public static Checkup of(Policy policy, RunLength length, double base) {
        return of(policy, length, base, 0, 1, 0, walked -> {});
    }

    /**
     * Checks {@code policy} for one of several parameter groups, of which all have the same base.
     *
     * @param group the group, from 0
     * @param groups how many groups there are
     * @param below the limit for {@link #firstBelow()}
     * @param progress called with the steps walked so far, every thousand or so, and with all of them at the end
     */
    public static Checkup of(
            Policy policy, long steps, double base, int group, int groups, double below, LongConsumer progress) {
        return of(policy, steps, Collections.nCopies(groups, base), group, below, progress);
    }

    /** Checks {@code policy} for one of several parameter groups of the same base, in a run whose epochs are known. */
    public static Checkup of(
            Policy policy, RunLength length, double base, int group, int groups, double below, LongConsumer progress) {
        return of(policy, length, Collections.nCopies(groups, base), group, below, progress);
    }

    /**
     * Checks {@code policy} for one of the parameter groups.
     *
     * @param bases the rate that each group starts from
     * @param group the group, from 0
     * @param below the limit for {@link #firstBelow()}
     * @param progress called with the steps walked so far, every thousand or so, and with all of them at the end
     */
    public static Checkup of(
            Policy policy, long steps, List<Double> bases, int group, double below, LongConsumer progress) {
        return check(
                policy, new Run(Check.atLeast(1, "steps", steps), Optional.empty()), bases, group, below, progress);
    }

    /** Checks {@code policy} for one of the parameter groups, in a run whose epochs are known. */
    public static Checkup of(
            Policy policy, RunLength length, List<Double> bases, int group, double below, LongConsumer progress) {
        return check(policy, new Run(length.total(), Optional.of(length)), bases, group, below, progress);
    }

    private static Checkup check(
            Policy policy, Run run, List<Double> bases, int group, double below, LongConsumer progress) {
        int groups = bases.size();
        Check.group(group, groups);
        bases.forEach(rate -> Check.finiteNotNegative("base", rate));
        Walk walk = new Walk(run, bases, group);
        RunPart whole = new RunPart(walk, 0, run.steps(), true, true);
        policy.metricDriven()
                .ifPresent(plateau -> plateau.reduce(group, groups, 0)); // refuses a list of another length
        Schedule shared = policy.stepDriven().orElse(new ExponentialLR(1.0));
        if (policy.stepDriven().isPresent()) {
            walk.untilPlateau = policy.firstMetric() > 0 ? Optional.of(shared) : Optional.empty();
            whole.visit(shared);
        }
        if (policy.metricDriven().isPresent() && policy.firstMetric() < run.steps()) {
            walk.plateau(policy.metricDriven().get(), policy.firstMetric());
        }
        Checkup checkup = walk.rates(
                shared.forGroup(group, groups), below, policy.metricDriven().isEmpty(), progress);
        progress.accept(run.steps());
        return checkup;
    }

    /** Collects what is found. */
    static final class Walk {
        final Run run;
        final double base;
        final List<Double> bases; // of all groups
        final int group;
        final List<Finding> findings = new ArrayList<>();
        final List<Finding> notes = new ArrayList<>();
        private Optional<ReduceLROnPlateau> plateau = Optional.empty();
        private long firstMetric; // of the plateau
        Optional<Schedule> untilPlateau = Optional.empty(); // whose last piece holds the base for a plateau
        final List<RunPart> reported = new ArrayList<>(); // the parts that have a finding

        Walk(Run run, List<Double> bases, int group) {
            this.run = run;
            this.base = bases.get(group);
            this.bases = bases;
            this.group = group;
        }

        void plateau(ReduceLROnPlateau plateau, long from) {
            this.plateau = Optional.of(plateau);
            this.firstMetric = from;
            long metrics = run.steps() - from;
            if (plateau.patience() + 2 > metrics) { // the first metric is the best so far
                RunPart part = new RunPart(this, from, run.steps(), true, from == 0);
                part.add(
                        run.steps() - 1,
                        "ReduceLROnPlateau cannot reduce the rate: it waits for " + (plateau.patience() + 1)
                                + " metrics without improvement after the first, " + part.name() + " has "
                                + metrics,
                        RunPart.set("patience", Math.max(0, metrics / 10)));
            }
        }

        /** Walks over the rates. */
        Checkup rates(Schedule schedule, double below, boolean mayStand, LongConsumer progress) {
            PrimitiveIterator.OfDouble rates = schedule.curve(run.steps(), base).iterator();
            double peak = Double.NaN;
            long peakStep = 0;
            double reducible = 0; // the highest rate that a plateau finds
            long nothing = -1; // the first step from which on the rate is nothing until now
            double sum = 0; // of the rates by the scale
            double lost = 0; // of the sum, to rounding
            double scale = 1; // less, once the sum would be infinite, which a mean of finite rates is not
            OptionalLong firstBelow = OptionalLong.empty();
            OptionalLong zero = OptionalLong.empty();
            boolean negative = false;
            boolean changes = false;
            double first = 0;
            double last = base;
            long end =
                    Math.min(run.steps(), schedule.lastStep() == Check.LAST_STEP ? run.steps() : schedule.lastStep());
            long step = 0;
            for (; step < end; step++) {
                if (step % STEPS_BETWEEN_LOOKS == 0) {
                    progress.accept(step);
                }
                double rate;
                try {
                    rate = rates.nextDouble();
                } catch (ArithmeticException e) {
                    findings.add(new Finding(step, "the rate has no value: " + e.getMessage(), "change the lambda"));
                    break;
                }
                if (!Double.isFinite(rate)) {
                    findings.add(new Finding(
                            step,
                            "the rate is not finite (" + Python.repr(rate) + "), which ends the run",
                            "keep the factors at 1 or below"));
                    break;
                }
                first = step == 0 ? rate : first;
                changes |= rate != first;
                // A rounding error beside zero is zero.
                boolean isZero = Math.abs(rate) <= 1e-14 * base && (rate <= 0 || last > 1e-6 * base);
                if (isZero && zero.isEmpty()) {
                    zero = OptionalLong.of(step);
                } else if (rate < 0 && !isZero && !negative) {
                    negative = true;
                    findings.add(new Finding(
                            step,
                            "the rate is negative (" + RunPart.round(rate) + "), which climbs the loss",
                            "keep the factor at 0 or above, with max(0, ...) in a lambda"));
                }
                if (!(rate <= peak)) {
                    peak = rate;
                    peakStep = step;
                }
                reducible = step >= firstMetric ? Math.max(reducible, rate) : reducible;
                if (rate < 0 || rate >= NOTHING * peak) {
                    nothing = -1;
                } else if (nothing < 0) {
                    nothing = step;
                }
                if (firstBelow.isEmpty() && rate < below) {
                    firstBelow = OptionalLong.of(step);
                }
                if (Double.isInfinite(sum + rate * scale)) {
                    scale = 1.0 / Check.LAST_STEP; // a run has no more steps
                    sum *= scale;
                    lost *= scale;
                }
                double term = rate * scale - lost;
                double total = sum + term;
                lost = total - sum - term;
                sum = total;
                last = rate;
            }
            if (step == run.steps() && run.steps() <= schedule.lastStep()) {
                after(schedule, last);
            }
            if (peak == 0 && !changes) {
                if (base == 0) {
                    findings.clear(); // the cause of all else
                }
                if (findings.isEmpty()) {
                    findings.add(new Finding(
                            0,
                            "the rate is zero in every step, which learns nothing",
                            base == 0 ? "start from a rate above zero" : "let the schedule start above zero"));
                }
            } else {
                long vanished = nothing >= 0 && 2 * (step - nothing) > run.steps() ? nothing : step;
                if (zero.isPresent() && zero.getAsLong() <= vanished) {
                    zero(zero.getAsLong());
                }
                if (vanished < step && zero.orElse(step) != vanished) {
                    vanished(vanished, last);
                }
            }
            if (plateau.isPresent() && reducible > 0) {
                neverReduces(plateau.get(), reducible);
            }
            if (mayStand && findings.isEmpty() && !changes && run.steps() > 1) {
                findings.add(new Finding(
                        0,
                        "the rate never changes: it is " + RunPart.round(first) + " in all "
                                + RunPart.plural(run.steps()),
                        "check the schedule's lengths and factors"
                                + (first == base && !schedule.drivesMomentum() ? ", or leave it out" : "")));
            }
            return new Checkup(
                    sorted(findings), sorted(notes), peak, peakStep, sum / scale, sum / step / scale, firstBelow);
        }

        private static List<Finding> sorted(List<Finding> found) {
            return found.stream()
                    .distinct()
                    .sorted(Comparator.comparingLong(Finding::step))
                    .toList();
        }

        private boolean isReported(long step) {
            return reported.stream().anyMatch(part -> part.from() <= step && step < part.to());
        }

        /** Looks at the rate that the scheduler is asked for after the last step, and that nobody uses. */
        private void after(Schedule schedule, double last) {
            String problem;
            try {
                double rate = schedule.next(run.steps(), last, base);
                problem = Double.isFinite(rate) ? "" : "is not finite (" + Python.repr(rate) + ")";
            } catch (ArithmeticException e) {
                problem = "has no value: " + e.getMessage();
            }
            if (!problem.isEmpty()) {
                findings.add(new Finding(
                        run.steps() - 1,
                        "the rate after the last step, for which a training loop asks too, " + problem,
                        "let the schedule have a rate at step " + run.steps() + " too"));
            }
        }

        private void vanished(long step, double last) {
            if (!isReported(step)) {
                findings.add(new Finding(
                        step,
                        "the rate decays to nothing: for most of the run, from here on, it is below "
                                + Python.repr(NOTHING) + " of its peak, and it ends at " + RunPart.round(last),
                        "let the rate fall more slowly, or end the run here"));
            }
        }

        private void neverReduces(ReduceLROnPlateau plateau, double rate) {
            if (plateau.reduce(group, bases.size(), rate) == rate) {
                double least = PerGroup.forGroup("min_lr", plateau.minLr(), group, bases.size())
                        .get(0);
                findings.add(new Finding(
                        firstMetric,
                        "ReduceLROnPlateau never reduces the rate, which is " + RunPart.round(rate) + " at most: "
                                + (least < rate
                                        ? "no reduction is above its eps=" + RunPart.round(plateau.eps())
                                        : "its min_lr=" + RunPart.round(least) + " is not below"),
                        least < rate
                                ? "set eps well below " + RunPart.round(rate)
                                : "set min_lr well below " + RunPart.round(rate)));
            }
        }

        private void zero(long step) {
            if (isReported(step)) {
                return; // by what is reported there
            }
            boolean last = step == run.steps() - 1;
            String suggestion = last
                    ? "make the schedule one step longer, or let it end above zero"
                    : step == 0
                            ? "start above zero, such as with step + 1 in place of step in a lambda"
                            : "end the run here, or let the schedule end above zero";
            findings.add(new Finding(
                    step,
                    "the rate is zero" + (last ? " in the last step" : step == 0 ? " in the first step" : "")
                            + ", which learns nothing",
                    suggestion));
        }
    }
}
