package org.anneal.runs;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * The progress of long work, on standard error: a bar if that is a terminal, else a line now and then. Silent for the first
 * second. Closing it, or Ctrl-C, removes the bar.
 */
public final class ProgressLine implements AutoCloseable {
    private static final long SECOND = 1_000_000_000;
    private static final long BETWEEN_BARS = SECOND / 4;
    private static final long LONGEST_GAP = 30 * SECOND;
    private static final Pattern ELAPSED = Pattern.compile(" \\([\\d:]+\\) "); // left out: the loss needs the room
    private static final int ELAPSED_WIDTH = 10;
    private static final String CLEAR = "\r\u001b[K"; // the cursor's line

    private final PrintWriter err;
    private final int columns;
    private final int room; // for the bar, in columns
    private final LongSupplier clock;
    private Optional<ProgressBar> bar = Optional.empty();
    private volatile String rendered = ""; // the bar as it was last drawn
    private long gap = 2 * SECOND; // between lines, growing from task to task, so that a log stays short
    private long next;
    private boolean drawn;
    private boolean removed; // for good

    private String task = "";
    private String unit = "";
    private long first;
    private long total;
    private long since;

    /**
     * Begins the work.
     *
     * @param columns columns of the terminal {@code err}, or 0 if it is not one
     * @param clock like {@link System#nanoTime}
     */
    public ProgressLine(PrintWriter err, int columns, LongSupplier clock) {
        this.err = err;
        this.columns = columns;
        // The terminal writes ^C after the bar; in the last column, some begin a new line, where it cannot be removed.
        this.room = Math.max(0, columns - 3);
        this.clock = clock;
        next = clock.getAsLong() + SECOND;
        if (columns > 0) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::close)); // on Ctrl-C; does nothing once closed
        }
    }

    /**
     * Begins a task.
     *
     * @param task its name, such as {@code Epoch 3}
     * @param first how much of it is done already
     * @param total how much it is in all
     * @param unit of both, such as {@code batches}
     */
    public ProgressLine task(String task, long first, long total, String unit) {
        this.task = task;
        this.first = first;
        this.total = Math.max(1, total);
        this.unit = unit;
        since = clock.getAsLong();
        bar.ifPresent(ProgressBar::close);
        if (columns > 0) {
            bar = Optional.of(new ProgressBarBuilder()
                    .setTaskName(task)
                    .startsFrom(first, Duration.ZERO)
                    .setInitialMax(this.total)
                    .hideEta() // it has whole seconds only
                    .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                    .continuousUpdate()
                    .setUpdateIntervalMillis(Integer.MAX_VALUE) // drawn from here, not by a thread of its own
                    // Not the library's own consumer, whose terminal code keeps Ctrl-C from Java.
                    .setConsumer(new DelegatingProgressBarConsumer(
                            line -> rendered = ELAPSED.matcher(line).replaceFirst(" "), room + ELAPSED_WIDTH))
                    .build());
        }
        return this;
    }

    /** Reports how much is done. It reads the clock, so a loop of short steps should call it only now and then. */
    public void at(long done) {
        at(done, () -> "");
    }

    /** Reports how much is done; {@code more}, computed only if it is shown, goes to the end of the line. */
    public void at(long done, Supplier<String> more) {
        long now = clock.getAsLong();
        if (now - next < 0) {
            return;
        }
        if (columns > 0) {
            bar.ifPresent(shown -> shown.stepTo(done)
                    .setExtraMessage(speed(done, now, "/s", "") + and(more.get()))
                    .refresh());
            String line = rendered; // at its narrowest, wider than some terminals
            draw(line.substring(0, Math.min(line.length(), room)));
            next = now + BETWEEN_BARS;
        } else {
            err.println(line(done, now, more.get()));
            err.flush();
            next = now + gap;
            gap = Math.min(2 * gap, LONGEST_GAP);
        }
    }

    private String line(long done, long now, String more) {
        return String.format(Locale.ROOT, "%s: %,d of %,d %s (%d %%)", task, done, total, unit, 100 * done / total)
                + speed(done, now, " " + unit + "/s", ", ")
                + and(more);
    }

    private static String and(String more) {
        return more.isEmpty() ? "" : ", " + more;
    }

    /** {@return the mean speed of this task, and the time left at that speed; empty if they are not known yet} */
    private String speed(long done, long now, String perSecond, String before) {
        double speed = (done - first) / (double) (now - since) * SECOND;
        if (!(speed > 0 && Double.isFinite(speed))) {
            return "";
        }
        String shown = String.format(Locale.ROOT, speed < 10 ? "%.2g" : "%,.0f", speed);
        return before + shown + perSecond + ", ETA " + duration((long) Math.ceil((total - done) / speed));
    }

    private static String duration(long seconds) {
        if (seconds < 60) {
            return seconds + " s";
        }
        return seconds < 3600
                ? seconds / 60 + " min " + seconds % 60 + " s"
                : seconds / 3600 + " h " + seconds / 60 % 60 + " min";
    }

    private synchronized void draw(String line) {
        if (!removed) {
            err.print(CLEAR + line);
            err.flush();
            drawn = true;
        }
    }

    /** Removes the bar until the next report, so that something else can be printed. */
    public synchronized void erase() {
        if (drawn) {
            err.print(CLEAR);
            err.flush();
            drawn = false;
        }
    }

    @Override
    public synchronized void close() {
        erase();
        removed = true;
        bar.ifPresent(ProgressBar::close);
    }
}
