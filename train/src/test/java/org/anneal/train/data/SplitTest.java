package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SplitTest {
    private static final Samples NUMBERED = Samples.of(50).labelled(i -> i);

    @Test
    void drawsEachSampleForOnePart() {
        DataSets data = DataSets.split(NUMBERED, 0.3, 4);
        assertEquals(15, data.validation().size());
        assertEquals(
                IntStream.range(0, 50).boxed().toList(),
                Stream.concat(labels(data.train()).stream(), labels(data.validation()).stream())
                        .sorted()
                        .toList());
        assertEquals(labels(data.train()).stream().sorted().toList(), labels(data.train()), "in the data's order");
        int label = data.validation().label(3);
        assertArrayEquals(NUMBERED.sample(label), DatasetTest.sample(data.validation(), 3));
    }

    @Test
    void dependsOnTheSeedAlone() {
        assertEquals(split(0.3, 4), split(0.3, 4));
        assertNotEquals(split(0.3, 4), split(0.3, 5));
    }

    @Test
    void anySampleMayBeForValidation() {
        int[] drawn = new int[50];
        for (int seed = 0; seed < 1000; seed++) {
            split(0.2, seed).forEach(label -> drawn[label]++);
        }
        // 200 are expected of each, with a standard deviation of 12.6.
        for (int count : drawn) {
            assertTrue(Math.abs(count - 200) < 60, Arrays.toString(drawn));
        }
    }

    @Test
    void leavesBothPartsASample() {
        assertEquals(1, split(0.001, 0).size());
        assertEquals(49, split(0.999, 0).size());
        assertEquals(1, DataSets.split(Samples.of(2), 0.9, 0).train().size());
    }

    @Test
    void keepsTheShareOfEachClass() {
        Samples data = Samples.of(50).labelled(i -> i < 25 ? 0 : i < 40 ? 1 : 2);
        for (int seed = 0; seed < 20; seed++) {
            DataSets parts = DataSets.splitStratified(data, 0.2, seed);
            assertEquals(5, count(parts.validation(), 0));
            assertEquals(3, count(parts.validation(), 1));
            assertEquals(2, count(parts.validation(), 2));
        }
        // 16 of 50: of the shares 8, 4.8 and 3.2, the second is nearest to one more.
        DataSets parts = DataSets.splitStratified(data, 0.32, 0);
        assertEquals(
                List.of(8L, 5L, 3L),
                IntStream.range(0, 3)
                        .mapToObj(label -> count(parts.validation(), label))
                        .toList());
    }

    @Test
    void leavesAClassOfOneSampleToTraining() {
        Samples data = Samples.of(8).labelled(i -> i < 5 ? i : 5);
        for (int seed = 0; seed < 20; seed++) {
            DataSets parts = DataSets.splitStratified(data, 0.125, seed);
            assertEquals(List.of(5), labels(parts.validation()));
        }
    }

    @Test
    void refusesWhatCannotBeSplit() {
        for (double fraction : new double[] {0, 1, -0.5, Double.NaN}) {
            assertEquals(
                    "fraction must be > 0 and < 1, but was " + fraction,
                    assertThrows(IllegalArgumentException.class, () -> DataSets.split(NUMBERED, fraction, 0))
                            .getMessage());
        }
        assertEquals(
                "the data must have at least 2 samples, one for training and one for validation, but has 1",
                assertThrows(IllegalArgumentException.class, () -> DataSets.split(Samples.of(1), 0.5, 0))
                        .getMessage());
        Dataset values = Dataset.of(new float[][] {{1}, {2}}, new float[] {1, 2});
        assertEquals(
                "a stratified split needs classes, but the targets are values",
                assertThrows(IllegalArgumentException.class, () -> DataSets.splitStratified(values, 0.5, 0))
                        .getMessage());
        assertArrayEquals(
                new float[] {DatasetTest.sample(DataSets.split(values, 0.5, 0).train(), 0)[0]},
                DatasetTest.target(DataSets.split(values, 0.5, 0).train(), 0, 1));
    }

    private static List<Integer> split(double fraction, long seed) {
        return labels(DataSets.split(NUMBERED, fraction, seed).validation());
    }

    private static List<Integer> labels(Dataset data) {
        return IntStream.range(0, data.size()).mapToObj(data::label).toList();
    }

    private static long count(Dataset data, int label) {
        return labels(data).stream().filter(each -> each == label).count();
    }
}
