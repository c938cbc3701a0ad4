package org.anneal.djl;

import ai.djl.nn.Block;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.Schedulable;

/** What a {@link DjlListener} drives: an optimizer of ours, or the rates of one of DJL's. */
interface Driven {
    /**
     * Called when a trainer begins.
     *
     * @throws IllegalStateException if it has begun with another network
     */
    void begin(Block block, int devices);

    /**
     * Calls {@code initialized} once, before the first step, when there is something {@linkplain #schedulable to move}, and
     * {@code stepped} after each step, before the next one reads its rates.
     *
     * @throws IllegalStateException if there are such already
     */
    void onStep(Runnable initialized, Runnable stepped);

    /**
     * {@return what a schedule moves}
     *
     * @throws IllegalStateException if the network is not initialized
     */
    Schedulable schedulable();

    /**
     * Called where no update of the last step can come any more.
     *
     * @throws IllegalStateException if DJL did not hand over all parameters in that step
     */
    void finish();

    /** {@return whether the network holds weights to train, though there are others to evaluate} */
    default boolean evaluatesTheWrongWeights() {
        return false;
    }

    /** {@return what a trainer must have to be driven, in a message} */
    String remedy();

    /** Called at the end of an epoch, which was its {@code epoch}th from 1, after {@link #finish}. */
    void epoch(int epoch);

    /** {@return what is to be saved, by the names of its entries in a checkpoint} */
    Map<String, Object> state();

    /** {@return what a checkpoint tells of it beside its state, for {@link #check}} */
    default Map<String, Object> settings() {
        return Map.of();
    }

    /**
     * Checks whose state a checkpoint has, before any of it is loaded.
     *
     * @param settings what {@link #settings} returned; a file of an older version lacks them
     * @throws IllegalArgumentException if it is of something else
     */
    void check(Dict checkpoint, Dict settings);

    /**
     * Loads what {@link #state} returned, after the network has got its saved weights.
     *
     * @param epoch how many epochs had ended
     * @throws IllegalArgumentException if it is of something else
     */
    void load(Dict checkpoint, int epoch);

    /** {@return {@code block}, which must be the network of before, if there was one} */
    static Block same(Optional<Block> before, Block block) {
        if (before.isPresent() && before.get() != block) {
            throw new IllegalStateException(
                    "an optimizer belongs to one network, but was given to another: make a new one");
        }
        return block;
    }

    static void checkNew(Map<String, ?> groups, String pattern) {
        if (groups.containsKey(Objects.requireNonNull(pattern, "pattern"))) {
            throw new IllegalArgumentException("pattern must be of a new group, but '" + pattern + "' has one already");
        }
    }

    static void checkNone(Optional<Runnable> listener) {
        if (listener.isPresent()) {
            throw new IllegalStateException(
                    "there must be one listener for an optimizer: keep what Djl.listener returned first");
        }
    }
}
