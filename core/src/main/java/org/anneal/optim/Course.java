package org.anneal.optim;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.schedule.ContinueFrom;
import org.anneal.schedule.MetricDriven;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SmoothedMetric;
import org.anneal.text.Check;
import org.anneal.text.Spelling;

/**
 * What a runner runs (one policy for all groups, or a schedule per group, and schedules of other numbers) and how far it has come: everything that a
 * {@link SchedulerState} saves.
 */
final class Course {
    private static final System.Logger LOG = System.getLogger(LRScheduler.class.getName());

    final Policy policy; // of the first group, and of all if shared
    final List<ScheduledGroup> members = new ArrayList<>();
    private boolean shared;
    private Optional<MetricDriven.Progress> progress; // of a plateau
    private long lastEpoch;
    private long lastStep = Long.MAX_VALUE; // of the schedule that ends first
    private boolean metricTaken; // since the last step; only if there is a schedule to step
    private final List<ScheduledGroup> joined = new ArrayList<>(); // since then
    final List<Drive> drives = new ArrayList<>();
    private final List<? extends RateGroup> numbers; // of no group, that schedules may drive
    private Optional<Map<String, Schedule>> sharedDrives; // of all groups alike

    /**
     * A number beside the rates.
     *
     * @param group whose number it is; -1 if it is of no group
     */
    record Drive(String name, int group, ScheduledGroup number) {
        SchedulerState.Drive state() {
            return new SchedulerState.Drive(
                    name,
                    group,
                    number.schedule.orElseThrow().toString(),
                    number.group.base(),
                    number.unscaled(),
                    number.group.lr());
        }

        /** {@return the value of this number in {@code state}, which must have it} */
        double checked(SchedulerState state) {
            double value = in(state).orElseThrow().value();
            number.group.checkLr(value);
            return value;
        }

        /** Continues from {@code state}; where the schedule is another than there, at {@code value}. */
        void restore(SchedulerState state, boolean another, double value) {
            Optional<SchedulerState.Drive> saved = in(state);
            if (another) {
                saved.ifPresent(entry -> number.group.setInitialLr(entry.base()));
                number.moveTo(state.lastEpoch(), value);
            } else {
                number.restore(saved.orElseThrow());
            }
        }

        boolean isOf(String name, int group) {
            return this.name.equals(name) && this.group == group;
        }

        /** {@return this number's entry in {@code state}} */
        Optional<SchedulerState.Drive> in(SchedulerState state) {
            return state.drives().stream()
                    .filter(each -> each.isOf(name, group))
                    .findFirst();
        }
    }

    /**
     * @param numbers of no group, that {@code drives} may name
     * @param drives the schedules of numbers beside the rate, by name: for all groups, or one map per group
     */
    Course(
            List<? extends RateGroup> groups,
            List<? extends RateGroup> numbers,
            List<? extends Policy> policies,
            boolean shared,
            List<Map<String, Schedule>> drives,
            long lastEpoch) {
        if (lastEpoch < -1) {
            throw new IllegalArgumentException("last_epoch must be at least -1, but was " + lastEpoch);
        }
        int count = Check.list("groups", groups).size();
        if (count == 0) {
            throw new IllegalArgumentException("groups must hold at least one group, but there was none");
        }
        if (new HashSet<>(groups).size() != count) {
            throw new IllegalArgumentException("groups must be distinct, but one is listed twice");
        }
        if (!shared && policies.size() != count) {
            throw new IllegalArgumentException(
                    "need one schedule per group, so " + count + ", but got " + policies.size());
        }
        this.policy = policies.get(0);
        this.shared = shared;
        this.lastEpoch = lastEpoch + 1;
        checkPlateau(count);
        for (int i = 0; i < count; i++) {
            int at = i;
            Optional<Schedule> schedule = policies.get(shared ? 0 : i).stepDriven();
            add(new ScheduledGroup(groups.get(i), schedule.map(all -> all.forGroup(at, count))));
        }
        this.progress = policy.metricDriven().map(this::start);
        this.numbers = Check.list("numbers", numbers);
        this.sharedDrives = drives.size() == 1 ? Optional.of(drives.get(0)) : Optional.empty();
        if (sharedDrives.isEmpty() && drives.size() != count) {
            throw new IllegalArgumentException(
                    "need one map of drives per group, so " + count + ", but got " + drives.size());
        }
        checkNames();
        for (int i = 0; i < count; i++) {
            Map<String, Schedule> schedules = drives.get(sharedDrives.isPresent() ? 0 : i);
            add(drives(members.get(i), i, count, schedules, sharedDrives.isEmpty() || i == 0));
        }
        if (lastEpoch != -1) {
            checkResumable(lastEpoch);
        }
    }

