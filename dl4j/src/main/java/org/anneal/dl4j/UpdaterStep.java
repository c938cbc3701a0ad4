package org.anneal.dl4j;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.anneal.array.Pieces;
import org.anneal.optim.Slot;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;

/**
 * The steps of an {@link AnnealUpdater} over one block of parameters. The state is arrays as long as the block, one after another, as
 * DL4J expects where it cuts blocks and joins them: the rule's slots in their order, where each element holds the number of a slot
 * that is one number; and, of a rule that counts steps, the iteration of the first step. Unlike the number of steps, that is written
 * once.
 */
final class UpdaterStep implements GradientUpdater<AnnealUpdater> {
    private static final String FIRST = "first_iteration";

    /** What the last array starts with until the first step. */
    private static final float FRESH = -Float.MAX_VALUE;

    private final AnnealUpdater config;
    private final List<INDArray> state = new ArrayList<>();
    private Optional<Block> block = Optional.empty();
    private long first; // iteration
    private long steps;

    UpdaterStep(AnnealUpdater config) {
        this.config = config;
    }

    /** {@return the names of the arrays of the state} */
    static List<String> names(AnnealUpdater config) {
        List<String> names = new ArrayList<>();
        config.slots().forEach(slot -> names.add(slot.name()));
        if (config.rule().countsSteps()) {
            names.add(FIRST);
        }
        return names;
    }

    /** The memory of a gradient and of the state beside it. */
    private static final class Block {
        final INDArray gradient;
        final long address;
        final List<FloatBuffer> state;
        final Pieces pieces;

        boolean isOf(INDArray other) {
            return other.length() == gradient.length()
                    && other.offset() == gradient.offset()
                    && other.data().address() == address;
        }

        Block(INDArray gradient, List<INDArray> state, List<Slot> slots) {
            this.gradient = gradient;
            this.address = gradient.data().address();
            this.state = state.stream().map(Native::floats).toList();
            FloatBuffer amounts = Native.floats(gradient);
            this.pieces = new Pieces(
                    amounts.capacity(),
                    new Amounts(amounts),
                    new Floats(amounts),
                    slots,
                    this.state.stream()
                            .limit(slots.size())
                            .<Pieces.Floats>map(Floats::new)
                            .toList());
        }
    }

    private record Floats(FloatBuffer memory) implements Pieces.Floats {
        @Override
        public void read(int from, float[] into) {
            memory.get(from, into);
        }

        @Override
        public void write(float[] from, int at) {
            memory.put(at, from);
        }
    }

    /** A parameter at 0, whose steps are left, with their sign changed, for DL4J to subtract. */
    private record Amounts(FloatBuffer memory) implements Pieces.Floats {
        @Override
        public void read(int from, float[] into) {
            Arrays.fill(into, 0);
        }

        @Override
        public void write(float[] from, int at) {
            for (int i = 0; i < from.length; i++) {
                from[i] = -from[i];
            }
            memory.put(at, from);
        }
    }

    @Override
    public AnnealUpdater getConfig() {
        return config;
    }

    /** Cuts the arrays of the state out of the view. */
    void setView(@Nullable INDArray view, boolean initialize) {
        state.clear();
        block = Optional.empty();
        int arrays = names(config).size();
        if (arrays == 0 || view == null) {
            return;
        }
        Native.check("the state", view);
        if (initialize) {
            view.assign(FRESH);
        }
        INDArray flat = view.reshape(view.length());
        long length = view.length() / arrays;
        for (int i = 0; i < arrays; i++) {
            state.add(flat.get(NDArrayIndex.interval(i * length, (i + 1) * length)));
        }
    }

    @Override
    public void setStateViewArray(INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
        setView(viewArray, initialize);
    }

    @Override
    public void setState(Map<String, INDArray> stateMap, boolean initialize) {
        List<String> names = names(config);
        if (!stateMap.keySet().equals(Set.copyOf(names))) {
            throw new IllegalArgumentException(
                    "the state of " + config + " must have " + names + ", but had " + stateMap.keySet());
        }
        state.clear();
        block = Optional.empty();
        for (String name : names) {
            INDArray array = Objects.requireNonNull(stateMap.get(name), name);
            Native.check(name, array);
            if (initialize) {
                array.assign(FRESH);
            }
            state.add(array);
        }
    }

    @Override
    public Map<String, INDArray> getState() {
        Map<String, INDArray> named = new LinkedHashMap<>();
        List<String> names = names(config);
        for (int i = 0; i < state.size(); i++) {
            named.put(names.get(i), state.get(i));
        }
        return named;
    }

    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
        if (gradient.isEmpty()) {
            return;
        }
        if (Native.isContiguous(gradient)) {
            apply(gradient, iteration, epoch);
        } else {
            INDArray copy = gradient.dup('c');
            apply(copy, iteration, epoch);
            gradient.assign(copy);
        }
    }

    private void apply(INDArray gradient, int iteration, int epoch) {
        Block now = block(gradient);
        boolean fresh = !state.isEmpty() && mark(now) == FRESH;
        steps = config.rule().countsSteps() ? count(now, fresh, iteration) : 1;
        now.pieces.step(config.ruleAt(iteration, epoch), config.getLearningRate(iteration, epoch), steps, fresh);
    }

    private Block block(INDArray gradient) {
        if (block.filter(known -> known.isOf(gradient)).isEmpty()) {
            Native.check("the gradient", gradient);
            for (INDArray array : state) {
                if (array.length() != gradient.length()) {
                    throw new IllegalStateException("the state of " + config + " must be of " + gradient.length()
                            + " parameters, as the gradient is, but was of " + array.length());
                }
            }
            if (state.size() != names(config).size()) {
                throw new IllegalStateException("the state of " + config + " must be set before the first step");
            }
            block = Optional.of(new Block(gradient, state, config.slots()));
        }
        return block.get();
    }

    private static float mark(Block block) {
        return block.state.get(block.state.size() - 1).get(0);
    }

    /** {@return the number of this step of these parameters, from 1} It goes on if the network's iterations start over. */
    private long count(Block block, boolean fresh, int iteration) {
        float mark = mark(block);
        long step;
        if (fresh) {
            step = 1;
        } else if (steps > 0 && mark == (float) first) {
            step = steps + 1;
        } else {
            step = iteration - (long) mark + 1;
            if (step < 2 || mark != Math.rint(mark)) {
                throw new IllegalStateException("the state of " + config + " must be of iterations before " + iteration
                        + ", but its first was " + mark
                        + ": restore the network without its updater's state to start afresh");
            }
        }
        first = iteration - step + 1;
        if ((float) first != mark) {
            Native.fill(block.state.get(block.state.size() - 1), (float) first);
        }
        return step;
    }
}
