package org.anneal.optim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.anneal.schedule.ChainedScheduler;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.CosineAnnealingWarmRestarts;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.MultiplicativeLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Python;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.SWALR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;

/**
 * What PyTorch 2.13's {@code scheduler.state_dict()} holds for a policy after some steps: the table of its keys, in its
 * order. To export is to write the table. To import is to read the counter, write the table for it, and hold the given
 * dict to the entries that have to be equal.
 */
final class PyTorchState {
    private static final Optional<?> NONE = Optional.empty();
    private static final long LAST_STEP = 1L << 53;

    private final Policy policy;
    private final SchedulerState state;
    private final List<Double> lastLr;
    private final boolean betas;
    private final int groups;

    /** The entries of one scheduler; those of its members stand under {@code _schedulers}. */
    private static final class Entries {
        final Map<String, Object> values = new LinkedHashMap<>();
        final Set<String> needed = new LinkedHashSet<>(); // and equal
        final Set<String> equal = new LinkedHashSet<>(); // if they are there: older versions lack them
        final List<Entries> members = new ArrayList<>();
        boolean ownBase; // base_lrs come from the arguments, not from the groups

        /** What the constructor was given, and what follows from it and the counter. */
        Entries fixed(String key, Object value) {
            needed.add(key);
            return kept(key, value);
        }

        Entries fixedIfThere(String key, Object value) {
            equal.add(key);
            return kept(key, value);
        }

        /** What an import reads or passes over. */
        Entries kept(String key, Object value) {
            values.put(key, value);
            return this;
        }

        Map<String, Object> toMap() {
            if (!members.isEmpty()) {
                values.put("_schedulers", members.stream().map(Entries::toMap).toList());
            }
            return values;
        }
    }

    /**
     * Describes a runner.
     *
     * @param policy of all groups
     * @param state of the runner
     * @param lastLr the rates that it left in force
     * @param betas whether the optimizer has betas
     */
    PyTorchState(Policy policy, SchedulerState state, List<Double> lastLr, boolean betas) {
        if (policy instanceof ComposedPlateau) {
            throw new IllegalStateException("PyTorch composes no plateau, so it has no state of " + policy
                    + ": use state() and restore(state)");
        }
        this.policy = policy;
        this.state = state;
        this.lastLr = lastLr;
        this.betas = betas;
        this.groups = lastLr.size();
    }

    /** {@return the state dict} */
    Map<String, Object> toMap() {
        return entries(policy, state.lastEpoch(), 0).toMap();
    }

    /** {@return what the constructor of one group's schedule puts into the group} */
    static Map<String, Object> groupEntries(Schedule schedule) {
        Map<String, Object> entries = new LinkedHashMap<>();
        addGroupEntries(schedule, true, entries);
        return entries;
    }

    private static void addGroupEntries(Schedule schedule, boolean first, Map<String, Object> entries) {
        if (schedule instanceof OneCycleLR s) {
            double max = s.maxLr().get(0);
            double initial = max / s.divFactor();
            entries.put("initial_lr", initial);
            entries.put("max_lr", max);
            entries.put("min_lr", initial / s.finalDivFactor());
            if (s.cycleMomentum()) {
                entries.put("max_momentum", s.maxMomentum().get(0));
                entries.put("base_momentum", s.baseMomentum().get(0));
            }
        } else if (schedule instanceof CyclicLR s) {
            if (first) {
                entries.put("initial_lr", s.baseLr().get(0));
            }
            if (s.cycleMomentum()) {
                entries.put("max_momentum", s.maxMomentum().get(0));
                entries.put("base_momentum", s.baseMomentum().get(0));
            }
        } else if (schedule instanceof SWALR s) {
            entries.put("swa_lr", s.swaLr().get(0));
        } else if (schedule instanceof SequentialLR s) {
            addGroupEntries(s.schedules(), first, entries);
        } else if (schedule instanceof ChainedScheduler s) {
            addGroupEntries(s.schedules(), first, entries);
        }
    }

    private static void addGroupEntries(List<Schedule> schedules, boolean first, Map<String, Object> entries) {
        for (int i = 0; i < schedules.size(); i++) {
            addGroupEntries(schedules.get(i), first && i == 0, entries);
        }
    }

