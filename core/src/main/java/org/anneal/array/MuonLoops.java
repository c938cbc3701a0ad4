package org.anneal.array;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.optim.Batch;
import org.anneal.optim.Muon;

/**
 * Muon on arrays. The iteration uses float arithmetic and rounds to bfloat16 where PyTorch does: the matrix, its norm, the
 * quotient, and each whole product. The order of a sum does not depend on the number of threads.
 */
final class MuonLoops {
    private static final int ROWS = 16; // of a product, in one piece of work
    private static final int DEPTH = 64; // of a product, at a time

    private MuonLoops() {}

    /** A matrix as rows of bfloat16 numbers; the JIT vectorises loops over whole arrays. */
    private record Matrix(List<float[]> rows, int columns) {
        static Matrix ofZeros(int rows, int columns) {
            return new Matrix(
                    Stream.generate(() -> new float[columns]).limit(rows).toList(), columns);
        }

        Matrix transposed() {
            Matrix turned = ofZeros(columns, rows.size());
            for (int i = 0; i < rows.size(); i++) {
                float[] row = rows.get(i);
                for (int j = 0; j < columns; j++) {
                    turned.rows.get(j)[i] = row[j];
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
            Matrix update = orthogonal(rule, direction(rule, grad, buffer, rows, columns));
            double ratio = rule.adjustLr().equals(Optional.of(Muon.AdjustLr.MATCH_RMS_ADAMW))
                    ? 0.2 * Math.sqrt(Math.max(rows, columns))
                    : Math.sqrt(Math.max(1, (double) rows / columns));
            float lr = (float) (batch.lr() * ratio);
            float shrink = (float) (1 - batch.lr() * rule.weightDecay());
            float[] p = param.values();
            for (int row = 0; row < rows; row++) {
                float[] u = update.rows.get(row);
                for (int j = 0; j < columns; j++) {
                    p[row * columns + j] = p[row * columns + j] * shrink - lr * u[j];
                }
            }
        }
    }

    /** Updates the buffer and {@return the matrix to make orthogonal} */
    private static Matrix direction(Muon rule, float[] grad, float[] buffer, int rows, int columns) {
        double momentum = rule.momentum();
        Matrix direction = Matrix.ofZeros(rows, columns);
        for (int i = 0; i < grad.length; i++) {
            buffer[i] = between(buffer[i], grad[i], 1 - momentum);
            float next = rule.nesterov() ? between(grad[i], buffer[i], momentum) : buffer[i];
            direction.rows.get(i / columns)[i % columns] = rounded(next);
        }
        return direction;
    }

    /** {@return {@code start + weight * (end - start)}, as PyTorch's lerp computes it} */
    private static float between(float start, float end, double weight) {
        float w = (float) weight;
        return w < 0.5f ? start + w * (end - start) : end - (end - start) * (1 - w);
    }

    private static Matrix orthogonal(Muon rule, Matrix direction) {
        boolean turned = direction.rows.size() > direction.columns;
        Matrix x = turned ? direction.transposed() : direction;
        float norm = Math.max(rounded(norm(x)), rounded((float) rule.eps()));
        for (float[] row : x.rows) {
            for (int j = 0; j < row.length; j++) {
                row[j] = rounded(row[j] / norm);
            }
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

    private static float norm(Matrix x) {
        double sum = 0;
        for (float[] row : x.rows) {
            for (float value : row) {
                sum += (double) value * value;
            }
        }
        return (float) Math.sqrt(sum);
    }

    /** {@return {@code beta * added + alpha * (left @ right)}, rounded once; {@code added} is ignored if beta is 0} */
    private static Matrix product(Matrix left, Matrix right, Matrix added, float beta, float alpha) {
        int rows = left.rows.size();
        Matrix result = Matrix.ofZeros(rows, right.columns);
        long work = (long) rows * left.columns * right.columns;
        Threads.overPieces((rows + ROWS - 1) / ROWS, work, piece -> {
            int from = piece * ROWS;
            int to = Math.min(from + ROWS, rows);
            for (int start = 0; start < left.columns; start += DEPTH) {
                for (int row = from; row < to; row++) {
                    addProduct(
                            left.rows.get(row),
                            right,
                            result.rows.get(row),
                            start,
                            Math.min(start + DEPTH, left.columns));
                }
            }
            for (int row = from; row < to; row++) {
                float[] sums = result.rows.get(row);
                for (int j = 0; j < sums.length; j++) {
                    float product = alpha * sums[j];
                    sums[j] = rounded(beta == 0 ? product : beta * added.rows.get(row)[j] + product);
                }
            }
        });
        return result;
    }

    /** Adds to a row of sums the rows {@code from} to {@code to} of the right matrix, times the elements of the left row. */
    private static void addProduct(float[] left, Matrix right, float[] sums, int from, int to) {
        int k = from;
        for (; k < to - 3; k += 4) {
            float[] row0 = right.rows.get(k);
            float[] row1 = right.rows.get(k + 1);
            float[] row2 = right.rows.get(k + 2);
            float[] row3 = right.rows.get(k + 3);
            float l0 = left[k];
            float l1 = left[k + 1];
            float l2 = left[k + 2];
            float l3 = left[k + 3];
            for (int j = 0; j < sums.length; j++) {
                sums[j] += l0 * row0[j] + l1 * row1[j] + (l2 * row2[j] + l3 * row3[j]);
            }
        }
        for (; k < to; k++) {
            float[] row = right.rows.get(k);
            float l = left[k];
            for (int j = 0; j < sums.length; j++) {
                sums[j] += l * row[j];
            }
        }
    }

    /** {@return the nearest bfloat16 number, ties to even; NaN for NaN} */
    private static float rounded(float value) {
        if (Float.isNaN(value)) {
            return value;
        }
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000);
    }
}
