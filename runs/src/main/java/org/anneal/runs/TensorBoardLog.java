package org.anneal.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.optim.Schedulable;

/**
 * Writes a run for TensorBoard as it goes on: the scalars of {@link ScalarLog}, under its names, and texts. Its steps are
 * optimizer steps.
 *
 * <p>The file is made at the first step. A resumed run writes another file into the same folder, and TensorBoard drops what
 * came after the checkpoint. In a folder without event files, the known epochs before it are written again.
 *
 * <pre>{@code
 * trainer.listener(new TensorBoardLog(folder, optimizer, 3000, Map.of("schedule", schedule.toString())))
 * }</pre>
 */
public final class TensorBoardLog implements RunListener, AutoCloseable {
    private final Path folder;
    private final ScalarLog scalars;
    private final Map<String, String> texts;
    private long stepsBefore;
    private List<Epoch> epochsBefore = List.of();
    private Optional<EventFile> file = Optional.empty();

    /**
     * A log that begins with the run.
     *
     * @param folder must exist when the run begins
     * @param optimizer its groups' rates and momentums are logged
     * @param steps optimizer steps of the whole run, roughly: about 1000 of them are written
     * @param texts shown verbatim, by their names
     */
    public TensorBoardLog(Path folder, Schedulable optimizer, long steps, Map<String, String> texts) {
        this.folder = folder;
        this.scalars = new ScalarLog(optimizer, steps, (step, values) -> write(opened(), step, values));
        this.texts = texts;
    }

    /** {@return the event file, once the run has made its first step} */
    public Optional<Path> file() {
        return file.map(EventFile::path);
    }

    /** @throws UncheckedIOException if it cannot be written */
    @Override
    public void batch(Batch batch) {
        scalars.batch(batch);
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        scalars.epoch(epoch);
    }

    private static void write(EventFile to, long step, Map<String, Double> values) throws IOException {
        to.summary(
                step,
                values.entrySet().stream()
                        .map(value -> EventFile.scalar(value.getKey(), value.getValue()))
                        .toList());
    }

    @Override
    public void begin(long step, List<Epoch> epochs) {
        stepsBefore = step;
        epochsBefore = epochs;
    }

    private EventFile opened() throws IOException {
        if (file.isEmpty()) {
            boolean first = EventFile.last(folder).isEmpty();
            EventFile made = EventFile.create(folder);
            file = Optional.of(made);
            made.begin(stepsBefore);
            if (!texts.isEmpty()) {
                made.summary(
                        stepsBefore,
                        texts.entrySet().stream()
                                .map(text -> EventFile.text(text.getKey(), asItIs(text.getValue())))
                                .toList());
            }
            if (first) {
                for (Epoch epoch : epochsBefore) {
                    ScalarLog.write(epoch, (step, values) -> write(made, step, values));
                }
            }
        }
        return file.orElseThrow();
    }

    /** {@return a code block in Markdown, so that nothing in the text is taken for markup} */
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
