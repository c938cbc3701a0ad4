package org.anneal.web;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.json.JsonMapper;

/** Reads what clients send, within bounds, and writes what they get. */
final class Answer {
    static final int MOST_BYTES = 128 * 1024;
    private static final long MOST_DRAINED = 16L * 1024 * 1024;

    static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    private Answer() {}

    /** {@return the JSON that the client sent} */
    static <T> T read(HttpExchange exchange, Class<T> type) throws IOException, Refusal {
        require(exchange, "POST");
        String content = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
        if (!content.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
            throw new Refusal(415, "Content-Type must be application/json, but was " + content);
        }
        byte[] bytes = body(exchange.getRequestBody());
        T value;
        try {
            value = JSON.readValue(bytes, type);
        } catch (JacksonException e) {
            // What a record refused, it says itself.
            throw new Refusal(
                    400,
                    e.getCause() instanceof IllegalArgumentException refusal
                            ? reason(refusal)
                            : "the request is not understood: " + rule(e));
        }
        if (value == null) {
            throw new Refusal(400, "the request is not understood: it is null");
        }
        return value;
    }

    private static byte[] body(InputStream in) throws IOException, Refusal {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        long all = 0;
        // Read on a while past the limit: a client hears an answer only when it has sent what it wants to.
        for (int n = in.read(buffer); n >= 0 && all <= MOST_DRAINED; n = in.read(buffer)) {
            all += n;
            if (all <= MOST_BYTES) {
                body.write(buffer, 0, n);
            }
        }
        if (all > MOST_BYTES) {
            throw new Refusal(
                    413,
                    "a request must have at most " + MOST_BYTES + " bytes, but has "
                            + (all > MOST_DRAINED ? "more than " : "") + all);
        }
        return body.toByteArray();
    }

    /** {@return the field that is wrong, and its rule; Jackson's own words name our classes} */
    private static String rule(JacksonException e) {
        StringBuilder field = new StringBuilder();
        for (JacksonException.Reference at : e.getPath()) {
            if (at.getPropertyName() == null) {
                field.append('[').append(at.getIndex()).append(']');
            } else {
                field.append(field.isEmpty() ? "" : ".").append(at.getPropertyName());
            }
        }
        if (field.isEmpty()) {
            field.append("it");
        }
        if (e instanceof UnrecognizedPropertyException) {
            return "there is no field " + field;
        }
        Class<?> type = e instanceof MismatchedInputException mismatch
                ? mismatch.getTargetType()
                : e instanceof InputCoercionException coercion ? coercion.getTargetType() : null;
        if (type == null) {
            return "it must be JSON";
        }
        return field + " must be " + kind(type);
    }

    private static String kind(Class<?> type) {
        if (type.isEnum()) {
            return "one of "
                    + Stream.of(type.getEnumConstants()).map(String::valueOf).collect(Collectors.joining(", "));
        }
        return type == Boolean.class || type == boolean.class
                ? "true or false"
                : type == Long.class || type == long.class
                        ? "a whole number"
                        : Number.class.isAssignableFrom(type) || type.isPrimitive()
                                ? "a number"
                                : type == String.class
                                        ? "a text"
                                        : Collection.class.isAssignableFrom(type) ? "a list" : "an object";
    }

    /** {@return what went wrong, in one line} */
    static String reason(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    static void require(HttpExchange exchange, String method) throws Refusal {
        String asked = exchange.getRequestMethod();
        if (!asked.equals(method) && !(method.equals("GET") && asked.equals("HEAD"))) {
            exchange.getResponseHeaders().set("Allow", method.equals("GET") ? "GET, HEAD" : method);
            throw new Refusal(405, "the method must be " + method);
        }
    }

    static void json(HttpExchange exchange, Object value) throws IOException {
        send(exchange, 200, "application/json", JSON.writeValueAsBytes(value));
    }

    static void refuse(HttpExchange exchange, Refusal refusal) {
        try {
            byte[] bytes =
                    JSON.writeValueAsBytes(Map.of("error", Map.of("message", String.valueOf(refusal.getMessage()))));
            send(exchange, refusal.status(), "application/json", bytes);
        } catch (IOException e) {
            exchange.close(); // the answer has begun already, or the client is gone
        }
    }

    static void send(HttpExchange exchange, int status, String type, byte[] bytes) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            return;
        }
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }
}
