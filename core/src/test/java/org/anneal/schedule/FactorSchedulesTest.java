package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ConstantLR, LinearLR and PolynomialLR: the documented formulas, restated. */
class FactorSchedulesTest {

    private static final long LAST = 1L << 53;

    @Test
    void constantTakesItsFactorBack() {
        assertEquals(List.of(2.0, 2.0, 2.0, 8.0, 8.0), rates(new ConstantLR(0.25, 3), 5, 8));
        assertEquals(List.of(8.0, 8.0), rates(new ConstantLR(0.25, 0), 2, 8));
        assertEquals(List.of(2.0, 8.0), rates(new ConstantLR(0.25, 1), 2, 8));
        assertEquals(2.0, new ConstantLR(0.25, LAST).at(LAST - 1, 8));
        assertEquals(8.0, new ConstantLR(0.25, LAST).at(LAST, 8));
    }

    @Test
    void constantScalesAnEditedRateBackToo() {
        ConstantLR schedule = new ConstantLR(1.0 / 3, 4);
        assertEquals(0.7, schedule.next(3, 0.7, 8));
        assertEquals(0.7 * (1 / (1.0 / 3)), schedule.next(4, 0.7, 8));
        assertEquals(0.7, schedule.next(5, 0.7, 8));
    }

    @Test
    void linearGoesFromOneFactorToTheOther() {
        assertEquals(List.of(2.0, 4.0, 6.0, 8.0, 8.0), rates(new LinearLR(0.25, 3), 5, 8));
        assertEquals(List.of(8.0, 6.0, 4.0, 4.0), rates(new LinearLR(1, 0.5, 2), 4, 8));
        assertEquals(List.of(4.0, 0.0, 0.0), rates(new LinearLR(0.5, 0, 1), 3, 8));
        assertEquals(List.of(1.0, 1.0, 1.0), rates(new LinearLR(0.5, 0.125, 0), 3, 8));
    }

    @Test
    void linearScalesAnEditedRate() {
        LinearLR schedule = new LinearLR(0.25, 3); // factors 1/4 2/4 3/4 1
        assertEquals(0.8 * (3.0 / 2), schedule.next(2, 0.8, 8), 1e-15);
        assertEquals(0.8, schedule.next(4, 0.8, 8));
    }

    @Test
    void polynomialFallsToZero() {
        assertEquals(List.of(8.0, 6.0, 4.0, 2.0, 0.0, 0.0), closed(new PolynomialLR(4, 1), 6, 8));
        assertEquals(List.of(9.0, 4.0, 1.0, 0.0, 0.0), closed(new PolynomialLR(3, 2), 5, 9), "to the last bit");
        assertEquals(List.of(0.0, 0.0, 0.0), rates(new PolynomialLR(0, 2), 3, 9));
        assertEquals(List.of(9.0, 0.0, 0.0), rates(new PolynomialLR(1, 2), 3, 9));
        assertEquals(0.5, new PolynomialLR(0, 2).next(1, 0.5, 9)); // an edit after the end stays
        assertEquals(0.5, new PolynomialLR(3, 2).next(4, 0.5, 9));
        assertEquals(0.5 * 4 / 9, new PolynomialLR(3, 2).next(1, 0.5, 9), 1e-15);
    }

