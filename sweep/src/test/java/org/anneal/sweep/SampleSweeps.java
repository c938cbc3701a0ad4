package org.anneal.sweep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;

/** Sweeps with invented numbers, drawn as those of training are. */
final class SampleSweeps {
    static final Monitor ACCURACY = Monitor.named("val_accuracy");
    private static final List<String> FAMILIES =
            List.of("StepLR", "OneCycleLR", "CosineAnnealingLR", "LinearLR + CosineAnnealingLR", "ReduceLROnPlateau");

    private SampleSweeps() {}

    /**
     * {@return a run's epochs: the loss falls to {@code floor}}
     *
     * @param seconds of each epoch
     */
    static List<Epoch> epochs(int count, double floor, double rate, double seconds, Random random) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(epoch -> {
                    double loss = floor + 1.8 * Math.exp(-0.35 * epoch) + 0.01 * random.nextGaussian();
                    return new Epoch(
                            epoch,
                            100L * epoch,
                            List.of(rate * (1 - (epoch - 1.0) / count)),
                            loss * 0.9,
                            Map.of("val_loss", loss, "val_accuracy", Math.exp(-0.6 * loss)),
                            seconds);
                })
                .toList();
    }

    /** {@return a trial whose value and spread are those of its repeats' last epochs} */
    static TrialRecord trial(
            int number,
            String family,
            Map<String, String> parameters,
            State state,
            int rung,
            Monitor monitor,
            List<List<Epoch>> runs) {
        List<Repeat> repeats = IntStream.range(0, runs.size())
                .mapToObj(i -> {
                    List<Epoch> epochs = runs.get(i);
                    double value = epochs.isEmpty() ? Double.NaN : monitor.of(epochs.get(epochs.size() - 1));
                    return new Repeat(
                            i, String.format(Locale.ROOT, "%03d-%d", number, i), epochs, value, 1, "process 4711");
                })
                .toList();
        double[] values = repeats.stream().mapToDouble(Repeat::value).toArray();
        double mean = IntStream.range(0, values.length)
                .mapToDouble(i -> values[i])
                .average()
                .orElse(Double.NaN);
        double spread = values.length < 2
                ? Double.NaN
                : Math.sqrt(IntStream.range(0, values.length)
                                .mapToDouble(i -> (values[i] - mean) * (values[i] - mean))
                                .sum()
                        / (values.length - 1));
        boolean valued = rung >= 0;
        return new TrialRecord(
                number,
                family,
                List.of(Map.entry("schedule", family + "()")),
                parameters,
                state,
                state == State.FAILED ? "the loss was not finite at epoch 2" : "",
                rung,
                valued ? mean : Double.NaN,
                valued ? spread : Double.NaN,
                repeats);
    }

    /** {@return a sweep over five families, with {@code repeats} seeds each, of which two thirds are stopped early if it halves} */
    static SweepRecord families(int trials, int repeats, boolean halving, Monitor monitor) {
        Random random = new Random(1);
        List<Integer> rungs = halving ? List.of(3, 9, 27) : List.of(20);
        List<TrialRecord> made = new ArrayList<>();
        for (int number = 0; number < trials; number++) {
            int family = random.nextInt(FAMILIES.size());
            double lr = Math.pow(10, -3 + 3 * random.nextDouble());
            double distance = Math.abs(Math.log10(lr) + 1.2 + 0.2 * family);
            int rung = halving ? (random.nextInt(3) > 0 ? 0 : random.nextInt(3) > 0 ? 1 : 2) : 0;
            int count = rungs.get(rung);
            List<List<Epoch>> runs = new ArrayList<>();
            for (int i = 0; i < repeats; i++) {
                runs.add(epochs(
                        count,
                        0.3 + 0.25 * distance + 0.04 * random.nextGaussian(),
                        lr,
                        1.5 + random.nextDouble(),
                        random));
            }
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("lr", String.format(Locale.ROOT, "%.4g", lr));
            parameters.put("batch_size", Integer.toString(8 << random.nextInt(3)));
            if (family == 0) {
                parameters.put("step_size", (5 + 5 * random.nextInt(4)) + "ep");
            }
            if (family == 1) {
                parameters.put("anneal_strategy", random.nextBoolean() ? "'cos'" : "'linear'");
            }
            State state = rung == rungs.size() - 1 ? State.DONE : State.STOPPED;
            boolean fails = number % 17 == 16;
            made.add(trial(
                    number,
                    FAMILIES.get(family),
                    parameters,
                    fails ? State.FAILED : state,
                    fails ? -1 : rung,
                    monitor,
                    runs));
        }
        return new SweepRecord(
                "5 families on fashion-mnist, TutorialNet, " + repeats + " seeds",
                monitor,
                List.of(
                        new Parameter("lr", Parameter.Scale.LOG),
                        new Parameter("batch_size", Parameter.Scale.CATEGORY),
                        new Parameter("step_size", Parameter.Scale.LINEAR),
                        new Parameter("anneal_strategy", Parameter.Scale.CATEGORY)),
                rungs,
                made);
    }

    /** {@return a sweep of a parameter, with a trial of one seed for each value and loss} */
    static SweepRecord losses(String parameter, Parameter.Scale scale, List<String> values, double... losses) {
        List<TrialRecord> trials = IntStream.range(0, losses.length)
                .mapToObj(i -> {
                    Epoch epoch = new Epoch(1, 10, List.of(0.1), 1, Map.of("val_loss", losses[i]), 1 + i);
                    boolean failed = Double.isNaN(losses[i]);
                    return trial(
                            i,
                            "",
                            Map.of(parameter, values.get(i)),
                            failed ? State.FAILED : State.DONE,
                            failed ? -1 : 0,
                            Monitor.VAL_LOSS,
                            List.of(failed ? List.of() : List.of(epoch)));
                })
                .toList();
        return new SweepRecord(
                "a sweep", Monitor.VAL_LOSS, List.of(new Parameter(parameter, scale)), List.of(1), trials);
    }
}