    private void add(ScheduledGroup member) {
        members.add(member);
        lastStep = Math.min(lastStep, member.lastStep);
    }

    /** Refuses numbers of no group whose names are not clear. */
    private void checkNames() {
        Set<String> known = new HashSet<>(Set.of("lr"));
        members.forEach(member -> known.addAll(member.group.numbers()));
        for (RateGroup number : numbers) {
            if (!known.add(number.name())) {
                throw new IllegalArgumentException("numbers must have names of their own, but '" + number.name()
                        + "' is another number's name, or an option's");
            }
        }
    }

    /**
     * {@return what {@code schedules} drive of group {@code i} of {@code groups}}
     *
     * @param own whether they may name numbers of no group, too; if not, these are left out
     */
    private List<Drive> drives(ScheduledGroup member, int i, int groups, Map<String, Schedule> schedules, boolean own) {
        List<Drive> found = new ArrayList<>();
        schedules.forEach((name, schedule) -> {
            Optional<? extends RateGroup> number =
                    numbers.stream().filter(each -> each.name().equals(name)).findFirst();
            if (number.isPresent() && own) {
                found.add(new Drive(name, -1, ScheduledGroup.number(number.get(), schedule, Optional.empty())));
            } else if (number.isEmpty()) {
                String known = member.group.named(name).orElseThrow(() -> unknown(name, member.group));
                found.add(new Drive(
                        known,
                        i,
                        ScheduledGroup.number(
                                member.group.driven(known), schedule.forGroup(i, groups), Optional.of(member.group))));
            }
        });
        Set<String> once = new HashSet<>();
        for (Drive drive : found) {
            boolean taken = drives.stream().anyMatch(other -> other.isOf(drive.name, drive.group));
            if (!once.add(drive.name) || taken) {
                throw new IllegalArgumentException(
                        "drives must name each number once, but named " + drive.name + " twice");
            }
            boolean momentum = drive.name.equals("momentum") || drive.name.equals("beta1");
            if (momentum && drive.group >= 0 && member.drivesMomentum) {
                throw new IllegalArgumentException(drive.name + " of group '" + member.group.name()
                        + "' must be driven by one schedule, but "
                        + member.schedule.orElseThrow() + " and "
                        + drive.number.schedule.orElseThrow() + " both drive it: write cycle_momentum=False");
            }
        }
        return found;
    }

    private IllegalArgumentException unknown(String name, RateGroup group) {
        List<String> known = Stream.concat(
                        group.numbers().stream(), numbers.stream().map(RateGroup::name))
                .toList();
        return new IllegalArgumentException("drive '" + name + "' must be "
                + (known.isEmpty() ? "left out, as there is none" : String.join(" or ", known)) + " for "
                + group.described()
                + (name.equals("lr") ? ": the schedule itself drives the rate" : Spelling.suggestion(name, known)));
    }

    private void add(List<Drive> found) {
        for (Drive drive : found) {
            drive.number.group.base();
            drives.add(drive);
            lastStep = Math.min(lastStep, drive.number.lastStep);
        }
    }

    private void checkResumable(long lastEpoch) {
        if (takesMetric()) {
            throw new IllegalArgumentException(
                    "last_epoch must be -1 for a plateau, which is driven by metrics, but was " + lastEpoch);
        }
        for (ScheduledGroup member : members) {
            if (member.group.initialLr().isEmpty()) {
                throw new IllegalStateException("group '" + member.group.name()
                        + "' must have an initialLr to resume at last_epoch=" + lastEpoch
                        + ": restore the optimizer first, or call optimizer.rebase() to start from its current rate");
            }
        }
    }

