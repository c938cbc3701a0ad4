package org.anneal.web;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.anneal.schedule.ScheduleSyntaxException;

/**
 * {@code POST /api/curves}: the curves of one expression. The answer is a head in JSON and then Float64 values, all in little
 * endian: the head's length as an int32, the head, padded with spaces to a multiple of 8 together with its length, and
 * {@code rows} values for each group, and for the momentum unless the head says its one value.
 *
 * <p>An expression that is refused is answered too: its head has nothing but an error, and where.
 */
final class CurveHandler {
    private static final Duration LIMIT = Duration.ofSeconds(6);
    private static final long WAIT_SECONDS = 10;
    private static final int LONGEST_EXPRESSION = 100_000;
    private static final int CHUNK = 64 * 1024;

    /** What a client asks. */
    record Question(String expression, Run run) {}

    /** What is wrong with an expression, and where if that is known, from 1. */
    record Problem(String message, Optional<Integer> line, Optional<Integer> column) {}

    record Failed(Problem error) {}

    /**
     * What comes before the values.
     *
     * @param momentum if it never changes
     * @param end why there are fewer rows than steps
     */
    record Head(
            String policy,
            int rows,
            int groups,
            Optional<Double> momentum,
            boolean takesMetric,
            Optional<String> end,
            List<Curves.Found> findings,
            String java,
            String python) {}

    /** Values that may be held for clients at a time; more wait. */
    private final Semaphore room = new Semaphore((int) (2 * Run.MOST_VALUES));

    void handle(HttpExchange exchange) throws IOException, Refusal {
        Question question = Answer.read(exchange, Question.class);
        check(question);
        int values = reserve(question.run().values());
        try {
            answer(exchange, question);
        } finally {
            room.release(values);
        }
    }

    /** Refuses what no answer is computed for. */
    static void check(Question question) throws Refusal {
        if (question.expression() == null || question.run() == null) {
            throw new Refusal(400, "the request must have an expression and a run");
        }
        question.run().check();
        if (question.expression().length() > LONGEST_EXPRESSION) {
            throw new Refusal(
                    400,
                    "an expression must have at most " + LONGEST_EXPRESSION + " characters, but has "
                            + question.expression().length());
        }
    }

    /** Waits until there is room for as many values, and {@return them} */
    int reserve(long wanted) throws Refusal {
        int values = Math.toIntExact(wanted);
        try {
            if (!room.tryAcquire(values, WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw new Refusal(503, "the server is busy: try again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Refusal(503, "the server is ending");
        }
        return values;
    }

    void release(int values) {
        room.release(values);
    }

    private static void answer(HttpExchange exchange, Question question) throws IOException, Refusal {
        Run run = question.run();
        TimeLimit limit = TimeLimit.of(LIMIT);
        Curves curves;
        List<Curves.Found> findings;
        try {
            curves = Curves.of(question.expression(), run, limit);
            findings = curves.findings(run, limit);
        } catch (ScheduleSyntaxException e) {
            fail(exchange, new Problem(Answer.reason(e), Optional.of(e.line()), Optional.of(e.column())));
            return;
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            fail(exchange, new Problem(Answer.reason(e), Optional.empty(), Optional.empty()));
            return;
        }
        double first = curves.momentum()[0];
        boolean constant = Arrays.stream(curves.momentum()).allMatch(value -> value == first);
        Head head = new Head(
                curves.call().policy().toString(),
                curves.rows(),
                run.lr().size(),
                constant ? Optional.of(first) : Optional.empty(),
                curves.takesMetric(),
                curves.end(),
                findings,
                JavaCode.of(curves.call().policy(), curves.call().lastEpoch()),
                PythonCode.of(curves.call().policy(), curves.call().lastEpoch(), run.rule(), run.lr()));
        byte[] json = padded(Answer.JSON.writeValueAsBytes(head));
        int columns = run.lr().size() + (constant ? 0 : 1);
        exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
        exchange.sendResponseHeaders(200, json.length + 8L * columns * curves.rows());
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(json);
            for (int group = 0; group < run.lr().size(); group++) {
                write(out, curves.rates(group));
            }
            if (!constant) {
                write(out, curves.momentum());
            }
        }
    }

    private static void fail(HttpExchange exchange, Problem problem) throws IOException {
        Answer.send(
                exchange, 200, "application/octet-stream", padded(Answer.JSON.writeValueAsBytes(new Failed(problem))));
    }

    private static byte[] padded(byte[] json) {
        int length = (4 + json.length + 7) / 8 * 8;
        byte[] padded = new byte[length];
        Arrays.fill(padded, (byte) ' ');
        ByteBuffer.wrap(padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length - 4)
                .put(json);
        return padded;
    }

    private static void write(OutputStream out, double[] values) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        int perChunk = CHUNK / Double.BYTES;
        for (int from = 0; from < values.length; from += perChunk) {
            int count = Math.min(perChunk, values.length - from);
            chunk.clear();
            chunk.asDoubleBuffer().put(values, from, count);
            out.write(chunk.array(), 0, count * Double.BYTES);
        }
    }
}
