package org.anneal.plot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongToDoubleFunction;
import java.util.stream.IntStream;
import org.anneal.optim.SGD;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;

/**
 * Schedules in one picture: the rate of every step, as an optimizer would use it. Immutable.
 *
 * <pre>{@code Plot.of(new StepLR(30), new CosineAnnealingLR(100)).save(Path.of("curves.svg"));}</pre>
 *
 * <p>Unless told otherwise the run has 100 steps and one group, under {@code SGD(lr=0.1, momentum=0.9)}. The momentum has
 * a panel of its own where a schedule drives it, and so has the metric of a plateau.
 */
public final class Plot {
    private static final int STEPS = 100;
    private static final int MOST_STEPS = 10_000_000;
    private static final int STEPS_BETWEEN_LOOKS = 1024;
    private static final String RATE = "learning rate";

    private final List<SchedulerCall> calls;
    // Set while a copy is made, and never again.
    private List<List<UpdateRule>> optimizers;
    private long steps = STEPS;
    private Optional<RunLength> runLength = Optional.empty();
    private Optional<XAxis> xAxis = Optional.empty();
    private Optional<LongToDoubleFunction> metric = Optional.empty();
    private Optional<Boolean> momentum = Optional.empty();
    private Optional<String> title = Optional.empty();
    private Optional<Size> size = Optional.empty();
    private Map<String, Schedule> drives = Map.of();
    private boolean log;
    private boolean unreduced;

    private Plot(List<SchedulerCall> calls) {
        this.calls = List.copyOf(calls);
        optimizers = Collections.nCopies(calls.size(), List.of(new SGD(0.1).withMomentum(0.9)));
        if (calls.isEmpty()) {
            throw new IllegalArgumentException("a plot must have at least 1 schedule, but has none");
        }
    }

    /** {@return a plot of schedules, or of plateaus with {@link #withMetric a metric}; at least one} */
    public static Plot of(Policy... policies) {
        return new Plot(Arrays.stream(policies)
                .map(policy -> new SchedulerCall(
                        Objects.requireNonNull(policy, "policies must not be null, but one is"), -1, List.of()))
                .toList());
    }

    /** {@return a plot of PyTorch's scheduler calls, which may have a {@code last_epoch}; at least one} */
    public static Plot of(SchedulerCall... calls) {
        Arrays.stream(calls).forEach(call -> Objects.requireNonNull(call, "calls must not be null, but one is"));
        return new Plot(List.of(calls));
    }

    List<Policy> policies() {
        return calls.stream().map(SchedulerCall::policy).toList();
    }

    List<String> texts() {
        return calls.stream().map(this::label).toList();
    }

    private Plot with(Consumer<Plot> change) {
        Plot copy = new Plot(calls);
        copy.optimizers = optimizers;
        copy.steps = steps;
        copy.runLength = runLength;
        copy.xAxis = xAxis;
        copy.metric = metric;
        copy.momentum = momentum;
        copy.title = title;
        copy.size = size;
        copy.drives = drives;
        copy.log = log;
        copy.unreduced = unreduced;
        change.accept(copy);
        return copy;
    }

    /**
     * {@return this with other base rates, one per group}
     *
     * @throws IllegalArgumentException if there is none, or one is not finite or negative
     */
    public Plot withLr(double... lr) {
        UpdateRule rule = optimizers.get(0).get(0);
        return withOptimizer(Arrays.stream(lr).mapToObj(rule::withLr).toArray(UpdateRule[]::new));
    }

    /**
     * {@return this with another optimizer: the rule of each group, with its base rate and momentum}
     *
     * @throws IllegalArgumentException if there is none
     */
    public Plot withOptimizer(UpdateRule... groups) {
        return withOptimizers(Collections.nCopies(calls.size(), List.of(groups)));
    }

    /**
     * {@return this with an optimizer for each schedule: the rule of each of its groups, with its base rate and momentum}
     *
     * @throws IllegalArgumentException if there are more or fewer than schedules, or one has no group
     */
    public Plot withOptimizers(List<? extends List<? extends UpdateRule>> optimizers) {
        if (optimizers.size() != calls.size()) {
            throw new IllegalArgumentException("a plot must have an optimizer for each schedule, " + calls.size()
                    + ", but has " + optimizers.size());
        }
        if (optimizers.stream().anyMatch(List::isEmpty)) {
            throw new IllegalArgumentException("a plot must have at least 1 group, but has none");
        }
        return with(plot -> plot.optimizers =
                optimizers.stream().<List<UpdateRule>>map(List::copyOf).toList());
    }

    /**
     * {@return this for another number of steps}
     *
     * @param steps from 1 to 10,000,000
     */
    public Plot withSteps(long steps) {
        check(steps);
        return with(plot -> {
            plot.steps = steps;
            plot.runLength = Optional.empty();
        });
    }

