package org.anneal.schedule;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.text.Kind;

/**
 * How PyTorch's {@code scheduler.state_dict()} holds the policies of a kind. Where that is by the names of the arguments, it
 * follows from the {@link Kind}; a kind that PyTorch holds in another way names its form with {@link By}.
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

    /** For the forms of kinds. */
    protected StateForm() {}

    /** {@return the form of a kind} */
    @SuppressWarnings("unchecked") // a kind's form is one of its own policies
    public static StateForm<Policy> of(Kind<?> kind) {
        By by = Objects.requireNonNull(kind, "kind").type().getAnnotation(By.class);
        return by == null ? new ByArguments(kind) : (StateForm<Policy>) Kind.create(by.value());
    }

    /** Writes the entries of {@code policy}, in PyTorch's order. */
    protected abstract void write(P policy, StateEntries entries);

    /**
     * {@return what the constructor of one group's schedule puts into the group}
     *
     * @param first whether nothing acted on the group before
     */
    public Map<String, Object> groupEntries(P policy, boolean first) {
        return Map.of();
    }

    /** {@return the momentum at {@code step}, also where the piece that drove it is over} */
    public double momentum(P policy, long step, double current) {
        return policy instanceof Schedule schedule ? schedule.momentum(step, current) : current;
    }

    /** {@return the entries that a state dict of this kind has, beside those that all have} */
    protected abstract List<String> needed();

    /** {@return the entries that it may have, too} */
    protected List<String> more() {
        return List.of();
    }

    /** Tells the arguments of the constructor from a state dict. */
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
