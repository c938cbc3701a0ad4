package org.anneal.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.anneal.text.Python;

/** The state of MultiStepLR, whose milestones are a Counter. */
final class MilestonesForm extends StateForm<MultiStepLR> {
    private static final int MOST = 100_000;

    @Override
    protected void write(MultiStepLR schedule, StateEntries entries) {
        Python.Counter<Long> counts = new Python.Counter<>();
        schedule.milestones().forEach(milestone -> counts.merge(milestone, 1L, Long::sum));
        entries.fixed("milestones", counts).fixed("gamma", schedule.gamma()).counts();
    }

    @Override
    protected List<String> needed() {
        return List.of("milestones", "gamma");
    }

    /** Reads a Counter, or a list as PyTorch saved until 1.3. */
    @Override
    protected void read(SavedCall call) {
        call.take("gamma");
        Object given = call.value("milestones");
        List<Object> all = new ArrayList<>();
        if (given instanceof Map<?, ?> counter) {
            for (Map.Entry<?, ?> each : counter.entrySet()) {
                if (!(each.getValue() instanceof Number times)
                        || !(times.doubleValue() >= 1 && times.doubleValue() <= MOST - all.size())) {
                    throw call.wrong("milestones", "a Counter of at most " + MOST + " milestones");
                }
                all.addAll(Collections.nCopies(times.intValue(), each.getKey()));
            }
        } else if (given instanceof List<?> list) {
            all.addAll(list);
        } else {
            throw call.wrong("milestones", "a Counter or a list");
        }
        call.argument("milestones", all);
    }
}
