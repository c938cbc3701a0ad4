package org.anneal.schedule;

import java.util.List;

/** The state of CosineAnnealingWarmRestarts, with the current cycle. */
final class WarmRestartsForm extends StateForm<CosineAnnealingWarmRestarts> {

    @Override
    protected void write(CosineAnnealingWarmRestarts schedule, StateEntries entries) {
        long current = Math.max(0, entries.step());
        double length = schedule.t0(); // whole
        if (schedule.tMult() == 1) {
            current %= schedule.t0();
        }
        while (current >= length) {
            current -= (long) length;
            length *= schedule.tMult();
        }
        entries.fixed("T_0", schedule.t0())
                .fixed("T_i", (long) length)
                .fixed("T_mult", schedule.tMult())
                .fixed("eta_min", schedule.etaMin())
                .fixed("T_cur", current)
                .counts()
                .kept("_step_count", 0L);
    }

    @Override
    protected List<String> needed() {
        return List.of("T_0", "T_mult", "eta_min");
    }

    @Override
    protected List<String> more() {
        return List.of("T_i", "T_cur");
    }

    @Override
    protected void read(SavedCall call) {
        needed().forEach(call::take);
    }
}
