package org.anneal.examples.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.dl4j.AnnealListener;
import org.anneal.dl4j.Dl4j;
import org.anneal.optim.AdamW;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Schedulable;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.runs.Run;
import org.anneal.runs.RunListener;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** The same network by AdamW at a fixed rate, in one cycle and under a plateau: each one's accuracy, its folder, and a picture. */
public final class SchedulesExample {
    private static final AdamW RULE = new AdamW(0.003);

    private SchedulesExample() {}

    /** Arguments: images to train on (at most 10,000), epochs, a folder for the runs and the picture. */
    public static void main(String[] args) throws IOException {
        DataSetIterator train = Images.read("train", Integer.parseInt(args[0]));
        DataSetIterator test = Images.read("t10k", 2000);
        int epochs = Integer.parseInt(args[1]);
        Path folder = Path.of(args[2]);
        int batches = Integer.parseInt(args[0]) / train.batch();

        Map<String, String> policies = new LinkedHashMap<>();
        policies.put("fixed", "ExponentialLR(gamma=1)");
        policies.put("one cycle", "OneCycleLR(max_lr=0.01, total_steps=" + epochs * batches + ")");
        policies.put("plateau", "ReduceLROnPlateau(factor=0.3, patience=0, threshold=0.03)");

        List<Series> rates = new ArrayList<>();
        List<Series> accuracies = new ArrayList<>();
        for (Map.Entry<String, String> policy : policies.entrySet()) {
            MultiLayerNetwork net = network();
            Schedulable group = Dl4j.rates(net);
            LRScheduler scheduler = new LRScheduler(group, Policy.parse(policy.getValue())).stepPer(StepPer.BATCH);
            List<Double> lrs = new ArrayList<>();
            try (Run run = Run.create(folder.resolve(policy.getKey().replace(' ', '-')))
                    .of(group, scheduler)
                    .length(epochs, batches)
                    .set("optimizer", RULE.toString())
                    .listener(new RunListener() {
                        @Override
                        public void batch(Batch batch) {
                            lrs.add(batch.lr().get(0));
                        }
                    })) {
                net.addListeners(
                        new AnnealListener().scheduler(scheduler).run(run).validation(test));
                net.fit(train, epochs);
                accuracies.add(accuracy(policy.getKey(), run.epochs()));
                System.out.println(policy.getKey() + ": " + run.epochs().get(epochs - 1));
            }
            double[] edges = IntStream.rangeClosed(0, lrs.size())
                    .mapToDouble(step -> (double) step / batches)
                    .toArray();
            rates.add(Series.stairs(
                    policy.getKey(),
                    edges,
                    lrs.stream().mapToDouble(Double::doubleValue).toArray()));
        }
        List<Panel> panels = List.of(new Panel("learning rate", rates), new Panel("validation accuracy", accuracies));
        new Chart("Fashion-MNIST in Deeplearning4j, " + RULE, "epoch", panels).save(folder.resolve("schedules.png"));
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork net = new MultiLayerNetwork(Dl4j.optimizer(new NeuralNetConfiguration.Builder(), RULE)
                .seed(1)
                .activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder().nIn(Images.PIXELS).nOut(128).build())
                .layer(new OutputLayer.Builder()
                        .nIn(128)
                        .nOut(Images.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        net.init();
        return net;
    }

    private static Series accuracy(String name, List<RunListener.Epoch> epochs) {
        return Series.line(
                name,
                epochs.stream().mapToDouble(RunListener.Epoch::epoch).toArray(),
                epochs.stream()
                        .mapToDouble(epoch -> epoch.metric("val_accuracy"))
                        .toArray());
    }
}
