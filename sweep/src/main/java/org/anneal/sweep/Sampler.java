package org.anneal.sweep;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongFunction;
import org.hipparchus.random.SobolSequenceGenerator;

/** Which configurations of a space are tried. */
public enum Sampler {
    /** All of them, or the first so many. */
    GRID,

    /** Independent ones, evenly over the space. */
    RANDOM,

    /**
     * Sobol's sequence, which fills the space more evenly than chance does, best at powers of two; shifted at random by a XOR of the
     * digits, which keeps that.
     */
    SOBOL;

    private static final int MOST_TRIALS = 10_000_000;
    private static final int MOST_MISSES = 10_000; // in a row, before the rest is taken in order

    /**
     * {@return configurations, no two the same; fewer than {@code count}, if the space has not so many}
     *
     * @param count at least 1; of a grid, all that there are if there are fewer
     * @param seed of the chance; the first configurations are the same whatever the count
     * @throws IllegalArgumentException if a grid has a range in it without {@code num}
     */
    public List<Configuration> draw(Space space, int count, long seed) {
        Objects.requireNonNull(space, "space");
        if (count < 1 || count > MOST_TRIALS) {
            throw new IllegalArgumentException("trials must be from 1 to 10,000,000, but was " + count);
        }
        OptionalLong size = space.size();
        LongFunction<Configuration> next = switch (this) {
            case GRID -> space::grid;
            case RANDOM -> random(space, seed);
            case SOBOL -> sobol(space, seed);
        };
        long most = Math.min(count, size.orElse(Long.MAX_VALUE));
        List<Configuration> drawn = new ArrayList<>();
        Set<List<?>> known = new LinkedHashSet<>();
        int misses = 0;
        for (long i = 0; drawn.size() < most && misses < MOST_MISSES; i++) {
            Configuration each = next.apply(i);
            boolean isNew = known.add(each.settings());
            misses = isNew ? 0 : misses + 1;
            if (isNew) {
                drawn.add(each);
            }
            if (this == GRID && i == size.orElseThrow() - 1) {
                return drawn;
            }
        }
        for (long i = 0; drawn.size() < most && space.continua().isEmpty() && i < size.orElse(0); i++) {
            Configuration each = space.grid(i);
            if (known.add(each.settings())) {
                drawn.add(each);
            }
        }
        return drawn;
    }

    private static LongFunction<Configuration> random(Space space, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return i -> space.at(random.doubles(space.dimensions()).toArray());
    }

    private static LongFunction<Configuration> sobol(Space space, long seed) {
        if (space.dimensions() == 0) {
            return i -> space.at(new double[0]);
        }
        SobolSequenceGenerator sequence = new SobolSequenceGenerator(space.dimensions());
        SplittableRandom random = new SplittableRandom(seed);
        long digits = 1L << 52;
        long[] shift = random.longs(space.dimensions(), 0, digits).toArray();
        return i -> {
            double[] point = sequence.nextVector();
            for (int k = 0; k < point.length; k++) {
                point[k] = (double) ((long) (point[k] * digits) ^ shift[k]) / digits;
            }
            return space.at(point);
        };
    }
}
