package org.anneal.sweep;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.schedule.ReduceLROnPlateau.Mode;

/**
 * Decides which trials are trained on: asynchronous successive halving (ASHA), Algorithm 2 of Li et al., "A System for Massively
 * Parallel Hyperparameter Tuning", arXiv 1810.05934. Whoever is free asks {@link #promote}; if nothing can be promoted, it begins a
 * new trial at rung 0.
 *
 * <p>A trial can be promoted if it is among the best {@code floor(n / eta)} of the n that have finished its rung; the highest rung
 * comes first. Of equal values the lower number is the better. A trial whose value is NaN counts, and is never promoted.
 *
 * <p>A value costs O(log n) time, a promotion O(rungs + log n). Belongs to one thread at a time.
 */
public final class Asha {
    private final List<Rung> rungs;
    private final int eta;
    private final Comparator<Entry> order;

    private record Entry(int trial, double value) {}

    /**
     * A trial that is to be trained on.
     *
     * @param rung the one to train it to
     */
    public record Promotion(int trial, int rung) {}

    private final class Rung {
        /** The best {@code floor(n / eta)} of those that have a value, and all others. */
        final TreeSet<Entry> top = new TreeSet<>(order);

        final TreeSet<Entry> rest = new TreeSet<>(order);
        final TreeSet<Entry> promotable = new TreeSet<>(order); // of the top
        final BitSet promoted = new BitSet();
        int finished;

        void add(Entry entry) {
            finished++;
            if (!Double.isNaN(entry.value())) {
                rest.add(entry);
            }
            // The new one may be better than the worst of the top, and the top may have room for one more.
            if (!top.isEmpty() && !rest.isEmpty() && order.compare(rest.first(), top.last()) < 0) {
                raise();
            }
            if (top.size() > finished / eta) {
                Entry lowered = Objects.requireNonNull(top.pollLast());
                promotable.remove(lowered);
                rest.add(lowered);
            } else if (top.size() < finished / eta && !rest.isEmpty()) {
                raise();
            }
        }

        private void raise() {
            Entry raised = Objects.requireNonNull(rest.pollFirst());
            top.add(raised);
            if (!promoted.get(raised.trial())) {
                promotable.add(raised);
            }
        }
    }

    /**
     * Halving with no trial so far.
     *
     * @param rungs at least 1
     * @param eta at least 2
     * @param mode which values are the better
     */
    public Asha(int rungs, int eta, Mode mode) {
        if (rungs < 1) {
            throw new IllegalArgumentException("rungs must be at least 1, but was " + rungs);
        }
        if (eta < 2) {
            throw new IllegalArgumentException("eta must be at least 2, but was " + eta);
        }
        Comparator<Entry> ascending = Comparator.comparingDouble(Entry::value);
        this.order = (mode == Mode.MIN ? ascending : ascending.reversed()).thenComparingInt(Entry::trial);
        this.eta = eta;
        this.rungs = Stream.generate(Rung::new).limit(rungs).toList();
    }

    /**
     * Takes the value of a trial at the end of a rung, once.
     *
     * @param value NaN if it failed
     */
    public void report(int trial, int rung, double value) {
        rungs.get(rung).add(new Entry(trial, value));
    }

    /** Says that a trial was promoted from a rung before, as in a sweep that goes on: call it before {@link #report}. */
    public void promoted(int trial, int rung) {
        rungs.get(rung).promoted.set(trial);
    }

    /** {@return the trial to train on, which counts as promoted from now on; empty if there is none now} */
    public Optional<Promotion> promote() {
        return IntStream.iterate(rungs.size() - 2, rung -> rung >= 0, rung -> rung - 1)
                .filter(rung -> !rungs.get(rung).promotable.isEmpty())
                .mapToObj(rung -> {
                    Entry best =
                            Objects.requireNonNull(rungs.get(rung).promotable.pollFirst());
                    rungs.get(rung).promoted.set(best.trial());
                    return new Promotion(best.trial(), rung + 1);
                })
                .findFirst();
    }
}
