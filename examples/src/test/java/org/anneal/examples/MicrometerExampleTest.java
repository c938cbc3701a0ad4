package org.anneal.examples;

import static java.util.stream.Collectors.toMap;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.anneal.runs.ScalarLog;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MicrometerExampleTest {
    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    @Test
    void aGaugeHasTheLastValueOfItsName() throws IOException {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ScalarLog.Sink gauges = MicrometerExample.gauges(registry);
        gauges.scalars(1, Map.of("batch/loss", 2.5, "lr/head", 0.1));
        gauges.scalars(2, Map.of("batch/loss", Double.NaN, "lr/head", 0.05));
        gauges.scalars(2, Map.of("epoch/val_loss", 1.5));
        System.gc(); // gauges may hold what they show weakly
        Map<String, Double> shown = registry.getMeters().stream()
                .collect(toMap(meter -> meter.getId().getName(), meter -> ((Gauge) meter).value()));
        assertEquals(Map.of("train.batch.loss", Double.NaN, "train.lr.head", 0.05, "train.epoch.val_loss", 1.5), shown);
    }

    @Test
    void trainsAndPrintsTheGauges() throws ReflectiveOperationException {
        Map<String, Double> printed = new TreeMap<>();
        for (String line : Output.of(MicrometerExample.class, "2", "20")) {
            printed.put(
                    line.substring(0, line.indexOf('(')), Double.valueOf(line.substring(line.indexOf("value=") + 6)));
        }
        assertEquals(
                List.of(
                        "train.batch.loss",
                        "train.epoch.train_loss",
                        "train.epoch.val_accuracy",
                        "train.epoch.val_loss",
                        "train.lr.all",
                        "train.momentum.all"),
                List.copyOf(printed.keySet()));
        assertEquals(
                0.005,
                printed.getOrDefault("train.lr.all", Double.NaN),
                1e-12,
                "half of 0.01, half way down the cosine");
        assertEquals(0.9, printed.get("train.momentum.all"));
        assertEquals(
                2.3,
                printed.getOrDefault("train.epoch.val_loss", Double.NaN),
                0.3,
                "ln 10, as 40 batches of 16 teach little");
    }
}
