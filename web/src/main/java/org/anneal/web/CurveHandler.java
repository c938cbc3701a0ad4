package org.anneal.web;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.convert.Target;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.UnknownNamesException;
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

    /**
     * A client's request, of a {@link Piece}.
     *
     * @param target the library that the schedule is also written for, if any
     * @param program whether that is a whole program
     */
    record Question(
            String expression,
            Map<String, String> set,
            Optional<String> pick,
            Conditions run,
            Optional<Target> target,
            Optional<Boolean> program) {}

    /**
     * What is wrong with an expression.
     *
     * @param line of the text, from 1, if that is known
     * @param column of that line, from 1
     * @param names that the text takes from outside, so far as is known
     * @param missing those of them that only have to be filled in: if there are any, nothing is known to be wrong
     * @param values what is wrong with the value of a name, by the name
     */
    record Problem(
            String message,
            Optional<Integer> line,
            Optional<Integer> column,
            Collection<String> names,
            Collection<String> missing,
            Map<String, String> values) {
        static Problem of(RuntimeException e, Collection<String> names) {
            Optional<PythonSyntaxException> place =
                    e instanceof PythonSyntaxException known ? Optional.of(known) : Optional.empty();
            return new Problem(
                    Answer.reason(e),
                    place.map(PythonSyntaxException::line),
                    place.map(PythonSyntaxException::column),
                    names,
                    e instanceof UnknownNamesException unknown ? unknown.names() : List.of(),
                    Map.of());
        }
    }

    record Failed(Problem error) {}

    /**
     * The head, which precedes the values.
     *
     * @param names that the text takes from outside
     * @param optimizer what the optimizer's line says, if the text has one
     * @param stepPer what the text says that the schedule is stepped after
     * @param momentum its one value, if it never changes
     * @param end the reason, if there are fewer rows than steps
     * @param code by the library it is for, if the client asked for one
     */
    record Head(
            String policy,
            Collection<String> names,
            Optional<Reading.Line> optimizer,
            Optional<StepPer> stepPer,
            int rows,
            int groups,
            Optional<Double> momentum,
            boolean takesMetric,
            Optional<String> end,
            List<Curves.Found> findings,
            List<Curves.Found> notes,
            Map<String, String> code) {}

    private final Lanes lanes;

    CurveHandler(Lanes lanes) {
        this.lanes = lanes;
    }

    void handle(Exchange exchange) throws Refusal {
        Question question = Answer.read(exchange, Question.class);
        Conditions run = question.run();
        Piece piece = new Piece(question.expression(), question.set(), question.pick());
        if (piece.expression() == null || run == null) {
            throw new Refusal(400, "the request must have an expression and a run");
        }
        if (question.target().filter(Target.TRANSFORMERS::equals).isPresent()) {
            // The search for its functions can take longer than a turn may, and cannot be stopped.
            throw new Refusal(400, "target must be java, pytorch, optax or keras here, but was transformers");
        }
        run.check();
        piece.check();
        Reading reading;
        // Only what is read tells how many groups there are, and so how much memory is needed.
        try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
            reading = Reading.of(piece, run, turn);
        } catch (Reading.Misread e) {
            fail(exchange, e.problem());
            return;
        }
        int values = lanes.reserve(run.values(reading.groups().size()));
        Request.addCompletionListener(exchange.request(), failure -> lanes.release(values));
        answer(exchange, reading, question);
    }

    private void answer(Exchange exchange, Reading reading, Question question) throws Refusal {
        Conditions run = question.run();
        Optional<Target> target = question.target();
        Curves curves;
        Curves.Checked checked;
        Map<String, String> code;
        try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
            curves = Curves.of(reading, run, turn);
            checked = curves.check(run, turn);
            code = target.isPresent()
                    ? Map.of(target.get().toString(), code(target.get(), curves, reading, question))
                    : Map.of();
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            fail(exchange, Problem.of(e, reading.names()));
            return;
        }
        double first = curves.momentum[0];
        boolean constant = Arrays.stream(curves.momentum).allMatch(value -> value == first);
        Head head = new Head(
                curves.call.policy().toString(),
                reading.names(),
                reading.line(),
                curves.call.stepPer(),
                curves.rows(),
                reading.groups().size(),
                constant ? Optional.of(first) : Optional.empty(),
                curves.takesMetric,
                curves.end,
                checked.findings(),
                checked.notes(),
                code);
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

    /** {@return the code, or a comment that says why there is none} */
    private static String code(Target target, Curves curves, Reading reading, Question question) {
        Policy policy = curves.call.policy();
        try {
            return question.program().orElse(false)
                    ? target.program(
                            policy,
                            curves.call.lastEpoch(),
                            reading.rule(),
                            reading.groups(),
                            question.run().total())
                    : target.write(policy, curves.call.lastEpoch(), reading.rule(), reading.groups());
        } catch (IllegalArgumentException e) {
            return "# " + e.getMessage() + "\n";
        }
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
