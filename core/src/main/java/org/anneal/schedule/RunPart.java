package org.anneal.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.anneal.text.Check;
import org.anneal.text.PerGroup;
import org.anneal.text.Python;

/**
 * The part of a run that a schedule covers. {@link Checkup} passes it to {@link Schedule#check}, which reports here what does
 * not fit. Steps are those of the whole run.
 */
public final class RunPart {

    /** From this fraction on, a length counts as reached. */
    private static final double NEARLY = 0.99;

    /** With at least this many steps per epoch, a length in epochs can be mistaken for one in steps. */
    private static final long MANY = 10;

    /** The most groups whose rates a suggestion lists. */
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

    /** {@return the first step} */
    public long from() {
        return from;
    }

    /** {@return the step after the last one} */
    public long to() {
        return to;
    }

    /** {@return the number of steps} */
    public long steps() {
        return to - from;
    }

    /** {@return whether the run ends with this part} */
    public boolean isLast() {
        return last;
    }

    boolean isWhole() {
        return whole;
    }

    /** {@return this part in words: {@code the run} or {@code its part of the run}} */
    public String name() {
        return whole ? "the run" : "its part of the run";
    }

    /** {@return the length in words: {@code 100 steps}} */
    public String length() {
        return plural(steps());
    }

    /** {@return the rate that the group starts from} */
    public double base() {
        return run.base();
    }

    /**
     * Reports that something is wrong or suspicious.
     *
     * @param step the step at which it shows
     * @param problem a sentence without its full stop
     * @param suggestion how to fix it
     */
    public void add(long step, String problem, String suggestion) {
        run.find(step, problem, suggestion);
        run.reported().add(this);
    }

    /** Reports what {@link #add(long, String, String)} does, where it is known what exactly to change. */
    public void add(long step, String problem, Remedy remedy) {
        run.find(step, problem, remedy);
        run.reported().add(this);
    }

    /** Reports a problem that shows at the last step. */
    public void addAtEnd(String problem, String suggestion) {
        add(to - 1, problem, suggestion);
    }

    /** Reports a problem that shows at the last step, where it is known what exactly to change. */
    public void addAtEnd(String problem, Remedy remedy) {
        add(to - 1, problem, remedy);
    }

    /** Reports a problem of the rates themselves, which does not silence later reports about this part. */
    void addOfRates(String problem, String suggestion) {
        run.find(from, problem, suggestion);
    }

    /** Reports a problem of the rates themselves, where it is known what exactly to change. */
    void addOfRates(String problem, Remedy remedy) {
        run.find(from, problem, remedy);
    }

    /** Says that a schedule is meant to leave the rate as it is: if it is the run's, nobody reports that the rate never changes. */
    void stays(Schedule schedule) {
        run.staying().add(schedule);
    }

    /** Notes what is correct but may surprise. */
    void note(String problem, String suggestion) {
        run.notes().add(new Finding(from, problem, suggestion));
    }

    /** Checks the schedule that covers this part, given for all groups. */
    void visit(Schedule shared) {
        if (!shared.isComposite() && isConfused(shared)) {
            return;
        }
        shared.forGroup(run.group(), run.bases().size()).check(this, shared);
    }

    /** Checks only the unit of a schedule's lengths: what is done with its rates may excuse the rest. */
    void visitLengths(Schedule shared) {
        if (!shared.isComposite()) {
            isConfused(shared);
        }
    }

    /** {@return the steps from {@code start} to {@code end} of this part} */
    RunPart piece(long start, long end) {
        boolean atEnd = end == steps();
        return new RunPart(run, from + start, from + end, last && atEnd, whole && atEnd && start == 0);
    }

    boolean isReported(RunPart other) {
        return run.reported().stream().anyMatch(old -> old.to == other.to && old.from == other.from);
    }

    /** {@return the plateau for which the last piece of {@code sequence} only holds the base, if there is one} */
    Optional<MetricDriven> plateauAfter(Schedule sequence) {
        return run.sequence()
                .filter(policy -> policy.stepDriven().equals(Optional.of(sequence)))
                .flatMap(Policy::metricDriven);
    }

    /**
     * Reports a schedule of {@code length} steps that the end of the run cuts short, and returns whether it does.
     *
     * @param shared the schedule, for all groups
     * @param name what of it is cut short
     * @param argument the one that says its length
     */
    public boolean unfinished(Schedule shared, String name, String argument, long length) {
        return unfinished(name, length, fit(shared, argument));
    }

    /** Reports what is {@code length} steps long and cut short by the end of the run, and returns whether it is. */
    boolean unfinished(String name, long length, Remedy remedy) {
        boolean unfinished = last && steps() < NEARLY * length;
        if (unfinished) {
            addAtEnd(
                    name + " is not finished: " + name() + " ends after " + steps() + " of its " + length + " steps",
                    remedy);
        }
        return unfinished;
    }

