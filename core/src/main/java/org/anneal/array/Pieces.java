package org.anneal.array;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.anneal.optim.Batch;
import org.anneal.optim.Kernels;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Check;

/**
 * Steps an elementwise rule over a parameter and its state that another library holds, in memory of its own. They are copied in,
 * updated and copied out in pieces that fit the processor's cache, so that a step costs little more than reading and writing each
 * float once.
 *
 * <p>The library, or this object's owner, keeps the state, the number of steps among it. The results are those of an
 * {@link org.anneal.optim.Optimizer} over {@link FloatArrays}, to the last bit. It belongs to one thread, and uses those of
 * {@link FloatArrays#setThreads}.
 */
public final class Pieces {
    private static final int PIECE = 1 << 12; // elements; some arrays of it fit the cache next to a core

    private final int length;
    private final List<Slot> slots;
    private final Floats param;
    private final Floats grad;
    private final List<Floats> kept;
    private final FloatArrays engine = new FloatArrays();
    private final Kernels<FloatArray> kernels = engine.kernels();
    private final Queue<Piece> idle = new ConcurrentLinkedQueue<>(); // pieces of full length
    private final Piece rest; // the last one, which may be shorter

    /** Floats of the other library. Several threads read and write at once, each other elements. */
    public interface Floats {

        /** Copies elements from number {@code from} on into {@code into}, as many as that has. */
        void read(int from, float[] into);

        /** Copies all of {@code from} into the elements from number {@code at} on. */
        void write(float[] from, int at);
    }

    /** Copies of the elements of one piece. */
    private final class Piece {
        final FloatArray param;
        final FloatArray grad;
        final List<FloatArray> kept;
        final float[] number; // repeated, of a slot that is one number

        Piece(int size) {
            param = new FloatArray(new float[size]);
            grad = new FloatArray(new float[size]);
            kept = slots.stream().map(slot -> engine.allocate(param, slot)).toList();
            number = kept.stream().allMatch(array -> array.values().length == size) ? new float[0] : new float[size];
        }
    }

    /**
     * A parameter of {@code length} elements.
     *
     * @param slots that are kept, at least those of every rule that is stepped
     * @param kept the elements of each of {@code slots}; where a slot is a single number, each element holds it
     */
    public Pieces(int length, Floats param, Floats grad, List<Slot> slots, List<Floats> kept) {
        Check.atLeast(0, "length", length);
        this.length = length;
        this.param = Objects.requireNonNull(param, "param");
        this.grad = Objects.requireNonNull(grad, "grad");
        this.slots = Check.list("slots", slots);
        this.kept = Check.list("kept", kept);
        if (slots.size() != kept.size()) {
            throw new IllegalArgumentException(
                    "kept must have " + slots.size() + " entries, one per slot, but had " + kept.size());
        }
        this.rest = new Piece(length % PIECE);
    }

    /**
     * Updates the parameter and the slots in place.
     *
     * @param rule elementwise; its rate may be stale
     * @param step the number of this update, from 1
     * @param fresh whether this is the first update: then the slots are not read, but start with their initial values
     * @throws IllegalArgumentException if the rule is not elementwise, or has a slot that is not kept
     */
    public void step(UpdateRule rule, double lr, long step, boolean fresh) {
        if (!Objects.requireNonNull(rule, "rule").isElementwise()) {
            throw new IllegalArgumentException(
                    "rule must be elementwise to update a parameter in pieces, but was " + rule);
        }
        List<Slot> needed = rule.slots(1);
        if (!slots.containsAll(needed)) {
            throw new IllegalArgumentException("rule must have slots among " + slots + ", but was " + rule);
        }
        Threads.overPieces((int) ((length + PIECE - 1L) / PIECE), length, number -> {
            int from = number * PIECE;
            boolean full = length - from >= PIECE;
            Piece piece = full ? Objects.requireNonNullElseGet(idle.poll(), () -> new Piece(PIECE)) : rest;
            read(piece, from, fresh);
            List<FloatArray> arrays = new ArrayList<>();
            needed.forEach(slot -> arrays.add(piece.kept.get(slots.indexOf(slot))));
            Batch<FloatArray> batch = Batch.of(engine, piece.param, needed, arrays);
            batch.update(piece.grad, step, fresh, lr);
            rule.apply(kernels, batch);
            write(piece, from);
            if (full) {
                idle.add(piece);
            }
        });
    }

    private void read(Piece piece, int from, boolean fresh) {
        param.read(from, piece.param.values());
        grad.read(from, piece.grad.values());
        for (int i = 0; i < slots.size(); i++) {
            float[] values = piece.kept.get(i).values();
            if (fresh) {
                Arrays.fill(values, (float) slots.get(i).initial());
            } else {
                kept.get(i).read(from, values);
            }
        }
    }

    private void write(Piece piece, int from) {
        param.write(piece.param.values(), from);
        for (int i = 0; i < slots.size(); i++) {
            float[] values = piece.kept.get(i).values();
            if (slots.get(i).shape() == Slot.Shape.SCALAR) {
                Arrays.fill(piece.number, values[0]);
                values = piece.number;
            }
            kept.get(i).write(values, from);
        }
    }
}
