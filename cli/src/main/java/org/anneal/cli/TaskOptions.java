package org.anneal.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.Averaging;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Schedule;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.train.RateFinder;
import org.anneal.train.Trainer;
import org.anneal.train.WeightAverage;
import org.anneal.train.data.Dataset;
import org.anneal.train.measure.Loss;
import org.anneal.train.measure.Metric;
import picocli.CommandLine.Option;

/**
 * What a run makes small, watches, and does with gradients and weights. Each value is an entry of {@link RunConfig#more}, by the
 * name of its option.
 */
final class TaskOptions {
    @Option(
            names = "--loss",
            paramLabel = "LOSS",
            description =
                    "PyTorch's loss, such as 'CrossEntropyLoss(label_smoothing=0.1)', or cross_entropy, bce_with_logits,"
                            + " mse, l1, smooth_l1 or huber (default: cross_entropy for classes, else mse)")
    private Optional<String> loss = Optional.empty();

    @Option(
            names = "--metric",
            paramLabel = "NAME",
            description = "what else to measure in validation: accuracy, top5 or another number, mae, rmse; may be"
                    + " repeated (default: accuracy for classes, else mae)")
    private List<String> metrics = List.of();

    @Option(
            names = "--monitor",
            paramLabel = "COLUMN",
            description =
                    "what tells the best epoch, for best.pt, --patience and a plateau: val_accuracy, ema_val_loss, ..."
                            + " (default: val_loss)")
    private Optional<String> monitor = Optional.empty();

    @Option(
            names = "--clip-grad-norm",
            paramLabel = "NORM",
            description = "scale the gradients before each step so that their norm is at most NORM")
    private Optional<Double> clipGradNorm = Optional.empty();

    @Option(
            names = "--clip-grad-value",
            paramLabel = "VALUE",
            description = "limit each entry of the gradients before each step to -VALUE to VALUE")
    private Optional<Double> clipGradValue = Optional.empty();

    @Option(
            names = "--accumulate",
            paramLabel = "K",
            description =
                    "make a step of the optimizer after every K batches, from the gradients of all; the schedule counts"
                            + " steps of the optimizer (default: 1)")
    private Optional<Integer> accumulate = Optional.empty();

    @Option(
            names = "--ema",
            paramLabel = "DECAY",
            description =
                    "keep an exponential moving average of the weights, too, validated and saved beside them: 0.999, or"
                            + " with a schedule of the decay, '0.9999:LambdaLR(lambda s: 1 - math.exp(-s / 2000))'")
    private Optional<String> ema = Optional.empty();

    @Option(
            names = "--swa",
            paramLabel = "EPOCH",
            description =
                    "keep the mean of the weights at the ends of the epochs from this one on, validated and saved beside"
                            + " them")
    private Optional<Integer> swa = Optional.empty();

    /** Checks what is given, before anything is done. */
    void check() {
        accumulate.ifPresent(k -> Anneal.atLeastOne("--accumulate", k));
        swa.ifPresent(epoch -> Anneal.atLeastOne("--swa", epoch));
        clipGradNorm.ifPresent(norm -> aboveZero("--clip-grad-norm", norm));
        clipGradValue.ifPresent(value -> aboveZero("--clip-grad-value", value));
        loss.ifPresent(text -> Anneal.parsed("--loss", () -> Loss.parse(text)));
        ema.ifPresent(text -> checked("--ema's ", () -> averaging(text)));
        metrics.forEach(name -> checked("--", () -> Metric.named(name)));
    }

