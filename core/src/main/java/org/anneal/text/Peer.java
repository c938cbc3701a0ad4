package org.anneal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A class or a function of another library that makes a schedule, and what it is here. Its call is read by the same rules as that of
 * a {@link Kind}, but becomes a value of a kind, which is printed, compared and saved as that.
 *
 * <pre>{@code
 *   new Peer(
 *           Set.of("transformers"),
 *           "get_constant_schedule_with_warmup(optimizer, num_warmup_steps, last_epoch=-1)",
 *           call -> new Warmup(call.length("num_warmup_steps")))
 * }</pre>
 *
 * <p>Once declared, it is safe for use by several threads.
 */
public final class Peer {
    private final Set<String> roots;
    private final PythonCall declaration;
    private final Function<PythonCall.Arguments, Declared> reading;
    private final Set<String> dropped;
    private final Function<PythonCall.Arguments, Optional<String>> interval;

    private Peer(
            Set<String> roots,
            PythonCall declaration,
            Function<PythonCall.Arguments, Declared> reading,
            Set<String> dropped,
            Function<PythonCall.Arguments, Optional<String>> interval) {
        this.roots = roots;
        this.declaration = declaration;
        this.reading = reading;
        this.dropped = dropped;
        this.interval = interval;
    }

    /**
     * Declares a class or a function.
     *
     * @param roots the names that its module may begin with: {@code keras} and {@code tf} for {@code tf.keras.optimizers.schedules};
     *     without a module it is known, too, unless a kind has its name
     * @param signature its name and its parameters with their defaults, as Python's call; a first one {@code optimizer} may be left
     *     out, and after {@code **} any others are passed over
     * @param reading returns the value that a call's arguments give
     * @throws PythonSyntaxException if {@code signature} is no call
     */
    public Peer(Set<String> roots, String signature, Function<PythonCall.Arguments, Declared> reading) {
        this(
                Set.copyOf(Objects.requireNonNull(roots, "roots")),
                PythonCall.parse(Objects.requireNonNull(signature, "signature")),
                Objects.requireNonNull(reading, "reading"),
                Set.of(),
                none -> Optional.empty());
    }

    /** {@return this, which passes over the values of {@code parameters}, known or not} */
    public Peer drops(String... parameters) {
        return new Peer(roots, declaration, reading, Set.of(parameters), interval);
    }

    /** {@return this, stepped as {@code interval} says in Lightning's words: after each {@code 'step'} or {@code 'epoch'}} */
    public Peer stepped(Function<PythonCall.Arguments, Optional<String>> interval) {
        return new Peer(roots, declaration, reading, dropped, Objects.requireNonNull(interval, "interval"));
    }

    /** {@return this, stepped after each optimizer step} */
    public Peer steppedPerStep() {
        return stepped(any -> Optional.of("step"));
    }

    /** {@return its name} */
    public String name() {
        return declaration.simpleName();
    }

    /** {@return the names that its module may begin with} */
    public Set<String> roots() {
        return roots;
    }

    /** {@return the arguments of {@code call}, and the defaults of those that it does not give} */
    public PythonCall.Arguments bind(PythonCall call) {
        return call.bind(declaration);
    }

    /**
     * {@return the value that a call's arguments give}
     *
     * @throws UnknownNamesException if they need unknown names: all of them
     */
    public Declared read(PythonCall.Arguments arguments) {
        List<String> needed = new ArrayList<>(arguments.given());
        needed.removeAll(dropped);
        UnknownNamesException.all(needed, arguments::known);
        return arguments.build(() -> reading.apply(arguments));
    }

    /** {@return what it is stepped after, {@code step} or {@code epoch}, if its arguments tell} */
    public Optional<String> interval(PythonCall.Arguments arguments) {
        return interval.apply(arguments);
    }

    @Override
    public String toString() {
        return declaration.toString();
    }
}
