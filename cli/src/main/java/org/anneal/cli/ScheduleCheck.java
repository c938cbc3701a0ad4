package org.anneal.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.anneal.optim.SchedulerState;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.ProgressLine;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.Finding;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import picocli.CommandLine.Model.CommandSpec;

/** Checks the schedule of a training run before it begins: whether it lasts, and what {@code anneal check} finds. */
final class ScheduleCheck {
    private static final long MOST_STEPS = 10_000_000; // take seconds

    private final SchedulerCall call;
    private final RunLength length;
    private final Map<String, Schedule> drives;
    private final List<UpdateRule> rules;
    private final CommandSpec command;

    /**
     * @param drives the schedules of other numbers than the rate
     * @param rules the rule of each group
     */
    ScheduleCheck(
            SchedulerCall call,
            Map<String, Schedule> drives,
            RunLength length,
            List<UpdateRule> rules,
            CommandSpec command) {
        this.call = call;
        this.length = length;
        this.drives = drives;
        this.rules = rules;
        this.command = command;
    }

    /**
     * Refuses a schedule that {@linkplain #failure fails}.
     *
     * @throws IllegalArgumentException if a step fails, as it would in the run
     */
    void refuseWhatFails(Optional<SchedulerState> start) {
        failure(start).ifPresent(failure -> {
            throw failure;
        });
    }

    /**
     * Steps the schedule to the end of the run, but at most ten million times.
     *
     * @param start the scheduler's state, if the run is resumed
     * @return why a step fails, as it would in the run; empty if none does
     */
    Optional<IllegalArgumentException> failure(Optional<SchedulerState> start) {
        Optional<Simulation> run = Optional.empty();
        try (ProgressLine progress = Anneal.progress(command)) {
            Simulation simulation = new Simulation(call, rules, group -> "group " + group, drives);
            run = Optional.of(simulation);
            if (!simulation.takesStep()) {
                return Optional.empty();
            }
            start.ifPresent(simulation::restore);
            long end = Math.min(length.total(), simulation.step() + MOST_STEPS);
            progress.task("Checking the schedule", simulation.step(), end, "steps");
            Optional<RuntimeException> failure = simulation.walk(end + 1, step -> {
                if (step > 0 && step % 1024 == 0) {
                    progress.at(step);
                }
                return true;
            });
            if (failure.isPresent()) {
                throw failure.get();
            }
            return Optional.empty();
        } catch (IllegalStateException | ArithmeticException e) {
            return Optional.of(new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "--schedule must last for the run's %,d steps, but fails at step %,d: %s",
                            length.total(),
                            run.map(Simulation::step).orElse(0L),
                            e.getMessage()),
                    e));
        }
    }

    /** {@return the findings of {@code anneal check}; none for a run of more than ten million steps} */
    List<Finding> findings() {
        if (length.total() > MOST_STEPS) {
            return List.of();
        }
        List<Double> bases = rules.stream().map(UpdateRule::lr).toList();
        List<Checkup> groups = new ArrayList<>();
        long steps = length.total();
        try (ProgressLine progress =
                Anneal.progress(command).task("Checking the schedule", 0, rules.size() * steps, "steps")) {
            for (int group = 0; group < rules.size(); group++) {
                long before = group * steps;
                groups.add(Checkup.of(call.policy(), length, bases, group, 0, done -> {
                    if (done > 0 && done < steps) {
                        progress.at(before + done);
                    }
                }));
            }
        }
        List<Finding> findings = new ArrayList<>(CheckCommand.once(groups, Checkup::findings));
        drives.keySet()
                .forEach(name ->
                        findings.addAll(CheckCommand.ofNumber(name, call, rules, drives, steps, Optional.of(length))));
        return findings;
    }
}
