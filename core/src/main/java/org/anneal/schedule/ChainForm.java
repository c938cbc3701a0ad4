package org.anneal.schedule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The state of ChainedScheduler, which has no counter of its own but its members'. */
final class ChainForm extends StateForm<ChainedScheduler> {

    @Override
    protected void write(ChainedScheduler chain, StateEntries entries) {
        entries.kept("_last_lr", entries.run().lastLr());
        if (entries.extraSteps() > 0) {
            entries.kept("_step_count", 0L).kept("_is_initial", false);
        }
        chain.schedules().forEach(member -> entries.member(member, entries.step(), entries.extraSteps()));
    }

    @Override
    public Map<String, Object> groupEntries(ChainedScheduler chain, boolean first) {
        return ofMembers(chain.schedules(), first);
    }

    static Map<String, Object> ofMembers(List<Schedule> members, boolean first) {
        Map<String, Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < members.size(); i++) {
            Schedule member = members.get(i);
            entries.putAll(of(member.kind()).groupEntries(member, first && i == 0));
        }
        return entries;
    }

    @Override
    protected List<String> needed() {
        return List.of("_schedulers");
    }

    @Override
    protected void read(SavedCall call) {
        call.members();
    }
}
