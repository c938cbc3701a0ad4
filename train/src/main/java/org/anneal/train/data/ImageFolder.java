package org.anneal.train.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Images in folders, one for each class: {@code DIR/cat/1.png}, {@code DIR/dog/a/2.jpg}.
 *
 * <p>As with torchvision's {@code ImageFolder}, the classes are the folders' names, sorted, and the images of a class are its files
 * ending in png, jpg, jpeg, gif (the first picture) or bmp, at any depth, sorted. Files and folders whose name begins with a dot are
 * passed over. If DIR has the folders {@code train} and {@code val} ({@code valid}, {@code validation}, {@code test}; the first that is there),
 * these have the classes, for training and for validation. Else a part of the images is drawn for validation.
 *
 * <p>An image is decoded when it is read, converted to grey or RGB (transparency is dropped, as by Pillow's {@code convert}), and
 * resized to a square, whatever its sides are, to the bit as by Pillow's {@code resize((size, size), BILINEAR)}, which takes the mean
 * over all pixels when it shrinks. Decoded images are kept until they take a quarter of the largest heap
 * ({@link Runtime#maxMemory}), both parts together; the others are decoded again each time.
 *
 * <p>Values are normalised as in PyTorch's tutorials, to -1 .. 1; {@link DataSets#normalized()} normalises them by their own mean and
 * deviation.
 */
public final class ImageFolder {
    private static final Pattern IMAGE = Pattern.compile("(?i)[^.].*\\.(png|jpe?g|gif|bmp)");
    private static final String TRAIN = "train";
    private static final List<String> VALIDATION = List.of("val", "valid", "validation", "test");
    private static final double FRACTION = 0.2;
    private static final int SHARE_OF_HEAP = 4;

    private ImageFolder() {}

    /**
     * {@return the images in a folder, of which a fifth of each class is for validation if the folder has no {@code train} and
     * {@code val}}
     *
     * @param size pixels of a side that images are resized to, at least 1
     * @param channels 1 for grey, 3 for RGB
     * @throws IOException if there are no images, or one class only; an image that cannot be read is refused when it is read, by an
     *     {@link UncheckedIOException}. The message names the file
     */
    public static DataSets read(Path folder, int size, int channels) throws IOException {
        return read(folder, size, channels, FRACTION, 0);
    }

    /**
     * Does as {@link #read(Path, int, int)} does, with another part for validation.
     *
     * @param fraction of the images of each class that are for validation, greater than 0 and less than 1; not used if the folder
     *     has {@code train} and {@code val}
     * @param seed of the split
     */
    public static DataSets read(Path folder, int size, int channels, double fraction, long seed) throws IOException {
        if (size < 1) {
            throw new IllegalArgumentException("size must be at least 1, but was " + size);
        }
        if (channels != 1 && channels != 3) {
            throw new IllegalArgumentException("channels must be 1 (grey) or 3 (RGB), but was " + channels);
        }
        if (!Files.isDirectory(folder)) {
            throw Files.exists(folder)
                    ? new IOException(folder + " must be the folder with the images, but was a file")
                    : new FileNotFoundException("no folder " + folder);
        }
        AtomicLong room = new AtomicLong(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
        Images image = new Images(channels, size, size);
        Optional<Path> validation = validation(folder);
        if (validation.isEmpty()) {
            Dataset all = data(folder, classes(folder), image, room);
            return DataSets.splitStratified(all, fraction, seed);
        }
        Path train = folder.resolve(TRAIN);
        List<String> classes = classes(train);
        for (String name : classFolders(validation.get())) {
            if (!classes.contains(name)) {
                throw new IOException(validation.get().resolve(name) + ": must be one of the classes in " + train + ", "
                        + String.join(", ", classes));
            }
        }
        return new DataSets(data(train, classes, image, room), data(validation.get(), classes, image, room));
    }

    /** {@return whether a folder has images in folders of classes} */
    public static boolean isIn(Path folder) throws IOException {
        Path root = validation(folder).isPresent() ? folder.resolve(TRAIN) : folder;
        for (String name : Files.isDirectory(root) ? classFolders(root) : List.<String>of()) {
            if (!images(root.resolve(name)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** {@return the folder for validation, if there is one beside one for training} */
    private static Optional<Path> validation(Path folder) {
        return Files.isDirectory(folder.resolve(TRAIN))
                ? VALIDATION.stream()
                        .map(folder::resolve)
                        .filter(Files::isDirectory)
                        .findFirst()
                : Optional.empty();
    }

    private static List<String> classes(Path folder) throws IOException {
        List<String> classes = classFolders(folder);
        if (classes.isEmpty()) {
            throw new IOException(folder + ": has no folders of classes, such as "
                    + folder.resolve("cat").resolve("1.png"));
        }
        if (classes.size() == 1) {
            throw new IOException(folder + ": must have at least 2 folders of classes, but has only " + classes.get(0));
        }
        for (String name : classes) {
            if (images(folder.resolve(name)).isEmpty()) {
                throw new IOException(folder.resolve(name) + ": has no images (png, jpg, jpeg, gif, bmp)");
            }
        }
        return classes;
    }

    private static List<String> classFolders(Path folder) throws IOException {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(Files::isDirectory)
                    .map(each -> each.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    private static List<Path> images(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> inside = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return inside.filter(
                            each -> IMAGE.matcher(each.getFileName().toString()).matches())
                    .filter(each -> !isHidden(folder.relativize(each)))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (UncheckedIOException e) {
            throw Optional.ofNullable(e.getCause()).orElseThrow();
        }
    }

    private static boolean isHidden(Path path) {
        return IntStream.range(0, path.getNameCount())
                .anyMatch(i -> path.getName(i).toString().startsWith("."));
    }

    private static Dataset data(Path folder, List<String> classes, Images image, AtomicLong room) throws IOException {
        List<Path> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        for (int label = 0; label < classes.size(); label++) {
            for (Path file : images(folder.resolve(classes.get(label)))) {
                files.add(file);
                labels.add(label);
            }
        }
        if (files.isEmpty()) {
            throw new IOException(folder + ": has no images (png, jpg, jpeg, gif, bmp) in folders of classes");
        }
        return new ByteImages(
                classes,
                image,
                labels.stream().mapToInt(Integer::intValue).toArray(),
                kept(files.size(), image.length(), room, index -> ImageFile.read(files.get(index), image)),
                Normalize.TUTORIAL);
    }

    /** {@return what {@code images} returns, each kept as long as there is room} */
    private static IntFunction<byte[]> kept(int count, int bytes, AtomicLong room, IntFunction<byte[]> images) {
        AtomicReferenceArray<byte[]> kept = new AtomicReferenceArray<>(count);
        return index -> {
            byte[] known = kept.get(index);
            if (known != null) {
                return known;
            }
            byte[] image = images.apply(index);
            if (room.addAndGet(-bytes) < 0 || !kept.compareAndSet(index, null, image)) {
                room.addAndGet(bytes);
            }
            return image;
        };
    }
}
