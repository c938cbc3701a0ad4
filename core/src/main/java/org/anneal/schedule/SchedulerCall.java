package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonSyntaxException;

/**
 * What a pasted line of Python says about a schedule.
 *
 * @param policy the schedule, or the plateau
 * @param lastEpoch PyTorch's {@code last_epoch}, at least -1: the runner's counter starts at {@code lastEpoch + 1}
 * @param notes what was dropped from the line, one sentence each
 */
public record SchedulerCall(Policy policy, long lastEpoch, List<String> notes) {

    public SchedulerCall {
        Objects.requireNonNull(policy, "policy");
        Check.atLeast(-1, "last_epoch", lastEpoch);
        notes = Check.list("notes", notes);
    }

    /**
     * Reads PyTorch's constructor call: {@code scheduler = optim.lr_scheduler.StepLR(optimizer, 30)}.
     *
     * @throws PythonSyntaxException if {@code text} is not such a call, or has a value out of range
     */
    public static SchedulerCall parse(String text) {
        return parse(PythonCall.parse(text));
    }

    /**
     * Reads PyTorch's constructor call, whose lengths may be in units of the run: {@code 30ep}, {@code 500st},
     * {@code 10%}.
     *
     * @throws PythonSyntaxException if {@code text} is not such a call, or has a value out of range
     */
    public static SchedulerCall parse(String text, RunLength runLength) {
        return parse(PythonCall.parse(text, Objects.requireNonNull(runLength, "runLength")::resolve));
    }

    /**
     * Reads PyTorch's constructor call, whose lengths may be in units of a run with unknown epochs:
     * {@code 500st}, {@code 10%}.
     *
     * @param steps steps of the schedule in the run, at least 1
     * @throws PythonSyntaxException if {@code text} is not such a call, or has a value out of range
     */
    public static SchedulerCall parse(String text, long steps) {
        return parse(PythonCall.parse(text, RunLength.ofSteps(steps)));
    }

    static SchedulerCall parse(PythonCall call) {
        Kind<?> kind = Policy.kind(call.name())
                .orElseThrow(() -> call.unknown(
                        "schedule", Policy.kinds().stream().map(Kind::name).toList()));
        boolean resumes = kind.takesOptimizer() && Schedule.class.isAssignableFrom(kind.type());
        List<String> parameters = new ArrayList<>(kind.signature());
        if (resumes) {
            parameters.add("last_epoch=");
        }
        if (kind.takesOptimizer()) {
            parameters.add("verbose="); // until torch 2.7
        }
        boolean leads =
                kind.takesOptimizer() || kind.module().isPresent(); // an operator begins with a schedule instead
        PythonCall.Arguments arguments = call.bind(leads ? "optimizer" : "", parameters.toArray(String[]::new));
        return arguments.build(() -> {
            Policy policy = (Policy) kind.read(arguments);
            if (arguments.has("verbose")) {
                call.note("verbose was dropped: it only prints, and PyTorch no longer has it");
            }
            return new SchedulerCall(policy, resumes ? arguments.integer("last_epoch", -1) : -1, call.notes());
        });
    }
}