    /** {@return whether {@code steps} is nearly {@code length}, or more} */
    static boolean isNearly(double steps, double length) {
        return steps >= NEARLY * length;
    }

    /** Checks a schedule that falls for {@code length} steps, to {@code factor} of the base. */
    void falling(Schedule shared, String argument, long length, double factor) {
        String kind = shared.kind().name();
        if (!unfinished(shared, kind, argument, length) && factor == 0 && length < steps()) {
            add(
                    from + length,
                    kind + " is at zero from here on: it ends after " + length + " steps, but " + name() + " has "
                            + length(),
                    fit(shared, argument));
        }
    }

    /** {@return to set an argument to the length of this part} */
    public Remedy fit(Policy shared, String argument) {
        return Remedy.set(shared, argument, steps()).and(", the length of " + name());
    }

    /** Reports a length that looks like epochs where batches are counted, or like batches where epochs are. */
    private boolean isConfused(Schedule schedule) {
        if (!schedule.mayConfuseUnits(steps())) {
            return false;
        }
        Optional<Map.Entry<String, List<Long>>> length = schedule.kind().length((Record) schedule);
        return length.isPresent()
                && isConfused(
                        schedule,
                        length.get().getKey(),
                        length.get().getValue(),
                        Collections.max(length.get().getValue()),
                        schedule.lastStep() < Check.LAST_STEP);
    }

    /**
     * Reports {@code length}, one of {@code lengths}, if it is in the wrong unit.
     *
     * @param shared the schedule, for all groups
     * @param ends whether the schedule ends there, so that the length should be that of the run
     */
    boolean isConfused(Schedule shared, String argument, List<Long> lengths, long length, boolean ends) {
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
                Remedy.set(shared, argument, right, list)
                        .and(
                                perBatch
                                        ? ", in batches, or step the schedule per epoch"
                                        : ", in epochs, or step it per batch"));
        return true;
    }

    /** Reports a final rate that is above the group's own. */
    void rises(String kind, double etaMin) {
        if (etaMin > base()) {
            addOfRates(
                    kind + " raises the rate: its eta_min=" + round(etaMin) + " is above the group's own rate, "
                            + round(base()),
                    base() > 0 ? "set eta_min below " + round(base()) : "leave eta_min out");
        }
    }

    /** Reports a rate given once for groups that start from different rates, and returns whether there is one. */
    boolean oneForAll(Schedule shared, Map<String, List<Double>> rates) {
        double least = Collections.min(run.bases());
        double most = Collections.max(run.bases());
        List<String> one = new ArrayList<>();
        Map<String, List<Double>> each = new LinkedHashMap<>();
        rates.forEach((argument, values) -> {
            if (PerGroup.isForAll(values)) {
                one.add(argument + "=" + round(values.get(0)));
                each.put(
                        argument,
                        run.bases().stream()
                                .map(own -> Double.parseDouble(round(values.get(0) * (own / most))))
                                .toList());
            }
        });
        if (least == most || one.isEmpty()) {
            return false;
        }
        addOfRates(
                shared.kind().name() + " gives the same rates to groups that start from " + round(least) + " to "
                        + round(most)
                        + ": " + String.join(" and ", one) + (one.size() == 1 ? " is" : " are")
                        + " for all groups",
                Remedy.with(
                        shared,
                        each,
                        run.bases().size() <= MOST_LISTED
                                ? "give a rate for each group, such as "
                                        + each.entrySet().stream()
                                                .map(list -> list.getKey() + "=" + Python.repr(list.getValue()))
                                                .collect(Collectors.joining(" and "))
                                : "give a rate for each group, in a list"));
        return true;
    }

    /** Notes that the schedule ignores the group's own rate. */
    void unused(Schedule shared, double low, double high) {
        String problem = shared.kind().name() + " never uses the group's own rate, " + round(base()) + ": it goes from "
                + round(low) + " to " + round(high);
        String suggestion = "set max_lr=" + round(base()) + " to make the group's own rate the highest";
        if (Collections.frequency(run.bases(), base()) == run.bases().size()) {
            run.note(from, problem, Remedy.with(shared, Map.of("max_lr", List.of(base())), suggestion));
        } else {
            note(problem, suggestion);
        }
    }

    static String plural(long steps) {
        return steps + (steps == 1 ? " step" : " steps");
    }

    static String number(double value) {
        return value == Math.rint(value) && value < 1e15 ? Long.toString((long) value) : Python.repr(value);
    }

    /** {@return a rate rounded to four digits} */
    static String round(double rate) {
        return Python.repr(Python.parseFloat(Python.scientific(rate, 3)));
    }
}
