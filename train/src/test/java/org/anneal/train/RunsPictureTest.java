package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.plot.Terminal;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunRecord;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is drawn of runs. */
class RunsPictureTest {
    private static final String USUAL = """
            epoch,step,lr,train_loss,val_loss,val_accuracy,seconds
            1,10,0.1,2.0,1.5,0.25,1.0
            2,20,0.1,1.0,0.75,0.875,1.0
            3,30,0.01,0.5,1.0,0.5,1.0
            """;

    @TempDir
    Path folder;

    private RunRecord run(String name, String metrics) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(run.resolve("metrics.csv"), metrics);
        return RunRecord.read(run);
    }

    private static Chart drawn(RunRecord... runs) {
        Map<String, RunRecord> named = new LinkedHashMap<>();
        for (RunRecord run : runs) {
            named.put(run.name(), run);
        }
        return RunsPicture.of("", named, Optional.empty(), false);
    }

    private static List<String> names(Chart chart) {
        return chart.panels().stream().map(Panel::yLabel).toList();
    }

    /** {@return what each curve is called, and what is said of its ring} */
    private static List<String> curves(Chart chart, String panel) {
        return chart.panels().stream()
                .filter(each -> each.yLabel().equals(panel))
                .flatMap(each -> each.series().stream())
                .map(series -> (series.label() + " " + series.note()).strip())
                .toList();
    }

    @Test
    void oneRunHasItsLossesItsMetricAndItsRateWithTheBestEpochInARing() throws IOException {
        Chart chart = drawn(run("one", USUAL));
        assertEquals(List.of("loss", "validation accuracy", "learning rate"), names(chart));
        assertEquals(List.of("train", "validation best 0.75, epoch 2"), curves(chart, "loss"));
        assertEquals(List.of("0.875, epoch 2"), curves(chart, "validation accuracy"));
        assertEquals(List.of(""), curves(chart, "learning rate"));
        assertTrue(chart.png().length > 1000);
    }

    @Test
    void whatIsWatchedTellsTheBestEpochInEveryPanel() throws IOException {
        RunRecord run = run("one", USUAL.replace("0.5,1.0\n", "0.9375,1.0\n"));
        Chart chart = RunsPicture.of("", Map.of("one", run), Optional.of(Monitor.named("val_accuracy")), false);
        assertEquals(List.of("train", "validation 1, epoch 3"), curves(chart, "loss"));
        assertEquals(List.of("best 0.9375, epoch 3"), curves(chart, "validation accuracy"));
    }

    @Test
    void averagesStandBesideWhatTheyAverage() throws IOException {
        RunRecord ema = run("ema", """
                epoch,step,lr,train_loss,val_loss,val_accuracy,ema_val_loss,ema_val_accuracy,seconds
                1,10,0.1,2.0,1.5,0.25,nan,nan,1.0
                2,20,0.1,1.0,0.75,0.875,0.5,0.9375,1.0
                """);
        Chart one = drawn(ema);
        assertEquals(List.of("train", "ema", "validation best 0.75, epoch 2"), curves(one, "loss"));
        assertEquals(List.of("ema", "validation 0.875, epoch 2"), curves(one, "validation accuracy"));
        assertEquals(3, names(one).size());
        Chart watched = RunsPicture.of("", Map.of("ema", ema), Optional.of(Monitor.named("ema_val_loss")), false);
        assertEquals(List.of("train", "validation", "ema best 0.5, epoch 2"), curves(watched, "loss"));
        Chart both = drawn(ema, run("plain", USUAL));
        assertEquals(
                List.of("train", "ema", "ema best 0.75, epoch 2", "train", "plain best 0.75, epoch 2"),
                curves(both, "validation loss"));
        assertEquals(List.of("ema", "ema 0.875, epoch 2", "plain 0.875, epoch 2"), curves(both, "validation accuracy"));
    }

    @Test
    void aRunWithoutValidationShowsItsTraining() throws IOException {
        Chart chart = drawn(run("one", "epoch,step,train_loss,seconds\n1,10,2.0,1.0\n2,20,1.0,1.0\n"));
        assertEquals(List.of("loss"), names(chart));
        assertEquals(List.of("train best 1, epoch 2"), curves(chart, "loss"));
    }

    @Test
    void onlyALossThatIsWatchedHasNoSecondPanel() throws IOException {
        assertEquals(
                List.of("loss", "learning rate"),
                names(drawn(run("one", "epoch,step,lr,train_loss,val_loss,seconds\n1,10,0.1,2.0,1.0,1.0\n"))));
        assertEquals(
                List.of("loss", "validation gain", "learning rate"),
                names(drawn(
                        run("two", "epoch,step,lr,train_loss,val_gain,val_loss,seconds\n1,10,0.1,2,3.5,1.0,1.0\n"))));
    }

    @Test
    void groupsHaveTheirNamesAndOtherNumbersTheirPanels() throws IOException {
        Path run = Files.createDirectories(folder.resolve("groups"));
        Files.writeString(run.resolve("run.json"), """
                {"config": {"schedule": "StepLR(step_size=2, gamma=0.1)"}, "ended": true, "param_groups":
                [{"name": "rest", "lr": 0.1, "initial_lr": 0.1}, {"name": "fc*", "lr": 0.01, "initial_lr": 0.01}]}
                """);
        RunRecord groups = run("groups", """
                epoch,step,lr0,lr1,weight_decay0,weight_decay1,train_loss,val_loss,seconds
                1,10,0.1,0.01,0.5,0.25,2.0,1.5,1.0
                """);
        Chart chart = drawn(groups);
        assertEquals(List.of("loss", "learning rate", "weight decay"), names(chart));
        assertEquals(List.of("rest", "fc*"), curves(chart, "learning rate"));
        assertEquals(List.of("rest", "fc*"), curves(chart, "weight decay"));
        Chart both = drawn(groups, run("one", USUAL));
        assertEquals(List.of("groups, rest", "groups, fc*", "one"), curves(both, "learning rate"));
        Files.delete(run.resolve("run.json"));
        assertEquals(List.of("group 0", "group 1"), curves(drawn(RunRecord.read(run)), "learning rate"));
    }

    @Test
    void ratesChangeWithinEpochsWhereThatIsKnown() throws IOException {
        Path run = Files.createDirectories(folder.resolve("one"));
        Chart epochs = drawn(run("one", USUAL));
        Files.writeString(run.resolve("progress.csv"), "epoch,step,loss,lr\n1,5,2,0.9\n1,10,2,0.1\n2,20,1,0.1\n");
        Chart batches = drawn(RunRecord.read(run));
        Terminal terminal = new Terminal(80, 40, false, true);
        assertTrue(!epochs.text(terminal).contains("0.8 +"), epochs.text(terminal));
        // The first half of the first epoch is up at 0.9.
        assertTrue(
                batches.text(terminal)
                        .lines()
                        .anyMatch(line -> line.matches("0\\.8.*\\*.*") || line.matches(" +\\|\\*{8,20}")),
                batches.text(terminal));
    }

    @Test
    void lossesThatAreNotFiniteLeaveGaps() throws IOException {
        Chart chart = drawn(run("nan", "epoch,step,lr,train_loss,val_loss,seconds\n1,10,0.1,nan,inf,1.0\n"));
        assertEquals(List.of("train"), curves(chart, "loss"));
        assertTrue(chart.png().length > 1000);
    }

    @Test
    void theSameRunsGiveTheSamePicture() throws IOException {
        RunRecord[] runs = {run("a", USUAL), run("b", USUAL.replace("0.75", "0.7"))};
        assertArrayEquals(drawn(runs).png(), drawn(runs).png());
        assertEquals(
                List.of("a best 0.75, epoch 2", "b best 0.7, epoch 2"),
                curves(drawn(runs), "validation loss").stream()
                        .filter(curve -> !curve.equals("train"))
                        .toList());
        assertEquals(new Monitor("val_loss", Mode.MIN), runs[0].monitor());
        assertThrows(IllegalArgumentException.class, () -> RunsPicture.of("", Map.of(), Optional.empty(), false));
    }

    @Test
    void aCurveIsDrawnForEachRunInEveryPanel() throws IOException {
        Chart chart = drawn(run("a", USUAL), run("b", USUAL), run("c", USUAL));
        List<Series> rates = chart.panels().get(2).series();
        assertEquals(List.of("a", "b", "c"), rates.stream().map(Series::label).toList());
    }
}