    private Entries entries(Policy policy, long step, int extraSteps) {
        if (policy instanceof ReduceLROnPlateau plateau) {
            return plateau(plateau);
        } else if (policy instanceof SequentialLR sequence) {
            return sequence(sequence, step);
        } else if (policy instanceof ChainedScheduler chain) {
            Entries entries = new Entries().kept("_last_lr", lastLr);
            if (extraSteps > 0) {
                entries.kept("_step_count", 0L).kept("_is_initial", false);
            }
            chain.schedules().forEach(member -> entries.members.add(entries(member, step, extraSteps)));
            return entries;
        }
        Entries entries = new Entries();
        if (policy instanceof MultiStepLR s) {
            entries.fixed("milestones", counter(s.milestones())).fixed("gamma", s.gamma());
        } else if (policy instanceof CosineAnnealingWarmRestarts s) {
            warmRestarts(s, step, entries);
        } else if (policy instanceof SWALR s) {
            entries.fixedIfThere("_anneal_strategy", text(s.annealStrategy())).fixed("anneal_epochs", s.annealEpochs());
        } else if (policy instanceof OneCycleLR s) {
            oneCycle(s, entries);
        } else if (policy instanceof CyclicLR s) {
            cyclic(s, entries);
        } else if (!(policy instanceof LambdaLR || policy instanceof MultiplicativeLR)) { // whose entry comes last
            policy.kind().options((Record) policy).forEach(entries::fixed);
        }
        counts(policy, step, extraSteps, entries);
        if (policy instanceof LambdaLR || policy instanceof MultiplicativeLR) {
            entries.fixed("lr_lambdas", Collections.nCopies(groups, NONE));
        } else if (policy instanceof CyclicLR) {
            entries.kept("_scale_fn_custom", NONE);
        }
        return entries;
    }

    /** What PyTorch's base class keeps. Before its piece of a sequence comes, a scheduler is at step -1. */
    private void counts(Policy policy, long step, int extraSteps, Entries entries) {
        if (policy instanceof OneCycleLR s) {
            double div = s.divFactor();
            entries.ownBase = true;
            entries.fixed(
                    "base_lrs",
                    perGroup(s.maxLr()).stream().map(max -> max / div).toList());
        } else if (policy instanceof CyclicLR s) {
            entries.ownBase = true;
            entries.fixed("base_lrs", perGroup(s.baseLr()));
        } else {
            entries.kept("base_lrs", state.initialLrs());
        }
        entries.fixed("last_epoch", step);
        long steps = Math.max(1, step + 1);
        if (policy instanceof SWALR) {
            entries.fixed("_step_count", steps); // which is what it counts by
        } else {
            entries.kept("_step_count", policy instanceof CosineAnnealingWarmRestarts ? 0L : steps + extraSteps);
        }
        entries.kept("_is_initial", false)
                .kept("_get_lr_called_within_step", false)
                .kept("_last_lr", lastLr);
    }

    private Entries sequence(SequentialLR sequence, long step) {
        List<Long> milestones = sequence.milestones();
        Entries entries = new Entries().fixed("_milestones", milestones).fixed("last_epoch", step);
        entries.kept("_last_lr", lastLr);
        int atWork = !milestones.isEmpty() && milestones.get(0) == 0 ? 1 : 0; // at step 0
        for (int i = 0; i < sequence.schedules().size(); i++) {
            Schedule member = sequence.schedules().get(i);
            // PyTorch's constructor steps the members of a chain that is at work at step 0 a second time
            int extraSteps = i == atWork && member instanceof ChainedScheduler ? 1 : 0;
            entries.members.add(entries(member, stepOf(i, sequence, step), extraSteps));
        }
        return entries;
    }

    /** {@return the step at which the {@code i}th piece of a sequence is or stopped; -1 before its first} */
    private static long stepOf(int i, SequentialLR sequence, long step) {
        List<Long> milestones = sequence.milestones();
        long first = i == 0 ? 0 : milestones.get(i - 1);
        long last = i == milestones.size() ? step : Math.min(step, milestones.get(i) - 1);
        return Math.max(-1, last - first);
    }

