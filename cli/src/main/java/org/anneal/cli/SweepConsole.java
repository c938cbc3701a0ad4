package org.anneal.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.anneal.runs.ProgressLine;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Job;
import org.anneal.sweep.Outcome;
import org.anneal.sweep.SweepListener;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.sweep.TrialRecord.State;
import org.anneal.text.Python;

/** What a user sees of a sweep as it goes on: on a terminal, a table that is drawn again and again; else a line for each trial. */
final class SweepConsole implements SweepListener, AutoCloseable {
    private static final long SECOND = 1_000_000_000;
    private static final long BETWEEN = SECOND / 4;
    private static final int TICK_MILLIS = 1000;
    private static final int MOST_RUNNING = 8; // lines
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_BELOW = "\u001b[J";

    private final PrintWriter out;
    private final PrintWriter err;
    private final Optional<Screen> screen;
    private final ProgressLine progress;
    private final LongSupplier clock;
    private final long since;
    private final boolean anew;
    private Optional<SweepRecord> sweep = Optional.empty(); // as it was in the beginning
    private final Map<Integer, TrialRecord> trials = new TreeMap<>();
    private final Map<String, Going> going = new LinkedHashMap<>(); // by the runs' folders
    private long epochs; // trained since
    private long planned; // epochs, about
    private long next;
    private int drawn; // lines
    private boolean closed;

    /** Rows and columns of a terminal. */
    record Screen(int rows, int columns) {
        private static final int LEAST_ROWS = 4;
        private static final int LEAST_COLUMNS = 20;

        /** {@return the one that the launcher tells of as {@code 24 80}, if it has room for a table; some have no size at all} */
        static Optional<Screen> of(String text) {
            String[] words = text.strip().split("\\s+", -1);
            return Optional.of(new Screen(Integer.parseInt(words[0]), Integer.parseInt(words[1])))
                    .filter(screen -> screen.rows() >= LEAST_ROWS && screen.columns() >= LEAST_COLUMNS);
        }
    }

    /** A job that runs, and how far it is. */
    private record Going(Job job, int epoch, double value) {}

    /**
     * Shows nothing yet.
     *
     * @param screen the terminal that {@code out} is, if it is one
     * @param progress for the rest
     * @param clock like {@link System#nanoTime}
     * @param anew whether each rung trains from the first epoch again
     */
    SweepConsole(
            PrintWriter out,
            PrintWriter err,
            Optional<Screen> screen,
            ProgressLine progress,
            LongSupplier clock,
            boolean anew) {
        this.out = out;
        this.err = err;
        this.screen = screen;
        this.progress = progress;
        this.clock = clock;
        this.anew = anew;
        since = clock.getAsLong();
        next = since;
    }

    @Override
    public synchronized void begin(SweepRecord begun) {
        sweep = Optional.of(begun);
        begun.trials().forEach(trial -> trials.put(trial.number(), trial));
        if (screen.isEmpty()) {
            new SweepTable(begun).reasons().forEach(line -> out.println(Anneal.printable(line)));
            planned = Math.max(1, left());
            progress.task("Sweep", 0, planned, "epochs");
        }
    }

    @Override
    public synchronized void begin(Job job) {
        going.put(job.folder(), new Going(job, job.from(), Double.NaN));
        show();
    }

    @Override
    public synchronized void epoch(Job job, Epoch epoch) {
        epochs++;
        sweep.ifPresent(begun -> going.put(
                job.folder(), new Going(job, epoch.epoch(), begun.monitor().of(epoch))));
        if (screen.isEmpty()) {
            progress.at(Math.min(epochs, planned)); // early stopping may train more than was thought
        }
        show();
    }

    @Override
    public synchronized void end(Job job, Outcome outcome) {
        going.remove(job.folder());
        if (outcome.end() == Outcome.End.LOST) {
            erase();
            err.println("anneal sweep: trial " + job.trial() + ", seed " + job.seed() + ", attempt " + job.attempt()
                    + " was lost: " + Anneal.printable(outcome.reason()));
            next = clock.getAsLong();
        }
        show();
    }

    @Override
    public synchronized void trial(TrialRecord trial) {
        Optional<TrialRecord> before = Optional.ofNullable(trials.put(trial.number(), trial));
        boolean news = before.isEmpty()
                || before.get().state() != trial.state()
                || before.get().rung() != trial.rung();
        if (screen.isEmpty() && news) {
            line(trial).ifPresent(line -> {
                progress.erase();
                out.println(line);
            });
        }
        show();
    }

