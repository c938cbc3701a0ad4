package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.anneal.optim.Lamb;
import org.anneal.optim.UpdateRule;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * The formulas of the rules that compute with all parameters at once, or with numbers of a group, stated again in double precision
 * and held to the float64 runs of their authors' code.
 */
class GroupFormulasTest {
    private static final double TOLERANCE = 1e-12; // of a value of 1 and more; absolute below

    /** A parameter with what is kept for it, and its gradient in this step, if it has one. */
    private static final class Parameter {
        final double[] p;
        final Map<String, double[]> kept = new LinkedHashMap<>();
        Optional<double[]> grad = Optional.empty();

        Parameter(int number, List<Long> shape) {
            p = widened(OptimizerCase.start(number, shape));
        }

        double[] kept(String name) {
            return kept.computeIfAbsent(name, none -> new double[p.length]);
        }
    }

    private static final class Group {
        final List<Parameter> params = new ArrayList<>();
        final Map<String, Double> numbers = new LinkedHashMap<>();
        UpdateRule rule;

        Group(UpdateRule rule) {
            this.rule = rule;
        }

        double number(String name, double initial) {
            return numbers.computeIfAbsent(name, none -> initial);
        }

        double count(String name) {
            return numbers.merge(name, 1.0, Double::sum);
        }

        void forEach(BiConsumer<Parameter, double[]> use) {
            params.forEach(x -> x.grad.ifPresent(grad -> use.accept(x, grad)));
        }
    }

    static Stream<Named<OptimizerCase>> cases() {
        return OptimizerGoldenTest.cases().filter(golden -> !RuleFormulasTest.isAlone(golden.getPayload()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void giveTheAuthorsNumbersInDoublePrecision(OptimizerCase golden) {
        JsonNode expected = golden.run("float64");
        List<Group> groups = new ArrayList<>();
        List<Parameter> all = new ArrayList<>();
        for (int step = 1; step <= OptimizerCase.STEPS; step++) {
            for (int g = groups.size(); g < golden.groups() && golden.firstStep(g) == step; g++) {
                Group group = new Group(golden.rule(g, step));
                for (List<Long> shape : golden.shapes(g)) {
                    group.params.add(new Parameter(all.size(), shape));
                    all.add(group.params.get(group.params.size() - 1));
                }
                groups.add(group);
            }
            for (int g = 0; g < groups.size(); g++) {
                groups.get(g).rule = golden.rule(g, step).withLr(golden.lr(g, step));
            }
            for (int p = 0; p < all.size(); p++) {
                all.get(p).grad = golden.grad(p, step, all.get(p).p.length).map(GroupFormulasTest::widened);
            }
            step(groups);
            compare(expected.get("params").path(Integer.toString(step)), all, "after step " + step);
        }
        for (int p = 0; p < all.size(); p++) {
            JsonNode state = expected.get("state").get(p);
            String of = " of parameter " + p;
            all.get(p).kept.forEach((name, values) -> compare(state.get(name), values, name + of));
        }
        for (int g = 0; g < groups.size(); g++) {
            JsonNode numbers = expected.get("numbers").get(g);
            String of = " of group " + g;
            groups.get(g)
                    .numbers
                    .forEach((name, value) -> assertEquals(
                            numbers.get(name).asDouble(), value, TOLERANCE * Math.max(1, value), name + of));
        }
    }

    private static void compare(JsonNode expected, List<Parameter> params, String when) {
        for (int p = 0; p < expected.size(); p++) {
            compare(expected.get(p), params.get(p).p, "parameter " + p + " " + when);
        }
    }

    private static void compare(JsonNode expected, double[] values, String what) {
        for (int i = 0; i < values.length; i++) {
            double value = expected.get(i).asDouble();
            assertEquals(value, values[i], TOLERANCE * Math.max(1, Math.abs(value)), what + "[" + i + "]");
        }
    }

    private static void step(List<Group> groups) {
        UpdateRule first = groups.get(0).rule;
        if (first instanceof Lamb rule) {
            lamb(rule, groups);
        } else {
            throw new IllegalArgumentException("no formula of " + first);
        }
    }

    private static void lamb(Lamb first, List<Group> groups) {
        double[] norm = new double[1];
        groups.forEach(group -> group.forEach((x, grad) -> norm[0] += dot(grad, grad)));
        double clip = Math.max(1, Math.sqrt(norm[0]) / first.maxGradNorm().orElse(Double.POSITIVE_INFINITY));
        for (Group group : groups) {
            Lamb r = (Lamb) group.rule;
            double t = group.count("step");
            double c1 = r.biasCorrection() ? 1 - Math.pow(r.beta1(), t) : 1;
            double c2 = r.biasCorrection() ? 1 - Math.pow(r.beta2(), t) : 1;
            group.forEach((x, grad) -> {
                double[] m = x.kept("exp_avg");
                double[] v = x.kept("exp_avg_sq");
                double[] u = new double[grad.length];
                for (int i = 0; i < u.length; i++) {
                    double g = grad[i] / clip;
                    m[i] = r.beta1() * m[i] + (r.gradAveraging() ? 1 - r.beta1() : 1) * g;
                    v[i] = r.beta2() * v[i] + (1 - r.beta2()) * g * g;
                    u[i] = m[i] / c1 / (Math.sqrt(v[i] / c2) + r.eps());
                    if (r.decoupledDecay()) {
                        x.p[i] -= r.lr() * r.weightDecay() * x.p[i];
                    } else {
                        u[i] += r.weightDecay() * x.p[i];
                    }
                }
                double size = Math.sqrt(dot(x.p, x.p));
                double length = Math.sqrt(dot(u, u));
                boolean adapts = (r.weightDecay() != 0 || r.alwaysAdapt()) && size > 0 && length > 0;
                double ratio = adapts ? size / length : 1;
                for (int i = 0; i < u.length; i++) {
                    x.p[i] -= r.lr() * (r.trustClip() ? Math.min(1, ratio) : ratio) * u[i];
                }
            });
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }
}
