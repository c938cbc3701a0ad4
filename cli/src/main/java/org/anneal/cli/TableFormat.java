package org.anneal.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.schedule.Python;

/** How {@code anneal table} prints: each part is text with its line breaks. */
enum TableFormat {
    TEXT {
        @Override
        String head(int groups) {
            return columns(Stream.concat(Stream.of("step"), names(groups)));
        }

        @Override
        String row(long step, double[] lr, double momentum) {
            return columns(Stream.concat(Stream.of(Long.toString(step)), numbers(lr, momentum)));
        }

        private String columns(Stream<String> cells) {
            return cells.map(cell -> String.format(Locale.ROOT, "%-23s", cell))
                            .collect(Collectors.joining(" "))
                            .stripTrailing()
                    + "\n";
        }
    },
    CSV {
        @Override
        String head(int groups) {
            return "step," + names(groups).collect(Collectors.joining(",")) + "\n";
        }

        @Override
        String row(long step, double[] lr, double momentum) {
            return step + "," + numbers(lr, momentum).collect(Collectors.joining(",")) + "\n";
        }
    },
    JSON {
        @Override
        String head(int groups) {
            return "[";
        }

        @Override
        String row(long step, double[] lr, double momentum) {
            String rates = Arrays.stream(lr).mapToObj(Python::repr).collect(Collectors.joining(", ", "[", "]"));
            return (step == 0 ? "\n" : ",\n") + "{\"step\": " + step + ", \"lr\": " + rates + ", \"momentum\": "
                    + Python.repr(momentum) + "}";
        }

        @Override
        String foot() {
            return "\n]\n";
        }
    };

    abstract String head(int groups);

    abstract String row(long step, double[] lr, double momentum);

    String foot() {
        return "";
    }

    private static Stream<String> names(int groups) {
        Stream<String> rates =
                groups == 1 ? Stream.of("lr") : IntStream.range(0, groups).mapToObj(group -> "lr" + group);
        return Stream.concat(rates, Stream.of("momentum"));
    }

    private static Stream<String> numbers(double[] lr, double momentum) {
        return Stream.concat(Arrays.stream(lr).mapToObj(Python::repr), Stream.of(Python.repr(momentum)));
    }
}
