package org.anneal.array;

import java.util.Optional;
import org.anneal.optim.Batch;
import org.anneal.optim.Muon;

/**
 * Muon on arrays. The iteration runs in float arithmetic and rounds to bfloat16 where PyTorch does: the matrix, its norm, the
 * quotient, and each product as a whole. The order in which a sum is taken does not depend on the number of threads.
 */
final class MuonLoops {
    private static final int ROWS = 16; // of a product, in one piece of work
    private static final int DEPTH = 64; // of a product, at a time

    private MuonLoops() {}

    /** Row by row; its elements are bfloat16 numbers unless said otherwise. */
    private static final class Matrix {
        final int rows;
        final int columns;
        final float[] values;

        Matrix(int rows, int columns) {
            this.rows = rows;
            this.columns = columns;
            this.values = new float[rows * columns];
        }

        Matrix transposed() {
            Matrix turned = new Matrix(columns, rows);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    turned.values[j * rows + i] = values[i * columns + j];
                }
            }
            return turned;
        }
    }

    static void step(Muon rule, Batch<FloatArray> batch) {
        for (int i = 0; i < batch.params().size(); i++) {
            FloatArray param = batch.params().get(i);
            float[] grad = batch.grads().get(i).values();
            float[] buffer = batch.slot(0).get(i).values();
            int rows = (int) (long) param.shape().get(0);
            int columns = (int) (long) param.shape().get(1);
            Matrix direction = new Matrix(rows, columns);
            roll(rule, grad, buffer, direction.values);
            float[] update = orthogonal(rule, direction).values;
            double ratio = rule.adjustLr().equals(Optional.of(Muon.AdjustLr.MATCH_RMS_ADAMW))
                    ? 0.2 * Math.sqrt(Math.max(rows, columns))
                    : Math.sqrt(Math.max(1, (double) rows / columns));
            float lr = (float) (batch.lr() * ratio);
            float shrink = (float) (1 - batch.lr() * rule.weightDecay());
            float[] p = param.values();
            for (int k = 0; k < p.length; k++) {
                p[k] = p[k] * shrink - lr * update[k];
            }
        }
    }

    /** Moves the buffer and sets {@code direction} to what is to be made orthogonal, in bfloat16. */
    private static void roll(Muon rule, float[] grad, float[] buffer, float[] direction) {
        double momentum = rule.momentum();
        for (int i = 0; i < grad.length; i++) {
            buffer[i] = between(buffer[i], grad[i], 1 - momentum);
            direction[i] = rounded(rule.nesterov() ? between(grad[i], buffer[i], momentum) : buffer[i]);
        }
    }

    /** {@return from {@code start} the part {@code weight} of the way to {@code end}, as PyTorch's lerp computes it} */
    private static float between(float start, float end, double weight) {
        float w = (float) weight;
        return w < 0.5f ? start + w * (end - start) : end - (end - start) * (1 - w);
    }

    private static Matrix orthogonal(Muon rule, Matrix direction) {
        boolean turned = direction.rows > direction.columns;
        Matrix x = turned ? direction.transposed() : direction;
        float norm = Math.max(rounded(norm(x.values)), rounded((float) rule.eps()));
        for (int i = 0; i < x.values.length; i++) {
            x.values[i] = rounded(x.values[i] / norm);
        }
        float a = rule.nsCoefficients().get(0).floatValue();
        float b = rule.nsCoefficients().get(1).floatValue();
        float c = rule.nsCoefficients().get(2).floatValue();
        for (long n = 0; n < rule.nsSteps(); n++) {
            Matrix gram = product(x, x.transposed(), x, 0, 1);
            x = product(product(gram, gram, gram, b, c), x, x, a, 1);
        }
        return turned ? x.transposed() : x;
    }

    private static float norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return (float) Math.sqrt(sum);
    }

    /** {@return {@code beta * added + alpha * left right}, rounded once; {@code added} is not read if beta is 0} */
    private static Matrix product(Matrix left, Matrix right, Matrix added, float beta, float alpha) {
        Matrix result = new Matrix(left.rows, right.columns);
        long work = (long) left.rows * left.columns * right.columns;
        Threads.overPieces((left.rows + ROWS - 1) / ROWS, work, piece -> {
            int from = piece * ROWS;
            int to = Math.min(from + ROWS, left.rows);
            for (int start = 0; start < left.columns; start += DEPTH) {
                for (int row = from; row < to; row++) {
                    addProduct(left, right, result, row, start, Math.min(start + DEPTH, left.columns));
                }
            }
            for (int i = from * right.columns; i < to * right.columns; i++) {
                float product = alpha * result.values[i];
                result.values[i] = rounded(beta == 0 ? product : beta * added.values[i] + product);
            }
        });
        return result;
    }

    /** Adds to a row of {@code result} the elements {@code from} to {@code to} of the left row times rows of the right. */
    private static void addProduct(Matrix left, Matrix right, Matrix result, int row, int from, int to) {
        float[] sums = result.values;
        float[] factors = right.values;
        int columns = right.columns;
        int start = row * columns;
        int k = from;
        for (; k < to - 3; k += 4) {
            int at = row * left.columns + k;
            float l0 = left.values[at];
            float l1 = left.values[at + 1];
            float l2 = left.values[at + 2];
            float l3 = left.values[at + 3];
            int r0 = k * columns;
            int r1 = r0 + columns;
            int r2 = r1 + columns;
            int r3 = r2 + columns;
            for (int j = 0; j < columns; j++) {
                sums[start + j] +=
                        l0 * factors[r0 + j] + l1 * factors[r1 + j] + (l2 * factors[r2 + j] + l3 * factors[r3 + j]);
            }
        }
        for (; k < to; k++) {
            float l = left.values[row * left.columns + k];
            int r = k * columns;
            for (int j = 0; j < columns; j++) {
                sums[start + j] += l * factors[r + j];
            }
        }
    }

    /** {@return the nearest bfloat16 number, the even one of two; NaN for NaN} */
    private static float rounded(float value) {
        if (Float.isNaN(value)) {
            return value;
        }
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000);
    }
}
