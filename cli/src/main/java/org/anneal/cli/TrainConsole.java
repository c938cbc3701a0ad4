package org.anneal.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Python;
import org.anneal.train.NonFiniteException;
import org.anneal.train.TrainListener;

/** What a user sees of a run: a line per epoch, and in between the tutorial's running loss, or the progress. */
final class TrainConsole implements TrainListener, AutoCloseable {
    private static final int WIDTH = 80;
    private static final String INDENT = "    ";
    private static final Set<String> UPPER_CASE = Set.of("ema", "swa", "mae", "rmse");

    private final PrintWriter out;
    private final PrintWriter warnings;
    private final ProgressLine progress;
    private final Optional<Integer> printEvery;
    private double runningLoss;
    private int counted; // batches in the sum
    private String task = ""; // the one that is shown

    /** Prints to {@code out} and {@code warnings}; with {@code printEvery}, the mean loss of that many batches, not the progress. */
    TrainConsole(PrintWriter out, PrintWriter warnings, ProgressLine progress, Optional<Integer> printEvery) {
        this.out = out;
        this.warnings = warnings;
        this.progress = progress;
        this.printEvery = printEvery;
    }

    @Override
    public void batch(Batch batch) {
        if (printEvery.isPresent()) {
            if (batch.batch() == 1) {
                reset();
            }
            runningLoss += batch.loss();
            counted++;
            if (batch.batch() % printEvery.get() == 0) {
                if (counted == printEvery.get()) { // else the run was resumed in between
                    // The tutorial's exact format.
                    out.printf(
                            "[%d, %5d] loss: %s%n",
                            batch.epoch(), batch.batch(), Python.fixed(runningLoss / counted, 3));
                }
                reset();
            }
        } else {
            begin("Epoch " + batch.epoch(), batch.batch() - 1, batch.batches(), "batches");
            progress.at(
                    batch.batch(),
                    () -> "loss " + Python.fixed(batch.loss(), 4) + ", lr "
                            + Python.scientific(batch.lr().get(0), 2));
        }
    }

    @Override
    public void validation(int epoch, long samples, long of) {
        if (printEvery.isEmpty()) {
            begin("Epoch " + epoch + ", validating", 0, of, "samples");
            progress.at(samples);
        }
    }

    private void begin(String next, long first, long total, String unit) {
        if (!task.equals(next)) {
            task = next;
            progress.task(task, first, total, unit);
        }
    }

    private void reset() {
        runningLoss = 0;
        counted = 0;
    }

    @Override
    public void epoch(Epoch epoch) {
        progress.erase();
        List<String> numbers = new ArrayList<>(List.of(named("train_loss", epoch.trainLoss())));
        epoch.metrics().forEach((name, value) -> numbers.add(named(name, value)));
        List<String> rates =
                epoch.lr().stream().map(rate -> Python.scientific(rate, 2)).toList();
        String start = "Epoch " + epoch.epoch() + ", ";
        String all = start + String.join(", ", numbers) + ", LR: " + String.join(", ", rates);
        if (all.length() <= WIDTH) {
            out.println(all);
        } else {
            out.println(wrapped(start, INDENT, numbers) + ",");
            out.println(wrapped(INDENT + "LR: ", INDENT + "    ", rates));
        }
    }

    /** {@return a number with its name in words, {@code Val Acc: 0.8685}} */
    private static String named(String name, double value) {
        String words = Stream.of(name.replace("accuracy", "acc").split("_"))
                .map(word -> UPPER_CASE.contains(word)
                        ? word.toUpperCase(Locale.ROOT)
                        : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
                .collect(Collectors.joining(" "));
        return words + ": " + Python.fixed(value, 4);
    }

    /** {@return a list on lines that fit into any terminal} */
    private static String wrapped(String start, String indent, List<String> parts) {
        StringBuilder text = new StringBuilder(start).append(parts.get(0));
        for (String part : parts.subList(1, parts.size())) {
            int column = text.length() - text.lastIndexOf("\n") - 1;
            text.append(column + 3 + part.length() <= WIDTH ? ", " : ",\n" + indent)
                    .append(part);
        }
        return text.toString();
    }

    @Override
    public void notFinite(NonFiniteException found) {
        progress.erase();
        warnings.println("anneal train: " + found.getMessage() + "; the run goes on, because of --on-nan continue");
    }

    @Override
    public void close() {
        progress.close();
    }
}
