package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Context;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pieces of Python programs as people paste them, against the rates that PyTorch gives: parity/pieces.py. */
class PastedPiecesTest {

    /** A piece: its rates by group and step, or why it is refused. */
    record Piece(String name, Context context, String text, List<double[]> rates, Optional<String> refused) {

        PythonProgram read() {
            return PythonProgram.read(text, context);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (String line : lines()) {
            if (line.startsWith("piece,") && !lines.isEmpty()) {
                pieces.add(piece(lines));
                lines.clear();
            }
            lines.add(line);
        }
        pieces.add(piece(lines));
        return pieces;
    }

    private static Piece piece(List<String> lines) {
        String name = "";
        Context context = Context.EMPTY;
        String text = "";
        List<double[]> rates = new ArrayList<>();
        Optional<String> refused = Optional.empty();
        for (String line : lines) {
            String value = line.substring(line.indexOf(',') + 1).translateEscapes();
            switch (line.substring(0, line.indexOf(','))) {
                case "piece" -> name = value;
                case "set" ->
                    context = context.with(value.substring(0, split(value)), value.substring(split(value) + 1));
                case "pick" -> context = context.pick(value);
                case "text" -> text = value;
                case "rates" ->
                    rates.add(Arrays.stream(value.split(","))
                            .mapToDouble(Double::parseDouble)
                            .toArray());
                default -> refused = Optional.of(value);
            }
        }
        return new Piece(name, context, text, rates, refused);
    }

    /** Returns where the name of a setting ends: at the first = that is not in brackets. */
    private static int split(String setting) {
        int open = 0;
        int at = 0;
        while (open > 0 || setting.charAt(at) != '=') {
            open += "([".indexOf(setting.charAt(at)) >= 0 ? 1 : ")]".indexOf(setting.charAt(at)) >= 0 ? -1 : 0;
            at++;
        }
        return at;
    }

    private static List<String> lines() {
        String file = "/golden/pieces.txt";
        try (InputStream in = Objects.requireNonNull(PastedPiecesTest.class.getResourceAsStream(file), file)) {
            return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<Piece> thatAreRead() {
        return pieces().stream().filter(piece -> piece.refused().isEmpty());
    }

    static Stream<Piece> thatAreRefused() {
        return pieces().stream().filter(piece -> piece.refused().isPresent());
    }

    @ParameterizedTest
    @MethodSource("thatAreRead")
    void givePyTorchsRates(Piece piece) {
        PythonProgram program = piece.read();
        SchedulerCall call = SchedulerCall.of(program);
        List<UpdateRule> groups = UpdateRule.groups(program);
        assertRates(piece, call, groups.isEmpty() ? List.of(new SGD(0.1)) : groups);
    }

    private static void assertRates(Piece piece, SchedulerCall call, List<UpdateRule> groups) {
        assertEquals(piece.rates().size(), groups.size(), "groups");
        Simulation run = new Simulation(call, groups);
        run.metric(step -> 1.0);
        run.walk(piece.rates().get(0).length, step -> {
            for (int group = 0; group < groups.size(); group++) {
                double[] rates = piece.rates().get(group);
                double largest = Arrays.stream(rates).map(Math::abs).max().orElseThrow();
                assertEquals(
                        rates[Math.toIntExact(step)],
                        run.rate(group),
                        1e-12 * largest,
                        piece + ", step " + step + ", group " + group);
            }
            return true;
        });
        assertEquals(piece.rates().get(0).length, run.step());
    }

    @ParameterizedTest
    @MethodSource("thatAreRead")
    void areOneCallThatNeedsNothingFromOutside(Piece piece) {
        Policy policy = SchedulerCall.of(piece.read()).policy();
        assertEquals(policy, Policy.parse(policy.toString()));
        List<UpdateRule> groups = UpdateRule.groups(piece.read());
        groups.forEach(rule -> assertEquals(rule, UpdateRule.parse(rule.toString())));
        assertRates(piece, SchedulerCall.parse(policy.toString()), groups.isEmpty() ? List.of(new SGD(0.1)) : groups);
    }

    @ParameterizedTest
    @MethodSource("thatAreRefused")
    void areRefusedWithTheReasonAndThePlace(Piece piece) {
        PythonSyntaxException refused = assertThrows(PythonSyntaxException.class, () -> SchedulerCall.of(piece.read()));
        assertEquals(piece.refused().orElseThrow(), refused.getMessage());
    }

    @Test
    void areManyOfBoth() {
        assertTrue(thatAreRead().count() >= 110);
        assertTrue(thatAreRefused().count() >= 15);
    }
}
