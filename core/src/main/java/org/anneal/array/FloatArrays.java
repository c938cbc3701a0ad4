package org.anneal.array;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.Engine;
import org.anneal.optim.Kernels;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.anneal.optim.Vectors;

/**
 * The engine for {@code float[]} parameters: plain loops, which the JIT compiler vectorises. No dependencies, no native code.
 */
public final class FloatArrays implements Engine<FloatArray> {
    private final FloatKernels kernels = new FloatKernels();

    FloatArrays() {}

    /** {@return an optimizer of {@code rule} over {@code params}, one group} */
    public static Optimizer<FloatArray> optimizer(UpdateRule rule, List<FloatArray> params) {
        return new Optimizer<>(new FloatArrays(), rule, params);
    }

    /** {@return an optimizer over several groups, each with its own options} */
    public static Optimizer<FloatArray> optimizer(List<ParamGroup<FloatArray>> groups) {
        return new Optimizer<>(new FloatArrays(), groups);
    }

    /**
     * Sets the most threads a step may use (default: one per processor), for the whole program. Steps of fewer than 131,072
     * elements use the caller's thread only. Results do not depend on the number of threads.
     *
     * @param threads at least 1, including the caller's
     */
    public static void setThreads(int threads) {
        Threads.set(threads);
    }

    /** {@return an average of {@code params}, in new arrays, named 0, 1, ... in its state dict} */
    public static AveragedModel<FloatArray> averagedModel(List<FloatArray> params, Averaging averaging) {
        Objects.requireNonNull(params, "params");
        Map<String, FloatArray> named = new LinkedHashMap<>();
        params.forEach(param -> named.put(Integer.toString(named.size()), Objects.requireNonNull(param, "params")));
        return averagedModel(named, averaging);
    }

    /** {@return an average of {@code params}, in new arrays, with the same names in its state dict} */
    public static AveragedModel<FloatArray> averagedModel(Map<String, FloatArray> params, Averaging averaging) {
        return new AveragedModel<>(
                new FloatArrays(),
                averaging,
                Objects.requireNonNull(params, "params").entrySet().stream()
                        .map(each -> {
                            FloatArray param = Objects.requireNonNull(each.getValue(), "params");
                            FloatArray average = new FloatArray(new float[param.values().length], param.shape());
                            return new AveragedModel.Entry<>(each.getKey(), param, average, false);
                        })
                        .toList());
    }

    @Override
    public Object identity(FloatArray parameter) {
        return new Identity(parameter.values());
    }

    @Override
    public Optional<FloatArray> grad(FloatArray parameter) {
        return parameter.shapedGrad();
    }

    @Override
    public void zeroGrad(FloatArray parameter, boolean setToNone) {
        if (setToNone) {
            parameter.clearGrad();
        } else {
            parameter.grad().ifPresent(grad -> Arrays.fill(grad, 0f));
        }
    }

    @Override
    public List<Long> shape(FloatArray parameter) {
        return parameter.shape();
    }

    @Override
    public FloatArray allocate(FloatArray parameter, Slot slot) {
        List<Long> shape = slot.shapeFor(parameter.shape());
        float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
        if (slot.initial() != 0) {
            Arrays.fill(values, (float) slot.initial());
        }
        return new FloatArray(values, shape);
    }

    @Override
    public TensorData data(FloatArray array) {
        return TensorData.of(array.values(), array.shape());
    }

    @Override
    public void copy(TensorData from, FloatArray to) {
        if (!from.shape().equals(to.shape())) {
            throw new IllegalArgumentException(
                    "an array must have the shape " + to.shape() + ", but had " + from.shape());
        }
        float[] values = from.toFloats();
        System.arraycopy(values, 0, to.values(), 0, values.length);
    }

    @Override
    public Kernels<FloatArray> kernels() {
        return kernels;
    }

    @Override
    public Vectors<FloatArray> vectors() {
        return new FloatVectors();
    }

    /** Equal for two parameters if they are the same array. */
    private static final class Identity {
        private final float[] values;

        Identity(float[] values) {
            this.values = values;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Identity that && that.values == values;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(values);
        }
    }
}
