package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds {@code docs/gallery.md} to what its lines draw; with {@code -Dgallery=write} it writes it first. */
class GalleryTest {
    @TempDir
    static Path folder;

    private static Gallery gallery;

    @BeforeAll
    static void draw() throws Exception {
        gallery = new Gallery(folder);
        if (System.getProperty("gallery", "").equals("write")) {
            gallery.write();
        }
    }

    @Test
    void everyPolicyHasAPicture() {
        Set<Class<?>> shown = gallery.policies().stream().map(Object::getClass).collect(Collectors.toSet());
        assertEquals(kinds().collect(Collectors.toSet()), shown);
    }

    private static Stream<Class<?>> kinds() {
        return Stream.concat(
                Policy.kinds().stream().map(Kind::type), Arrays.stream(ComposedPlateau.class.getPermittedSubclasses()));
    }

    @Test
    void theGalleryIsWhatItsLinesDraw() throws IOException {
        Map<String, byte[]> files = gallery.files();
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            assertArrayEquals(
                    file.getValue(),
                    Files.readAllBytes(Gallery.DOCS.resolve(file.getKey())),
                    () -> "docs/" + file.getKey() + " is not what its line draws: see CONTRIBUTING.md");
        }
        try (Stream<Path> images = Files.list(Gallery.DOCS.resolve(Gallery.IMAGES))) {
            assertEquals(files.size() - 1, images.count());
        }
    }
}
