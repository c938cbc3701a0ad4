package org.anneal.parity;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A golden file of cases, in the layout that generate.py describes. */
final class Golden {
    private Golden() {}

    /** {@return the cases of {@code file}, by their ids} */
    static Stream<Named<JsonNode>> cases(String file) {
        try (InputStream in = Objects.requireNonNull(Golden.class.getResourceAsStream("/golden/" + file), file)) {
            return new ObjectMapper()
                    .readTree(in)
                    .get("cases")
                    .valueStream()
                    .map(golden -> Named.of(golden.get("id").asString(), golden));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@return a number, which is a string if it is infinite or NaN} */
    static double number(JsonNode json) {
        return json.isString() ? Double.parseDouble(json.asString()) : json.asDouble();
    }

    static double[] doubles(JsonNode json) {
        return json.valueStream().mapToDouble(Golden::number).toArray();
    }

    static float[] floats(JsonNode json) {
        double[] values = doubles(json);
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** {@return the largest absolute value that is finite, at least the smallest float} */
    static float largest(float... values) {
        float largest = Float.MIN_NORMAL;
        for (float value : values) {
            largest = Float.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
        }
        return largest;
    }
}
