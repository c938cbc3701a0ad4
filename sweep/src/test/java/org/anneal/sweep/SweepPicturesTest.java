package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.anneal.plot.Chart;
import org.anneal.plot.Scatter;
import org.anneal.plot.Scatter.Point;
import org.anneal.plot.Scatter.Scale;
import org.anneal.plot.Series;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.TrialRecord.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SweepPicturesTest {
    @TempDir
    Path folder;

    private static Scatter.Panel only(SweepRecord sweep) {
        List<Scatter.Panel> panels =
                SweepPictures.parameters(sweep).orElseThrow().panels();
        assertEquals(1, panels.size());
        return panels.get(0);
    }

    private static double[] x(List<Point> points) {
        return points.stream().mapToDouble(Point::x).toArray();
    }

    private static double[] y(List<Point> points) {
        return points.stream().mapToDouble(Point::y).toArray();
    }

    @Test
    void eachParameterHasAPanelWithTheTrialsThatHaveItAndTheFamiliesOneToo() {
        SweepRecord sweep = SampleSweeps.families(60, 3, false, SampleSweeps.ACCURACY);
        Scatter picture = SweepPictures.parameters(sweep).orElseThrow();
        assertEquals(
                List.of("family", "lr", "batch_size", "step_size (ep)", "anneal_strategy"),
                picture.panels().stream()
                        .map(panel -> panel.horizontal().label())
                        .toList());
        assertEquals(
                List.of(Scale.NAMES, Scale.LOG, Scale.NAMES, Scale.LINEAR, Scale.NAMES),
                picture.panels().stream()
                        .map(panel -> panel.horizontal().scale())
                        .toList());
        assertEquals(
                List.of("8", "16", "32"), picture.panels().get(2).horizontal().names());
        assertEquals("validation accuracy", picture.vertical().label());
        for (int i = 0; i < 60; i++) {
            TrialRecord trial = sweep.trials().get(i);
            Point point = picture.panels().get(1).points().get(i);
            assertEquals(trial.family(), point.group());
            assertEquals(Double.parseDouble(trial.parameters().get("lr")), point.x());
            assertEquals(
                    trial.state() == State.FAILED ? Double.NEGATIVE_INFINITY : trial.value(),
                    point.y(),
                    "a trial without a value is at the worse edge");
            assertEquals(trial.repeats().stream().map(TrialRecord.Repeat::value).toList(), point.parts());
            assertEquals(trial.number() == sweep.ranked().get(0).number(), point.ringed());
            assertFalse(point.pale());
        }
        long stepLrs = sweep.trials().stream()
                .filter(trial -> trial.parameters().containsKey("step_size"))
                .count();
        assertEquals(stepLrs, picture.panels().get(3).points().size());
        assertTrue(picture.panels().get(3).points().stream()
                .allMatch(point -> point.group().equals("StepLR")));
    }

    @Test
    void aTrialThatWasStoppedBeforeTheLastRungIsPale() {
        SweepRecord sweep = SampleSweeps.families(40, 1, true, Monitor.VAL_LOSS);
        List<Point> points =
                SweepPictures.parameters(sweep).orElseThrow().panels().get(0).points();
        for (int i = 0; i < 40; i++) {
            TrialRecord trial = sweep.trials().get(i);
            assertEquals(trial.state() == State.STOPPED, points.get(i).pale(), trial.toString());
            assertEquals(List.of(), points.get(i).parts(), "of one seed there is no spread");
        }
    }

    @Test
    void aDivergedValueIsBeyondTheLimitAndTheOthersAreWithin() {
        List<String> rates = List.of("0.01", "0.02", "0.05", "0.1", "0.2", "1");
        SweepRecord sweep =
                SampleSweeps.losses("lr", Parameter.Scale.LOG, rates, 0.5, 0.4, 0.33, 0.35, 1e30, Double.NaN);
        Scatter picture = SweepPictures.parameters(sweep).orElseThrow();
        assertTrue(
                picture.vertical().high() >= 0.5 && picture.vertical().high() < 10,
                picture.vertical().toString());
        assertFalse(picture.vertical().log());
        assertArrayEquals(
                new double[] {0.5, 0.4, 0.33, 0.35, 1e30, Double.POSITIVE_INFINITY},
                y(picture.panels().get(0).points()));
        // Most may diverge, and of two one.
        for (double[] losses : new double[][] {{0.3, 1e30}, {0.3, 1e30, 1e29, 1e28, 1e30, 1e31, 1e30, 1e30}}) {
            List<String> names =
                    IntStream.range(0, losses.length).mapToObj(i -> "0." + i).toList();
            Scatter.Vertical vertical = SweepPictures.parameters(
                            SampleSweeps.losses("lr", Parameter.Scale.LINEAR, names, losses))
                    .orElseThrow()
                    .vertical();
            assertTrue(vertical.high() >= 0.3 && vertical.high() < 1000, vertical.toString());
        }
        // Nothing is left out of a usual spread, nor the good side.
        for (double[] losses : new double[][] {{2.3, 2.3, 2.3, 2.3, 0.1}, {0.3, 0.4, 0.5, 0.6, 2.3}, {0.01, 0.3}}) {
            List<String> names =
                    IntStream.range(0, losses.length).mapToObj(i -> "0." + i).toList();
            assertEquals(
                    Double.POSITIVE_INFINITY,
                    SweepPictures.parameters(SampleSweeps.losses("lr", Parameter.Scale.LINEAR, names, losses))
                            .orElseThrow()
                            .vertical()
                            .high(),
                    DoubleStream.of(losses).boxed().toList().toString());
        }
    }

    @Test
    void lossesOverDecadesHaveALogarithmicAxis() {
        List<String> rates = List.of("1", "2", "3", "4", "5");
        assertTrue(SweepPictures.parameters(
                        SampleSweeps.losses("lr", Parameter.Scale.LINEAR, rates, 1e-6, 1e-4, 1e-3, 1e-2, 1))
                .orElseThrow()
                .vertical()
                .log());
    }

    @Test
    void valuesThatAreNotNumbersOfOneUnitAreNames() {
        SweepRecord mixed =
                SampleSweeps.losses("step_size", Parameter.Scale.LINEAR, List.of("5ep", "10%", "5ep"), 1, 2, 3);
        assertEquals(List.of("5ep", "10%"), only(mixed).horizontal().names());
        assertArrayEquals(new double[] {0, 1, 0}, x(only(mixed).points()));
        SweepRecord percent =
                SampleSweeps.losses("step_size", Parameter.Scale.LINEAR, List.of("50%", "1e1%", "2_0%"), 1, 2, 3);
        assertEquals("step_size (%)", only(percent).horizontal().label());
        assertArrayEquals(new double[] {50, 10, 20}, x(only(percent).points()));
        SweepRecord zero = SampleSweeps.losses("lr", Parameter.Scale.LOG, List.of("0", "0.1"), 1, 2);
        assertEquals(Scale.LINEAR, only(zero).horizontal().scale(), "0 is not on a logarithmic axis");
        SweepRecord words = SampleSweeps.losses("amsgrad", Parameter.Scale.LOG, List.of("True", "1/3"), 1, 2);
        assertEquals(List.of("True", "1/3"), only(words).horizontal().names());
    }

    @Test
    void aSweepOfNothingButSeedsHasAPanelOfItsTrials() {
        TrialRecord trial = SampleSweeps.trial(
                0,
                "",
                Map.of(),
                State.DONE,
                0,
                Monitor.VAL_LOSS,
                List.of(SampleSweeps.epochs(3, 0.5, 0.1, 1, new Random(2))));
        Scatter.Panel panel = only(new SweepRecord("one", Monitor.VAL_LOSS, List.of(), List.of(3), List.of(trial)));
        assertEquals("trial", panel.horizontal().label());
        assertEquals(List.of("0"), panel.horizontal().names());
    }

    @Test
    void withoutAValueThereIsOnlyThePictureOfTheParameters() throws IOException {
        SweepRecord failed =
                SampleSweeps.losses("lr", Parameter.Scale.LOG, List.of("0.1", "1"), Double.NaN, Double.NaN);
        assertEquals(List.of(folder.resolve("parameters.svg")), SweepPictures.save(failed, folder, "svg", 5));
        SweepRecord empty = new SweepRecord("", Monitor.VAL_LOSS, failed.parameters(), List.of(1), List.of());
        assertEquals(List.of(), SweepPictures.save(empty, folder, "svg", 5));
    }

    @Test
    void theCurvesAreTheMeansOverTheSeedsOfTheBestTrials() {
        SweepRecord sweep = SampleSweeps.families(30, 3, false, SampleSweeps.ACCURACY);
        Chart picture = SweepPictures.curves(sweep, 2).orElseThrow();
        List<TrialRecord> best = sweep.ranked().subList(0, 2);
        assertEquals(2, picture.panels().size());
        List<Series> curves = picture.panels().get(0).series();
        assertEquals(
                List.of(
                        "one seed",
                        "one seed",
                        "one seed",
                        "#" + best.get(0).number() + " " + best.get(0).family(),
                        "one seed",
                        "one seed",
                        "one seed",
                        "#" + best.get(1).number() + " " + best.get(1).family()),
                curves.stream().map(Series::label).toList());
        List<Epoch> first = best.get(0).repeats().get(0).epochs();
        assertEquals(20, first.size());
        assertEquals(
                "learning rate at the end of the epoch", picture.panels().get(1).yLabel());
        assertTrue(picture.panels()
                .get(1)
                .series()
                .get(0)
                .label()
                .startsWith("#" + best.get(0).number() + " lr "));
        assertEquals(
                "best must be at least 1, but was 0",
                assertThrows(IllegalArgumentException.class, () -> SweepPictures.curves(sweep, 0))
                        .getMessage());
    }

    @Test
    void theFrontHasTheTrialsThatNoCheaperOneBeats() {
        // Seconds are 1, 2, 3, ...: see SampleSweeps.losses.
        SweepRecord sweep = SampleSweeps.losses(
                "lr",
                Parameter.Scale.LINEAR,
                List.of("1", "2", "3", "4", "5", "6"),
                0.9,
                0.7,
                0.8,
                Double.NaN,
                0.7,
                0.2);
        Scatter picture = SweepPictures.front(sweep).orElseThrow();
        assertEquals(
                List.of("seconds"),
                picture.panels().stream()
                        .map(panel -> panel.horizontal().label())
                        .toList(),
                "all have one epoch");
        Scatter.Panel panel = picture.panels().get(0);
        assertArrayEquals(new double[] {1, 2, 6}, x(panel.front()));
        assertArrayEquals(new double[] {0.9, 0.7, 0.2}, y(panel.front()));
        assertEquals(
                List.of("#0", "#1", "", "", "#5"),
                panel.points().stream().map(Point::label).toList());
        Scatter halving = SweepPictures.front(SampleSweeps.families(50, 1, true, SampleSweeps.ACCURACY))
                .orElseThrow();
        assertEquals("epochs trained", halving.panels().get(0).horizontal().label());
        double[] front = y(halving.panels().get(0).front());
        assertArrayEquals(DoubleStream.of(front).sorted().toArray(), front, "more is better");
    }

    @Test
    void aThousandTrialsAreDrawn() throws IOException {
        SweepRecord sweep = SampleSweeps.families(1000, 1, true, Monitor.VAL_LOSS);
        for (String format : List.of("png", "svg")) {
            for (Path file : SweepPictures.save(sweep, folder, format, 7)) {
                assertTrue(Files.size(file) > 20_000 && Files.size(file) < 3_000_000, file + " " + Files.size(file));
            }
        }
    }

    @Test
    @SuppressWarnings("NullAway") // what a caller without it may do
    void nullIsRefusedByTheNameOfTheArgument() {
        SweepRecord sweep = SampleSweeps.families(1, 1, false, Monitor.VAL_LOSS);
        assertNull("sweep", () -> SweepPictures.save(null, folder, "png", 5));
        assertNull("folder", () -> SweepPictures.save(sweep, null, "png", 5));
        assertNull("format", () -> SweepPictures.save(sweep, folder, null, 5));
        assertNull("sweep", () -> SweepPictures.parameters(null));
        assertNull("sweep", () -> SweepPictures.curves(null, 5));
        assertNull("sweep", () -> SweepPictures.front(null));
        assertNull("sweep", () -> SweepCsv.text(null));
        assertNull("sweep", () -> SweepCsv.save(null, folder));
        assertNull("file", () -> SweepCsv.save(sweep, null));
    }

    private static void assertNull(String argument, Executable call) {
        assertEquals(argument, assertThrows(NullPointerException.class, call).getMessage());
    }
}
