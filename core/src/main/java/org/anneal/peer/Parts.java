package org.anneal.peer;

import java.util.List;
import org.anneal.schedule.Above;
import org.anneal.schedule.From;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.SequentialLR;
import org.anneal.text.Check;
import org.anneal.text.Python;
import org.anneal.text.PythonCall;

/** What the schedules of several libraries are made of. */
final class Parts {
    private Parts() {}

    /** {@return a number of steps, at least {@code least}} */
    static long steps(PythonCall.Arguments call, String parameter, long least) {
        return Check.atLeast(least, parameter, call.length(parameter));
    }

    /** {@return a rate, finite and at least 0} */
    static double rate(PythonCall.Arguments call, String parameter) {
        return Check.finiteNotNegative(parameter, call.number(parameter));
    }

    /** {@return a number above 0} */
    static double positive(PythonCall.Arguments call, String parameter) {
        double value = call.number(parameter);
        return Check.that(value > 0 && value < Double.POSITIVE_INFINITY, parameter, "finite and > 0", value);
    }

    /** {@return a part, from 0 to 1} */
    static double part(PythonCall.Arguments call, String parameter) {
        return Check.fromZeroToOne(parameter, call.number(parameter));
    }

    /** {@return what is read from a call of another name} */
    static Policy read(PythonCall call) {
        return SchedulerCall.of(call).policy();
    }

    /** {@return a part of the base at every step} */
    static Schedule constant(double factor) {
        return new Piecewise(List.of(), List.of(factor));
    }

    /** {@return {@code first} for {@code steps} steps, perhaps none, and then {@code second} from its start} */
    static Schedule then(Schedule first, long steps, Schedule second) {
        return steps == 0 ? second : new SequentialLR(List.of(first, second), List.of(steps));
    }

    static Schedule shifted(Schedule schedule, long steps) {
        return steps == 0 ? schedule : schedule.shift(steps);
    }

    static Schedule above(Schedule schedule, double rate) {
        return rate == 0 ? schedule : new Above(schedule, rate);
    }

    /** {@return {@code schedule} of a base of {@code lr}, which another library's schedule has in itself} */
    static Schedule from(Schedule schedule, double lr) {
        return new From(schedule, lr);
    }

    /** {@return so many waves of a cosine, each down and up again, and then the rate at their end; half a wave is the usual fall} */
    static Schedule waves(long steps, double waves) {
        return waves == 0.5
                ? new HalfCosine(steps)
                : lambda("0.5 * (1 + math.cos(math.pi * " + number(2 * waves) + " * min(t, " + steps + ") / " + steps
                        + "))");
    }

    /** {@return a schedule of the factor that a Python expression of {@code t} has} */
    static Schedule lambda(String expression) {
        return LambdaLR.of("lambda t: " + expression);
    }

    /** {@return a number as Python writes it} */
    static String number(double value) {
        return Python.repr(value);
    }
}
