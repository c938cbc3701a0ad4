package org.anneal.train.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Fashion-MNIST: grey images of 28x28 pixels, ten kinds of clothing. Values are normalised to -1 .. 1, (x / 255 - 0.5) / 0.5.
 * Files are IDX, as for MNIST itself, which can be read too (its classes then carry the wrong names).
 *
 * <p>Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
 * arXiv 1708.07747.
 */
public final class FashionMnist {
    /** The classes' names, in the order of the labels. */
    public static final List<String> CLASSES = List.of(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot");

    private static final String SAMPLES = "org/anneal/samples/fashion-mnist/";
    private static final Path INSTALLED = Path.of("/usr/share/datasets/fashion-mnist");
    private static final String TRAIN = "train";
    private static final String VALIDATION = "t10k";
    private static final int IMAGES_MAGIC = 0x803;
    private static final int LABELS_MAGIC = 0x801;
    private static final int SIDE = 28;

    private FashionMnist() {}

    /**
     * {@return the subset in {@code org.anneal:anneal-samples}: 10,000 training and 2,000 validation images, 1,000 and 200 of
     * every class}
     *
     * @throws IOException if that library is not there (the message names it), or its files are damaged
     */
    public static DataSets embedded() throws IOException {
        return new DataSets(embedded(TRAIN), embedded(VALIDATION));
    }

    /**
     * {@return all 60,000 training and 10,000 validation images, from Debian's package dataset-fashion-mnist}
     *
     * @throws IOException if the package is not installed (the message names it), or a file is damaged
     */
    public static DataSets installed() throws IOException {
        if (!Files.isDirectory(INSTALLED)) {
            throw new FileNotFoundException(
                    "no folder " + INSTALLED + ": install Fashion-MNIST with apt-get install dataset-fashion-mnist");
        }
        return read(INSTALLED);
    }

    /**
     * {@return the data in a folder's four IDX files, plain or gzipped: train-images-idx3-ubyte, train-labels-idx1-ubyte,
     * t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte}
     *
     * @param folder the folder with the files
     * @throws IOException if a file is missing or damaged; the message names the file and what is wrong
     */
    public static DataSets read(Path folder) throws IOException {
        return new DataSets(read(folder, TRAIN), read(folder, VALIDATION));
    }

    /** {@return whether the folder has a training file of this layout} */
    static boolean isIn(Path folder) {
        return DataFile.find(folder, images(TRAIN)).isPresent();
    }

    private static String images(String part) {
        return part + "-images-idx3-ubyte";
    }

    private static String labels(String part) {
        return part + "-labels-idx1-ubyte";
    }

    private static Dataset read(Path folder, String part) throws IOException {
        return decode(DataFile.read(folder, images(part)), DataFile.read(folder, labels(part)));
    }

    private static Dataset embedded(String part) throws IOException {
        return decode(resource(images(part)), resource(labels(part)));
    }

    private static DataFile resource(String name) throws IOException {
        String path = SAMPLES + name + ".gz";
        return DataFile.read(path, () -> {
            // Not the class's own resource: on the module path it would be looked for in this module alone.
            ClassLoader loader = FashionMnist.class.getClassLoader();
            Optional<InputStream> in = Optional.ofNullable(loader.getResourceAsStream(path));
            return in.orElseThrow(() -> new FileNotFoundException(
                    "the sample images are not on the class path: add the dependency org.anneal:anneal-samples"));
        });
    }

    private static Dataset decode(DataFile imageFile, DataFile labelFile) throws IOException {
        byte[] pixels = items(imageFile, IMAGES_MAGIC, SIDE, SIDE);
        byte[] labels = items(labelFile, LABELS_MAGIC);
        int images = pixels.length / (SIDE * SIDE);
        if (images != labels.length) {
            throw labelFile.wrong(
                    "has " + labels.length + " labels, but " + imageFile.name() + " has " + images + " images");
        }
        for (int i = 0; i < labels.length; i++) {
            int label = labels[i] & 0xff;
            if (label >= CLASSES.size()) {
                throw labelFile.wrong(
                        "label " + i + " must be from 0 to " + (CLASSES.size() - 1) + ", but was " + label);
            }
        }
        return ByteImages.of(CLASSES, new Images(1, SIDE, SIDE), labels, pixels);
    }

    /** {@return the bytes after an IDX header, which has big-endian ints: the magic number, the count and the sides of an item} */
    private static byte[] items(DataFile file, int magic, int... sides) throws IOException {
        int header = 4 * (2 + sides.length);
        ByteBuffer bytes = ByteBuffer.wrap(file.bytes());
        if (bytes.remaining() < header) {
            throw file.wrong(
                    "is cut off: an IDX header has " + header + " bytes, but the file has " + bytes.remaining());
        }
        int foundMagic = bytes.getInt();
        if (foundMagic != magic) {
            throw file.wrong(String.format(
                    "is not the expected IDX file: the magic number must be 0x%08x, but was 0x%08x",
                    magic, foundMagic));
        }
        long count = Integer.toUnsignedLong(bytes.getInt());
        long item = 1;
        for (int side : sides) {
            long found = Integer.toUnsignedLong(bytes.getInt());
            if (found != side) {
                throw file.wrong("images must have " + side + " pixels a side, but have " + found);
            }
            item *= side;
        }
        if (count == 0) {
            throw file.wrong("is empty: the header says 0 items");
        }
        if (bytes.remaining() != count * item) {
            throw file.wrong((bytes.remaining() < count * item ? "is cut off" : "has extra bytes")
                    + ": the header says " + count + " items, which are " + count * item + " bytes, but "
                    + bytes.remaining() + " follow it");
        }
        return Arrays.copyOfRange(file.bytes(), header, file.bytes().length);
    }
}
