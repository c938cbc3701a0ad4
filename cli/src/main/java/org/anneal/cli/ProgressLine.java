package org.anneal.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How far long work is, on standard error: a bar if that is a terminal, else a line now and then. Silent for the first
 * second. Closing it removes the bar, and so does Ctrl-C.
 */
final class ProgressLine implements AutoCloseable {
    private static final long SECOND = 1_000_000_000;
    private static final long BETWEEN_BARS = SECOND / 4;
    private static final long LONGEST_GAP = 30 * SECOND;
    private static final int WIDEST_BAR = 40;
    private static final int NARROWEST_BAR = 5;
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";
    private static final String CLEAR = "\r\u001b[K"; // the line that the cursor is in

    private final PrintWriter err;
    private final int columns;
    private final LongSupplier clock;
    private long gap = 2 * SECOND; // to the line after the next; goes on from task to task, so that a log stays short
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
     * @param columns of the terminal that {@code err} is, or 0 if it is none
     * @param clock as {@link System#nanoTime}
     */
    ProgressLine(PrintWriter err, int columns, LongSupplier clock) {
        this.err = err;
        this.columns = columns;
        this.clock = clock;
        next = clock.getAsLong() + SECOND;
        if (columns > 0) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::close)); // Ctrl-C; after the work it does nothing
        }
    }

    /**
     * Begins a part of the work.
     *
     * @param task what is done, such as {@code Epoch 3}
     * @param first how much of it was done before
     * @param total how much there is to do
     * @param unit of both, such as {@code batches}
     */
    ProgressLine task(String task, long first, long total, String unit) {
        this.task = task;
        this.first = first;
        this.total = total;
        this.unit = unit;
        since = clock.getAsLong();
        return this;
    }

    /** Says how much is done. Costs a look at the clock, so a loop of short steps calls it once in many of them. */
    void at(long done) {
        at(done, () -> "");
    }

    /** Says how much is done, and more about it if it is shown: what is to stand at the line's end. */
    void at(long done, Supplier<String> more) {
        long now = clock.getAsLong();
        if (now - next < 0) {
            return;
        }
        if (columns > 0) {
            draw(bar(done, now, more.get()));
            next = now + BETWEEN_BARS;
        } else {
            err.println(line(done, now, more.get()));
            err.flush();
            next = now + gap;
            gap = Math.min(2 * gap, LONGEST_GAP);
        }
    }

    private String line(long done, long now, String more) {
        return String.format(Locale.ROOT, "%s: %,d of %,d %s (%d %%)", task, done, total, unit, parts(100, done))
                + speed(done, now)
                + (more.isEmpty() ? "" : ", " + more);
    }

    /** {@return a line with a bar as wide as there is room for, or with none} */
    private String bar(long done, long now, String more) {
        String before = task + ": " + parts(100, done) + " % ";
        String after = String.format(Locale.ROOT, "%,d/%,d", done, total)
                + speed(done, now)
                + (more.isEmpty() ? "" : ", " + more);
        // The terminal writes ^C behind it, and in the last column some begin a new line, where it cannot be removed.
        int most = Math.max(0, columns - 3);
        int width = Math.min(WIDEST_BAR, most - before.length() - after.length() - 3);
        String line = before + after;
        if (width >= NARROWEST_BAR) {
            int filled = parts(8 * width, done);
            String end = filled % 8 == 0 ? "" : EIGHTHS.substring(filled % 8, filled % 8 + 1);
            String bar = "█".repeat(filled / 8) + end;
            line = before + "|" + bar + " ".repeat(width - bar.length()) + "| " + after;
        }
        return line.substring(0, Math.min(line.length(), most));
    }

    /** {@return how many of so many parts are done} */
    private int parts(int of, long done) {
        return (int) Math.max(0, Math.min(of, (double) of * done / total));
    }

    /** {@return the mean speed of this part, and how long the rest of it takes at that} */
    private String speed(long done, long now) {
        double speed = (done - first) / (double) (now - since) * SECOND;
        if (!(speed > 0 && Double.isFinite(speed))) {
            return "";
        }
        String shown = String.format(Locale.ROOT, speed < 10 ? "%.2g" : "%,.0f", speed);
        return ", " + shown + " " + unit + "/s, ETA " + duration((long) Math.ceil((total - done) / speed));
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

    /** Removes the bar for now, so that something else can be printed. */
    synchronized void erase() {
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
    }
}
