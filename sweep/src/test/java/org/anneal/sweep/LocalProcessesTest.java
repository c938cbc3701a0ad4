package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.anneal.runs.RunListener.Epoch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class LocalProcessesTest {
    @TempDir
    private static Path shared;

    // For tests that leave the worker as it was, or do without the one before.
    private static LocalProcesses warm;

    @TempDir
    private Path runs;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @BeforeAll
    static void start() {
        warm = runner(shared);
    }

    @AfterEach
    void endThreads() throws Exception {
        threads.shutdownNow();
        assertTrue(threads.awaitTermination(60, TimeUnit.SECONDS));
    }

    @AfterAll
    static void leavesNoProcessBehind() throws Exception {
        warm.close();
        for (ProcessHandle child : children().toList()) {
            child.onExit().get(10, TimeUnit.SECONDS);
        }
    }

    private static LocalProcesses runner(Path runs) {
        return new LocalProcesses(
                2,
                runs,
                FakeTraining.command("-Xmx64m", "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null"),
                FakeTraining.VERSION);
    }

    private LocalProcesses runner() {
        return runner(runs);
    }

    private static Outcome run(Runner runner, Job job) throws Exception {
        return runner.run(job, epoch -> {});
    }

    private static Stream<ProcessHandle> children() {
        return ProcessHandle.current().children();
    }

    private static ProcessHandle process(Outcome outcome) {
        return ProcessHandle.of(Long.parseLong(outcome.place().replace("process ", "")))
                .orElseThrow();
    }

    @Test
    void doesAJobInItsFolderAndTellsOfEachEpoch() throws Exception {
        List<Epoch> heard = new ArrayList<>();
        Outcome outcome = warm.run(FakeTraining.job("a run #1 ü", 1), heard::add);

        assertEquals(Outcome.End.DONE, outcome.end());
        assertEquals(FakeTraining.losses(), FakeTraining.losses(outcome.epochs()));
        assertEquals(outcome.epochs(), heard);
        assertEquals(4, Files.readAllLines(shared.resolve("a run #1 ü/last.pt")).size());
        assertEquals(2, warm.slots());
    }

    @Test
    void goesOnFromAnEarlierRung() throws Exception {
        assertEquals(2, run(warm, FakeTraining.job("goes-on", 0, 2, 1)).epochs().size());

        List<Epoch> heard = new ArrayList<>();
        Outcome outcome = warm.run(FakeTraining.job("goes-on", 2, 4, 1), heard::add);

        assertEquals(FakeTraining.losses(), FakeTraining.losses(outcome.epochs()));
        assertEquals(List.of(FakeTraining.loss(3), FakeTraining.loss(4)), FakeTraining.losses(heard));
    }

    @Test
    void losesAKilledWorkerAndGoesOnFromItsCheckpoint() throws Exception {
        try (LocalProcesses runner = runner()) {
            List<ProcessHandle> before = children().toList();
            Outcome lost = runner.run(
                    FakeTraining.job("0-0", 1, "wrong=hang"),
                    epoch -> children()
                            .filter(child -> !before.contains(child))
                            .forEach(ProcessHandle::destroyForcibly));

            assertEquals(Outcome.End.LOST, lost.end());
            assertTrue(lost.reason().matches("process \\d+ was killed \\(signal 9\\).*"), lost.reason());
            assertTrue(lost.reason().startsWith(lost.place() + " "), lost.place());

            List<Epoch> heard = new ArrayList<>();
            Outcome done = runner.run(FakeTraining.job("0-0", 2, "wrong=hang"), heard::add);

            assertEquals(FakeTraining.losses(), FakeTraining.losses(done.epochs()));
            assertEquals(3, heard.size());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "heap | LOST | process \\d+ ran out of memory: give it more with --memory",
                "native | LOST | process \\d+ ran out of memory: give it more with --memory",
                "exit | LOST | process \\d+ exited with 7: something is broken",
                "crash | LOST | process \\d+ crashed: SIGSEGV \\(0xb\\)",
                "throw | FAILED | the loss of batch 7 was nan",
                "word | FAILED | java.nio.file.NoSuchFileException: data.csv",
                "error | FAILED | java.lang.NoClassDefFoundError: org/Missing",
            })
    void saysInOneLineWhatWentWrong(String wrong, Outcome.End end, String reason) throws Exception {
        Outcome outcome = run(warm, FakeTraining.job(wrong, 1, "wrong=" + wrong));

        assertEquals(end, outcome.end());
        assertTrue(outcome.reason().matches(reason), outcome.reason());
        assertEquals(List.of(), outcome.epochs());
    }

    @Test
    void isNotConfusedByWhatTheProgramOrALibraryPrints() throws Exception {
        Outcome outcome = run(warm, FakeTraining.job("prints", 1, "wrong=print"));

        assertEquals(FakeTraining.losses(), FakeTraining.losses(outcome.epochs()));
    }

    @Test
    void carriesNumbersThatAreNotFinite() throws Exception {
        Outcome outcome = run(warm, FakeTraining.job("infinite", 1, "wrong=infinite"));

        assertEquals(Double.POSITIVE_INFINITY, outcome.epochs().get(3).trainLoss());
        assertEquals(Double.NaN, outcome.epochs().get(3).metric("val_loss"));
    }

    @Test
    void checksATrialBeforeItIsTrained() throws Exception {
        assertEquals(Optional.empty(), warm.check(FakeTraining.job("check", 1)));
        assertEquals(
                Optional.of(new Flaw(Flaw.Kind.UNFIT, "the rate is 0 from epoch 3 on")),
                warm.check(FakeTraining.job("check", 1, "wrong=the rate is 0 from epoch 3 on")));
        assertFalse(Files.exists(shared.resolve("check")));
    }

    @Test
    void aCheckThatFailsItselfSaysNothingOfTheTrial() throws Exception {
        assertUnchecked("process \\d+ exited with 9", "die");
        assertUnchecked("process \\d+ ran out of memory.*", "large");
        assertUnchecked("this is not known", "bug");
    }

    private static void assertUnchecked(String reason, String wrong) throws Exception {
        Flaw flaw = warm.check(FakeTraining.job("check", 1, "wrong=" + wrong)).orElseThrow();
        assertEquals(Flaw.Kind.UNCHECKED, flaw.kind());
        assertTrue(flaw.reason().matches(reason), flaw.reason());
    }

    @Test
    void refusesWorkersOfAnotherVersion() {
        try (LocalProcesses runner = new LocalProcesses(1, runs, FakeTraining.command(), "2.0")) {
            IOException e = assertThrows(IOException.class, () -> run(runner, FakeTraining.job("0-0", 1)));

            assertEquals(
                    "the workers must have the version of Anneal that runs the sweep, 2.0, but one has 1.2.3:"
                            + " install the same version everywhere",
                    e.getMessage());
        }
    }

    @Test
    void saysWhyNoWorkerStarts() {
        try (LocalProcesses runner =
                        new LocalProcesses(1, runs, List.of(FakeTraining.JAVA, "-cp", ".", "no.Such"), "1");
                LocalProcesses nothing = new LocalProcesses(1, runs, List.of("/no/such/java"), "1")) {
            String why = Objects.requireNonNull(
                    assertThrows(IOException.class, () -> runner.check(FakeTraining.job("0-0", 1)))
                            .getMessage());
            assertTrue(why.matches("cannot start a worker: process \\d+ exited with 1: .*\\bno.Such"), why);

            IOException e = assertThrows(IOException.class, () -> run(nothing, FakeTraining.job("0-0", 1)));
            assertTrue(String.valueOf(e.getMessage()).contains("/no/such/java"), e.getMessage());
        }
    }

    @Test
    void doesAThousandJobsInOneWorker() throws Exception {
        Set<String> places = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            Outcome outcome = run(warm, FakeTraining.job("trivial", 0, 1, 1));
            assertEquals(List.of(FakeTraining.loss(1)), FakeTraining.losses(outcome.epochs()));
            places.add(outcome.place());
        }

        assertEquals(1, places.size());
    }

    @Test
    void givesEachOfTwoThreadsAWorkerOfItsOwn() throws Exception {
        try (LocalProcesses runner = runner()) {
            CountDownLatch both = new CountDownLatch(2);
            List<Future<Outcome>> outcomes = new ArrayList<>();
            for (String folder : List.of("0-0", "0-1")) {
                outcomes.add(threads.submit(() -> runner.run(FakeTraining.job(folder, 1), epoch -> {
                    both.countDown();
                    try {
                        assertTrue(both.await(30, TimeUnit.SECONDS));
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                })));
            }

            assertEquals(
                    2,
                    Set.of(outcomes.get(0).get().place(), outcomes.get(1).get().place())
                            .size());
        }
    }

    @Test
    void savesWhenTheThreadIsInterrupted() throws Exception {
        try (LocalProcesses runner = runner()) {
            Thread here = Thread.currentThread();
            assertThrows(
                    InterruptedException.class,
                    () -> runner.run(FakeTraining.job("0-0", 1, "wrong=hang"), epoch -> here.interrupt()));

            assertTrue(Files.exists(runs.resolve("0-0/saved")));
            Outcome next = run(runner, FakeTraining.job("0-0", 2));
            assertEquals(FakeTraining.losses(), FakeTraining.losses(next.epochs()));
        }
    }

    @Test
    void savesWhenItIsClosedAlthoughTheTerminalHasInterruptedTheWorker() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        LocalProcesses runner = runner();
        Outcome first = run(runner, FakeTraining.job("0-1", 1));
        Future<Outcome> hanging =
                threads.submit(() -> runner.run(FakeTraining.job("0-0", 1, "wrong=hang"), epoch -> hangs.countDown()));
        hangs.await();

        process(first).destroy(); // as Ctrl-C
        runner.close();

        ExecutionException e = assertThrows(ExecutionException.class, hanging::get);
        assertEquals(
                InterruptedException.class, Objects.requireNonNull(e.getCause()).getClass());
        assertTrue(Files.exists(runs.resolve("0-0/saved")));
        assertThrows(InterruptedException.class, () -> run(runner, FakeTraining.job("0-0", 2)));
    }

    @Test
    void losesAWorkerThatSomebodyHasTerminated() throws Exception {
        try (LocalProcesses runner = runner()) {
            List<ProcessHandle> before = children().toList();
            Outcome lost = runner.run(
                    FakeTraining.job("0-0", 1, "wrong=hang"),
                    epoch -> children().filter(child -> !before.contains(child)).forEach(ProcessHandle::destroy));

            assertEquals(Outcome.End.LOST, lost.end());
            assertTrue(lost.reason().endsWith("was killed (signal 15)"), lost.reason());
            assertTrue(Files.exists(runs.resolve("0-0/saved")));
        }
    }

    @Test
    void endsTheWorkerOfAListenerThatFails() throws Exception {
        try (LocalProcesses runner = runner()) {
            IllegalStateException e = assertThrows(
                    IllegalStateException.class,
                    () -> runner.run(FakeTraining.job("0-0", 1, "wrong=hang"), epoch -> {
                        throw new IllegalStateException("the disk is full");
                    }));
            assertEquals("the disk is full", e.getMessage());
            assertEquals(
                    FakeTraining.losses(),
                    FakeTraining.losses(run(runner, FakeTraining.job("0-0", 2)).epochs()));
        }
    }

    @Test
    void aWorkerEndsWithItsParent() throws Exception {
        Process worker = new ProcessBuilder(FakeTraining.command()).start();
        try (BufferedReader answers = worker.inputReader(StandardCharsets.UTF_8)) {
            OutputStream requests = worker.getOutputStream();
            Job job = FakeTraining.job("0-0", 1, "wrong=hang");
            requests.write((Message.run(runs.resolve("0-0"), Json.of(job)) + "\n").getBytes(StandardCharsets.UTF_8));
            requests.flush();
            while (!Message.EPOCH.is(answers.readLine())) {
                // until it trains
            }
            requests.close();

            assertTrue(worker.waitFor(30, TimeUnit.SECONDS));
            assertFalse(Files.exists(runs.resolve("0-0/saved"))); // the next sweep may train there already
        } finally {
            worker.destroyForcibly();
        }
    }

    @Test
    void refusesBadArguments() {
        Callable<?> none = () -> new LocalProcesses(0, runs, List.of("java"), "1");
        assertEquals(
                "slots must be at least 1, but was 0",
                assertThrows(IllegalArgumentException.class, none::call).getMessage());
    }
}
