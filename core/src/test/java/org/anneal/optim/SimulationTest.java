package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.SchedulerCall;
import org.junit.jupiter.api.Test;

class SimulationTest {
    private static Simulation run(String expression, double... lr) {
        List<SGD> groups = new ArrayList<>();
        for (double rate : lr) {
            groups.add(new SGD(rate).withMomentum(0.9));
        }
        return new Simulation(SchedulerCall.parse(expression, 1000), groups);
    }

    /** {@return the first group's rate at each step before {@code end}} */
    private static List<Double> rates(Simulation run, long end) {
        List<Double> rates = new ArrayList<>();
        run.walk(end, step -> rates.add(run.rate(0)));
        return rates;
    }

    @Test
    void visitsTheRateOfEachStepInEveryGroup() {
        Simulation run = run("StepLR(2, gamma=0.5)", 1, 0.5);
        List<Long> steps = new ArrayList<>();
        List<double[]> rates = new ArrayList<>();
        assertEquals(Optional.empty(), run.walk(4, step -> {
            steps.add(step);
            return rates.add(run.rates());
        }));
        assertEquals(List.of(0L, 1L, 2L, 3L), steps);
        assertArrayEquals(
                new double[][] {{1, 0.5}, {1, 0.5}, {0.5, 0.25}, {0.5, 0.25}}, rates.toArray(double[][]::new));
        assertEquals(4, run.step());
    }

    @Test
    void anEditIsInForceAtItsStepAndWhatFollowsGoesOnFromIt() {
        Simulation run = run("StepLR(2, gamma=0.5)", 1);
        run.edit(1, 8);
        assertEquals(List.of(1.0, 8.0, 4.0, 4.0, 2.0), rates(run, 5));
    }

    @Test
    void aPlateauStaysAsItIsWithoutAMetric() {
        String plateau = "ReduceLROnPlateau(factor=0.5, patience=0)";
        assertEquals(List.of(1.0, 1.0, 1.0), rates(run(plateau, 1), 3));
        Simulation run = run(plateau, 1);
        assertTrue(run.takesMetric() && !run.takesStep());
        List<Long> asked = new ArrayList<>();
        run.metric(step -> {
            asked.add(step);
            return 7;
        });
        assertEquals(List.of(1.0, 1.0, 0.5, 0.25), rates(run, 4));
        assertEquals(List.of(0L, 1L, 2L), asked, "the last row's is not asked for");
    }

    @Test
    void aMetricMovesThePlateauBeforeItsScheduleSteps() {
        Simulation run = run("ChainedScheduler([StepLR(1, gamma=0.5), ReduceLROnPlateau(factor=0.1, patience=0)])", 1);
        run.metric(step -> 7);
        assertEquals(List.of(1.0, 0.5, 0.025), rates(run, 3));
    }

    @Test
    void theMomentumIsThatWhichTheScheduleDrives() {
        Simulation run = run("OneCycleLR(max_lr=1, total_steps=10, base_momentum=0.5, max_momentum=0.75)", 0.1);
        List<Double> momenta = new ArrayList<>();
        run.walk(1, step -> momenta.add(run.momentum(0)));
        assertEquals(List.of(0.75), momenta);
    }

    @Test
    void saysWhyItEndedBeforeAndWhichStepFailed() {
        // PyTorch accepts the T-th step() call; the one after is past the end.
        Simulation run = run("OneCycleLR(max_lr=1, total_steps=3)", 0.1);
        List<Long> steps = new ArrayList<>();
        RuntimeException end = run.walk(10, steps::add).orElseThrow();
        assertTrue(end instanceof IllegalStateException, end::toString);
        assertEquals(List.of(0L, 1L, 2L, 3L), steps);
        assertEquals(4, run.step());
        assertEquals(
                Optional.empty(),
                run("OneCycleLR(max_lr=1, total_steps=3)", 0.1).walk(4, step -> true));
    }

    @Test
    void aVisitorEndsIt() throws IOException {
        Simulation run = run("StepLR(1)", 1);
        assertEquals(Optional.empty(), run.walk(1000, step -> step < 5));
        assertEquals(6, run.step());
        IOException full = new IOException("full");
        assertSame(
                full,
                assertThrows(
                        IOException.class,
                        () -> run("StepLR(1)", 1).<IOException>walk(9, step -> {
                            throw full;
                        })));
    }

    @Test
    void goesOnFromAStateAndFromALastEpoch() {
        Simulation first = run("StepLR(2, gamma=0.5)", 1);
        LRScheduler scheduler = new LRScheduler(
                FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(0f))),
                SchedulerCall.parse("StepLR(2, gamma=0.5)", 10).policy());
        scheduler.step();
        scheduler.step();
        scheduler.step();
        first.restore(scheduler.state());
        List<Long> steps = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        first.walk(6, step -> steps.add(step) && rates.add(first.rate(0)));
        assertEquals(List.of(3L, 4L, 5L), steps);
        assertEquals(List.of(0.5, 0.25, 0.25), rates);
        // PyTorch: StepLR(optimizer, 2, 0.5, last_epoch=2) keeps the rate in force at step 3, and halves it at step 4.
        assertEquals(List.of(1.0, 0.5, 0.5), rates(run("StepLR(2, gamma=0.5, last_epoch=2)", 1), 3));
    }
}