    /**
     * Restores {@code state} into the groups and {@return the course that continues: this one, or the state's own}
     *
     * @throws IllegalArgumentException if the state is refused; nothing has changed then
     */
    Course resume(SchedulerState state, LRScheduler.OnChange onChange, List<? extends RateGroup> groups) {
        if (state.version() != SchedulerState.VERSION) {
            throw new IllegalArgumentException(
                    "the state's version must be " + SchedulerState.VERSION + ", but was " + state.version());
        }
        if (state.lrs().size() != groups.size()) {
            throw new IllegalArgumentException("the state must have " + groups.size()
                    + " groups, as the optimizer has, but had " + state.lrs().size());
        }
        boolean same = state.policies().equals(texts()) && hasDrivesOf(state);
        if (!same && onChange == LRScheduler.OnChange.REFUSE) {
            throw new IllegalArgumentException("the state was saved under " + words(state.policies(), state.drives())
                    + ", but this runner runs "
                    + words(texts(), drives.stream().map(Drive::state).toList())
                    + ": choose KEEP_CONFIG to keep this schedule, TAKE_CHECKPOINT to take the saved one, or CONTINUE to"
                    + " go on with this one from the saved rate");
        }
        for (int i = 0; i < groups.size(); i++) {
            groups.get(i).checkMomentum(state.momentums().get(i));
        }
        boolean take = !same && onChange == LRScheduler.OnChange.TAKE_CHECKPOINT;
        Course next = take
                ? of(state, groups, numbers)
                : !same && onChange == LRScheduler.OnChange.CONTINUE ? continuing(state, groups) : this;
        boolean exact = take || state.policies().equals(next.texts());
        if (exact && next.policy.metricDriven().isPresent() && state.plateau().isEmpty()) {
            throw new IllegalArgumentException(
                    "the state must have the progress of the plateau in " + next.policy + ", but it was missing");
        }
        next.takeLate(groups);
        next.checkJoined(groups);
        List<Double> rates = exact ? List.of() : next.rates(state.lastEpoch(), state.initialLrs());
        boolean exactDrives = next.hasDrivesOf(state);
        List<Double> values = exactDrives
                ? next.drives.stream().map(drive -> drive.checked(state)).toList()
                : next.values(
                        state.lastEpoch(),
                        drive -> drive.in(state).map(SchedulerState.Drive::base).orElseGet(drive.number.group::base));
        next.restore(state, rates);
        for (int i = 0; i < values.size(); i++) {
            next.drives.get(i).restore(state, !exactDrives, values.get(i));
        }
        return next;
    }

    private boolean hasDrivesOf(SchedulerState state) {
        return state.drives().size() == drives.size()
                && drives.stream()
                        .allMatch(drive ->
                                drive.in(state).filter(drive.state()::isLike).isPresent());
    }

    private static String words(List<String> policies, List<SchedulerState.Drive> drives) {
        String numbers =
                drives.stream().map(SchedulerState.Drive::toString).distinct().collect(Collectors.joining(", "));
        return String.join(", ", policies) + (numbers.isEmpty() ? "" : " with " + numbers);
    }

