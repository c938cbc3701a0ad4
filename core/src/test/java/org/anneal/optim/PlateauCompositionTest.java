package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MetricDriven;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.ReduceLROnPlateau.ThresholdMode;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A plateau on a schedule, in the runner: the arithmetic of r and m, stated once more. */
class PlateauCompositionTest {
    // Fires at the second bad metric; any metric of 1 after the first is bad.
    private static final ReduceLROnPlateau PLATEAU =
            new ReduceLROnPlateau().withPatience(0).withFactor(0.5);
    private static final Schedule HALVES = new ExponentialLR(0.5);

    private static Optimizer<FloatArray> optimizer(double... rates) {
        List<ParamGroup<FloatArray>> groups = new ArrayList<>();
        for (double rate : rates) {
            groups.add(new ParamGroup<>("g" + groups.size(), new SGD(rate), List.of(new FloatArray(1f))));
        }
        return FloatArrays.optimizer(groups);
    }

    private static List<Double> rates(Optimizer<?> optimizer) {
        return optimizer.groups().stream().map(ParamGroup::lr).toList();
    }

    private static void epoch(Optimizer<?> optimizer, LRScheduler scheduler, double metric) {
        optimizer.step();
        scheduler.step(metric);
        scheduler.step();
    }

    @Test
    void scalesTheSchedulesRatesByAFactorThatFalls() {
        Optimizer<FloatArray> optimizer = optimizer(1, 8);
        LRScheduler scheduler = new LRScheduler(optimizer, HALVES.times(PLATEAU));
        assertEquals(List.of(1.0, 8.0), rates(optimizer));
        epoch(optimizer, scheduler, 1); // the first is the best
        assertEquals(List.of(0.5, 4.0), rates(optimizer));
        optimizer.step();
        scheduler.step(1.0); // bad: m becomes 1/2 at once
        assertEquals(List.of(0.25, 2.0), rates(optimizer));
        assertEquals(List.of(0.25, 2.0), scheduler.lastLr());
        scheduler.step(); // and stays 1/2
        assertEquals(List.of(0.125, 1.0), rates(optimizer));
        assertEquals(List.of(0.25, 2.0), scheduler.state().unscaled());
        assertEquals(List.of(0.5, 0.5), scheduler.state().factors());
        assertEquals(2, scheduler.lastEpoch(), "a metric is no step");
    }

