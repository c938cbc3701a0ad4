package org.anneal.examples;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.anneal.array.Mirror;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.text.Python;

/**
 * A network in plain {@code double[][]}, with gradients computed by hand, trained with Adam, a schedule and clipping through
 * {@link Mirror}. All that it takes is {@link Matrices}, 30 lines. It learns one period of a sine.
 */
public final class DoubleArraysExample {
    private static final int HIDDEN = 16;
    private static final int POINTS = 64;
    private static final int EPOCHS = 1000;

    private DoubleArraysExample() {}

    /** Reads and writes matrices, row by row. */
    private static final class Matrices implements Mirror.Library<double[][]> {
        @Override
        public List<Long> shape(double[][] matrix) {
            return List.of((long) matrix.length, (long) matrix[0].length);
        }

        @Override
        public void read(double[][] matrix, float[] into) {
            int i = 0;
            for (double[] row : matrix) {
                for (double value : row) {
                    into[i++] = (float) value;
                }
            }
        }

        @Override
        public void write(float[] from, double[][] matrix) {
            int i = 0;
            for (double[] row : matrix) {
                for (int column = 0; column < row.length; column++) {
                    row[column] = from[i++];
                }
            }
        }
    }

    public static void main(String[] args) {
        Random random = new Random(0);
        double[][] in = gaussian(random, 2, HIDDEN); // a weight and a bias for each hidden unit
        double[][] out = gaussian(random, 1, HIDDEN + 1);
        Map<String, double[][]> params = new LinkedHashMap<>();
        params.put("in", in);
        params.put("out", out);
        try (Mirror<double[][]> mirror = new Mirror<>(new Matrices(), new Adam(0.03), params)) {
            LRScheduler scheduler = new LRScheduler(mirror.optimizer(), new CosineAnnealingLR(EPOCHS));
            for (int epoch = 0; epoch <= EPOCHS; epoch++) {
                double[][] inGrad = new double[2][HIDDEN];
                double[][] outGrad = new double[1][HIDDEN + 1];
                double loss = loss(in, out[0], inGrad, outGrad[0]);
                if (epoch % 200 == 0) {
                    System.out.println("Epoch " + epoch + ", Loss: " + Python.fixed(loss, 5) + ", LR: "
                            + Python.scientific(
                                    mirror.optimizer().groups().get(0).lr(), 2));
                }
                mirror.readGrads(Map.of("in", inGrad, "out", outGrad));
                mirror.optimizer().clipGradNorm(1);
                mirror.step();
                if (epoch < EPOCHS) {
                    scheduler.step();
                }
            }
        }
    }

    private static double[][] gaussian(Random random, int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        for (double[] row : matrix) {
            for (int column = 0; column < columns; column++) {
                row[column] = random.nextGaussian() / 2;
            }
        }
        return matrix;
    }

    /** {@return the mean squared error} The gradients are added to {@code inGrad} and {@code outGrad}. */
    private static double loss(double[][] in, double[] out, double[][] inGrad, double[] outGrad) {
        double loss = 0;
        double[] hidden = new double[HIDDEN];
        for (int point = 0; point < POINTS; point++) {
            double x = 2.0 * point / (POINTS - 1) - 1;
            double y = out[HIDDEN];
            for (int h = 0; h < HIDDEN; h++) {
                hidden[h] = Math.tanh(in[0][h] * x + in[1][h]);
                y += out[h] * hidden[h];
            }
            double error = y - Math.sin(Math.PI * x);
            loss += error * error / POINTS;
            double slope = 2 * error / POINTS;
            outGrad[HIDDEN] += slope;
            for (int h = 0; h < HIDDEN; h++) {
                outGrad[h] += slope * hidden[h];
                double inner = slope * out[h] * (1 - hidden[h] * hidden[h]);
                inGrad[0][h] += inner * x;
                inGrad[1][h] += inner;
            }
        }
        return loss;
    }
}
