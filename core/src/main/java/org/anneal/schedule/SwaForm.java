package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import org.anneal.text.Python;

/** The state of SWALR, which keeps its rate in the param groups and counts by {@code _step_count}. */
final class SwaForm extends StateForm<SWALR> {

    @Override
    protected void write(SWALR schedule, StateEntries entries) {
        entries.fixedIfThere("_anneal_strategy", Python.lower(schedule.annealStrategy()))
                .fixed("anneal_epochs", schedule.annealEpochs())
                .counts()
                .fixed("_step_count", Math.max(1, entries.step() + 1));
    }

    @Override
    public Map<String, Object> groupEntries(SWALR schedule, boolean first) {
        return Map.of("swa_lr", schedule.swaLr().get(0));
    }

    @Override
    protected List<String> needed() {
        return List.of("anneal_epochs");
    }

    @Override
    protected List<String> more() {
        return List.of("_anneal_strategy", "anneal_func");
    }

    @Override
    protected void read(SavedCall call) {
        if (call.inGroups("swa_lr")) {
            call.perGroup("swa_lr", call.groups("swa_lr"));
        } else {
            call.gap("swa_lr", "SWA_LR", "SWA_LR is saved in the optimizer's param_groups");
        }
        call.take("anneal_epochs");
        call.strategy("_anneal_strategy");
    }
}
