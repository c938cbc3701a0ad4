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
 * The update rules as loops over arrays. Everything that is the same for all elements is computed first, in double precision as
 * in PyTorch. A loop has no branches and no calls, so that the JIT compiler vectorises it. The formulas are those of the rules,
 * with factors combined where that saves an operation per element.
 */
final class FloatKernels implements Kernels<FloatArray> {
    private static final int BLOCK = 1024; // elements

    private static float[] values(List<FloatArray> arrays, int i) {
        return arrays.get(i).values();
    }

    /** A loop over the elements {@code from} to {@code to}, exclusive, of parameter number {@code array}. */
    @FunctionalInterface
    private interface Loop {
        void run(float[] p, float[] grad, int array, int from, int to);
    }

    /** Runs {@code loop} over every element of the batch, on several threads. */
    private static void overElements(Batch<FloatArray> batch, Loop loop) {
        List<FloatArray> params = batch.params();
        List<FloatArray> grads = batch.grads();
        Threads.overElements(
                params, (array, from, to) -> loop.run(values(params, array), values(grads, array), array, from, to));
    }

    private static float direction(boolean maximize) {
        return maximize ? -1 : 1;
    }

    @Override
    public void sgd(SGD rule, Batch<FloatArray> batch) {
        float lr = (float) batch.lr();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        if (rule.momentum() == 0) {
            overElements(batch, (p, grad, array, from, to) -> {
                for (int i = from; i < to; i++) {
                    p[i] -= lr * (sign * grad[i] + decay * p[i]);
                }
            });
            return;
        }
        // The first step is not dampened. The buffer is zero then, so the same formula holds.
        float take = batch.fresh() ? 1 : (float) (1 - rule.dampening());
        float momentum = (float) rule.momentum();
        if (rule.nesterov()) {
            overElements(batch, (p, grad, array, from, to) -> {
                float[] b = values(batch.slot(0), array);
                for (int i = from; i < to; i++) {
                    float g = sign * grad[i] + decay * p[i];
                    float next = momentum * b[i] + take * g;
                    b[i] = next;
                    p[i] -= lr * (g + momentum * next);
                }
            });
        } else {
            overElements(batch, (p, grad, array, from, to) -> {
                float[] b = values(batch.slot(0), array);
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
            adam(batch, stepSize, eps, sign, shrink, decay, rest1, beta2, rest2);
            return;
        }
        overElements(batch, (p, grad, array, from, to) -> {
            float[] m = values(batch.slot(0), array);
            float[] v = values(batch.slot(1), array);
            float[] max = values(batch.slot(2), array);
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

    /** The loop of Adam without amsgrad, and of RAdam. */
    private static void adam(
            Batch<FloatArray> batch,
            float stepSize,
            float eps,
            float sign,
            float shrink,
            float decay,
            float rest1,
            float beta2,
            float rest2) {
        overElements(batch, (p, grad, array, from, to) -> {
            float[] m = values(batch.slot(0), array);
            float[] v = values(batch.slot(1), array);
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
        float lr = (float) (batch.lr() / (1 + (double) (batch.step() - 1) * rule.lrDecay()));
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        overElements(batch, (p, grad, array, from, to) -> {
            float[] s = values(batch.slot(0), array);
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
        boolean hasMomentum = rule.momentum() > 0;
        float lr = (float) batch.lr();
        float momentum = (float) rule.momentum();
        float alpha = (float) rule.alpha();
        float rest = (float) (1 - rule.alpha());
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        if (rule.centered() && hasMomentum) {
            rmsprop(batch, lr, momentum, alpha, rest, eps, sign, decay);
        } else if (rule.centered()) {
            overElements(batch, (p, grad, array, from, to) -> {
                float[] v = values(batch.slot(0), array);
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
        } else if (hasMomentum) {
            overElements(batch, (p, grad, array, from, to) -> {
                float[] v = values(batch.slot(0), array);
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
            overElements(batch, (p, grad, array, from, to) -> {
                float[] v = values(batch.slot(0), array);
                for (int i = from; i < to; i++) {
                    float g = sign * grad[i] + decay * p[i];
                    float square = alpha * v[i] + rest * g * g;
                    v[i] = square;
                    p[i] -= lr * g / ((float) Math.sqrt(square) + eps);
                }
            });
        }
    }

    /** The loop of RMSprop if it is centered and has momentum. */
    private static void rmsprop(
            Batch<FloatArray> batch,
            float lr,
            float momentum,
            float alpha,
            float rest,
            float eps,
            float sign,
            float decay) {
        overElements(batch, (p, grad, array, from, to) -> {
            float[] v = values(batch.slot(0), array);
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
    }

    @Override
    public void adadelta(Adadelta rule, Batch<FloatArray> batch) {
        float lr = (float) batch.lr();
        float rho = (float) rule.rho();
        float rest = (float) (1 - rule.rho());
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        overElements(batch, (p, grad, array, from, to) -> {
            float[] v = values(batch.slot(0), array);
            float[] a = values(batch.slot(1), array);
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
        float stepSize = (float) (batch.lr() / (1 - Math.pow(rule.beta1(), (double) batch.step())));
        float rest1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float eps = (float) rule.eps();
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        overElements(batch, (p, grad, array, from, to) -> {
            float[] m = values(batch.slot(0), array);
            float[] u = values(batch.slot(1), array);
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
        double t = (double) batch.step();
        double now = strength(rule, t);
        double next = strength(rule, t + 1);
        double scale = Math.sqrt(1 - Math.pow(rule.beta2(), t)); // goes over to the numerator, as in Adam
        float[] ofGrad = new float[batch.params().size()];
        float[] ofMean = new float[batch.params().size()];
        for (int i = 0; i < batch.params().size(); i++) {
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
        overElements(batch, (p, grad, array, from, to) -> {
            float[] m = values(batch.slot(1), array);
            float[] v = values(batch.slot(2), array);
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
            adam(batch, (float) (stepSize * rectifier), eps, sign, shrink, decay, rest1, beta2, rest2);
            return;
        }
        float lr = (float) stepSize;
        overElements(batch, (p, grad, array, from, to) -> {
            float[] m = values(batch.slot(0), array);
            float[] v = values(batch.slot(1), array);
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
        double t = (double) batch.step();
        float nextEta = (float) (batch.lr() / Math.pow(1 + rule.lambd() * batch.lr() * t, rule.alpha()));
        float nextMu = (float) (1 / Math.max(1, t - rule.t0()));
        float[] etas = new float[batch.params().size()];
        float[] mus = new float[batch.params().size()];
        for (int i = 0; i < batch.params().size(); i++) {
            float[] eta = values(batch.slot(0), i);
            float[] mu = values(batch.slot(1), i);
            etas[i] = batch.fresh() ? (float) batch.lr() : eta[0];
            mus[i] = mu[0];
            eta[0] = nextEta;
            mu[0] = nextMu;
        }
        float sign = direction(rule.maximize());
        float decay = (float) rule.weightDecay();
        overElements(batch, (p, grad, array, from, to) -> {
            float[] a = values(batch.slot(2), array);
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
        boolean fresh = batch.fresh();
        float lr = (float) batch.lr();
        float minus = (float) rule.etaMinus();
        float plus = (float) rule.etaPlus();
        float min = (float) rule.minStep();
        float max = (float) rule.maxStep();
        float sign = direction(rule.maximize());
        overElements(batch, (p, grad, array, from, to) -> {
            float[] h = values(batch.slot(0), array);
            float[] s = values(batch.slot(1), array);
            if (fresh) {
                Arrays.fill(s, from, to, lr);
            }
            inBlocks(from, to, (start, end) -> {
                for (int i = start; i < end; i++) {
                    h[i] = sign(sign * grad[i] * h[i]); // whether the gradient kept its sign, for the loops below
                }
                boolean numbers = true; // PyTorch treats the sign of NaN as 0
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
                    float most = Math.min(1 + h[i], 1) * 1e38f * 1e38f; // 0 where the sign changed, else infinity
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

    /** {@return -1, 0, 1 or NaN, by operations that JDK 17 vectorises, unlike {@code Math.signum}} */
    private static float sign(float x) {
        return Math.max(-1, Math.min(1, x * 1e38f * 1e38f)); // makes even the smallest float more than 1
    }

    /** One or more loops over a block of elements. */
    @FunctionalInterface
    private interface Block {
        void run(int start, int end);
    }

    /**
     * Runs several short loops over blocks that fit the cache: the JIT compiler does not unroll, and so does not vectorise, a loop
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
