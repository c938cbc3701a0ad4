package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepCsvTest {
    @TempDir
    Path folder;

    private static Epoch epoch(int number, double loss, double seconds) {
        return new Epoch(number, number, List.of(0.1), loss, Map.of("val_loss", loss), seconds);
    }

    private static final SweepRecord SWEEP = new SweepRecord(
            "a sweep",
            Monitor.VAL_LOSS,
            List.of(new Parameter("lr", Parameter.Scale.LOG), new Parameter("epochs", Parameter.Scale.CATEGORY)),
            List.of(1, 2),
            List.of(
                    new TrialRecord(
                            0,
                            "StepLR",
                            List.of(Map.entry("schedule", "StepLR(step_size=5, gamma=0.1)"), Map.entry("lr", "0.1")),
                            Map.of("lr", "0.1"),
                            State.FAILED,
                            "the loss was \"NaN\",\nat epoch 1",
                            -1,
                            Double.NaN,
                            Double.NaN,
                            List.of(
                                    new Repeat(7, "000-0", List.of(), Double.NaN, 1, "process 1"),
                                    new Repeat(8, "000-1", List.of(), Double.NaN, 0, ""))),
                    new TrialRecord(
                            1,
                            "b, \"c\"",
                            List.of(Map.entry("schedule", "A()"), Map.entry("schedule", "B()")),
                            Map.of("lr", "1e-3", "epochs", "2"),
                            State.DONE,
                            "",
                            1,
                            0.1 + 0.2,
                            0.5,
                            List.of(
                                    new Repeat(
                                            7,
                                            "001-0",
                                            List.of(epoch(1, 1, 1.5), epoch(2, 0.25, 1.25)),
                                            0.25,
                                            1,
                                            "process 1"),
                                    new Repeat(8, "001-1", List.of(epoch(1, 1, 1)), 1e-300, 2, "process 2")))));

    @Test
    void readsBackAsItWasTheBestFirst() throws IOException {
        Path file = folder.resolve("sweep.csv");
        SweepCsv.save(SWEEP, file);
        List<NamedCsvRecord> rows;
        try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(file)) {
            rows = csv.stream().toList();
        }
        assertEquals(2, rows.size());
        assertEquals(
                List.of(
                        "rank",
                        "trial",
                        "family",
                        "state",
                        "lr",
                        "param.epochs",
                        "value",
                        "spread",
                        "value0",
                        "value1",
                        "seed0",
                        "seed1",
                        "rung",
                        "epochs",
                        "seconds",
                        "reason",
                        "set.schedule",
                        "set.lr"),
                rows.get(0).getHeader());
        assertEquals(
                List.of(
                        "1",
                        "1",
                        "b, \"c\"",
                        "done",
                        "1e-3",
                        "2",
                        "0.30000000000000004",
                        "0.5",
                        "0.25",
                        "1e-300",
                        "7",
                        "8",
                        "1",
                        "3",
                        "3.75",
                        "",
                        "A()\nB()",
                        ""),
                rows.get(0).getFields());
        assertEquals(
                List.of(
                        "",
                        "0",
                        "StepLR",
                        "failed",
                        "0.1",
                        "",
                        "",
                        "",
                        "",
                        "",
                        "7",
                        "8",
                        "",
                        "0",
                        "0.0",
                        "the loss was \"NaN\",\nat epoch 1",
                        "StepLR(step_size=5, gamma=0.1)",
                        "0.1"),
                rows.get(1).getFields());
    }

    @Test
    void quotesAsRfc4180Says() {
        assertTrue(
                SweepCsv.text(SWEEP)
                        .contains(
                                "\n1,1,\"b, \"\"c\"\"\",done,1e-3,2,0.30000000000000004,0.5,0.25,1e-300,7,8,1,3,3.75,,"
                                        + "\"A()\nB()\",\n"),
                SweepCsv.text(SWEEP));
    }

    @Test
    void aSweepWithoutTrialsHasItsHeader() throws IOException {
        SweepRecord none = new SweepRecord("", Monitor.VAL_LOSS, SWEEP.parameters(), List.of(1), List.of());
        Files.writeString(folder.resolve("sweep.csv"), "an older one");
        SweepCsv.save(none, folder.resolve("sweep.csv"));
        assertEquals(
                "rank,trial,family,state,lr,param.epochs,value,spread,rung,epochs,seconds,reason\n",
                Files.readString(folder.resolve("sweep.csv")));
    }
}