    @Test
    void aScheduleThatClimbsAgainClimbsWithTheFactor() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new CosineAnnealingLR(2).times(PLATEAU));
        for (int i = 0; i < 3; i++) {
            epoch(optimizer, scheduler, 1);
        }
        epoch(optimizer, scheduler, 0.5);
        // The cosine is back at 1. The second metric made m 1/2; the third found a rate of 0, which nothing reduces.
        assertEquals(0.5, rates(optimizer).get(0), 1e-15);
    }

    @Test
    void neverGoesBelowAMinLrPerGroupByItself() {
        Optimizer<FloatArray> optimizer = optimizer(1, 1);
        LRScheduler scheduler =
                new LRScheduler(optimizer, new StepLR(100).times(PLATEAU.withMinLr(List.of(0.0, 0.375))));
        for (int i = 0; i < 4; i++) {
            epoch(optimizer, scheduler, 1);
        }
        assertEquals(List.of(0.125, 0.375), rates(optimizer));
        assertEquals(List.of(0.125, 0.375), scheduler.state().factors());
    }

    @Test
    void theScheduleMayGoBelowMinLrAndThePlateauThenLeavesItAlone() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, HALVES.times(PLATEAU.withMinLr(0.4)));
        epoch(optimizer, scheduler, 1);
        epoch(optimizer, scheduler, 1); // 0.5 to 0.4, m = 0.8; then r = 0.25
        assertEquals(List.of(0.8), scheduler.state().factors());
        assertEquals(List.of(0.25 * 0.8), rates(optimizer));
        epoch(optimizer, scheduler, 1);
        assertEquals(List.of(0.8), scheduler.state().factors());
        assertEquals(List.of(0.125 * 0.8), rates(optimizer));
    }

    @Test
    void leavesADropThatIsNoMoreThanEps() {
        Optimizer<FloatArray> optimizer = optimizer(1, 4);
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(100).times(PLATEAU.withEps(0.5)));
        epoch(optimizer, scheduler, 1);
        epoch(optimizer, scheduler, 1);
        assertEquals(List.of(1.0, 2.0), rates(optimizer));
        epoch(optimizer, scheduler, 1);
        assertEquals(List.of(1.0, 1.0), rates(optimizer));
        epoch(optimizer, scheduler, 1);
        assertEquals(List.of(1.0, 1.0), rates(optimizer));
    }

    @Test
    void aRateOfZeroStaysZero() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new LinearLR(1, 0, 1).times(PLATEAU.withMinLr(0.1)));
        for (int i = 0; i < 4; i++) {
            epoch(optimizer, scheduler, 1);
            assertEquals(List.of(0.0), rates(optimizer));
        }
    }

    @Test
    void anEditByHandIsTheUnscaledRateAndResetsTheFactor() {
        Optimizer<FloatArray> optimizer = optimizer(1, 1);
        LRScheduler scheduler = new LRScheduler(optimizer, HALVES.times(PLATEAU));
        epoch(optimizer, scheduler, 1);
        epoch(optimizer, scheduler, 1);
        assertEquals(List.of(0.125, 0.125), rates(optimizer));
        optimizer.group("g0").setLr(0.6);
        assertEquals(List.of(0.6, 0.25), scheduler.state().unscaled());
        assertEquals(List.of(1.0, 0.5), scheduler.state().factors());
        scheduler.step();
        assertEquals(List.of(0.3, 0.0625), rates(optimizer));
    }

    @Test
    void anEditBeforeAMetricIsKeptWhetherItFiresOrNot() {
        for (double metric : new double[] {1, 0.5}) { // bad, better
            Optimizer<FloatArray> optimizer = optimizer(1);
            LRScheduler scheduler = new LRScheduler(optimizer, HALVES.times(PLATEAU));
            epoch(optimizer, scheduler, 1);
            optimizer.group("g0").setLr(0.6);
            scheduler.step(metric);
            assertEquals(metric == 1 ? 0.3 : 0.6, rates(optimizer).get(0));
            scheduler.step();
            assertEquals(metric == 1 ? 0.15 : 0.3, rates(optimizer).get(0));
        }
    }

    @Test
    void ignoresMetricsBeforeItsMilestoneAndThenHoldsTheBase() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new LinearLR(0.25, 3).then(3, PLATEAU));
        MetricDriven.Progress start = scheduler.state().plateau().orElseThrow();
        List<Double> seen = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            seen.add(rates(optimizer).get(0));
            epoch(optimizer, scheduler, 1);
            assertEquals(start, scheduler.state().plateau().orElseThrow());
        }
        for (int i = 0; i < 3; i++) {
            seen.add(rates(optimizer).get(0));
            epoch(optimizer, scheduler, 1);
        }
        seen.add(rates(optimizer).get(0));
        assertEquals(List.of(0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.25), seen);
    }

    @Test
    void afterAWarmupAnEditStaysUntilThePlateauReducesIt() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new LinearLR(0.25, 1).then(1, PLATEAU));
        epoch(optimizer, scheduler, 1);
        epoch(optimizer, scheduler, 1);
        optimizer.group("g0").setLr(0.7);
        scheduler.step();
        assertEquals(List.of(0.7), rates(optimizer));
        scheduler.step(1.0);
        assertEquals(List.of(0.35), rates(optimizer));
    }

    @Test
    void aMetricThatIsNaNIsBad() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(100).times(PLATEAU.withPatience(1)));
        epoch(optimizer, scheduler, Double.NaN);
        assertEquals(List.of(1.0), rates(optimizer));
        epoch(optimizer, scheduler, Double.NaN);
        assertEquals(List.of(0.5), rates(optimizer));
        assertEquals(
                Double.POSITIVE_INFINITY,
                scheduler.state().plateau().orElseThrow().best());
    }

    @Test
    void aLateGroupJoinsWithAFactorOfItsOwn() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, HALVES.times(PLATEAU));
        epoch(optimizer, scheduler, 1);
        epoch(optimizer, scheduler, 1);
        ParamGroup<FloatArray> late = new ParamGroup<>("late", new SGD(0.4), List.of(new FloatArray(1f)));
        optimizer.addParamGroup(late);
        scheduler.join(late);
        assertEquals(List.of(0.5, 1.0), scheduler.state().factors());
        scheduler.step();
        assertEquals(List.of(0.0625, 0.2), rates(optimizer));
    }

    @Test
    void refusesALateGroupThatAMinLrPerGroupDoesNotName() {
        String expected = "min_lr must have 1 entry for all groups or 3, one per group, but had 2";
        ReduceLROnPlateau perGroup = PLATEAU.withMinLr(List.of(0.1, 0.2));
        for (Policy policy : List.of(perGroup, HALVES.times(perGroup))) {
            Optimizer<FloatArray> optimizer = optimizer(1, 1);
            LRScheduler scheduler = new LRScheduler(optimizer, policy);
            ParamGroup<FloatArray> late = new ParamGroup<>("late", new SGD(0.4), List.of(new FloatArray(1f)));
            optimizer.addParamGroup(late);
            assertEquals(
                    expected,
                    assertThrows(IllegalArgumentException.class, () -> {
                                if (policy == perGroup) {
                                    scheduler.step(1.0);
                                } else {
                                    scheduler.join(late);
                                }
                            })
                            .getMessage());
            assertEquals(0, scheduler.lastEpoch());
            assertEquals(2, scheduler.lastLr().size());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {20261122, 20261123, 20261124, 20261125})
    void followsTheArithmeticOverRandomRuns(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < 100; run++) {
            double gamma = 0.9 + 0.15 * random.nextDouble();
            long stepSize = random.nextInt(1, 6);
            double factor = random.nextDouble();
            int patience = random.nextInt(4);
            int cooldown = random.nextInt(4);
            double eps = random.nextInt(3) * 0.01;
            double[] minLr = {0, random.nextDouble() / 2, random.nextDouble()};
            double[] r = {1, 0.5, 2};
            double[] m = {1, 1, 1};
            Optimizer<FloatArray> optimizer = optimizer(r);
            ReduceLROnPlateau plateau = new ReduceLROnPlateau()
                    .withFactor(factor)
                    .withPatience(patience)
                    .withCooldown(cooldown)
                    .withThreshold(0, ThresholdMode.ABS)
                    .withMinLr(List.of(minLr[0], minLr[1], minLr[2]))
                    .withEps(eps);
            LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(stepSize, gamma).times(plateau));
            double best = Double.POSITIVE_INFINITY;
            int bad = 0;
            int rest = 0;
            for (int step = 1; step <= 60; step++) {
                if (random.nextInt(8) == 0) {
                    int group = random.nextInt(3);
                    double edit = random.nextDouble();
                    optimizer.groups().get(group).setLr(edit);
                    r[group] = edit;
                    m[group] = 1;
                }
                optimizer.step();
                for (int metrics = random.nextInt(3); metrics > 0; metrics--) {
                    double metric = random.nextInt(10) == 0 ? Double.NaN : random.nextDouble();
                    bad = metric < best ? 0 : bad + 1;
                    best = metric < best ? metric : best;
                    if (rest > 0) {
                        rest--;
                        bad = 0;
                    }
                    if (bad > patience) {
                        for (int g = 0; g < 3; g++) {
                            double lowered = Math.max(r[g] * m[g] * factor, minLr[g]);
                            m[g] = r[g] * m[g] - lowered > eps ? lowered / r[g] : m[g];
                        }
                        rest = cooldown;
                        bad = 0;
                    }
                    scheduler.step(metric);
                    assertRates(optimizer, r, m, seed);
                }
                for (int g = 0; g < 3 && step % stepSize == 0; g++) {
                    r[g] *= gamma;
                }
                scheduler.step();
                assertRates(optimizer, r, m, seed);
            }
        }
    }

    private static void assertRates(Optimizer<?> optimizer, double[] r, double[] m, long seed) {
        assertEquals(Stream.of(0, 1, 2).map(g -> r[g] * m[g]).toList(), rates(optimizer), "seed " + seed);
    }
}
