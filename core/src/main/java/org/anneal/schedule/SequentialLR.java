package org.anneal.schedule;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PythonCall;
import org.anneal.text.UnknownNamesException;

/**
 * Runs one schedule after another: at each milestone the next one takes over and counts its own steps from 0.
 *
 * <pre>{@code
 *   i       = number of milestones <= t
 *   s       = milestones[i - 1], or 0 if i = 0
 *   at(t)   = schedules[i].at(t - s, base)
 *   next(t) = schedules[i].takeOver(current, base)         if t = s > 0
 *           = schedules[i].next(t - s, current, base)      otherwise; at step 0 from the base
 * }</pre>
 *
 * <p>So a schedule takes over at its own first rate, {@code at(0, base)}. One that {@link Schedule#carries} starts from the
 * rate in force instead, which {@code at} takes to be the sequence's {@code at} just before the milestone. If a milestone is
 * 0, the first schedule never acts. {@code at} takes time logarithmic in the number of schedules, plus linear in the number
 * of consecutive schedules that carry.
 *
 * <p>The momentum is that of the active schedule; if it drives none, the last value stays. A schedule that ends before its
 * piece does ends the sequence. Within a {@link ChainedScheduler}, a sequence resets the rate to the base at step 0, and to
 * its schedules' own rates at milestones, whatever the chain's other members did, as in PyTorch.
 *
 * <p>PyTorch: {@code SequentialLR(schedulers, milestones)}, in its order of operations. Differences: sequences and chains nest
 * in any position, where PyTorch raises {@code NotImplementedError} or, in the first position, takes an extra step before
 * step 0; a OneCycleLR changes neither the base nor the momentum of earlier pieces; with {@code last_epoch} the sequence
 * resumes, where PyTorch's starts over; milestones that do not increase are refused.
 *
 * @param schedules the pieces, in order, at least 1
 * @param milestones the steps at which the second and each further schedule takes over, strictly increasing, the first at
 *     least 0; one fewer than schedules
 */
