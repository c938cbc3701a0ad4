package org.anneal.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingNestedCallback;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.json.JsonMapper;

/** Reads requests and writes responses. */
final class Answer {
    /** Bytes written at a time. */
    static final int PART = 64 * 1024;

    private static final System.Logger LOG = System.getLogger(Answer.class.getName());

    static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    private Answer() {}

    /** {@return the JSON that the client sent} */
    static <T> T read(Exchange exchange, Class<T> type) throws Refusal {
        require(exchange, "POST");
        String content = String.valueOf(exchange.request().getHeaders().get(HttpHeader.CONTENT_TYPE));
        if (!content.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
            throw new Refusal(415, "Content-Type must be application/json, but was " + content);
        }
        T value;
        try {
            value = JSON.readValue(exchange.body(), type);
        } catch (JacksonException e) {
            // A record that refuses a value gives its own reason.
            throw new Refusal(
                    400,
                    e.getCause() instanceof IllegalArgumentException refusal
                            ? reason(refusal)
                            : "invalid request: " + rule(e));
        }
        if (value == null) {
            throw new Refusal(400, "invalid request: it is null");
        }
        return value;
    }

    /** {@return the wrong field and its rule; Jackson's own message would name our classes} */
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
            return "unknown field " + field;
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
                                        ? "a string"
                                        : Collection.class.isAssignableFrom(type) ? "a list" : "an object";
    }

    /** {@return the first line of a message} */
    static String reason(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    static void require(Exchange exchange, String method) throws Refusal {
        String asked = exchange.request().getMethod();
        if (!asked.equals(method) && !(method.equals("GET") && exchange.isHead())) {
            exchange.response().getHeaders().put(HttpHeader.ALLOW, method.equals("GET") ? "GET, HEAD" : method);
            throw new Refusal(405, "the method must be " + method);
        }
    }

    static void json(Exchange exchange, Object value) {
        send(exchange, "application/json", JSON.writeValueAsBytes(value));
    }

    /** Answers a request that failed with the reason. A failure that is not a {@link Refusal} is logged. */
    static void refuse(Request request, Response response, Callback callback, Throwable reason) {
        if (reason instanceof IOException || reason instanceof TimeoutException) {
            callback.failed(reason); // the client is gone, or too slow
            return;
        }
        Refusal refusal;
        if (reason instanceof Refusal said) {
            refusal = said;
        } else {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "a request failed: " + request.getHttpURI().getPath(),
                    reason);
            refusal = new Refusal(500, "internal error: see the server's log");
        }
        if (response.isCommitted()) {
            callback.failed(reason);
            return;
        }
        byte[] bytes = JSON.writeValueAsBytes(Map.of("error", Map.of("message", String.valueOf(refusal.getMessage()))));
        response.setStatus(refusal.status());
        send(
                new Exchange(request, response, callback, InputStream.nullInputStream()),
                "application/json",
                bytes.length,
                Stream.of(ByteBuffer.wrap(bytes)));
    }

    static void send(Exchange exchange, String type, byte[] bytes) {
        Stream<ByteBuffer> parts = IntStream.iterate(0, from -> from < bytes.length, from -> from + PART)
                .mapToObj(from -> ByteBuffer.wrap(bytes, from, Math.min(PART, bytes.length - from)));
        send(exchange, type, bytes.length, parts);
    }

    /** Sends an answer in parts, each made when the previous one is written: no thread waits for the client. */
    static void send(Exchange exchange, String type, long length, Stream<ByteBuffer> parts) {
        exchange.response().getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        exchange.response().getHeaders().put(HttpHeader.CONTENT_LENGTH, length);
        if (exchange.isHead()) {
            exchange.callback().succeeded();
        } else {
            write(exchange.response(), parts, exchange.callback());
        }
    }

    /** Writes parts of an answer, which may have more. */
    static void write(Response response, Stream<ByteBuffer> parts, Callback callback) {
        Iterator<ByteBuffer> left = parts.iterator();
        new IteratingNestedCallback(callback) {
            @Override
            protected Action process() {
                if (!left.hasNext()) {
                    return Action.SUCCEEDED;
                }
                response.write(false, left.next(), this);
                return Action.SCHEDULED;
            }
        }.iterate();
    }
}
