package org.anneal.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/** A rule's options by PyTorch's names, in PyTorch's order: what its state dict holds and what its text prints. */
final class Options {
    private final Map<String, Object> values = new LinkedHashMap<>();

    Options with(String name, Object value) {
        values.put(name, value);
        return this;
    }

    /** An option whose default in PyTorch is the integer 0, and so prints as one. */
    Options withNumber(String name, double value) {
        return value == 0 ? with(name, 0) : with(name, value);
    }

    Map<String, Object> toMap() {
        return values;
    }

    /** {@return PyTorch's constructor call: the rate, and what differs from {@code defaults}} */
    static String print(UpdateRule rule, UpdateRule defaults) {
        return rule.options().entrySet().stream()
                .filter(option -> option.getKey().equals("lr")
                        || !option.getValue().equals(defaults.options().get(option.getKey())))
                .map(option -> option.getKey() + "=" + Python.repr(option.getValue()))
                .collect(Collectors.joining(", ", rule.getClass().getSimpleName() + "(", ")"));
    }

    /**
     * {@return a list or tuple of two numbers, {@code first} and {@code second} if it is not given}
     *
     * @throws org.anneal.schedule.ScheduleSyntaxException if there are more or fewer
     */
    static List<Double> pair(PythonCall.Arguments a, String name, double first, double second) {
        List<Double> given = a.has(name) ? a.numbers(name) : List.of(first, second);
        return a.build(() -> {
            if (given.size() != 2) {
                throw new IllegalArgumentException(name + " must be 2 numbers, but was " + Python.repr(given));
            }
            return given;
        });
    }
}
