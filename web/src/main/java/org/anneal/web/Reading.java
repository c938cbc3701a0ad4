package org.anneal.web;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Context;
import org.anneal.text.PythonProgram;
import org.anneal.text.UnknownNamesException;

/**
 * What a piece of a Python program says in a run.
 *
 * @param call the schedule
 * @param rule the optimizer's, apart from the groups' own options
 * @param groups the rule of each group, at least one
 * @param notes what was passed over, or is worth knowing, in all of the text
 * @param line what the optimizer's line says, if there is one
 * @param names that it takes from outside, in the order in which they were missed
 */
record Reading(
        SchedulerCall call,
        UpdateRule rule,
        List<UpdateRule> groups,
        List<Note> notes,
        Optional<Line> line,
        Collection<String> names) {

    /**
     * What was passed over, or is worth knowing.
     *
     * @param choice whether it says which of several schedules was taken
     */
    record Note(String text, boolean choice) {
        static List<Note> of(PythonProgram program) {
            return program.notes().stream()
                    .map(note -> new Note(note, program.choice().equals(Optional.of(note))))
                    .toList();
        }
    }

    /**
     * What an optimizer's line says.
     *
     * @param rule its name
     * @param lr the base rate of each group
     * @param momentum of the first group; Adam's beta1
     * @param adam whether that is a beta1
     */
    record Line(String rule, List<Double> lr, double momentum, boolean adam) {
        static Line of(List<UpdateRule> groups) {
            UpdateRule first = groups.get(0);
            return new Line(
                    first.kind().name(),
                    groups.stream().map(UpdateRule::lr).toList(),
                    first.momentum(),
                    first.options().containsKey("betas"));
        }
    }

    /** A piece is not read: it has an error, or needs a name that has no value. */
    static final class Misread extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;
        private final transient CurveHandler.Problem problem;

        Misread(CurveHandler.Problem problem) {
            super(problem.message());
            this.problem = problem;
        }

        CurveHandler.Problem problem() {
            return problem;
        }
    }

    /**
     * Reads a piece. Names get their values as they are missed, which tells those that the piece needs from those that it once
     * needed.
     *
     * @throws Misread if it is not a schedule, or needs more values
     * @throws Refusal if that takes longer than its turn may, or there are too many groups
     */
    static Reading of(Piece piece, Conditions run, Lanes.Turn turn) throws Refusal {
        Set<String> names = new LinkedHashSet<>();
        Map<String, String> wrong = new LinkedHashMap<>();
        Context context = run.context();
        try {
            if (piece.pick().isPresent()) {
                context = context.pick(piece.pick().get());
            }
            while (true) {
                try {
                    Reading reading = read(PythonProgram.read(piece.expression(), context), run, names);
                    run.checkGroups(reading.groups.size());
                    return reading;
                } catch (UnknownNamesException e) {
                    Context more = context;
                    for (String name : e.names()) {
                        if (names.add(name)) {
                            more = with(more, name, piece.set().getOrDefault(name, ""), wrong);
                        }
                    }
                    if (more == context) {
                        throw wrong.isEmpty() ? e : misread(names, wrong);
                    }
                    context = more;
                    turn.check(1);
                }
            }
        } catch (Misread e) {
            throw e;
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            throw new Misread(CurveHandler.Problem.of(e, names));
        }
    }

    private static Context with(Context context, String name, String value, Map<String, String> wrong) {
        if (value.isBlank()) {
            return context;
        }
        try {
            return context.with(name, value);
        } catch (IllegalArgumentException e) {
            wrong.put(name, Answer.reason(e));
            return context;
        }
    }

    private static Misread misread(Collection<String> names, Map<String, String> wrong) {
        String first = wrong.values().iterator().next();
        return new Misread(
                new CurveHandler.Problem(first, Optional.empty(), Optional.empty(), names, List.of(), wrong));
    }

    private static Reading read(PythonProgram program, Conditions run, Collection<String> names) {
        return UnknownNamesException.both(
                () -> SchedulerCall.of(program),
                () -> line(program, run),
                (call, line) -> reading(call, line, Note.of(program), run, names));
    }

    private static Reading reading(
            SchedulerCall call, List<UpdateRule> line, List<Note> notes, Conditions run, Collection<String> names) {
        List<UpdateRule> groups = line.isEmpty() ? run.groups() : run.groups(line);
        return new Reading(
                call,
                line.isEmpty() ? run.rule() : groups.get(0),
                groups,
                notes,
                line.isEmpty() ? Optional.empty() : Optional.of(Line.of(line)),
                names);
    }

    /** {@return the groups that an optimizer's line makes; none without one} */
    private static List<UpdateRule> line(PythonProgram program, Conditions run) {
        try {
            return UpdateRule.groups(program);
        } catch (UnknownNamesException e) {
            if (run.own().contains(Conditions.Own.LR)) {
                return List.of(); // the user has said what the line does not: the rate
            }
            throw e;
        }
    }
}
