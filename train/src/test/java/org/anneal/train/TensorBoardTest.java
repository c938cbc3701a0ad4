package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.runs.RunListener;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Samples;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;

/** What a training run tells TensorBoard, read with TensorFlow's own classes; the format is TensorBoardLogTest's, in runs. */
class TensorBoardTest {
    @TempDir
    Path folder;

    /** {@return the scalars by tag and step} */
    private static Map<String, Map<Long, Float>> scalars(Path run) throws IOException {
        Map<String, Map<Long, Float>> scalars = new TreeMap<>();
        try (Stream<Path> files = Files.list(run)) {
            for (Path path :
                    files.filter(file -> file.toString().contains("tfevents")).toList()) {
                ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
                while (file.hasRemaining()) {
                    byte[] record = new byte[(int) file.getLong()];
                    file.getInt(); // the checksums are checked elsewhere
                    file.get(record).getInt();
                    Event event = Event.parseFrom(record);
                    for (Summary.Value value : event.getSummary().getValueList()) {
                        scalars.computeIfAbsent(value.getTag(), tag -> new HashMap<>())
                                .put(event.getStep(), value.getSimpleValue());
                    }
                }
            }
        }
        return scalars;
    }

    private static Map<Long, Float> of(Map<String, Map<Long, Float>> scalars, String tag) {
        return scalars.getOrDefault(tag, Map.of());
    }

    @Test
    void aTrainingRunWritesItIntoItsFolder() throws IOException {
        Torch.load();
        torch.set_num_threads(1);
        LinearNet network = new LinearNet(8, 2);
        Samples samples = Samples.of(64);
        Path run = folder.resolve("run");
        try (Optimizer<Tensor> sgd =
                Torch.optimizer(new SGD(0.1).withMomentum(0.9), Torch.parameters(network.module()))) {
            LRScheduler scheduler = new LRScheduler(sgd, Schedule.parse("OneCycleLR(max_lr=0.5, total_steps=8)"));
            List<RunListener.Batch> batches = new ArrayList<>();
            List<Double> momentums = new ArrayList<>();
            try (TrainingFolder results = new TrainingFolder(run, network, "OneCycleLR", 1)) {
                results.tensorBoard(sgd, 8, Map.of("schedule", "OneCycleLR"));
                List<RunListener.Epoch> epochs = new Trainer(network, sgd, scheduler)
                        .epochs(2)
                        .stepPer(StepPer.BATCH)
                        .listener(results)
                        .listener(new TrainListener() {
                            @Override
                            public void batch(Batch batch) {
                                batches.add(batch);
                                momentums.add(sgd.groups().get(0).momentum());
                            }
                        })
                        .fit(new DataSets(samples, samples));
                Map<String, Map<Long, Float>> scalars = scalars(run);
                assertEquals(8, batches.size());
                for (RunListener.Batch each : batches) {
                    assertEquals((float) each.loss(), of(scalars, "batch/loss").get(each.step()));
                    assertEquals(
                            (float) (double) each.lr().get(0),
                            of(scalars, "lr/all").get(each.step()));
                    assertEquals(
                            (float) (double) momentums.get((int) each.step() - 1),
                            of(scalars, "momentum/all").get(each.step()));
                }
                for (RunListener.Epoch each : epochs) {
                    assertEquals(
                            (float) each.metric("val_loss"),
                            of(scalars, "epoch/val_loss").get(each.step()));
                    assertEquals(
                            (float) each.metric("val_accuracy"),
                            of(scalars, "epoch/val_accuracy").get(each.step()));
                }
            }
        }
    }
}
