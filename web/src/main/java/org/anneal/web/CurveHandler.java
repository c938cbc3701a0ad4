package org.anneal.web;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.text.PythonSyntaxException;
import org.eclipse.jetty.server.Request;

/**
 * {@code POST /api/curves}: the curves of one expression. The answer is little-endian: the length of a JSON head as an int32; the
 * head, padded with spaces so that both together are a multiple of 8 bytes; then {@code rows} float64 values for each group, and
 * for the momentum unless the head has its one value.
 *
 * <p>For an expression that is refused, the head has only the error and its position.
 */
final class CurveHandler {
    private static final Duration LIMIT = Duration.ofSeconds(6);
    private static final int LONGEST_EXPRESSION = 100_000;

    /** A client's request. */
    record Question(String expression, Conditions run) {}

    /** What is wrong with an expression, and its position, from 1, if that is known. */
    record Problem(String message, Optional<Integer> line, Optional<Integer> column) {}

    record Failed(Problem error) {}

    /**
     * The head, which precedes the values.
     *
     * @param momentum its one value, if it never changes
     * @param end the reason, if there are fewer rows than steps
     */
    record Head(
            String policy,
            int rows,
            int groups,
            Optional<Double> momentum,
            boolean takesMetric,
            Optional<String> end,
            List<Curves.Found> findings,
            List<Curves.Found> notes,
            String java,
            String python) {}

    private final Lanes lanes;

    CurveHandler(Lanes lanes) {
        this.lanes = lanes;
    }

    void handle(Exchange exchange) throws Refusal {
        Question question = Answer.read(exchange, Question.class);
        check(question);
        int values = lanes.reserve(question.run().values());
        Request.addCompletionListener(exchange.request(), failure -> lanes.release(values));
        answer(exchange, question);
    }

    /** Refuses a request that is incomplete, or too large. */
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

    private void answer(Exchange exchange, Question question) throws Refusal {
        Conditions run = question.run();
        Curves curves;
        Curves.Checked checked;
        try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
            curves = Curves.of(question.expression(), run, turn);
            checked = curves.check(run, turn);
        } catch (PythonSyntaxException e) {
            fail(exchange, new Problem(Answer.reason(e), Optional.of(e.line()), Optional.of(e.column())));
            return;
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            fail(exchange, new Problem(Answer.reason(e), Optional.empty(), Optional.empty()));
            return;
        }
        double first = curves.momentum[0];
        boolean constant = Arrays.stream(curves.momentum).allMatch(value -> value == first);
        Head head = new Head(
                curves.call.policy().toString(),
                curves.rows(),
                run.lr().size(),
                constant ? Optional.of(first) : Optional.empty(),
                curves.takesMetric,
                curves.end,
                checked.findings(),
                checked.notes(),
                JavaCode.of(curves.call.policy(), curves.call.lastEpoch()),
                PythonCode.of(curves.call.policy(), curves.call.lastEpoch(), run.rule(), run.lr()));
        List<double[]> columns = new ArrayList<>(List.of(curves.rates));
        if (!constant) {
            columns.add(curves.momentum);
        }
        byte[] json = padded(Answer.JSON.writeValueAsBytes(head));
        Answer.send(
                exchange,
                "application/octet-stream",
                json.length + 8L * columns.size() * curves.rows(),
                Stream.concat(Stream.of(ByteBuffer.wrap(json)), bytes(columns, curves.rows())));
    }

    private static void fail(Exchange exchange, Problem problem) {
        Answer.send(exchange, "application/octet-stream", padded(Answer.JSON.writeValueAsBytes(new Failed(problem))));
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

    /** {@return the columns, one after another, in parts of {@link Answer#PART} bytes} */
    private static Stream<ByteBuffer> bytes(List<double[]> columns, int rows) {
        int perPart = Answer.PART / Double.BYTES;
        int parts = (rows + perPart - 1) / perPart; // of a column
        return IntStream.range(0, columns.size() * parts).mapToObj(part -> {
            int from = part % parts * perPart;
            int count = Math.min(perPart, rows - from);
            ByteBuffer bytes = ByteBuffer.allocate(count * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asDoubleBuffer().put(columns.get(part / parts), from, count);
            return bytes;
        });
    }
}
