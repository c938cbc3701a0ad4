package org.anneal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;

/**
 * Writes a run down for TensorBoard, as it goes on: {@code batch/loss}, and of each group {@code lr/<name>} and
 * {@code momentum/<name>} (beta1 where the rule has betas), about 1000 times in the run and at the end of each epoch; {@code epoch/train_loss},
 * {@code epoch/val_loss} and {@code epoch/val_accuracy}. The steps are the run's optimizer steps.
 *
 * <p>The file is made at the first of these. A run that is resumed writes another one into the same folder, and TensorBoard
 * forgets what came after the checkpoint; in a folder without one, what is known of the epochs before is written again.
 *
 * <pre>{@code
 * trainer.listener(new TensorBoardLog(folder, optimizer, 3000, Map.of("schedule", schedule.toString())))
 * }</pre>
 */
public final class TensorBoardLog implements TrainListener, AutoCloseable {
    private static final int POINTS = 1000; // of a tag that has one per batch; TensorBoard shows no more

    private final Path folder;
    private final Optimizer<?> optimizer;
    private final long every;
    private final Map<String, String> texts;
    private Optional<Progress> start = Optional.empty();
    private Optional<EventFile> file = Optional.empty();

    /**
     * A log that begins with the run.
     *
     * @param folder is there when the run begins
     * @param optimizer whose groups have the rates and momentums
     * @param steps of the whole run, about: how far apart the steps are that are written
     * @param texts to be shown as they are, by their names
     */
    public TensorBoardLog(Path folder, Optimizer<?> optimizer, long steps, Map<String, String> texts) {
        this.folder = folder;
        this.optimizer = optimizer;
        this.every = Math.max(1, steps / POINTS);
        this.texts = texts;
    }

    /** {@return the file that is written, if the run has come to its first step} */
    public Optional<Path> file() {
        return file.map(EventFile::path);
    }

    /** @throws UncheckedIOException if it cannot be written */
    @Override
    public void batch(Batch batch) {
        if (batch.step() % every != 0 && batch.batch() != batch.batches()) {
            return;
        }
        List<ProtoMessage> values = new ArrayList<>();
        values.add(EventFile.scalar("batch/loss", batch.loss()));
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        List<String> names = groups.stream().map(ParamGroup::name).toList();
        for (int i = 0; i < groups.size(); i++) {
            ParamGroup<?> group = groups.get(i);
            String name = Collections.frequency(names, group.name()) == 1 ? group.name() : i + " " + group.name();
            values.add(EventFile.scalar("lr/" + name, group.lr()));
            if (group.hasMomentum()) {
                values.add(EventFile.scalar("momentum/" + name, group.momentum()));
            }
        }
        try {
            opened().summary(batch.step(), values);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        write(opened(), epoch);
    }

    private static void write(EventFile to, Epoch epoch) throws IOException {
        to.summary(
                epoch.step(),
                List.of(
                        EventFile.scalar("epoch/train_loss", epoch.trainLoss()),
                        EventFile.scalar("epoch/val_loss", epoch.valLoss()),
                        EventFile.scalar("epoch/val_accuracy", epoch.valAccuracy())));
    }

    @Override
    public void checkpoint(Progress progress) {
        if (start.isEmpty()) {
            start = Optional.of(progress);
        }
    }

    private EventFile opened() throws IOException {
        if (file.isEmpty()) {
            Progress from = start.orElse(Progress.start());
            boolean first = EventFile.last(folder).isEmpty();
            EventFile made = EventFile.create(folder);
            file = Optional.of(made);
            made.begin(from.step());
            if (!texts.isEmpty()) {
                made.summary(
                        from.step(),
                        texts.entrySet().stream()
                                .map(text -> EventFile.text(text.getKey(), asItIs(text.getValue())))
                                .toList());
            }
            if (first) {
                for (Epoch epoch : from.epochs()) {
                    write(made, epoch);
                }
            }
        }
        return file.orElseThrow();
    }

    /** {@return a block of code in Markdown, so that no star of a text makes anything bold} */
    private static String asItIs(String text) {
        return "    " + text.replace("\n", "\n    ");
    }

    @Override
    public void close() throws IOException {
        if (file.isPresent()) {
            file.get().close();
        }
    }
}
