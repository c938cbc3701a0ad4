package org.anneal.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Few made-up grey images, in Fashion-MNIST's layout: 50 to train on and 20 to validate, of two classes. */
final class GreyImages {
    private GreyImages() {}

    /** Makes {@code folder} and {@return it} */
    static Path write(Path folder) throws IOException {
        Files.createDirectory(folder);
        for (String part : new String[] {"train", "t10k"}) {
            int count = part.equals("train") ? 50 : 20;
            ByteBuffer images = ByteBuffer.allocate(16 + count * 784);
            images.putInt(0x803).putInt(count).putInt(28).putInt(28);
            ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
            for (int i = 0; i < count; i++) {
                byte[] image = new byte[784];
                Arrays.fill(image, 0, 784, (byte) (i % 2 * 200));
                images.put(image);
                labels.put((byte) (i % 2));
            }
            Files.write(folder.resolve(part + "-images-idx3-ubyte"), images.array());
            Files.write(folder.resolve(part + "-labels-idx1-ubyte"), labels.array());
        }
        return folder;
    }
}