@StateForm.By(SequenceForm.class)
public record SequentialLR(
        @Param(name = "schedulers") List<Schedule> schedules,
        @Param(unit = Param.Unit.STEPS) List<Long> milestones) implements Schedule {

    static final Kind<SequentialLR> KIND = Kind.of(SequentialLR.class, "one schedule after another")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.APART)
            .reads(SequentialLR::read);

    /** @throws IllegalArgumentException if the counts do not fit, or the milestones are negative or do not increase */
    public SequentialLR {
        schedules = Check.list("schedules", schedules);
        milestones = Check.list("milestones", milestones);
        checkPieces(schedules.size(), milestones);
    }

    /** Neighbouring rates jump if their ratio is above this or below its inverse. */
    private static final double JUMP = 1.5;

    private static Record read(PythonCall.Arguments arguments) {
        return UnknownNamesException.both(
                () -> Members.read(arguments, "schedulers"),
                () -> arguments.lengths("milestones"),
                (members, milestones) -> members.plateau().isPresent()
                        ? new SequentialPlateau(
                                members.schedules(), members.plateau().get(), milestones)
                        : new SequentialLR(members.schedules(), milestones));
    }

    /** Checks the milestones of a sequence of {@code pieces}. */
    static void checkPieces(int pieces, List<Long> milestones) {
        if (pieces == 0) {
            throw new IllegalArgumentException("schedulers must have at least 1 entry, but had none");
        }
        if (milestones.size() != pieces - 1) {
            throw new IllegalArgumentException("milestones must have one entry fewer than schedulers, " + (pieces - 1)
                    + " for " + pieces + ", but had " + milestones.size());
        }
        for (int i = 0; i < milestones.size(); i++) {
            Check.atLeast(0, "milestones", milestones.get(i));
            if (i > 0 && milestones.get(i) <= milestones.get(i - 1)) {
                throw new IllegalArgumentException(
                        "milestones must increase, but had " + milestones.get(i) + " after " + milestones.get(i - 1));
            }
        }
    }

    /** Returns {@code schedule} itself if it is a sequence, or else a sequence of it alone. */
    static SequentialLR of(Schedule schedule) {
        return schedule instanceof SequentialLR sequence ? sequence : new SequentialLR(List.of(schedule), List.of());
    }

    @Override
    public double at(long step, double base) {
        return walk(Check.step(step), base, false, base);
    }

    @Override
    public double next(long step, double current, double base) {
        int i = active(Check.step(step));
        Schedule piece = schedules.get(i);
        if (step == 0) {
            return piece.next(0, base, base);
        }
        return step == first(i) ? piece.takeOver(current, base) : piece.next(step - first(i), current, base);
    }

    /** Resumes the schedule that is active at {@code step}. */
    @Override
    public double start(long step, double current, double base) {
        int i = active(Check.step(step));
        Schedule piece = schedules.get(i);
        if (step > 0 && step == first(i)) {
            return piece.carries() ? current : piece.takeOver(current, base);
        }
        return piece.start(step - first(i), current, base);
    }

    @Override
    public double takeOver(double current, double base) {
        return schedules.get(active(0)).takeOver(current, base);
    }

    @Override
    public boolean carries() {
        return schedules.get(active(0)).carries();
    }

    @Override
    public boolean drivesMomentum() {
        return Lists.any(schedules, Schedule::drivesMomentum);
    }

    @Override
    public double momentum(long step, double current) {
        int i = active(Check.step(step));
        return schedules.get(i).momentum(step - first(i), current);
    }

    @Override
    public long lastStep() {
        for (int i = active(0); i < schedules.size(); i++) {
            long last = schedules.get(i).lastStep();
            if (last < last(i) - first(i)) {
                return first(i) + last;
            }
        }
        return Check.LAST_STEP;
    }

    @Override
    public double after(long step, double carried, double base) {
        return carries() ? walk(step, base, true, carried) : at(step, base);
    }

    /** Walks to {@code step} from the last piece that does not carry the rate of the one before. */
    private double walk(long step, double base, boolean takesOver, double carried) {
        int end = active(step);
        int i = end;
        while (i > active(0) && schedules.get(i).carries()) {
            i--;
        }
        long local = Math.min(step, last(i)) - first(i);
        Schedule fresh = schedules.get(i);
        double rate = takesOver && i == active(0) ? fresh.after(local, carried, base) : fresh.at(local, base);
        while (i < end) {
            i++;
            rate = schedules.get(i).after(Math.min(step, last(i)) - first(i), rate, base);
        }
        return rate;
    }

    /** Returns the index of the schedule that is active at {@code step}. */
    private int active(long step) {
        return Lists.countUpTo(step, milestones);
    }

    private long first(int piece) {
        return piece == 0 ? 0 : milestones.get(piece - 1);
    }

    private long last(int piece) {
        return piece == milestones.size() ? Check.LAST_STEP : milestones.get(piece) - 1;
    }

    @Override
    public boolean isComposite() {
        return true;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        SequentialLR all = (SequentialLR) shared;
        for (int i = 0; i <= milestones.size(); i++) {
            long from = first(i);
            if (i == milestones.size()) {
                part.piece(from, part.steps()).visit(all.schedules.get(i));
            } else if (part.isConfused(all, "milestones", milestones, milestones.get(i), false)) {
                return;
            } else if (milestones.get(i) >= part.steps()) {
                all.unreached(i, part);
                return;
            } else if (milestones.get(i) > from) {
                RunPart piece = part.piece(from, milestones.get(i));
                piece.visit(all.schedules.get(i));
                if (!part.isReported(piece)) {
                    jump(all, i, part);
                }
            }
        }
    }

    private void unreached(int i, RunPart part) {
        long milestone = milestones.get(i);
        String where = part.name() + " of " + part.length() + ": " + name(i + 1, part) + " never starts";
        if (i == 0 && schedules.get(0) instanceof LinearLR linear && linear.isWarmup()) {
            long fitting = Math.max(1, part.steps() / 20);
            List<Schedule> shorter = new ArrayList<>(schedules);
            shorter.set(0, new LinearLR(linear.startFactor(), linear.endFactor(), fitting));
            List<Long> earlier = new ArrayList<>(milestones);
            earlier.set(0, fitting);
            part.addAtEnd(
                    "the warmup, up to milestone " + milestone + ", is not over within " + where,
                    Remedy.with(
                            this,
                            Map.of("schedulers", shorter, "milestones", earlier),
                            "set milestones=" + earlier + " and total_iters=" + fitting));
        } else {
            part.addAtEnd(
                    "milestone " + milestone + " of SequentialLR is never reached within " + where,
                    "set the milestone below " + part.steps() + ", or give " + (part.isWhole() ? "the run" : "it")
                            + " more than " + milestone + " steps");
        }
    }

    /** Reports a jump between the rates on both sides of the milestone after piece {@code i}. */
    private void jump(SequentialLR all, int i, RunPart part) {
        Schedule before = schedules.get(i);
        Schedule after = schedules.get(i + 1);
        if (after.carries() || before.carries()) {
            return;
        }
        double base = part.base();
        long local = milestones.get(i) - first(i);
        try {
            double left = before.at(local - 1, base);
            double right = after.at(0, base);
            boolean itself = jumps(left, before.at(Math.min(local, before.lastStep()), base), base)
                    || (local > 1 && jumps(before.at(local - 2, base), left, base))
                    || jumps(right, after.at(1, base), base);
            if (jumps(left, right, base) && !itself) {
                part.piece(milestones.get(i), milestones.get(i) + 1)
                        .add(
                                part.from() + milestones.get(i),
                                "the rate jumps from " + RunPart.round(left) + " to " + RunPart.round(right)
                                        + ", from " + all.name(i, part) + " to " + all.name(i + 1, part)
                                        + " in the sequence",
                                "let " + all.name(i, part) + " end near " + RunPart.round(right)
                                        + ", or what follows start near " + RunPart.round(left));
            }
        } catch (ArithmeticException e) {
            // RateWalk reports it
        }
    }

    private static boolean jumps(double left, double right, double base) {
        double low = Math.min(left, right);
        double high = Math.max(left, right);
        return low >= 0 && high > JUMP * low && high - low > 0.01 * high && high - low > 0.01 * base;
    }

    private String name(int i, RunPart part) {
        Policy last = schedules.get(i);
        return (i == schedules.size() - 1
                        ? part.plateauAfter(this)
                                .<Policy>map(plateau -> plateau)
                                .orElse(last)
                        : last)
                .kind()
                .name();
    }

    @Override
    public LrLambda formula(double base) {
        Map<String, Object> values = new HashMap<>();
        StringBuilder text = new StringBuilder();
        for (int i = schedules.size() - 1; i >= active(0); i--) {
            Schedule piece = schedules.get(i);
            double from = base;
            if (i > active(0) && piece.carries()) {
                if (piece.isComposite()) {
                    throw new UnsupportedOperationException(
                            piece.kind().name() + " has no formula where it goes on from another schedule's rate");
                }
                from = piece.takeOver(at(first(i) - 1, base), base);
            }
            values.put("piece" + i, piece.formula(from));
            values.put("first" + i, first(i));
            text.append("piece").append(i).append("(step - first").append(i).append(')');
            if (i > active(0)) {
                text.append(" if step >= first").append(i).append(" else ");
            }
        }
        return LrLambda.formula(text.toString(), values);
    }

    @Override
    public Kind<SequentialLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
