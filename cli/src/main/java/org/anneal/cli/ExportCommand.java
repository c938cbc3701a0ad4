package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.Storage;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.runs.ProgressLine;
import org.anneal.text.Python;
import org.anneal.train.CheckpointParts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal export}: the weights of a checkpoint, in a file of their own. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Write the weights of a checkpoint to a file of their own.",
            "In Python: net.load_state_dict(torch.load(FILE, weights_only=True)), or safetensors.torch.load_file(FILE)."
        })
final class ExportCommand implements Callable<Integer> {
    private static final long MEGABYTE = 1_000_000;

    /** A format of weights. */
    enum Format {
        PYTORCH,
        SAFETENSORS
    }

    @Parameters(
            paramLabel = "FILE",
            description = "checkpoint to read: last.pt, one from Python, or any file of named tensors")
    private Path file;

    @Option(names = "--to", required = true, paramLabel = "FORMAT", description = "pytorch or safetensors")
    private Format format;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "file to write, replacing an existing one")
    private String output;

    @Option(
            names = "--key",
            paramLabel = "KEY",
            description = "key of the weights in FILE, such as model_ema or generator.state_dict (default: model,"
                    + " state_dict, model_state_dict or another common key)")
    private Optional<String> key = Optional.empty();

    @Option(
            names = "--keep-prefix",
            description = "keep a wrapper's prefix of all names: module., _orig_mod. or model.")
    private boolean keepPrefix;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (output.endsWith("/")) { // Path.of drops the slash
            throw new IllegalArgumentException("--output must be a file, but was the folder " + output);
        }
        Path target = Path.of(output);
        Runtime.getRuntime().addShutdownHook(new Thread(AtomicFile::removeUnfinished)); // Ctrl-C
        try (CheckpointFile checkpoint = CheckpointFile.open(file)) {
            Map<String, TensorData> weights = checkpoint.weights(file, key);
            String prefix = keepPrefix ? "" : CheckpointParts.prefix(weights.keySet());
            weights = CheckpointParts.without(prefix, weights);
            try (ProgressLine progress = Anneal.progress(spec)) {
                LongConsumer written = bytes -> progress.at(bytes / MEGABYTE);
                if (format == Format.PYTORCH) {
                    // Tensors may share a storage, which is written once.
                    Stream<Storage> storages =
                            weights.values().stream().map(TensorData::storage).distinct();
                    progress.task("export", 0, storages.mapToLong(Storage::size).sum() / MEGABYTE, "MB");
                    Map<Object, Object> stateDict = new Python.OrderedDict<>();
                    stateDict.putAll(weights);
                    TorchFile.write(target, stateDict, written);
                } else {
                    long bytes = weights.values().stream()
                            .mapToLong(tensor -> tensor.count() * tensor.dtype().size())
                            .sum();
                    progress.task("export", 0, bytes / MEGABYTE, "MB");
                    Safetensors.write(target, weights, written);
                }
            }
            PrintWriter out = spec.commandLine().getOut();
            if (!prefix.isEmpty()) {
                out.println("Removed the prefix " + prefix + " from all names; --keep-prefix keeps it");
            }
            out.println("Wrote " + weights.size() + " tensors to " + output);
        } catch (IllegalArgumentException e) { // the file's content is at fault, not the command
            throw new IOException("cannot write " + output + ": " + e.getMessage(), e);
        }
        return 0;
    }
}
