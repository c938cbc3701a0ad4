package org.anneal.train.data;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Decodes an image file to bytes, channel by channel, and resizes it as Pillow does. */
final class ImageFile {
    private static final int PRECISION = 22; // bits of a weight after the point, as in Pillow's Resample.c

    private ImageFile() {}

    /**
     * {@return the image in a file, in the colours and the size of {@code image}}
     *
     * @throws UncheckedIOException if it cannot be read; the message names the file
     */
    static byte[] read(Path file, Images image) {
        BufferedImage decoded = decode(file);
        byte[] pixels = channels(decoded, image.channels());
        Images from = new Images(image.channels(), decoded.getHeight(), decoded.getWidth());
        return resize(pixels, from, image.height(), image.width());
    }

    private static BufferedImage decode(Path file) {
        try {
            BufferedImage decoded = ImageIO.read(file.toFile());
            if (decoded == null) {
                throw new UncheckedIOException(
                        new IOException(file + ": is not an image that can be read (png, jpg, gif, bmp)"));
            }
            return decoded;
        } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException | NegativeArraySizeException e) {
            // ImageIO's readers throw all of these for damaged files.
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new UncheckedIOException(new IOException(file + ": cannot be read as an image: " + why, e));
        }
    }

    /** {@return the values of the channels, one after another: grey or red, green, blue} */
    private static byte[] channels(BufferedImage image, int channels) {
        int width = image.getWidth();
        int pixels = width * image.getHeight();
        byte[] values = new byte[channels * pixels];
        int[] row = new int[width * Math.max(1, image.getRaster().getNumBands())];
        for (int y = 0; y < image.getHeight(); y++) {
            readRow(image, y, row);
            for (int x = 0; x < width; x++) {
                int red = row[x] >> 16 & 0xff;
                int green = row[x] >> 8 & 0xff;
                int blue = row[x] & 0xff;
                int at = y * width + x;
                if (channels == 1) {
                    values[at] = (byte) ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16); // Pillow's L
                } else {
                    values[at] = (byte) red;
                    values[pixels + at] = (byte) green;
                    values[2 * pixels + at] = (byte) blue;
                }
            }
        }
        return values;
    }

    /**
     * Reads the colours of a row, 0xRRGGBB, as they are in the file: Java's getRGB() would convert grey, and colours with a profile.
     *
     * @param row has room for each band of each pixel
     */
    private static void readRow(BufferedImage image, int y, int[] row) {
        int width = image.getWidth();
        ColorModel colours = image.getColorModel();
        if (!(colours instanceof ComponentColorModel)) {
            image.getRGB(0, y, width, 1, row, 0, width);
            return;
        }
        image.getRaster().getPixels(0, y, width, 1, row);
        int bands = image.getRaster().getNumBands();
        int bits = colours.getComponentSize(0);
        boolean grey = colours.getNumColorComponents() == 1;
        for (int x = 0; x < width; x++) {
            int red = toByte(row[x * bands], bits);
            int green = grey ? red : toByte(row[x * bands + 1], bits);
            int blue = grey ? red : toByte(row[x * bands + 2], bits);
            row[x] = red << 16 | green << 8 | blue;
        }
    }

    private static int toByte(int value, int bits) {
        return bits >= 8 ? value >> (bits - 8) : value * 255 / ((1 << bits) - 1);
    }

    /** Pillow's bilinear filter, in its fixed-point arithmetic: rows first, then columns, each rounded to bytes. */
    static byte[] resize(byte[] pixels, Images from, int height, int width) {
        Images wide = new Images(from.channels(), from.height(), width);
        byte[] inRows = width == from.width() ? pixels : new byte[wide.length()];
        if (width != from.width()) {
            Weights[] weights = Weights.of(from.width(), width);
            for (int line = 0; line < from.channels() * from.height(); line++) {
                for (int x = 0; x < width; x++) {
                    inRows[line * width + x] = weights[x].apply(pixels, line * from.width(), 1);
                }
            }
        }
        if (height == from.height()) {
            return inRows;
        }
        Images to = new Images(from.channels(), height, width);
        byte[] resized = new byte[to.length()];
        Weights[] weights = Weights.of(from.height(), height);
        for (int channel = 0; channel < to.channels(); channel++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    resized[to.index(channel, y, x)] = weights[y].apply(inRows, wide.index(channel, 0, x), width);
                }
            }
        }
        return resized;
    }

    /** How much each of some pixels in a row, from {@code first} on, counts in a new one. */
    private static final class Weights {
        private final int first;
        private final int[] shares;

        private Weights(int first, int[] shares) {
            this.first = first;
            this.shares = shares;
        }

        static Weights[] of(int from, int to) {
            double scale = (double) from / to;
            double support = Math.max(scale, 1);
            Weights[] all = new Weights[to];
            for (int i = 0; i < to; i++) {
                double centre = (i + 0.5) * scale;
                int first = Math.max(0, (int) (centre - support + 0.5));
                int end = Math.min(from, (int) (centre + support + 0.5));
                double[] shares = new double[end - first];
                double sum = 0;
                for (int k = 0; k < shares.length; k++) {
                    shares[k] = Math.max(0, 1 - Math.abs((k + first - centre + 0.5) * (1 / support)));
                    sum += shares[k];
                }
                int[] rounded = new int[shares.length];
                for (int k = 0; k < shares.length; k++) {
                    rounded[k] = (int) (0.5 + shares[k] * (sum == 0 ? 1 : 1 / sum) * (1 << PRECISION));
                }
                all[i] = new Weights(first, rounded);
            }
            return all;
        }

        byte apply(byte[] pixels, int start, int step) {
            int sum = 1 << (PRECISION - 1);
            for (int k = 0; k < shares.length; k++) {
                sum += (pixels[start + (first + k) * step] & 0xff) * shares[k];
            }
            return (byte) Math.max(0, Math.min(255, sum >> PRECISION));
        }
    }
}
