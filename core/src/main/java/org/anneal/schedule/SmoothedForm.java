package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.Dict;

/** The state of SmoothedMetric, which no other library has: its text and its progress. */
final class SmoothedForm extends StateForm<SmoothedMetric> {

    @Override
    protected void write(SmoothedMetric smoothed, StateEntries entries) {
        entries.fixed("policy", smoothed.toString())
                .kept("progress", entries.run().plateau().orElseThrow().toMap())
                .kept("last_epoch", entries.step())
                .kept("_last_lr", entries.run().lastLr());
    }

    @Override
    public Optional<MetricDriven.Progress> progress(Map<?, ?> dict) {
        return Optional.of(MetricDriven.Progress.of(new Dict("", dict).dict("progress")));
    }

    @Override
    protected List<String> needed() {
        return List.of("policy", "progress");
    }

    @Override
    protected void read(SavedCall call) {
        if (!(call.value("policy") instanceof String text)) {
            throw call.wrong("policy", "a string");
        }
        call.whole(text);
    }
}