    /** Continues from {@code state}, at {@code rates}, or at the state's own rates if {@code rates} is empty. */
    private void restore(SchedulerState state, List<Double> rates) {
        progress = policy.metricDriven().map(plateau -> progress(state, plateau));
        for (int i = 0; i < members.size(); i++) {
            members.get(i).restore(state, i, !rates.isEmpty(), takesMetric());
        }
        goTo(state.lastEpoch(), rates);
        for (int i = 0; i < rates.size() && takesStep(); i++) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "group ''{0}'' continues at {1}, the rate of {2} at step {3}; the checkpoint had {4}",
                    members.get(i).group.name(),
                    Double.toString(members.get(i).lr()),
                    members.get(i).schedule.orElseThrow(),
                    Long.toString(lastEpoch),
                    state.lrs().get(i).toString());
        }
    }

    /** {@return the course that goes on from {@code state} with this one's schedules, without a jump} */
    private Course continuing(SchedulerState state, List<? extends RateGroup> groups) {
        List<Policy> own = shared
                ? List.of(policy)
                : members.stream()
                        .<Policy>map(member -> member.schedule.orElseThrow())
                        .toList();
        List<Policy> continued = state.continuedBy(own, 0);
        List<Map<String, Schedule>> numbersOn = new ArrayList<>();
        groups.forEach(group -> numbersOn.add(new LinkedHashMap<>()));
        for (Drive drive : drives) {
            Schedule mine = drive.number.schedule.orElseThrow();
            numbersOn
                    .get(Math.max(0, drive.group))
                    .put(
                            drive.name,
                            drive.in(state)
                                    .map(saved -> continued(saved, mine, state.lastEpoch()))
                                    .orElse(mine));
        }
        return new Course(groups, numbers, continued, continued.size() == 1, alike(numbersOn, numbers), -1);
    }

    /** {@return the course that {@code state} was saved from} */
    private static Course of(
            SchedulerState state, List<? extends RateGroup> groups, List<? extends RateGroup> numbers) {
        List<Policy> saved = state.policies().stream().map(Course::read).toList();
        if (state.plateau().isPresent() && saved.get(0) instanceof Schedule) {
            throw new IllegalArgumentException(
                    "the state was saved by a runner whose late group joined with its own schedule; its"
                            + " plateau cannot be rebuilt from " + String.join(", ", state.policies())
                            + ": build the runner as it was and restore the state into it");
        }
        List<Map<String, Schedule>> drives = new ArrayList<>();
        groups.forEach(group -> drives.add(new LinkedHashMap<>()));
        for (SchedulerState.Drive drive : state.drives()) {
            drives.get(Math.max(0, drive.group()))
                    .put(drive.name(), read(drive.schedule()).stepDriven().orElseThrow());
        }
        return new Course(groups, numbers, saved, saved.size() == 1, alike(drives, numbers), -1);
    }

    private static Schedule continued(SchedulerState.Drive saved, Schedule next, long step) {
        Schedule before = read(saved.schedule()).stepDriven().orElseThrow();
        boolean goesOn = before.equals(next)
                || (before instanceof ContinueFrom already
                        && already.following().equals(next));
        return goesOn ? before : before.continueFrom(step, saved.value(), next);
    }

    /** {@return one map for all groups, if each has the same; the first also has the numbers of no group} */
    private static List<Map<String, Schedule>> alike(
            List<Map<String, Schedule>> drives, List<? extends RateGroup> numbers) {
        Map<String, Schedule> common = new LinkedHashMap<>(drives.get(0));
        numbers.forEach(number -> common.remove(number.name()));
        boolean alike = drives.stream().skip(1).allMatch(common::equals);
        return alike ? drives.subList(0, 1) : drives;
    }

    static Policy read(String text) {
        try {
            return Policy.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the state's schedule " + text + " cannot be parsed (" + e.getMessage()
                            + "): if it holds a Java function, build the runner with that schedule and restore into it",
                    e);
        }
    }

    void attach(LRScheduler runner) {
        for (int i = 0; i < members.size(); i++) {
            int at = i;
            List<String> numbers = drives.stream()
                    .filter(drive -> drive.group == at)
                    .map(Drive::name)
                    .toList();
            members.get(i).group.attach(runner, members.get(i).schedule, numbers);
        }
    }

    long lastEpoch() {
        return lastEpoch;
    }

    boolean takesMetric() {
        return progress.isPresent();
    }

    Optional<Mode> metricMode() {
        return policy.metricDriven().map(MetricDriven::mode);
    }

    boolean drivesMomentum() {
        return members.stream().anyMatch(member -> member.drivesMomentum);
    }

    boolean takesStep() {
        return members.get(0).schedule.isPresent();
    }

    /** {@return the schedules as text: one for all groups, or one per group} */
    List<String> texts() {
        return shared
                ? List.of(policy.toString())
                : members.stream()
                        .map(member -> member.schedule.orElseThrow().toString())
                        .toList();
    }

    /**
     * {@return what PyTorch's schedulers keep in each param group beside the rate, such as OneCycleLR's {@code max_lr}} It is
     * not in {@code scheduler.state_dict()}.
     */
    List<Map<String, Object>> groupEntries() {
        return members.stream()
                .map(member -> member.schedule.map(PyTorchState::groupEntries).orElse(Map.of()))
                .toList();
    }

    List<Double> each(ToDoubleFunction<ScheduledGroup> value) {
        return members.stream().map(value::applyAsDouble).toList();
    }

    List<Double> lastLr() {
        return each(ScheduledGroup::lr);
    }

    SchedulerState state() {
        members.forEach(ScheduledGroup::takeEdit);
        drives.forEach(drive -> drive.number.takeEdit());
        return new SchedulerState(
                SchedulerState.VERSION,
                lastEpoch,
                texts(),
                each(member -> member.group.initialLr().orElse(Double.NaN)),
                each(member -> member.group.lr()),
                each(member -> member.group.momentum()),
                each(ScheduledGroup::unscaled),
                each(ScheduledGroup::factor),
                progress,
                drives.stream().map(Drive::state).toList());
    }

    /** Sets the rates and momenta of the first step. */
    void start() {
        write(lastEpoch, true);
    }

    /** Moves to the next step: sets every group's rate and momentum, or none of them if a rate is not finite. */
    void step() {
        write(lastEpoch + 1, false);
    }

    private void write(long step, boolean starting) {
        if (takesStep()) {
            for (int i = 0; i < members.size(); i++) {
                members.get(i).compute(step, starting);
            }
        }
        drive(step, starting);
        if (takesStep()) {
            for (int i = 0; i < members.size(); i++) {
                members.get(i).write(step);
            }
        }
        lastEpoch = step;
        metricTaken = false;
    }

    /** Sets the numbers beside the rates, or none of them if a value is refused. */
    private void drive(long step, boolean starting) {
        for (int i = 0; i < drives.size(); i++) {
            drives.get(i).number.compute(step, starting);
        }
        for (int i = 0; i < drives.size(); i++) {
            try {
                drives.get(i).number.write(step);
            } catch (IllegalArgumentException e) {
                drives.subList(0, i).forEach(drive -> drive.number.undo());
                throw drives.get(i).number.refused(e, step);
            }
        }
    }

    /** {@return whether this step already had its metric, so that {@link #step} must come before the next one} */
    boolean isMetricTaken() {
        return metricTaken;
    }

    /** Gives a metric to the plateau; {@return whether it counts} */
    boolean takeMetric(double metric) {
        MetricDriven plateau = policy.metricDriven().orElseThrow();
        metricTaken = takesStep();
        if (takesStep() && lastEpoch < policy.firstMetric()) {
            return false;
        }
        members.forEach(ScheduledGroup::takeEdit);
        double[] rates = members.stream().mapToDouble(ScheduledGroup::inForce).toArray();
        double[] unscaled = takesStep()
                ? members.stream().mapToDouble(ScheduledGroup::unscaled).toArray()
                : rates.clone();
        if (!takesStep()) { // then the metrics are the steps
            drives.forEach(drive -> drive.number.checkNotEnded(lastEpoch));
            drive(lastEpoch + 1, false);
        }
        progress = Optional.of(plateau.take(progress.orElseThrow(), metric, rates, unscaled));
        for (int i = 0; i < members.size(); i++) {
            members.get(i).takeMetric(rates[i]);
        }
        lastEpoch += takesStep() ? 0 : 1;
        return true;
    }

    void checkTakesMetric() {
        if (!takesMetric()) {
            throw new IllegalStateException(policy + " takes no metric: call step() without one");
        }
    }

    void checkSteppable(List<? extends RateGroup> groups) {
        if (!takesStep()) {
            throw new IllegalStateException(policy + " needs a metric: call step(metric)");
        }
        if (lastEpoch >= lastStep) {
            members.forEach(member -> member.checkNotEnded(lastEpoch));
            drives.forEach(drive -> drive.number.checkNotEnded(lastEpoch));
        }
        checkJoined(groups);
    }

    boolean hasJoined() {
        return !joined.isEmpty();
    }

    /** {@return a warning per group that joined, whose rate was not set since, and whose schedule will raise it above its base} */
    List<String> climbs() {
        List<String> warnings = joined.stream()
                .filter(member -> !member.isEdited())
                .flatMap(member -> member.climb(lastEpoch).stream())
                .toList();
        joined.clear();
        return warnings;
    }

    /** Continues at {@code step} with the schedules' rates there; edits by hand are dropped. */
    void moveTo(long step, List<? extends RateGroup> groups) {
        takeLate(groups);
        checkJoined(groups);
        List<Double> values = values(step, drive -> drive.number.group.base());
        goTo(step, rates(step, each(member -> member.group.initialLr().orElse(Double.NaN))));
        for (int i = 0; i < values.size(); i++) {
            drives.get(i).number.moveTo(step, values.get(i));
        }
    }

    /** {@return the values of the numbers beside the rates at {@code step}, none of which is refused} */
    private List<Double> values(long step, ToDoubleFunction<Drive> base) {
        return drives.stream()
                .map(drive -> drive.number.rateAt(step, base.applyAsDouble(drive)))
                .toList();
    }

    private List<Double> rates(long step, List<Double> bases) {
        return IntStream.range(0, bases.size())
                .mapToObj(i -> members.get(i).rateAt(step, bases.get(i)))
                .toList();
    }

    private void goTo(long step, List<Double> rates) {
        lastEpoch = step;
        metricTaken = false;
        joined.clear();
        for (int i = 0; i < rates.size(); i++) {
            members.get(i).moveTo(step, rates.get(i));
        }
    }

    /** Refuses a list of a plateau whose length is not the number of groups. */
    private void checkPlateau(int groups) {
        policy.metricDriven().ifPresent(plateau -> plateau.checkGroups(groups));
    }

    private MetricDriven.Progress start(MetricDriven plateau) {
        return plateau.start(takesStep() ? List.of() : lastLr());
    }

    /** {@return the progress of the state, if it is of such a plateau, or else that of one that starts here} */
    private MetricDriven.Progress progress(SchedulerState state, MetricDriven plateau) {
        MetricDriven.Progress fresh = start(plateau);
        return state.plateau().filter(saved -> sameKind(saved, fresh)).orElse(fresh);
    }

    private static boolean sameKind(MetricDriven.Progress saved, MetricDriven.Progress fresh) {
        if (saved instanceof SmoothedMetric.State one && fresh instanceof SmoothedMetric.State other) {
            return sameKind(one.inner(), other.inner());
        }
        return saved.getClass() == fresh.getClass();
    }

    /** Under a plateau alone, runs the groups that were added late too; {@return whether there were any} */
    boolean takeLate(List<? extends RateGroup> groups) {
        if (takesStep() || members.size() >= groups.size()) {
            return false;
        }
        checkPlateau(groups.size());
        Map<String, Schedule> schedules = shared(groups.get(members.size()), Optional.empty());
        groups.subList(members.size(), groups.size()).forEach(group -> {
            ScheduledGroup member = new ScheduledGroup(group, Optional.empty());
            List<Drive> found = drives(member, members.size(), groups.size(), schedules, false);
            add(member);
            add(found);
        });
        return true;
    }

    /** {@return the schedule of all groups, for {@code group} to follow} */
    Schedule shared(RateGroup group) {
        if (!takesStep()) {
            throw new IllegalStateException(policy + " runs every group already: there is no need to join");
        }
        if (!shared) {
            throw new IllegalStateException("this runner has one schedule per group: say which one group '"
                    + group.name() + "' follows, join(group, schedule)");
        }
        return policy.stepDriven().orElseThrow();
    }

    /** {@return the schedules of the numbers of {@code group}, which joins late: {@code own}, or those of all groups} */
    private Map<String, Schedule> shared(RateGroup group, Optional<Map<String, Schedule>> own) {
        return own.or(() -> sharedDrives)
                .orElseThrow(() -> new IllegalStateException("this runner drives other numbers in each group: say which"
                        + " ones of group '" + group.name() + "' to drive, join(group, schedule, drives)"));
    }

    /**
     * Runs {@code schedule} on {@code group}, the first of {@code groups} that has not joined.
     *
     * @param own the schedules of numbers beside its rate, if these are not those of all groups
     */
    void join(
            RateGroup group, Schedule schedule, Optional<Map<String, Schedule>> own, List<? extends RateGroup> groups) {
        int index = members.size();
        if (!takesStep() || index >= groups.size()) {
            throw new IllegalArgumentException("group '" + group.name() + "' must not join: "
                    + (takesStep() ? "every group runs already" : policy + " runs every group"));
        }
        if (groups.get(index) != group) {
            throw new IllegalArgumentException("groups must join in the order they were added: next is '"
                    + groups.get(index).name() + "', but was '" + group.name() + "'");
        }
        checkPlateau(groups.size());
        ScheduledGroup member = new ScheduledGroup(group, Optional.of(schedule.forGroup(index, groups.size())));
        Map<String, Schedule> schedules = shared(group, own);
        List<Drive> found = drives(member, index, groups.size(), schedules, own.isPresent());
        shared &= policy.stepDriven().equals(Optional.of(schedule));
        sharedDrives = sharedDrives.filter(schedules::equals);
        group.base();
        add(member);
        add(found);
        joined.add(member);
    }

    /** Refuses groups that were added or removed since. */
    void checkJoined(List<? extends RateGroup> groups) {
        if (groups.size() > members.size()) {
            throw new IllegalStateException(
                    "group '" + groups.get(members.size()).name()
                            + "' was added after this runner was built: call join(group) or join(group, schedule) to"
                            + " schedule it");
        } else if (groups.size() < members.size()) {
            throw new IllegalStateException("this runner runs " + members.size() + " groups, but now there are "
                    + groups.size() + ": build a new one");
        }
    }

    /**
     * {@return PyTorch's view of this}
     *
     * @param lastLr the rates that the runner set last
     * @throws IllegalStateException if PyTorch has no such scheduler
     */
    PyTorchState inPyTorch(SchedulerState state, List<Double> lastLr) {
        if (!shared) {
            throw new IllegalStateException("PyTorch has no schedule per group, so there is no state_dict of "
                    + String.join(", ", texts()) + ": use state() and restore(state)");
        }
        if (!drives.isEmpty()) {
            throw new IllegalStateException("PyTorch schedules the rate only, so there is no state_dict of "
                    + words(texts(), drives.stream().map(Drive::state).toList())
                    + ": use state() and restore(state)");
        }
        return new PyTorchState(policy, state, lastLr, members.get(0).group.hasBetas());
    }

    /**
     * Restores PyTorch's {@code scheduler.state_dict()} into the groups and {@return the course that continues: this one, or
     * the dict's own}
     *
     * @throws RuntimeException if the dict is refused; nothing has changed then
     */
    Course resume(
            Map<?, ?> dict,
            List<? extends Map<?, ?>> paramGroups,
            LRScheduler.OnChange onChange,
            List<? extends RateGroup> groups) {
        takeLate(groups);
        SchedulerState state;
        try {
            state = inPyTorch(state(), lastLr()).read(dict);
            if (!paramGroups.isEmpty()) {
                SavedSchedule.of(inPyTorch(state(), lastLr()).toMap(), groupEntries())
                        .check(dict, paramGroups);
            }
        } catch (IllegalArgumentException | IllegalStateException another) {
            switch (onChange) {
                case REFUSE -> throw another;
                case KEEP_CONFIG -> {
                    moveTo(SavedSchedule.steps(dict).orElseThrow(() -> another), groups);
                    return this;
                }
                case TAKE_CHECKPOINT, CONTINUE -> {
                    Policy saved = SavedSchedule.of(dict, paramGroups).whole();
                    Course theirs = new Course(groups, numbers, List.of(saved), true, List.of(Map.of()), -1);
                    state = theirs.inPyTorch(theirs.state(), lastLr()).read(dict);
                }
                default -> throw new AssertionError(onChange);
            }
        }
        return resume(state, onChange, groups);
    }

    /** {@return the policy as text, or a list of schedules} */
    @Override
    public String toString() {
        String rates = shared ? policy.toString() : texts().toString();
        return drives.isEmpty()
                ? rates
                : words(List.of(rates), drives.stream().map(Drive::state).toList());
    }
}
