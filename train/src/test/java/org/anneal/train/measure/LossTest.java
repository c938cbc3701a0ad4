package org.anneal.train.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.anneal.text.PythonSyntaxException;
import org.anneal.torch.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses against PyTorch's: parity/losses.py. */
class LossTest {
    private static final double FLOAT = 1e-6; // relative, and absolute below 1: a few units of float32's last place

    @BeforeAll
    static void load() {
        Torch.load();
    }

    static List<Measured> losses() {
        return Measured.read("losses.csv");
    }

    @ParameterizedTest
    @MethodSource("losses")
    void hasPyTorchsValueAndGradient(Measured golden) {
        try (PointerScope scope = new PointerScope()) {
            Tensor outputs = golden.outputs().set_requires_grad(true);
            Tensor loss = Loss.parse(golden.name()).of(outputs, golden.targets());
            loss.backward();
            assertEquals(0, loss.dim());
            assertClose(golden.value(), loss.item_double(), "loss");
            double[] gradient = Measured.values(outputs.grad());
            List<Double> expected = golden.gradient();
            assertEquals(expected.size(), gradient.length);
            for (int i = 0; i < gradient.length; i++) {
                assertClose(expected.get(i), gradient[i], "gradient " + i);
            }
        }
    }

    private static void assertClose(double expected, double seen, String what) {
        assertEquals(expected, seen, FLOAT * Math.max(1, Math.abs(expected)), what);
    }

