package org.anneal.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.stream.Collectors;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.anneal.schedule.Python;
import org.anneal.train.TrainListener;

/** What a user sees of a run: a line per epoch, and within it the tutorial's running loss, or a bar on a terminal. */
final class TrainConsole implements TrainListener, AutoCloseable {
    /** The columns of the terminal that standard error is, or 0: set by the launcher, as Java cannot tell before 22. */
    private static final int COLUMNS = Integer.getInteger("anneal.columns", 0);

    private final PrintWriter out;
    private final PrintWriter err;
    private final Optional<Integer> printEvery;
    private double runningLoss;
    private int counted; // batches in it
    private Optional<ProgressBar> bar = Optional.empty();

    /** Prints to {@code out}, the bar to {@code err}; with {@code printEvery}, the running loss of every so many batches. */
    TrainConsole(PrintWriter out, PrintWriter err, Optional<Integer> printEvery) {
        this.out = out;
        this.err = err;
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
                if (counted == printEvery.get()) { // or the run was resumed in between
                    // The tutorial's format, two blanks and all.
                    out.printf(
                            "[%d, %5d] loss: %s%n",
                            batch.epoch(), batch.batch(), Python.fixed(runningLoss / counted, 3));
                }
                reset();
            }
        } else if (COLUMNS > 0) {
            if (bar.isEmpty()) {
                bar = Optional.of(new ProgressBarBuilder()
                        .setTaskName("Epoch " + batch.epoch())
                        .setInitialMax(batch.batches())
                        .setUpdateIntervalMillis(250)
                        .showSpeed()
                        // Not the library's own consumer: its terminal code takes Ctrl-C away from Java.
                        .setConsumer(new DelegatingProgressBarConsumer(this::redraw, COLUMNS - 1))
                        .build());
            }
            bar.ifPresent(shown -> shown.setExtraMessage(" loss " + Python.fixed(batch.loss(), 4) + " lr "
                            + Python.scientific(batch.lr().get(0), 2))
                    .stepTo(batch.batch()));
        }
    }

    private void reset() {
        runningLoss = 0;
        counted = 0;
    }

    @Override
    public void epoch(Epoch epoch) {
        close();
        String lr = epoch.lr().stream().map(rate -> Python.scientific(rate, 2)).collect(Collectors.joining(", "));
        out.println("Epoch " + epoch.epoch() + ", Train Loss: " + Python.fixed(epoch.trainLoss(), 4) + ", Val Loss: "
                + Python.fixed(epoch.valLoss(), 4) + ", Val Acc: " + Python.fixed(epoch.valAccuracy(), 4)
                + ", Current LR: " + lr);
    }

    @Override
    public void close() {
        if (bar.isPresent()) {
            bar.get().close();
            bar = Optional.empty();
            redraw("");
        }
    }

    /** Shows one line in place of the last. */
    private void redraw(String line) {
        err.print("\r\u001b[K" + line);
        err.flush();
    }
}
