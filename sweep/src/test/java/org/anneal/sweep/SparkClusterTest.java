package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.anneal.runs.RunListener.Epoch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SparkClusterTest {
    @TempDir
    private Path runs;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    private SparkCluster open(String master) throws Exception {
        return SparkCluster.open(master, 8, runs, FakeTraining.command(), FakeTraining.VERSION);
    }

    @Test
    void doesTheJobsInProcessesOfThisMachineWithALocalMaster() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        Future<Outcome> hanging;
        try (SparkCluster cluster = open("local[2]")) {
            assertEquals(2, cluster.slots());

            List<Future<Outcome>> outcomes = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                Job job = FakeTraining.job(i + "-0", 1);
                outcomes.add(threads.submit(() -> cluster.run(job, epoch -> {})));
            }
            for (int i = 0; i < 6; i++) {
                assertEquals(
                        FakeTraining.losses(),
                        FakeTraining.losses(outcomes.get(i).get().epochs()));
                assertTrue(Files.exists(runs.resolve(i + "-0/last.pt")));
            }

            assertEquals(
                    Optional.of(new Flaw(Flaw.Kind.UNFIT, "the rate is 0")),
                    cluster.check(FakeTraining.job("7-0", 1, "wrong=the rate is 0")));
            Outcome failed = cluster.run(FakeTraining.job("7-0", 1, "wrong=throw"), epoch -> {});
            assertEquals(Outcome.End.FAILED, failed.end());
            assertEquals("the loss of batch 7 was nan", failed.reason());

            Outcome lost = cluster.run(FakeTraining.job("8-0", 1, "wrong=exit"), epoch -> {});
            assertEquals(Outcome.End.LOST, lost.end());
            assertTrue(lost.reason().matches("process \\d+ exited with 7: something is broken"), lost.reason());
            List<Epoch> heard = new ArrayList<>();
            Outcome next = cluster.run(FakeTraining.job("8-0", 2, "wrong=exit"), heard::add);
            assertEquals(FakeTraining.losses(), FakeTraining.losses(next.epochs()));
            assertEquals(3, heard.size());

            hanging = threads.submit(() -> {
                hangs.countDown();
                return cluster.run(FakeTraining.job("9-0", 1, "wrong=hang"), epoch -> {});
            });
            hangs.await();
            while (Files.notExists(runs.resolve("9-0/last.pt"))) {
                Thread.sleep(10);
            }
        }
        ExecutionException e = assertThrows(ExecutionException.class, hanging::get);
        assertEquals(
                InterruptedException.class, Objects.requireNonNull(e.getCause()).getClass());
        assertTrue(Files.exists(runs.resolve("9-0/saved")));
    }

    private static String aJar() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> entry.endsWith(".jar"))
                .findFirst()
                .orElseThrow();
    }

    private String refused(String master) {
        List<String> command = List.of("java", "-cp", aJar(), "never.Started");
        IOException e = assertThrows(IOException.class, () -> SparkCluster.open(master, 8, runs, command, "1"));
        return Objects.requireNonNull(e.getMessage());
    }

    @Test
    void saysThatThereIsNoMaster() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        assertEquals(
                "there is no Spark master at 127.0.0.1:" + port
                        + ": the connection was refused; no.such.host.invalid:7077:" + " the host is unknown",
                refused("spark://127.0.0.1:" + port + ",no.such.host.invalid:7077"));
        assertEquals(
                "master must be spark://HOST:PORT, or several HOST:PORT with commas between them, but was spark://here",
                refused("spark://here"));
        assertEquals("cannot use Spark with master sparkle: Could not parse Master URL: 'sparkle'", refused("sparkle"));
    }

    @Test
    void refusesBadArguments() {
        assertEquals(
                "most must be at least 1, but was 0",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> SparkCluster.open("local[1]", 0, runs, FakeTraining.command(), "1"))
                        .getMessage());
        assertEquals(
                "command must have a java, -cp and a class path, but was [java, -jar, a.jar]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> SparkCluster.open("yarn", 1, runs, List.of("java", "-jar", "a.jar"), "1"))
                        .getMessage());
        assertEquals(
                "the class path of workers on a cluster must consist of jars, but has " + runs,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> SparkCluster.open("yarn", 1, runs, List.of("java", "-cp", "" + runs), "1"))
                        .getMessage());
    }

    @Test
    void givesUpAMasterThatDoesNotAnswer() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String master = "spark://127.0.0.1:" + silent.getLocalPort();
            String message = refused(master);
            assertTrue(message.matches("the Spark master at " + master + " did not answer within \\d+ s"), message);
        }
        try (SparkCluster next = open("local[1]")) { // what was given up is no longer in its way
            assertEquals(1, next.slots());
        }
    }
}
