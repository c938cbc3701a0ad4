package org.anneal.dl4j;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.SchedulerState;
import org.anneal.runs.Position;
import org.anneal.schedule.StepPer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.util.ModelSerializer;

/** A file of ModelSerializer, with one more entry: a file of torch.save with the runner's state and the run's position. */
final class Checkpoint {
    private static final String ENTRY = "anneal.pt";

    private Checkpoint() {}

    static void write(Path file, Model net, LRScheduler scheduler, Position position) throws IOException {
        Map<String, Object> own = new LinkedHashMap<>();
        own.put(
                "scheduler",
                Objects.requireNonNull(scheduler, "scheduler").state().toMap());
        own.put("step_per", word(scheduler.stepPer()));
        own.put("position", Objects.requireNonNull(position, "position").toMap());
        Net.of(net);
        Path model = Files.createTempFile("anneal", ".zip");
        Path state = Files.createTempFile("anneal", ".pt");
        try {
            ModelSerializer.writeModel(net, model.toFile(), true);
            TorchFile.write(state, own);
            AtomicFile.write(file, channel -> {
                // Left open: AtomicFile closes the channel when its bytes are on the disk.
                ZipOutputStream out = new ZipOutputStream(Channels.newOutputStream(channel));
                try (ZipInputStream in = new ZipInputStream(new BufferedInputStream(Files.newInputStream(model)))) {
                    for (Optional<ZipEntry> entry = next(in); entry.isPresent(); entry = next(in)) {
                        out.putNextEntry(new ZipEntry(entry.get().getName()));
                        in.transferTo(out);
                    }
                }
                out.putNextEntry(new ZipEntry(ENTRY));
                Files.copy(state, out);
                out.finish();
            });
        } finally {
            Files.delete(model);
            Files.delete(state);
        }
    }

    private static Optional<ZipEntry> next(ZipInputStream in) throws IOException {
        return Optional.ofNullable(in.getNextEntry());
    }

    static Position restore(Path file, LRScheduler scheduler, OnChange onChange) throws IOException {
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(onChange, "onChange");
        Path state = Files.createTempFile("anneal", ".pt");
        try (ZipFile zip = new ZipFile(Objects.requireNonNull(file, "file").toFile())) {
            ZipEntry entry = zip.getEntry(ENTRY);
            if (entry == null) {
                throw new IOException("it has no " + ENTRY + ", so Dl4j.save did not write it");
            }
            try (InputStream in = zip.getInputStream(entry)) {
                Files.copy(in, state, StandardCopyOption.REPLACE_EXISTING);
            }
            try (TorchFile own = TorchFile.open(state)) {
                Dict entries = new Dict("", own.dict());
                Position position = Position.of(entries.dict("position").entries());
                StepPer stepPer = stepPer(entries, scheduler, onChange);
                scheduler.restore(SchedulerState.of(entries.dict("scheduler").entries()), onChange);
                scheduler.stepPer(stepPer);
                return position;
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException(file + ": " + reason(e), e);
        } finally {
            Files.delete(state);
        }
    }

    /** {@return what the scheduler is stepped per from now on; older files do not say what it was} */
    private static StepPer stepPer(Dict entries, LRScheduler scheduler, OnChange onChange) {
        if (entries.find("step_per").isEmpty()) {
            return scheduler.stepPer();
        }
        String saved = entries.text("step_per");
        StepPer before = Stream.of(StepPer.values())
                .filter(each -> word(each).equals(saved))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("step_per must be batch or epoch, but was " + saved));
        if (before != scheduler.stepPer() && scheduler.takesStep() && onChange == OnChange.REFUSE) {
            throw new IllegalArgumentException("the state was saved by a scheduler that is stepped per " + saved
                    + ", but this one is stepped per " + word(scheduler.stepPer()) + ": call stepPer(StepPer." + before
                    + "), or choose KEEP_CONFIG, TAKE_CHECKPOINT or CONTINUE");
        }
        return onChange == OnChange.TAKE_CHECKPOINT ? before : scheduler.stepPer();
    }

    private static String word(StepPer stepPer) {
        return stepPer.name().toLowerCase(Locale.ROOT);
    }

    private static String reason(Exception e) {
        if (e instanceof IOException io) {
            return AtomicFile.reason(io);
        }
        String message = String.valueOf(e.getMessage());
        return message.contains(OnChange.KEEP_CONFIG.name())
                ? message + ", in Dl4j.restore(file, scheduler, onChange)"
                : message;
    }
}