    /**
     * {@return this for a run of known length, with epochs on the horizontal axis}
     *
     * @throws IllegalArgumentException if the schedule is stepped more than 10,000,000 times in it
     */
    public Plot withRunLength(RunLength runLength) {
        check(runLength.total());
        return with(plot -> {
            plot.steps = runLength.total();
            plot.runLength = Optional.of(runLength);
        });
    }

    private static void check(long steps) {
        if (steps < 1 || steps > MOST_STEPS) {
            throw new IllegalArgumentException(
                    "steps must be from 1 to " + MOST_STEPS + " in a plot, but was " + steps);
        }
    }

    /** {@return this with another horizontal axis: epochs need a {@link #withRunLength run length}} */
    public Plot withXAxis(XAxis xAxis) {
        return with(plot -> plot.xAxis = Optional.of(xAxis));
    }

    /**
     * {@return this with a metric for plateaus, shown in a panel of its own}
     *
     * @param metric the metric after step 0, 1, ...
     */
    public Plot withMetric(LongToDoubleFunction metric) {
        return with(plot -> plot.metric = Optional.of(metric));
    }

    /** {@return this with plateaus that never reduce the rate if there is no metric, so that their schedule is shown} */
    public Plot withUnreducedPlateaus() {
        return with(plot -> plot.unreduced = true);
    }

    /** {@return this with a logarithmic axis for the rate, or a linear one} */
    public Plot withLog(boolean log) {
        return with(plot -> plot.log = log);
    }

    /** {@return this with or without a panel for the momentum, whether a schedule drives it or not} */
    public Plot withMomentum(boolean shown) {
        return with(plot -> plot.momentum = Optional.of(shown));
    }

    /**
     * {@return this with schedules of other numbers than the rate, each in a panel of its own}
     *
     * @param drives by the names of the numbers, as {@code LRScheduler} takes them
     */
    public Plot withDrives(Map<String, ? extends Schedule> drives) {
        Map<String, Schedule> copy = new LinkedHashMap<>(drives);
        return with(plot -> plot.drives = copy);
    }

    /**
     * {@return this with another title (default: the schedule's text, or none if there are several)}
     *
     * @param title any text; a picture shows Latin, Greek and Cyrillic letters and most symbols, and replaces other characters
     */
    public Plot withTitle(String title) {
        return with(plot -> plot.title = Optional.of(title));
    }

    /** {@return this in another size} */
    public Plot withSize(Size size) {
        return with(plot -> plot.size = Optional.of(size));
    }

    /**
     * Runs the schedules and writes the picture, replacing one that is there.
     *
     * @param file the file to write; its name must end in {@code .png} or {@code .svg}, which is the format, and its folder must exist
     * @throws IOException if it cannot be drawn or written; the message names the file and the reason
     * @throws IllegalArgumentException if the file's name has another ending, or the values contradict each other
     */
    public void save(Path file) throws IOException {
        chart().save(file);
    }

    /**
     * Runs the schedules.
     *
     * @throws IllegalArgumentException if a plateau has no metric, epochs have no run length, or a schedule does not fit
     *     the groups
     * @throws IllegalStateException if a schedule ends before the run, or makes a rate that is not finite
     */
    public Chart chart() {
        return chart(steps -> {});
    }

    /**
     * Runs the schedules as {@link #chart()} does, and reports its progress.
     *
     * @param progress called about every thousand steps, and at the end, with the steps run so far, of all schedules together
     */
    public Chart chart(LongConsumer progress) {
        return chart(progress, end -> {
            throw end;
        });
    }

    /**
     * Runs the schedules as {@link #chart(LongConsumer)} does, but draws a schedule that ends before the run as far as it goes.
     *
     * @param ended called with the reason for which a schedule ended
     */
    public Chart chart(LongConsumer progress, Consumer<RuntimeException> ended) {
        XAxis counted = xAxis.orElse(runLength.isPresent() ? XAxis.EPOCHS : XAxis.STEPS);
        double[] edges = edges(counted);
        List<Series> rates = new ArrayList<>();
        List<Series> momenta = new ArrayList<>();
        Map<String, List<Series>> numbers = new LinkedHashMap<>();
        drives.keySet().forEach(name -> numbers.put(name, new ArrayList<>()));
        numbers.keySet().removeAll(List.of("momentum", "beta1")); // they are drawn as the momentum is
        boolean takesMetric = false;
        for (int i = 0; i < calls.size(); i++) {
            long before = i * steps;
            takesMetric |= run(i, edges, rates, momenta, numbers, done -> progress.accept(before + done), ended);
        }
        List<Panel> panels = new ArrayList<>();
        panels.add(new Panel(RATE, log, rates));
        if (!momenta.isEmpty()) {
            boolean betas = optimizers.stream()
                    .allMatch(groups -> groups.get(0).options().containsKey("betas"));
            panels.add(new Panel(betas ? "beta1" : "momentum", momenta));
        }
        numbers.forEach((name, series) -> panels.add(new Panel(name, series)));
        if (takesMetric && steps > 1) {
            panels.add(new Panel("metric", List.of(metric(edges))));
        }
        String shown = title.orElse(calls.size() == 1 ? label(calls.get(0)) : "");
        return new Chart(shown, counted == XAxis.EPOCHS ? "epoch" : "step", panels, size);
    }

