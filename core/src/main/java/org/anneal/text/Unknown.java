package org.anneal.text;

import java.io.Serial;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The value of an expression with names from outside the text, such as {@code args.epochs * 2}; it may not be needed. */
final class Unknown {
    private final String text;
    private final Map<String, Expression> names; // what would have to be known, and where it stands
    private final Optional<PythonSyntaxException> problem;

    private Unknown(String text, Map<String, Expression> names, Optional<PythonSyntaxException> problem) {
        this.text = text;
        this.names = names;
        this.problem = problem;
    }

    /** Makes the value of what cannot be read, and so not be known either. */
    Unknown(String text, PythonSyntaxException problem) {
        this(text, Map.of(), Optional.of(problem));
    }

    /** Makes the value of a name, or of an attribute, an item or a call of one. */
    Unknown(Expression at) {
        this(at.toString(), Map.of(at.toString(), at), Optional.empty());
    }

    /** Says that an operation cannot go on without a value. */
    static final class Needed extends ArithmeticException {
        @Serial
        private static final long serialVersionUID = 1;

        private final transient Unknown what;

        Needed(Unknown what) {
            super(what.text + " is not known");
            this.what = what;
        }

        Unknown what() {
            return what;
        }
    }

    /** Returns what is unknown of {@code value}, if it is. */
    static Optional<Unknown> in(Object value) {
        if (value instanceof Unknown unknown) {
            return Optional.of(unknown);
        }
        return value instanceof PythonCall call ? Optional.of(call.asUnknown()) : Optional.empty();
    }

    /** Returns what is unknown of any of the values. */
    static Optional<Unknown> inAny(List<?> values) {
        Optional<Unknown> all = Optional.empty();
        for (Object value : values) {
            if (PythonValue.isNumber(value)) {
                continue;
            }
            Optional<Unknown> one = in(value);
            all = all.isPresent() ? Optional.of(all.get().and(value)) : one;
        }
        return all;
    }

    /** Returns {@code value}, which an operation needs. */
    static Object known(Object value) {
        Optional<Unknown> unknown = in(value);
        if (unknown.isPresent()) {
            throw new Needed(unknown.get());
        }
        return value;
    }

    /** Returns what is unknown of a result of this and {@code other}. */
    Unknown and(Object other) {
        Optional<Unknown> more = in(other);
        if (more.isEmpty()) {
            return this;
        }
        Map<String, Expression> both = new LinkedHashMap<>(names);
        more.get().names.forEach(both::putIfAbsent);
        return new Unknown(text, both, problem.or(() -> more.get().problem));
    }

    Map<String, Expression> names() {
        return names;
    }

    Optional<PythonSyntaxException> problem() {
        return problem;
    }

    @Override
    public String toString() {
        return text;
    }
}
