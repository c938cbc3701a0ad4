package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.anneal.runs.RunListener.Epoch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** On a Master and two Workers of Spark's, which need some seconds to start and so serve all these tests. */
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StandaloneClusterTest {
    @TempDir
    private static Path folder;

    private static final String OPTIONS = "spark.executor.extraJavaOptions";

    private static final Deque<AutoCloseable> OPEN = new ArrayDeque<>(); // the last first
    private static final Set<Path> COPIES = new HashSet<>(); // of data, which stay on a machine
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    private static StandaloneCluster spark;
    private static Process first;
    private static Process second;
    private static SparkCluster cluster;
    private static Path runs;

    @TempDir
    private Path here;

    @BeforeAll
    static void start() throws Exception {
        runs = Files.createDirectories(folder.resolve("runs"));
        System.setProperty(OPTIONS, "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"); // they start faster
        spark = new StandaloneCluster(folder, System.getProperty("java.class.path"));
        OPEN.push(spark);
        first = spark.startWorker();
        second = spark.startWorker();
        spark.waitForWorkers(2);
        cluster = open(FakeTraining.VERSION);
        OPEN.push(cluster);
        while (cluster.slots() < 2) {
            Thread.sleep(50);
        }
    }

    private static SparkCluster open(String version) throws Exception {
        List<String> command = new ArrayList<>(FakeTraining.command());
        command.set(0, "/no/such/java"); // an executor takes its own
        command.set(command.indexOf("-cp") + 1, StandaloneCluster.workerJars(folder));
        return SparkCluster.open(spark.url(), 8, runs, command, version);
    }

    @AfterAll
    static void end() throws Exception {
        THREADS.shutdownNow();
        System.clearProperty(OPTIONS);
        for (AutoCloseable each : OPEN) {
            each.close();
        }
        for (Path copy : COPIES) {
            Folders.delete(copy);
        }
    }

    private static Outcome run(Job job) throws Exception {
        return cluster.run(job, epoch -> {});
    }

    @Test
    void bringsTheRunsFolderBackAndTakesItAlong() throws Exception {
        assertEquals(2, cluster.slots());
        for (int size : List.of(0, 3_000_000)) { // by argument, and by broadcast
            String name = "size-" + size;
            List<Epoch> heard = new ArrayList<>();
            Outcome first = cluster.run(FakeTraining.job(name, 0, 2, 1, "size=" + size), heard::add);
            assertEquals(heard, first.epochs());
            assertEquals(2, heard.size());
            assertTrue(first.place().matches("127\\.0\\.0\\.1, executor \\d+"), first.place());

            Outcome second = cluster.run(FakeTraining.job(name, 2, 4, 1, "size=" + size), heard::add);
            assertEquals(FakeTraining.losses(), FakeTraining.losses(second.epochs()));
            assertEquals(FakeTraining.losses(), FakeTraining.losses(heard));
            assertEquals(4, Files.readAllLines(runs.resolve(name + "/last.pt")).size());
            assertArrayEquals(new byte[size], Files.readAllBytes(runs.resolve(name + "/more/weights")));
        }
    }

    @Test
    void saysWhereATrainingFailedAndWhyAWorkerDied() throws Exception {
        assertEquals(
                Optional.of(new Flaw(Flaw.Kind.UNFIT, "the rate is 0")),
                cluster.check(FakeTraining.job("1-0", 1, "wrong=the rate is 0")));
        assertEquals(Optional.empty(), cluster.check(FakeTraining.job("1-0", 1)));

        Outcome failed = run(FakeTraining.job("1-0", 1, "data=text:/no/such/data"));
        assertEquals(Outcome.End.FAILED, failed.end());
        assertEquals("java.nio.file.NoSuchFileException: /no/such/data (on 127.0.0.1)", failed.reason());

        Outcome lost = run(FakeTraining.job("2-0", 1, "wrong=exit"));
        assertEquals(Outcome.End.LOST, lost.end());
        assertTrue(
                lost.reason().matches("process \\d+ exited with 7: something is broken \\(on 127\\.0\\.0\\.1\\)"),
                lost.reason());
        List<Epoch> heard = new ArrayList<>();
        Outcome next = cluster.run(FakeTraining.job("2-0", 2, "wrong=exit"), heard::add);
        assertEquals(FakeTraining.losses(), FakeTraining.losses(next.epochs()));
        assertEquals(3, heard.size()); // from the dead worker's checkpoint
    }

    @Test
    void shipsDataToWhereItIsRead() throws Exception {
        Path data = here.resolve("some data");
        Files.writeString(Files.createDirectories(data.resolve("part")).resolve("a.txt"), "within");
        Path table = Files.writeString(here.resolve("table.csv"), "a,b");
        cluster.ship(data).ship(table);
        Files.delete(data.resolve("part/a.txt")); // the executors are on this machine
        Files.delete(table);

        for (String setting : List.of("text:" + data, "" + data, "" + table)) {
            Outcome outcome = run(FakeTraining.job("data" + setting.hashCode(), 1, "data=" + setting));
            assertEquals("", outcome.reason());
            Path run = runs.resolve("data" + setting.hashCode());
            assertEquals(setting.endsWith("csv") ? "a,b" : "within", Files.readString(run.resolve("data.txt")));
            String path = Files.readString(run.resolve("data.path"));
            assertTrue(
                    path.matches("(text:)?" + System.getProperty("java.io.tmpdir") + "/anneal-[0-9a-f]{16}/"
                            + (setting.endsWith("csv") ? "table.csv" : "some data")),
                    path);
            assertEquals(setting.startsWith("text:"), path.startsWith("text:"));
            COPIES.add(Path.of(path.replace("text:", "")).resolveSibling(""));
        }
    }

    @Test
    @Order(Integer.MAX_VALUE - 1) // it leaves one Worker
    void doesEachJobOnceAndRightWhenAWorkerAndItsExecutorAreKilled() throws Exception {
        List<Future<Outcome>> outcomes = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Job job = FakeTraining.job("kill-" + i, 1, "hold=" + here);
            outcomes.add(THREADS.submit(() -> run(job)));
        }
        long trainings = 0;
        while (trainings < 2) {
            try (Stream<Path> waiting = Files.list(here)) {
                trainings = waiting.count();
            }
            Thread.sleep(20);
        }
        List<ProcessHandle> executors = StandaloneCluster.children(second.toHandle());
        List<ProcessHandle> children =
                executors.stream().flatMap(ProcessHandle::children).toList();
        second.destroyForcibly();
        executors.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle child : children) {
            child.onExit().get();
        }
        Files.writeString(here.resolve("go"), "");

        assertEquals(1, children.size());
        for (int i = 0; i < 6; i++) {
            Outcome outcome = outcomes.get(i).get();
            assertEquals("", outcome.reason());
            assertEquals(Outcome.End.DONE, outcome.end());
            assertEquals(FakeTraining.losses(), FakeTraining.losses(outcome.epochs()));
            assertEquals(
                    4,
                    Files.readAllLines(runs.resolve("kill-" + i + "/last.pt")).size());
        }
    }

    @Test
    @Order(Integer.MAX_VALUE) // it leaves none
    void refusesAnInstalledAnnealOfAnotherVersionAndAClusterWithoutExecutors() throws Exception {
        cluster.close();
        String installed = "spark.anneal.installed";
        String wait = "spark.scheduler.maxRegisteredResourcesWaitingTime";
        try {
            System.setProperty(installed, "true");
            try (SparkCluster other = open("2.0")) {
                IOException e =
                        assertThrows(IOException.class, () -> other.run(FakeTraining.job("9-0", 1), epoch -> {}));
                assertEquals(
                        "the workers must have the version of Anneal that runs the sweep, 2.0, but one has 1.2.3:"
                                + " install the same version everywhere (on 127.0.0.1)",
                        e.getMessage());
            }

            System.setProperty(wait, "1s");
            first.destroyForcibly().waitFor();
            IOException e = assertThrows(IOException.class, () -> open("2.0"));
            assertEquals(
                    "the Spark master at " + spark.url()
                            + " gave no executor within 1 s: has it a worker with a free core and enough free memory?",
                    e.getMessage());
        } finally {
            System.clearProperty(installed);
            System.clearProperty(wait);
        }
    }

    @Test
    void stopsATrainingWhoseThreadIsInterrupted() throws Exception {
        Thread thread = Thread.currentThread();
        Future<?> interrupter = THREADS.submit(() -> {
            while (Files.notExists(here.resolve("stop-0.waits"))) {
                Thread.sleep(10);
            }
            thread.interrupt();
            return null;
        });
        assertThrows(InterruptedException.class, () -> run(FakeTraining.job("stop-0", 1, "hold=" + here)));
        interrupter.get();

        Outcome next = run(FakeTraining.job("stop-0", 1));
        assertEquals(FakeTraining.losses(), FakeTraining.losses(next.epochs()));
    }
}
