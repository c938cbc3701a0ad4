package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.optim.ASGD;
import org.anneal.optim.Adadelta;
import org.anneal.optim.Adafactor;
import org.anneal.optim.Adagrad;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.Adamax;
import org.anneal.optim.Lion;
import org.anneal.optim.Muon;
import org.anneal.optim.NAdam;
import org.anneal.optim.RAdam;
import org.anneal.optim.RMSprop;
import org.anneal.optim.Rprop;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * The formulas that the rules document, stated again in double precision and held to PyTorch's float64 runs. Scalars that are
 * kept (NAdam's product, ASGD's rate and weight) are float32 there too, and so here.
 */
class RuleFormulasTest {
    private static final double TOLERANCE = 1e-12; // of a value of 1 and more; absolute below
    private static final double DOUBLE_PRECISION = Math.ulp(1.0);

    /** A parameter, what is kept for it, and the gradient of a step. */
    private static final class Parameter {
        final List<Long> shape;
        final double[] p;
        final Map<String, double[]> kept = new LinkedHashMap<>();
        int t;

        Parameter(int number, List<Long> shape) {
            this.shape = shape;
            this.p = widened(OptimizerCase.start(number, shape));
        }

        double[] kept(String name) {
            return kept(name, p.length, 0);
        }

        double[] kept(String name, int length, double initial) {
            return kept.computeIfAbsent(name, none -> {
                double[] values = new double[length];
                Arrays.fill(values, initial);
                return values;
            });
        }
    }

    static Stream<Named<OptimizerCase>> cases() {
        return OptimizerGoldenTest.cases().filter(golden -> isAlone(golden.getPayload()));
    }

