package org.anneal.examples.dl4j;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** The images of Fashion-MNIST that come with Anneal: 10,000 to train, 2,000 to validate. */
final class Images {
    static final int PIXELS = 28 * 28;
    static final int CLASSES = 10;

    private Images() {}

    /** {@return the first images of {@code train} or {@code t10k}, in batches of 50} */
    static DataSetIterator read(String part, int count) throws IOException {
        byte[] pixels = bytes(part + "-images-idx3-ubyte.gz", 16 + count * PIXELS);
        byte[] labels = bytes(part + "-labels-idx1-ubyte.gz", 8 + count);
        List<DataSet> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] image = new float[PIXELS];
            for (int j = 0; j < PIXELS; j++) {
                image[j] = (pixels[16 + i * PIXELS + j] & 0xff) / 255f;
            }
            float[] label = new float[CLASSES];
            label[labels[8 + i]] = 1;
            samples.add(
                    new DataSet(Nd4j.create(image, new int[] {1, PIXELS}), Nd4j.create(label, new int[] {1, CLASSES})));
        }
        return new ListDataSetIterator<>(samples, 50);
    }

    private static byte[] bytes(String file, int count) throws IOException {
        String path = "/org/anneal/samples/fashion-mnist/" + file;
        try (InputStream in =
                new GZIPInputStream(Objects.requireNonNull(Images.class.getResourceAsStream(path), path))) {
            return in.readNBytes(count);
        }
    }
}
