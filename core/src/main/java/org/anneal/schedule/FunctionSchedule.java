package org.anneal.schedule;

import java.io.ObjectStreamException;
import java.io.Serial;
import java.util.Objects;
import java.util.function.Function;
import org.anneal.text.Check;
import org.anneal.text.Kind;

/**
 * A schedule given by a Java function. It is printed and compared by its name, which cannot be parsed back.
 *
 * @param name a Python identifier
 * @param function what the rate in force becomes
 */
record FunctionSchedule(String name, RateFunction function) implements Schedule {
    private static final Kind<FunctionSchedule> KIND = Kind.of(FunctionSchedule.class, "a custom function");

    FunctionSchedule {
        Check.identifier("name", name);
        Objects.requireNonNull(function, "function");
    }

    @Override
    public double at(long step, double base) {
        double rate = base;
        for (long t = 0; t <= Check.step(step); t++) {
            rate = next(t, rate, base);
        }
        return rate;
    }

    @Override
    public double next(long step, double current, double base) {
        return function.next(Check.step(step), current, base);
    }

    /** Starts from the rate in force, which the function may use. */
    @Override
    public double takeOver(double current, double base) {
        return next(0, current, base);
    }

    @Override
    public boolean carries() {
        return true;
    }

    @Override
    public double after(long step, double carried, double base) {
        double rate = takeOver(carried, base);
        for (long t = 1; t <= step; t++) {
            rate = next(t, rate, base);
        }
        return rate;
    }

    @Serial
    private Object writeReplace() throws ObjectStreamException {
        return Policy.serialized(this);
    }

    @Override
    public String java(Function<Class<?>, String> names) {
        throw new IllegalStateException(
                name + " is a Java function, which cannot be written as code: build the schedule in your program");
    }

    @Override
    public Kind<FunctionSchedule> kind() {
        return KIND;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FunctionSchedule that && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
