package org.anneal.convert;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.anneal.text.Dialect;
import org.anneal.text.Python;

/** Writes schedules for a library of arrays: its own functions where they say the same, else a function of the step. */
abstract class ArrayCode {
    private final Dialect dialect;

    ArrayCode(Dialect dialect) {
        this.dialect = dialect;
    }

    /** Returns the library's own call for a schedule from {@code base}, if it has one with the same rate at every step. */
    abstract Optional<String> call(Schedule schedule, double base);

    /** Returns lines that define {@code name} as a schedule whose rate is an expression of {@code step}. */
    abstract String function(String name, String rate);

    /** Returns the library's call of an optimizer, if it has the same. */
    abstract Optional<String> optimizer(UpdateRule rule, String schedule);

    /** Returns the lines of imports. */
    abstract String imports(boolean functions);

    String of(Schedule schedule, List<UpdateRule> groups) {
        StringBuilder code = new StringBuilder();
        boolean functions = false;
        for (int i = 0; i < groups.size(); i++) {
            String name = groups.size() == 1 ? "schedule" : "schedule" + i;
            Schedule own = schedule.forGroup(i, groups.size());
            double base = groups.get(i).lr();
            Optional<String> call = call(own, base);
            functions |= call.isEmpty();
            code.append(call.map(text -> name + " = " + text + "\n")
                    .orElseGet(() -> function(name, own.formula(base).in(dialect))));
        }
        if (schedule.drivesMomentum()) {
            code.append("# ")
                    .append(schedule.kind().name())
                    .append(" also drives the momentum; this is the rate alone.\n");
        }
        if (groups.size() == 1) {
            optimizer(groups.get(0), "schedule")
                    .ifPresent(text -> code.append("optimizer = ").append(text).append('\n'));
        }
        String math = code.indexOf("math.") >= 0 ? "import math\n\n" : "";
        return math + imports(functions) + "\n" + code;
    }

    /** Returns a call with keyword arguments. */
    static String call(String function, Map<String, ?> arguments) {
        return arguments.entrySet().stream()
                .map(each -> each.getKey() + "=" + Python.repr(each.getValue()))
                .collect(Collectors.joining(", ", function + "(", ")"));
    }

    /** Returns arguments in order: names, each with its value. */
    static Map<String, Object> named(Object... namesAndValues) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            arguments.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return arguments;
    }

    static Optional<String> optimizer(String function, String schedule, Map<String, Object> others) {
        return Optional.of(call(function, others).replace("(", "(learning_rate=" + schedule + ", "));
    }

    // What optax and Keras have of an optimizer.

    static boolean isPlain(SGD sgd) {
        return sgd.dampening() == 0 && sgd.weightDecay() == 0 && !sgd.maximize();
    }

    static boolean isPlain(Adam adam) {
        return adam.weightDecay() == 0 && !adam.amsgrad() && !adam.maximize();
    }

    static boolean isPlain(AdamW adam) {
        return !adam.amsgrad() && !adam.maximize();
    }
}
