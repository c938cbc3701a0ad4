package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Kind;

/**
 * How to mend what a {@link Checkup} finds: in words and, if they say exactly what to change, the changed value.
 *
 * @param suggestion how to mend it
 * @param part the schedule or plateau that has to change
 * @param changed what takes its place, if that is known
 */
public record Remedy(String suggestion, Policy part, Optional<Policy> changed) {
    public Remedy {
        Objects.requireNonNull(suggestion, "suggestion");
        Objects.requireNonNull(part, "part");
        Objects.requireNonNull(changed, "changed");
    }

    /** {@return to set a length of {@code part} to {@code value}} */
    public static Remedy set(Policy part, String argument, long value) {
        Objects.requireNonNull(part, "part");
        Objects.requireNonNull(argument, "argument");
        return with(part, Map.of(argument, value), "set " + argument + "=" + value);
    }

    /**
     * {@return to set arguments of {@code part}}
     *
     * @param values a number, or whatever the argument takes, by the argument's name
     * @param suggestion says that
     */
    static Remedy with(Policy part, Map<String, ?> values, String suggestion) {
        Kind<?> kind = part.kind();
        Record changed = (Record) part;
        for (String argument : values.keySet()) {
            if (!kind.has(argument)) {
                throw new IllegalArgumentException(
                        "argument must be a parameter of " + kind.name() + ", but was " + argument);
            }
        }
        try {
            for (Map.Entry<String, ?> each : values.entrySet()) {
                changed = each.getValue() instanceof Number number
                        ? kind.withNumber(changed, each.getKey(), number.doubleValue())
                        : kind.with(changed, each.getKey(), each.getValue());
            }
            return new Remedy(suggestion, part, Optional.of(Policy.parse(kind.print(changed, (Record) part))));
        } catch (IllegalArgumentException e) {
            // Other arguments would have to change, too, or it has a Java function, which no text has.
            return new Remedy(suggestion, part, Optional.empty());
        }
    }

    /** {@return to set a list of lengths, or the one length if {@code list} has no place for more} */
    static Remedy set(Policy part, String argument, List<Long> values, boolean list) {
        return list
                ? with(part, Map.of(argument, values), "set " + argument + "=" + values)
                : set(part, argument, values.get(0));
    }

    /** {@return this, with more words} */
    public Remedy and(String words) {
        return new Remedy(suggestion + Objects.requireNonNull(words, "words"), part, changed);
    }

    /** {@return {@code policy}, which {@link #part} is in, as it is when mended} */
    Optional<Policy> mend(Policy policy) {
        return changed.map(instead -> (Policy) Kind.replace(policy, part, instead))
                .filter(mended -> !mended.equals(policy));
    }
}
