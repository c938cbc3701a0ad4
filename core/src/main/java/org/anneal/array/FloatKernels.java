package org.anneal.array;

import java.util.Arrays;
import java.util.List;
import org.anneal.optim.ASGD;
import org.anneal.optim.Adadelta;
import org.anneal.optim.Adafactor;
import org.anneal.optim.Adagrad;
import org.anneal.optim.Adam;
import org.anneal.optim.Adamax;
import org.anneal.optim.Batch;
import org.anneal.optim.Kernels;
import org.anneal.optim.Muon;
import org.anneal.optim.NAdam;
import org.anneal.optim.RAdam;
import org.anneal.optim.RMSprop;
import org.anneal.optim.Rprop;
import org.anneal.optim.SGD;

/**
 * The update rules as loops over arrays. What does not differ between elements is computed before, in double precision as
 * in PyTorch; a loop has no branches and no calls, so the JIT compiler vectorises it. The formulas are those of the rules, with
 * factors drawn together where that saves an operation per element.
 */
final class FloatKernels implements Kernels<FloatArray> {
    private static final int BLOCK = 1024; // elements

    private static float[] values(List<FloatArray> arrays, int i) {
        return arrays.get(i).values();
    }

    private static float direction(boolean maximize) {
        return maximize ? -1 : 1;
    }

