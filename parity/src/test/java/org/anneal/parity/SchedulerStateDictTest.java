package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.ChainedScheduler;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.MultiplicativeLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;
import org.anneal.text.LrLambda;
import org.anneal.text.Python;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Exchanges the state of schedulers with PyTorch, in both directions; the layout of the file is in state_dicts.py. */
class SchedulerStateDictTest {
    private static final List<String> BIT_EQUAL = List.of(
            "StepLR",
            "MultiStepLR",
            "ConstantLR",
            "LinearLR",
            "ExponentialLR",
            "MultiplicativeLR",
            "ReduceLROnPlateau");

    static Stream<Named<JsonNode>> cases() {
        try (InputStream in =
                Objects.requireNonNull(SchedulerStateDictTest.class.getResourceAsStream("/golden/state_dicts.json"))) {
            return new ObjectMapper()
                    .readTree(in)
                    .get("cases")
                    .valueStream()
                    .map(golden -> Named.of(
                            golden.get("id").asString() + " "
                                    + golden.get("schedule").asString(),
                            golden));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** When the optimizer's state is loaded. */
    private enum Order {
        BEFORE_THE_SCHEDULER_IS_BUILT,
        BEFORE_THE_SCHEDULERS,
        AFTER_THE_SCHEDULERS
    }

    @ParameterizedTest
    @MethodSource("cases")
    void goesOnWherePyTorchStopped(JsonNode golden) {
        for (JsonNode state : golden.get("states")) {
            for (Order order : Order.values()) {
                boolean first = order == Order.BEFORE_THE_SCHEDULER_IS_BUILT;
                Run run = first ? new Run(golden, Optional.of(state)) : new Run(golden);
                if (order == Order.BEFORE_THE_SCHEDULERS) {
                    run.loadGroups(state);
                }
                run.scheduler.loadStateDict(dict(state.get("state_dict")));
                if (order == Order.AFTER_THE_SCHEDULERS) {
                    run.loadGroups(state);
                }
                run.follow(state);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void goesOnFromTheSchedulersStateAlone(JsonNode golden) {
        for (JsonNode state : golden.get("states")) {
            Run run = new Run(golden);
            run.scheduler.loadStateDict(dict(state.get("state_dict")));
            run.follow(state);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void writesWhatPyTorchWrites(JsonNode golden) {
        Run run = new Run(golden);
        for (JsonNode state : golden.get("states")) {
            run.stepTo(state.get("steps").asInt());
            same(dict(state.get("state_dict")), run.scheduler.stateDict(), "", run);
        }
    }

    /** Beside the optimizer's own options. */
    @ParameterizedTest
    @MethodSource("cases")
    void namesWhatPyTorchsSchedulersKeepInTheGroups(JsonNode golden) {
        Run run = new Run(golden);
        JsonNode packed = golden.get("states").get(0).get("param_groups");
        List<?> groups =
                (List<?>) Objects.requireNonNull(run.optimizer.stateDict().get("param_groups"));
        for (int i = 0; i < packed.size(); i++) {
            Map<String, Object> expected = dict(packed.get(i));
            Map<Object, Object> entries = new LinkedHashMap<>((Map<?, ?>) groups.get(i));
            for (Map<?, ?> both : List.of(expected, entries)) {
                both.keySet().removeAll(run.groups.get(i).rule().options().keySet());
                both.keySet()
                        .removeAll(List.of(
                                "foreach", "capturable", "differentiable", "fused", "params", "anneal_initial_lr"));
            }
            assertEquals(expected, entries);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void readsWhatItWrites(JsonNode golden) {
        for (JsonNode state : golden.get("states")) {
            Run first = new Run(golden);
            first.stepTo(state.get("steps").asInt());
            Run second = new Run(golden);
            second.scheduler.loadStateDict(first.scheduler.stateDict());
            assertEquals(first.scheduler.stateDict(), second.scheduler.stateDict());
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tellsTheScheduleFromPyTorchsState(JsonNode golden) {
        String schedule = golden.get("schedule").asString();
        for (JsonNode state : golden.get("states")) {
            if (schedule.contains("scale_fn=lambda x: 0.5 + 0.5 / x")
                    && state.get("steps").asInt() < 18) {
                continue; // PyTorch does not save the function, and in the first cycle the rates do not tell
            }
            SavedSchedule saved = SavedSchedule.of(dict(state.get("state_dict")), groups(state));
            assertEquals(schedule.contains("lambda"), !saved.gaps().isEmpty(), saved.toString());
            assertEquals(
                    withoutFunctions(Policy.parse(schedule)),
                    Policy.parse(saved.text().replace("LAMBDA", "lambda e: 0").replace("SCALE_FN", "lambda e: 0")));
            assertEquals(saved.gaps().isEmpty(), saved.policy().isPresent());
        }
    }

    private static List<Map<String, Object>> groups(JsonNode state) {
        return state.get("param_groups")
                .valueStream()
                .map(SchedulerStateDictTest::dict)
                .toList();
    }

    /** Of a function PyTorch saves nothing, nor which of two classes has it. Of milestones it saves no order. */
    private static Policy withoutFunctions(Policy policy) {
        if (policy instanceof LambdaLR || policy instanceof MultiplicativeLR) {
            return LambdaLR.of("lambda e: 0");
        } else if (policy instanceof CyclicLR s && s.scaleFn().isPresent()) {
            return s.withScaleFn(LrLambda.parse("lambda e: 0"), s.scaleMode());
        } else if (policy instanceof MultiStepLR s) {
            return new MultiStepLR(s.milestones().stream().sorted().toList(), s.gamma());
        } else if (policy instanceof SequentialLR s) {
            return new SequentialLR(withoutFunctions(s.schedules()), s.milestones());
        } else if (policy instanceof ChainedScheduler s) {
            return new ChainedScheduler(withoutFunctions(s.schedules()));
        }
        return policy;
    }

    private static List<Schedule> withoutFunctions(List<Schedule> schedules) {
        return schedules.stream().map(each -> (Schedule) withoutFunctions(each)).toList();
    }

    /** Key by key, ints as ints, in PyTorch's order, but for the two entries that stateDict() documents. */
    private static void same(Object expected, Object actual, String path, Run run) {
        if (path.matches("._schedulers.*_last_lr")) {
            assertEquals(run.scheduler.lastLr(), actual, path); // PyTorch: what each member left in force
        } else if (path.endsWith("milestones")) {
            assertEquals(expected, actual, path); // a map, in any order
        } else if (expected instanceof Map<?, ?> map && actual instanceof Map<?, ?> other) {
            assertEquals(List.copyOf(map.keySet()), List.copyOf(other.keySet()), path);
            map.forEach((key, value) -> same(value, Objects.requireNonNull(other.get(key)), path + "." + key, run));
        } else if (expected instanceof List<?> list && actual instanceof List<?> other) {
            assertEquals(list.size(), other.size(), path);
            IntStream.range(0, list.size()).forEach(i -> same(list.get(i), other.get(i), path + "." + i, run));
        } else if (expected instanceof Double number && actual instanceof Double other) {
            assertEquals(number, other, run.tolerance, path);
        } else {
            assertEquals(expected, actual, path);
        }
    }

    @Test
    void coversEveryClass() {
        String all =
                cases().map(golden -> golden.getPayload().get("id").asString()).collect(Collectors.joining(" "));
        Policy.kinds().stream()
                .filter(kind -> kind.module().isPresent())
                .forEach(kind -> assertTrue(all.contains(kind.name() + "-"), kind.name()));
    }

    /** None for a plain function, what a functools.partial and a callable object have in them otherwise. */
    @Test
    void passesOverWhatAFunctionHasInIt() {
        for (String policy :
                List.of("LambdaLR(lr_lambda=lambda e: 0.5 ** e)", "MultiplicativeLR(lr_lambda=lambda e: 0.5)")) {
            for (Object function : List.of(Optional.empty(), Map.of(), Map.of("warmup", 5L))) {
                LRScheduler scheduler = scheduler(policy);
                Map<String, Object> dict = scheduler.stateDict();
                dict.put("last_epoch", 3L);
                dict.put("_last_lr", List.of(0.0125));
                dict.put("lr_lambdas", List.of(function));
                scheduler.loadStateDict(dict);
                assertEquals(List.of(0.0125), scheduler.lastLr());
                scheduler.step();
                assertEquals(List.of(0.00625), scheduler.lastLr());
            }
            refuses(
                    policy,
                    "lr_lambdas",
                    List.of(0.5),
                    "lr_lambdas must be [None], as in this runner's " + Policy.parse(policy)
                            + ", but was [0.5] in the state dict");
        }
    }

    @Test
    void readsAPlateauOfBeforePyTorch22() {
        Optimizer<FloatArray> optimizer = optimizer();
        LRScheduler scheduler = new LRScheduler(optimizer, Policy.parse("ReduceLROnPlateau(factor=0.5, patience=1)"));
        Map<String, Object> dict = scheduler.stateDict();
        dict.remove("_last_lr");
        dict.put("verbose", false);
        dict.put("num_bad_epochs", 1L);
        dict.put("best", 0.25);
        dict.put("last_epoch", 2L);
        optimizer.groups().get(0).setLr(0.08); // as the optimizer's state has it
        scheduler.loadStateDict(dict);
        assertEquals(List.of(0.08), scheduler.lastLr());
        scheduler.step(0.5);
        assertEquals(List.of(0.04), scheduler.lastLr());
    }

    @Test
    void readsAStateOfBeforePyTorch14() {
        Optimizer<FloatArray> optimizer = optimizer();
        LRScheduler scheduler =
                new LRScheduler(optimizer, Policy.parse("MultiStepLR(milestones=[2, 6, 6], gamma=0.5)"));
        Map<String, Object> dict = scheduler.stateDict();
        dict.remove("_last_lr");
        dict.put("milestones", List.of(2L, 6L, 6L));
        dict.put("last_epoch", 5L);
        scheduler.loadStateDict(dict);
        assertEquals(List.of(0.05), scheduler.lastLr());
        optimizer.groups().get(0).setLr(0.03); // as the optimizer's state has it
        scheduler.loadStateDict(dict);
        assertEquals(List.of(0.03), scheduler.lastLr());
        scheduler.step();
        assertEquals(List.of(0.0075), scheduler.lastLr());
        refuses(
                "MultiStepLR(milestones=[3, 3], gamma=0.5)",
                "milestones",
                List.of(3L),
                "milestones must be Counter({3: 2}), as in this runner's MultiStepLR(milestones=[3, 3], gamma=0.5), but was"
                        + " [3] in the state dict");
    }

    @Test
    void refusesAnotherSchedulesArguments() {
        refuses(
                "StepLR(step_size=30)",
                "gamma",
                0.5,
                "gamma must be 0.1, as in this runner's StepLR(step_size=30, gamma=0.1), but was 0.5 in the state dict");
        refuses(
                "MultiStepLR(milestones=[3, 3])",
                "milestones",
                Map.of(3L, 1L),
                "milestones must be Counter({3: 2}), as in this runner's MultiStepLR(milestones=[3, 3], gamma=0.1), but was {3: 1}"
                        + " in the state dict");
        refuses(
                "ReduceLROnPlateau()",
                "mode",
                "max",
                "mode must be 'min', as in this runner's ReduceLROnPlateau(), but was 'max' in the state dict");
        refuses(
                "OneCycleLR(max_lr=1.0, total_steps=9)",
                "base_lrs",
                List.of(0.1),
                "base_lrs must be [0.04], as in this runner's OneCycleLR(max_lr=1.0, total_steps=9), but was [0.1] in the"
                        + " state dict");
        refuses(
                "SWALR(swa_lr=0.1)",
                "_step_count",
                7L,
                "_step_count must be 1, as in this runner's SWALR(swa_lr=0.1), but was 7 in the state dict");
    }

    @Test
    void refusesAnotherSchedulesArgumentsInAMember() {
        LRScheduler scheduler = scheduler("ChainedScheduler([ExponentialLR(gamma=0.9), StepLR(step_size=2)])");
        Map<String, Object> dict = scheduler("ChainedScheduler([ExponentialLR(gamma=0.9), StepLR(step_size=3)])")
                .stateDict();
        assertEquals(
                "_schedulers[1].step_size must be 2, as in this runner's ChainedScheduler([ExponentialLR(gamma=0.9),"
                        + " StepLR(step_size=2, gamma=0.1)]), but was 3 in the state dict",
                message(scheduler, dict));
    }

    @Test
    void refusesWhatIsMissingOrOfAnotherType() {
        Map<String, Object> dict = scheduler("ExponentialLR(gamma=0.9)").stateDict();
        assertEquals(
                "the state dict must have step_size, but has only " + dict.keySet(),
                message(scheduler("StepLR(step_size=30)"), dict));
        refuses("ExponentialLR(gamma=0.9)", "last_epoch", "3", "last_epoch must be a number, but was '3'");
        refuses(
                "ExponentialLR(gamma=0.9)",
                "last_epoch",
                2.5,
                "last_epoch must be a whole number from 0 to 2^53, but was 2.5");
        refuses(
                "ExponentialLR(gamma=0.9)",
                "_last_lr",
                List.of(0.1, 0.2),
                "_last_lr must be a list of 1 numbers, one per group, but was [0.1, 0.2]");
        refuses(
                "ChainedScheduler([ExponentialLR(gamma=0.9)])",
                "_schedulers",
                List.of(),
                "_schedulers must be a list of 1 dicts, one per scheduler, but was []");
    }

    @Test
    void changesNothingWhereItRefuses() {
        LRScheduler scheduler = scheduler("StepLR(step_size=30)");
        Map<String, Object> dict = scheduler.stateDict();
        dict.put("last_epoch", 5L);
        dict.remove("base_lrs");
        message(scheduler, dict);
        assertEquals(0, scheduler.lastEpoch());
    }

    @Test
    void passesOverUnknownEntries() {
        LRScheduler scheduler = scheduler("StepLR(step_size=30)");
        Map<String, Object> dict = scheduler.stateDict();
        dict.put("verbose", false);
        dict.put("last_epoch", 5); // an int of any width
        scheduler.loadStateDict(dict);
        assertEquals(5, scheduler.lastEpoch());
    }

    @Test
    void keepsARateThatWasEditedAfterThePyTorchStep() {
        Run run = new Run(cases().findFirst().orElseThrow().getPayload());
        Map<String, Object> dict = run.scheduler.stateDict();
        dict.put("_last_lr", List.of(0.05));
        run.groups.get(0).setLr(0.02); // as the optimizer's state has it
        run.scheduler.loadStateDict(dict);
        assertEquals(0.02, run.groups.get(0).lr());
    }

    @Test
    void keepsTheMomentumOfAPieceThatIsOver() {
        String sequence = "SequentialLR([OneCycleLR(max_lr=1.0, total_steps=20), ConstantLR()], milestones=[4])";
        Optimizer<FloatArray> optimizer = optimizer();
        LRScheduler first = new LRScheduler(optimizer, Policy.parse(sequence));
        IntStream.range(0, 9).forEach(step -> first.step());
        double momentum = optimizer.groups().get(0).momentum();
        Map<String, Object> dict = first.stateDict();
        new LRScheduler(optimizer, Policy.parse(sequence)).loadStateDict(dict); // building set the momentum of step 0
        assertEquals(momentum, optimizer.groups().get(0).momentum());
    }

    @Test
    void refusesMembersOfDifferentBases() { // as PyTorch has them after a OneCycleLR
        LRScheduler scheduler = scheduler("ChainedScheduler([ExponentialLR(gamma=0.9), StepLR(step_size=2)])");
        Map<String, Object> dict = scheduler.stateDict();
        List<Object> schedulers = new ArrayList<>((List<?>) Objects.requireNonNull(dict.get("_schedulers")));
        Map<Object, Object> second = new LinkedHashMap<>((Map<?, ?>) schedulers.get(1));
        second.put("base_lrs", List.of(0.04));
        schedulers.set(1, second);
        dict.put("_schedulers", schedulers);
        assertEquals(
                "_schedulers[1].base_lrs must be [0.1], as in the members before (a group has one base), but was"
                        + " [0.04]",
                message(scheduler, dict));
    }

    @Test
    void refusesWhatPyTorchDoesNotHave() {
        LRScheduler scheduler = scheduler("ChainedScheduler([ExponentialLR(gamma=0.9), ReduceLROnPlateau()])");
        assertEquals(
                "PyTorch cannot combine a plateau with a schedule, so there is no state_dict of ChainedScheduler([ExponentialLR(gamma=0.9),"
                        + " ReduceLROnPlateau()]): use state() and restore(state)",
                assertThrows(IllegalStateException.class, scheduler::stateDict).getMessage());
        LRScheduler each = new LRScheduler(optimizer(), List.of(Schedule.parse("ExponentialLR(gamma=0.9)")));
        assertEquals(
                "PyTorch has no schedule per group, so there is no state_dict of ExponentialLR(gamma=0.9): use state() and"
                        + " restore(state)",
                assertThrows(IllegalStateException.class, () -> each.loadStateDict(Map.of()))
                        .getMessage());
    }

    private static void refuses(String policy, String key, Object value, String message) {
        LRScheduler scheduler = scheduler(policy);
        Map<String, Object> dict = scheduler.stateDict();
        dict.put(key, value);
        assertEquals(message, message(scheduler, dict));
    }

    private static String message(LRScheduler scheduler, Map<String, Object> dict) {
        return Objects.requireNonNull(assertThrows(IllegalArgumentException.class, () -> scheduler.loadStateDict(dict))
                .getMessage());
    }

    private static LRScheduler scheduler(String policy) {
        return new LRScheduler(optimizer(), Policy.parse(policy));
    }

    private static Optimizer<FloatArray> optimizer() {
        return FloatArrays.optimizer(
                List.of(new ParamGroup<>("all", new SGD(0.1).withMomentum(0.9), List.of(new FloatArray(0f)))));
    }

    /** A run of a case's schedule, with its edits and metrics. */
    private static final class Run {
        final JsonNode golden;
        final List<ParamGroup<FloatArray>> groups;
        final Optimizer<FloatArray> optimizer;
        final LRScheduler scheduler;
        final double tolerance;
        private int steps;

        Run(JsonNode golden) {
            this(golden, Optional.empty());
        }

        /** Builds the scheduler on an optimizer that was restored from {@code state}. */
        Run(JsonNode golden, Optional<JsonNode> restored) {
            this.golden = golden;
            double momentum = golden.get("momentum").asDouble();
            UpdateRule rule = golden.get("optimizer").asString().equals("Adam")
                    ? new Adam(0).withBetas(momentum, 0.999)
                    : new SGD(0).withMomentum(momentum);
            JsonNode lr = golden.get("lr");
            groups = IntStream.range(0, lr.size())
                    .mapToObj(i ->
                            new ParamGroup<>("g" + i, rule.withLr(lr.get(i).asDouble()), List.of(new FloatArray(0f))))
                    .toList();
            optimizer = FloatArrays.optimizer(groups);
            restored.ifPresent(state -> optimizer.loadStateDict(packed(state, groups.size())));
            scheduler = new LRScheduler(
                    optimizer, Policy.parse(golden.get("schedule").asString()));
            String kind = golden.get("id").asString().replaceAll("-.*", "");
            double scale = golden.findParents("next").stream()
                    .flatMap(state -> state.get("next").valueStream())
                    .flatMap(JsonNode::valueStream)
                    .mapToDouble(JsonNode::asDouble)
                    .max()
                    .orElseThrow();
            tolerance = BIT_EQUAL.contains(kind) ? 0 : 1e-12 * scale;
        }

        /** Loads the optimizer's state as PyTorch saved it. */
        void loadGroups(JsonNode state) {
            optimizer.loadStateDict(packed(state, groups.size()));
        }

        private static Map<String, Object> packed(JsonNode state, int groups) {
            List<Object> packed = new ArrayList<>();
            for (int i = 0; i < groups; i++) {
                Map<String, Object> options = dict(state.get("param_groups").get(i));
                options.put("params", List.of(i));
                packed.add(options);
            }
            return Map.of("state", Map.of(), "param_groups", packed);
        }

        void stepTo(int end) {
            while (steps < end) {
                for (JsonNode edit : golden.get("edits")) {
                    for (int i = 0; edit.get(0).asInt() == steps && i < groups.size(); i++) {
                        if (edit.get(1).isString() || edit.get(1).asInt() == i) {
                            groups.get(i).setLr(edit.get(2).asDouble());
                        }
                    }
                }
                optimizer.step();
                if (scheduler.takesMetric()) {
                    scheduler.step((double) value(golden.get("metrics").get(steps)));
                } else {
                    scheduler.step();
                }
                steps++;
            }
        }

        /** Compares the steps that follow {@code state} with PyTorch's. */
        void follow(JsonNode state) {
            steps = state.get("steps").asInt();
            int first = steps + 1;
            for (int row = 0; row < state.get("next").size(); row++) {
                stepTo(first + row);
                String at = "step " + steps + " from " + state.get("steps");
                for (int i = 0; i < groups.size(); i++) {
                    double expected = state.get("next").get(row).get(i).asDouble();
                    assertEquals(expected, groups.get(i).lr(), tolerance, at + ", group " + i);
                }
                double momentum = state.get("next_momentum").get(row).asDouble();
                assertEquals(momentum, groups.get(0).momentum(), 1e-12, at);
            }
        }
    }

    private static Map<String, Object> dict(JsonNode node) {
        Map<String, Object> dict = new LinkedHashMap<>();
        node.propertyStream().forEach(entry -> dict.put(entry.getKey(), value(entry.getValue())));
        return dict;
    }

    private static Object value(JsonNode node) {
        if (node.isNull()) {
            return Optional.empty();
        } else if (node.isBoolean()) {
            return node.asBoolean();
        } else if (node.isString()) {
            return node.asString();
        } else if (node.isIntegralNumber()) {
            return node.asLong();
        } else if (node.isNumber()) {
            return node.asDouble();
        } else if (node.isArray()) {
            return node.valueStream().map(SchedulerStateDictTest::value).toList();
        } else if (node.has("__tuple__")) {
            return new Python.Tuple((List<?>) value(node.get("__tuple__")));
        } else if (node.has("__counter__")) {
            Map<Object, Object> counter = new LinkedHashMap<>();
            node.get("__counter__").forEach(entry -> counter.put(value(entry.get(0)), value(entry.get(1))));
            return counter;
        } else if (node.has("__float__")) {
            return Double.valueOf(node.get("__float__").asString());
        }
        return dict(node);
    }
}
