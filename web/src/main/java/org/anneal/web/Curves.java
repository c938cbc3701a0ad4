package org.anneal.web;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.Finding;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.SchedulerCall;

/** The curves of one schedule in a run: what is in force before each optimizer step, as {@code anneal table} prints it. */
final class Curves {
    private static final int STEPS_BETWEEN_LOOKS = 16;

    /**
     * A finding, and the groups that it is about.
     *
     * @param groups empty if it is about all of them
     * @param mended the policy after the suggestion, if that says exactly what to change
     */
    record Found(long step, String problem, String suggestion, List<Integer> groups, Optional<String> mended) {}

    /** What {@code anneal check} says of a schedule: what is wrong or suspicious, and what is right but often unexpected. */
    record Checked(List<Found> findings, List<Found> notes) {}

    final SchedulerCall call;
    private final List<Reading.Note> read;
    private final List<Double> lr;
    final double[][] rates; // by group and step
    final double[] momentum; // of the first group, by step; Adam's beta1
    final boolean takesMetric;
    final Optional<String> end; // the reason, if there are fewer rows than steps

    private Curves(Reading reading, double[][] rates, double[] momentum, boolean takesMetric, Optional<String> end) {
        this.call = reading.call();
        this.read = reading.notes();
        this.lr = reading.groups().stream().map(UpdateRule::lr).toList();
        this.rates = rates;
        this.momentum = momentum;
        this.takesMetric = takesMetric;
        this.end = end;
    }

    /** {@return how many steps have rates; fewer than the run's if the schedule or the metrics end before it} */
    int rows() {
        return momentum.length;
    }

    /**
     * Checks the schedule as {@code anneal check} does.
     *
     * @param run the run that these curves are of
     * @throws Refusal if it takes longer than the turn may
     */
    Checked check(Conditions run, Lanes.Turn turn) throws Refusal {
        // The checkup walks each group's rates once more, without looking at the clock.
        turn.check(0.5);
        Optional<String> policy = Optional.of(call.policy().toString()); // which has nothing that was dropped
        List<Found> findings = new ArrayList<>();
        List<Found> notes = new ArrayList<>();
        for (Reading.Note note : read) {
            if (note.choice()) { // that there are several is not wrong
                notes.add(new Found(
                        0,
                        note.text(),
                        "pick another below the text, or leave the others out",
                        List.of(),
                        Optional.empty()));
            } else {
                findings.add(new Found(0, note.text(), "leave it out", List.of(), policy));
            }
        }
        if (call.lastEpoch() != -1) {
            findings.add(new Found(
                    0,
                    "last_epoch=" + call.lastEpoch() + " resumes a run, which is not checked",
                    "leave it out to check the whole run",
                    List.of(),
                    policy));
            return new Checked(findings, notes);
        }
        List<Checkup> groups = IntStream.range(0, lr.size())
                .mapToObj(group -> checkup(run, group))
                .toList();
        findings.addAll(once(groups, Checkup::findings));
        notes.addAll(once(groups, Checkup::notes));
        return new Checked(findings, notes);
    }

    private Checkup checkup(Conditions run, int group) {
        Optional<RunLength> length = run.length();
        return length.isPresent()
                ? Checkup.of(call.policy(), length.get(), lr, group, 0, steps -> {})
                : Checkup.of(call.policy(), run.total(), lr, group, 0, steps -> {});
    }

    /** {@return what the groups' checkups say, each thing once, with the groups that it is true of} */
    private static List<Found> once(List<Checkup> groups, Function<Checkup, List<Finding>> said) {
        Map<Finding, List<Integer>> found = new LinkedHashMap<>();
        for (int group = 0; group < groups.size(); group++) {
            for (Finding finding : said.apply(groups.get(group))) {
                found.computeIfAbsent(finding, first -> new ArrayList<>()).add(group);
            }
        }
        return found.entrySet().stream()
                .map(each -> new Found(
                        each.getKey().step(),
                        each.getKey().problem(),
                        each.getKey().suggestion(),
                        each.getValue().size() == groups.size() ? List.of() : each.getValue(),
                        each.getKey().mended().map(Policy::toString)))
                .toList();
    }

    /**
     * Runs a schedule.
     *
     * @throws IllegalArgumentException if it does not fit the run
     * @throws Refusal if it takes longer than its turn may
     */
    static Curves of(Reading reading, Conditions run, Lanes.Turn turn) throws Refusal {
        Simulation simulation = new Simulation(reading.call(), reading.groups());
        List<Double> metrics = run.metrics();
        simulation.metric(step -> metrics.get((int) step));
        int steps = Math.toIntExact(run.total());
        double[][] rates = new double[reading.groups().size()][steps];
        double[] momentum = new double[steps];
        Optional<String> end = simulation
                .walk(steps, step -> {
                    int row = (int) step;
                    for (int group = 0; group < rates.length; group++) {
                        rates[group][row] = simulation.rate(group);
                    }
                    momentum[row] = simulation.momentum(0);
                    if (row < STEPS_BETWEEN_LOOKS || row % STEPS_BETWEEN_LOOKS == 0) {
                        turn.check(1);
                    }
                    return !simulation.takesMetric() || row < metrics.size();
                })
                .map(failure -> String.valueOf(failure.getMessage()));
        int rows = (int) simulation.step();
        if (end.isEmpty() && rows < steps) {
            end = Optional.of(
                    metrics.isEmpty()
                            ? "a plateau needs metrics, one per step"
                            : "the " + metrics.size() + " metrics end here");
        }
        for (int group = 0; group < rates.length; group++) {
            rates[group] = rows == steps ? rates[group] : Arrays.copyOf(rates[group], rows);
        }
        return new Curves(
                reading,
                rates,
                rows == steps ? momentum : Arrays.copyOf(momentum, rows),
                simulation.takesMetric(),
                end);
    }
}
