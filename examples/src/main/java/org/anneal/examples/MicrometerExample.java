package org.anneal.examples;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.runs.ScalarLog;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.torch.Torch;
import org.anneal.train.Trainer;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.FashionMnist;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains on the embedded Fashion-MNIST images with the run's scalars as gauges in a Micrometer registry, and prints them at the
 * end. Arguments: the number of epochs (default: 5), and the most batches per epoch (default: all).
 *
 * <p>A service would use its own registry, which sends the gauges to Prometheus, Datadog or another monitor.
 */
public final class MicrometerExample {
    private MicrometerExample() {}

    public static void main(String[] args) throws IOException {
        int epochs = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        int limit = args.length > 1 ? Integer.parseInt(args[1]) : 625;
        SimpleMeterRegistry registry = new SimpleMeterRegistry();

        DataSets images = FashionMnist.embedded();
        Torch.setNumThreads(1); // more would not speed up batches of 16
        torch.manual_seed(0);
        TutorialNet net = TutorialNet.forImages(images.train());
        try (Optimizer<Tensor> optimizer =
                Torch.optimizer(new SGD(0.01).withMomentum(0.9), Torch.parameters(net.module()))) {
            new Trainer(net, optimizer, new LRScheduler(optimizer, new CosineAnnealingLR(epochs)))
                    .epochs(epochs)
                    .limit(limit)
                    .listener(new ScalarLog(optimizer, (long) epochs * limit, gauges(registry)))
                    .fit(images);
        }
        System.out.println(registry.getMetersAsString());
    }

    /**
     * {@return a sink that keeps a gauge of the last value for each name: {@code train.batch.loss} for {@code batch/loss}}
     *
     * @param registry a registry that had no such sink before, as it keeps the first gauge of a name
     */
    static ScalarLog.Sink gauges(MeterRegistry registry) {
        Map<String, Double> last = new ConcurrentHashMap<>(); // the registry reads it on a thread of its own
        return (step, values) -> values.forEach((name, value) -> {
            if (last.put(name, value) == null) {
                Gauge.builder("train." + name.replace('/', '.'), () -> last.get(name))
                        .register(registry);
            }
        });
    }
}
