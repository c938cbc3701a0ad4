package org.anneal.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.schedule.Python;
import org.anneal.torch.Network;
import org.anneal.torch.Weights;

/**
 * What a run leaves behind, in a folder of its own: {@code metrics.csv}, a row per epoch, and {@code model.safetensors},
 * the weights after the last whole epoch, both as the run goes on; {@code curve.png}, rate and losses, when it is closed.
 *
 * <p>The files are whole at any time: a row or a file that cannot be written leaves what was there.
 */
public final class RunFolder implements TrainListener, AutoCloseable {
    private static final String METRICS = "metrics.csv";
    private static final String CURVE = "curve.png";
    private static final String WEIGHTS = "model.safetensors";

    private final Path folder;
    private final Network network;
    private final String title;
    private final List<Path> madeFolders; // the innermost first
    private final FileChannel metrics;
    private boolean savedWeights;
    private final List<Epoch> epochs = new ArrayList<>();
    // The rates, at the points of the run where one changed; x in epochs.
    private final List<Double> changes = new ArrayList<>();
    private final List<List<Double>> rates = new ArrayList<>();

    /**
     * Makes the folder and the table's header.
     *
     * @param title what stands above the curve
     * @param groups of the optimizer, which is how many rates a row has
     * @throws IOException if a run is in the folder already, or it cannot be written to
     */
    public RunFolder(Path folder, Network network, String title, int groups) throws IOException {
        this.folder = folder;
        this.network = network;
        this.title = title;
        madeFolders = Stream.iterate(folder.toAbsolutePath(), Files::notExists, Path::getParent)
                .toList();
        try {
            Files.createDirectories(folder);
            metrics =
                    FileChannel.open(folder.resolve(METRICS), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (java.nio.file.FileAlreadyExistsException e) {
            throw new IOException(
                    Files.isDirectory(folder)
                            ? "folder " + folder + " must be without a run, but it holds a " + METRICS
                            : folder + " must be a folder, but is a file",
                    e);
        } catch (IOException e) {
            throw new IOException("cannot write into folder " + folder + ": " + AtomicFile.reason(e), e);
        }
        try {
            append("epoch,step," + rateNames(groups).collect(Collectors.joining(","))
                    + ",train_loss,val_loss,val_accuracy,seconds");
        } catch (IOException e) {
            try {
                close();
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    /** {@return whether a run has written to {@code folder}} */
    public static boolean isRun(Path folder) {
        return Files.exists(folder.resolve(METRICS));
    }

    /** {@return what is in the folder, in a sentence without an end} */
    public String summary() {
        return epochs.isEmpty()
                ? "no epoch was finished, nothing was written"
                : METRICS + ", " + CURVE + " and " + WEIGHTS + ", all up to epoch " + epochs.size() + ", are in "
                        + folder;
    }

    @Override
    public void batch(Batch batch) {
        if (rates.isEmpty() || !rates.get(rates.size() - 1).equals(batch.lr())) {
            changes.add(batch.epoch() - 1 + (batch.batch() - 1.0) / batch.batches());
            rates.add(batch.lr());
        }
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        Weights.save(network.module(), folder.resolve(WEIGHTS));
        savedWeights = true;
        String lr = epoch.lr().stream().map(Python::repr).collect(Collectors.joining(","));
        append(epoch.epoch() + "," + epoch.step() + "," + lr + "," + Python.repr(epoch.trainLoss()) + ","
                + Python.repr(epoch.valLoss()) + "," + Python.repr(epoch.valAccuracy()) + ","
                + Python.repr(epoch.seconds()));
        epochs.add(epoch);
    }

    /**
     * Draws the curve of the epochs that were finished; if there is none, takes away what was made.
     *
     * @throws IOException if it cannot be drawn or written
     */
    @Override
    public void close() throws IOException {
        metrics.close();
        if (!epochs.isEmpty()) {
            curve().save(folder.resolve(CURVE));
            return;
        }
        Files.delete(folder.resolve(METRICS));
        if (savedWeights) {
            Files.delete(folder.resolve(WEIGHTS));
        }
        for (Path made : madeFolders) {
            try {
                Files.delete(made);
            } catch (DirectoryNotEmptyException e) {
                return; // another run is in it by now
            }
        }
    }

    private Chart curve() {
        return new Chart(
                title,
                "epoch",
                List.of(
                        new Panel(
                                "loss",
                                List.of(series("train", Epoch::trainLoss), series("validation", Epoch::valLoss))),
                        new Panel("learning rate", rateSeries())));
    }

    private Series series(String label, ToDoubleFunction<Epoch> value) {
        return Series.line(
                label,
                epochs.stream().mapToDouble(Epoch::epoch).toArray(),
                epochs.stream().mapToDouble(value).toArray());
    }

    private List<Series> rateSeries() {
        double[] edges = Stream.concat(
                        changes.stream(), Stream.of(Math.max(epochs.size(), changes.get(changes.size() - 1))))
                .mapToDouble(Double::doubleValue)
                .toArray();
        int groups = rates.get(0).size();
        List<String> names = rateNames(groups).toList();
        return IntStream.range(0, groups)
                .mapToObj(group -> Series.stairs(
                        names.get(group),
                        edges,
                        rates.stream().mapToDouble(lr -> lr.get(group)).toArray()))
                .toList();
    }

    private static Stream<String> rateNames(int groups) {
        return groups == 1 ? Stream.of("lr") : IntStream.range(0, groups).mapToObj(group -> "lr" + group);
    }

    /** Writes one line, or nothing. */
    private void append(String line) throws IOException {
        long end = metrics.position();
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                metrics.write(bytes);
            }
        } catch (IOException e) {
            metrics.truncate(end);
            throw new IOException("cannot write " + folder.resolve(METRICS) + ": " + AtomicFile.reason(e), e);
        }
    }
}
