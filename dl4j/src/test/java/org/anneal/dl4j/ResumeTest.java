package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.anneal.optim.AdamW;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Schedulable;
import org.anneal.runs.Position;
import org.anneal.runs.Run;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A run that ends and goes on in another process is the run that did not. */
class ResumeTest {
    private static final int EPOCHS = 3;
    private static final Policy POLICY = Policy.parse(
            "ChainedScheduler([SequentialLR([LinearLR(start_factor=0.1, total_iters=15),"
                    + " CosineAnnealingLR(T_max=60)], milestones=[15]), ReduceLROnPlateau(patience=0, threshold=0.3, factor=0.5)])");

    /** Trains Fashion-MNIST in a folder up to an epoch: starts, or goes on with what is there. */
    static final class Program {
        private Program() {}

        /** Arguments: the folder, the last epoch. */
        public static void main(String[] args) throws IOException {
            train(Path.of(args[0]), Integer.parseInt(args[1]));
        }

        static MultiLayerNetwork train(Path folder, int epochs) throws IOException {
            Path last = folder.resolve("last.zip");
            boolean resumed = Files.exists(last);
            MultiLayerNetwork net = resumed
                    ? ModelSerializer.restoreMultiLayerNetwork(last.toFile(), true)
                    : Nets.forImages(Dl4j.optimizer(new NeuralNetConfiguration.Builder(), new AdamW(0.01)));
            Schedulable rates = Dl4j.rates(net);
            LRScheduler scheduler = new LRScheduler(rates, POLICY).stepPer(StepPer.BATCH);
            Position from = resumed ? Dl4j.restore(last, scheduler) : Position.START;
            try (Run run = Run.resume(folder.resolve("run"), from).of(rates, scheduler)) {
                net.addListeners(new AnnealListener()
                        .scheduler(scheduler)
                        .run(run)
                        .clipGradNorm(0.5)
                        .validation(Nets.fashionMnist("t10k", 200)));
                while (run.epoch() < epochs) {
                    net.fit(Nets.fashionMnist("train", 1000));
                    Dl4j.save(last, net, scheduler, run.position());
                }
            }
            return net;
        }
    }

    @Test
    void goesOnInANewProcessAsIfNothingHadHappened(@TempDir Path folder) throws Exception {
        Path whole = Files.createDirectory(folder.resolve("whole"));
        Path parts = Files.createDirectory(folder.resolve("parts"));
        MultiLayerNetwork net = Program.train(whole, EPOCHS);
        Program.train(parts, EPOCHS - 1);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Program.class.getName(),
                        parts.toString(),
                        Integer.toString(EPOCHS))
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "log"))
                .start();
        assertEquals(0, process.waitFor(), () -> read(folder.resolve("log")));
        assertEquals(withoutSeconds(whole), withoutSeconds(parts));
        MultiLayerNetwork resumed = ModelSerializer.restoreMultiLayerNetwork(
                parts.resolve("last.zip").toFile(), true);
        assertArrayEquals(net.params().toFloatVector(), resumed.params().toFloatVector());
        assertArrayEquals(state(net), state(resumed));
        assertEquals(net.getLearningRate(0), resumed.getLearningRate(0));
    }

    private static float[] state(MultiLayerNetwork net) {
        INDArray state = net.getUpdater().getStateViewArray();
        return state.toFloatVector();
    }

    /** {@return the table of epochs without what it took} */
    private static List<String> withoutSeconds(Path folder) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("run/metrics.csv"));
        assertEquals(EPOCHS + 1, lines.size());
        return lines.stream()
                .map(line -> line.substring(0, line.lastIndexOf(',')))
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
