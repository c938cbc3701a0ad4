package org.anneal.schedule;

import java.util.List;

/** The state of a schedule that PyTorch lacks: its text, which alone tells it from the others of its sort. */
final class TextForm extends StateForm<Schedule> {

    @Override
    protected void write(Schedule schedule, StateEntries entries) {
        entries.fixed("schedule", schedule.toString()).counts();
    }

    @Override
    protected List<String> needed() {
        return List.of("schedule");
    }

    @Override
    protected void read(SavedCall call) {
        if (!(call.value("schedule") instanceof String text)) {
            throw call.wrong("schedule", "a string");
        }
        call.whole(text);
    }
}