    private Entries plateau(ReduceLROnPlateau p) {
        ReduceLROnPlateau.State progress = state.plateau().orElseThrow();
        boolean one = p.minLr().size() == 1;
        return new Entries()
                .fixed("factor", p.factor())
                .kept("default_min_lr", one ? orInt(p.minLr().get(0)) : NONE)
                .fixed(
                        "min_lrs",
                        perGroup(p.minLr()).stream().map(PyTorchState::orInt).toList())
                .fixed("patience", p.patience())
                .fixed("cooldown", p.cooldown())
                .fixed("eps", p.eps())
                .kept("last_epoch", state.lastEpoch())
                .kept("_last_lr", lastLr)
                .kept("mode_worse", p.start().best())
                .fixed("mode", text(p.mode()))
                .fixed("threshold", p.threshold())
                .fixed("threshold_mode", text(p.thresholdMode()))
                .kept("best", progress.best())
                .kept("cooldown_counter", progress.cooldownCounter())
                .kept("num_bad_epochs", progress.badEpochs());
    }

    private static void warmRestarts(CosineAnnealingWarmRestarts s, long step, Entries entries) {
        long current = Math.max(0, step);
        double length = s.t0(); // whole
        if (s.tMult() == 1) {
            current %= s.t0();
        }
        while (current >= length) {
            current -= (long) length;
            length *= s.tMult();
        }
        entries.fixed("T_0", s.t0())
                .fixed("T_i", (long) length)
                .fixed("T_mult", s.tMult())
                .fixed("eta_min", s.etaMin())
                .fixed("T_cur", current);
    }

