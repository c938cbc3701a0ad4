package org.anneal.array;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anneal.optim.Adafactor;
import org.anneal.optim.Batch;

/**
 * Adafactor on arrays, in three passes over the parameters: the sums, the size of the update, and the update itself, which is
 * computed a second time rather than stored. Sums are in double precision, over parts of an array whose bounds and order do not
 * depend on the number of threads.
 */
final class AdafactorLoops {
    private static final int PART = 1 << 15; // elements
    private static final int MOST_PARTS = 16; // of an array
    private static final double FLOAT_PRECISION = 1.1920928955078125e-07;

    private final Batch<FloatArray> batch;
    private final List<Part> parts = new ArrayList<>();
    private final long elements;
    private final double weight; // of the new squares
    private final float floor; // of the mean of a matrix's row squares
    private final float leastSquare;

    /** Rows of one parameter, or elements of a vector. */
    private static final class Part {
        final int param;
        final int from;
        final int to;
        double[] columns = {}; // the gradient's sums of squares per column
        double params; // sum of squares of the parameter
        double updates; // sum of squares of the update

        Part(int param, int from, int to) {
            this.param = param;
            this.from = from;
            this.to = to;
        }
    }

    private AdafactorLoops(Adafactor rule, Batch<FloatArray> batch) {
        this.batch = batch;
        double eps = rule.eps1().orElse(FLOAT_PRECISION);
        floor = (float) eps;
        leastSquare = (float) (eps * eps);
        weight = Math.pow((double) batch.step(), rule.beta2Decay());
        long sum = 0;
        for (int i = 0; i < batch.params().size(); i++) {
            int length = param(i).length;
            sum += length;
            if (length > 0) {
                addParts(i, length);
            }
        }
        elements = sum;
    }

    private void addParts(int param, int length) {
        int unit = stacked(param) ? rows(param) : 1; // a matrix of a stack is not split
        int units = length / columns(param) / unit;
        int count = Math.min(Math.min(MOST_PARTS, (length + PART - 1) / PART), units);
        for (int i = 0; i < count; i++) {
            int from = (int) ((long) units * i / count);
            int to = (int) ((long) units * (i + 1) / count);
            parts.add(new Part(param, from * unit, to * unit));
        }
    }

    static void step(Adafactor rule, Batch<FloatArray> batch) {
        AdafactorLoops loops = new AdafactorLoops(rule, batch);
        loops.overParts(loops::takeSums);
        loops.addColumns();
        loops.overParts(loops::takeUpdates);
        float[] steps = loops.steps(rule);
        float shrink = (float) (1 - batch.lr() * rule.weightDecay());
        loops.overParts(part -> loops.update(part, shrink, steps[part.param]));
    }

    private interface Pass {
        void over(Part part);
    }

    private void overParts(Pass pass) {
        Threads.overPieces(parts.size(), elements, i -> pass.over(parts.get(i)));
    }

    private float[] param(int i) {
        return batch.params().get(i).values();
    }

    private float[] grad(int i) {
        return batch.grads().get(i).values();
    }

    /** The mean squares of rows, or of elements. */
    private float[] first(int i) {
        return batch.slot(0).get(i).values();
    }

    private float[] second(int i) {
        return batch.slot(1).get(i).values();
    }

    private List<Long> shape(int param) {
        return batch.params().get(param).shape();
    }

    private boolean isVector(int param) {
        return shape(param).size() < 2;
    }

    private boolean stacked(int param) {
        return shape(param).size() > 2 && param(param).length > rows(param) * columns(param);
    }

    private int rows(int param) {
        List<Long> shape = shape(param);
        return (int) (long) shape.get(shape.size() - 2);
    }

    private int columns(int param) {
        List<Long> shape = shape(param);
        return isVector(param) ? 1 : (int) (long) shape.get(shape.size() - 1);
    }

