package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KillTest {
    private static final int KILLS = 20;

    /** {@return the finished jobs, as the log names them: trial, seed, last epoch} */
    private static Set<String> done(Path folder) throws Exception {
        Set<String> done = new HashSet<>();
        if (!Sweep.isSweep(folder)) {
            return done;
        }
        List<Integer> rungs = new Halving(2, 1, Halving.Span.FULL).rungs(4);
        try (Connection file = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("sweep.db"));
                Statement statement = file.createStatement()) {
            try (ResultSet check = statement.executeQuery("pragma integrity_check")) {
                assertEquals("ok", check.getString(1));
            }
            try (ResultSet tables = statement.executeQuery("select count(*) from sqlite_master where name = 'job'")) {
                if (tables.getInt(1) == 0) { // killed before it was laid out
                    return done;
                }
            }
            try (ResultSet rows = statement.executeQuery("select trial, repeat, rung from job where state = 'DONE'")) {
                while (rows.next()) {
                    done.add(rows.getInt(1) + " " + rows.getInt(2) + " " + rungs.get(rows.getInt(3)));
                }
            }
        }
        return done;
    }

    private static Process start(Path folder) throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dorg.sqlite.tmpdir=" + folder.getParent(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledSweep.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    @Test
    void noFinishedJobIsRepeatedAndNoneIsLostWhateverMomentItIsKilledAt(@TempDir Path parent) throws Exception {
        Path folder = parent.resolve("sweep");
        Path log = parent.resolve("log");
        Files.createFile(log);
        Random random = new Random(20);
        int killed = 0;
        boolean ended = false;
        for (int run = 0; run < 60 && !ended; run++) {
            Set<String> before = done(folder);
            int lines = Files.readAllLines(log).size();
            Process process = start(folder);
            if (killed < KILLS) {
                kill(process, random.nextInt(12), random.nextInt(20));
                killed++;
            } else {
                assertEquals(0, process.waitFor());
                ended = true;
            }
            List<String> trained = Files.readAllLines(log);
            Set<String> jobs = trained.subList(lines, trained.size()).stream()
                    .map(line -> line.substring(0, line.lastIndexOf(' ')))
                    .collect(Collectors.toSet());
            jobs.retainAll(before);
            assertEquals(Set.of(), jobs, "finished before run " + run + ", and trained again");
            assertTrue(done(folder).containsAll(before), "run " + run + " lost a job");
        }
        assertEquals(KILLS, killed);
        SweepRecord whole = KilledSweep.sweep().run(trial -> {
            double loss = Double.NaN;
            for (int epoch = trial.from() + 1; epoch <= trial.until(); epoch++) {
                loss = KilledSweep.loss(trial, epoch);
                trial.report(epoch, loss);
            }
            return loss;
        });
        assertEquals(standings(whole), standings(SweepRecord.read(folder)));
    }

    /** Kills a process some milliseconds after it has trained some epochs. */
    private static void kill(Process process, int epochs, int millis) throws Exception {
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (int i = 0; i < epochs; i++) {
                out.readLine();
            }
            Thread.sleep(millis);
            process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
    }

    private static List<String> standings(SweepRecord sweep) {
        return sweep.ranked().stream()
                .map(trial -> trial.number() + " " + trial.state() + " " + trial.rung() + " " + trial.value() + " "
                        + trial.epochs())
                .toList();
    }
}