    @Override
    public void sgd(SGD rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        float lr = (float) batch.lr();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        if (rule.momentum() == 0) {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                for (int i = from; i < to; i++) {
                    p[i] -= lr * (sign * grad[i] + decay * p[i]);
                }
            });
            return;
        }
        List<FloatArray> buffers = batch.slot(0);
        // The first step takes the gradient whole: the buffer is zero, so only the dampening has to be undone.
        float take = batch.fresh() ? 1 : (float) (1 - rule.dampening());
        float momentum = (float) rule.momentum();
        if (rule.nesterov()) {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                float[] b = values(buffers, array);
                for (int i = from; i < to; i++) {
                    float g = sign * grad[i] + decay * p[i];
                    float next = momentum * b[i] + take * g;
                    b[i] = next;
                    p[i] -= lr * (g + momentum * next);
                }
            });
        } else {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                float[] b = values(buffers, array);
                for (int i = from; i < to; i++) {
                    float next = momentum * b[i] + take * (sign * grad[i] + decay * p[i]);
                    b[i] = next;
                    p[i] -= lr * next;
                }
            });
        }
    }

    @Override
    public void adam(Adam rule, Batch<FloatArray> batch) {
        double t = (double) batch.step();
        double scale = Math.sqrt(1 - Math.pow(rule.beta2(), t));
        // m / (sqrt(v) / scale + eps) = m * scale / (sqrt(v) + eps * scale)
        float stepSize = (float) (batch.lr() / (1 - Math.pow(rule.beta1(), t)) * scale);
        float eps = (float) (rule.eps() * scale);
        float sign = direction(rule.maximize());
        float shrink = rule.decoupledWeightDecay() ? (float) (1 - batch.lr() * rule.weightDecay()) : 1;
        float decay = rule.decoupledWeightDecay() ? 0 : (float) rule.weightDecay();
        float rest1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float rest2 = (float) (1 - rule.beta2());
        if (!rule.amsgrad()) {
            adam(batch, 0, stepSize, eps, sign, shrink, decay, rest1, beta2, rest2);
            return;
        }
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> means = batch.slot(0);
        List<FloatArray> squares = batch.slot(1);
        List<FloatArray> largest = batch.slot(2);
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] m = values(means, array);
            float[] v = values(squares, array);
            float[] max = values(largest, array);
            for (int i = from; i < to; i++) {
                float x = p[i] * shrink;
                float g = sign * grad[i] + decay * x;
                float mean = m[i] + rest1 * (g - m[i]);
                float square = beta2 * v[i] + rest2 * g * g;
                float most = Math.max(max[i], square);
                m[i] = mean;
                v[i] = square;
                max[i] = most;
                p[i] = x - stepSize * mean / ((float) Math.sqrt(most) + eps);
            }
        });
    }

    /** Adam's loop, and RAdam's; the mean and the mean square are the slots from {@code slot} on. */
    private static void adam(
            Batch<FloatArray> batch,
            int slot,
            float stepSize,
            float eps,
            float sign,
            float shrink,
            float decay,
            float rest1,
            float beta2,
            float rest2) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> means = batch.slot(slot);
        List<FloatArray> squares = batch.slot(slot + 1);
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] m = values(means, array);
            float[] v = values(squares, array);
            for (int i = from; i < to; i++) {
                float x = p[i] * shrink;
                float g = sign * grad[i] + decay * x;
                float mean = m[i] + rest1 * (g - m[i]);
                float square = beta2 * v[i] + rest2 * g * g;
                m[i] = mean;
                v[i] = square;
                p[i] = x - stepSize * mean / ((float) Math.sqrt(square) + eps);
            }
        });
    }

    @Override
    public void adagrad(Adagrad rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> sums = batch.slot(0);
        float lr = (float) (batch.lr() / (1 + (double) (batch.step() - 1) * rule.lrDecay()));
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] s = values(sums, array);
            for (int i = from; i < to; i++) {
                float g = sign * grad[i] + decay * p[i];
                float sum = s[i] + g * g;
                s[i] = sum;
                p[i] -= lr * g / ((float) Math.sqrt(sum) + eps);
            }
        });
    }

    @Override
    public void rmsprop(RMSprop rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> squares = batch.slot(0);
        boolean rolls = rule.momentum() > 0;
        float lr = (float) batch.lr();
        float momentum = (float) rule.momentum();
        float alpha = (float) rule.alpha();
        float rest = (float) (1 - rule.alpha());
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        if (rule.centered() && rolls) {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                float[] v = values(squares, array);
                float[] b = values(batch.slot(1), array);
                float[] m = values(batch.slot(2), array);
                inBlocks(from, to, (start, end) -> {
                    for (int i = start; i < end; i++) {
                        float g = sign * grad[i] + decay * p[i];
                        v[i] = alpha * v[i] + rest * g * g;
                        m[i] += rest * (g - m[i]);
                    }
                    for (int i = start; i < end; i++) {
                        float g = sign * grad[i] + decay * p[i];
                        float next = momentum * b[i] + g / ((float) Math.sqrt(v[i] - m[i] * m[i]) + eps);
                        b[i] = next;
                        p[i] -= lr * next;
                    }
                });
            });
        } else if (rule.centered()) {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                float[] v = values(squares, array);
                float[] m = values(batch.slot(1), array);
                for (int i = from; i < to; i++) {
                    float g = sign * grad[i] + decay * p[i];
                    float square = alpha * v[i] + rest * g * g;
                    float mean = m[i] + rest * (g - m[i]);
                    v[i] = square;
                    m[i] = mean;
                    p[i] -= lr * g / ((float) Math.sqrt(square - mean * mean) + eps);
                }
            });
        } else if (rolls) {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                float[] v = values(squares, array);
                float[] b = values(batch.slot(1), array);
                for (int i = from; i < to; i++) {
                    float g = sign * grad[i] + decay * p[i];
                    float square = alpha * v[i] + rest * g * g;
                    float next = momentum * b[i] + g / ((float) Math.sqrt(square) + eps);
                    v[i] = square;
                    b[i] = next;
                    p[i] -= lr * next;
                }
            });
        } else {
            Threads.overElements(params, (array, from, to) -> {
                float[] p = values(params, array);
                float[] grad = values(grads, array);
                float[] v = values(squares, array);
                for (int i = from; i < to; i++) {
                    float g = sign * grad[i] + decay * p[i];
                    float square = alpha * v[i] + rest * g * g;
                    v[i] = square;
                    p[i] -= lr * g / ((float) Math.sqrt(square) + eps);
                }
            });
        }
    }

    @Override
    public void adadelta(Adadelta rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> squares = batch.slot(0);
        List<FloatArray> deltas = batch.slot(1);
        float lr = (float) batch.lr();
        float rho = (float) rule.rho();
        float rest = (float) (1 - rule.rho());
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] v = values(squares, array);
            float[] a = values(deltas, array);
            for (int i = from; i < to; i++) {
                float x = p[i];
                float last = a[i];
                float g = sign * grad[i] + decay * x;
                float square = rho * v[i] + rest * g * g;
                float delta = (float) Math.sqrt(last + eps) / (float) Math.sqrt(square + eps) * g;
                v[i] = square;
                a[i] = rho * last + rest * delta * delta;
                p[i] = x - lr * delta;
            }
        });
    }

    @Override
    public void adamax(Adamax rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> means = batch.slot(0);
        List<FloatArray> largest = batch.slot(1);
        float stepSize = (float) (batch.lr() / (1 - Math.pow(rule.beta1(), (double) batch.step())));
        float rest1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] m = values(means, array);
            float[] u = values(largest, array);
            for (int i = from; i < to; i++) {
                float g = sign * grad[i] + decay * p[i];
                float mean = m[i] + rest1 * (g - m[i]);
                float most = Math.max(beta2 * u[i], Math.abs(g) + eps);
                m[i] = mean;
                u[i] = most;
                p[i] -= stepSize * mean / most;
            }
        });
    }

    @Override
    public void nadam(NAdam rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> means = batch.slot(1);
        List<FloatArray> squares = batch.slot(2);
        double t = (double) batch.step();
        double now = strength(rule, t);
        double next = strength(rule, t + 1);
        double scale = Math.sqrt(1 - Math.pow(rule.beta2(), t)); // goes over to the numerator, as in Adam
        float[] ofGrad = new float[params.size()];
        float[] ofMean = new float[params.size()];
        for (int i = 0; i < params.size(); i++) {
            float[] product = values(batch.slot(0), i);
            product[0] *= (float) now;
            ofGrad[i] = (float) (batch.lr() * (1 - now) / (1 - product[0]) * scale);
            ofMean[i] = (float) (batch.lr() * next / (1 - product[0] * next) * scale);
        }
        float eps = (float) (rule.eps() * scale);
        float sign = direction(rule.maximize());
        float shrink = rule.decoupledWeightDecay() ? (float) (1 - batch.lr() * rule.weightDecay()) : 1;
        float decay = rule.decoupledWeightDecay() ? 0 : (float) rule.weightDecay();
        float rest1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float rest2 = (float) (1 - rule.beta2());
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] m = values(means, array);
            float[] v = values(squares, array);
            float a = ofGrad[array];
            float b = ofMean[array];
            for (int i = from; i < to; i++) {
                float x = p[i] * shrink;
                float g = sign * grad[i] + decay * x;
                float mean = m[i] + rest1 * (g - m[i]);
                float square = beta2 * v[i] + rest2 * g * g;
                m[i] = mean;
                v[i] = square;
                p[i] = x - (a * g + b * mean) / ((float) Math.sqrt(square) + eps);
            }
        });
    }

    private static double strength(NAdam rule, double t) {
        return rule.beta1() * (1 - 0.5 * Math.pow(0.96, t * rule.momentumDecay()));
    }

    @Override
    public void radam(RAdam rule, Batch<FloatArray> batch) {
        double t = (double) batch.step();
        double power = Math.pow(rule.beta2(), t);
        double most = 2 / (1 - rule.beta2()) - 1;
        double known = most - 2 * t * power / (1 - power);
        double stepSize = batch.lr() / (1 - Math.pow(rule.beta1(), t));
        float sign = direction(rule.maximize());
        float shrink = rule.decoupledWeightDecay() ? (float) (1 - batch.lr() * rule.weightDecay()) : 1;
        float decay = rule.decoupledWeightDecay() ? 0 : (float) rule.weightDecay();
        float rest1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float rest2 = (float) (1 - rule.beta2());
        if (known > 5) {
            double rectifier =
                    Math.sqrt((known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known) * (1 - power));
            float eps = (float) rule.eps();
            adam(batch, 0, (float) (stepSize * rectifier), eps, sign, shrink, decay, rest1, beta2, rest2);
            return;
        }
        float lr = (float) stepSize;
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> means = batch.slot(0);
        List<FloatArray> squares = batch.slot(1);
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] m = values(means, array);
            float[] v = values(squares, array);
            for (int i = from; i < to; i++) {
                float x = p[i] * shrink;
                float g = sign * grad[i] + decay * x;
                float mean = m[i] + rest1 * (g - m[i]);
                m[i] = mean;
                v[i] = beta2 * v[i] + rest2 * g * g;
                p[i] = x - lr * mean;
            }
        });
    }

    @Override
    public void asgd(ASGD rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> averages = batch.slot(2);
        double t = (double) batch.step();
        float nextEta = (float) (batch.lr() / Math.pow(1 + rule.lambd() * batch.lr() * t, rule.alpha()));
        float nextMu = (float) (1 / Math.max(1, t - rule.t0()));
        float[] etas = new float[params.size()];
        float[] mus = new float[params.size()];
        for (int i = 0; i < params.size(); i++) {
            float[] eta = values(batch.slot(0), i);
            float[] mu = values(batch.slot(1), i);
            etas[i] = batch.fresh() ? (float) batch.lr() : eta[0];
            mus[i] = mu[0];
            eta[0] = nextEta;
            mu[0] = nextMu;
        }
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] a = values(averages, array);
            float eta = etas[array];
            float shrink = (float) (1 - rule.lambd() * eta);
            float mu = mus[array];
            for (int i = from; i < to; i++) {
                float x = p[i] * shrink - eta * (sign * grad[i] + decay * p[i]);
                p[i] = x;
                a[i] += (x - a[i]) * mu;
            }
        });
    }

    @Override
    public void rprop(Rprop rule, Batch<FloatArray> batch) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        List<FloatArray> before = batch.slot(0);
        List<FloatArray> sizes = batch.slot(1);
        boolean fresh = batch.fresh();
        float lr = (float) batch.lr();
        float minus = (float) rule.etaMinus();
        float plus = (float) rule.etaPlus();
        float min = (float) rule.minStep();
        float max = (float) rule.maxStep();
        float sign = direction(rule.maximize());
        Threads.overElements(params, (array, from, to) -> {
            float[] p = values(params, array);
            float[] grad = values(grads, array);
            float[] h = values(before, array);
            float[] s = values(sizes, array);
            if (fresh) {
                Arrays.fill(s, from, to, lr);
            }
            inBlocks(from, to, (start, end) -> {
                for (int i = start; i < end; i++) {
                    h[i] = sign(sign * grad[i] * h[i]); // what became of the gradient's sign, for the next two loops
                }
                boolean numbers = true; // a product that is none has no sign in PyTorch, and so 0
                for (int i = start; i < end; i++) {
                    if (Float.isNaN(h[i])) {
                        h[i] = 0;
                        numbers = false;
                    }
                }
                for (int i = start; i < end; i++) {
                    float grows = Math.max(h[i], 0);
                    float shrinks = Math.max(-h[i], 0);
                    float factor = grows * plus + shrinks * minus + (1 - grows - shrinks);
                    s[i] = Math.min(max, Math.max(min, s[i] * factor));
                }
                for (int i = start; i < end; i++) {
                    float most = Math.min(1 + h[i], 1) * 1e38f * 1e38f; // 0 where it turned, else infinity
                    h[i] = Math.max(-most, Math.min(most, sign * grad[i]));
                }
                if (numbers) {
                    for (int i = start; i < end; i++) {
                        p[i] -= sign(h[i]) * s[i];
                    }
                } else {
                    for (int i = start; i < end; i++) {
                        p[i] -= (Float.isNaN(h[i]) ? 0 : sign(h[i])) * s[i];
                    }
                }
            });
        });
    }

    /** {@return -1, 0, 1 or NaN, by operations that have a vector form in JDK 17, which {@code Math.signum} has not} */
    private static float sign(float x) {
        return Math.max(-1, Math.min(1, x * 1e38f * 1e38f)); // the smallest float times that is more than 1
    }

    /** A loop, or several one after the other. */
    @FunctionalInterface
    private interface Block {
        void run(int start, int end);
    }

    /**
     * Runs several loops over elements that stay in the cache meanwhile: the JIT compiler unrolls, and so vectorises, no loop
     * of more than some 60 nodes.
     */
    private static void inBlocks(int from, int to, Block block) {
        for (int start = from; start < to; start += BLOCK) {
            block.run(start, Math.min(start + BLOCK, to));
        }
    }

    @Override
    public void adafactor(Adafactor rule, Batch<FloatArray> batch) {
        AdafactorLoops.step(rule, batch);
    }

    @Override
    public void muon(Muon rule, Batch<FloatArray> batch) {
        MuonLoops.step(rule, batch);
    }
}