    private void takeSums(Part part) {
        int columns = columns(part.param);
        float[] grad = grad(part.param);
        part.params = sumOfSquares(param(part.param), part.from * columns, part.to * columns);
        float w = (float) weight;
        if (isVector(part.param)) {
            float[] squares = first(part.param);
            for (int i = part.from; i < part.to; i++) {
                squares[i] += w * (grad[i] * grad[i] - squares[i]);
            }
            return;
        }
        int rows = rows(part.param);
        float[] rowSquares = first(part.param);
        double[] sums = new double[columns];
        for (int row = part.from; row < part.to; row++) {
            int start = row * columns;
            double mean = sumOfSquares(grad, start, start + columns) / columns;
            rowSquares[row] += (float) (weight * (mean - rowSquares[row]));
            for (int j = 0; j < columns; j++) {
                double g = grad[start + j];
                sums[j] += g * g;
            }
            if (stacked(part.param) && (row + 1) % rows == 0) {
                takeColumns(part.param, row / rows, sums);
                Arrays.fill(sums, 0);
            }
        }
        part.columns = sums;
    }

    /** Adds up the column sums of the parts of each matrix. */
    private void addColumns() {
        for (int i = 0; i < parts.size(); ) {
            int param = parts.get(i).param;
            double[] sums = parts.get(i).columns;
            for (i++; i < parts.size() && parts.get(i).param == param; i++) {
                double[] more = parts.get(i).columns;
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += more[j];
                }
            }
            if (!isVector(param) && !stacked(param)) {
                takeColumns(param, 0, sums);
            }
        }
    }

    private void takeColumns(int param, int matrix, double[] sums) {
        float[] squares = second(param);
        int start = matrix * sums.length;
        for (int j = 0; j < sums.length; j++) {
            squares[start + j] += (float) (weight * (sums[j] / rows(param) - squares[start + j]));
        }
    }

    private void takeUpdates(Part part) {
        overUpdates(part, (start, update, length) -> part.updates += sumOfSquares(update, 0, length));
    }

    private void update(Part part, float shrink, float step) {
        float[] p = param(part.param);
        overUpdates(part, (start, update, length) -> {
            for (int i = 0; i < length; i++) {
                p[start + i] = p[start + i] * shrink - step * update[i];
            }
        });
    }

    private interface Updates {
        /** Takes the updates of the elements from {@code start} on, before the rate is applied. */
        void take(int start, float[] update, int length);
    }

    private void overUpdates(Part part, Updates updates) {
        float[] grad = grad(part.param);
        if (isVector(part.param)) {
            float[] squares = first(part.param);
            float[] update = new float[Math.min(PART, part.to - part.from)];
            for (int start = part.from; start < part.to; start += update.length) {
                int length = Math.min(update.length, part.to - start);
                for (int i = 0; i < length; i++) {
                    update[i] = grad[start + i] / (float) Math.sqrt(Math.max(squares[start + i], leastSquare));
                }
                updates.take(start, update, length);
            }
            return;
        }
        int rows = rows(part.param);
        int columns = columns(part.param);
        float[] rowSquares = first(part.param);
        float[] columnSquares = second(part.param);
        float[] update = new float[columns];
        float mean = 0;
        for (int row = part.from; row < part.to; row++) {
            int matrix = row / rows;
            if (row == part.from || row % rows == 0) {
                mean = mean(rowSquares, matrix * rows, (matrix + 1) * rows);
            }
            int start = row * columns;
            int column = matrix * columns;
            float share = rowSquares[row] / Math.max(mean, floor);
            for (int j = 0; j < columns; j++) {
                update[j] =
                        grad[start + j] / (float) Math.sqrt(Math.max(share * columnSquares[column + j], leastSquare));
            }
            updates.take(start, update, columns);
        }
    }

    /** {@return the signed factor on each parameter's update} */
    private float[] steps(Adafactor rule) {
        double[] params = new double[batch.params().size()];
        double[] updates = new double[params.length];
        for (Part part : parts) {
            params[part.param] += part.params;
            updates[part.param] += part.updates;
        }
        double rate = Math.min(batch.lr(), 1 / Math.sqrt((double) batch.step()));
        float[] steps = new float[params.length];
        for (int i = 0; i < steps.length; i++) {
            int length = param(i).length;
            double step = Math.max(rule.eps2(), Math.sqrt(params[i] / length)) * rate;
            double excess = Math.max(1, Math.sqrt(updates[i] / length) / rule.d());
            steps[i] = (float) ((rule.maximize() ? -step : step) / excess);
        }
        return steps;
    }

    private static float mean(float[] values, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += values[i];
        }
        return (float) (sum / (to - from));
    }

    private static double sumOfSquares(float[] values, int from, int to) {
        return FloatVectors.dot(values, values, from, to);
    }
}
