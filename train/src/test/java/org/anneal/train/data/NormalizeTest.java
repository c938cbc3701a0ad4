package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;

class NormalizeTest {
    @Test
    void computesEachChannelsMeanAndDeviation() {
        // numpy 2.4.6: np.array([[[1, 2], [3, 4]], [[10, 10], [10, 10]]]) and twice it, mean and std over samples and
        // pixels
        float[][] images = {{1, 2, 3, 4, 10, 10, 10, 10}, {2, 4, 6, 8, 10, 10, 10, 10}};
        Dataset data = Dataset.of(2, new long[] {2, 2, 2}, List.of("one"), i -> images[i], i -> 0);
        Normalize normalize = Normalize.of(data);
        assertEquals(3.75, normalize.mean().get(0));
        assertEquals(2.165063509461097, normalize.std().get(0), 1e-15);
        assertEquals(
                List.of(10.0, 1.0),
                List.of(normalize.mean().get(1), normalize.std().get(1)));
    }

    @Test
    void staysExactFarFromZero() {
        Dataset data = Dataset.of(new float[][] {{8_000_001}, {8_000_002}, {8_000_003}}, new float[3]);
        assertEquals(Math.sqrt(2.0 / 3), Normalize.of(data).std().get(0), 1e-12);
    }

    @Test
    void knowsFashionMnistsMeanAndDeviation() throws IOException {
        Normalize normalize = Normalize.of(FashionMnist.embedded().train());
        // Of the whole training set they are 0.2860 and 0.3530, as many programs have them.
        assertEquals(0.2860, normalize.mean().get(0), 0.002);
        assertEquals(0.3530, normalize.std().get(0), 0.002);
    }

    @Test
    void normalisesADataSetInsteadOfItsOwn() throws IOException {
        DataSets own = FashionMnist.embedded();
        assertEquals(Optional.of(new Normalize(0.5, 0.5)), own.train().normalization());
        DataSets data = own.normalized();
        Normalize normalize = Normalize.of(own.train());
        assertEquals(Optional.of(normalize), data.train().normalization());
        assertEquals(Optional.of(normalize), data.validation().normalization(), "of the training part alone");
        float[] raw = new float[784];
        own.validation().readRaw(3, FloatBuffer.wrap(raw));
        float[] expected = new float[784];
        for (int i = 0; i < 784; i++) {
            float mean = (float) (double) normalize.mean().get(0);
            expected[i] = (raw[i] - mean) / (float) (double) normalize.std().get(0);
        }
        assertArrayEquals(expected, DatasetTest.sample(data.validation(), 3));
        assertEquals(own.validation().label(3), data.validation().label(3));
    }

    @Test
    void normalisesAnyDataPerChannel() {
        Dataset data = Dataset.of(new float[][] {{1, 10}, {3, 30}}, new float[][] {{1}, {2}})
                .normalized(new Normalize(List.of(1.0, 20.0), List.of(2.0, 5.0)));
        assertArrayEquals(new float[] {0, -2}, DatasetTest.sample(data, 0));
        assertArrayEquals(new float[] {1, 2}, DatasetTest.sample(data, 1));
        assertArrayEquals(new float[] {2}, DatasetTest.target(data, 1, 1));
        Dataset again = data.normalized(new Normalize(0, 1));
        assertArrayEquals(new float[] {3, 30}, DatasetTest.sample(again, 1), "not one on top of the other");
    }

    @Test
    void isReadAndPrinted() {
        Normalize normalize =
                Normalize.parse("transforms.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))");
        assertEquals("Normalize(mean=[0.4914, 0.4822, 0.4465], std=[0.247, 0.2435, 0.2616])", normalize.toString());
        assertEquals(normalize, Normalize.parse(normalize.toString()));
        assertEquals(-1.5, normalize.undo(1, normalize.apply(1, -1.5)), 1e-15);
    }

    @Test
    void refusesWhatIsNone() {
        assertEquals(
                "column 21: std[0] must be finite and > 0, but was 0.0",
                assertThrows(PythonSyntaxException.class, () -> Normalize.parse("Normalize(mean=[1], std=[0])"))
                        .getMessage());
        assertEquals(
                "mean and std must have as many values, at least 1, but had 2 and 1",
                assertThrows(IllegalArgumentException.class, () -> new Normalize(List.of(1.0, 2.0), List.of(1.0)))
                        .getMessage());
        Dataset colours = Dataset.of(1, new long[] {3, 1, 1}, List.of("one"), i -> new float[3], i -> 0);
        assertEquals(
                "mean and std must be 1 value for all channels or 3, one per channel, but were 2",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> colours.normalized(new Normalize(List.of(1.0, 2.0), List.of(1.0, 2.0))))
                        .getMessage());
    }
}
