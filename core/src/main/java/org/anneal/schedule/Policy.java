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
 * What drives a learning rate: a {@link Schedule}, whose clock is the step, {@link ReduceLROnPlateau}, whose clock is a
 * metric, or {@linkplain ComposedPlateau both}. Prints as PyTorch's constructor call without its optimizer.
 *
 * <p>A policy can be serialized, unless it has a Java function.
 */
public sealed interface Policy extends Declared permits Schedule, ReduceLROnPlateau, ComposedPlateau {

    /** {@return what steps move: a schedule of the rates, before a plateau scales them; none under a plateau alone} */
    Optional<Schedule> stepDriven();

    /** {@return what metrics move, if this is or has a plateau} */
    Optional<ReduceLROnPlateau> metricDriven();

    /** {@return the first step whose metric counts; those before are ignored} */
    default long firstMetric() {
        return 0;
    }

    /**
     * {@return what a policy is serialized as: its text} For the {@code writeReplace()} of a record with a component that is
     * not {@link Serializable}, such as an {@link Optional}; others need none.
     *
     * @throws NotSerializableException if it cannot be read back from its text, as a Java function cannot
     */
    static Object serialized(Policy policy) throws ObjectStreamException {
        Objects.requireNonNull(policy, "policy");
        try {
            parse(policy.toString());
        } catch (PythonSyntaxException e) {
            throw new NotSerializableException(policy + " cannot be serialized, as its text cannot be read back ("
                    + e.getMessage() + "): a Java function has none, so build it where it is used");
        }
        return new PolicyText(policy.toString());
    }

    /** {@return the kinds of policies that {@link #parse} reads: ours, and those from outside} */
    static List<Kind<?>> kinds() {
        return Kinds.all(OwnKinds.ALL, Policy.class);
    }

    /** {@return the kind of policies of this name} */
    static Optional<Kind<?>> kind(String name) {
        return Kinds.named(name, OwnKinds.ALL, Policy.class);
    }

    /**
     * Reads PyTorch's constructor call, as it stands in a Python program or as {@code toString} prints it.
     *
     * @throws PythonSyntaxException if {@code text} is not one, or gives a {@code last_epoch}, which only
     *     {@link SchedulerCall#parse} reads
     */
    static Policy parse(String text) {
        return withoutLastEpoch(text, SchedulerCall.parse(text));
    }

    /**
     * Reads PyTorch's constructor call, in which lengths may be given in units of the run: {@code 30ep}, {@code 500st},
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
                            + " belongs to the runner: read this line with SchedulerCall.parse and give it to LRScheduler");
        }
        return call.policy();
    }
}
