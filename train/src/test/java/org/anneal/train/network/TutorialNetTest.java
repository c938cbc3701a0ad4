package org.anneal.train.network;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anneal.torch.Torch;
import org.anneal.train.data.Cifar10;
import org.anneal.train.data.Dataset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TutorialNetTest {
    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    @Test
    void hasTheTutorialsLayersForColourImages() {
        assertEquals(
                List.of(
                        "conv1.weight [6, 3, 5, 5]",
                        "conv1.bias [6]",
                        "conv2.weight [16, 6, 5, 5]",
                        "conv2.bias [16]",
                        "fc1.weight [120, 400]",
                        "fc1.bias [120]",
                        "fc2.weight [84, 120]",
                        "fc2.bias [84]",
                        "fc3.weight [10, 84]",
                        "fc3.bias [10]"),
                parameters(new TutorialNet(3, 32)));
        assertEquals(62_006, count(new TutorialNet(3, 32)));
    }

    @Test
    void hasTheGreyTwinsSizesForFashionMnist() {
        assertEquals(
                "conv1.weight [6, 1, 5, 5]", parameters(new TutorialNet(1, 28)).get(0));
        assertEquals("fc1.weight [120, 256]", parameters(new TutorialNet(1, 28)).get(4));
        assertEquals(44_426, count(new TutorialNet(1, 28)));
    }

    @Test
    void givesAScoreForEachClass() {
        try (PointerScope scope = new PointerScope()) {
            assertArrayEquals(
                    new long[] {7, 10},
                    new TutorialNet(3, 32).forward(torch.randn(7, 3, 32, 32)).shape());
            assertArrayEquals(
                    new long[] {1, 10},
                    new TutorialNet(1, 16).forward(torch.randn(1, 1, 16, 16)).shape());
        }
    }

    @Test
    void fitsTheImagesOfADataSet() {
        assertEquals(44_426, count(TutorialNet.forImages(new Shaped(1, 28, 28))));
        assertMessage("images must be channels x size x size, but were [1, 28, 30]", new Shaped(1, 28, 30));
        assertMessage("images must be channels x size x size, but were [28, 28]", new Shaped(28, 28));
        assertMessage(
                "images must have at least 1 channel and 16 x 16 pixels, but had 1 and 15 x 15", new Shaped(1, 15, 15));
        assertMessage(
                "images must have at least 1 channel and 16 x 16 pixels, but had 0 and 32 x 32", new Shaped(0, 32, 32));
        assertMessage(
                "images must have at least 1 channel and 16 x 16 pixels, but had 1 and 1 x 1", new Shaped(1, 1, 1));
    }

    private static void assertMessage(String message, Dataset data) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> TutorialNet.forImages(data))
                        .getMessage());
    }

    private static List<String> parameters(TutorialNet net) {
        List<String> described = new ArrayList<>();
        Torch.namedParameters(net.module())
                .forEach((name, tensor) -> described.add(name + " " + Arrays.toString(tensor.shape())));
        return described;
    }

    private static long count(TutorialNet net) {
        return Torch.parameters(net.module()).stream().mapToLong(Tensor::numel).sum();
    }

    /** Data of which only the shape is asked. */
    private record Shaped(List<Long> sizes) implements Dataset {
        Shaped(long... sizes) {
            this(Arrays.stream(sizes).boxed().toList());
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public long[] shape() {
            return sizes.stream().mapToLong(Long::longValue).toArray();
        }

        @Override
        public List<String> classes() {
            return Cifar10.CLASSES;
        }

        @Override
        public int label(int index) {
            throw new AssertionError("must not be read");
        }

        @Override
        public void read(int index, FloatBuffer into) {
            throw new AssertionError("must not be read");
        }
    }
}
