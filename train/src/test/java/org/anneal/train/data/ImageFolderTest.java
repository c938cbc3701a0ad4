package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.anneal.train.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageFolderTest {
    @TempDir
    Path folder;

    static Stream<Golden> goldens() throws IOException {
        return Golden.read(ImageFolderTest.class, "pillow.csv").stream();
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void readsAndResizesAFileToTheBitAsPillow(Golden golden) throws IOException {
        Path file = folder.resolve(golden.what());
        try (InputStream in = ImageFolderTest.class.getResourceAsStream("images/" + golden.what())) {
            Files.copy(in, file);
        }
        String[] of = golden.of().split(" ", -1);
        Images wanted = new Images(of[0].equals("L") ? 1 : 3, Integer.parseInt(of[2]), Integer.parseInt(of[1]));
        byte[] pixels = ImageFile.read(file, wanted);
        assertEquals(wanted.length(), pixels.length);
        CRC32 sum = new CRC32();
        sum.update(pixels);
        assertEquals(golden.values().get(0).longValue(), sum.getValue());
    }

    @Test
    void readsEveryFormat() throws IOException {
        for (String ending : List.of("png", "jpg", "JPEG", "gif", "bmp")) {
            write("a/" + ending + "." + ending, 255);
            write("b/" + ending + "." + ending, 0);
        }
        DataSets data = ImageFolder.read(folder, 4, 3);
        assertEquals(8, data.train().size());
        assertEquals(2, data.validation().size());
        assertArrayEquals(new long[] {3, 4, 4}, data.train().shape());
        for (int i = 0; i < 8; i++) {
            float[] expected = new float[48];
            Arrays.fill(expected, data.train().label(i) == 0 ? 1f : -1f);
            assertArrayEquals(expected, DatasetTest.sample(data.train(), i));
        }
        assertTrue(ImageFolder.isIn(folder));
    }

    @Test
    void sortsClassesAndFilesAndPassesOverWhatIsHidden() throws IOException {
        write("dog/2.png", 20);
        write("dog/10.png", 10);
        write("Cat/deep/x.png", 30);
        write("Cat/a.png", 40);
        write("Cat/._a.png", 50);
        write("Cat/.thumbs/b.png", 60);
        write(".ipynb_checkpoints/a.png", 70);
        Files.writeString(folder.resolve("Cat/notes.txt"), "no image");
        Files.writeString(folder.resolve("readme.png"), "no class");
        DataSets data = ImageFolder.read(folder, 1, 1, 0.5, 0);
        assertEquals(List.of("Cat", "dog"), data.train().classes());
        assertEquals(
                List.of("0 30.0", "0 40.0", "1 10.0", "1 20.0"),
                Stream.of(data.train(), data.validation())
                        .flatMap(ImageFolderTest::described)
                        .sorted()
                        .toList());
        assertEquals(1, data.train().label(1));
    }

    @Test
    void takesThePartsThatTheFolderHas() throws IOException {
        for (String part : List.of("train", "test")) {
            write(part + "/a/1.png", 10);
            write(part + "/b/1.png", 20);
        }
        write("val/b/1.png", 30);
        DataSets data = ImageFolder.read(folder, 1, 1);
        assertEquals(List.of("0 10.0", "1 20.0"), described(data.train()).toList());
        assertEquals(List.of("1 30.0"), described(data.validation()).toList(), "val before test, with train's labels");
        write("val/c/1.png", 30);
        assertEquals(
                folder.resolve("val/c") + ": must be one of the classes in " + folder.resolve("train") + ", a, b",
                assertThrows(IOException.class, () -> ImageFolder.read(folder, 1, 1))
                        .getMessage());
    }

    @Test
    void splitsBySeed() throws IOException {
        for (int i = 0; i < 20; i++) {
            write((i < 10 ? "a/" : "b/") + i + ".png", i);
        }
        List<String> drawn =
                described(ImageFolder.read(folder, 1, 1, 0.2, 1).validation()).toList();
        assertEquals(4, drawn.size());
        assertEquals(2, drawn.stream().filter(each -> each.startsWith("0")).count());
        assertEquals(
                drawn,
                described(ImageFolder.read(folder, 1, 1, 0.2, 1).validation()).toList());
        assertFalse(drawn.equals(
                described(ImageFolder.read(folder, 1, 1, 0.2, 2).validation()).toList()));
    }

    @Test
    void decodesAnImageOnceIfThereIsRoom() throws IOException {
        write("a/1.png", 10);
        write("b/1.png", 20);
        Dataset data = ImageFolder.read(folder, 1, 1).train();
        float[] first = DatasetTest.sample(data, 0);
        Files.delete(folder.resolve("a/1.png"));
        Files.delete(folder.resolve("b/1.png"));
        assertArrayEquals(first, DatasetTest.sample(data, 0));
    }

    @Test
    void namesAFileThatIsNoImage() throws IOException {
        byte[] whole = Files.readAllBytes(write("a/1.png", 10));
        write("b/1.png", 20);
        Path bad = folder.resolve("a/1.png");
        Files.write(bad, Arrays.copyOf(whole, 45));
        assertBad(bad + ": cannot be read as an image: ");
        Files.writeString(bad, "a text");
        assertBad(bad + ": is not an image that can be read (png, jpg, gif, bmp)");
        Files.delete(bad);
        Files.createDirectory(bad);
        assertEquals(
                folder.resolve("a") + ": has no images (png, jpg, jpeg, gif, bmp)",
                assertThrows(IOException.class, () -> ImageFolder.read(folder, 1, 1))
                        .getMessage());
    }

    private void assertBad(String message) throws IOException {
        DataSets data = ImageFolder.read(folder, 1, 1, 0.5, 0);
        UncheckedIOException thrown = assertThrows(UncheckedIOException.class, () -> {
            try (DataLoader train = new DataLoader(data.train(), 1);
                    DataLoader validation = new DataLoader(data.validation(), 1)) {
                train.forEach(1, batch -> {});
                validation.forEach(1, batch -> {});
            }
        });
        String why = String.valueOf(Objects.requireNonNull(thrown.getCause()).getMessage());
        assertTrue(why.startsWith(message), why);
        assertFalse(why.contains("\n"), why);
    }

    @Test
    void saysWhatIsWrongWithAFolder() throws IOException {
        Path none = folder.resolve("none");
        assertMessage("no folder " + none, none);
        assertMessage(folder + ": has no folders of classes, such as " + folder.resolve("cat/1.png"), folder);
        assertFalse(ImageFolder.isIn(folder));
        write("a/1.png", 1);
        assertMessage(folder + ": must have at least 2 folders of classes, but has only a", folder);
        assertMessage(
                folder.resolve("a/1.png") + " must be the folder with the images, but was a file",
                folder.resolve("a/1.png"));
        assertEquals(
                "channels must be 1 (grey) or 3 (RGB), but was 2",
                assertThrows(IllegalArgumentException.class, () -> ImageFolder.read(folder, 8, 2))
                        .getMessage());
        assertEquals(
                "size must be at least 1, but was 0",
                assertThrows(IllegalArgumentException.class, () -> ImageFolder.read(folder, 0, 3))
                        .getMessage());
    }

    private static void assertMessage(String message, Path folder) {
        assertEquals(
                message,
                assertThrows(IOException.class, () -> ImageFolder.read(folder, 8, 3))
                        .getMessage());
    }

    private static Stream<String> described(Dataset data) {
        return IntStream.range(0, data.size())
                .mapToObj(i -> data.label(i) + " " + Math.rint((DatasetTest.sample(data, i)[0] + 1) * 127.5));
    }

    /** An image of 6 x 3 pixels of one grey. */
    private Path write(String name, int grey) throws IOException {
        BufferedImage image = new BufferedImage(6, 3, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 18; i++) {
            image.setRGB(i % 6, i / 6, grey * 0x010101);
        }
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        String format = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        assertTrue(ImageIO.write(image, format, file.toFile()), format);
        return file;
    }
}
