package org.anneal.schedule;

import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The state of LambdaLR and MultiplicativeLR, with None for each function: PyTorch does not save functions. */
final class LambdasForm extends StateForm<Schedule> {
    private static final String KEY = "lr_lambdas";

    @Override
    protected void write(Schedule schedule, StateEntries entries) {
        int groups = entries.run().lastLr().size();
        entries.counts().fixed(KEY, Collections.nCopies(groups, Optional.empty()));
    }

    @Override
    protected List<String> needed() {
        return List.of(KEY);
    }

    @Override
    protected void read(SavedCall call) {
        call.gap(
                "lr_lambda",
                "LAMBDA",
                "LAMBDA is the function, which PyTorch does not save (nor whether this was a MultiplicativeLR)");
    }
}
