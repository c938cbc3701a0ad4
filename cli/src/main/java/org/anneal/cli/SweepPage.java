package org.anneal.cli;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Job;
import org.anneal.sweep.SweepListener;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.text.Python;
import org.anneal.web.LiveSweep;

/** Tells the page of a sweep what happens in it. */
final class SweepPage implements SweepListener {
    private final LiveSweep live;
    private final Monitor monitor;
    private final Function<TrialRecord, String> line;
    private final Map<Integer, TrialRecord> trials = new HashMap<>();
    private Optional<TrialRecord> best = Optional.empty();

    /**
     * Shows a sweep as it stands, and then what it becomes.
     *
     * @param line the command that trains a trial again
     */
    SweepPage(SweepRecord sweep, Function<TrialRecord, String> line) {
        this.monitor = sweep.monitor();
        this.line = line;
        List<LiveSweep.Parameter> parameters = sweep.parameters().stream()
                .map(parameter -> new LiveSweep.Parameter(
                        parameter.name(),
                        switch (parameter.scale()) {
                            case LINEAR -> LiveSweep.Scale.LINEAR;
                            case LOG -> LiveSweep.Scale.LOG;
                            case CATEGORY -> LiveSweep.Scale.CATEGORY;
                        }))
                .toList();
        this.live = new LiveSweep(sweep.title(), monitor, parameters, sweep.rungs());
        sweep.trials().forEach(this::trial);
    }

    /** {@return what the page shows} */
    LiveSweep live() {
        return live;
    }

    @Override
    public void begin(SweepRecord sweep) {
        sweep.trials().forEach(this::trial);
    }

    @Override
    public void epoch(Job job, Epoch epoch) {
        if (trials.containsKey(job.trial())) {
            live.epoch(job.trial(), job.repeat(), point(epoch), epoch.seconds());
        }
    }

    @Override
    public void trial(TrialRecord trial) {
        trials.put(trial.number(), trial);
        live.trial(new LiveSweep.Trial(
                trial.number(),
                trial.family(),
                trial.parameters(),
                Python.lower(trial.state()),
                trial.reason(),
                trial.rung(),
                trial.value(),
                trial.spread(),
                trial.repeats().stream().map(this::run).toList()));
        boolean wasBest = best.filter(known -> known.number() == trial.number()).isPresent();
        Optional<TrialRecord> now = wasBest
                ? best(trials.values().stream()
                        .sorted(Comparator.comparingInt(TrialRecord::number))
                        .toList())
                : best(best.map(known -> List.of(known, trial)).orElse(List.of(trial)));
        if (now.isPresent() && !now.equals(best)) {
            live.best(now.get().number(), line.apply(now.get()));
        }
        best = now;
    }

    /** {@return the best of some trials} */
    private Optional<TrialRecord> best(List<TrialRecord> some) {
        return new SweepRecord("", monitor, List.of(), List.of(), some)
                .ranked().stream().findFirst().filter(trial -> !Double.isNaN(trial.value()));
    }

    private LiveSweep.Run run(TrialRecord.Repeat repeat) {
        return new LiveSweep.Run(
                repeat.folder(),
                repeat.value(),
                repeat.epochs().stream().map(this::point).toList(),
                repeat.seconds());
    }

    private LiveSweep.Point point(Epoch epoch) {
        return new LiveSweep.Point(epoch.epoch(), monitor.of(epoch));
    }
}
