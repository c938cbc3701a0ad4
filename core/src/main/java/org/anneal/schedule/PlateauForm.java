package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.text.Python;

/** The state of ReduceLROnPlateau, with what its metrics have done so far. */
final class PlateauForm extends StateForm<ReduceLROnPlateau> {

    @Override
    protected void write(ReduceLROnPlateau plateau, StateEntries entries) {
        ReduceLROnPlateau.State progress =
                (ReduceLROnPlateau.State) entries.run().plateau().orElseThrow();
        boolean one = plateau.minLr().size() == 1;
        entries.fixed("factor", plateau.factor())
                .kept("default_min_lr", one ? orInt(plateau.minLr().get(0)) : Optional.empty())
                .fixed(
                        "min_lrs",
                        entries.perGroup(plateau.minLr()).stream()
                                .map(PlateauForm::orInt)
                                .toList())
                .fixed("patience", plateau.patience())
                .fixed("cooldown", plateau.cooldown())
                .fixed("eps", plateau.eps())
                .kept("last_epoch", entries.step())
                .kept("_last_lr", entries.run().lastLr())
                .kept("mode_worse", plateau.start().best())
                .fixed("mode", Python.lower(plateau.mode()))
                .fixed("threshold", plateau.threshold())
                .fixed("threshold_mode", Python.lower(plateau.thresholdMode()))
                .kept("best", progress.best())
                .kept("cooldown_counter", progress.cooldownCounter())
                .kept("num_bad_epochs", progress.badEpochs());
    }

    @Override
    public Optional<MetricDriven.Progress> progress(Map<?, ?> dict) {
        return Optional.of(new ReduceLROnPlateau.State(
                StateEntries.number(dict, "best"),
                StateEntries.whole(dict, "num_bad_epochs"),
                StateEntries.whole(dict, "cooldown_counter")));
    }

    private static Object orInt(double value) {
        return value == 0 ? (Object) 0L : (Object) value; // PyTorch's default is the int 0
    }

    @Override
    protected List<String> needed() {
        return List.of("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lrs", "eps");
    }

    @Override
    protected List<String> more() {
        return List.of("default_min_lr", "best", "num_bad_epochs", "cooldown_counter", "mode_worse");
    }

    @Override
    protected void read(SavedCall call) {
        call.perGroup("min_lr", call.numbers("min_lrs"));
        needed().stream().filter(key -> !key.equals("min_lrs")).forEach(call::take);
    }
}
