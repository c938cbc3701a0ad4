package org.anneal.schedule;

import java.io.NotSerializableException;
import java.io.ObjectStreamException;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Context;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.PythonSyntaxException;

/**
 * What drives a learning rate: a {@link Schedule}, whose clock is the step; {@link MetricDriven}, such as
 * {@link ReduceLROnPlateau}, whose clock is a metric; or {@linkplain ComposedPlateau both}. It prints as PyTorch's constructor call without the optimizer.
 *
 * <p>A policy is serializable, unless it contains a Java function.
 */
public sealed interface Policy extends Declared permits Schedule, MetricDriven, ComposedPlateau {

    /** {@return the schedule that steps move, before a plateau scales its rates; none if this is only a plateau} */
    Optional<Schedule> stepDriven();

    /** {@return the plateau that metrics move, if there is one} */
    Optional<MetricDriven> metricDriven();

    /** {@return the first step whose metric counts; earlier ones are ignored} */
    default long firstMetric() {
        return 0;
    }

    /**
     * {@return the serialized form of a policy: its text} For the {@code writeReplace()} of a record with an
     * {@link Optional}, which is not {@link Serializable}; other records need no such method.
     *
     * @throws NotSerializableException if its text cannot be read back, as with a Java function
     */
    static Object serialized(Policy policy) throws ObjectStreamException {
        Objects.requireNonNull(policy, "policy");
        try {
            parse(policy.toString());
        } catch (PythonSyntaxException e) {
            throw new NotSerializableException(policy + " cannot be serialized, because its text cannot be read back ("
                    + e.getMessage() + "): a Java function has no text, so build the schedule where it is used");
        }
        return new PolicyText(policy.toString());
    }

    /** {@return the kinds of policies that {@link #parse} reads: built-in ones and those of {@link org.anneal.text.Kinds}} */
    static List<Kind<?>> kinds() {
        return Kinds.all(OwnKinds.ALL, Policy.class);
    }

    /** {@return the kind of this name} */
    static Optional<Kind<?>> kind(String name) {
        return Kinds.named(name, OwnKinds.ALL, Policy.class);
    }

    /**
     * Reads PyTorch's constructor call, as pasted from a Python program or as printed by {@code toString}.
     *
     * @throws PythonSyntaxException if {@code text} is not such a call, or gives a {@code last_epoch}, which
     *     only {@link SchedulerCall#parse} reads
     */
    static Policy parse(String text) {
        return withoutLastEpoch(text, SchedulerCall.parse(text));
    }

    /**
     * Reads PyTorch's constructor call, whose lengths may be in units of the run: {@code 30ep}, {@code 500st},
     * {@code 10%}.
     *
     * @throws PythonSyntaxException as {@link #parse(String)} does
     */
    static Policy parse(String text, RunLength runLength) {
        return withoutLastEpoch(text, SchedulerCall.parse(text, runLength));
    }

    /**
     * Reads the schedule that a piece of a Python program makes, in its surroundings.
     *
     * @throws PythonSyntaxException as {@link #parse(String)} does, and as {@link SchedulerCall#parse(String, Context)} does
     */
    static Policy parse(String text, Context context) {
        return withoutLastEpoch(text, SchedulerCall.parse(text, context));
    }

    private static Policy withoutLastEpoch(String text, SchedulerCall call) {
        if (call.lastEpoch() != -1) {
            throw PythonSyntaxException.at(
                    text,
                    Math.max(0, text.indexOf("last_epoch")), // it may be given by position
                    "last_epoch=" + call.lastEpoch()
                            + " belongs to the runner: read this line with SchedulerCall.parse and pass the result to LRScheduler");
        }
        return call.policy();
    }
}
