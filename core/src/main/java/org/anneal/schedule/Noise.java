package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adds noise to the rates of a schedule: a part of the rate, drawn anew at each step.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(t, base) * (1 + amount * (2 * u(seed + t) - 1))   if start <= t < end
 *                   = schedule.at(t, base)                                          otherwise
 * }</pre>
 *
 * <p>{@code u(s)} is the first number in [0, 1) that PyTorch draws after {@code torch.manual_seed(s)}, {@code torch.rand(1)}: it depends on the
 * step alone, so a resumed run draws the same. The momentum is the member's, without noise. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>timm: {@code noise_range_t=(start, end), noise_pct=amount, noise_type='uniform', noise_seed=seed}. Matsumoto and Nishimura,
 * "Mersenne Twister" (1998).
 *
 * @param schedule the schedule
 * @param amount the most noise, as a part of the rate, from 0 to 1
 * @param seed what the numbers are drawn from, at least 0
 * @param start the first step with noise, at least 0
 * @param end the step from which there is none, at least {@code start}
 */
@StateForm.By(TextForm.class)
public record Noise(
        @Param Schedule schedule,

        @Param(
                or = "0.67",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double amount,

        @Param(
                or = "42",
                atLeast = 0,
                slider = {0, 100})
        long seed,

        @Param(or = "0", unit = Param.Unit.STEPS) long start,
        @Param(or = "2 ** 53", unit = Param.Unit.STEPS) long end)
        implements Retimed {

    static final Kind<Noise> KIND =
            Kind.of(Noise.class, "adds noise to the rates of a schedule").withoutOptimizer();

    /** @throws IllegalArgumentException if an argument is out of its range, or {@code end < start} */
    public Noise {
        schedule = KIND.check("schedule", schedule);
        amount = KIND.check("amount", amount);
        seed = KIND.check("seed", seed);
        start = KIND.check("start", start);
        end = KIND.check("end", end);
        if (end < start) {
            throw new IllegalArgumentException("end must be at least start, " + start + ", but was " + end);
        }
    }

    /** Adds timm's noise at every step. */
    public Noise(Schedule schedule, double amount, long seed) {
        this(schedule, amount, seed, KIND.absent("start"), KIND.absent("end"));
    }

    private static final int MIDDLE = 397; // of the twister: its first output needs words 0, 1 and 397

    @Override
    public double at(long step, double base) {
        double rate = schedule.at(Check.step(step), base);
        return step < start || step >= end ? rate : rate * (1 + amount * (2 * uniform(seed + step) - 1));
    }

    @Override
    public long local(long step) {
        return step;
    }

    /** {@return the first output of the twister that {@code seed} starts, of which PyTorch takes 24 bits} */
    private static double uniform(long seed) {
        int word = (int) seed;
        int first = word;
        int second = 0;
        for (int i = 1; i <= MIDDLE; i++) {
            word = 1812433253 * (word ^ (word >>> 30)) + i;
            second = i == 1 ? word : second;
        }
        int output = word ^ (((first & 0x80000000) | (second & 0x7fffffff)) >>> 1) ^ ((second & 1) * 0x9908b0df);
        output ^= output >>> 11;
        output ^= (output << 7) & 0x9d2c5680;
        output ^= (output << 15) & 0xefc60000;
        output ^= output >>> 18;
        return (output & 0xffffff) * 0x1p-24;
    }

    @Override
    public long lastStep() {
        return schedule.lastStep();
    }

    @Override
    public boolean isComposite() {
        return true;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.visit(((Noise) shared).schedule);
    }

    @Override
    public Kind<Noise> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
