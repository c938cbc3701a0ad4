package org.anneal.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** Archives as PyTorch writes them, with any pickle in them, and the means to damage one on purpose. */
final class TestZip {
    private TestZip() {}

    /** {@return an archive of this pickle and one storage of 16 bytes} */
    static byte[] of(byte[] pickle) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ZipWriter zip = new ZipWriter(Channels.newChannel(out));
        zip.add("archive/data.pkl", new HeapStorage(pickle));
        zip.add("archive/byteorder", "little");
        zip.add("archive/data/0", new HeapStorage(new byte[16]));
        zip.add("archive/version", "3\n");
        zip.finish();
        return out.toByteArray();
    }

    /** {@return an archive of entries of text} */
    static byte[] ofEntries(String... namesAndTexts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ZipWriter zip = new ZipWriter(Channels.newChannel(out));
        for (int i = 0; i < namesAndTexts.length; i += 2) {
            zip.add(namesAndTexts[i], namesAndTexts[i + 1]);
        }
        zip.finish();
        return out.toByteArray();
    }

    /** {@return bytes from text: letters, {@code \xff} for a byte, and spaces and line ends for nothing} */
    static byte[] pickle(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (letter == '\\' && text.charAt(i + 1) == 'x') {
                bytes.write(Integer.parseInt(text.substring(i + 2, i + 4), 16));
                i += 3;
            } else if (letter == '\\' && text.charAt(i + 1) == 'n') {
                bytes.write('\n');
                i++;
            } else if (letter != ' ' && letter != '\n') {
                bytes.write(letter);
            }
        }
        return bytes.toByteArray();
    }

    /** Where an entry's data are, by its record in the directory. */
    record Place(int central, int start, int size) {}

    static Place find(byte[] archive, String name) {
        String text = new String(archive, StandardCharsets.ISO_8859_1);
        int central = text.lastIndexOf(name) - 46;
        ByteBuffer bytes = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
        int header = bytes.getInt(central + 42);
        int start = header + 30 + bytes.getShort(header + 26) + bytes.getShort(header + 28);
        return new Place(central, start, bytes.getInt(central + 24));
    }

    /** {@return whether an entry is not packed} */
    static boolean isStored(byte[] archive, String name) {
        return archive[find(archive, name).central() + 10] == 0;
    }

    /** Makes the checksum of an entry right again. */
    static void repair(byte[] archive, String name) {
        Place place = find(archive, name);
        CRC32 checksum = new CRC32();
        checksum.update(archive, place.start, place.size);
        ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN).putInt(place.central + 16, (int) checksum.getValue());
    }

    static Path write(Path folder, byte[] bytes) throws IOException {
        return Files.write(folder.resolve("x.pt"), bytes);
    }
}
