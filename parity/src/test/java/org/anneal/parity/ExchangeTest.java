package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.ObjectMapper;

/**
 * A run that is begun in PyTorch goes on in Anneal with the losses that it would have had, and the other way round. PyTorch's
 * side is {@code parity/exchange.py}; two of its files are kept here, and where the environment variable {@code PYTHON} names a
 * Python with torch, all cases are run both ways.
 */
class ExchangeTest {
    private static final int BEFORE = 10;
    private static final int AFTER = 20;
    private static final int BATCH = 4;
    private static final int PIXELS = 3 * 32 * 32;
    private static final Map<String, String> OPTIMIZERS =
            Map.of("SGD", "SGD(lr=0.01, momentum=0.9)", "Adam", "Adam(lr=0.001)");
    private static final Map<String, String> SCHEDULES = Map.of(
            "StepLR",
            "StepLR(step_size=7, gamma=0.5)",
            "OneCycleLR",
            "OneCycleLR(max_lr=0.004, total_steps=40)",
            "SequentialLR",
            "SequentialLR([LinearLR(start_factor=0.1, total_iters=15), CosineAnnealingLR(T_max=20)], milestones=[15])");

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static List<String> cases() {
        return OPTIMIZERS.keySet().stream()
                .flatMap(rule -> SCHEDULES.keySet().stream().map(schedule -> rule + "-" + schedule))
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SGD-SequentialLR", "Adam-OneCycleLR"})
    void goesOnFromPyTorchsFileAsPyTorchDoes(String name) throws IOException {
        Path file = folder.resolve("golden.pt");
        try (InputStream golden = resource(name + ".pt")) {
            Files.copy(golden, file);
        }
        try (Run run = new Run(name)) {
            run.load(file);
            assertClose(losses(resource(name + ".json")), run.train(BEFORE, AFTER));
        }
    }

    @Test
    void goesOnFromEveryFileOfThisMachinesPyTorch() throws IOException, InterruptedException {
        python("write", folder.toString());
        for (String name : cases()) {
            try (Run run = new Run(name)) {
                run.load(folder.resolve(name + ".pt"));
                assertClose(losses(Files.newInputStream(folder.resolve(name + ".json"))), run.train(BEFORE, AFTER));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void thisMachinesPyTorchGoesOnFromOurFile(String name) throws IOException, InterruptedException {
        Path file = folder.resolve("ours.pt");
        List<Double> ours;
        try (Run run = new Run(name)) {
            run.train(0, BEFORE);
            run.save(file);
            ours = run.train(BEFORE, AFTER);
        }
        List<Double> theirs = python("resume", name, file.toString())
                .lines()
                .map(Double::valueOf)
                .toList();
        assertClose(theirs, ours);
    }

    private static void assertClose(List<Double> expected, List<Double> actual) {
        assertEquals(AFTER, expected.size());
        assertTrue(expected.get(0) > 0, "there is a loss");
        for (int step = 0; step < AFTER; step++) {
            assertEquals(expected.get(step), actual.get(step), 1e-4, "loss of step " + (BEFORE + step));
        }
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(ExchangeTest.class.getResourceAsStream("/golden/exchange/" + name), name);
    }

    private static List<Double> losses(InputStream json) throws IOException {
        try (json) {
            return new ObjectMapper()
                    .readTree(json)
                    .valueStream()
                    .map(loss -> loss.asDouble())
                    .toList();
        }
    }

    private static String python(String... arguments) throws IOException, InterruptedException {
        Optional<String> python = Optional.ofNullable(System.getenv("PYTHON"));
        assumeTrue(python.isPresent(), "the environment variable PYTHON names no Python with torch");
        List<String> command = new ArrayList<>(List.of(python.orElseThrow(), "exchange.py"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> String.join(" ", command));
        return out;
    }

    /** The tutorial network under one case's optimizer and schedule. */
    private static final class Run implements AutoCloseable {
        private final TutorialNet network;
        private final Optimizer<Tensor> optimizer;
        private final LRScheduler scheduler;

        Run(String name) {
            String[] part = name.split("-", 2);
            torch.manual_seed(1);
            network = new TutorialNet(3, 32);
            optimizer = Torch.optimizer(
                    UpdateRule.parse(Objects.requireNonNull(OPTIMIZERS.get(part[0]))),
                    Torch.parameters(network.module()));
            scheduler = new LRScheduler(optimizer, Policy.parse(Objects.requireNonNull(SCHEDULES.get(part[1]))));
        }

        List<Double> train(int first, int count) {
            List<Double> losses = new ArrayList<>();
            for (int step = first; step < first + count; step++) {
                try (PointerScope scope = new PointerScope()) {
                    optimizer.zeroGrad();
                    Tensor loss = torch.cross_entropy_loss(network.forward(images(step)), labels(step));
                    loss.backward();
                    optimizer.step();
                    losses.add(loss.item_double());
                }
                scheduler.step();
            }
            return losses;
        }

        private static Tensor images(int step) {
            float[] pixels = new float[BATCH * PIXELS];
            for (int s = 0; s < BATCH; s++) {
                for (int i = 0; i < PIXELS; i++) {
                    pixels[s * PIXELS + i] = ((i * (step % 3 + 2) * (s + 3) + s * 31) % 101 - 50) / 32f;
                }
            }
            return Tensor.create(pixels, BATCH, 3, 32, 32);
        }

        private static Tensor labels(int step) {
            long[] labels = new long[BATCH];
            for (int s = 0; s < BATCH; s++) {
                labels[s] = (s * 3L + step % 3 * 7L) % 10;
            }
            return Tensor.create(labels, BATCH);
        }

        void save(Path file) throws IOException {
            Map<String, Object> root = new LinkedHashMap<>();
            root.put("epoch", 1);
            root.put("model", Weights.stateDict(network.module()));
            root.put("optimizer", optimizer.stateDict());
            root.put("scheduler", scheduler.stateDict());
            TorchFile.write(file, root);
        }

        @SuppressWarnings("unchecked") // the parts of a checkpoint are dicts
        void load(Path file) throws IOException {
            try (TorchFile opened = TorchFile.open(file)) {
                Map<String, Map<String, Object>> root = (Map<String, Map<String, Object>>) opened.root();
                Weights.load(network.module(), Objects.requireNonNull(root.get("model")));
                optimizer.loadStateDict(Objects.requireNonNull(root.get("optimizer")));
                scheduler.loadStateDict(Objects.requireNonNull(root.get("scheduler")));
            }
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }
}