    @Test
    void theGoldensHaveEveryLoss() {
        Set<String> measured = losses().stream()
                .map(golden -> golden.name().replaceFirst("\\(.*", ""))
                .collect(Collectors.toSet());
        assertEquals(Set.copyOf(Loss.names()), measured);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "nn.CrossEntropyLoss() | CrossEntropyLoss()",
                "torch.nn.CrossEntropyLoss(label_smoothing=0.1) | CrossEntropyLoss(label_smoothing=0.1)",
                "CrossEntropyLoss([1, 2.5]) | CrossEntropyLoss(weight=[1.0, 2.5])",
                "nn.CrossEntropyLoss(weight=[1, 2.5], label_smoothing=0.1) | CrossEntropyLoss(weight=[1.0, 2.5], label_smoothing=0.1)",
                "criterion = nn.BCEWithLogitsLoss(pos_weight=[3]) | BCEWithLogitsLoss(pos_weight=[3.0])",
                "nn.CrossEntropyLoss(weight=torch.tensor([1, 2.5])) | CrossEntropyLoss(weight=[1.0, 2.5])",
                "w = torch.FloatTensor([1, 2.5]); nn.CrossEntropyLoss(w, None, -100, None, \"mean\", 0.1) | CrossEntropyLoss(weight=[1.0, 2.5], label_smoothing=0.1)",
                "nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0], dtype=torch.float32)) | BCEWithLogitsLoss(pos_weight=[3.0])",
                "nn.MSELoss() | MSELoss()",
                "nn.MSELoss(reduction='mean') | MSELoss()",
                "nn.HuberLoss('mean', 0.5) | HuberLoss(delta=0.5)",
                "nn.MSELoss | MSELoss()",
                "nn.L1Loss() | L1Loss()",
                "nn.SmoothL1Loss(beta=0.5) | SmoothL1Loss(beta=0.5)",
                "nn.SmoothL1Loss(beta=1.0) | SmoothL1Loss()",
                "nn.HuberLoss(delta=0.5) | HuberLoss(delta=0.5)",
                "cross_entropy | CrossEntropyLoss()",
                "bce_with_logits | BCEWithLogitsLoss()",
                "mse | MSELoss()",
                "l1 | L1Loss()",
                "smooth_l1 | SmoothL1Loss()",
                "` Huber ` | HuberLoss()"
            })
    void readsPyTorchsCallsAndShortNames(String text, String printed) {
        Loss loss = Loss.parse(text);
        assertEquals(printed, loss.toString());
        assertEquals(loss, Loss.parse(printed));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "nn.CrossEntropy() | column 1: unknown loss 'CrossEntropy', did you mean 'CrossEntropyLoss'?",
                "smoth_l1 | column 1: unknown loss 'smoth_l1', did you mean 'smooth_l1'?",
                "rmse | column 1: unknown loss 'rmse', expected CrossEntropyLoss, BCEWithLogitsLoss, MSELoss, L1Loss, SmoothL1Loss or HuberLoss",
                "keras.losses.MSELoss() | column 1: unknown module 'keras.losses', expected torch.nn or nn",
                "nn.HuberLoss(delta=0) | column 14: delta must be finite and > 0, but was 0.0",
                "nn.SmoothL1Loss(beta=-1) | column 17: beta must be finite and >= 0, but was -1.0",
                "nn.CrossEntropyLoss(label_smoothing=1.1) | column 21: label_smoothing must be >= 0 and <= 1, but was 1.1",
                "nn.CrossEntropyLoss(weight=[1, -1]) | column 21: weight[1] must be finite and >= 0, but was -1.0",
                "nn.BCEWithLogitsLoss(pos_weight=[-0.5]) | column 22: pos_weight[0] must be finite and >= 0, but was -0.5",
                "nn.CrossEntropyLoss([1, 2], 0.1) | column 29: size_average must be None, but was 0.1",
                "nn.CrossEntropyLoss(ignore_index=0) | column 21: ignore_index must be -100, but was 0",
                "nn.HuberLoss(0.5) | column 14: reduction must be 'mean', but was 0.5",
                "nn.SmoothL1Loss(0.5) | column 17: size_average must be None, but was 0.5",
                "nn.BCEWithLogitsLoss([2]) | column 22: weight must be None, but was [2]",
                "nn.L1Loss(reduce=False) | column 11: reduce must be None, but was False",
                "nn.MSELoss(reduction='sum') | column 12: reduction must be 'mean', but was 'sum'",
                "nn.MSELoss(reductio='mean') | column 12: unknown parameter 'reductio' of MSELoss, did you mean 'reduction'?"
            })
    void refusesWhatIsNoLossAndSaysWhy(String text, String message) {
        assertEquals(
                message,
                assertThrows(PythonSyntaxException.class, () -> Loss.parse(text))
                        .getMessage());
    }

    private static void assertMessage(String message, Executable bad) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, bad).getMessage());
    }

    @Test
    void refusesOutputsThatWouldBeStretchedToTheTargets() {
        try (PointerScope scope = new PointerScope()) {
            for (Loss loss : List.of(
                    new MSELoss(), new L1Loss(), new SmoothL1Loss(), new HuberLoss(), new BCEWithLogitsLoss())) {
                for (long[][] shapes : new long[][][] {{{4}, {4, 1}}, {{4, 1}, {4, 3}}, {{4, 1, 3}, {4, 3}}}) {
                    assertMessage(
                            "the network's output must have the targets' shape, " + List.of(box(shapes[1]))
                                    + ", but had " + List.of(box(shapes[0])),
                            () -> loss.of(Measured.zeros(shapes[0]), Measured.zeros(shapes[1])));
                }
            }
            assertMessage(
                    "the network's output must have the targets' shape, [4, 1], but had [4, 3]",
                    () -> new CrossEntropyLoss().of(Measured.zeros(4, 3), Measured.zeros(4, 1)));
            assertMessage(
                    "the network's output must be samples x at least 2 classes, but had shape [4]",
                    () -> new CrossEntropyLoss().of(Measured.zeros(4), Measured.zeros(4)));
            for (Loss loss : List.of(new MSELoss(), new BCEWithLogitsLoss())) {
                assertMessage(
                        "the targets must be numbers for " + loss.getClass().getSimpleName() + ", but were classes",
                        () -> loss.of(Measured.zeros(4), Measured.classes(0, 1, 2, 0)));
            }
        }
    }

    private static Long[] box(long[] shape) {
        return IntStream.range(0, shape.length).mapToObj(i -> shape[i]).toArray(Long[]::new);
    }

    @Test
    void refusesFactorsThatAreNotAsManyAsTheOutputs() {
        try (PointerScope scope = new PointerScope()) {
            assertMessage(
                    "weight must have a factor for each of the network's 3 outputs, but had 2",
                    () -> new CrossEntropyLoss()
                            .withWeight(List.of(1.0, 2.0))
                            .of(Measured.zeros(4, 3), Measured.classes(0, 1, 2, 0)));
            assertMessage(
                    "pos_weight must have a factor for each of the network's 3 outputs, but had 1",
                    () -> new BCEWithLogitsLoss(List.of(2.0)).of(Measured.zeros(4, 3), Measured.zeros(4, 3)));
        }
    }
}
