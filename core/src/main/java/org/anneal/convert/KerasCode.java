package org.anneal.convert;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.CosineCycles;
import org.anneal.schedule.Exponential;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.From;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.InverseTime;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;
import org.anneal.schedule.Shape;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.Warmup;
import org.anneal.text.Dialect;

/** Writes schedules for Keras 3. */
final class KerasCode extends ArrayCode {
    private static final String SCHEDULES = "keras.optimizers.schedules.";

    KerasCode() {
        super(Dialect.KERAS);
    }

    @Override
    Optional<String> call(Schedule schedule, double base) {
        if (schedule instanceof StepLR step && step.gamma() > 0) {
            return exponential(base, step.stepSize(), step.gamma(), true);
        } else if (schedule instanceof ExponentialLR each && each.gamma() > 0) {
            return exponential(base, 1, each.gamma(), false);
        } else if (schedule instanceof Exponential each && each.floor() == 0) {
            return exponential(base, each.decaySteps(), each.decayRate(), each.staircase());
        } else if (schedule instanceof InverseTime each) {
            return decay(
                    "InverseTimeDecay",
                    named(
                            "initial_learning_rate",
                            base,
                            "decay_steps",
                            each.decaySteps(),
                            "decay_rate",
                            each.decayRate(),
                            "staircase",
                            each.staircase()));
        } else if (schedule instanceof MultiStepLR steps
                && new HashSet<>(steps.milestones()).size()
                        == steps.milestones().size()) {
            return pieces(
                    steps.milestones(),
                    DoubleStream.iterate(base, rate -> rate * steps.gamma())
                            .limit(steps.milestones().size() + 1L)
                            .boxed()
                            .toList());
        } else if (schedule instanceof Piecewise pieces && pieces.curve() == Piecewise.Between.CONSTANT) {
            return pieces(
                    pieces.boundaries(),
                    pieces.factors().stream().map(factor -> base * factor).toList());
        } else if (schedule instanceof LinearLR linear && linear.totalIters() > 0) {
            return power(base * linear.startFactor(), linear.totalIters(), base * linear.endFactor(), 1, false);
        } else if (schedule instanceof PolynomialLR polynomial && polynomial.totalIters() > 0) {
            return power(base, polynomial.totalIters(), 0, polynomial.power(), false);
        } else if (schedule instanceof Polynomial each) {
            return power(base * each.start(), each.steps(), base * each.end(), each.power(), each.cycle());
        } else if (schedule instanceof HalfCosine cosine && cosine.k() == 1 && cosine.exponent() == 1) {
            return decay(
                    "CosineDecay",
                    named("initial_learning_rate", base, "decay_steps", cosine.steps(), "alpha", cosine.floor()));
        } else if (schedule instanceof From from) {
            return call(from.schedule(), from.lr());
        } else if (schedule instanceof SequentialLR sequence
                && sequence.schedules().size() == 2) {
            return warmed(sequence, base);
        } else if (schedule instanceof CosineCycles cycles
                && cycles.k() == 1
                && cycles.limit() == 0
                && (cycles.floor() == 0 || cycles.shrink() == 1)) {
            return decay(
                    "CosineDecayRestarts",
                    named(
                            "initial_learning_rate", base,
                            "first_decay_steps", cycles.steps(),
                            "t_mul", cycles.growth(),
                            "m_mul", cycles.shrink(),
                            "alpha", cycles.floor()));
        }
        return Optional.empty();
    }

    /** Keras' cosine has a warmup of its own, in a line. */
    private static Optional<String> warmed(SequentialLR sequence, double base) {
        boolean has = sequence.schedules().get(0) instanceof Warmup warmup
                && warmup.shape() == Shape.LINEAR
                && sequence.milestones().equals(List.of(warmup.steps()))
                && sequence.schedules().get(1) instanceof HalfCosine cosine
                && cosine.k() == 1
                && cosine.exponent() == 1;
        if (!has) {
            return Optional.empty();
        }
        Warmup warmup = (Warmup) sequence.schedules().get(0);
        HalfCosine cosine = (HalfCosine) sequence.schedules().get(1);
        return decay(
                "CosineDecay",
                named(
                        "initial_learning_rate", base * warmup.start(),
                        "decay_steps", cosine.steps(),
                        "alpha", cosine.floor(),
                        "warmup_target", base,
                        "warmup_steps", warmup.steps()));
    }

    private static Optional<String> exponential(double base, long steps, double rate, boolean staircase) {
        return decay(
                "ExponentialDecay",
                named("initial_learning_rate", base, "decay_steps", steps, "decay_rate", rate, "staircase", staircase));
    }

    private static Optional<String> power(double from, long steps, double to, double power, boolean cycle) {
        return decay(
                "PolynomialDecay",
                named(
                        "initial_learning_rate",
                        from,
                        "decay_steps",
                        steps,
                        "end_learning_rate",
                        to,
                        "power",
                        power,
                        "cycle",
                        cycle));
    }

    /** In Keras, the step of a boundary still has the value before it. */
    private static Optional<String> pieces(List<Long> boundaries, List<Double> values) {
        if (boundaries.isEmpty() || boundaries.get(0) == 0) {
            return Optional.empty();
        }
        List<Long> last = new ArrayList<>();
        boundaries.forEach(boundary -> last.add(boundary - 1));
        return decay("PiecewiseConstantDecay", named("boundaries", last, "values", values));
    }

    private static Optional<String> decay(String name, Map<String, Object> arguments) {
        return Optional.of(call(SCHEDULES + name, arguments));
    }

    @Override
    String function(String name, String rate) {
        String type = Character.toUpperCase(name.charAt(0)) + name.substring(1);
        return "\nclass " + type + "(keras.optimizers.schedules.LearningRateSchedule):\n"
                + "    def __call__(self, step):\n"
                + "        step = ops.cast(step, 'float32')\n"
                + "        return " + rate + "\n\n"
                + "    def get_config(self):\n"
                + "        return {}\n\n\n"
                + name + " = " + type + "()\n";
    }

    @Override
    Optional<String> optimizer(UpdateRule rule, String schedule) {
        String optimizer = "keras.optimizers." + rule.kind().name();
        if (rule instanceof SGD sgd && isPlain(sgd)) {
            return optimizer(optimizer, schedule, named("momentum", sgd.momentum(), "nesterov", sgd.nesterov()));
        } else if (rule instanceof Adam adam && isPlain(adam)) {
            return optimizer(
                    optimizer, schedule, named("beta_1", adam.beta1(), "beta_2", adam.beta2(), "epsilon", adam.eps()));
        } else if (rule instanceof AdamW adam && isPlain(adam)) {
            return optimizer(
                    optimizer,
                    schedule,
                    named(
                            "weight_decay",
                            adam.weightDecay(),
                            "beta_1",
                            adam.beta1(),
                            "beta_2",
                            adam.beta2(),
                            "epsilon",
                            adam.eps()));
        }
        return Optional.empty();
    }

    @Override
    String imports(boolean functions) {
        return "import keras\n" + (functions ? "from keras import ops\n" : "");
    }
}
