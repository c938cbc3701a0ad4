package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adds noise to the rates of a schedule: a part of the rate, drawn anew at each step.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(t, base) * (1 + amount * (2 * u(seed + t) - 1))   if start <= t < end, and type is 'uniform'
 *                   = schedule.at(t, base) * (1 + n(seed + t))                      if start <= t < end, and type is 'normal'
 *                   = schedule.at(t, base)                                          otherwise
 * }</pre>
 *
 * <p>{@code u(s)} is the first number in [0, 1) that PyTorch draws after {@code torch.manual_seed(s)}, {@code torch.rand(1)}, and {@code n(s)}
 * the first of a standard normal distribution, {@code torch.randn(1)}, whose magnitude is below {@code amount}: they depend on the
 * step alone, so a resumed run draws the same. The momentum is the member's, without noise. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>timm: {@code noise_range_t=(start, end), noise_pct=amount, noise_type=type, noise_seed=seed}; its schedulers
 * but for the plateau have {@code 'normal'}. Matsumoto and Nishimura,
 * "Mersenne Twister" (1998).
 *
 * @param schedule the schedule
 * @param amount the most noise, as a part of the rate, from 0 to 1; if normal, at least 0.001
 * @param seed what the numbers are drawn from, at least 0
 * @param start the first step with noise, at least 0
 * @param end the step from which there is none, at least {@code start}
 * @param type the distribution
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
        @Param(or = "2 ** 53", unit = Param.Unit.STEPS) long end,
        @Param(or = "'uniform'") Distribution type)
        implements Revalued {

    static final Kind<Noise> KIND =
            Kind.of(Noise.class, "adds noise to the rates of a schedule").withoutOptimizer();

    /** @throws IllegalArgumentException if an argument is out of its range, {@code end < start}, or normal noise has too low an amount */
    public Noise {
        schedule = KIND.check("schedule", schedule);
        amount = KIND.check("amount", amount);
        seed = KIND.check("seed", seed);
        start = KIND.check("start", start);
        end = KIND.check("end", end);
        if (end < start) {
            throw new IllegalArgumentException("end must be at least start, " + start + ", but was " + end);
        }
        type = KIND.check("type", type);
        if (type == Distribution.NORMAL && amount < LEAST) {
            throw new IllegalArgumentException("amount must be >= " + LEAST + " for normal noise, but was " + amount);
        }
    }

    /** How noise is distributed. */
    public enum Distribution {
        /** Evenly, up to the amount either way. */
        UNIFORM,
        /** Normally, with a deviation of 1, drawn again if it is not below the amount. */
        NORMAL
    }

    /** Adds timm's noise at every step. */
    public Noise(Schedule schedule, double amount, long seed) {
        this(schedule, amount, seed, KIND.absent("start"), KIND.absent("end"), KIND.absent("type"));
    }

    private static final double LEAST = 0.001; // of which a normal number is below the magnitude after some 1,000 draws
    private static final int MIDDLE = 397; // of the twister: its first output needs words 0, 1 and 397
    private static final ThreadLocal<Twister> TWISTER = ThreadLocal.withInitial(Twister::new); // not one per step

    @Override
    public double at(long step, double base) {
        double rate = schedule.at(Check.step(step), base);
        if (step < start || step >= end) {
            return rate;
        }
        return rate
                * (1
                        + (type == Distribution.NORMAL
                                ? TWISTER.get().normal(seed + step, amount)
                                : amount * (2 * uniform(seed + step) - 1)));
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
        return (tempered(twisted(first, second, word)) & 0xffffff) * 0x1p-24;
    }

    private static int twisted(int word, int next, int middle) {
        return middle ^ (((word & 0x80000000) | (next & 0x7fffffff)) >>> 1) ^ ((next & 1) * 0x9908b0df);
    }

    private static int tempered(int word) {
        int output = word;
        output ^= output >>> 11;
        output ^= (output << 7) & 0x9d2c5680;
        output ^= (output << 15) & 0xefc60000;
        return output ^ (output >>> 18);
    }

    /** The twister with all its words, of which normal numbers need more than the first. */
    private static final class Twister {
        private static final int SIZE = 624;
        private final int[] words = new int[SIZE];
        private int next;

        /** {@return the first of PyTorch's normal numbers whose magnitude is below a limit} It makes two at a time (Box and Muller). */
        double normal(long seed, double limit) {
            words[0] = (int) seed;
            for (int i = 1; i < SIZE; i++) {
                words[i] = 1812433253 * (words[i - 1] ^ (words[i - 1] >>> 30)) + i;
            }
            next = SIZE;
            while (true) {
                double angle = 2 * Math.PI * uniform();
                double radius = Math.sqrt(-2 * Math.log1p(-uniform()));
                float first = (float) (radius * Math.cos(angle));
                float second = (float) (radius * Math.sin(angle));
                if (Math.abs((double) first) < limit) {
                    return first;
                } else if (Math.abs((double) second) < limit) {
                    return second;
                }
            }
        }

        private double uniform() {
            long high = word();
            long low = word() & 0xffffffffL;
            return ((high << 32 | low) & ((1L << 53) - 1)) * 0x1p-53;
        }

        private int word() {
            if (next == SIZE) {
                for (int i = 0; i < SIZE; i++) {
                    words[i] = twisted(words[i], words[(i + 1) % SIZE], words[(i + MIDDLE) % SIZE]);
                }
                next = 0;
            }
            return tempered(words[next++]);
        }
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
