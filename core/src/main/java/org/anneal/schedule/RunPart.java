package org.anneal.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.text.Check;
import org.anneal.text.PerGroup;
import org.anneal.text.Python;

/**
 * The part of a run that a schedule has, as {@link Checkup} shows it to the schedule: the schedule says what does not fit.
 * What a schedule says of it here is told with the step of the run at which it shows.
 */
public final class RunPart {

    /** A length that is reached but for this part of it counts as reached. */
    private static final double NEARLY = 0.99;

    /** A run of this many times as many steps as epochs is one in which the two can be confused. */
    private static final long MANY = 10;

    /** Groups whose rates a suggestion lists. */
    private static final int MOST_LISTED = 4;

    private final CheckedRun run;
    private final long from;
    private final long to;
    private final boolean last;
    private final boolean whole;

    RunPart(CheckedRun run, long from, long to, boolean last, boolean whole) {
        this.run = run;
        this.from = from;
        this.to = to;
        this.last = last;
        this.whole = whole;
    }

    /** {@return the first step, in the run} */
    public long from() {
        return from;
    }

    /** {@return the step after the last, in the run} */
    public long to() {
        return to;
    }

    /** {@return how many steps there are} */
    public long steps() {
        return to - from;
    }

    /** {@return whether nothing follows in the run} */
    public boolean isLast() {
        return last;
    }

    boolean isWhole() {
        return whole;
    }

    /** {@return how to call it: {@code the run}, or {@code its part of the run}} */
    public String name() {
        return whole ? "the run" : "its part of the run";
    }

    /** {@return its length in words: {@code 100 steps}} */
    public String length() {
        return plural(steps());
    }

    /** {@return the rate that the group starts from} */
    public double base() {
        return run.base();
    }

    /**
     * Says that something is wrong or suspicious.
     *
     * @param step at which it shows, in the run
     * @param problem a sentence without its full stop
     * @param suggestion what to do about it
     */
    public void add(long step, String problem, String suggestion) {
        run.find(step, problem, suggestion);
        run.reported().add(this);
    }

    /** Says that something is wrong or suspicious which shows at the last step. */
    public void addAtEnd(String problem, String suggestion) {
        add(to - 1, problem, suggestion);
    }

    /** Says that something about the rates themselves is wrong, whatever else may be. */
    void addOfRates(String problem, String suggestion) {
        run.find(from, problem, suggestion);
    }

    /** Notes what is common and right, but not what everyone expects. */
    void note(String problem, String suggestion) {
        run.notes().add(new Finding(from, problem, suggestion));
    }

    /** Looks at a schedule of all groups, which has this part of the run. */
    void visit(Schedule shared) {
        if (!shared.isComposite() && isConfused(shared)) {
            return;
        }
        shared.forGroup(run.group(), run.bases().size()).check(this, shared);
    }

    /** {@return the part of the steps from {@code start} to {@code end}, both counted in this one} */
    RunPart piece(long start, long end) {
        boolean atEnd = end == steps();
        return new RunPart(run, from + start, from + end, last && atEnd, whole && atEnd && start == 0);
    }

    boolean isReported(RunPart other) {
        return run.reported().stream().anyMatch(old -> old.to == other.to && old.from == other.from);
    }

    /** {@return whether the last piece of {@code sequence} only holds the base for a plateau} */
    boolean endsInAPlateau(Schedule sequence) {
        return run.sequence().equals(Optional.of(sequence));
    }

    /** Says that a schedule whose length is {@code length} is not over, if this is where it ends. */
    public boolean unfinished(String kind, String argument, long length) {
        boolean unfinished = last && steps() < NEARLY * length;
        if (unfinished) {
            addAtEnd(
                    kind + " is not finished: " + name() + " ends after " + steps() + " of its " + length + " steps",
                    fit(argument));
        }
        return unfinished;
    }

    /** {@return whether {@code steps} are nearly {@code length}} */
    static boolean isNearly(double steps, double length) {
        return steps >= NEARLY * length;
    }

    /** Looks at a rate that falls for {@code length} steps, at its end to {@code factor} of its base. */
    void falling(String kind, String argument, long length, double factor) {
        if (!unfinished(kind, argument, length) && factor == 0 && length < steps()) {
            add(
                    from + length,
                    kind + " is at zero from here on: it ends after " + length + " steps, " + name() + " has "
                            + length(),
                    fit(argument));
        }
    }

    /** {@return the suggestion to set an argument} */
    static String set(String argument, long value) {
        return "set " + argument + "=" + value;
    }

