package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SchedulerStateTest {
    private static final ReduceLROnPlateau PLATEAU = new ReduceLROnPlateau().withPatience(0);

    @TempDir
    Path folder;

    /** What runs two groups, and a third one that joins with a schedule of its own if {@code late} is there. */
    private record Program(List<? extends Policy> policies, Optional<Schedule> late) {
        private static ParamGroup<FloatArray> group(String name, double lr) {
            return new ParamGroup<>(name, new SGD(lr).withMomentum(0.9), List.of(new FloatArray(1f)));
        }

        Optimizer<FloatArray> optimizer() {
            return FloatArrays.optimizer(List.of(group("a", 0.1), group("b", 0.4)));
        }

        @SuppressWarnings("unchecked") // one policy, or schedules
        LRScheduler build(Optimizer<FloatArray> optimizer) {
            LRScheduler scheduler = policies.size() == 1
                    ? new LRScheduler(optimizer, policies.get(0))
                    : new LRScheduler(optimizer, (List<Schedule>) policies);
            late.ifPresent(schedule -> {
                ParamGroup<FloatArray> group = group("late", 0.2);
                optimizer.addParamGroup(group);
                scheduler.join(group, schedule);
            });
            return scheduler;
        }
    }

    static Stream<Program> programs() {
        return Stream.of(
                new Program(List.of(new CosineAnnealingLR(10)), Optional.empty()),
                new Program(List.of(PLATEAU), Optional.empty()),
                new Program(List.of(new StepLR(3).times(PLATEAU)), Optional.empty()),
                new Program(List.of(new LinearLR(0.1, 2).then(2, PLATEAU)), Optional.empty()),
                new Program(List.of(new OneCycleLR(0.5, 20), new StepLR(2, 0.3)), Optional.empty()),
                new Program(List.of(new CosineAnnealingLR(10)), Optional.of(new ExponentialLR(0.7))),
                new Program(List.of(new StepLR(3).times(PLATEAU)), Optional.of(new ExponentialLR(0.7))));
    }

    private static List<Double> step(Optimizer<FloatArray> optimizer, LRScheduler scheduler, double metric) {
        optimizer.step();
        if (scheduler.takesMetric()) {
            scheduler.step(metric);
        }
        if (scheduler.takesStep()) {
            scheduler.step();
        }
        List<Double> values = new ArrayList<>(scheduler.lastLr());
        optimizer.groups().forEach(group -> values.add(group.momentum()));
        return values;
    }

    @ParameterizedTest
    @MethodSource("programs")
    void goesThroughATorchFileAsItStands(Program program) throws IOException {
        Optimizer<FloatArray> optimizer = program.optimizer();
        LRScheduler scheduler = program.build(optimizer);
        for (int i = 0; i < 4; i++) {
            step(optimizer, scheduler, i);
        }
        optimizer.groups().get(0).setLr(0.05);
        Path file = folder.resolve("scheduler.pt");
        TorchFile.write(file, scheduler.state().toMap());
        Optimizer<FloatArray> other = program.optimizer();
        LRScheduler resumed = program.build(other);
        try (TorchFile saved = TorchFile.open(file)) {
            resumed.restore(SchedulerState.of(saved.dict()));
        }
        assertEquals(scheduler.state(), resumed.state());
        for (int i = 4; i < 9; i++) {
            assertEquals(step(optimizer, scheduler, i), step(other, resumed, i));
        }
    }

    /** The layout that a run's checkpoints had before this class: it is still theirs. */
    @Test
    void hasPlainEntries() {
        LRScheduler scheduler = new LRScheduler(
                FloatArrays.optimizer(new SGD(0.5), List.of(new FloatArray(1f))), new StepLR(3).times(PLATEAU));
        scheduler.step(2);
        assertEquals(
                "{version=1, last_epoch=0, policies=[ChainedScheduler([StepLR(step_size=3, gamma=0.1),"
                        + " ReduceLROnPlateau(patience=0)])], initial_lrs=[0.5], lrs=[0.5], momentums=[0.0],"
                        + " unscaled=[0.5], factors=[1.0], plateau={best=2.0, num_bad_epochs=0, cooldown_counter=0}}",
                scheduler.state().toMap().toString());
        assertEquals(1L, scheduler.state().toMap().get("version"));
        LRScheduler plain =
                new LRScheduler(FloatArrays.optimizer(new SGD(0.5), List.of(new FloatArray(1f))), new StepLR(3));
        assertEquals(Optional.empty(), plain.state().toMap().get("plateau"));
        assertEquals(plain.state(), SchedulerState.of(plain.state().toMap()));
    }

    @Test
    void refusesEntriesThatAreMissingOrOfAnotherType() {
        assertRefused("last_epoch must be a whole number, but was missing", "last_epoch", Optional.empty());
        assertRefused("last_epoch must be a whole number from 0 to 2^53, but was -1.0", "last_epoch", -1L);
        assertRefused("last_epoch must be a whole number from 0 to 2^53, but was 1.5", "last_epoch", 1.5);
        assertRefused("version must be a whole number, but was 'one'", "version", "one");
        assertRefused("policies[0] must be a string, but was 3", "policies", List.of(3L));
        assertRefused("lrs[0] must be a number, but was 'fast'", "lrs", List.of("fast"));
        assertRefused("lrs must be a list of numbers, but was 0.1", "lrs", 0.1);
        assertRefused("lrs[0] must be finite, but was NaN", "lrs", List.of(Double.NaN));
        assertRefused("plateau must be a dict, but was 3", "plateau", 3L);
        assertRefused("plateau.best must be a number, but was missing", "plateau", Map.of("num_bad_epochs", 1L));
    }

    private static void assertRefused(String expected, String key, Object value) {
        LRScheduler scheduler =
                new LRScheduler(FloatArrays.optimizer(new SGD(0.5), List.of(new FloatArray(1f))), new StepLR(3));
        Map<Object, Object> map = new LinkedHashMap<>(scheduler.state().toMap());
        map.put(key, value);
        assertEquals(
                expected,
                assertThrows(IllegalArgumentException.class, () -> SchedulerState.of(map))
                        .getMessage());
    }

    @Test
    void movesToTheScheduleAtAStep() {
        Optimizer<FloatArray> optimizer = new Program(List.of(), Optional.empty()).optimizer();
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5).times(PLATEAU.withFactor(0.25)));
        optimizer.step();
        scheduler.step(1);
        scheduler.step();
        scheduler.step(1); // fires
        optimizer.groups().get(1).setLr(7);
        scheduler.moveTo(3);
        assertEquals(3, scheduler.lastEpoch());
        assertEquals(List.of(0.0125 * 0.25, 0.05 * 0.25), scheduler.lastLr());
        scheduler.step();
        assertEquals(List.of(0.00625 * 0.25, 0.025 * 0.25), scheduler.lastLr());
        assertEquals(
                "step must be a whole number from 0 to 2^53, but was -1.0",
                assertThrows(IllegalArgumentException.class, () -> scheduler.moveTo(-1))
                        .getMessage());
    }

    @Test
    void takesOrKeepsItsScheduleAgainstAnotherOneOfPyTorchs() {
        Program program = new Program(List.of(), Optional.empty());
        Optimizer<FloatArray> optimizer = program.optimizer();
        LRScheduler theirs = new LRScheduler(optimizer, new OneCycleLR(0.5, 20));
        for (int i = 0; i < 3; i++) {
            step(optimizer, theirs, 0);
        }
        Map<String, Object> dict = theirs.stateDict();
        List<Map<?, ?>> groups = groups(optimizer.stateDict());

        Optimizer<FloatArray> other = program.optimizer();
        LRScheduler ours = new LRScheduler(other, new ExponentialLR(0.5));
        SchedulerState before = ours.state();
        for (OnChange refused : List.of(OnChange.REFUSE, OnChange.TAKE_CHECKPOINT)) { // max_lr is in the groups only
            assertThrows(IllegalArgumentException.class, () -> ours.loadStateDict(dict, refused));
            assertEquals(before, ours.state());
        }
        ours.loadStateDict(dict, OnChange.KEEP_CONFIG);
        assertEquals(List.of(0.0125, 0.05), ours.lastLr());
        ours.loadStateDict(dict, groups, OnChange.TAKE_CHECKPOINT);
        assertEquals(theirs.state().policies(), ours.state().policies());
        assertEquals(theirs.lastLr(), ours.lastLr());
        assertEquals(step(optimizer, theirs, 0), step(other, ours, 0));
    }

    @Test
    void takesAPlateauInPlaceOfAScheduleForEachGroup() {
        Program program = new Program(List.of(), Optional.empty());
        Optimizer<FloatArray> optimizer = program.optimizer();
        LRScheduler theirs = new LRScheduler(optimizer, PLATEAU.withFactor(0.5));
        for (int i = 0; i < 3; i++) {
            step(optimizer, theirs, 1);
        }
        assertEquals(List.of(0.025, 0.1), theirs.lastLr());
        Optimizer<FloatArray> other = program.optimizer();
        LRScheduler ours = new LRScheduler(other, List.of(new StepLR(1), new StepLR(2)));
        assertThrows(IllegalStateException.class, () -> ours.loadStateDict(theirs.stateDict()));
        ours.loadStateDict(theirs.stateDict(), OnChange.TAKE_CHECKPOINT);
        assertEquals(List.of(0.025, 0.1), ours.lastLr());
        assertEquals(step(optimizer, theirs, 1), step(other, ours, 1));
    }

    private static List<Map<?, ?>> groups(Map<String, Object> dict) {
        List<Map<?, ?>> groups = new ArrayList<>();
        ((List<?>) Objects.requireNonNull(dict.get("param_groups"))).forEach(each -> groups.add((Map<?, ?>) each));
        return groups;
    }
}
