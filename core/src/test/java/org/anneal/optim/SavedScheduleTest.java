package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.PythonReference;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.schedule.Examples;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which schedule a state of PyTorch's is of. That of all kinds as PyTorch writes them is tested in parity. */
class SavedScheduleTest {
    private static final Map<String, Object> COMMON =
            Map.of("base_lrs", List.of(0.1), "last_epoch", 4L, "_step_count", 5L, "_last_lr", List.of(0.1));

    static Stream<Class<?>> kinds() {
        return Policy.kinds().stream().map(Kind::type);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyKindHasATableOfItsOwn(Class<?> kind) {
        Policy example = Examples.policies()
                .filter(kind::isInstance)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no example of " + kind));
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(
                List.of(new ParamGroup<>("all", new SGD(0.1).withMomentum(0.9), List.of(new FloatArray(0f)))));
        Map<String, Object> state = new LRScheduler(optimizer, example).stateDict();
        SavedSchedule saved = SavedSchedule.of(state, List.of(group(optimizer)));
        if (example.toString().contains("lambda")) {
            assertEquals("LambdaLR(lr_lambda=LAMBDA)", saved.text());
            assertFalse(saved.policy().isPresent());
        } else {
            assertEquals(example.toString(), saved.text());
            assertEquals(Optional.of(example), saved.policy());
        }
        assertTrue(SavedSchedule.looksLike(state));
        assertEquals(Optional.of(0L), SavedSchedule.steps(state));
    }

    private static Map<?, ?> group(Optimizer<FloatArray> optimizer) {
        return (Map<?, ?>)
                ((List<?>) Objects.requireNonNull(optimizer.stateDict().get("param_groups"))).get(0);
    }

    private static Map<String, Object> state(Object... entries) {
        Map<String, Object> state = new LinkedHashMap<>(COMMON);
        for (int i = 0; i < entries.length; i += 2) {
            state.put((String) entries[i], entries[i + 1]);
        }
        return state;
    }

    private static String text(Map<String, Object> state) {
        return SavedSchedule.of(state, List.of(Map.of("lr", 0.1, "swa_lr", 0.05)))
                .toString();
    }

    private static String refusal(Map<String, Object> state) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> text(state)).getMessage());
    }

    @Test
    void readsWhatOlderVersionsSave() throws IOException {
        assertEquals(
                "StepLR(step_size=3, gamma=0.5)",
                text(new LinkedHashMap<>(
                        Map.of("step_size", 3L, "gamma", 0.5, "base_lrs", List.of(0.1), "last_epoch", 4L))));
        assertEquals(
                "MultiStepLR(milestones=[3, 8], gamma=0.5)",
                text(state("milestones", List.of(3L, 8L), "gamma", 0.5, "verbose", false)));
        assertEquals(
                "SWALR(swa_lr=0.05, anneal_strategy='linear')",
                text(state(
                        "anneal_epochs",
                        10L,
                        "anneal_func",
                        new PythonReference("torch.optim.swa_utils.SWALR._linear_anneal"))));
        Path golden = Path.of("src/test/resources/golden/checkpoints/OneCycleLR-torch1.pt");
        try (TorchFile file = TorchFile.open(golden)) {
            Map<String, Object> group = Map.of(
                    "initial_lr", 0.02, "max_lr", 0.5, "min_lr", 2e-6, "max_momentum", 0.95, "base_momentum", 0.85);
            assertEquals(
                    "OneCycleLR(max_lr=0.5, total_steps=20)",
                    SavedSchedule.of((Map<?, ?>) file.root(), List.of(group)).text());
        }
    }

    @Test
    void saysWhatStandsForWhatWasNotSaved() throws IOException {
        Path golden = Path.of("src/test/resources/golden/checkpoints/OneCycleLR.pt");
        try (TorchFile file = TorchFile.open(golden)) {
            SavedSchedule saved = SavedSchedule.of((Map<?, ?>) file.root(), List.of());
            assertEquals(
                    "OneCycleLR(max_lr=MAX_LR, total_steps=20, pct_start=0.3, anneal_strategy='cos', cycle_momentum=True,"
                            + " three_phase=False)",
                    saved.text());
            assertEquals(
                    Policy.parse("OneCycleLR(max_lr=7, total_steps=20)"),
                    Policy.parse(saved.text().replace("MAX_LR", "7")));
        }
        for (Object function : List.of(Optional.empty(), Map.of(), Map.of("warmup", 5L))) { // function, partial, object
            assertEquals(
                    "LambdaLR(lr_lambda=LAMBDA), where LAMBDA is the function, which PyTorch does not save (nor"
                            + " whether this was a MultiplicativeLR)",
                    text(state("lr_lambdas", List.of(function))));
        }
        assertEquals(
                "SequentialLR([LambdaLR(lr_lambda=LAMBDA), StepLR(step_size=3, gamma=0.5)], milestones=[5])",
                SavedSchedule.of(
                                state(
                                        "_milestones",
                                        List.of(5L),
                                        "_schedulers",
                                        List.of(
                                                state("lr_lambdas", List.of(Map.of())),
                                                state("step_size", 3L, "gamma", 0.5))),
                                List.of())
                        .text());
    }

    @Test
    void knowsAPlateauOfBeforePyTorch22() {
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("last_epoch", 4L);
        state.put("num_bad_epochs", 1L);
        assertTrue(SavedSchedule.looksLike(state));
        assertFalse(SavedSchedule.looksLike(Map.of("last_epoch", 4L)));
    }

    @Test
    void takesNumbersThatAreTensors() {
        assertEquals(
                "StepLR(step_size=3, gamma=0.5)",
                text(state(
                        "step_size",
                        3L,
                        "gamma",
                        TensorData.scalar(0.5),
                        "_last_lr",
                        List.of(TensorData.scalar(0.5)))));
    }

    @Test
    void isNotTakenInByASchedulerThatPyTorchDoesNotHave() {
        assertEquals(
                "it has 'milestones', 'gamma', 'warmup_factor', as none of PyTorch's schedulers has",
                refusal(state("milestones", Map.of(3L, 1L), "gamma", 0.1, "warmup_factor", 0.3)));
        assertEquals(
                "it has 'warmup_epochs', 'max_epochs', as none of PyTorch's schedulers has",
                refusal(state("warmup_epochs", 3L, "max_epochs", 9L)));
        assertFalse(SavedSchedule.looksLike(Map.of("state", Map.of(), "param_groups", List.of())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | step_size must be at least 1, but was 0",
                "-3 | step_size must be at least 1, but was -3",
                "x | step_size must be a number, but was 'x'"
            })
    void refusesAnArgumentOutOfItsRange(String size, String message) {
        Object given = size.equals("x") ? size : Long.valueOf(size);
        String refusal = refusal(state("step_size", given, "gamma", 0.1));
        assertTrue(refusal.contains("step_size"), refusal);
        assertFalse(refusal.startsWith("column"), message);
    }

    @Test
    void countsNoMilestoneWithoutEnd() {
        assertEquals(
                "milestones must be a Counter of at most 100000 milestones, but was {3: 1099511627776}",
                refusal(state("milestones", Map.of(3L, 1L << 40), "gamma", 0.1)));
    }
}
