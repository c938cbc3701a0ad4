package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A run that is begun with the package of a rule's authors goes on in Anneal to the weights that it would have had, and the other
 * way round where the environment variable {@code RULES_PYTHON} names a Python with these packages. Their side is
 * {@code parity/rule_states.py}.
 */
class RuleStatesTest {
    private static final double TOLERANCE = 1e-5; // of a value of 1 and more; float32 sums decide on step sizes
    private static final int BEFORE = 10;
    private static final int AFTER = 20;
    private static final Map<String, String> RULES = Map.of(
            "Lion", "Lion(lr=0.01)",
            "Lamb", "Lamb(lr=0.05)",
            "SGDScheduleFree", "SGDScheduleFree(lr=0.2, warmup_steps=5)",
            "AdamWScheduleFree", "AdamWScheduleFree(lr=0.05)",
            "Prodigy", "Prodigy(d0=0.001)",
            "DAdaptSGD", "DAdaptSGD(d0=0.001, momentum=0.9)",
            "DAdaptAdam", "DAdaptAdam(d0=0.001)");

    @TempDir
    Path folder;

    static Set<String> rules() {
        return RULES.keySet();
    }

    private static List<FloatArray> params() {
        return List.of(new FloatArray(new float[] {1, -2, 3, 4}, List.of(2L, 2L)), new FloatArray(0f, 0f, 0f));
    }

    private static Optimizer<FloatArray> optimizer(String name, List<FloatArray> params) {
        return FloatArrays.optimizer(UpdateRule.parse(Objects.requireNonNull(RULES.get(name))), params);
    }

    private static void train(Optimizer<FloatArray> optimizer, List<FloatArray> params, int first, int count) {
        optimizer.train();
        for (int t = first; t < first + count; t++) {
            for (int k = 0; k < params.size(); k++) {
                float[] values = params.get(k).values();
                float[] grad = new float[values.length];
                for (int i = 0; i < grad.length; i++) {
                    grad[i] = values[i] * 0.5f + (t + 1 + k) / 7f;
                }
                params.get(k).setGrad(grad);
            }
            optimizer.step();
        }
        optimizer.eval();
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(RuleStatesTest.class.getResourceAsStream("/golden/rules/" + name), name);
    }

    private static void compare(JsonNode expected, List<FloatArray> params, String name) {
        assertEquals(expected.size(), params.size());
        for (int k = 0; k < params.size(); k++) {
            for (int i = 0; i < expected.get(k).size(); i++) {
                double value = expected.get(k).get(i).asDouble();
                assertEquals(value, params.get(k).values()[i], TOLERANCE * Math.max(1, Math.abs(value)), name);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    @SuppressWarnings("unchecked") // the parts of the file are dicts
    void goesOnFromTheFileOfTheAuthorsPackage(String name) throws IOException {
        Path file = folder.resolve("theirs.pt");
        try (InputStream golden = resource(name + ".pt")) {
            Files.copy(golden, file);
        }
        List<FloatArray> params = params();
        try (Optimizer<FloatArray> optimizer = optimizer(name, params);
                TorchFile opened = TorchFile.open(file);
                InputStream weights = resource(name + ".json")) {
            Map<String, Map<String, Object>> root = (Map<String, Map<String, Object>>) opened.root();
            Map<String, Object> model = Objects.requireNonNull(root.get("model"));
            for (int k = 0; k < params.size(); k++) {
                float[] values = ((TensorData) Objects.requireNonNull(model.get(Integer.toString(k)))).toFloats();
                System.arraycopy(values, 0, params.get(k).values(), 0, values.length);
            }
            Map<String, Object> state = Objects.requireNonNull(root.get("optimizer"));
            Map<?, ?> group = (Map<?, ?>) ((List<?>) Objects.requireNonNull(state.get("param_groups"))).get(0);
            assertEquals(
                    name,
                    UpdateRule.ofGroup(group).map(rule -> rule.kind().name()).orElse(""),
                    "the rule is told by its options");
            optimizer.loadStateDict(state);
            train(optimizer, params, BEFORE, AFTER);
            compare(new ObjectMapper().readTree(weights), params, name);
        }
    }

    @Test
    void theAuthorsPackagesGoOnFromOurFiles() throws IOException, InterruptedException {
        Optional<String> python = Optional.ofNullable(System.getenv("RULES_PYTHON"));
        assumeTrue(python.isPresent(), "the environment variable RULES_PYTHON names no Python with the packages");
        Map<String, List<FloatArray>> ours = new LinkedHashMap<>();
        for (String name : RULES.keySet()) {
            List<FloatArray> params = params();
            try (Optimizer<FloatArray> optimizer = optimizer(name, params)) {
                train(optimizer, params, 0, BEFORE);
                Map<String, Object> model = new LinkedHashMap<>();
                for (FloatArray param : params) {
                    model.put(Integer.toString(model.size()), TensorData.of(param.values(), param.shape()));
                }
                TorchFile.write(
                        folder.resolve(name + ".pt"), Map.of("model", model, "optimizer", optimizer.stateDict()));
                train(optimizer, params, BEFORE, AFTER);
            }
            ours.put(name, params);
        }
        Process process = new ProcessBuilder(python.orElseThrow(), "rule_states.py", "resume", folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertEquals(0, process.waitFor());
        assertEquals(RULES.size(), lines.size());
        for (String line : lines) {
            String name = line.substring(0, line.indexOf(' '));
            compare(
                    new ObjectMapper().readTree(line.substring(line.indexOf(' '))),
                    Objects.requireNonNull(ours.get(name)),
                    name);
        }
    }
}
