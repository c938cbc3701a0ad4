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
import org.anneal.optim.AdamWScheduleFree;
import org.anneal.optim.DAdaptAdam;
import org.anneal.optim.DAdaptSGD;
import org.anneal.optim.Lamb;
import org.anneal.optim.Prodigy;
import org.anneal.optim.SGDScheduleFree;
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

        double[] kept(String name, double[] initial) {
            return kept.computeIfAbsent(name, none -> initial.clone());
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
        } else if (first instanceof SGDScheduleFree) {
            groups.forEach(group -> sgdScheduleFree((SGDScheduleFree) group.rule, group));
        } else if (first instanceof AdamWScheduleFree) {
            groups.forEach(group -> adamWScheduleFree((AdamWScheduleFree) group.rule, group));
        } else if (first instanceof Prodigy rule) {
            prodigy(rule, groups);
        } else if (first instanceof DAdaptSGD rule) {
            dAdaptSgd(rule, groups);
        } else if (first instanceof DAdaptAdam rule) {
            dAdaptAdam(rule, groups);
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

    /** With the average itself, {@code x}, which the rule does not keep. */
    private static void sgdScheduleFree(SGDScheduleFree r, Group group) {
        double[] at = average(group, r.lr(), (double) r.warmupSteps(), r.r(), r.weightLrPower());
        group.forEach((x, grad) -> {
            double[] g = new double[grad.length];
            for (int i = 0; i < g.length; i++) {
                g[i] = grad[i] + r.weightDecay() * x.p[i];
            }
            scheduleFree(x, g, at, r.momentum());
        });
    }

    private static void adamWScheduleFree(AdamWScheduleFree r, Group group) {
        double[] at = average(group, r.lr(), (double) r.warmupSteps(), r.r(), r.weightLrPower());
        double correction = 1 - Math.pow(r.beta2(), group.number("k", 0));
        group.forEach((x, grad) -> {
            double[] v = x.kept("exp_avg_sq");
            double[] g = new double[grad.length];
            for (int i = 0; i < g.length; i++) {
                v[i] = r.beta2() * v[i] + (1 - r.beta2()) * grad[i] * grad[i];
                g[i] = grad[i] / (Math.sqrt(v[i] / correction) + r.eps()) + r.weightDecay() * x.p[i];
            }
            scheduleFree(x, g, at, r.beta1());
        });
    }

    /** {@return the rate of a step, and the share of the newest weights in the average} */
    private static double[] average(Group group, double lr, double warmup, double r, double power) {
        double t = group.count("k");
        double s = lr * (warmup == 0 ? 1 : Math.min(1, t / warmup));
        double most = Math.max(s, group.number("lr_max", -1));
        double w = Math.pow(t, r) * Math.pow(most, power);
        double sum = group.number("weight_sum", 0) + w;
        group.numbers.put("lr_max", most);
        group.numbers.put("weight_sum", sum);
        group.numbers.put("scheduled_lr", s);
        return new double[] {s, sum == 0 ? 0 : w / sum};
    }

    private static void scheduleFree(Parameter x, double[] g, double[] at, double beta) {
        double[] z = x.kept("z", x.p);
        for (int i = 0; i < g.length; i++) {
            double average = (x.p[i] - (1 - beta) * z[i]) / beta;
            z[i] -= at[0] * g[i];
            average = (1 - at[1]) * average + at[1] * z[i];
            x.p[i] = beta * average + (1 - beta) * z[i];
        }
    }

    private static void prodigy(Prodigy first, List<Group> groups) {
        double lr = groups.stream().mapToDouble(group -> group.rule.lr()).max().orElseThrow();
        double beta3 = first.beta3().orElse(Math.sqrt(first.beta2()));
        double d = groups.get(0).number("d", first.d0());
        double t = groups.get(0).number("k", 0) + 1;
        double s = d
                * lr
                * (first.useBiasCorrection()
                        ? Math.sqrt(1 - Math.pow(first.beta2(), t)) / (1 - Math.pow(first.beta1(), t))
                        : 1);
        double[] sums = {beta3 * groups.get(0).number("d_numerator", 0), 0};
        for (Group group : groups) {
            Prodigy r = (Prodigy) group.rule;
            group.forEach((x, grad) -> {
                double[] p0 = x.kept("p0", x.p);
                double[] a = x.kept("s");
                double[] m = first.beta1() == 0 ? new double[grad.length] : x.kept("exp_avg");
                double[] v = x.kept("exp_avg_sq");
                for (int i = 0; i < grad.length && r.lr() > 0; i++) {
                    double g = grad[i] + (first.decouple() ? 0 : r.weightDecay() * x.p[i]);
                    sums[0] += d / r.d0() * s * g * (p0[i] - x.p[i]);
                    a[i] = beta3 * a[i] + d / r.d0() * (r.safeguardWarmup() ? d : s) * g;
                    sums[1] += Math.abs(a[i]);
                    m[i] = first.beta1() * m[i] + (1 - first.beta1()) * d * g;
                    v[i] = first.beta2() * v[i] + (1 - first.beta2()) * d * d * g * g;
                }
            });
        }
        if (sums[1] == 0) {
            return;
        }
        double e = first.dCoef() * sums[0] / sums[1];
        double most = Math.max(groups.get(0).number("d_max", first.d0()), e);
        double next = Math.min(most, first.growthRate() * (d == first.d0() ? Math.max(d, e) : d));
        for (Group group : groups) {
            Prodigy r = (Prodigy) group.rule;
            group.numbers.putAll(
                    Map.of("d", next, "d_max", most, "d_numerator", sums[0], "d_denom", sums[1], "d_hat", e));
            group.count("k");
            group.forEach((x, grad) -> {
                for (int i = 0; i < grad.length; i++) {
                    double g = grad[i] + (first.decouple() ? 0 : r.weightDecay() * x.p[i]);
                    double m = first.beta1() == 0 ? next * g : x.kept("exp_avg")[i];
                    x.p[i] -= first.decouple() ? s * r.weightDecay() * x.p[i] : 0;
                    x.p[i] -= s * m / (Math.sqrt(x.kept("exp_avg_sq")[i]) + next * r.eps());
                }
            });
        }
    }

    private static void dAdaptSgd(DAdaptSGD r, List<Group> groups) {
        double lr = groups.stream().mapToDouble(group -> group.rule.lr()).max().orElseThrow();
        double d = groups.get(0).number("d", r.d0());
        double[] sums = {0, groups.get(0).number("numerator_weighted", 0), 0};
        groups.forEach(group -> group.forEach((x, grad) -> sums[0] += group.rule.lr() > 0 ? dot(grad, grad) : 0));
        double norm = groups.get(0).number("g0_norm", Math.sqrt(sums[0]));
        double w = d * lr / norm;
        for (Group group : groups) {
            group.forEach((x, grad) -> {
                double[] s = x.kept("s");
                for (int i = 0; i < s.length && group.rule.lr() > 0; i++) {
                    double g = grad[i] + r.weightDecay() * x.p[i];
                    sums[1] += w * g * s[i];
                    s[i] += w * g;
                }
                sums[2] += group.rule.lr() > 0 ? dot(s, s) : 0;
            });
        }
        double next = Math.max(d, Math.min(2 * sums[1] / Math.sqrt(sums[2]), r.growthRate() * d));
        double k = groups.get(0).number("k", 0) + 1;
        for (Group group : groups) {
            group.numbers.putAll(Map.of("d", next, "numerator_weighted", sums[1], "g0_norm", norm, "k", k));
            group.forEach((x, grad) -> {
                double[] x0 = x.kept("x0", x.p);
                double[] z = x.kept("z");
                for (int i = 0; i < z.length; i++) {
                    z[i] = x0[i] - x.kept("s")[i];
                    x.p[i] = r.momentum() * x.p[i] + (1 - r.momentum()) * z[i];
                }
            });
        }
    }

    private static void dAdaptAdam(DAdaptAdam first, List<Group> groups) {
        double lr = groups.stream().mapToDouble(group -> group.rule.lr()).max().orElseThrow();
        double d = groups.get(0).number("d", first.d0());
        double t = groups.get(0).number("k", 0) + 1;
        double w = d
                * lr
                * (first.useBiasCorrection()
                        ? Math.sqrt(1 - Math.pow(first.beta2(), t)) / (1 - Math.pow(first.beta1(), t))
                        : 1);
        double b = Math.sqrt(first.beta2());
        double[] sums = new double[2];
        for (Group group : groups) {
            DAdaptAdam r = (DAdaptAdam) group.rule;
            group.forEach((x, grad) -> {
                double[] s = x.kept("s");
                double[] m = x.kept("exp_avg");
                double[] v = x.kept("exp_avg_sq");
                for (int i = 0; i < s.length && r.lr() > 0; i++) {
                    double g = grad[i] + (first.decouple() ? 0 : r.weightDecay() * x.p[i]);
                    sums[0] += w * g * s[i] / (Math.sqrt(v[i]) + r.eps());
                    m[i] = first.beta1() * m[i] + (1 - first.beta1()) * w * g;
                    v[i] = first.beta2() * v[i] + (1 - first.beta2()) * g * g;
                    s[i] = b * s[i] + (1 - b) * w * g;
                    sums[1] += Math.abs(s[i]);
                }
            });
        }
        if (sums[1] == 0) {
            return;
        }
        double n = b * groups.get(0).number("numerator_weighted", 0) + (1 - b) * sums[0];
        double next = Math.max(d, Math.min(n / ((1 - b) * sums[1]), first.growthRate() * d));
        for (Group group : groups) {
            DAdaptAdam r = (DAdaptAdam) group.rule;
            group.numbers.putAll(Map.of("d", next, "numerator_weighted", n));
            group.count("k");
            group.forEach((x, grad) -> {
                for (int i = 0; i < grad.length; i++) {
                    x.p[i] -= first.decouple() ? w * r.weightDecay() * x.p[i] : 0;
                    x.p[i] -= x.kept("exp_avg")[i] / (Math.sqrt(x.kept("exp_avg_sq")[i]) + r.eps());
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
