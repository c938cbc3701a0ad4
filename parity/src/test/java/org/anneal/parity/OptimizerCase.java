package org.anneal.parity;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.junit.jupiter.api.Named;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** One trajectory of golden/optimizers: what PyTorch was given, and what it made of it. The layout is in generate.py. */
record OptimizerCase(JsonNode json) {
    static final int STEPS = 50;

    /** {@return the cases of one rule} */
    static Stream<Named<OptimizerCase>> of(String rule) {
        try (InputStream in = Objects.requireNonNull(
                OptimizerCase.class.getResourceAsStream("/golden/optimizers/" + rule + ".json"), rule)) {
            return new ObjectMapper()
                    .readTree(in)
                    .get("cases")
                    .valueStream()
                    .map(golden -> Named.of(golden.get("id").asString(), new OptimizerCase(golden)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    int groups() {
        return json.get("groups").size();
    }

    /** {@return the step before which the group was added} */
    int firstStep(int group) {
        return json.get("groups").get(group).get("added_before_step").asInt();
    }

    /** {@return the shapes of a group's parameters} */
    List<List<Long>> shapes(int group) {
        return json.get("groups")
                .get(group)
                .get("shapes")
                .valueStream()
                .map(shape -> shape.valueStream().map(JsonNode::asLong).toList())
                .toList();
    }

    /** {@return the options of a group in force at {@code step}, but for the rate} */
    UpdateRule rule(int group, int step) {
        Map<String, String> options = new LinkedHashMap<>();
        json.get("groups").get(group).get("options").forEachEntry((name, value) -> options.put(name, python(value)));
        for (JsonNode edit : json.get("edits")) {
            if (edit.get("step").asInt() <= step && edit.get("group").asInt() == group) {
                options.put(edit.get("name").asString(), python(edit.get("value")));
            }
        }
        return UpdateRule.parse(options.entrySet().stream()
                .map(option -> option.getKey() + "=" + option.getValue())
                .collect(Collectors.joining(", ", json.get("id").asString().split("-", 2)[0] + "(", ")")));
    }

    /** {@return whether the weights to evaluate were taken after {@code step}} */
    boolean isEvaluated(int step) {
        return json.path("evaluated").valueStream().anyMatch(each -> each.asInt() == step);
    }

    /** {@return the names of a group's options, in PyTorch's order where none was given} */
    List<String> options(int group) {
        return List.copyOf(json.get("groups").get(group).get("options").propertyNames());
    }

    double lr(int group, int step) {
        return json.get("groups").get(group).get("lr").get(step - 1).asDouble();
    }

    /** {@return what parameter {@code p} starts with} */
    static float[] start(int p, List<Long> shape) {
        float[] values = new float[(int) (long) shape.stream().reduce(1L, Math::multiplyExact)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (((i * 11 + p * 17) % 37) - 18) / 16f;
        }
        return values;
    }

    Optional<float[]> grad(int p, int step, int length) {
        float[] grad = new float[length];
        for (int i = 0; i < length && !listed("zero", step, p); i++) {
            grad[i] = (((i * 7 + step * 13 + p * 29) % 101) - 50) / 64f;
        }
        return listed("missing", step, p) ? Optional.empty() : Optional.of(grad);
    }

    private boolean listed(String list, int step, int p) {
        return json.get(list)
                .valueStream()
                .anyMatch(entry -> entry.get(0).asInt() == step && entry.get(1).asInt() == p);
    }

    /** {@return the first of these runs that was made} */
    JsonNode run(String... names) {
        return Stream.of(names)
                .flatMap(name -> json.get("runs")
                        .valueStream()
                        .filter(run -> run.get("name").asString().equals(name)))
                .findFirst()
                .orElseThrow();
    }

    private static String python(JsonNode value) {
        if (value.isNull()) {
            return "None";
        } else if (value.isBoolean()) {
            return value.asBoolean() ? "True" : "False";
        } else if (value.isString()) {
            return value.asString().equals("inf") ? "float('inf')" : "'" + value.asString() + "'";
        }
        return value.isArray()
                ? value.valueStream().map(OptimizerCase::python).collect(Collectors.joining(", ", "(", ")"))
                : value.asString();
    }
}
