package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Monitor;
import org.anneal.runs.Position;
import org.anneal.runs.Run;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Null is refused where it is given, by the name of the argument. */
class NullArgumentsTest {

    @Test
    @SuppressWarnings("NullAway") // null is what is tried
    void isRefusedByTheNameOfTheArgument() {
        NeuralNetConfiguration.Builder builder = new NeuralNetConfiguration.Builder();
        DenseLayer.Builder layer = new DenseLayer.Builder();
        UpdateRule rule = new SGD(0.1);
        Schedule schedule = new StepLR(3);
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(rule));
        LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), schedule);
        Path file = Path.of("last.zip");
        Map<Executable, String> calls = new LinkedHashMap<>();
        calls.put(() -> new AnnealSchedule(null, 0.1), "schedule");
        calls.put(() -> new AnnealSchedule(schedule, 0.1, null), "per");
        calls.put(() -> AnnealSchedule.momentum(null, 0.1, ScheduleType.EPOCH), "schedule");
        calls.put(() -> AnnealSchedule.momentum(schedule, 0.1, null), "per");
        calls.put(() -> new AnnealUpdater(null), "rule");
        calls.put(() -> new AnnealUpdater(null, schedule), "rule");
        calls.put(() -> new AnnealUpdater(rule, (Schedule) null), "schedule");
        calls.put(() -> new AnnealUpdater(rule, (ISchedule) null), "schedule");
        calls.put(() -> new AnnealDecay(null), "rule");
        calls.put(() -> new AnnealDecay(null, true), "weightDecay");
        calls.put(() -> Dl4j.optimizer((NeuralNetConfiguration.Builder) null, rule), "builder");
        calls.put(() -> Dl4j.optimizer(builder, null), "rule");
        calls.put(() -> Dl4j.optimizer(builder, rule, (Schedule) null), "schedule");
        calls.put(() -> Dl4j.optimizer(builder, rule, (ISchedule) null), "schedule");
        calls.put(() -> Dl4j.optimizer((DenseLayer.Builder) null, rule), "builder");
        calls.put(() -> Dl4j.optimizer(layer, null), "rule");
        calls.put(() -> Dl4j.optimizer(layer, rule, (Schedule) null), "schedule");
        calls.put(() -> Dl4j.optimizer(layer, rule, (ISchedule) null), "schedule");
        calls.put(() -> Dl4j.rates(null), "net");
        calls.put(() -> Dl4j.rates(net, null), "groups");
        calls.put(() -> Dl4j.save(null, net, scheduler, Position.START), "file");
        calls.put(() -> Dl4j.save(file, null, scheduler, Position.START), "net");
        calls.put(() -> Dl4j.save(file, net, null, Position.START), "scheduler");
        calls.put(() -> Dl4j.save(file, net, scheduler, null), "position");
        calls.put(() -> Dl4j.restore(null, scheduler), "file");
        calls.put(() -> Dl4j.restore(file, null), "scheduler");
        calls.put(() -> Dl4j.restore(file, scheduler, null), "onChange");
        calls.put(() -> new AnnealListener().scheduler(null), "scheduler");
        calls.put(() -> new AnnealListener().run((Run) null), "run");
        calls.put(() -> new AnnealListener().validation((DataSetIterator) null), "data");
        calls.put(() -> new AnnealListener().validation((Function<Model, Map<String, Double>>) null), "validation");
        calls.put(() -> new AnnealListener().monitor((Monitor) null), "monitor");
        calls.forEach((call, name) -> assertEquals(
                name, assertThrows(NullPointerException.class, call).getMessage()));
    }
}
