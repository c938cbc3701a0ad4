package org.anneal.schedule;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Kind;

/**
 * How PyTorch's {@code scheduler.state_dict()} saves the policies of a kind. If it saves the arguments by their names, the form
 * follows from the {@link Kind}; otherwise the kind names its form with {@link By}.
 *
 * @param <P> the policy
 */
public abstract class StateForm<P extends Policy> {

    /** Names the form of a kind: a class with a constructor without arguments. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    public @interface By {
        Class<? extends StateForm<?>> value();
    }

    /** For subclasses. */
    protected StateForm() {}

    /** {@return the form of a kind} */
    @SuppressWarnings("unchecked") // the form that a kind names is for its own policies
    public static StateForm<Policy> of(Kind<?> kind) {
        By by = Objects.requireNonNull(kind, "kind").type().getAnnotation(By.class);
        return by == null ? new ByArguments(kind) : (StateForm<Policy>) Kind.create(by.value());
    }

    /** Writes the entries of {@code policy}, in PyTorch's order. */
    protected abstract void write(P policy, StateEntries entries);

    /**
     * {@return the entries that the constructor of one group's schedule adds to the param group}
     *
     * @param first whether this is the first schedule of the group
     */
    public Map<String, Object> groupEntries(P policy, boolean first) {
        return Map.of();
    }

    /** {@return the momentum at {@code step}, even if the piece that drove it has ended} */
    public double momentum(P policy, long step, double current) {
        return policy instanceof Schedule schedule ? schedule.momentum(step, current) : current;
    }

    /** {@return what the metrics have done so far, if the policy is driven by them} */
    public Optional<MetricDriven.Progress> progress(Map<?, ?> dict) {
        return Optional.empty();
    }

    /** {@return the entries that every state dict of this kind has, besides the common ones} */
    protected abstract List<String> needed();

    /** {@return the entries that it may also have} */
    protected List<String> more() {
        return List.of();
    }

    /** Reads the constructor's arguments from a state dict. */
    protected abstract void read(SavedCall call);

    private static final class ByArguments extends StateForm<Policy> {
        private final Kind<?> kind;

        ByArguments(Kind<?> kind) {
            this.kind = kind;
        }

        @Override
        protected void write(Policy policy, StateEntries entries) {
            kind.options((Record) policy).forEach(entries::fixed);
            entries.counts();
        }

        @Override
        protected List<String> needed() {
            return kind.names();
        }

        @Override
        protected void read(SavedCall call) {
            needed().forEach(call::take);
        }
    }
}
