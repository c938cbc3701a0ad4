package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A finished run is read from its folder as it was written. */
class RunRecordTest {
    @TempDir
    Path folder;

    private void metrics(String text) throws IOException {
        Files.writeString(folder.resolve("metrics.csv"), text);
    }

    @Test
    void readsWhatARunWrote() throws IOException {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("base", new SGD(0.5).withWeightDecay(0.25), List.of(new FloatArray(0f))),
                new ParamGroup<>("head", new SGD(0.25).withWeightDecay(0.125), List.of(new FloatArray(0f)))));
        LRScheduler scheduler =
                new LRScheduler(optimizer, new ExponentialLR(0.5), Map.of("weight_decay", new ConstantLR(0.5, 1)));
        Path own = folder.resolve("own");
        List<RunListener.Epoch> told;
        try (Run run = Run.create(own).of(optimizer, scheduler).monitor(new Monitor("val_far", Mode.MAX))) {
            for (int epoch = 1; epoch <= 2; epoch++) {
                optimizer.step();
                run.batch(epoch);
                scheduler.batch();
                run.epoch(Map.of("val_far", 0.5 * epoch));
                scheduler.epoch(1);
            }
            told = run.epochs();
        }
        RunRecord read = RunRecord.read(own);
        assertEquals(told, read.epochs());
        assertEquals("own", read.name());
        assertEquals(List.of("base", "head"), read.summary().orElseThrow().groupNames());
        assertEquals(new Monitor("val_far", Mode.MAX), read.monitor());
        assertEquals(2, read.monitor().best(read.epochs()).orElseThrow().epoch());
        assertEquals(
                List.of(
                        new RunRecord.Point(
                                1, List.of(0.5, 0.25), Map.of("weight_decay0", 0.125, "weight_decay1", 0.0625)),
                        new RunRecord.Point(
                                2, List.of(0.25, 0.125), Map.of("weight_decay0", 0.25, "weight_decay1", 0.125))),
                read.points());
    }

    @Test
    void placesMomentsWithinTheirEpochs() throws IOException {
        metrics("epoch,step,lr,train_loss,seconds\n1,10,0.1,2.0,1.5\n2,30,0.2,1.0,2.5\n");
        Files.writeString(
                folder.resolve("progress.csv"),
                "epoch,step,loss,lr\n1,5,2,0.5\n1,10,2,0.25\n2,15,1,0.125\n2,30,1,0.0625\n3,31,1,0.5\n");
        RunRecord read = RunRecord.read(folder);
        assertEquals(
                List.of(0.5, 1.0, 1.25, 2.0),
                read.points().stream().map(RunRecord.Point::at).toList(),
                "and leaves out the epoch that is not finished");
        assertEquals(4, read.seconds());
        assertEquals(new Monitor("train_loss", Mode.MIN), read.monitor());
    }

    @Test
    void readsARunWhoseColumnsGrew() throws IOException {
        metrics("""
                epoch,step,lr,lr0,lr1,train_loss,val_loss,ema_val_loss,seconds
                1,10,0.5,nan,nan,2.0,1.5,nan,1.0
                2,20,nan,0.25,0.125,1.0,inf,0.5,1.0
                3,3""");
        RunRecord read = RunRecord.read(folder);
        assertEquals(2, read.epochs().size(), "half a line is not a row yet");
        assertEquals(0.5, read.epochs().get(0).lr().get(0));
        assertEquals(List.of(0.25, 0.125), read.epochs().get(1).lr());
        assertEquals(List.of("val_loss", "ema_val_loss"), read.metrics());
        assertEquals(Monitor.VAL_LOSS, read.monitor());
        assertEquals(1, read.monitor().best(read.epochs()).orElseThrow().epoch());
    }

    @Test
    void refusesAFolderThatIsNoRunInOneLine() throws IOException {
        Path none = folder.resolve("none");
        assertEquals(
                "there is no folder " + none,
                assertThrows(IOException.class, () -> RunRecord.read(none)).getMessage());
        assertEquals(
                folder + " must be the folder of a run, but has no metrics.csv",
                assertThrows(IOException.class, () -> RunRecord.read(folder)).getMessage());
        metrics("name,city\nAda,London\n");
        assertEquals(
                folder.resolve("metrics.csv") + " must have the columns epoch, step and train_loss",
                assertThrows(IOException.class, () -> RunRecord.read(folder)).getMessage());
        metrics("epoch,step,lr,train_loss,seconds\n");
        assertEquals(
                "the run in " + folder + " has no finished epoch",
                assertThrows(IOException.class, () -> RunRecord.read(folder)).getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "val_accuracy,MAX",
        "ema_val_accuracy,MAX",
        "val_top5,MAX",
        "val_f1,MAX",
        "val_r2,MAX",
        "val_auc,MAX",
        "acc,MAX",
        "val_loss,MIN",
        "train_loss,MIN",
        "val_mae,MIN",
        "val_rmse,MIN",
        "val_error,MIN",
        "perplexity,MIN",
        "val_map,MAX",
        "val_mape,MIN"
    })
    void aMetricsNameTellsWhichWayItGetsBetter(String name, Mode mode) {
        assertEquals(new Monitor(name, mode), Monitor.named(name));
    }

    @Test
    void theBestIsTheFirstOfEqualsAndNeverNaN() {
        List<RunListener.Epoch> epochs = List.of(epoch(1, Double.NaN), epoch(2, 0.5), epoch(3, 0.75), epoch(4, 0.75));
        assertEquals(3, new Monitor("m", Mode.MAX).best(epochs).orElseThrow().epoch());
        assertEquals(2, new Monitor("m", Mode.MIN).best(epochs).orElseThrow().epoch());
        assertTrue(new Monitor("m", Mode.MIN).best(epochs.subList(0, 1)).isEmpty());
        assertTrue(new Monitor("other", Mode.MIN).best(epochs).isEmpty());
    }

    private static RunListener.Epoch epoch(int number, double value) {
        return new RunListener.Epoch(number, number, List.of(0.1), 1, Map.of("m", value), 1);
    }
}
