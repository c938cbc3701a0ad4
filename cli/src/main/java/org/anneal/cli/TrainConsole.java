package org.anneal.cli;

import java.io.PrintWriter;
import java.util.Optional;
import org.anneal.runs.ProgressLine;
import org.anneal.text.Python;
import org.anneal.train.NonFiniteException;
import org.anneal.train.TrainListener;

/** What a user sees of a run: a line per epoch, and in between the tutorial's running loss, or the progress. */
final class TrainConsole implements TrainListener, AutoCloseable {
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
            begin("Epoch " + batch.epoch(), batch.batch(), batch.batches(), "batches");
            progress.at(
                    batch.batch(),
                    () -> "loss " + Python.fixed(batch.loss(), 4) + ", lr "
                            + Python.scientific(batch.lr().get(0), 2));
        }
    }

    @Override
    public void validation(int epoch, long samples, long of) {
        if (printEvery.isEmpty()) {
            begin("Epoch " + epoch + ", validating", samples, of, "samples");
            progress.at(samples);
        }
    }

    /** Begins a task once something of it is done: what came before is not in its speed. */
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
        out.println(epoch);
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
