package org.anneal.train;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A line of what parity/images.py wrote: what it is of, and torch's values. */
public record Golden(String what, String of, List<Double> values) {
    public static List<Golden> read(Class<?> test, String name) throws IOException {
        try (InputStream in = test.getResourceAsStream(name)) {
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
                Arrays.stream(parts).skip(2).map(Double::valueOf).toList());
    }

    public float[] floats() {
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i).floatValue();
        }
        return floats;
    }

    /** The same values as in the script. */
    public static float[] filled(int number, int count, double scale) {
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