    /** {@return the edges of the steps on the horizontal axis} */
    private double[] edges(XAxis counted) {
        if (counted == XAxis.EPOCHS && runLength.isEmpty()) {
            throw new IllegalArgumentException(
                    "xAxis must be STEPS unless the run's length is known, but was EPOCHS: set withRunLength");
        }
        StepPer unit = counted == XAxis.EPOCHS ? StepPer.EPOCH : StepPer.BATCH;
        StepPer stepPer = runLength.map(RunLength::stepPer).orElse(unit);
        double stepsPerEpoch = runLength.map(RunLength::stepsPerEpoch).orElse(1L);
        double[] edges = new double[(int) steps + 1];
        Arrays.setAll(edges, i -> stepPer == unit ? i : unit == StepPer.EPOCH ? i / stepsPerEpoch : i * stepsPerEpoch);
        return edges;
    }

    /** Adds the curves of a run, and {@return whether a metric drove it} */
    private boolean run(
            int number,
            double[] edges,
            List<Series> rates,
            List<Series> momenta,
            Map<String, List<Series>> numbers,
            LongConsumer progress,
            Consumer<RuntimeException> ended) {
        SchedulerCall call = calls.get(number);
        List<UpdateRule> groups = optimizers.get(number);
        Simulation run = new Simulation(call, groups, Integer::toString, drives);
        boolean takesMetric = run.takesMetric() && (metric.isPresent() || !unreduced);
        if (takesMetric) {
            run.metric(metric.orElseThrow(() -> new IllegalArgumentException(
                    "a metric must be given for a plateau, but " + call.policy() + " has none")));
        }
        int count = (int) steps;
        double[][] rate = new double[groups.size()][count];
        double[][] force = new double[groups.size()][count];
        Map<String, double[][]> driven = new LinkedHashMap<>();
        numbers.keySet().forEach(name -> driven.put(name, new double[groups.size()][count]));
        run.walk(count, step -> {
                    if (step % STEPS_BETWEEN_LOOKS == 0) {
                        progress.accept(step);
                    }
                    for (int group = 0; group < groups.size(); group++) {
                        rate[group][(int) step] = run.rate(group);
                        force[group][(int) step] = run.momentum(group);
                        int at = group;
                        driven.forEach((name, values) -> values[at][(int) step] = run.number(at, name));
                    }
                    return true;
                })
                .ifPresent(ended);
        int made = (int) run.step();
        progress.accept(count);
        for (int group = 0; group < groups.size(); group++) {
            String label = label(call, groups, group);
            Arrays.fill(rate[group], made, count, Double.NaN); // a gap
            rates.add(Series.ownStairs(label, edges, rate[group]));
            double still = groups.get(group).momentum();
            boolean moves = Arrays.stream(force[group], 0, made).anyMatch(m -> m != still);
            Arrays.fill(force[group], made, count, Double.NaN);
            if (momentum.orElse(moves)) {
                momenta.add(Series.ownStairs(label, edges, force[group]));
            }
            int at = group;
            driven.forEach((name, values) -> {
                Arrays.fill(values[at], made, count, Double.NaN);
                numbers.computeIfAbsent(name, none -> new ArrayList<>())
                        .add(Series.ownStairs(label, edges, values[at]));
            });
        }
        return takesMetric;
    }

    private Series metric(double[] edges) {
        LongToDoubleFunction given = metric.orElseThrow();
        double[] values = IntStream.range(0, (int) steps - 1)
                .mapToDouble(given::applyAsDouble)
                .toArray();
        return Series.line("metric", Arrays.copyOfRange(edges, 1, (int) steps), values);
    }

    private String label(SchedulerCall call, List<UpdateRule> groups, int group) {
        String lr = "lr " + Python.repr(groups.get(group).lr());
        boolean oneRate = optimizers.stream()
                .allMatch(each ->
                        each.size() == 1 && each.get(0).lr() == groups.get(0).lr());
        if (oneRate) {
            return label(call);
        }
        boolean saidByTitle = calls.size() == 1 && title.isEmpty();
        return saidByTitle ? lr : label(call) + ", " + lr;
    }

    private String label(SchedulerCall call) {
        boolean before = unreduced && metric.isEmpty() && !(call.policy() instanceof Schedule);
        return call.policy()
                + (call.lastEpoch() == -1 ? "" : ", last_epoch=" + call.lastEpoch())
                + (before ? ", before the plateau reduces it" : "");
    }
}