    @ParameterizedTest
    @ValueSource(longs = {20261121, 20261122})
    void followTheirFormulasStepByStep(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            double first = 1 - random.nextDouble();
            double last = random.nextDouble();
            double power = 4 * (1 - random.nextDouble());
            int iters = random.nextInt(1, 300);
            double[] constant = new ConstantLR(first, iters).curve(400, 0.1).toArray();
            double[] linear = new LinearLR(first, last, iters).curve(400, 0.1).toArray();
            double[] polynomial = new PolynomialLR(iters, power).curve(400, 0.1).toArray();
            for (int t = 0; t < 400; t++) {
                double left = Math.max(0, 1 - (double) t / iters);
                assertEquals(t < iters ? 0.1 * first : 0.1, constant[t], 1e-16, "seed " + seed);
                assertEquals(0.1 * (first * left + last * (1 - left)), linear[t], 1e-14, "seed " + seed);
                assertEquals(0.1 * Math.pow(left, power), polynomial[t], 1e-14, "seed " + seed);
            }
        }
    }

    @Test
    void agreeWithTheirClosedFormsOverAMillionSteps() {
        for (Schedule schedule :
                List.of(new LinearLR(0.001, 900_000), new LinearLR(1, 0.01, 999_999), new PolynomialLR(900_000, 2))) {
            double rate = 0.1;
            for (long t = 0; t <= 1_000_000; t++) {
                rate = schedule.next(t, rate, 0.1);
                if (t % 997 == 0) {
                    assertEquals(schedule.at(t, 0.1), rate, 1e-10, schedule + " at " + t);
                }
            }
        }
    }

    @Test
    void loseNothingAtTheLastStep() {
        assertEquals(0.75, new LinearLR(0.5, LAST).at(LAST / 2, 1));
        assertEquals(1.0, new LinearLR(0.5, LAST).at(LAST, 1));
        assertEquals(0x1p-53, new PolynomialLR(LAST, 1).at(LAST - 1, 1));
        assertEquals(0.0, new PolynomialLR(LAST, 1).at(LAST, 1));
    }

    @Test
    void haveDefaultsAndChangeOneArgument() {
        assertEquals(new ConstantLR(1.0 / 3, 5), new ConstantLR());
        assertEquals(new ConstantLR(0.5, 7), new ConstantLR().withFactor(0.5).withTotalIters(7));
        assertEquals(new LinearLR(1.0 / 3, 1, 5), new LinearLR());
        assertEquals(
                new LinearLR(0.5, 0.25, 7),
                new LinearLR().withStartFactor(0.5).withEndFactor(0.25).withTotalIters(7));
        assertEquals(new PolynomialLR(5, 1), new PolynomialLR());
        assertEquals(
                new PolynomialLR(7, 2), new PolynomialLR().withTotalIters(7).withPower(2));
    }

    @Test
    void refuseEveryBadValueByNameAndValue() {
        assertEquals("factor must be > 0 and <= 1, but was 0.0", refusal(() -> new ConstantLR(0, 5)));
        assertEquals("factor must be > 0 and <= 1, but was 1.5", refusal(() -> new ConstantLR(1.5, 5)));
        assertEquals("factor must be > 0 and <= 1, but was NaN", refusal(() -> new ConstantLR(Double.NaN, 5)));
        assertEquals("total_iters must be at least 0, but was -1", refusal(() -> new ConstantLR(1, -1)));
        assertEquals("start_factor must be > 0 and <= 1, but was 0.0", refusal(() -> new LinearLR(0, 5)));
        assertEquals("start_factor must be > 0 and <= 1, but was NaN", refusal(() -> new LinearLR(Double.NaN, 5)));
        assertEquals("end_factor must be >= 0 and <= 1, but was -0.1", refusal(() -> new LinearLR(1, -0.1, 5)));
        assertEquals("end_factor must be >= 0 and <= 1, but was NaN", refusal(() -> new LinearLR(1, Double.NaN, 5)));
        assertEquals("total_iters must be at least 0, but was -1", refusal(() -> new LinearLR(1, -1)));
        assertEquals("total_iters must be at least 0, but was -1", refusal(() -> new PolynomialLR(-1, 1)));
        assertEquals("power must be finite and > 0, but was 0.0", refusal(() -> new PolynomialLR(1, 0)));
        assertEquals("power must be finite and > 0, but was NaN", refusal(() -> new PolynomialLR(1, Double.NaN)));
        assertEquals(
                "power must be finite and > 0, but was Infinity",
                refusal(() -> new PolynomialLR(1, Double.POSITIVE_INFINITY)));
    }

    private static List<Double> rates(Schedule schedule, long steps, double base) {
        return schedule.curve(steps, base).boxed().toList();
    }

    private static List<Double> closed(Schedule schedule, int steps, double base) {
        return IntStream.range(0, steps).mapToObj(t -> schedule.at(t, base)).toList();
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
