package org.anneal.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.anneal.optim.Adam;
import org.anneal.optim.SGD;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import picocli.CommandLine.Option;

/** The run that {@code table}, {@code plot} and {@code check} simulate: its rates, length and optimizer. */
final class SimulationOptions {
    private static final long STEPS = 100;
    private static final long MOST_STEPS = 1L << 53; // doubles count exactly up to here

    @Option(
            names = "--lr",
            splitSynopsisLabel = ",",
            split = ",(?!$)", // a comma at the end does not separate, so that it is refused
            paramLabel = "LR",
            defaultValue = "0.1",
            description = "base rate, or one per group, separated by commas (default: ${DEFAULT-VALUE})")
    private double[] lr;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "steps of the schedule in the run (default: " + STEPS
                    + "); lengths in EXPR may then also be 500st or 10%% of the run")
    private Optional<Long> steps = Optional.empty();

    @Option(
            names = "--epochs",
            paramLabel = "E",
            description = "epochs of the run, instead of --steps; lengths in EXPR may then also be 30ep, 500st or 10%%")
    private Optional<Long> epochs = Optional.empty();

    @Option(names = "--steps-per-epoch", paramLabel = "S", description = "batches per epoch, with --epochs")
    private Optional<Long> stepsPerEpoch = Optional.empty();

    @Option(
            names = "--step-per",
            paramLabel = "UNIT",
            description = "with --epochs, when the schedule is stepped: per epoch or per batch (default: epoch)")
    private Optional<StepPer> stepPer = Optional.empty();

    @Option(
            names = "--momentum",
            paramLabel = "M",
            defaultValue = "0.9",
            description = "the optimizer's momentum; with --adam, its beta1 (default: ${DEFAULT-VALUE})")
    private double momentum;

    @Option(names = "--adam", description = "use Adam as the optimizer instead of SGD")
    private boolean adam;

    /** {@return the base rate per group} */
    double[] lr() {
        return lr.clone();
    }

    /** {@return how often the schedule is stepped in the run} */
    long steps() {
        long count = length().map(RunLength::total).orElse(steps.orElse(STEPS));
        if (count > MOST_STEPS) {
            throw new IllegalArgumentException("--steps must be at most 2^53, but was " + count);
        }
        return Anneal.atLeastOne("--steps", count);
    }

    /** {@return the run's length, if it is given in epochs} */
    Optional<RunLength> length() {
        if (epochs.isEmpty() && stepsPerEpoch.isEmpty() && stepPer.isEmpty()) {
            return Optional.empty();
        }
        if (epochs.isEmpty() || stepsPerEpoch.isEmpty()) {
            throw new IllegalArgumentException("--epochs and --steps-per-epoch must be given together, but "
                    + (epochs.isEmpty() ? "--epochs" : "--steps-per-epoch") + " is missing");
        }
        if (steps.isPresent()) {
            throw new IllegalArgumentException("--steps must be left out with --epochs, which gives the run's length");
        }
        return Optional.of(new RunLength(
                Anneal.atLeastOne("--steps-per-epoch", stepsPerEpoch.get()),
                Anneal.atLeastOne("--epochs", epochs.get()),
                stepPer.orElse(StepPer.EPOCH)));
    }

    /** {@return the call in {@code expression}, with its lengths in steps} */
    SchedulerCall parse(String expression) {
        return parse("EXPR", expression);
    }

    /** {@return the call in {@code expression}, which messages call {@code argument}} */
    SchedulerCall parse(String argument, String expression) {
        Optional<RunLength> length = length();
        return Anneal.parsed(
                argument,
                () -> length.isPresent()
                        ? SchedulerCall.parse(expression, length.get())
                        : SchedulerCall.parse(expression, steps()));
    }

    /** {@return a simulated run of {@code call}, at its first step} */
    Simulation simulate(SchedulerCall call) {
        return new Simulation(call, groups());
    }

    /** {@return the optimizer's rule per group, with the group's rate} */
    List<UpdateRule> groups() {
        UpdateRule rule = rule();
        return Arrays.stream(lr).mapToObj(rule::withLr).toList();
    }

    /** {@return the optimizer's rule, apart from each group's own rate} */
    UpdateRule rule() {
        try {
            return adam ? new Adam(0).withBetas(momentum, 0.999) : new SGD(0).withMomentum(momentum);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "--momentum must be " + (adam ? "in [0, 1) with --adam" : "at least 0") + ", but was " + momentum,
                    e);
        }
    }
}