    private void oneCycle(OneCycleLR s, Entries entries) {
        double rise = s.pctStart() * s.totalSteps() - 1;
        long end = s.totalSteps() - 1;
        List<Map<String, Object>> phases = new ArrayList<>();
        phases.add(phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"));
        if (s.threePhase()) {
            double fall = 2 * s.pctStart() * s.totalSteps() - 2;
            phases.add(phase(fall, "max_lr", "initial_lr", "base_momentum", "max_momentum"));
            phases.add(phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"));
        } else {
            phases.add(phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum"));
        }
        entries.fixed("total_steps", s.totalSteps())
                .fixed("_schedule_phases", phases)
                .fixedIfThere("_anneal_func_type", text(s.annealStrategy()))
                .fixed("cycle_momentum", s.cycleMomentum());
        if (s.cycleMomentum()) {
            entries.kept("use_beta1", betas);
        }
    }

    private static Map<String, Object> phase(
            Number end, String startLr, String endLr, String startMomentum, String endMomentum) {
        Map<String, Object> phase = new LinkedHashMap<>();
        phase.put("end_step", end);
        phase.put("start_lr", startLr);
        phase.put("end_lr", endLr);
        phase.put("start_momentum", startMomentum);
        phase.put("end_momentum", endMomentum);
        return phase;
    }

    private void cyclic(CyclicLR s, Entries entries) {
        double size = s.stepSizeUp() + s.stepSizeDown();
        entries.fixed("max_lrs", perGroup(s.maxLr()))
                .fixed("total_size", size)
                .fixed("step_ratio", s.stepSizeUp() / size);
        if (s.scaleFn().isPresent()) {
            entries.kept("mode", text(s.mode())).kept("gamma", s.gamma()).fixed("scale_mode", text(s.scaleMode()));
        } else {
            boolean byStep = s.mode() == CyclicLR.Mode.EXP_RANGE;
            entries.fixed("mode", text(s.mode()))
                    .fixed("gamma", s.gamma())
                    .fixed("scale_mode", byStep ? "iterations" : "cycle");
        }
        entries.fixed("cycle_momentum", s.cycleMomentum());
        if (s.cycleMomentum()) {
            entries.kept("use_beta1", betas)
                    .fixed("base_momentums", perGroup(s.baseMomentum()))
                    .fixed("max_momentums", perGroup(s.maxMomentum()));
        }
    }

    private List<Double> perGroup(List<Double> values) {
        return values.size() == 1 ? Collections.nCopies(groups, values.get(0)) : values;
    }

    private static Python.Counter<Long> counter(List<Long> milestones) {
        Python.Counter<Long> counts = new Python.Counter<>();
        milestones.forEach(milestone -> counts.merge(milestone, 1L, Long::sum));
        return counts;
    }

    private static Object orInt(double value) {
        return value == 0 ? (Object) 0L : (Object) value; // PyTorch's default is the int
    }

    static String text(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return the runner's state with the progress of {@code dict}}
     *
     * @throws IllegalArgumentException if an entry is missing, of another type, or another schedule's
     */
    SchedulerState read(Map<?, ?> dict) {
        long step = counter(policy, dict, "");
        List<List<Double>> bases = new ArrayList<>();
        check(entries(policy, step, 0), dict, "", bases);
        List<Double> last = dict.containsKey("_last_lr") ? numbers(dict, "_last_lr", "") : ratesAt(step, bases);
        List<Double> rates = each(i -> state.lrs().get(i).equals(lastLr.get(i))
                ? last.get(i)
                : state.lrs().get(i));
        return new SchedulerState(
                state.version(),
                step,
                state.policies(),
                bases.isEmpty() ? state.initialLrs() : bases.get(0),
                rates,
                each(i -> momentum(i, step)),
                rates,
                state.factors(),
                state.plateau().map(now -> progress(dict)));
    }

    /** {@return what older versions do not save: PyTorch before 1.4, and of a plateau's first epoch before 2.2} */
    private List<Double> ratesAt(long step, List<List<Double>> bases) {
        return policy instanceof Schedule schedule
                ? each(i -> schedule.forGroup(i, groups)
                        .at(step, (bases.isEmpty() ? state.initialLrs() : bases.get(0)).get(i)))
                : state.lrs();
    }

    private List<Double> each(IntFunction<Double> value) {
        return IntStream.range(0, groups).mapToObj(value).toList();
    }

    private double momentum(int group, long step) {
        double current = state.momentums().get(group);
        return policy instanceof Schedule schedule
                ? momentum(schedule.forGroup(group, groups), step, current)
                : current;
    }

    /** {@return the momentum at {@code step}, also where the piece that drove it is over} */
    private static double momentum(Schedule schedule, long step, double current) {
        if (!(schedule instanceof SequentialLR sequence)) {
            return schedule.momentum(step, current);
        }
        double momentum = current;
        for (int i = 0; i < sequence.schedules().size(); i++) {
            long local = stepOf(i, sequence, step);
            momentum = local < 0 ? momentum : momentum(sequence.schedules().get(i), local, momentum);
        }
        return momentum;
    }

    private static ReduceLROnPlateau.State progress(Map<?, ?> dict) {
        return new ReduceLROnPlateau.State(
                number(dict, "best", ""), whole(dict, "num_bad_epochs", ""), whole(dict, "cooldown_counter", ""));
    }

    private static long counter(Policy policy, Map<?, ?> dict, String path) {
        return policy instanceof ChainedScheduler chain
                ? counter(
                        chain.schedules().get(0),
                        member(dict, 0, chain.schedules().size(), path),
                        path(path, 0))
                : whole(dict, "last_epoch", path);
    }

    /** Holds {@code dict} to what this schedule has there, and adds the bases that its members started from. */
    private void check(Entries entries, Map<?, ?> dict, String path, List<List<Double>> bases) {
        entries.needed.forEach(key -> check(key, entries, dict, path));
        entries.equal.stream().filter(dict::containsKey).forEach(key -> check(key, entries, dict, path));
        if (entries.values.containsKey("base_lrs") && !entries.ownBase) {
            List<Double> base = numbers(dict, "base_lrs", path);
            bases.add(base);
            if (!base.equals(bases.get(0))) {
                throw new IllegalArgumentException(path + "base_lrs must be " + Python.repr(bases.get(0))
                        + ", as in the members before, since a group has one base, but was " + Python.repr(base));
            }
        }
        int size = entries.members.size();
        for (int i = 0; i < size; i++) {
            check(entries.members.get(i), member(dict, i, size, path), path(path, i), bases);
        }
    }

    private void check(String key, Entries entries, Map<?, ?> dict, String path) {
        Object here = Optional.ofNullable(entries.values.get(key)).orElseThrow();
        Object given = value(dict, key, path);
        if (!same(here, given)) {
            throw new IllegalArgumentException(path + key + " must be " + Python.repr(here) + ", as in this runner's "
                    + policy + ", but was " + shown(given) + " in the state dict");
        }
    }

    private static boolean same(Object here, Object given) {
        if (here.equals(NONE)) { // a function, of which PyTorch saves nothing, or the attributes of a callable object
            return given.equals(NONE) || given instanceof Map;
        } else if (here instanceof Python.Counter<?> counter && given instanceof List<?> list) {
            return same(counter, counted(list)); // until PyTorch 1.3
        } else if (here instanceof Number a && given instanceof Number b) {
            return a.doubleValue() == b.doubleValue();
        } else if (given instanceof Python.Tuple tuple) {
            return same(here, tuple.items());
        } else if (here instanceof List<?> a && given instanceof List<?> b) {
            return a.size() == b.size() && IntStream.range(0, a.size()).allMatch(i -> same(a.get(i), none(b.get(i))));
        } else if (here instanceof Map<?, ?> a && given instanceof Map<?, ?> b) {
            return a.size() == b.size()
                    && a.entrySet().stream()
                            .allMatch(x -> b.entrySet().stream()
                                    .anyMatch(y -> same(x.getKey(), none(y.getKey()))
                                            && same(x.getValue(), none(y.getValue()))));
        }
        return here.equals(given);
    }

    private static Map<Object, Long> counted(List<?> items) {
        Map<Object, Long> counts = new LinkedHashMap<>();
        items.forEach(item -> counts.merge(none(item), 1L, Long::sum));
        return counts;
    }

    private static String path(String path, int member) {
        return path + "_schedulers[" + member + "].";
    }

    private static Map<?, ?> member(Map<?, ?> dict, int i, int size, String path) {
        Object given = value(dict, "_schedulers", path);
        if (given instanceof List<?> list && list.size() == size && list.get(i) instanceof Map<?, ?> member) {
            return member;
        }
        throw wrong(path + "_schedulers", "a list of " + size + " dicts, one per scheduler", given);
    }

    private List<Double> numbers(Map<?, ?> dict, String key, String path) {
        Object given = value(dict, key, path);
        if (given instanceof List<?> list
                && list.size() == groups
                && list.stream().allMatch(each -> each instanceof Number)) {
            return list.stream().map(each -> ((Number) each).doubleValue()).toList();
        }
        throw wrong(path + key, "a list of " + groups + " numbers, one per group", given);
    }

    private static double number(Map<?, ?> dict, String key, String path) {
        Object given = value(dict, key, path);
        if (given instanceof Number number) {
            return number.doubleValue();
        }
        throw wrong(path + key, "a number", given);
    }

    private static long whole(Map<?, ?> dict, String key, String path) {
        double number = number(dict, key, path);
        if (number >= 0 && number <= LAST_STEP && number == Math.rint(number)) {
            return (long) number;
        }
        throw wrong(path + key, "a whole number from 0 to 2^53", value(dict, key, path));
    }

    private static Object value(Map<?, ?> dict, String key, String path) {
        if (!dict.containsKey(key)) {
            throw new IllegalArgumentException("the state dict must have " + path + key + ", but has "
                    + (path.isEmpty() ? "" : "there ") + "only " + dict.keySet());
        }
        return SavedGroup.plain(none(dict.get(key)));
    }

    /** {@return None for a null, which a reader of another library may give} */
    private static Object none(Object value) {
        return Optional.<Object>ofNullable(value).orElse(NONE);
    }

    private static IllegalArgumentException wrong(String key, String rule, Object given) {
        return new IllegalArgumentException(key + " must be " + rule + ", but was " + shown(given));
    }

    /** {@return {@code given} for a message} */
    static String shown(Object given) {
        try {
            return Python.repr(given);
        } catch (IllegalArgumentException e) { // of a type that Python's text does not have
            return given.toString();
        }
    }
}
