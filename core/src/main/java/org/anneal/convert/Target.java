package org.anneal.convert;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;

/**
 * What a policy is written for, as code that runs there and gives the same rates: up to rounding of doubles, or of float32 where the
 * library computes in it, as optax and Keras do.
 *
 * <p>A library's own functions are used where they say the same; else optax and Keras get a function of the step, and PyTorch a
 * LambdaLR. What cannot be said is refused.
 */
public enum Target {
    /** PyTorch: {@code torch.optim} and its schedulers. */
    PYTORCH("PyTorch") {
        @Override
        String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
            return PyTorchCode.of(policy, lastEpoch, rule, groups);
        }

        @Override
        String programOf(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups, long steps) {
            return PyTorchCode.program(policy, of(policy, lastEpoch, rule, groups), groups.size(), steps);
        }
    },
    /**
     * Hugging Face's transformers: {@code get_cosine_schedule_with_warmup} and the like. Its cosines rise again after
     * {@code num_training_steps}, where a run ends.
     */
    TRANSFORMERS("transformers") {
        @Override
        String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
            return TransformersCode.of(policy, lastEpoch, rule, groups);
        }
    },
    /** optax, on JAX: a schedule per group, and the optimizer if there is one group. */
    OPTAX("optax") {
        @Override
        String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
            return new OptaxCode().of(asSchedule(policy, lastEpoch), groups);
        }
    },
    /** Keras 3: a LearningRateSchedule per group, and the optimizer if there is one group. */
    KERAS("Keras") {
        @Override
        String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
            return new KerasCode().of(asSchedule(policy, lastEpoch), groups);
        }
    },
    /** Java: the policy, and a runner over {@code optimizer}. */
    JAVA("Java") {
        @Override
        String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
            return JavaCode.of(policy, lastEpoch);
        }

        @Override
        String programOf(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups, long steps) {
            return JavaCode.program(policy, lastEpoch, groups, steps);
        }
    };

    private final String library;

    Target(String library) {
        this.library = library;
    }

    abstract String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups);

    String programOf(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups, long steps) {
        return of(policy, lastEpoch, rule, groups);
    }

    /**
     * {@return lines of code that make {@code policy} and its optimizer}
     *
     * @param lastEpoch the last step done, at least 0; -1 starts over
     * @param rule the optimizer's, apart from the groups' own options
     * @param groups a rule for each group, with its rate; at least 1
     * @throws IllegalArgumentException if it cannot be said there, with the reason, or if an argument is out of its range
     */
    public String write(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
        return said(policy, lastEpoch, rule, groups, () -> of(policy, lastEpoch, rule, groups));
    }

    /**
     * {@return a whole program: what {@link #write} writes, and for Java and PyTorch something to train and the loop over the run}
     *
     * @param steps of the run, at least 1
     * @throws IllegalArgumentException as {@link #write} does
     */
    public String program(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups, long steps) {
        Check.atLeast(1, "steps", steps);
        return said(policy, lastEpoch, rule, groups, () -> programOf(policy, lastEpoch, rule, groups, steps));
    }

    private String said(
            Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups, Supplier<String> code) {
        Objects.requireNonNull(policy, "policy");
        Check.atLeast(-1, "lastEpoch", lastEpoch);
        Objects.requireNonNull(rule, "rule");
        Check.some("groups", Check.list("groups", groups));
        try {
            return code.get();
        } catch (UnsupportedOperationException e) {
            throw new IllegalArgumentException(e.getMessage() + ": it cannot be written for " + library, e);
        }
    }

    /** Returns a policy as what alone can be written for optax and Keras. */
    Schedule asSchedule(Policy policy, long lastEpoch) {
        if (lastEpoch != -1) {
            throw new IllegalArgumentException(
                    "last_epoch must be -1 for " + library + ", whose optimizer keeps the step, but was " + lastEpoch);
        } else if (policy instanceof Schedule schedule) {
            return schedule;
        }
        throw new UnsupportedOperationException(
                policy.kind().name() + " follows a metric, which no schedule of " + library + " gets");
    }

    /** {@return its name on the command line} */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
