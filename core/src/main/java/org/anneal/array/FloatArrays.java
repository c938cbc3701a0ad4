package org.anneal.array;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.ASGD;
import org.anneal.optim.Adadelta;
import org.anneal.optim.Adafactor;
import org.anneal.optim.Adagrad;
import org.anneal.optim.Adam;
import org.anneal.optim.Adamax;
import org.anneal.optim.Batch;
import org.anneal.optim.Engine;
import org.anneal.optim.Kernels;
import org.anneal.optim.Muon;
import org.anneal.optim.NAdam;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RAdam;
import org.anneal.optim.RMSprop;
import org.anneal.optim.Rprop;
import org.anneal.optim.SGD;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;

/**
 * The engine of {@code float[]} parameters: plain loops, which the JIT compiler vectorises. No dependency, no native code.
 */
public final class FloatArrays implements Engine<FloatArray>, Kernels<FloatArray> {
    private FloatArrays() {}

    /** {@return an optimizer of {@code rule} over {@code params}, one group} */
    public static Optimizer<FloatArray> optimizer(UpdateRule rule, List<FloatArray> params) {
        return new Optimizer<>(new FloatArrays(), rule, params);
    }

    /** {@return an optimizer over several groups, each with its own options} */
    public static Optimizer<FloatArray> optimizer(List<ParamGroup<FloatArray>> groups) {
        return new Optimizer<>(new FloatArrays(), groups);
    }

    @Override
    public void check(FloatArray parameter) {
        // any array of floats can be optimized
    }

    @Override
    public Object identity(FloatArray parameter) {
        return new Identity(parameter.values());
    }

    @Override
    public Optional<FloatArray> grad(FloatArray parameter) {
        return parameter.grad().map(grad -> new FloatArray(grad, parameter.shape()));
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
    public void release(FloatArray slot) {
        // the garbage collector does
    }

    @Override
    public Kernels<FloatArray> kernels() {
        return this;
    }

    @Override
    public void sgd(SGD rule, Batch<FloatArray> batch) {
        for (int i = 0; i < batch.params().size(); i++) {
            float[] p = batch.params().get(i).values();
            float[] g = batch.grads().get(i).values();
            if (rule.momentum() == 0) {
                descend(rule, (float) batch.lr(), p, g);
            } else {
                descend(rule, (float) batch.lr(), p, g, batch.slot(0).get(i).values(), batch.fresh());
            }
        }
    }

    private static void descend(SGD rule, float lr, float[] p, float[] grad) {
        float sign = rule.maximize() ? -1 : 1;
        float decay = (float) rule.weightDecay();
        for (int i = 0; i < p.length; i++) {
            p[i] -= lr * (sign * grad[i] + decay * p[i]);
        }
    }

    private static void descend(SGD rule, float lr, float[] p, float[] grad, float[] buffer, boolean first) {
        float sign = rule.maximize() ? -1 : 1;
        float decay = (float) rule.weightDecay();
        // The first step takes the gradient whole: the buffer is zero, so only the dampening has to be undone.
        float take = first ? 1 : (float) (1 - rule.dampening());
        float momentum = (float) rule.momentum();
        boolean nesterov = rule.nesterov();
        for (int i = 0; i < p.length; i++) {
            float g = sign * grad[i] + decay * p[i];
            float b = momentum * buffer[i] + take * g;
            buffer[i] = b;
            p[i] -= lr * (nesterov ? g + momentum * b : b);
        }
    }

    @Override
    public void adam(Adam rule, Batch<FloatArray> batch) {
        double correction1 = 1 - Math.pow(rule.beta1(), (double) batch.step());
        double correction2 = 1 - Math.pow(rule.beta2(), (double) batch.step());
        float stepSize = (float) (batch.lr() / correction1);
        float scale = (float) Math.sqrt(correction2);
        for (int i = 0; i < batch.params().size(); i++) {
            float[] p = batch.params().get(i).values();
            float[] g = batch.grads().get(i).values();
            float[] m = batch.slot(0).get(i).values();
            float[] v = batch.slot(1).get(i).values();
            float[] max = rule.amsgrad() ? batch.slot(2).get(i).values() : v; // not read without amsgrad
            adapt(rule, (float) batch.lr(), stepSize, scale, p, g, m, v, max);
        }
    }

    @Override
    public void adagrad(Adagrad rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("Adagrad");
    }

    @Override
    public void rmsprop(RMSprop rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("RMSprop");
    }

    @Override
    public void adadelta(Adadelta rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("Adadelta");
    }

    @Override
    public void adamax(Adamax rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("Adamax");
    }

    @Override
    public void nadam(NAdam rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("NAdam");
    }

    @Override
    public void radam(RAdam rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("RAdam");
    }

    @Override
    public void asgd(ASGD rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("ASGD");
    }

    @Override
    public void rprop(Rprop rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("Rprop");
    }

    @Override
    public void adafactor(Adafactor rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("Adafactor");
    }

    @Override
    public void muon(Muon rule, Batch<FloatArray> batch) {
        throw new UnsupportedOperationException("Muon");
    }

    private static void adapt(
            Adam rule,
            float lr,
            float stepSize,
            float scale,
            float[] p,
            float[] grad,
            float[] m,
            float[] v,
            float[] max) {
        float sign = rule.maximize() ? -1 : 1;
        float shrink = rule.decoupledWeightDecay() ? (float) (1 - lr * rule.weightDecay()) : 1;
        float decay = rule.decoupledWeightDecay() ? 0 : (float) rule.weightDecay();
        float beta1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float rest2 = (float) (1 - rule.beta2());
        float eps = (float) rule.eps();
        boolean amsgrad = rule.amsgrad();
        for (int i = 0; i < p.length; i++) {
            float x = p[i] * shrink;
            float g = sign * grad[i] + decay * x;
            float mean = m[i] + beta1 * (g - m[i]);
            float square = beta2 * v[i] + rest2 * g * g;
            m[i] = mean;
            v[i] = square;
            float w = amsgrad ? Math.max(max[i], square) : square;
            if (amsgrad) {
                max[i] = w;
            }
            p[i] = x - stepSize * mean / ((float) Math.sqrt(w) / scale + eps);
        }
    }

    /** Two parameters are one if they are the same array. */
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
