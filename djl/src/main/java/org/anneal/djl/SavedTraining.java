package org.anneal.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.SchedulerState;
import org.anneal.runs.Position;
import org.anneal.text.Python;

/**
 * The file that a training goes on from. It has the layout of a checkpoint of {@code anneal train}, and Python reads it:
 *
 * <pre>{@code
 * ck = torch.load("last.pt", weights_only=True)
 * ck["epoch"], ck["step"], ck["model"]["01Linear_weight"], ck["optimizer"]["param_groups"][0]["param_names"]
 * }</pre>
 */
final class SavedTraining {
    private static final long VERSION = 1;

    private SavedTraining() {}

    /** Writes the file atomically. */
    static void write(Path file, Block network, Driven driven, LRScheduler scheduler, Position position)
            throws IOException {
        Map<String, Object> model = new Python.OrderedDict<>();
        new NamedParameters(network)
                .all()
                .forEach((name, parameter) -> model.put(name, NDArrays.data(parameter.getArray())));
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("epoch", (long) position.epoch());
        root.put("step", position.step());
        root.put("model", model);
        root.putAll(driven.state());
        root.put("scheduler", inPyTorch(scheduler));
        Map<String, Object> anneal = new LinkedHashMap<>(position.toMap());
        anneal.put("version", VERSION);
        anneal.put("scheduler", scheduler.state().toMap());
        anneal.putAll(driven.settings());
        root.put("anneal", anneal);
        TorchFile.write(file, root);
    }

    private static Object inPyTorch(LRScheduler scheduler) {
        try {
            return scheduler.stateDict();
        } catch (IllegalStateException pyTorchHasNoSuchScheduler) {
            return Optional.empty();
        }
    }

    /**
     * Loads the file.
     *
     * @return where the run was
     * @throws IOException if it cannot be read, or is of another network, optimizer or schedule; the message names the file and the
     *     difference
     */
    static Position load(Path file, Block network, Driven driven, LRScheduler scheduler, LRScheduler.OnChange onChange)
            throws IOException {
        try (TorchFile saved = TorchFile.open(file)) {
            if (!(saved.root() instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException("it must hold a dict");
            }
            Dict root = new Dict("", map);
            Dict anneal = root.dict("anneal");
            if (anneal.whole("version") > VERSION) {
                throw new IllegalArgumentException(
                        "version must be at most " + VERSION + ", but was " + anneal.whole("version"));
            }
            Position position = Position.of(anneal.entries());
            SchedulerState state = SchedulerState.of(anneal.map("scheduler"));
            driven.check(root, anneal);
            loadWeights(root.dict("model"), new NamedParameters(network));
            driven.load(root, position.epoch());
            scheduler.restore(state, onChange);
            return position;
        } catch (UncheckedIOException e) {
            throw Optional.ofNullable(e.getCause()).orElseThrow();
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static void loadWeights(Dict model, NamedParameters parameters) {
        IdentityHashMap<NDArray, TensorData> weights =
                new IdentityHashMap<>(); // arrays are equal if their elements are
        parameters.all().forEach((name, parameter) -> {
            NDArray array = parameter.getArray();
            TensorData data = model.tensor(name);
            TensorData own = NDArrays.data(array);
            if (data.dtype() != own.dtype() || !data.shape().equals(own.shape())) {
                throw new IllegalArgumentException("model." + name + " must be of type " + own.dtype() + " and shape "
                        + own.shape() + ", but was of type " + data.dtype() + " and shape " + data.shape());
            }
            weights.put(array, data);
        });
        weights.forEach(NDArrays::load);
    }
}
