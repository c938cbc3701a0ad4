package org.anneal.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Check;

/**
 * A running average of a model's parameters, in separate parameters: stochastic weight averaging (with
 * {@link org.anneal.schedule.SWALR}) or an exponential moving average.
 *
 * <pre>{@code
 * AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.ema(0.999));
 * ...
 * optimizer.step();
 * average.update();
 * }</pre>
 *
 * <p>It starts as a copy of the model. The first update copies the model again; later ones average by {@link Averaging}. Buffers,
 * such as the running statistics of batch norms, are copied at each update, or averaged too with {@link #useBuffers}. The caller
 * owns the parameters and the averages.
 *
 * <p>PyTorch: {@code torch.optim.swa_utils.AveragedModel(model, multi_avg_fn, use_buffers)}. PyTorch copies the module; here the
 * caller passes the averages.
 *
 * @param <T> the engine's parameters
 */
public final class AveragedModel<T> {
    private final Engine<T> engine;
    private final Vectors<T> vectors;
    private final Averaging averaging;
    private final List<Entry<T>> entries;
    private boolean useBuffers;
    private boolean swapped;
    private long count;

    /**
     * A parameter or a buffer, and its average.
     *
     * @param name as in the model's state dict
     * @param value in the model
     * @param average of the same shape
     * @param buffer whether it is a buffer
     */
    public record Entry<T>(String name, T value, T average, boolean buffer) {
        public Entry {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(value, "value");
            Objects.requireNonNull(average, "average");
        }
    }

    /**
     * Copies every value of {@code entries} into its average.
     *
     * @throws IllegalArgumentException if a value and its average differ in shape
     */
    public AveragedModel(Engine<T> engine, Averaging averaging, List<Entry<T>> entries) {
        this.engine = Objects.requireNonNull(engine, "engine");
        this.vectors = engine.vectors();
        this.averaging = Objects.requireNonNull(averaging, "averaging");
        this.entries = Check.list("entries", entries);
        for (Entry<T> entry : entries) {
            if (!engine.shape(entry.average).equals(engine.shape(entry.value))) {
                throw new IllegalArgumentException("the average of " + entry.name + " must have the shape "
                        + engine.shape(entry.value) + ", but had " + engine.shape(entry.average));
            }
        }
        try {
            entries.forEach(entry -> vectors.copy(entry.value, entry.average));
        } catch (MissingOperation missing) {
            throw MissingOperation.on(engine, "AveragedModel", missing);
        }
    }

    /** Sets whether buffers are averaged like parameters; by default they are copied. */
    public AveragedModel<T> useBuffers(boolean useBuffers) {
        this.useBuffers = useBuffers;
        return this;
    }

    /**
     * Updates the averages with the model's current parameters and buffers: PyTorch's {@code update_parameters}.
     *
     * @throws IllegalStateException while model and averages are swapped
     * @throws ArithmeticException if a schedule gives a decay that is not in [0, 1]; no average has changed then
     */
    public void update() {
        if (swapped) {
            throw new IllegalStateException("model and averages must be swapped back before update()");
        }
        Averaging now = averaging.at(count);
        for (Entry<T> entry : entries) {
            if (count == 0 || (entry.buffer && !useBuffers)) {
                vectors.copy(entry.value, entry.average);
            } else {
                now.apply(vectors, entry.average, entry.value, count);
            }
        }
        count++;
    }

    /** {@return the number of updates averaged so far} */
    public long nAveraged() {
        return count;
    }

    /** {@return the averages of the parameters, without buffers} */
    public List<T> parameters() {
        return entries.stream()
                .filter(entry -> !entry.buffer)
                .map(Entry::average)
                .toList();
    }

    /**
     * Copies the averages of the parameters into {@code params}, such as another model's.
     *
     * @throws IllegalArgumentException if {@code params} differ from the parameters in number or shape
     */
    public void copyTo(List<T> params) {
        List<T> averages = parameters();
        List<List<Long>> shapes = averages.stream().map(engine::shape).toList();
        List<List<Long>> given =
                Check.list("params", params).stream().map(engine::shape).toList();
        if (!shapes.equals(given)) {
            throw new IllegalArgumentException("params must have the shapes " + shapes + ", but had " + given);
        }
        for (int i = 0; i < averages.size(); i++) {
            vectors.copy(averages.get(i), params.get(i));
        }
    }

    /**
     * Swaps the model's parameters and buffers with their averages, to validate the averages in the model itself. Call it again to
     * swap them back.
     */
    public void swap() {
        for (Entry<T> entry : entries) {
            T value = engine.allocate(entry.value, new Slot(entry.name));
            try {
                vectors.copy(entry.value, value);
                vectors.copy(entry.average, entry.value);
                vectors.copy(value, entry.average);
            } finally {
                engine.release(value);
            }
        }
        swapped = !swapped;
    }

    /**
     * {@return the state in PyTorch's layout: {@code n_averaged}, and the averages as {@code module.conv1.weight}} The averages
     * are views, which change with the next update.
     */
    public Map<String, Object> stateDict() {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("n_averaged", TensorData.scalar(DType.INT64, (double) count));
        entries.forEach(entry -> dict.put("module." + entry.name, engine.data(swapped ? entry.value : entry.average)));
        return dict;
    }

    /**
     * Loads a state from {@link #stateDict} or from PyTorch's {@code AveragedModel}.
     *
     * @throws IllegalArgumentException if its names or shapes differ from this model's; nothing has changed then
     * @throws IllegalStateException while model and averages are swapped
     */
    public void loadStateDict(Map<?, ?> dict) {
        Objects.requireNonNull(dict, "dict");
        if (swapped) {
            throw new IllegalStateException("model and averages must be swapped back before loadStateDict()");
        }
        long saved =
                Check.count("n_averaged", tensor(dict, "n_averaged", List.of()).item());
        Map<String, TensorData> averages = new LinkedHashMap<>();
        entries.forEach(entry -> averages.put(
                "module." + entry.name, tensor(dict, "module." + entry.name, engine.shape(entry.average))));
        String unknown = dict.keySet().stream()
                .map(String::valueOf)
                .filter(name -> !averages.containsKey(name) && !name.equals("n_averaged"))
                .collect(Collectors.joining(", "));
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "a state dict must have the names of the averaged model only, but also had " + unknown);
        }
        count = saved;
        entries.forEach(entry ->
                engine.copy(tensor(averages, "module." + entry.name, engine.shape(entry.average)), entry.average));
    }

    private static TensorData tensor(Map<?, ?> dict, String name, List<Long> shape) {
        if (dict.get(name) instanceof TensorData data && data.shape().equals(shape)) {
            return GroupState.real(name, data);
        }
        throw new IllegalArgumentException(name + " must be a tensor of shape " + shape + ", but was "
                + (dict.get(name) instanceof TensorData data ? "of shape " + data.shape() : "missing"));
    }
}
