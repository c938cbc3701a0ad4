package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.sweep.Flaw.Kind;
import org.anneal.sweep.Outcome.End;
import org.anneal.sweep.TrialRecord.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepTest {
    private static final Space SPACE = Space.of().and("x", "{1..6}").and("y", "{0,0.5}");

    /** (x - 4)^2 + y, and a little for the seed: least at 4, 0. */
    private static double bowl(Trial trial) {
        double x = trial.real("x");
        return (x - 4) * (x - 4) + trial.real("y") + trial.seed() / 100.0;
    }

    @Test
    void findsTheBestOfAGrid() throws Exception {
        SweepRecord sweep = Sweep.over(SPACE)
                .sampler(Sampler.GRID)
                .trials(100)
                .repeats(3)
                .workers(2)
                .run(SweepTest::bowl);
        assertEquals(12, sweep.trials().size());
        TrialRecord best = sweep.ranked().get(0);
        assertEquals(Map.of("x", "4", "y", "0"), best.parameters());
        assertEquals(0.01, best.value(), 1e-15);
        assertEquals(0.01, best.spread(), 1e-15);
        assertEquals(
                List.of(0.0, 0.01, 0.02),
                best.repeats().stream().map(TrialRecord.Repeat::value).toList());
        assertTrue(sweep.trials().stream().allMatch(trial -> trial.state() == State.DONE));
        assertEquals("x, y", sweep.title());
    }

    @Test
    void moreIsBetterIfTheMonitorSaysSo() throws Exception {
        SweepRecord sweep = Sweep.over(SPACE)
                .sampler(Sampler.GRID)
                .trials(100)
                .monitor(new Monitor("val_accuracy", Mode.MAX))
                .run(SweepTest::bowl);
        assertEquals(Map.of("x", "1", "y", "0.5"), sweep.ranked().get(0).parameters());
    }

    @Test
    void tellsWhatOfATrialIsAtAnEndOfWhatWasTried() throws Exception {
        SweepRecord sweep = Sweep.over(SPACE).sampler(Sampler.GRID).trials(100).run(SweepTest::bowl);
        List<TrialRecord> ranked = sweep.ranked();
        assertEquals(Map.of(), sweep.extremes(ranked.get(0))); // 4 is within 1 to 6, and two numbers for y are no range
        TrialRecord worst = ranked.get(ranked.size() - 1);
        assertEquals(Map.of("x", "1", "y", "0.5"), worst.parameters());
        assertEquals(Map.of("x=1", "least"), sweep.extremes(worst));
        SweepRecord falling =
                Sweep.over(SPACE).sampler(Sampler.GRID).trials(100).run(trial -> -trial.real("x"));
        assertEquals(
                Map.of("x=6", "greatest"), falling.extremes(falling.ranked().get(0)));
        SweepRecord flat = Sweep.over(SPACE).sampler(Sampler.GRID).trials(100).run(trial -> 1);
        assertEquals(Map.of(), flat.extremes(flat.ranked().get(0)));
    }

    /** What each call trained, and the loss at each epoch: falls towards the bowl. */
    private static Objective learning(ConcurrentLinkedQueue<String> calls) {
        return trial -> {
            calls.add(trial.number() + ":" + trial.from() + "-" + trial.until() + "/" + trial.epochs());
            double loss = Double.NaN;
            for (int epoch = trial.from() + 1; epoch <= trial.until() && !trial.isStopped(); epoch++) {
                loss = bowl(trial) + 10.0 / epoch;
                trial.report(epoch, loss);
            }
            return loss;
        };
    }

    @Test
    void trainsTheBestOnFromWhereTheyWereStopped() throws Exception {
        ConcurrentLinkedQueue<String> calls = new ConcurrentLinkedQueue<>();
        SweepRecord sweep = Sweep.over(SPACE)
                .sampler(Sampler.GRID)
                .trials(12)
                .epochs(9)
                .halving(new Halving(3, 1, Halving.Span.FULL))
                .run(learning(calls));
        assertEquals(List.of(1, 3, 9), sweep.rungs());
        TrialRecord best = sweep.ranked().get(0);
        assertEquals(Map.of("x", "4", "y", "0"), best.parameters());
        assertEquals(10.0 / 9, best.value(), 1e-15);
        assertEquals(
                IntStream.rangeClosed(1, 9).boxed().toList(),
                best.repeats().get(0).epochs().stream().map(Epoch::epoch).toList());
        assertTrue(calls.containsAll(List.of("6:0-1/9", "6:1-3/9", "6:3-9/9")), calls.toString());
        assertEquals(12, calls.stream().filter(call -> call.endsWith(":0-1/9")).count());
        assertEquals(State.STOPPED, sweep.trials().get(0).state());
        assertEquals(0, sweep.trials().get(0).rung());
    }

    @Test
    void aRungOfItsOwnIsTrainedAnewWithAScheduleOfItsLength() throws Exception {
        ConcurrentLinkedQueue<String> calls = new ConcurrentLinkedQueue<>();
        SweepRecord sweep = Sweep.over(SPACE)
                .sampler(Sampler.GRID)
                .trials(12)
                .epochs(9)
                .halving(new Halving(3, 1, Halving.Span.RUNG))
                .run(learning(calls));
        assertTrue(calls.containsAll(List.of("6:0-1/1", "6:0-3/3", "6:0-9/9")), calls.toString());
        assertEquals("006-0-rung2", sweep.ranked().get(0).repeats().get(0).folder());
        assertEquals(9, sweep.ranked().get(0).epochs());
    }

    @Test
    void aTrialThatFailsIsToldAndTheOthersGoOn() throws Exception {
        SweepRecord sweep = Sweep.over(SPACE).sampler(Sampler.GRID).trials(4).run(trial -> {
            if (trial.number() == 1) {
                throw new IllegalStateException("no such loss\nmore of it");
            }
            return trial.number() == 2 ? Double.NaN : trial.number();
        });
        assertEquals(
                List.of(State.DONE, State.FAILED, State.FAILED, State.DONE),
                sweep.trials().stream().map(TrialRecord::state).toList());
        assertEquals("no such loss", sweep.trials().get(1).reason());
        assertEquals("value is NaN", sweep.trials().get(2).reason());
        assertEquals(
                List.of(0, 3, 1, 2),
                sweep.ranked().stream().map(TrialRecord::number).toList());
    }

    /** A runner whose workers are lost as a test says. */
    private static class Fragile implements Runner {
        final List<String> jobs = Collections.synchronizedList(new ArrayList<>());

        @Override
        public int slots() {
            return 2;
        }

        @Override
        public Optional<Flaw> check(Job job) {
            return switch (job.trial()) {
                case 2 -> Optional.of(new Flaw(Kind.UNCHECKED, "process 1 was killed"));
                case 3 -> Optional.of(new Flaw(Kind.UNFIT, "it never decays"));
                default -> Optional.empty();
            };
        }

        @Override
        public Outcome run(Job job, Consumer<Epoch> heard) throws IOException, InterruptedException {
            jobs.add(job.trial() + "/" + job.attempt());
            boolean lost = job.trial() == 0 || (job.trial() == 1 && job.attempt() == 1);
            Epoch epoch = new Epoch(1, 10, List.of(0.1), 0.5, Map.of("val_loss", 1.0 / (1 + job.trial())), 0.25);
            return lost
                    ? new Outcome(End.LOST, List.of(), "process 1 was killed", "process 1")
                    : new Outcome(End.DONE, List.of(epoch), "", "process 2");
        }

        @Override
        public void close() {}
    }

    private static Sweep small() {
        return Sweep.over(SPACE).sampler(Sampler.GRID).trials(4).monitor(Monitor.VAL_LOSS);
    }

    @Test
    void aLostWorkersJobIsTriedAgainAndThenGivenUp() throws Exception {
        Fragile runner = new Fragile();
        SweepRecord sweep = small().unchecked().run(runner);
        assertEquals(
                List.of("0/1", "0/2", "1/1", "1/2", "2/1", "3/1"),
                runner.jobs.stream().sorted().toList());
        TrialRecord lost = sweep.trials().get(0);
        assertEquals(State.FAILED, lost.state());
        assertEquals("lost 2 times: process 1 was killed", lost.reason());
        TrialRecord saved = sweep.trials().get(1);
        assertEquals(State.DONE, saved.state());
        assertEquals(2, saved.repeats().get(0).attempts());
        assertEquals(0.5, saved.value());
        assertEquals(0.25, saved.seconds());
    }

    @Test
    void aTrialThatCannotGoWellIsSkippedWithTheReasonOrRefused() throws Exception {
        Fragile runner = new Fragile();
        SweepRecord sweep = small().run(runner);
        assertEquals(State.SKIPPED, sweep.trials().get(3).state());
        assertEquals("it never decays", sweep.trials().get(3).reason());
        assertTrue(runner.jobs.stream().noneMatch(job -> job.startsWith("3/")), runner.jobs.toString());
        assertEquals(
                "trial 3 {x=2, y=0.5} must fit the run, but it never decays",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> small().strict().run(new Fragile()))
                        .getMessage());
    }

    /** A runner that finds the same flaw in all trials but the first. */
    private static Runner finding(Kind kind, boolean inTheFirst) {
        return new Fragile() {
            @Override
            public Optional<Flaw> check(Job job) {
                return job.trial() == 0 && !inTheFirst
                        ? Optional.empty()
                        : Optional.of(new Flaw(kind, "it is " + job.trial()));
            }
        };
    }

    @Test
    void aSweepWithATrialThatIsWrongIsRefusedBeforeThereIsAFolder(@TempDir Path parent) {
        Path folder = parent.resolve("new");
        assertEquals(
                "it is 1",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> small().folder(folder).run(finding(Kind.REFUSED, false)))
                        .getMessage());
        assertEquals(
                "it is 1",
                assertThrows(IOException.class, () -> small().folder(folder).run(finding(Kind.UNREADABLE, false)))
                        .getMessage());
        assertEquals(
                "it is 1",
                assertThrows(IllegalArgumentException.class, () -> small().check(finding(Kind.REFUSED, false)))
                        .getMessage());
        assertTrue(Files.notExists(folder));
    }

    @Test
    void aSweepOfWhichNoTrialFitsTheRunLeavesNoFolder(@TempDir Path parent) throws Exception {
        Path folder = parent.resolve("new");
        SweepRecord none = small().folder(folder).run(finding(Kind.UNFIT, true));
        assertTrue(none.trials().stream().allMatch(trial -> trial.state() == State.SKIPPED));
        assertTrue(Files.notExists(folder));
        SweepRecord one = small().folder(folder).run(finding(Kind.UNFIT, false));
        assertEquals(State.FAILED, one.trials().get(0).state());
        assertEquals(one, SweepRecord.read(folder));
        Fragile again = new Fragile();
        assertEquals(one, small().folder(folder).run(again), "what was skipped is not looked at again");
        assertEquals(List.of(), again.jobs);
    }

    @Test
    void aTrialThatCouldNotBeCheckedIsTrainedAndTellsItself() throws Exception {
        Fragile runner = new Fragile();
        assertEquals(
                List.of(State.FAILED, State.DONE, State.DONE, State.SKIPPED),
                small().run(runner).trials().stream().map(TrialRecord::state).toList());
        assertEquals(
                Map.of(2, new Flaw(Kind.UNCHECKED, "process 1 was killed"), 3, new Flaw(Kind.UNFIT, "it never decays")),
                small().check(runner));
    }

    @Test
    void aRunnerThatCanDoNothingEndsTheSweep() {
        IOException e = assertThrows(
                IOException.class,
                () -> small().unchecked().run(new Fragile() {
                    @Override
                    public Outcome run(Job job, Consumer<Epoch> heard) throws IOException {
                        throw new IOException("no worker starts");
                    }
                }));
        assertEquals("no worker starts", e.getMessage());
    }

    private static Sweep kept(Path folder) {
        return Sweep.over(SPACE)
                .sampler(Sampler.RANDOM)
                .trials(12)
                .repeats(2)
                .epochs(9)
                .halving(new Halving(3, 1, Halving.Span.FULL))
                .folder(folder)
                .keep(Map.of("command", "--lr 1"));
    }

    private static Objective counting(AtomicInteger calls) {
        Objective learning = learning(new ConcurrentLinkedQueue<>());
        return trial -> {
            calls.incrementAndGet();
            return learning.run(trial);
        };
    }

    @Test
    void aFinishedSweepIsNotRunAgain(@TempDir Path folder) throws Exception {
        AtomicInteger calls = new AtomicInteger();
        SweepRecord first = kept(folder).run(counting(calls));
        int once = calls.get();
        assertEquals(first, kept(folder).run(counting(calls)));
        assertEquals(once, calls.get());
        assertEquals(first, SweepRecord.read(folder));
        assertEquals(Map.of("command", "--lr 1"), Sweep.kept(folder));
    }

    @Test
    void aSweepThatGoesOnMayHaveMoreTrials(@TempDir Path folder) throws Exception {
        Sweep.over(SPACE).trials(3).folder(folder).run(SweepTest::bowl);
        ConcurrentHashMap<Integer, Double> ran = new ConcurrentHashMap<>();
        SweepRecord more = Sweep.over(SPACE).trials(5).folder(folder).run(trial -> {
            ran.put(trial.number(), bowl(trial));
            return bowl(trial);
        });
        assertEquals(5, more.trials().size());
        assertEquals(List.of(3, 4), ran.keySet().stream().sorted().toList());
    }

    @Test
    void anotherSweepsFolderIsRefused(@TempDir Path folder) throws Exception {
        kept(folder).run(SweepTest::bowl);
        assertEquals(
                "repeats must be 2, as in the sweep in " + folder + ", but was 3",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> kept(folder).repeats(3).run(SweepTest::bowl))
                        .getMessage());
    }

    @Test
    void aSweepThatIsStoppedGoesOnWithoutRepeatingWhatIsDone(@TempDir Path folder) throws Exception {
        AtomicInteger calls = new AtomicInteger();
        Sweep sweep = kept(folder);
        SweepRecord part = sweep.run(trial -> {
            if (calls.incrementAndGet() == 7) {
                sweep.stop();
            }
            return learning(new ConcurrentLinkedQueue<>()).run(trial);
        });
        assertTrue(sweep.isStopped());
        assertEquals(7, calls.get());
        assertTrue(part.trials().stream().anyMatch(trial -> trial.state() == State.WAITING));
        SweepRecord whole = kept(folder).run(counting(calls));
        AtomicInteger uninterrupted = new AtomicInteger();
        SweepRecord expected = Sweep.over(SPACE)
                .trials(12)
                .repeats(2)
                .epochs(9)
                .halving(new Halving(3, 1, Halving.Span.FULL))
                .run(counting(uninterrupted));
        assertEquals(values(expected), values(whole));
        assertTrue(calls.get() <= uninterrupted.get() + 1, calls + " calls, " + uninterrupted + " in one go");
    }

    private static List<String> values(SweepRecord sweep) {
        return sweep.trials().stream()
                .map(trial -> trial.number() + " " + trial.state() + " " + trial.rung() + " " + trial.value())
                .toList();
    }

    @Test
    void tellsItsListenersOfAllThatHappens() throws Exception {
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        Sweep.over(SPACE)
                .sampler(Sampler.GRID)
                .trials(2)
                .epochs(2)
                .listener(new SweepListener() {
                    @Override
                    public void begin(SweepRecord sweep) {
                        heard.add("sweep of " + sweep.trials().size());
                    }

                    @Override
                    public void begin(Job job) {
                        heard.add("job " + job.trial());
                    }

                    @Override
                    public void epoch(Job job, Epoch epoch) {
                        heard.add("epoch " + epoch.epoch());
                    }

                    @Override
                    public void end(Job job, Outcome outcome) {
                        heard.add("end " + outcome.end());
                    }
                })
                .run(learning(new ConcurrentLinkedQueue<>()));
        assertEquals(
                List.of(
                        "sweep of 2",
                        "job 0",
                        "epoch 1",
                        "epoch 2",
                        "end DONE",
                        "job 1",
                        "epoch 1",
                        "epoch 2",
                        "end DONE"),
                heard);
    }

    @Test
    void aTrialKnowsItsSettingsAndParameters() throws Exception {
        Sweep.over(Space.of().and("schedule", "StepLR(step_size={5,10})").and("batch-size", "32"))
                .sampler(Sampler.GRID)
                .trials(1)
                .run(trial -> {
                    assertEquals("StepLR(step_size=5)", trial.text("schedule"));
                    assertEquals(5, trial.integer("step_size"));
                    assertEquals(32, trial.real("batch-size"));
                    assertEquals(
                            "name must be a setting or a parameter of the trial, schedule, batch-size, step_size, but was lr",
                            assertThrows(IllegalArgumentException.class, () -> trial.text("lr"))
                                    .getMessage());
                    assertEquals(
                            "the sweep has no folder for this run: give it one with folder(Path)",
                            assertThrows(IllegalStateException.class, trial::folder)
                                    .getMessage());
                    return 1;
                });
    }

    @Test
    void allIsReadWhileItRuns(@TempDir Path folder) throws Exception {
        List<Integer> done = new ArrayList<>();
        Sweep.over(SPACE).trials(4).folder(folder).run(trial -> {
            done.add((int) SweepRecord.read(folder).trials().stream()
                    .filter(each -> each.state() == State.DONE)
                    .count());
            return bowl(trial);
        });
        assertEquals(List.of(0, 1, 2, 3), done);
    }

    @Test
    void aFileThatIsNoSweepsIsRefused(@TempDir Path folder) throws IOException {
        assertEquals(
                folder + " must be the folder of a sweep, but has no sweep.db",
                assertThrows(IOException.class, () -> SweepRecord.read(folder)).getMessage());
        Files.writeString(
                folder.resolve("sweep.db"), "This is not a database, and longer than a hundred bytes: ".repeat(9));
        String message = String.valueOf(
                assertThrows(IOException.class, () -> SweepRecord.read(folder)).getMessage());
        assertTrue(message.startsWith("cannot read " + folder.resolve("sweep.db")), message);
        assertEquals(1, new HashSet<>(message.lines().toList()).size());
    }
}
