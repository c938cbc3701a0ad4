package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotTest {
    private static final Schedule COSINE = new CosineAnnealingLR(100);
    private static final RunLength RUN = new RunLength(4, 25);

    @TempDir
    Path folder;

    @Test
    void drawsTheRatesOfEveryStepInOneLine() throws IOException {
        Path svg = folder.resolve("curve.svg");
        Plot.of(COSINE).save(svg);
        Chart rates = chart(COSINE.toString(), "step", Series.perStep(COSINE.toString(), rates(100)));
        assertArrayEquals(rates.svg(), Files.readAllBytes(svg));
        Path png = folder.resolve("curve.png");
        Plot.of(COSINE).save(png);
        assertArrayEquals(rates.png(), Files.readAllBytes(png));
        Path upper = folder.resolve("curve.PNG");
        Plot.of(COSINE).save(upper);
        assertArrayEquals(rates.png(), Files.readAllBytes(upper));
    }

    @Test
    void countsEpochsWhereTheLengthIsKnownAndStepsWhereItIsToldTo() throws IOException {
        String text = COSINE.toString();
        double[] inEpochs = new double[101];
        Arrays.setAll(inEpochs, i -> i / 4.0);
        assertArrayEquals(
                chart(text, "epoch", Series.stairs(text, inEpochs, rates(100))).svg(),
                Plot.of(COSINE).withRunLength(RUN).chart().svg());
        assertArrayEquals(
                Plot.of(COSINE).chart().svg(),
                Plot.of(COSINE)
                        .withRunLength(RUN)
                        .withXAxis(XAxis.STEPS)
                        .chart()
                        .svg());

        RunLength perEpoch = RUN.withStepPer(StepPer.EPOCH);
        double[] epochs = new double[26];
        Arrays.setAll(epochs, i -> i);
        assertArrayEquals(
                chart(text, "epoch", Series.stairs(text, epochs, rates(25))).svg(),
                Plot.of(COSINE).withRunLength(perEpoch).chart().svg());
        double[] inSteps = new double[26];
        Arrays.setAll(inSteps, i -> 4.0 * i);
        assertArrayEquals(
                chart(text, "step", Series.stairs(text, inSteps, rates(25))).svg(),
                Plot.of(COSINE)
                        .withRunLength(perEpoch)
                        .withXAxis(XAxis.STEPS)
                        .chart()
                        .svg());
    }

    @Test
    void showsTheMomentumIfItIsDrivenOrAskedFor() {
        Plot driven = Plot.of(COSINE, new OneCycleLR(0.1, 100));
        assertEquals(List.of("learning rate", "momentum"), panels(driven));
        assertEquals(
                List.of("OneCycleLR(max_lr=0.1, total_steps=100)"),
                driven.chart().panels().get(1).series().stream()
                        .map(Series::label)
                        .toList());
        assertEquals(List.of("learning rate", "beta1"), panels(driven.withOptimizer(new Adam(0.1))));
        assertEquals(List.of("learning rate", "beta1"), panels(driven.withOptimizer(new AdamW(0.1))));
        assertEquals(List.of("learning rate"), panels(driven.withMomentum(false)));
        assertEquals(List.of("learning rate"), panels(Plot.of(COSINE)));
        assertEquals(
                List.of("learning rate", "momentum"), panels(Plot.of(COSINE).withMomentum(true)));
        assertEquals(List.of("learning rate"), panels(Plot.of(new OneCycleLR(0.1, 100).withCycleMomentum(false))));
    }

    @Test
    void saysHowManyStepsOfAllSchedulesAreRun() {
        List<Long> run = new ArrayList<>();
        Plot.of(COSINE, new StepLR(30)).withSteps(2000).chart(run::add);
        assertEquals(List.of(0L, 1024L, 2000L, 2000L, 3024L, 4000L), run);
    }

    @Test
    void hasACurveForEachGroup() {
        Plot groups = Plot.of(COSINE).withLr(0.1, 0.01);
        assertEquals(List.of("lr 0.1", "lr 0.01"), labels(groups));
        assertEquals(
                List.of("CosineAnnealingLR(T_max=100), lr 0.1", "CosineAnnealingLR(T_max=100), lr 0.01"),
                labels(groups.withTitle("mine")));
        assertEquals(COSINE.toString(), groups.chart().title());
        assertEquals("", Plot.of(COSINE, COSINE).chart().title());
    }

    @Test
    void startsWhereLastEpochSays() throws IOException {
        SchedulerCall call = SchedulerCall.parse("StepLR(step_size=30, last_epoch=28)");
        String text = "StepLR(step_size=30, gamma=0.1), last_epoch=28";
        assertArrayEquals(
                chart(text, "step", Series.perStep(text, new double[] {0.1, 0.1 * 0.1}))
                        .svg(),
                Plot.of(call).withSteps(2).chart().svg());
    }

    @Test
    void drawsAPlateauWithoutAMetricBeforeItReduces() throws IOException {
        String text = "ReduceLROnPlateau(), before the plateau reduces it";
        assertArrayEquals(
                chart(text, "step", Series.perStep(text, new double[] {0.1, 0.1, 0.1}))
                        .svg(),
                Plot.of(new ReduceLROnPlateau())
                        .withUnreducedPlateaus()
                        .withSteps(3)
                        .chart()
                        .svg());
        String chained = "ChainedScheduler([StepLR(step_size=1, gamma=0.5), ReduceLROnPlateau()]), before the plateau"
                + " reduces it";
        assertArrayEquals(
                chart(chained, "step", Series.perStep(chained, new double[] {0.1, 0.05, 0.025}))
                        .svg(),
                Plot.of(new StepLR(1, 0.5).times(new ReduceLROnPlateau()))
                        .withUnreducedPlateaus()
                        .withSteps(3)
                        .chart()
                        .svg());
    }

    @Test
    void drawsAScheduleThatEndsAsFarAsItGoes() throws IOException {
        List<String> ends = new ArrayList<>();
        String text = "LambdaLR(lr_lambda=lambda e: 1 / (2 - e))";
        Plot plot = Plot.of(LambdaLR.of("lambda e: 1 / (2 - e)")).withSteps(4);
        assertArrayEquals(
                chart(text, "step", Series.perStep(text, new double[] {0.05, 0.1, Double.NaN, Double.NaN}))
                        .svg(),
                plot.chart(steps -> {}, end -> ends.add(String.valueOf(end.getMessage())))
                        .svg());
        assertEquals(List.of("lambda e: 1 / (2 - e) failed at step 2: division by zero"), ends);
        assertThrows(ArithmeticException.class, plot::chart);
    }

    @Test
    void showsAPlateauWithItsMetric() {
        Plot plot = Plot.of(new ReduceLROnPlateau());
        assertMessage("a metric must be given for a plateau, but ReduceLROnPlateau() has none", () -> plot.chart());
        assertEquals(List.of("learning rate", "metric"), panels(plot.withMetric(step -> 1.0 / (step + 1))));
        assertEquals(List.of("learning rate"), panels(plot.withMetric(step -> 1).withSteps(1)));
        assertEquals(List.of("learning rate"), panels(Plot.of(COSINE).withMetric(step -> 1)));
    }

    @Test
    void refusesWhatItCannotDraw() {
        assertMessage("a plot must have at least 1 schedule, but has none", () -> Plot.of(new Schedule[0]));
        assertEquals(
                "policies must not be null, but one is",
                assertThrows(NullPointerException.class, () -> Plot.of(new Policy[1]))
                        .getMessage());
        assertEquals(
                "calls must not be null, but one is",
                assertThrows(NullPointerException.class, () -> Plot.of(new SchedulerCall[1]))
                        .getMessage());
        assertMessage(
                "a plot must have at least 1 group, but has none",
                () -> Plot.of(COSINE).withLr());
        assertMessage(
                "steps must be from 1 to 10000000 in a plot, but was 0",
                () -> Plot.of(COSINE).withSteps(0));
        assertMessage(
                "steps must be from 1 to 10000000 in a plot, but was 10000001",
                () -> Plot.of(COSINE).withRunLength(new RunLength(10_000_001, 1)));
        assertMessage(
                "xAxis must be STEPS unless the run's length is known, but was EPOCHS: set withRunLength",
                () -> Plot.of(COSINE).withXAxis(XAxis.EPOCHS).chart());
        assertThrows(
                IllegalStateException.class,
                () -> Plot.of(new OneCycleLR(0.1, 10)).withSteps(20).chart());
    }

    @Test
    void leavesTheOneItIsMadeFromAsItWas() throws IOException {
        Plot plot = Plot.of(new StepLR(30));
        byte[] before = plot.chart().svg();
        plot.withLr(1)
                .withSteps(3)
                .withLog(true)
                .withMomentum(true)
                .withTitle("t")
                .withSize(new Size(400, 300));
        assertArrayEquals(before, plot.chart().svg());
    }

    private static Chart chart(String title, String xLabel, Series series) {
        return new Chart(title, xLabel, List.of(new Panel("learning rate", List.of(series))));
    }

    private static double[] rates(int steps) {
        return COSINE.curve(steps, 0.1).toArray();
    }

    private static List<String> panels(Plot plot) {
        return plot.chart().panels().stream().map(Panel::yLabel).toList();
    }

    private static List<String> labels(Plot plot) {
        return plot.chart().panels().get(0).series().stream().map(Series::label).toList();
    }

    private static void assertMessage(String message, Runnable bad) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, bad::run).getMessage());
    }
}
