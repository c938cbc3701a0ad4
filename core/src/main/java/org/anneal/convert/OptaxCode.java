package org.anneal.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Exponential;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.From;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;
import org.anneal.schedule.Shape;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.Warmup;
import org.anneal.text.Dialect;

/** Writes schedules for optax. */
final class OptaxCode extends ArrayCode {
    OptaxCode() {
        super(Dialect.JAX);
    }

    @Override
    Optional<String> call(Schedule schedule, double base) {
        if (schedule instanceof StepLR step && step.gamma() > 0) {
            return exponential(base, step.stepSize(), step.gamma(), true, 0);
        } else if (schedule instanceof ExponentialLR each && each.gamma() > 0) {
            return exponential(base, 1, each.gamma(), false, 0);
        } else if (schedule instanceof Exponential each && (each.floor() == 0 || each.decayRate() < 1)) {
            return exponential(base, each.decaySteps(), each.decayRate(), each.staircase(), each.floor());
        } else if (schedule instanceof MultiStepLR steps) {
            Map<Long, Double> scales = new LinkedHashMap<>();
            steps.milestones()
                    .forEach(milestone -> scales.merge(milestone, steps.gamma(), (one, other) -> one * other));
            return Optional.of(call(
                    "optax.piecewise_constant_schedule", named("init_value", base, "boundaries_and_scales", scales)));
        } else if (schedule instanceof HalfCosine cosine && cosine.k() == 1) {
            return Optional.of(call(
                    "optax.cosine_decay_schedule",
                    named(
                            "init_value",
                            base,
                            "decay_steps",
                            cosine.steps(),
                            "alpha",
                            cosine.floor(),
                            "exponent",
                            cosine.exponent())));
        } else if (schedule instanceof LinearLR linear && linear.totalIters() > 0) {
            return line(base * linear.startFactor(), base * linear.endFactor(), linear.totalIters());
        } else if (schedule instanceof Warmup warmup && warmup.shape() == Shape.LINEAR && warmup.steps() > 0) {
            return line(base * warmup.start(), base, warmup.steps());
        } else if (schedule instanceof PolynomialLR polynomial && polynomial.totalIters() > 0) {
            return power(base, 0, polynomial.power(), polynomial.totalIters());
        } else if (schedule instanceof Polynomial polynomial && !polynomial.cycle()) {
            return power(base * polynomial.start(), base * polynomial.end(), polynomial.power(), polynomial.steps());
        } else if (schedule instanceof From from) {
            return call(from.schedule(), from.lr());
        } else if (schedule instanceof SequentialLR sequence) {
            return sequence(sequence, base);
        }
        return Optional.empty();
    }

    private Optional<String> sequence(SequentialLR sequence, double base) {
        List<String> calls = new ArrayList<>();
        for (Schedule piece : sequence.schedules()) {
            call(piece, base).ifPresent(calls::add);
        }
        return calls.size() < sequence.schedules().size()
                        || sequence.milestones().contains(0L)
                ? Optional.empty()
                : Optional.of("optax.join_schedules(\n    schedules=[\n        " + String.join(",\n        ", calls)
                        + ",\n    ],\n    boundaries=" + sequence.milestones() + ",\n)");
    }

    private static Optional<String> exponential(double base, long steps, double rate, boolean staircase, double floor) {
        Map<String, Object> arguments = named("init_value", base, "transition_steps", steps, "decay_rate", rate);
        if (staircase) {
            arguments.put("staircase", true);
        }
        if (floor > 0) {
            arguments.put("end_value", base * floor);
        }
        return Optional.of(call("optax.exponential_decay", arguments));
    }

    private static Optional<String> line(double from, double to, long steps) {
        return Optional.of(
                call("optax.linear_schedule", named("init_value", from, "end_value", to, "transition_steps", steps)));
    }

    private static Optional<String> power(double from, double to, double power, long steps) {
        return Optional.of(call(
                "optax.polynomial_schedule",
                named("init_value", from, "end_value", to, "power", power, "transition_steps", steps)));
    }

    @Override
    String function(String name, String rate) {
        return "\ndef " + name + "(step):\n    step = jnp.asarray(step, jnp.float32)\n    return " + rate + "\n\n\n";
    }

    @Override
    Optional<String> optimizer(UpdateRule rule, String schedule) {
        if (rule instanceof SGD sgd && isPlain(sgd)) {
            return optimizer("optax.sgd", schedule, named("momentum", sgd.momentum(), "nesterov", sgd.nesterov()));
        } else if (rule instanceof Adam adam && isPlain(adam)) {
            return optimizer("optax.adam", schedule, named("b1", adam.beta1(), "b2", adam.beta2(), "eps", adam.eps()));
        } else if (rule instanceof AdamW adam && isPlain(adam)) {
            return optimizer(
                    "optax.adamw",
                    schedule,
                    named(
                            "b1",
                            adam.beta1(),
                            "b2",
                            adam.beta2(),
                            "eps",
                            adam.eps(),
                            "weight_decay",
                            adam.weightDecay()));
        }
        return Optional.empty();
    }

    @Override
    String imports(boolean functions) {
        return (functions ? "import jax.numpy as jnp\n" : "") + "import optax\n";
    }
}