    /** Has a message begin with the option. */
    private static void checked(String option, Runnable check) {
        try {
            check.run();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + e.getMessage(), e);
        }
    }

    private static void aboveZero(String option, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(option + " must be finite and above 0, but was " + Python.repr(value));
        }
    }

    /** {@return what is given, by the names of the entries} */
    Map<String, Object> given() {
        Map<String, Object> given = new LinkedHashMap<>();
        loss.ifPresent(text -> given.put("loss", Loss.parse(text).toString()));
        if (!metrics.isEmpty()) {
            given.put("metric", List.copyOf(metrics));
        }
        monitor.ifPresent(column -> given.put("monitor", column));
        clipGradNorm.ifPresent(norm -> given.put("clip_grad_norm", norm));
        clipGradValue.ifPresent(value -> given.put("clip_grad_value", value));
        accumulate.filter(k -> k > 1).ifPresent(k -> given.put("accumulate", (long) k));
        ema.ifPresent(text -> given.put("ema", text));
        swa.ifPresent(epoch -> given.put("swa", (long) epoch));
        return given;
    }

    /**
     * Sets a trainer up.
     *
     * @param settings by the names of the options
     */
    static void set(Trainer trainer, Map<String, Object> settings, Dataset data) {
        Dict dict = new Dict("", settings);
        dict.find("loss").ifPresent(text -> trainer.loss(Loss.parse(dict.text("loss"))));
        if (dict.find("metric").isPresent()) {
            dict.texts("metric").forEach(name -> trainer.metric(Metric.named(name)));
        } else {
            trainer.metric(data.targetShape().length == 0 ? Metric.accuracy() : Metric.mae());
        }
        dict.find("monitor").ifPresent(column -> trainer.monitor(dict.text("monitor")));
        dict.find("clip_grad_norm").ifPresent(norm -> trainer.clipGradNorm(dict.real("clip_grad_norm")));
        dict.find("clip_grad_value").ifPresent(value -> trainer.clipGradValue(dict.real("clip_grad_value")));
        dict.optionalCount("accumulate").ifPresent(trainer::accumulate);
    }

    /**
     * Sets a search for a rate up as the training will be.
     *
     * @param settings by the names of the options
     */
    static void set(RateFinder finder, Map<String, Object> settings) {
        Dict dict = new Dict("", settings);
        dict.find("loss").ifPresent(text -> finder.loss(Loss.parse(dict.text("loss"))));
        dict.find("clip_grad_norm").ifPresent(norm -> finder.clipGradNorm(dict.real("clip_grad_norm")));
        dict.find("clip_grad_value").ifPresent(value -> finder.clipGradValue(dict.real("clip_grad_value")));
        finder.accumulate(RunConfig.accumulated(settings));
    }

    /** Refuses settings that a run of so many epochs would not come to. */
    static void check(Map<String, Object> settings, int epochs) {
        int from = new Dict("", settings).optionalCount("swa").orElse(1);
        if (from > epochs) {
            throw new IllegalArgumentException(
                    "--swa must be at most " + epochs + ", the number of epochs, but was " + from);
        }
    }

    /** {@return how many second networks averages need} */
    static int averages(Map<String, Object> settings) {
        return (settings.containsKey("ema") ? 1 : 0) + (settings.containsKey("swa") ? 1 : 0);
    }

    /**
     * {@return the averages of a network's weights}
     *
     * @param others as many as {@link #averages(Map)} says
     */
    static List<WeightAverage> averages(Map<String, Object> settings, Network network, List<? extends Network> others) {
        Dict dict = new Dict("", settings);
        List<WeightAverage> averages = new ArrayList<>();
        if (dict.find("ema").isPresent()) {
            averages.add(WeightAverage.ema(network, others.get(0), averaging(dict.text("ema"))));
        }
        if (dict.find("swa").isPresent()) {
            averages.add(WeightAverage.swa(network, others.get(others.size() - 1), dict.count("swa")));
        }
        return averages;
    }

    private static Averaging averaging(String text) {
        int colon = text.indexOf(':');
        String decay = colon < 0 ? text : text.substring(0, colon);
        try {
            double value = Double.parseDouble(decay);
            return colon < 0
                    ? Averaging.ema(value)
                    : Averaging.ema(
                            value, Schedule.parse(text.substring(colon + 1).strip()));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("decay must be a number, but was '" + decay + "'", e);
        }
    }
}
