package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.runs.RunConfig;
import org.anneal.sweep.StandaloneCluster;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code anneal sweep --master} on a Master and two Workers of Spark's, as the launcher starts it: in a process with Spark's jars. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SweepOnClusterTest {
    private static final Path SPARK = Path.of("../sweep/target/spark.classpath"); // written by Maven

    @TempDir
    Path folder;

    /** A sweep of 5 batches an epoch. */
    private String[] sweep(Path data, Path out, String... more) {
        return Stream.concat(
                        Stream.of(
                                "sweep",
                                "--data=" + data,
                                "--batch-size=10",
                                "--epochs=1",
                                "--seed=5",
                                "--optimizer=SGD(lr={0.01,0.1})",
                                "--memory=1g",
                                "--out=" + out),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    @Test
    void findsTheSameThereAsHereWithDataThatIsSentAlong() throws Exception {
        assumeTrue(Files.exists(SPARK), "skipped: needs the module sweep in the same build");
        Path data = GreyImages.write(folder.resolve("data"));
        Path there = folder.resolve("there");
        Path here = folder.resolve("here");
        try (StandaloneCluster spark = new StandaloneCluster(folder, Files.readString(SPARK))) {
            spark.startWorker();
            spark.startWorker();
            lines(sweep(data, here, "--workers=1")); // meanwhile
            spark.waitForWorkers(2);
            Process process = start(spark, sweep(data, there, "--master=" + spark.url(), "--ship-data"));
            List<String> printed = process.inputReader(UTF_8).lines().toList();
            assertEquals(0, process.waitFor(), Files.readString(folder.resolve("err")));
            assertTrue(printed.get(0).endsWith(" on Spark at " + spark.url()), printed.get(0));
            assertTrue(printed.contains("2 of 2 trials done"), printed.toString());
        }
        assertEquals(table(here), table(there));
        for (TrialRecord trial : SweepRecord.read(there).trials()) {
            for (TrialRecord.Repeat repeat : trial.repeats()) {
                assertTrue(repeat.place().startsWith("127.0.0.1, executor "), repeat.place());
                Path run = there.resolve("runs").resolve(repeat.folder());
                assertTrue(Files.exists(run.resolve("last.pt")), run.toString());
                String copy = RunConfig.read(run.resolve("run.json")).data();
                assertTrue(copy.matches(".*anneal-[0-9a-f]{16}.data"), copy);
            }
        }
    }

    /** {@return the trials, the best first, as they are in the table and in its file, to the bit and but for the time} */
    private static List<String> table(Path sweep) throws IOException {
        return SweepRecord.read(sweep).ranked().stream()
                .map(trial -> trial.number() + " " + trial.state() + " " + trial.parameters() + " " + trial.value()
                        + " ± " + trial.spread())
                .toList();
    }

    private Process start(StandaloneCluster spark, String... arguments) throws IOException {
        String own = StandaloneCluster.jars(
                System.getProperty("java.class.path"), Files.createDirectory(folder.resolve("jars")));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Danneal.worker.options=-XX:TieredStopAtLevel=1",
                "-Danneal.spark=" + spark.jars(),
                "-Dspark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1",
                "-Dspark.anneal.installed=true", // the executors are on this machine
                "-Dslf4j.internal.verbosity=WARN",
                "-Dslf4j.provider=org.apache.logging.slf4j.SLF4JServiceProvider"));
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", own + File.pathSeparator + spark.jars() + "/*", Anneal.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
    }
}