    /** {@return the suggestion to set a length to this part's} */
    public String fit(String argument) {
        return set(argument, steps()) + ", the length of " + name();
    }

    /** Looks at a schedule's length, which may be in the other unit: epochs where batches are counted, or batches for epochs. */
    private boolean isConfused(Schedule schedule) {
        if (!schedule.mayConfuseUnits(steps())) {
            return false;
        }
        Optional<Map.Entry<String, List<Long>>> length = schedule.kind().length((Record) schedule);
        return length.isPresent()
                && isConfused(
                        length.get().getKey(),
                        length.get().getValue(),
                        Collections.max(length.get().getValue()),
                        schedule.lastStep() < Check.LAST_STEP);
    }

    /**
     * Looks at a length that is one of {@code lengths}.
     *
     * @param ends whether the schedule ends with it, and so has to be as long as the run
     */
    boolean isConfused(String argument, List<Long> lengths, long length, boolean ends) {
        if (run.length().isEmpty()) {
            return false;
        }
        RunLength clock = run.length().get();
        long epochs = clock.epochs();
        long batches = clock.stepsPerEpoch();
        boolean perBatch = clock.stepPer() == StepPer.BATCH;
        boolean confused = perBatch
                ? length > 0 && length <= epochs && batches >= MANY && steps() > epochs
                : batches > 1 && length >= Math.max(2 * epochs, batches);
        if (!confused) {
            return false;
        }
        List<Long> right = lengths.stream()
                .map(value -> ends
                        ? steps()
                        : perBatch
                                ? value * batches
                                : Math.max(1, Math.min(epochs, Math.round((double) value / batches))))
                .toList();
        boolean list = lengths.size() > 1 || argument.equals("milestones");
        String given = argument + "=" + (list ? lengths : lengths.get(0));
        add(
                Math.min(from + length, to - 1),
                perBatch
                        ? given + " looks like epochs, but the schedule is stepped per batch, " + batches
                                + " times an epoch"
                        : given + " looks like batches, but the schedule is stepped per epoch, " + epochs
                                + " times in the run",
                "set " + argument + "=" + (list ? right : right.get(0))
                        + (perBatch
                                ? ", in batches, or step the schedule per epoch"
                                : ", in epochs, or step it per batch"));
        return true;
    }

    /** Says that a rate to anneal to is above the group's own. */
    void rises(String kind, double etaMin) {
        if (etaMin > base()) {
            addOfRates(
                    kind + " raises the rate: its eta_min=" + round(etaMin) + " is above the group's own, "
                            + round(base()),
                    base() > 0 ? "set eta_min below " + round(base()) : "leave eta_min out");
        }
    }

    /** Reports rates of which there is one for groups that start from different ones, and returns whether there are. */
    boolean oneForAll(String kind, Map<String, List<Double>> rates) {
        double least = Collections.min(run.bases());
        double most = Collections.max(run.bases());
        List<String> one = new ArrayList<>();
        List<String> lists = new ArrayList<>();
        rates.forEach((argument, values) -> {
            if (PerGroup.isForAll(values)) {
                one.add(argument + "=" + round(values.get(0)));
                lists.add(argument + "="
                        + run.bases().stream()
                                .map(own -> round(values.get(0) * (own / most)))
                                .toList());
            }
        });
        if (least == most || one.isEmpty()) {
            return false;
        }
        addOfRates(
                kind + " takes groups whose rates are from " + round(least) + " to " + round(most)
                        + " to the same rates: " + String.join(" and ", one) + (one.size() == 1 ? " is" : " are")
                        + " for all groups",
                run.bases().size() <= MOST_LISTED
                        ? "give a rate for each group, such as " + String.join(" and ", lists)
                        : "give a rate for each group, in a list");
        return true;
    }

    /** Notes that the group's own rate is never used. */
    void unused(String kind, double low, double high) {
        note(
                kind + " never uses the group's own rate, " + round(base()) + ": it goes from " + round(low) + " to "
                        + round(high),
                "set max_lr=" + round(base()) + " if the group's own is to be the highest");
    }

    static String plural(long steps) {
        return steps + (steps == 1 ? " step" : " steps");
    }

    static String number(double value) {
        return value == Math.rint(value) && value < 1e15 ? Long.toString((long) value) : Python.repr(value);
    }

    /** {@return a rate in four digits} */
    static String round(double rate) {
        return Python.repr(Python.parseFloat(Python.scientific(rate, 3)));
    }
}
