package org.anneal.text;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a pasted text takes from its surroundings: the values of names that it does not define, the run that lengths such
 * as {@code 30ep} are parts of, and which of several schedules is meant.
 *
 * <pre>{@code
 *   Context.EMPTY.with("args.epochs", "90").with("cfg['gamma']", "0.5").pick("scheduler")
 * }</pre>
 */
public final class Context {

    /** Of a text that needs nothing from outside. */
    public static final Context EMPTY = new Context(Map.of(), Lengths.UNKNOWN, OptionalLong.empty(), Optional.empty());

    private final Map<String, Object> values; // by the expression as it is printed
    private final Lengths lengths;
    private final OptionalLong batches;
    private final Optional<String> picked;

    private Context(Map<String, Object> values, Lengths lengths, OptionalLong batches, Optional<String> picked) {
        this.values = values;
        this.lengths = lengths;
        this.batches = batches;
        this.picked = picked;
    }

    /**
     * {@return this with the value of a name} It comes before what the text itself assigns.
     *
     * @param name a name, or an attribute, an item or a call of one: {@code len(train_loader)}
     * @param value Python's text of a number, a string, a list, a dict, a lambda or a schedule
     * @throws IllegalArgumentException if {@code name} cannot be given a value, or {@code value} has none
     */
    public Context with(String name, String value) {
        return holding(canonical(name), value(name, value));
    }

    /** Returns this with one more name, and its value. */
    Context holding(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(values);
        more.put(name, value);
        return new Context(more, lengths, batches, picked);
    }

    private static String canonical(String name) {
        Expression expression;
        try {
            expression = new PythonText(Objects.requireNonNull(name, "name")).whole();
        } catch (PythonSyntaxException e) {
            throw new IllegalArgumentException(
                    "a name must be one, such as args.epochs, cfg['gamma'] or len(train_loader), but was "
                            + Python.repr(PythonText.shortened(name)),
                    e);
        }
        boolean path = expression instanceof Expression.Name
                || expression instanceof Expression.Attribute
                || expression instanceof Expression.Subscript
                || expression instanceof Expression.Call;
        if (!path) {
            throw new IllegalArgumentException(
                    "a name must be one, such as args.epochs, cfg['gamma'] or len(train_loader), but was "
                            + Python.repr(PythonText.shortened(name)));
        }
        return expression.toString();
    }

    private static Object value(String name, String text) {
        try {
            PythonProgram program = PythonProgram.read(Objects.requireNonNull(text, "value"), EMPTY);
            Object value = program.lastValue();
            if (value instanceof Unknown unknown) {
                throw program.unknown(unknown);
            }
            return value;
        } catch (UnknownNamesException e) {
            String quoted =
                    e.names().size() == 1 && PythonText.isIdentifier(e.names().get(0))
                            ? ", or a string in quotes, '" + text.strip() + "'"
                            : "";
            throw new IllegalArgumentException(
                    "the value of " + name + " must be a number, a list, a lambda or a schedule" + quoted + ", but was "
                            + PythonText.shortened(text),
                    e);
        } catch (PythonSyntaxException e) {
            throw new IllegalArgumentException("the value of " + name + ", " + e.getMessage(), e);
        }
    }

    /**
     * {@return this for a run of a known length}
     *
     * @param lengths what lengths in units resolve against
     * @param batches the batches of an epoch, which is what {@code len(train_loader)} is unless it has a value
     */
    public Context in(Lengths lengths, OptionalLong batches) {
        return new Context(
                values, Objects.requireNonNull(lengths, "lengths"), Objects.requireNonNull(batches, "batches"), picked);
    }

    /** {@return this, taking the schedule that the text gives this name, in place of the last} */
    public Context pick(String name) {
        return new Context(values, lengths, batches, Optional.of(canonical(name)));
    }

    Optional<Object> value(String name) {
        return Optional.ofNullable(values.get(name));
    }

    Lengths lengths() {
        return lengths;
    }

    OptionalLong batches() {
        return batches;
    }

    /** {@return this, without a schedule that is picked} */
    public Context withoutPick() {
        return new Context(values, lengths, batches, Optional.empty());
    }

    Optional<String> picked() {
        return picked;
    }

    @Override
    public String toString() {
        return values.keySet() + picked.map(name -> ", picks " + name).orElse("");
    }
}