    /** {@return what is told of a trial that has come to an end, if only for now} */
    private Optional<String> line(TrialRecord trial) {
        String text = "Trial " + trial.number();
        if (trial.state() == State.FAILED || trial.state() == State.SKIPPED) {
            return Optional.of(text + " " + Python.lower(trial.state()) + ": " + Anneal.printable(trial.reason()));
        } else if ((trial.state() != State.DONE && trial.state() != State.STOPPED) || sweep.isEmpty()) {
            return Optional.empty();
        }
        SweepRecord begun = sweep.get();
        String where = trial.state() == State.DONE
                ? " done"
                : " after " + begun.rungs().get(trial.rung()) + " of "
                        + begun.rungs().get(begun.rungs().size() - 1) + " epochs";
        return Optional.of(text + where + ": " + begun.monitor().name() + " " + SweepTable.value(trial) + " in "
                + RunsTable.time(trial.seconds()) + SweepTable.what(trial));
    }

    /** {@return how many epochs are still to be trained; with early stopping, about} */
    private long left() {
        if (sweep.isEmpty()) {
            return 0;
        }
        List<Integer> rungs = sweep.get().rungs();
        long open = trials.values().stream()
                .filter(trial -> trial.state() != State.SKIPPED && trial.state() != State.FAILED)
                .count();
        double left = 0;
        for (int rung = 0; rung < rungs.size(); rung++) {
            int reached = rung;
            long done = trials.values().stream()
                    .filter(trial -> trial.rung() >= reached)
                    .count();
            double share = (double) rungs.get(0) / rungs.get(rung); // one in eta is promoted
            int length = rungs.get(rung) - (anew || rung == 0 ? 0 : rungs.get(rung - 1));
            left += Math.max(0, Math.ceil(open * share) - done) * length;
        }
        int repeats = trials.values().stream()
                .mapToInt(trial -> trial.repeats().size())
                .max()
                .orElse(1);
        long begun = going.values().stream()
                .mapToLong(each -> each.epoch() - each.job().from())
                .sum();
        return Math.max(0, (long) (left * repeats) - begun);
    }

    /** Has the table drawn each second, too, as an epoch may take long. */
    SweepConsole ticking() {
        if (screen.isPresent()) {
            Thread ticker = new Thread(this::tick, "sweep-console");
            ticker.setDaemon(true);
            ticker.start();
        }
        return this;
    }

    private synchronized void tick() {
        try {
            while (!closed) {
                show();
                wait(TICK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    /** Draws the table again, if it is time to. */
    synchronized void show() {
        long now = clock.getAsLong();
        if (screen.isEmpty() || sweep.isEmpty() || closed || now - next < 0) {
            return;
        }
        StringBuilder text = new StringBuilder(up());
        List<String> lines = lines(screen.get());
        lines.forEach(line -> text.append(line).append(CLEAR_LINE).append('\n'));
        out.print(text.append(CLEAR_BELOW));
        out.flush();
        drawn = lines.size();
        long after = clock.getAsLong();
        next = after + Math.max(BETWEEN, 10 * (after - now)); // a table of many trials takes its time
    }

    private String up() {
        return drawn == 0 ? "" : "\u001b[" + drawn + "A\r";
    }

    private List<String> lines(Screen room) {
        SweepRecord begun = sweep.orElseThrow();
        SweepTable table = new SweepTable(new SweepRecord(
                begun.title(), begun.monitor(), begun.parameters(), begun.rungs(), List.copyOf(trials.values())));
        List<String> running = running(table);
        int rows = room.rows() - 1; // the cursor's
        int most = Math.max(0, rows - 2 - running.size());
        List<String> lines = new ArrayList<>(List.of(table.totals() + time()));
        lines.addAll(table.lines(most));
        lines.addAll(running);
        return lines.stream()
                .limit(Math.max(1, rows))
                .map(line -> line.substring(0, Math.min(line.length(), room.columns() - 1)))
                .toList();
    }

    private List<String> running(SweepTable table) {
        List<String> lines = new ArrayList<>();
        for (Going each : going.values()) {
            if (lines.size() == MOST_RUNNING) {
                lines.add("and " + (going.size() - MOST_RUNNING) + " more");
                break;
            }
            Job job = each.job();
            TrialRecord trial = Objects.requireNonNull(trials.get(job.trial())); // as all are known since the beginning
            lines.add(table.running(trial, job.seed(), each.epoch(), job.until(), each.value()));
        }
        return lines;
    }

    private String time() {
        double seconds = (clock.getAsLong() - since) / (double) SECOND;
        String text = "; " + RunsTable.time(seconds);
        return epochs == 0 ? text : text + ", about " + RunsTable.time(seconds / epochs * left()) + " left";
    }

    private void erase() {
        progress.erase();
        if (drawn > 0) {
            out.print(up() + CLEAR_BELOW);
            out.flush();
            drawn = 0;
        }
    }

    /** Removes the table, so that something else can be printed. */
    @Override
    public synchronized void close() {
        erase();
        progress.close();
        closed = true;
        notifyAll();
    }
}
