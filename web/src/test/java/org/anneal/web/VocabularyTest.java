package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What the page knows of the text form is what the text form is. */
class VocabularyTest {
    private static final Map<String, String> VALUES = Map.ofEntries(
            Map.entry("steps", "7"),
            Map.entry("integer", "2"),
            Map.entry("number", "0.5"),
            Map.entry("rate", "0.01"),
            Map.entry("steps-list", "[7]"),
            Map.entry("truth", "True"),
            Map.entry("lambda", "lambda x: 0.5"),
            Map.entry("call", "StepLR(3)"),
            Map.entry("calls", "[StepLR(3), StepLR(4)]"),
            Map.entry("numbers", "[0.5, 1.0]"));

    private static JsonNode read(String file) {
        try (InputStream in = Objects.requireNonNull(Assets.class.getResourceAsStream(file))) {
            return Answer.JSON.readTree(in.readAllBytes());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static Stream<JsonNode> kinds() {
        byte[] served = new Assets(List.of(Assets.PLAYGROUND))
                .at("/vocabulary.json")
                .orElseThrow()
                .bytes();
        return Answer.JSON.readTree(served).valueStream();
    }

    static Stream<String> cards() {
        return read("gallery.json")
                .valueStream()
                .flatMap(group -> group.get("cards").valueStream())
                .map(card -> card.get("expression").asString());
    }

    private static Set<String> names() {
        return Policy.kinds().stream().map(Kind::name).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyKindIsKnownAndHasACard() {
        assertEquals(
                names(),
                new TreeSet<>(kinds().map(kind -> kind.get("name").asString()).toList()));
        for (String name : names()) {
            assertTrue(cards().anyMatch(card -> card.startsWith(name + "(")), name);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyParameterIsOneAndNoOtherIs(JsonNode kind) {
        String name = kind.get("name").asString();
        List<String> required = new ArrayList<>();
        for (JsonNode parameter : kind.get("parameters")) {
            if (parameter.path("required").asBoolean(false)) {
                required.add(argument(parameter));
            }
        }
        boolean oneCycle = name.equals("OneCycleLR");
        for (JsonNode parameter : kind.get("parameters")) {
            String given = argument(parameter);
            List<String> arguments = new ArrayList<>(required);
            if (!arguments.contains(given)) {
                arguments.add(given);
            }
            if (oneCycle && !given.startsWith("total_steps")) {
                arguments.add("total_steps=7");
            }
            Policy.parse(name + "(" + String.join(", ", arguments) + ")");
        }
        PythonSyntaxException refused =
                assertThrows(PythonSyntaxException.class, () -> Policy.parse(name + "(nonsense_of_no_kind=1)"));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.contains("unknown parameter"), message);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyDefaultIsPyTorchs(JsonNode kind) {
        String name = kind.get("name").asString();
        String required = String.join(
                ", ",
                kind.get("parameters")
                        .valueStream()
                        .filter(parameter -> parameter.path("required").asBoolean(false))
                        .map(VocabularyTest::argument)
                        .toList());
        String start = required + (name.equals("OneCycleLR") ? ", total_steps=7" : "");
        for (JsonNode parameter : kind.get("parameters")) {
            Optional<String> literal = literal(parameter.path("default"));
            literal.ifPresent(value -> assertEquals(
                    Policy.parse(name + "(" + start + ")"),
                    Policy.parse(name + "(" + (start.isEmpty() ? "" : start + ", ")
                            + parameter.get("name").asString() + "=" + value + ")")));
        }
    }

    private static String argument(JsonNode parameter) {
        String type = parameter.get("type").asString();
        String value = VALUES.get(type);
        if (type.equals("choice")) {
            value = "'" + parameter.get("values").get(0).asString() + "'";
        } else if (type.equals("call") && parameter.get("name").asString().equals("policy")) {
            value = "ReduceLROnPlateau()";
        } else if (type.equals("number") && parameter.has("from")) { // the middle of its slider
            value = Double.toString(
                    (parameter.get("from").asDouble() + parameter.get("to").asDouble()) / 2);
        }
        return parameter.get("name").asString() + "=" + value;
    }

    private static Optional<String> literal(JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        return Optional.of(
                value.isBoolean()
                        ? value.asBoolean() ? "True" : "False"
                        : value.isString() ? "'" + value.asString() + "'" : value.toString());
    }

    @ParameterizedTest
    @MethodSource("cards")
    void everyCardIsASchedule(String expression) {
        assertEquals(
                Policy.parse(expression), Policy.parse(Policy.parse(expression).toString()));
    }
}
