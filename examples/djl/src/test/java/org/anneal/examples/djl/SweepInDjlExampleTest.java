package org.anneal.examples.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.anneal.sweep.Sweep;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.sweep.TrialRecord.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepInDjlExampleTest {
    @TempDir
    private Path folder;

    @Test
    void findsAScheduleThatTrainsAndKeepsItsRuns() throws Exception {
        String images = "../../samples/src/main/resources/org/anneal/samples/fashion-mnist";
        String[] arguments = {folder.toString(), images, "4", "2", "640"};
        SweepInDjlExample.main(arguments);
        SweepRecord sweep = SweepRecord.read(folder);
        assertEquals(
                List.of(State.DONE, State.DONE, State.DONE, State.DONE),
                sweep.trials().stream().map(TrialRecord::state).toList());
        TrialRecord best = sweep.ranked().get(0);
        assertTrue(best.value() > 0.3, best.toString()); // a guess is 0.1
        assertEquals(2, best.repeats().get(0).epochs().size());
        Path run = Sweep.runs(folder).resolve(best.repeats().get(0).folder());
        assertEquals(3, Files.readAllLines(run.resolve("metrics.csv")).size());
        SweepInDjlExample.main(arguments); // goes on where it was: at its end
        assertEquals(sweep, SweepRecord.read(folder));
    }
}
