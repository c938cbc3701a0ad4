package org.anneal.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

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

    /** A length that is reached but for this part of it counts as reached. */
    private static final double NEARLY = 0.99;

    /** Neighbouring rates whose ratio is above this, or below its inverse, are a jump. */
    private static final double JUMP = 1.5;

    /** A run of this many times as many steps as epochs is one in which the two can be confused. */
    private static final long MANY = 10;

    /** A rate below this part of the peak is nothing. */
    private static final double NOTHING = 1e-7;

    /** Groups whose rates a suggestion lists. */
    private static final int MOST_LISTED = 4;

    private static final int STEPS_BETWEEN_LOOKS = 1024;

    /** A run: its length, and the epochs it has, if they are known. */
    private record Run(long steps, Optional<RunLength> length) {}

    /** The part of a run that a schedule has: the steps from {@code from} to before {@code to}. */
    private record Part(long from, long to, boolean last, boolean whole) {
        long steps() {
            return to - from;
        }

        String name() {
            return whole ? "the run" : "its part of the run";
        }

        String length() {
            return plural(steps());
        }
    }

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
        Schedule schedule;
        if (policy instanceof ReduceLROnPlateau plateau) {
            plateau.reduce(group, groups, 0); // refuses a min_lr per group of another length
            walk.plateau(plateau, 0);
            schedule = new ExponentialLR(1.0);
        } else {
            Schedule shared = policy instanceof ComposedPlateau composed ? composed.schedule() : (Schedule) policy;
            schedule = walk.own(shared);
            walk.untilPlateau = policy instanceof SequentialPlateau ? Optional.of(shared) : Optional.empty();
            walk.visit(shared, new Part(0, run.steps(), true, true));
            if (policy instanceof ComposedPlateau composed) {
                composed.plateau().reduce(group, groups, 0);
                if (composed.firstMetric() < run.steps()) {
                    walk.plateau(composed.plateau(), composed.firstMetric());
                }
            }
        }
        Checkup checkup = walk.rates(schedule, below, policy instanceof Schedule, progress);
        progress.accept(run.steps());
        return checkup;
    }

    private static String plural(long steps) {
        return steps + (steps == 1 ? " step" : " steps");
    }

    /** Collects what is found. */
    private static final class Walk {
        private final Run run;
        private final double base;
        private final List<Double> bases; // of all groups
        private final int group;
        private final List<Finding> findings = new ArrayList<>();
        private final List<Finding> notes = new ArrayList<>();
        private Optional<ReduceLROnPlateau> plateau = Optional.empty();
        private long firstMetric; // of the plateau
        private Optional<Schedule> untilPlateau = Optional.empty(); // whose last piece holds the base for a plateau
        private final List<Part> reported = new ArrayList<>(); // the parts that have a finding

        Walk(Run run, List<Double> bases, int group) {
            this.run = run;
            this.base = bases.get(group);
            this.bases = bases;
            this.group = group;
        }

        /** Returns a schedule of all groups for this one. */
        Schedule own(Schedule shared) {
            return shared.forGroup(group, bases.size());
        }

        private void add(Part part, long step, String problem, String suggestion) {
            findings.add(new Finding(step, problem, suggestion));
            reported.add(part);
        }

        void visit(Schedule schedule, Part part) {
            if (schedule instanceof SequentialLR sequence) {
                sequence(sequence, part);
            } else if (schedule instanceof ChainedScheduler chain) {
                chain.schedules().forEach(member -> visit(member, part));
            } else if (!confused(schedule, part)) {
                single(schedule, part);
            }
        }

        private void single(Schedule shared, Part part) {
            Schedule schedule = own(shared);
            absolute(shared, schedule, part);
            if (schedule instanceof StepLR step) {
                if (part.steps() > 1 && step.gamma() != 1 && step.stepSize() >= part.steps() && part.last()) {
                    add(
                            part,
                            part.to() - 1,
                            "StepLR never decays: its first decay, after " + step.stepSize() + " steps, is not within "
                                    + part.name() + " of " + part.length(),
                            set("step_size", Math.max(1, part.steps() / 3)) + " for decays within " + part.name());
                }
            } else if (schedule instanceof MultiStepLR steps) {
                multiStep(steps, part);
            } else if (schedule instanceof ConstantLR constant) {
                if (constant.factor() != 1 && constant.totalIters() > part.steps() && part.last()) {
                    add(
                            part,
                            part.to() - 1,
                            "ConstantLR holds the rate at " + round(constant.factor()) + " of its base for "
                                    + constant.totalIters() + " steps, longer than " + part.name() + " of "
                                    + part.length(),
                            set("total_iters", Math.max(1, part.steps() / 20)));
                }
            } else if (schedule instanceof LinearLR linear) {
                linear(linear, part);
            } else if (schedule instanceof PolynomialLR polynomial) {
                falling("PolynomialLR", "total_iters", polynomial.totalIters(), 0, part);
            } else if (schedule instanceof CosineAnnealingLR cosine) {
                cosine(cosine, part);
            } else if (schedule instanceof CosineAnnealingWarmRestarts restarts) {
                restarts(restarts, part);
            } else if (schedule instanceof CyclicLR cyclic) {
                if (part.steps() > 1
                        && !cyclic.baseLr().equals(cyclic.maxLr())
                        && cyclic.stepSizeUp() > part.steps() - 1) {
                    long half = Math.max(1, part.steps() / 2);
                    add(
                            part,
                            part.to() - 1,
                            "CyclicLR never reaches its max_lr, which it has after " + number(cyclic.stepSizeUp())
                                    + " steps: " + part.name() + " has " + part.length(),
                            set("step_size_up", half) + " for one whole cycle");
                }
            } else if (schedule instanceof OneCycleLR cycle) {
                oneCycle(cycle, part);
            } else if (schedule instanceof SWALR swa) {
                if (part.last() && part.steps() < NEARLY * swa.annealEpochs()) {
                    add(
                            part,
                            part.to() - 1,
                            "SWALR has not reached its swa_lr, which it has after " + swa.annealEpochs() + " steps: "
                                    + part.name() + " has " + part.length(),
                            set("anneal_epochs", part.steps()) + " or less");
                }
            }
        }

        private void multiStep(MultiStepLR schedule, Part part) {
            List<Long> unreached = schedule.milestones().stream()
                    .filter(milestone -> milestone >= part.steps())
                    .toList();
            if (unreached.isEmpty() || schedule.gamma() == 1) {
                return;
            }
            int count = schedule.milestones().size();
            List<Long> fitting = LongStream.rangeClosed(1, count)
                    .map(i -> Math.floorDiv(i * part.steps(), count + 1L))
                    .filter(milestone -> milestone > 0)
                    .distinct()
                    .boxed()
                    .toList();
            add(
                    part,
                    part.to() - 1,
                    (unreached.size() == 1 ? "milestone " : "milestones ")
                            + unreached.stream().map(String::valueOf).collect(Collectors.joining(", "))
                            + " of MultiStepLR " + (unreached.size() == 1 ? "is" : "are") + " never reached: "
                            + part.name() + " has " + part.length(),
                    fitting.isEmpty()
                            ? "leave them out"
                            : "set milestones=" + fitting + ", or give "
                                    + (part.whole() ? "the run" : "it") + " more than "
                                    + unreached.get(unreached.size() - 1) + " steps");
        }

        private void linear(LinearLR linear, Part part) {
            if (linear.startFactor() > linear.endFactor()) {
                falling("LinearLR", "total_iters", linear.totalIters(), linear.endFactor(), part);
            } else if (linear.startFactor() < linear.endFactor() && linear.totalIters() > part.steps()) {
                add(
                        part,
                        part.to() - 1,
                        "the warmup of " + linear.totalIters() + " steps (LinearLR) is longer than " + part.name()
                                + " of " + part.length(),
                        part.last()
                                ? set("total_iters", Math.max(1, part.steps() / 20)) + ", a twentieth of " + part.name()
                                : set("total_iters", part.steps()) + ", up to the milestone");
            }
        }

        /** A rate that falls for {@code length} steps, at its end to {@code factor} of its base. */
        private void falling(String name, String argument, long length, double factor, Part part) {
            if (part.last() && part.steps() < NEARLY * length) {
                unfinished(name, argument, length, part);
            } else if (factor == 0 && length < part.steps()) {
                add(
                        part,
                        part.from() + length,
                        name + " is at zero from here on: it ends after " + length + " steps, " + part.name() + " has "
                                + part.length(),
                        fit(argument, part));
            }
        }

        private void unfinished(String name, String argument, long length, Part part) {
            add(
                    part,
                    part.to() - 1,
                    name + " is not finished: " + part.name() + " ends after " + part.steps() + " of its " + length
                            + " steps",
                    fit(argument, part));
        }

        private void cosine(CosineAnnealingLR cosine, Part part) {
            if (part.last() && part.steps() < NEARLY * cosine.tMax()) {
                unfinished("CosineAnnealingLR", "T_max", cosine.tMax(), part);
            } else if (part.steps() > cosine.tMax() + 1) {
                add(
                        part,
                        part.from() + cosine.tMax() + 1,
                        "CosineAnnealingLR climbs again from here on: " + part.name() + " of " + part.length()
                                + " goes on past T_max=" + cosine.tMax(),
                        fit("T_max", part));
            } else if (part.steps() > cosine.tMax() && cosine.etaMin() == 0) {
                add(
                        part,
                        part.from() + cosine.tMax(),
                        "the last rate of CosineAnnealingLR is zero: " + part.name() + " has one step more than T_max="
                                + cosine.tMax(),
                        fit("T_max", part));
            }
        }

        private void restarts(CosineAnnealingWarmRestarts schedule, Part part) {
            double length = schedule.t0();
            double left = part.steps();
            double cycles = 1; // lengths of all cycles so far, in units of T_0
            double weight = 1;
            if (schedule.tMult() == 1) {
                double full = Math.floor((part.steps() - 1) / length);
                left -= full * length;
                cycles = full + 1;
            } else {
                while (left > length) {
                    left -= length;
                    length *= schedule.tMult();
                    weight *= schedule.tMult();
                    cycles += weight;
                }
            }
            if (!part.last() || left >= NEARLY * length) {
                return;
            }
            double t0 = Math.ceil(part.steps() / cycles);
            double end = part.steps() - left + length;
            boolean fits = part.steps() - t0 * (cycles - weight) >= NEARLY * t0 * weight;
            String whole = "give " + part.name() + " "
                    + (left < part.steps() ? number(part.steps() - left) + " or " : "") + number(end) + " steps";
            add(
                    part,
                    part.to() - 1,
                    "the last cycle of CosineAnnealingWarmRestarts is cut: " + part.name() + " ends after "
                            + number(left) + " of its " + number(length) + " steps",
                    fits ? set("T_0", (long) t0) + ", or " + whole : whole);
        }

        private void oneCycle(OneCycleLR cycle, Part part) {
            if (part.last() ? part.steps() > cycle.totalSteps() : part.steps() > cycle.totalSteps() + 1) {
                add(
                        part,
                        part.from() + cycle.totalSteps(),
                        "OneCycleLR has ended: it has total_steps=" + cycle.totalSteps() + ", " + part.name() + " has "
                                + part.length() + ", and to step past the end is an error",
                        fit("total_steps", part));
            } else if (part.last() && part.steps() < NEARLY * cycle.totalSteps()) {
                unfinished("OneCycleLR", "total_steps", cycle.totalSteps(), part);
            }
        }

        private void sequence(SequentialLR sequence, Part part) {
            List<Long> milestones = sequence.milestones();
            for (int i = 0; i <= milestones.size(); i++) {
                long from = i == 0 ? 0 : milestones.get(i - 1);
                boolean last = i == milestones.size();
                Schedule piece = sequence.schedules().get(i);
                if (last) {
                    visit(piece, new Part(part.from() + from, part.to(), part.last(), part.whole() && from == 0));
                } else if (confused("milestones", milestones, milestones.get(i), part)) {
                    return;
                } else if (milestones.get(i) >= part.steps()) {
                    unreached(sequence, i, part);
                    return;
                } else if (milestones.get(i) > from) {
                    visit(piece, new Part(part.from() + from, part.from() + milestones.get(i), false, false));
                    jump(sequence, i, from, part);
                }
            }
        }

        private void unreached(SequentialLR sequence, int i, Part part) {
            long milestone = sequence.milestones().get(i);
            String next = name(sequence, i + 1);
            boolean warmup =
                    sequence.schedules().get(i) instanceof LinearLR linear && linear.startFactor() < linear.endFactor();
            long fitting = Math.max(1, part.steps() / (warmup ? 20 : 2));
            String where = part.name() + " of " + part.length();
            add(
                    part,
                    part.to() - 1,
                    warmup && i == 0
                            ? "the warmup, up to milestone " + milestone + ", is not over within " + where + ": " + next
                                    + " never starts"
                            : "milestone " + milestone + " of SequentialLR is never reached within " + where + ": "
                                    + next + " never starts",
                    warmup && i == 0
                            ? "set milestones=[" + fitting + "] and total_iters=" + fitting
                            : "set the milestone below " + part.steps() + ", or give "
                                    + (part.whole() ? "the run" : "it") + " more than " + milestone + " steps");
        }

        /** Looks at the rates on both sides of the milestone after piece {@code i}. */
        private void jump(SequentialLR sequence, int i, long from, Part part) {
            long milestone = sequence.milestones().get(i);
            Schedule before = own(sequence.schedules().get(i));
            Schedule after = own(sequence.schedules().get(i + 1));
            long global = part.from() + milestone;
            boolean known = reported.stream().anyMatch(old -> old.to() == global && old.from() == part.from() + from);
            if (after.carries() || before.carries() || known) {
                return;
            }
            try {
                double left = before.at(milestone - 1 - from, base);
                double right = after.at(0, base);
                long local = milestone - from;
                boolean itself = jumps(left, before.at(Math.min(local, before.lastStep()), base))
                        || (local > 1 && jumps(before.at(local - 2, base), left))
                        || jumps(right, after.at(1, base));
                if (jumps(left, right) && !itself) {
                    add(
                            new Part(global, global + 1, false, false),
                            global,
                            "the rate jumps from " + round(left) + " to " + round(right) + ", from " + name(sequence, i)
                                    + " to " + name(sequence, i + 1) + " in the sequence",
                            "let " + name(sequence, i) + " end near " + round(right) + ", or what follows start near "
                                    + round(left));
                }
            } catch (ArithmeticException e) {
                // said where the rates are walked
            }
        }

        private boolean jumps(double left, double right) {
            double low = Math.min(left, right);
            double high = Math.max(left, right);
            return low >= 0 && high > JUMP * low && high - low > 0.01 * high && high - low > 0.01 * base;
        }

        /** Looks at the rates that a schedule gives whatever the base is; {@code own} is {@code shared} for this group. */
        private void absolute(Schedule shared, Schedule own, Part part) {
            if (own instanceof CosineAnnealingLR cosine) {
                rises("CosineAnnealingLR", cosine.etaMin(), part);
            } else if (own instanceof CosineAnnealingWarmRestarts restarts) {
                rises("CosineAnnealingWarmRestarts", restarts.etaMin(), part);
            } else if (shared instanceof SWALR all && own instanceof SWALR swa) {
                double last = swa.swaLr().get(0);
                if (!oneForAll("SWALR", Map.of("swa_lr", all.swaLr()), part) && last > base) {
                    notes.add(new Finding(
                            part.from(),
                            "SWALR raises the rate: its swa_lr=" + round(last) + " is above the group's own, "
                                    + round(base),
                            "set swa_lr below " + round(base) + " if the rate is to fall"));
                }
            } else if (shared instanceof OneCycleLR all && own instanceof OneCycleLR cycle) {
                double max = cycle.maxLr().get(0);
                if (!oneForAll("OneCycleLR", Map.of("max_lr", all.maxLr()), part) && max != base) {
                    unused("OneCycleLR", max / cycle.divFactor(), max, part);
                }
            } else if (shared instanceof CyclicLR all && own instanceof CyclicLR cyclic) {
                double low = cyclic.baseLr().get(0);
                double high = cyclic.maxLr().get(0);
                Map<String, List<Double>> bounds = new LinkedHashMap<>();
                bounds.put("base_lr", all.baseLr());
                bounds.put("max_lr", all.maxLr());
                if (low > high) {
                    findings.add(new Finding(
                            part.from(),
                            "CyclicLR falls where it should rise: its base_lr=" + round(low) + " is above its max_lr="
                                    + round(high),
                            "set base_lr=" + round(high) + " and max_lr=" + round(low)));
                } else if (!oneForAll("CyclicLR", bounds, part) && low != base && high != base) {
                    unused("CyclicLR", low, high, part);
                }
            }
        }

        private void rises(String name, double etaMin, Part part) {
            if (etaMin > base) {
                findings.add(new Finding(
                        part.from(),
                        name + " raises the rate: its eta_min=" + round(etaMin) + " is above the group's own, "
                                + round(base),
                        base > 0 ? "set eta_min below " + round(base) : "leave eta_min out"));
            }
        }

        /** Reports rates of which there is one for groups that start from different ones, and returns whether there are. */
        private boolean oneForAll(String name, Map<String, List<Double>> rates, Part part) {
            double least = Collections.min(bases);
            double most = Collections.max(bases);
            List<String> one = new ArrayList<>();
            List<String> lists = new ArrayList<>();
            rates.forEach((argument, values) -> {
                if (PerGroup.isForAll(values)) {
                    one.add(argument + "=" + round(values.get(0)));
                    lists.add(argument + "="
                            + bases.stream()
                                    .map(own -> round(values.get(0) * (own / most)))
                                    .toList());
                }
            });
            if (least == most || one.isEmpty()) {
                return false;
            }
            findings.add(new Finding(
                    part.from(),
                    name + " takes groups whose rates are from " + round(least) + " to " + round(most)
                            + " to the same rates: " + String.join(" and ", one)
                            + (one.size() == 1 ? " is" : " are") + " for all groups",
                    bases.size() <= MOST_LISTED
                            ? "give a rate for each group, such as " + String.join(" and ", lists)
                            : "give a rate for each group, in a list"));
            return true;
        }

        private void unused(String name, double low, double high, Part part) {
            notes.add(new Finding(
                    part.from(),
                    name + " never uses the group's own rate, " + round(base) + ": it goes from " + round(low) + " to "
                            + round(high),
                    "set max_lr=" + round(base) + " if the group's own is to be the highest"));
        }

        void plateau(ReduceLROnPlateau plateau, long from) {
            this.plateau = Optional.of(plateau);
            this.firstMetric = from;
            long metrics = run.steps() - from;
            if (plateau.patience() + 2 > metrics) { // the first metric is the best so far
                Part part = new Part(from, run.steps(), true, from == 0);
                add(
                        part,
                        run.steps() - 1,
                        "ReduceLROnPlateau cannot reduce the rate: it waits for " + (plateau.patience() + 1)
                                + " metrics without improvement after the first, " + part.name() + " has "
                                + metrics,
                        set("patience", Math.max(0, metrics / 10)));
            }
        }

        /** Reports a schedule whose length is in the other unit: epochs where batches are counted, or batches for epochs. */
        private boolean confused(Schedule schedule, Part part) {
            if (schedule instanceof StepLR step) {
                // A step_size of 1 may be meant, with a gamma beside 1.
                boolean vanishes = Math.pow(step.gamma(), (double) part.steps() / step.stepSize()) < 1e-3;
                return (vanishes || step.stepSize() > part.steps()) && confused("step_size", step.stepSize(), part);
            } else if (schedule instanceof MultiStepLR steps
                    && !steps.milestones().isEmpty()) {
                return confused(
                        "milestones",
                        steps.milestones(),
                        steps.milestones().get(steps.milestones().size() - 1),
                        part);
            } else if (schedule instanceof ConstantLR constant) {
                return confused("total_iters", constant.totalIters(), part);
            } else if (schedule instanceof LinearLR linear) {
                return confused("total_iters", linear.totalIters(), part);
            } else if (schedule instanceof PolynomialLR polynomial) {
                return confused("total_iters", polynomial.totalIters(), part);
            } else if (schedule instanceof CosineAnnealingLR cosine) {
                return confused("T_max", cosine.tMax(), part);
            } else if (schedule instanceof CosineAnnealingWarmRestarts restarts && restarts.tMult() == 1) {
                return confused("T_0", restarts.t0(), part);
            } else if (schedule instanceof OneCycleLR cycle) {
                return confused("total_steps", cycle.totalSteps(), part);
            } else if (schedule instanceof CyclicLR cyclic) {
                return confused("step_size_up", (long) Math.ceil(cyclic.stepSizeUp()), part);
            } else if (schedule instanceof SWALR swa) {
                return confused("anneal_epochs", swa.annealEpochs(), part);
            }
            return false;
        }

        private boolean confused(String argument, long length, Part part) {
            return confused(argument, List.of(), length, part);
        }

        /** Looks at a length, which may be one of a list. */
        private boolean confused(String argument, List<Long> list, long length, Part part) {
            if (run.length().isEmpty()) {
                return false;
            }
            long epochs = run.length().get().epochs();
            long batches = run.length().get().stepsPerEpoch();
            boolean perBatch = run.length().get().stepPer() == StepPer.BATCH;
            boolean confused = perBatch
                    ? length > 0 && length <= epochs && batches >= MANY && part.steps() > epochs
                    : batches > 1 && length >= Math.max(2 * epochs, batches);
            if (!confused) {
                return false;
            }
            List<Long> right = (list.isEmpty() ? List.of(length) : list)
                    .stream()
                            .map(value -> perBatch ? value * batches : Math.round((double) value / batches))
                            .map(value -> perBatch ? value : Math.max(1, Math.min(epochs, value)))
                            .toList();
            String given = argument + "=" + (list.isEmpty() ? Long.toString(length) : list.toString());
            String set =
                    "set " + argument + "=" + (list.isEmpty() ? right.get(0).toString() : right.toString());
            add(
                    part,
                    Math.min(part.from() + length, part.to() - 1),
                    perBatch
                            ? given + " looks like epochs, but the schedule is stepped per batch, " + batches
                                    + " times an epoch"
                            : given + " looks like batches, but the schedule is stepped per epoch, " + epochs
                                    + " times in the run",
                    set
                            + (perBatch
                                    ? ", in batches, or step the schedule per epoch"
                                    : ", in epochs, or step it per batch"));
            return true;
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
                            "the rate is negative (" + round(rate) + "), which climbs the loss",
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
                        "the rate never changes: it is " + round(first) + " in all " + plural(run.steps()),
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

        private void vanished(long step, double last) {
            if (!isReported(step)) {
                findings.add(new Finding(
                        step,
                        "the rate decays to nothing: for most of the run, from here on, it is below "
                                + Python.repr(NOTHING) + " of its peak, and it ends at " + round(last),
                        "let the rate fall more slowly, or end the run here"));
            }
        }

        private void neverReduces(ReduceLROnPlateau plateau, double rate) {
            if (plateau.reduce(group, bases.size(), rate) == rate) {
                double least = PerGroup.forGroup("min_lr", plateau.minLr(), group, bases.size())
                        .get(0);
                findings.add(new Finding(
                        firstMetric,
                        "ReduceLROnPlateau never reduces the rate, which is " + round(rate) + " at most: "
                                + (least < rate
                                        ? "no reduction is above its eps=" + round(plateau.eps())
                                        : "its min_lr=" + round(least) + " is not below"),
                        least < rate ? "set eps well below " + round(rate) : "set min_lr well below " + round(rate)));
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

        private static String set(String argument, long value) {
            return "set " + argument + "=" + value;
        }

        private static String fit(String argument, Part part) {
            return set(argument, part.steps()) + ", the length of " + part.name();
        }

        private String name(SequentialLR sequence, int i) {
            boolean plateau = untilPlateau.equals(Optional.of(sequence))
                    && i == sequence.schedules().size() - 1;
            return plateau
                    ? "ReduceLROnPlateau"
                    : sequence.schedules().get(i).getClass().getSimpleName();
        }

        private static String number(double value) {
            return value == Math.rint(value) && value < 1e15 ? Long.toString((long) value) : Python.repr(value);
        }

        private static String round(double rate) {
            return Python.repr(Python.parseFloat(Python.scientific(rate, 3)));
        }
    }
}
