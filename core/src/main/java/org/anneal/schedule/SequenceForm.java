package org.anneal.schedule;

import java.util.List;
import java.util.Map;

/** The state of SequentialLR, with its members' states, each at the step its piece has reached. */
final class SequenceForm extends StateForm<SequentialLR> {

    @Override
    protected void write(SequentialLR sequence, StateEntries entries) {
        List<Long> milestones = sequence.milestones();
        entries.fixed("_milestones", milestones)
                .fixed("last_epoch", entries.step())
                .kept("_last_lr", entries.run().lastLr());
        int active = !milestones.isEmpty() && milestones.get(0) == 0 ? 1 : 0; // at step 0
        for (int i = 0; i < sequence.schedules().size(); i++) {
            Schedule member = sequence.schedules().get(i);
            // PyTorch's constructor steps the members of a chain twice if the chain is active at step 0
            int extraSteps = i == active && member instanceof ChainedScheduler ? 1 : 0;
            entries.member(member, stepOf(i, sequence, entries.step()), extraSteps);
        }
    }

    /** {@return the step that the {@code i}th piece has reached; -1 before its first} */
    private static long stepOf(int i, SequentialLR sequence, long step) {
        List<Long> milestones = sequence.milestones();
        long first = i == 0 ? 0 : milestones.get(i - 1);
        long last = i == milestones.size() ? step : Math.min(step, milestones.get(i) - 1);
        return Math.max(-1, last - first);
    }

    @Override
    public Map<String, Object> groupEntries(SequentialLR sequence, boolean first) {
        return ChainForm.ofMembers(sequence.schedules(), first);
    }

    @Override
    public double momentum(SequentialLR sequence, long step, double current) {
        double momentum = current;
        for (int i = 0; i < sequence.schedules().size(); i++) {
            long local = stepOf(i, sequence, step);
            Schedule member = sequence.schedules().get(i);
            momentum = local < 0 ? momentum : of(member.kind()).momentum(member, local, momentum);
        }
        return momentum;
    }

    @Override
    protected List<String> needed() {
        return List.of("_milestones", "_schedulers");
    }

    @Override
    protected void read(SavedCall call) {
        call.members();
        if (!(call.value("_milestones") instanceof List<?> milestones)) {
            throw call.wrong("_milestones", "a list");
        }
        call.argument("milestones", milestones);
    }
}
