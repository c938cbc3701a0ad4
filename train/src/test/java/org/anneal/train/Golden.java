package org.anneal.train;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A line of what parity/images.py wrote: what it is of, and torch's values. */
record Golden(String what, String of, double[] values) {
    static List<Golden> read(String name) throws IOException {
        try (InputStream in = Golden.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Golden::of)
                    .toList();
        }
    }

    private static Golden of(String line) {
        String[] parts = line.split(",");
        return new Golden(
                parts[0],
                parts[1],
                Arrays.stream(parts).skip(2).mapToDouble(Double::parseDouble).toArray());
    }

    float[] floats() {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** The same values as in the script. */
    static float[] filled(int number, int count, double scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            long whole = (i * 2654435761L + number * 40503L + 12345) & 0xffffffffL;
            whole = ((whole ^ (whole >> 15)) * 2246822519L) & 0xffffffffL;
            whole ^= whole >> 13;
            values[i] = (float) ((whole / 2147483648.0 - 1) * scale);
        }
        return values;
    }
}
