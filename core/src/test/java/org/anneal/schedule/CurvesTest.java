package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.anneal.text.Check;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The curves that PyTorch lacks, beyond their formulas. */
class CurvesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Warmup(-1) | steps must be at least 0, but was -1",
                "Warmup(9, 1.5) | start must be >= 0 and <= 1, but was 1.5",
                "Warmup(9, 0, 'exponential') | start must be > 0 in an exponential warmup, but was 0.0",
                "Warmup(9, 0, 'log') | shape must be 'linear' or 'cosine' or 'sqrt' or 'exponential' or 'constant', but was"
                        + " 'log'",
                "WarmupStableDecay(1, 2) | WarmupStableDecay needs decay",
                "WarmupStableDecay(1, 2, -3) | decay must be at least 0, but was -3",
                "WarmupStableDecay(1, 2, 3, floor=2) | floor must be >= 0 and <= 1, but was 2.0",
                "WarmupStableDecay(1, 2, 3, warmup_shape='exponential') | start must be > 0 in an exponential warmup, but"
                        + " was 0.0",
                "InverseSqrt(0) | timescale must be at least 1, but was 0",
                "NoamLR(0, 5) | d_model must be at least 1, but was 0",
                "HalfCosine(0) | steps must be at least 1, but was 0",
                "HalfCosine(5, exponent=0) | exponent must be finite and > 0, but was 0.0",
                "HalfCosine(5, k=math.inf) | k must be finite and > 0, but was Infinity",
                "CosineCycles(5, growth=0.5) | growth must be finite and >= 1, but was 0.5",
                "CosineCycles(5, shrink=1.5) | shrink must be >= 0 and <= 1, but was 1.5",
                "CosineCycles(5, limit=-1) | limit must be at least 0, but was -1",
                "Polynomial(5, end=-1) | end must be finite and >= 0, but was -1.0",
                "Exponential(5, 0) | decay_rate must be finite and > 0, but was 0.0",
                "InverseTime(5, -1) | decay_rate must be finite and >= 0, but was -1.0",
                "TanhDecay(5, 1, 0) | upper must be at least lower, 1.0, but was 0.0",
                "SigmoidDecay(5, math.nan) | slope must be finite and >= 0, but was NaN",
                "REX(5, -1) | floor must be >= 0 and <= 1, but was -1.0",
                "Piecewise([3], [1.0]) | factors must have one entry more than boundaries, 2 for 1, but had 1",
                "Piecewise([0], [1.0, 2.0]) | boundaries must increase from 1 on, but had 0 after 0",
                "Piecewise([3, 3], [1.0, 2.0, 3.0]) | boundaries must increase from 1 on, but had 3 after 3",
                "Piecewise([3], [1.0, -2.0]) | factors[1] must be finite and >= 0, but was -2.0",
                "Noise(StepLR(3), 2) | amount must be >= 0 and <= 1, but was 2.0",
                "Noise(StepLR(3), 0.0001, type='normal') | amount must be >= 0.001 for normal noise, but was 1.0E-4",
                "Noise(StepLR(3), type='even') | type must be 'uniform' or 'normal', but was 'even'",
                "Noise(StepLR(3), start=3, end=2) | end must be at least start, 3, but was 2"
            })
    void refuseEveryBadValueByNameAndValue(String text, String message) {
        String refusal = String.valueOf(assertThrows(IllegalArgumentException.class, () -> Schedule.parse(text))
                .getMessage());
        assertEquals(message, refusal.replaceFirst("^column \\d+: ", ""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Warmup(150) | Warmup is not finished: the run ends after 100 of its 150 steps",
                "WarmupStableDecay(10, 100, 40) | WarmupStableDecay is not finished: the run ends after 100 of its 150 steps",
                "WarmupStableDecay(10, 30, 40) | WarmupStableDecay is at zero from here on: it ends after 80 steps, but the"
                        + " run has 100 steps",
                "NoamLR(64, 150) | the warmup of NoamLR is not finished: the run ends after 100 of its 150 steps",
                "HalfCosine(150) | HalfCosine is not finished: the run ends after 100 of its 150 steps",
                "HalfCosine(50) | HalfCosine is at zero from here on: it ends after 50 steps, but the run has 100 steps",
                "CosineCycles(150) | the first cycle of CosineCycles is not finished: the run ends after 100 of its 150"
                        + " steps",
                "Polynomial(150) | Polynomial is not finished: the run ends after 100 of its 150 steps",
                "TanhDecay(50) | TanhDecay is at zero from here on: it ends after 50 steps, but the run has 100 steps",
                "REX(50) | REX is at zero from here on: it ends after 50 steps, but the run has 100 steps",
                "Piecewise([50, 150], [1.0, 0.5, 0.1]) | Piecewise is not finished: the run ends after 100 of its 150 steps",
                "Noise(HalfCosine(50)) | HalfCosine is at zero from here on: it ends after 50 steps, but the run has 100"
                        + " steps"
            })
    void reportWhatDoesNotFitTheRun(String text, String problem) {
        Checkup checkup = Checkup.of(Schedule.parse(text), 100, 0.1);
        assertTrue(
                checkup.findings().stream()
                        .anyMatch(finding -> finding.problem().equals(problem)),
                checkup.findings().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "WarmupStableDecay(10, 60, 30, start=0.1)",
                "HalfCosine(50, floor=0.1)",
                "CosineCycles(30)",
                "InverseSqrt(10)",
                "Polynomial(100)",
                "Piecewise([30, 60], [1.0, 0.5, 0.1])",
                "TanhDecay(100)",
                "REX(100)"
            })
    void reportNothingIfTheyFit(String text) {
        assertEquals(List.of(), Checkup.of(Schedule.parse(text), 100, 0.1).findings());
    }

    @Test
    void drawNormalNoiseAsPyTorchDoes() {
        // torch 2.13: torch.randn(1) after torch.manual_seed(s), drawn again until it is below the amount
        double[] drawn = {0.33669036626815796, -0.6484010815620422, 0.36065590381622314};
        long[] seeds = {42, 43, 100};
        for (int i = 0; i < seeds.length; i++) {
            Schedule noise = Schedule.parse("Noise(ExponentialLR(1), 1.0, " + seeds[i] + ", type='normal')");
            assertEquals(1 + drawn[i], noise.at(0, 1), 1e-15);
            assertEquals(noise.at(0, 1), noise.at(0, 1));
        }
        assertEquals(
                1 + 0.12880940735340118, // the second at seed 42
                Schedule.parse("Noise(ExponentialLR(1), 0.3, 42, type='normal')")
                        .at(0, 1),
                1e-15);
    }

    @Test
    void drawTheSameNoiseWheneverAsked() {
        Schedule noise = new Noise(new ExponentialLR(1), 0.5, 7);
        assertEquals(noise.at(1000, 1), noise.next(1000, 3, 1));
        assertNotEquals(noise.at(1000, 1), noise.at(1001, 1));
        assertNotEquals(noise.at(1000, 1), new Noise(new ExponentialLR(1), 0.5, 8).at(1000, 1));
        double sum = 0;
        for (int step = 0; step < 10_000; step++) {
            double rate = noise.at(step, 1);
            assertTrue(rate >= 0.5 && rate < 1.5);
            sum += rate;
        }
        assertEquals(1, sum / 10_000, 0.02);
    }

    @Test
    void startACycleAtTheStepThatRoundingMisses() {
        Schedule cycles = new CosineCycles(10).withGrowth(1.1); // 10 + 11 is 21.000000000000004
        assertEquals(1, cycles.at(21, 1));
        assertTrue(cycles.at(20, 1) < 0.05);
    }

    @Test
    void keepTheirValueFarOut() {
        for (String text : List.of("HalfCosine(9, floor=0.25)", "REX(9, 0.25)", "Piecewise([9], [1.0, 0.25])")) {
            assertEquals(0.25, Schedule.parse(text).at(Check.LAST_STEP, 1), text);
        }
        assertEquals(1, new Warmup(9).at(Check.LAST_STEP, 1));
    }
}
