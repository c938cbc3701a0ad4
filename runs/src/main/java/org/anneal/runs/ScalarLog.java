package org.anneal.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.optim.RateGroup;
import org.anneal.optim.Schedulable;

/**
 * Passes the scalars of a run to a {@link Sink}. About 1000 times in the run, and at the end of each epoch: {@code batch/loss},
 * and for each group {@code lr/<name>}, {@code momentum/<name>} (beta1 if the rule has betas), and what else schedules drive, such as
 * {@code weight_decay/<name>}. Per epoch:
 * {@code epoch/train_loss} and the metrics, such as {@code epoch/val_loss}. A loss may be NaN or infinite.
 *
 * <pre>{@code
 * trainer.listener(new ScalarLog(optimizer, 3000, (step, values) -> System.out.println(step + " " + values)))
 * }</pre>
 *
 * <p>A resumed run passes on only what it does from then on; {@link #begin} has the epochs before.
 */
public final class ScalarLog implements RunListener {
    private static final int POINTS = 1000; // per name; TensorBoard shows no more

    /** Where the numbers go. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes the numbers of one step, on the training thread. A step at which an epoch ends has two calls.
         *
         * @param step optimizer steps of the run so far
         * @param values by their names
         * @throws IOException if they cannot be written; training stops with it
         */
        void scalars(long step, Map<String, Double> values) throws IOException;
    }

    private final Schedulable optimizer;
    private final long every;
    private final Sink sink;

    /**
     * A log of one run.
     *
     * @param optimizer its groups' rates and momentums are passed on
     * @param steps optimizer steps of the whole run, roughly: about 1000 of them are passed on; 1 for all
     */
    public ScalarLog(Schedulable optimizer, long steps, Sink sink) {
        this.optimizer = optimizer;
        this.every = Math.max(1, steps / POINTS);
        this.sink = sink;
    }

    /** @throws UncheckedIOException if the sink cannot write it */
    @Override
    public void batch(Batch batch) {
        if (batch.step() % every != 0 && batch.batch() != batch.batches()) {
            return;
        }
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("batch/loss", batch.loss());
        List<? extends RateGroup> groups = optimizer.groups();
        List<String> names = names(optimizer);
        for (int i = 0; i < groups.size(); i++) {
            RateGroup group = groups.get(i);
            values.put("lr/" + names.get(i), group.lr());
            if (group.hasMomentum()) {
                values.put("momentum/" + names.get(i), group.momentum());
            }
            for (String number : group.drivenNumbers()) {
                values.put(number + "/" + names.get(i), group.number(number));
            }
        }
        try {
            sink.scalars(batch.step(), values);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return the groups' names; a name that several groups share is followed by the group's number} */
    public static List<String> names(Schedulable optimizer) {
        List<String> names =
                optimizer.groups().stream().<String>map(RateGroup::name).toList();
        return IntStream.range(0, names.size())
                .mapToObj(i -> Collections.frequency(names, names.get(i)) == 1 ? names.get(i) : i + " " + names.get(i))
                .toList();
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        write(epoch, sink);
    }

    static void write(Epoch epoch, Sink sink) throws IOException {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("epoch/train_loss", epoch.trainLoss());
        epoch.metrics().forEach((name, value) -> values.put("epoch/" + name, value));
        sink.scalars(epoch.step(), values);
    }
}
