package org.anneal.schedule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.text.Python;

/** The state of GreedyLR as transformers 5 saves it. */
final class GreedyForm extends StateForm<GreedyLR> {

    @Override
    protected void write(GreedyLR greedy, StateEntries entries) {
        GreedyLR.State progress = (GreedyLR.State) entries.run().plateau().orElseThrow();
        entries.fixed("factor", greedy.factor())
                .fixed("min_lrs", entries.perGroup(greedy.minLr()))
                .fixed("max_lrs", entries.perGroup(greedy.maxLr()))
                .fixed("patience", greedy.patience())
                .kept("verbose", false)
                .fixed("cooldown", greedy.cooldown())
                .fixed("warmup", greedy.warmup())
                .kept("cooldown_counter", progress.cooldownCounter())
                .kept("warmup_counter", progress.warmupCounter())
                .fixed("mode", Python.lower(greedy.mode()))
                .fixed("threshold", greedy.threshold())
                .fixed("threshold_mode", Python.lower(greedy.thresholdMode()))
                .kept("best", progress.best())
                .kept("num_bad_epochs", progress.badMetrics())
                .kept("num_good_epochs", progress.goodMetrics())
                .fixed("eps", greedy.eps())
                .kept("last_epoch", entries.step())
                .fixed("smooth", greedy.smooth())
                .fixed("window_size", greedy.windowSize())
                .kept("reset_start", progress.resetStart())
                .fixed("reset_start_original", greedy.resetStart())
                .kept("_last_lr", entries.run().lastLr())
                .kept("_init_lrs", progress.initLrs());
        if (greedy.smooth()) {
            Map<String, Object> mean = new LinkedHashMap<>();
            mean.put("window_size", greedy.windowSize());
            mean.put("values", progress.recent());
            mean.put("sum", progress.sum());
            entries.kept("_streaming_avg", mean);
        }
    }

    @Override
    public Optional<MetricDriven.Progress> progress(Map<?, ?> dict) {
        Map<?, ?> mean = dict.get("_streaming_avg") instanceof Map<?, ?> saved ? saved : Map.of();
        return Optional.of(new GreedyLR.State(
                StateEntries.number(dict, "best"),
                StateEntries.whole(dict, "num_bad_epochs"),
                StateEntries.whole(dict, "num_good_epochs"),
                StateEntries.whole(dict, "cooldown_counter"),
                StateEntries.whole(dict, "warmup_counter"),
                StateEntries.whole(dict, "reset_start"),
                numbers(dict, "_init_lrs"),
                numbers(mean, "values"),
                mean.isEmpty() ? 0 : StateEntries.number(mean, "sum")));
    }

    private static List<Double> numbers(Map<?, ?> dict, String key) {
        return dict.get(key) instanceof List<?> list
                ? list.stream()
                        .filter(Number.class::isInstance)
                        .map(each -> ((Number) each).doubleValue())
                        .toList()
                : List.of();
    }

    @Override
    protected List<String> needed() {
        return List.of(
                "mode",
                "factor",
                "patience",
                "threshold",
                "threshold_mode",
                "cooldown",
                "warmup",
                "min_lrs",
                "max_lrs",
                "eps",
                "smooth",
                "window_size",
                "reset_start_original");
    }

    @Override
    protected List<String> more() {
        return List.of(
                "best",
                "num_bad_epochs",
                "num_good_epochs",
                "cooldown_counter",
                "warmup_counter",
                "reset_start",
                "_init_lrs",
                "_streaming_avg");
    }

    @Override
    protected void read(SavedCall call) {
        needed().stream()
                .filter(key -> !key.endsWith("_lrs") && !key.startsWith("reset_start"))
                .forEach(call::take);
        call.perGroup("min_lr", call.numbers("min_lrs"));
        call.perGroup("max_lr", call.numbers("max_lrs"));
        call.argument("reset_start", call.value("reset_start_original"));
    }
}
