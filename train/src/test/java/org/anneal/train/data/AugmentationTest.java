package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.text.PythonSyntaxException;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.Golden;
import org.anneal.train.network.Models;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AugmentationTest {
    private static final long[] SQUARE = {2, 6, 6};
    private static final long[] WIDE = {2, 5, 7};

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<Golden> goldens() throws IOException {
        return Golden.read(AugmentationTest.class, "augmentations.csv").stream();
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void changesAnImageAsTorchvisionDoes(Golden golden) {
        boolean crops = golden.what().equals("crop");
        float[] image = crops ? Golden.filled(1, 72, 1) : Golden.filled(2, 70, 1);
        String[] of = golden.of().toUpperCase(Locale.ROOT).split(" ", -1);
        switch (golden.what()) {
            case "crop" ->
                new RandomCrop(6, 2, RandomCrop.PaddingMode.valueOf(of[0]))
                        .crop(image, Images.of("a test", SQUARE), Integer.parseInt(of[1]), Integer.parseInt(of[2]));
            case "hflip" -> new RandomHorizontalFlip(1).apply(image, WIDE, new SplittableRandom(0));
            case "vflip" -> new RandomVerticalFlip(1).apply(image, WIDE, new SplittableRandom(0));
            case "rotate" ->
                new RandomRotation(List.of(180.0), RandomRotation.Interpolation.valueOf(of[0]))
                        .rotate(image, Images.of("a test", WIDE), Double.parseDouble(of[1]));
            default -> throw new AssertionError(golden.what());
        }
        // torchvision interpolates in float, where a place in a row of 7 pixels has an error of 4e-7; the others are
        // copies.
        assertArrayEquals(golden.floats(), image, golden.of().startsWith("bilinear") ? 3e-6f : 0);
    }

    @Test
    void cropsFromEveryPlaceEquallyOften() {
        Map<String, Integer> found = new TreeMap<>();
        RandomGenerator random = new SplittableRandom(1);
        for (int i = 0; i < 9000; i++) {
            float[] image = {1, 2, 3, 4, 5, 6, 7, 8, 9};
            new RandomCrop(3, 1, RandomCrop.PaddingMode.EDGE).apply(image, new long[] {1, 3, 3}, random);
            found.merge(Arrays.toString(image), 1, Integer::sum);
        }
        assertEquals(9, found.size());
        // 1000 are expected of each, with a standard deviation of 30.
        found.forEach((image, count) -> assertTrue(Math.abs(count - 1000) < 150, image + " came " + count + " times"));
    }

    @Test
    void flipsWithItsProbability() {
        for (double p : new double[] {0, 0.2, 1}) {
            RandomGenerator random = new SplittableRandom(2);
            int flipped = 0;
            for (int i = 0; i < 10_000; i++) {
                float[] image = {0, 1};
                new RandomHorizontalFlip(p).apply(image, new long[] {1, 1, 2}, random);
                float[] upright = {0, 1};
                new RandomVerticalFlip(p).apply(upright, new long[] {1, 2, 1}, random);
                flipped += (int) (image[0] + upright[0]);
            }
            // With a standard deviation of 57 at 0.2.
            assertTrue(Math.abs(flipped - 20_000 * p) <= (p == 0.2 ? 250 : 0), flipped + " at " + p);
        }
    }

    @Test
    void rotatesByAnglesBetweenTheEnds() {
        RandomGenerator halves = () -> Long.MIN_VALUE; // whose nextDouble() is 0.5
        float[] image = {1, 2, 3, 4};
        new RandomRotation(List.of(0.0, 180.0), RandomRotation.Interpolation.NEAREST)
                .apply(image, new long[] {1, 2, 2}, halves);
        assertArrayEquals(new float[] {2, 4, 1, 3}, image, "by 90 degrees, counter-clockwise");
        new RandomRotation(170).apply(image, new long[] {1, 2, 2}, halves);
        assertArrayEquals(new float[] {2, 4, 1, 3}, image, "by the middle of -170 and 170");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RandomCrop(32) | RandomCrop(size=32)",
                "transforms.RandomCrop(32, padding=4) | RandomCrop(size=32, padding=4)",
                "RandomCrop(32, None) | RandomCrop(size=32)",
                "RandomCrop(32, 4, padding_mode='reflect') | RandomCrop(size=32, padding=4, padding_mode='reflect')",
                "torchvision.transforms.v2.RandomHorizontalFlip() | RandomHorizontalFlip()",
                "RandomVerticalFlip(0.25) | RandomVerticalFlip(p=0.25)",
                "RandomRotation(10) | RandomRotation(degrees=10.0)",
                "RandomRotation((-5, 10), 'bilinear') | RandomRotation(degrees=[-5.0, 10.0], interpolation='bilinear')",
                "RandomCrop(32, padding=4), RandomHorizontalFlip() | Compose([RandomCrop(size=32, padding=4), RandomHorizontalFlip()])",
                "[RandomCrop(8), RandomRotation(1),] | Compose([RandomCrop(size=8), RandomRotation(degrees=1.0)])",
                "Compose([RandomCrop(8), RandomHorizontalFlip()]) | Compose([RandomCrop(size=8), RandomHorizontalFlip()])",
            })
    void isReadAndPrintedInTorchvisionsWords(String text, String printed) {
        Augmentation augmentation = Augmentation.parse(text);
        assertEquals(printed, augmentation.toString());
        assertEquals(augmentation, Augmentation.parse(printed));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RandomCrop(0) | column 12: size must be at least 1, but was 0",
                "RandomCrop() | column 1: RandomCrop needs size",
                "RandomCrop(32, paddin=4) | column 16: unknown parameter 'paddin' of RandomCrop, did you mean 'padding'?",
                "RandomHorizontalFlip(p=1.5) | column 22: p must be >= 0 and <= 1, but was 1.5",
                "RandomRotation(-1) | column 16: degrees must be one number that is at least 0, or two in ascending order, but was [-1.0]",
                "RandomCropp(32) | column 1: unknown augmentation 'RandomCropp', did you mean 'RandomCrop'?",
                "RandomCrop(32), RandomFlip() | column 17: unknown augmentation 'RandomFlip', did you mean 'RandomVerticalFlip'?",
            })
    void saysWhatIsWrongWithAText(String text, String message) {
        PythonSyntaxException refused = assertThrows(PythonSyntaxException.class, () -> Augmentation.parse(text));
        assertEquals(message, refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RandomCrop(32) | size must be the side of the images, which are 5 x 7 and keep their size, but was 32",
                "RandomCrop(6, 6, padding_mode='reflect') | padding must be at most 5 with reflect for 6 pixels, but was 6",
                "RandomCrop(6, 7, padding_mode='symmetric') | padding must be at most 6 with symmetric for 6 pixels, but was 7",
            })
    void refusesImagesThatItDoesNotSuit(String text, String message) {
        long[] shape = text.contains("32") ? WIDE : SQUARE;
        Augmentation augmentation = Augmentation.parse(text);
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> augmentation.check(shape))
                        .getMessage());
        try (DataLoader loader = new DataLoader(images(shape), 2)) {
            assertThrows(IllegalArgumentException.class, () -> loader.augmented(augmentation));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"RandomCrop(3)", "RandomHorizontalFlip()", "RandomVerticalFlip()", "RandomRotation(1)"})
    void refusesSamplesThatAreNoImages(String text) {
        Augmentation augmentation = Augmentation.parse(text + ", RandomHorizontalFlip()");
        assertEquals(
                text.replaceAll("\\(.*", "") + " needs images, channels x height x width, but the samples are [3]",
                assertThrows(IllegalArgumentException.class, () -> augmentation.check(new long[] {3}))
                        .getMessage());
    }

    @Test
    void theSameSeedEpochAndSampleGiveTheSameBitsHoweverTheyAreRead() {
        Dataset data = images(SQUARE);
        Augmentation augmentation =
                Augmentation.parse("RandomCrop(6, padding=2), RandomHorizontalFlip(), RandomRotation(20)");
        List<List<Float>> batches = batches(data, augmentation, 7, 3, 0, 1);
        for (int workers : new int[] {1, 2, 5}) {
            assertEquals(batches, batches(data, augmentation, 7, 3, 0, workers));
            for (int first : new int[] {1, 5, 9}) {
                assertEquals(
                        batches.subList(first, batches.size()),
                        batches(data, augmentation, 7, 3, first, workers),
                        "resumed in the middle of an epoch");
            }
        }
        assertNotEquals(batches, batches(data, augmentation, 8, 3, 0, 1), "another seed");
        assertNotEquals(batches, batches(data, augmentation, 7, 4, 0, 1), "another epoch");
        // The same sample among others is changed in the same way.
        assertEquals(
                batches(data, augmentation, 7, 3, 0, 1).stream()
                        .flatMap(List::stream)
                        .sorted()
                        .toList(),
                concat(data, augmentation, 40));
    }

    private static List<Float> concat(Dataset data, Augmentation augmentation, int batchSize) {
        List<Float> all = new ArrayList<>();
        try (DataLoader loader = new DataLoader(data, batchSize).shuffled(7).augmented(augmentation)) {
            loader.forEach(3, batch -> all.addAll(floats(batch)));
        }
        Collections.sort(all);
        return all;
    }

    @Test
    void samplesAreChangedInDifferentWays() {
        List<Float> seen = new ArrayList<>();
        Augmentation notes = (sample, shape, random) -> Arrays.fill(sample, (float) random.nextDouble());
        try (DataLoader loader = new DataLoader(images(SQUARE), 40).augmented(notes)) {
            for (int epoch = 0; epoch < 3; epoch++) {
                loader.forEach(epoch, batch -> seen.addAll(floats(batch)));
            }
        }
        assertEquals(40 * 3, seen.stream().distinct().count());
        assertThrows(UnsupportedOperationException.class, notes::kind);
    }

    @Test
    void changesRawValuesSoThatTheBorderIsBlack() {
        byte[] white = new byte[3 * 4 * 4];
        Arrays.fill(white, (byte) 255);
        Normalize normalize = new Normalize(List.of(0.5, 0.4, 0.3), List.of(0.5, 0.2, 0.1));
        Dataset data = ByteImages.of(List.of("white"), new Images(3, 4, 4), new byte[1], white)
                .normalized(normalize);
        Augmentation moveRight =
                (sample, shape, random) -> new RandomCrop(4, 4).crop(sample, Images.of("a test", shape), 0, -3);
        try (DataLoader loader = new DataLoader(data, 1).augmented(moveRight)) {
            loader.forEach(1, batch -> {
                List<Float> values = floats(batch);
                for (int channel = 0; channel < 3; channel++) {
                    float mean = new float[] {0.5f, 0.4f, 0.3f}[channel];
                    float std = new float[] {0.5f, 0.2f, 0.1f}[channel];
                    float black = (0 - mean) / std;
                    float brightest = (1 - mean) / std;
                    for (int y = 0; y < 4; y++) {
                        assertEquals(
                                List.of(black, black, black, brightest),
                                values.subList(16 * channel + 4 * y, 16 * channel + 4 * y + 4));
                    }
                }
            });
        }
    }

    @Test
    void withoutAChangeTheBitsAreThoseOfTheData() throws IOException {
        Dataset data = FashionMnist.embedded().validation();
        Dataset some = Dataset.of(200, data.shape(), data.classes(), i -> DatasetTest.sample(data, i), data::label);
        assertEquals(batches(some, 50), batches(subset(data, 200), new RandomHorizontalFlip(0), 50));
    }

    @Test
    void holdsNoMoreMemoryAfterTenThousandSteps() throws IOException {
        Dataset data = FashionMnist.embedded().train();
        Augmentation augmentation =
                Augmentation.parse("RandomCrop(28, padding=4), RandomHorizontalFlip(), RandomRotation(10, 'bilinear')");
        Network network = Models.of("mlp:16", data);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.01), Torch.parameters(network.module()));
                DataLoader loader =
                        new DataLoader(data, 10).shuffled(0).workers(2).augmented(augmentation)) {
            train(network, optimizer, loader, 0, 1);
            long tracked = Pointer.totalBytes();
            long grown = Long.MAX_VALUE;
            // What is lost grows each time; what malloc and the JVM hold in reserve, at most once or twice.
            for (int attempt = 0; attempt < 3 && grown >= 50_000_000; attempt++) {
                long resident = Pointer.physicalBytes();
                train(network, optimizer, loader, 1, 11);
                grown = Pointer.physicalBytes() - resident;
            }
            assertTrue(
                    Pointer.totalBytes() - tracked < 100_000,
                    () -> "JavaCPP held " + tracked + " bytes and now " + Pointer.totalBytes());
            assertTrue(grown < 50_000_000, "the process grew by " + grown + " bytes");
        }
    }

    /** 1,000 steps an epoch. */
    private static void train(Network network, Optimizer<Tensor> optimizer, DataLoader loader, int from, int to) {
        for (int epoch = from; epoch < to; epoch++) {
            loader.forEach(epoch, batch -> {
                optimizer.zeroGrad();
                torch.cross_entropy_loss(network.forward(batch.inputs()), batch.targets())
                        .backward();
                optimizer.step();
            });
        }
    }

    private static Dataset subset(Dataset data, int size) {
        return new Subset(data, IntStream.range(0, size).toArray());
    }

    private static List<List<Float>> batches(Dataset data, int batchSize) {
        List<List<Float>> batches = new ArrayList<>();
        try (DataLoader loader = new DataLoader(data, batchSize)) {
            loader.forEach(1, batch -> batches.add(floats(batch)));
        }
        return batches;
    }

    private static List<List<Float>> batches(Dataset data, Augmentation augmentation, int batchSize) {
        List<List<Float>> batches = new ArrayList<>();
        try (DataLoader loader = new DataLoader(data, batchSize).augmented(augmentation)) {
            loader.forEach(1, batch -> batches.add(floats(batch)));
        }
        return batches;
    }

    private static List<List<Float>> batches(
            Dataset data, Augmentation augmentation, long seed, int epoch, int first, int workers) {
        List<List<Float>> batches = new ArrayList<>();
        try (DataLoader loader =
                new DataLoader(data, 4).workers(workers).augmented(augmentation).shuffled(seed)) {
            loader.forEachWhile(epoch, first, batch -> {
                batches.add(floats(batch));
                return true;
            });
        }
        return batches;
    }

    private static List<Float> floats(DataLoader.Batch batch) {
        float[] values = new float[(int) batch.inputs().numel()];
        batch.inputs().<FloatBuffer>createBuffer().get(values);
        return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
    }

    private static Dataset images(long... shape) {
        int length = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        return Dataset.of(40, shape, List.of("one"), i -> Golden.filled(i, length, 1), i -> 0);
    }
}
