package org.anneal.plot;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/** The positions and labels of an axis's ticks. */
final class Ticks {
    /** A tick's place on the axis (of a logarithmic one: the logarithm) and its text. */
    record Tick(double at, String label) {}

    private static final int[] MANTISSAS = {1, 2, 5};
    /** Logarithms that differ by no more than this are of the same value. */
    private static final double SAME = 1e-9;

    private Ticks() {}

    /** {@return ticks at multiples of 1, 2 or 5 times a power of ten, at most {@code most} + 1 of them} */
    static List<Tick> linear(double low, double high, int most) {
        return labelled(multiples(low, high, (high - low) / most), false);
    }

    /** {@return ticks as for a linear axis, but at whole numbers if there is room for two} */
    static List<Tick> counts(double low, double high, int most) {
        double least = (high - low) / most;
        return labelled(multiples(low, high, high - low >= 1 ? Math.max(1, least) : least), false);
    }

    /**
     * {@return ticks as {@link #counts} gives them, but no more than have room for their labels; at least one}
     */
    static List<Tick> fitting(double low, double high, int most, ToDoubleFunction<String> width, double room) {
        return fitting(few -> counts(low, high, few), most, width, room);
    }

    /** {@return ticks as {@link #log} gives them, but no more than have room for their labels; at least one} */
    static List<Tick> fittingLog(double low, double high, int most, ToDoubleFunction<String> width, double room) {
        return fitting(few -> log(low, high, few), most, width, room);
    }

    private static List<Tick> fitting(
            IntFunction<List<Tick>> axis, int most, ToDoubleFunction<String> width, double room) {
        List<Tick> ticks = axis.apply(most);
        while (ticks.size() > 1 && ticks.size() * widest(ticks, width) > room) {
            most--;
            List<Tick> fewer = most > 0 ? axis.apply(most) : List.of();
            ticks = fewer.isEmpty() ? ticks.subList(0, 1) : fewer;
        }
        return ticks;
    }

    /** {@return the width of the widest label; 0 if there is none} */
    static double widest(List<Tick> ticks, ToDoubleFunction<String> width) {
        return ticks.stream()
                .mapToDouble(tick -> width.applyAsDouble(tick.label()))
                .max()
                .orElse(0);
    }

    /** {@return the least tick of a logarithmic axis above a place, of 1, 2 and 5 in each decade; both are logarithms} */
    static double logAbove(double at) {
        return logTicksAround(at).filter(tick -> tick > at + SAME).min().orElseThrow();
    }

    /** {@return the greatest tick of a logarithmic axis below a place, of 1, 2 and 5 in each decade; both are logarithms} */
    static double logBelow(double at) {
        return logTicksAround(at).filter(tick -> tick < at - SAME).max().orElseThrow();
    }

    private static DoubleStream logTicksAround(double at) {
        return DoubleStream.of(-1, 0, 1)
                .flatMap(decades -> Arrays.stream(MANTISSAS)
                        .mapToDouble(mantissa -> Math.floor(at) + decades + Math.log10(mantissa)));
    }

    /** {@return ticks for an axis from {@code low} to {@code high}, both logarithms to base 10} */
    static List<Tick> log(double low, double high, int most) {
        int firstDecade = (int) Math.floor(low);
        int lastDecade = (int) Math.ceil(high);
        List<BigDecimal> decades = new ArrayList<>();
        List<BigDecimal> halves = new ArrayList<>();
        for (int decade = firstDecade; decade <= lastDecade; decade++) {
            for (int mantissa : MANTISSAS) {
                double at = Math.log10(mantissa) + decade;
                if (at >= low && at <= high) {
                    BigDecimal value = BigDecimal.valueOf(mantissa, -decade);
                    halves.add(value);
                    if (mantissa == 1) {
                        decades.add(value);
                    }
                }
            }
        }
        if (halves.size() < 3) {
            double from = Math.pow(10, low);
            double to = Math.pow(10, high);
            return labelled(multiples(from, to, (to - from) / most), true);
        }
        List<BigDecimal> chosen = halves.size() <= most + 1 ? halves : decades;
        int stride = Math.max(1, (chosen.size() + most - 1) / most);
        List<BigDecimal> kept = new ArrayList<>();
        for (int i = 0; i < chosen.size(); i += stride) {
            kept.add(chosen.get(i));
        }
        return labelled(kept, true);
    }

    private static List<BigDecimal> multiples(double low, double high, double leastStep) {
        BigDecimal step = step(leastStep);
        long first = (long) Math.ceil(low / step.doubleValue());
        long last = (long) Math.floor(high / step.doubleValue());
        List<BigDecimal> values = new ArrayList<>();
        for (long i = first; i <= last; i++) {
            values.add(step.multiply(BigDecimal.valueOf(i)));
        }
        return values;
    }

    /** {@return the least of 1, 2 and 5 times a power of ten that is no less} */
    private static BigDecimal step(double atLeast) {
        int exponent = (int) Math.floor(Math.log10(atLeast));
        for (int mantissa : MANTISSAS) {
            BigDecimal step = BigDecimal.valueOf(mantissa, -exponent);
            if (step.doubleValue() >= atLeast * (1 - 1e-9)) {
                return step;
            }
        }
        return BigDecimal.valueOf(1, -exponent - 1);
    }

    private static List<Tick> labelled(List<BigDecimal> values, boolean log) {
        double largest = values.stream()
                .mapToDouble(v -> Math.abs(v.doubleValue()))
                .max()
                .orElse(0);
        double smallest = values.stream()
                .mapToDouble(v -> Math.abs(v.doubleValue()))
                .filter(v -> v > 0)
                .min()
                .orElse(1);
        boolean plain = largest < 1e7 && smallest >= 1e-9 && (log ? smallest >= 1e-4 : largest >= 1e-3);
        return values.stream()
                .map(value -> new Tick(
                        log ? Math.log10(value.doubleValue()) : value.doubleValue(),
                        plain ? plain(value, log) : scientific(value)))
                .toList();
    }

    /** With commas between thousands, and on a linear axis with as many decimals as its step. */
    private static String plain(BigDecimal value, boolean log) {
        BigDecimal shown = log ? value.stripTrailingZeros() : value;
        String digits = (shown.scale() < 0 ? shown.setScale(0) : shown).abs().toPlainString();
        int point = digits.indexOf('.');
        StringBuilder text = new StringBuilder(digits);
        for (int i = (point < 0 ? digits.length() : point) - 3; i > 0; i -= 3) {
            text.insert(i, ',');
        }
        return value.signum() < 0 ? text.insert(0, '\u2212').toString() : text.toString();
    }

    private static String scientific(BigDecimal value) {
        if (value.signum() == 0) {
            return "0";
        }
        BigDecimal stripped = value.stripTrailingZeros();
        int exponent = stripped.precision() - stripped.scale() - 1;
        return stripped.movePointLeft(exponent)
                        .stripTrailingZeros()
                        .toPlainString()
                        .replace('-', '\u2212')
                + "e"
                + exponent;
    }
}