    /** {@return whether a rule updates each parameter on its own; GroupFormulasTest has the others} */
    static boolean isAlone(OptimizerCase golden) {
        return golden.rule(0, 1).groupSlots().isEmpty();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givePyTorchsNumbersInDoublePrecision(OptimizerCase golden) {
        JsonNode expected = golden.run("float64");
        List<List<Parameter>> groups = new ArrayList<>();
        List<Parameter> all = new ArrayList<>();
        for (int step = 1; step <= OptimizerCase.STEPS; step++) {
            for (int g = groups.size(); g < golden.groups() && golden.firstStep(g) == step; g++) {
                List<Parameter> group = new ArrayList<>();
                for (List<Long> shape : golden.shapes(g)) {
                    group.add(new Parameter(all.size(), shape));
                    all.add(group.get(group.size() - 1));
                }
                groups.add(group);
            }
            for (int g = 0; g < groups.size(); g++) {
                UpdateRule rule = golden.rule(g, step).withLr(golden.lr(g, step));
                for (Parameter x : groups.get(g)) {
                    Optional<float[]> grad = golden.grad(all.indexOf(x), step, x.p.length);
                    if (grad.isPresent()) {
                        x.t++;
                        step(rule, x, widened(grad.get()));
                    }
                }
            }
            JsonNode values = expected.get("params").path(Integer.toString(step));
            for (int p = 0; p < values.size(); p++) {
                compare(values.get(p), all.get(p).p, "parameter " + p + " after step " + step);
            }
        }
        for (Parameter x : all) {
            int number = all.indexOf(x);
            x.kept.forEach((name, values) ->
                    compare(expected.get("state").get(number).get(name), values, name + " of parameter " + number));
        }
    }

    private static void compare(JsonNode expected, double[] values, String what) {
        for (int i = 0; i < values.length; i++) {
            double value = (expected.isArray() ? expected.get(i) : expected).asDouble();
            assertEquals(value, values[i], TOLERANCE * Math.max(1, Math.abs(value)), what + "[" + i + "]");
        }
    }

    private static void step(UpdateRule any, Parameter x, double[] grad) {
        double[] p = x.p;
        int t = x.t;
        if (any instanceof SGD r) {
            double[] g = decayed(grad, p, r.maximize(), r.weightDecay());
            boolean first = !x.kept.containsKey("momentum_buffer");
            for (int i = 0; i < p.length; i++) {
                if (r.momentum() != 0) {
                    double[] b = x.kept("momentum_buffer");
                    b[i] = first ? g[i] : r.momentum() * b[i] + (1 - r.dampening()) * g[i];
                    g[i] = r.nesterov() ? g[i] + r.momentum() * b[i] : b[i];
                }
                p[i] -= r.lr() * g[i];
            }
        } else if (any instanceof AdamW r) {
            adam(
                    new Adam(r.lr(), r.beta1(), r.beta2(), r.eps(), r.weightDecay(), r.amsgrad(), r.maximize(), true),
                    x,
                    grad);
        } else if (any instanceof Adam r) {
            adam(r, x, grad);
        } else if (any instanceof Adagrad r) {
            double[] g = decayed(grad, p, r.maximize(), r.weightDecay());
            double[] s = x.kept("sum", p.length, r.initialAccumulatorValue());
            for (int i = 0; i < p.length; i++) {
                s[i] += g[i] * g[i];
                p[i] -= r.lr() / (1 + (t - 1) * r.lrDecay()) * g[i] / (Math.sqrt(s[i]) + r.eps());
            }
        } else if (any instanceof RMSprop r) {
            rmsprop(r, x, grad);
        } else if (any instanceof Adadelta r) {
            double[] g = decayed(grad, p, r.maximize(), r.weightDecay());
            double[] v = x.kept("square_avg");
            double[] a = x.kept("acc_delta");
            for (int i = 0; i < p.length; i++) {
                v[i] = r.rho() * v[i] + (1 - r.rho()) * g[i] * g[i];
                double d = Math.sqrt(a[i] + r.eps()) / Math.sqrt(v[i] + r.eps()) * g[i];
                a[i] = r.rho() * a[i] + (1 - r.rho()) * d * d;
                p[i] -= r.lr() * d;
            }
        } else if (any instanceof Adamax r) {
            double[] g = decayed(grad, p, r.maximize(), r.weightDecay());
            double[] m = x.kept("exp_avg");
            double[] u = x.kept("exp_inf");
            for (int i = 0; i < p.length; i++) {
                m[i] = r.beta1() * m[i] + (1 - r.beta1()) * g[i];
                u[i] = Math.max(r.beta2() * u[i], Math.abs(g[i]) + r.eps());
                p[i] -= r.lr() / (1 - Math.pow(r.beta1(), t)) * m[i] / u[i];
            }
        } else if (any instanceof NAdam r) {
            nadam(r, x, grad);
        } else if (any instanceof RAdam r) {
            radam(r, x, grad);
        } else if (any instanceof ASGD r) {
            double[] g = decayed(grad, p, r.maximize(), r.weightDecay());
            double[] e = x.kept("eta", 1, (float) r.lr());
            double[] u = x.kept("mu", 1, 1);
            double[] a = x.kept("ax");
            for (int i = 0; i < p.length; i++) {
                p[i] = p[i] * (1 - r.lambd() * e[0]) - e[0] * g[i];
                a[i] += (p[i] - a[i]) * u[0];
            }
            e[0] = (float) (r.lr() / Math.pow(1 + r.lambd() * r.lr() * t, r.alpha()));
            u[0] = (float) (1 / Math.max(1, t - r.t0()));
        } else if (any instanceof Rprop r) {
            double[] g = decayed(grad, p, r.maximize(), 0);
            double[] h = x.kept("prev");
            double[] s = x.kept("step_size", p.length, r.lr());
            for (int i = 0; i < p.length; i++) {
                double turn = Math.signum(g[i] * h[i]);
                double factor = turn > 0 ? r.etaPlus() : turn < 0 ? r.etaMinus() : 1;
                s[i] = Math.min(Math.max(factor * s[i], r.minStep()), r.maxStep());
                h[i] = turn < 0 ? 0 : g[i];
                p[i] -= Math.signum(h[i]) * s[i];
            }
        } else if (any instanceof Adafactor r) {
            adafactor(r, x, grad);
        } else if (any instanceof Muon r) {
            muon(r, x, grad);
        } else if (any instanceof Lion r) {
            double[] m = x.kept("exp_avg");
            for (int i = 0; i < p.length; i++) {
                p[i] -= r.lr() * r.weightDecay() * p[i];
                p[i] -= r.lr() * Math.signum(r.beta1() * m[i] + (1 - r.beta1()) * grad[i]);
                m[i] = r.beta2() * m[i] + (1 - r.beta2()) * grad[i];
            }
        } else {
            throw new IllegalArgumentException("no formula of " + any);
        }
    }

    private static void adam(Adam r, Parameter x, double[] grad) {
        double[] p = x.p;
        decay(p, r.decoupledWeightDecay() ? r.lr() * r.weightDecay() : 0);
        double[] g = decayed(grad, p, r.maximize(), r.decoupledWeightDecay() ? 0 : r.weightDecay());
        double[] m = x.kept("exp_avg");
        double[] v = x.kept("exp_avg_sq");
        for (int i = 0; i < p.length; i++) {
            m[i] = r.beta1() * m[i] + (1 - r.beta1()) * g[i];
            v[i] = r.beta2() * v[i] + (1 - r.beta2()) * g[i] * g[i];
            double w = v[i];
            if (r.amsgrad()) {
                double[] max = x.kept("max_exp_avg_sq");
                max[i] = Math.max(max[i], w);
                w = max[i];
            }
            p[i] -= r.lr()
                    / (1 - Math.pow(r.beta1(), x.t))
                    * m[i]
                    / (Math.sqrt(w) / Math.sqrt(1 - Math.pow(r.beta2(), x.t)) + r.eps());
        }
    }

    private static void rmsprop(RMSprop r, Parameter x, double[] grad) {
        double[] p = x.p;
        double[] g = decayed(grad, p, r.maximize(), r.weightDecay());
        double[] v = x.kept("square_avg");
        for (int i = 0; i < p.length; i++) {
            v[i] = r.alpha() * v[i] + (1 - r.alpha()) * g[i] * g[i];
            double square = v[i];
            if (r.centered()) {
                double[] m = x.kept("grad_avg");
                m[i] = r.alpha() * m[i] + (1 - r.alpha()) * g[i];
                square -= m[i] * m[i];
            }
            double d = g[i] / (Math.sqrt(square) + r.eps());
            if (r.momentum() > 0) {
                double[] b = x.kept("momentum_buffer");
                b[i] = r.momentum() * b[i] + d;
                d = b[i];
            }
            p[i] -= r.lr() * d;
        }
    }

    private static void nadam(NAdam r, Parameter x, double[] grad) {
        double[] p = x.p;
        decay(p, r.decoupledWeightDecay() ? r.lr() * r.weightDecay() : 0);
        double[] g = decayed(grad, p, r.maximize(), r.decoupledWeightDecay() ? 0 : r.weightDecay());
        double[] m = x.kept("exp_avg");
        double[] v = x.kept("exp_avg_sq");
        double[] product = x.kept("mu_product", 1, 1);
        double now = r.beta1() * (1 - Math.pow(0.96, x.t * r.momentumDecay()) / 2);
        double next = r.beta1() * (1 - Math.pow(0.96, (x.t + 1) * r.momentumDecay()) / 2);
        product[0] = (float) product[0] * (float) now;
        for (int i = 0; i < p.length; i++) {
            m[i] = r.beta1() * m[i] + (1 - r.beta1()) * g[i];
            v[i] = r.beta2() * v[i] + (1 - r.beta2()) * g[i] * g[i];
            double d = Math.sqrt(v[i] / (1 - Math.pow(r.beta2(), x.t))) + r.eps();
            p[i] -= r.lr() * (1 - now) / (1 - product[0]) * g[i] / d
                    + r.lr() * next / (1 - product[0] * next) * m[i] / d;
        }
    }

    private static void radam(RAdam r, Parameter x, double[] grad) {
        double[] p = x.p;
        decay(p, r.decoupledWeightDecay() ? r.lr() * r.weightDecay() : 0);
        double[] g = decayed(grad, p, r.maximize(), r.decoupledWeightDecay() ? 0 : r.weightDecay());
        double[] m = x.kept("exp_avg");
        double[] v = x.kept("exp_avg_sq");
        double power = Math.pow(r.beta2(), x.t);
        double n = 2 / (1 - r.beta2()) - 1;
        double k = n - 2 * x.t * power / (1 - power);
        for (int i = 0; i < p.length; i++) {
            m[i] = r.beta1() * m[i] + (1 - r.beta1()) * g[i];
            v[i] = r.beta2() * v[i] + (1 - r.beta2()) * g[i] * g[i];
            double update = r.lr() * m[i] / (1 - Math.pow(r.beta1(), x.t));
            if (k > 5) {
                update *= Math.sqrt(1 - power) / (Math.sqrt(v[i]) + r.eps());
                update *= Math.sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k));
            }
            p[i] -= update;
        }
    }

    private static void adafactor(Adafactor r, Parameter x, double[] grad) {
        double[] p = x.p;
        double eps1 = r.eps1().orElse(DOUBLE_PRECISION);
        double w = Math.pow(x.t, r.beta2Decay());
        double a = Math.max(r.eps2(), rms(p)) * Math.min(r.lr(), 1 / Math.sqrt(x.t));
        decay(p, r.lr() * r.weightDecay());
        double[] g = decayed(grad, p, r.maximize(), 0);
        double[] v = new double[p.length];
        if (x.shape.size() < 2) {
            double[] variance = x.kept("variance");
            for (int i = 0; i < p.length; i++) {
                variance[i] += w * (g[i] * g[i] - variance[i]);
            }
            v = variance;
        } else {
            int columns = (int) (long) x.shape.get(x.shape.size() - 1);
            int rows = (int) (long) x.shape.get(x.shape.size() - 2);
            int matrices = p.length / rows / columns;
            double[] rowSquares = x.kept("row_var", matrices * rows, 0);
            double[] columnSquares = x.kept("col_var", matrices * columns, 0);
            double[] ofRows = new double[rowSquares.length];
            double[] ofColumns = new double[columnSquares.length];
            for (int i = 0; i < p.length; i++) {
                ofRows[i / columns] += g[i] * g[i] / columns;
                ofColumns[i / columns / rows * columns + i % columns] += g[i] * g[i] / rows;
            }
            approach(rowSquares, ofRows, w);
            approach(columnSquares, ofColumns, w);
            double[] mean = new double[matrices];
            for (int i = 0; i < rowSquares.length; i++) {
                mean[i / rows] += rowSquares[i] / rows;
            }
            for (int i = 0; i < p.length; i++) {
                int matrix = i / columns / rows;
                v[i] = rowSquares[i / columns]
                        * columnSquares[matrix * columns + i % columns]
                        / Math.max(mean[matrix], eps1);
            }
        }
        double[] u = new double[p.length];
        for (int i = 0; i < p.length; i++) {
            u[i] = g[i] / Math.sqrt(Math.max(v[i], eps1 * eps1));
        }
        double excess = Math.max(1, rms(u) / r.d());
        for (int i = 0; i < p.length; i++) {
            p[i] -= a * u[i] / excess;
        }
    }

    private static void muon(Muon r, Parameter x, double[] grad) {
        double[] b = x.kept("momentum_buffer");
        double[] g = new double[b.length];
        for (int i = 0; i < b.length; i++) {
            b[i] = r.momentum() * b[i] + (1 - r.momentum()) * grad[i];
            g[i] = r.nesterov() ? (1 - r.momentum()) * grad[i] + r.momentum() * b[i] : b[i];
        }
        int rows = (int) (long) x.shape.get(0);
        int columns = (int) (long) x.shape.get(1);
        double[][] update = new double[rows][columns];
        for (int i = 0; i < g.length; i++) {
            update[i / columns][i % columns] = bfloat16(g[i]);
        }
        update = rows > columns ? transposed(orthogonal(r, transposed(update))) : orthogonal(r, update);
        double ratio = r.adjustLr().equals(Optional.of(Muon.AdjustLr.MATCH_RMS_ADAMW))
                ? 0.2 * Math.sqrt(Math.max(rows, columns))
                : Math.sqrt(Math.max(1, (double) rows / columns));
        decay(x.p, r.lr() * r.weightDecay());
        for (int i = 0; i < g.length; i++) {
            x.p[i] -= r.lr() * ratio * update[i / columns][i % columns];
        }
    }

    private static double[][] orthogonal(Muon r, double[][] given) {
        double sum = 0;
        for (double[] row : given) {
            for (double value : row) {
                sum += value * value;
            }
        }
        double norm = Math.max(bfloat16(Math.sqrt(sum)), bfloat16(r.eps()));
        double[][] x = new double[given.length][given[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[i].length; j++) {
                x[i][j] = bfloat16(given[i][j] / norm);
            }
        }
        List<Double> c = r.nsCoefficients();
        for (int n = 0; n < r.nsSteps(); n++) {
            double[][] a = sum(0, x, 1, x, transposed(x));
            x = sum(c.get(0), x, 1, sum(c.get(1), a, c.get(2), a, a), x);
        }
        return x;
    }

    /** {@return {@code beta * added + alpha * left right} in bfloat16} */
    private static double[][] sum(double beta, double[][] added, double alpha, double[][] left, double[][] right) {
        double[][] sum = new double[left.length][right[0].length];
        for (int i = 0; i < left.length; i++) {
            for (int j = 0; j < right[0].length; j++) {
                double product = 0;
                for (int k = 0; k < right.length; k++) {
                    product += left[i][k] * right[k][j];
                }
                sum[i][j] = bfloat16(alpha * product + (beta == 0 ? 0 : beta * added[i][j]));
            }
        }
        return sum;
    }

    private static double[][] transposed(double[][] matrix) {
        double[][] turned = new double[matrix[0].length][matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix[i].length; j++) {
                turned[j][i] = matrix[i][j];
            }
        }
        return turned;
    }

    /** {@return the nearest number of 8 significant bits, the even one of two} */
    private static double bfloat16(double value) {
        double unit = Math.scalb(1.0, Math.getExponent(value) - 7);
        return value == 0 ? value : Math.rint(value / unit) * unit;
    }

    private static void decay(double[] p, double part) {
        for (int i = 0; i < p.length; i++) {
            p[i] -= part * p[i];
        }
    }

    private static double[] decayed(double[] grad, double[] p, boolean maximize, double decay) {
        double[] g = new double[p.length];
        for (int i = 0; i < p.length; i++) {
            g[i] = (maximize ? -grad[i] : grad[i]) + decay * p[i];
        }
        return g;
    }

    private static void approach(double[] values, double[] targets, double weight) {
        for (int i = 0; i < values.length; i++) {
            values[i] += weight * (targets[i] - values[i]);
        }
    }

    private static double rms(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value * value;
        }
        return Math.sqrt(sum / values.length);
    }

    private static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
