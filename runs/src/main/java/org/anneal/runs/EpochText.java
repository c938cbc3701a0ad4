package org.anneal.runs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Python;

/** An epoch as people read it. */
final class EpochText {
    private static final int WIDTH = 80; // of any terminal
    private static final String INDENT = "    ";
    private static final Set<String> UPPER_CASE = Set.of("ema", "swa", "mae", "rmse");

    private EpochText() {}

    /** {@return {@code Epoch 1, Train Loss: 0.9112, Val Loss: 0.5966, LR: 1.00e-02}, on as many lines as it needs} */
    static String of(RunListener.Epoch epoch) {
        List<String> numbers = new ArrayList<>(List.of(named(RunTable.TRAIN_LOSS, epoch.trainLoss())));
        epoch.metrics().forEach((name, value) -> numbers.add(named(name, value)));
        List<String> rates =
                epoch.lr().stream().map(rate -> Python.scientific(rate, 2)).toList();
        String start = "Epoch " + epoch.epoch() + ", ";
        if (rates.isEmpty()) {
            return wrapped(start, INDENT, numbers);
        }
        String all = start + String.join(", ", numbers) + ", LR: " + String.join(", ", rates);
        return all.length() <= WIDTH
                ? all
                : wrapped(start, INDENT, numbers) + ",\n" + wrapped(INDENT + "LR: ", INDENT + INDENT, rates);
    }

    /** {@return a number with its name in words, {@code Val Acc: 0.8685}} */
    private static String named(String name, double value) {
        String words = Stream.of(name.replace("accuracy", "acc").split("_"))
                .filter(word -> !word.isEmpty())
                .map(word -> UPPER_CASE.contains(word)
                        ? word.toUpperCase(Locale.ROOT)
                        : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
                .collect(Collectors.joining(" "));
        return words + ": " + Python.fixed(value, 4);
    }

    private static String wrapped(String start, String indent, List<String> parts) {
        StringBuilder text = new StringBuilder(start).append(parts.get(0));
        for (String part : parts.subList(1, parts.size())) {
            int column = text.length() - text.lastIndexOf("\n") - 1;
            text.append(column + 3 + part.length() <= WIDTH ? ", " : ",\n" + indent)
                    .append(part);
        }
        return text.toString();
    }
}
