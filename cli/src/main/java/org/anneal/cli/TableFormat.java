package org.anneal.cli;

import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.text.Python;

/** The output format of {@code anneal table}; each part is text with its line breaks. */
enum TableFormat {
    TEXT {
        private static final int WIDTH = 24;

        @Override
        String head(int groups, Collection<String> numbers) {
            StringBuilder head = new StringBuilder("step");
            names(groups, numbers).forEach(name -> cell(head, 0, name));
            return head.append('\n').toString();
        }

        @Override
        void row(StringBuilder row, long step, double[] lr, double momentum, Map<String, double[]> numbers) {
            int start = row.length();
            row.append(step);
            for (double rate : lr) {
                cell(row, start, Python.repr(rate));
            }
            cell(row, start, Python.repr(momentum));
            for (double[] number : numbers.values()) {
                for (double value : number) {
                    cell(row, start, Python.repr(value));
                }
            }
            row.append('\n');
        }

        /** Adds a cell in the next column of the row that starts at {@code start}. */
        private void cell(StringBuilder row, int start, String text) {
            int width = (row.length() - start) / WIDTH * WIDTH + WIDTH;
            row.append(" ".repeat(width - (row.length() - start))).append(text);
        }
    },
    CSV {
        @Override
        String head(int groups, Collection<String> numbers) {
            return "step," + names(groups, numbers).collect(Collectors.joining(",")) + "\n";
        }

        @Override
        void row(StringBuilder row, long step, double[] lr, double momentum, Map<String, double[]> numbers) {
            row.append(step);
            for (double rate : lr) {
                row.append(',').append(Python.repr(rate));
            }
            row.append(',').append(Python.repr(momentum));
            for (double[] number : numbers.values()) {
                for (double value : number) {
                    row.append(',').append(Python.repr(value));
                }
            }
            row.append('\n');
        }
    },
    JSON {
        @Override
        String head(int groups, Collection<String> numbers) {
            return "[";
        }

        @Override
        void row(StringBuilder row, long step, double[] lr, double momentum, Map<String, double[]> numbers) {
            row.append(step == 0 ? "\n" : ",\n").append("{\"step\": ").append(step);
            list(row, "lr", lr);
            row.append(", \"momentum\": ").append(Python.repr(momentum));
            numbers.forEach((name, number) -> list(row, name, number));
            row.append('}');
        }

        private void list(StringBuilder row, String name, double[] values) {
            for (int group = 0; group < values.length; group++) {
                row.append(group == 0 ? ", \"" + name + "\": [" : ", ").append(Python.repr(values[group]));
            }
            row.append(']');
        }

        @Override
        String foot() {
            return "\n]\n";
        }
    };

    /** @param numbers the names of numbers beside the rate and the momentum */
    abstract String head(int groups, Collection<String> numbers);

    /**
     * Adds the row of {@code step} to {@code row}.
     *
     * @param numbers by name, per group
     */
    abstract void row(StringBuilder row, long step, double[] lr, double momentum, Map<String, double[]> numbers);

    String foot() {
        return "";
    }

    private static Stream<String> names(int groups, Collection<String> numbers) {
        return Stream.of(
                        names("lr", groups),
                        Stream.of("momentum"),
                        numbers.stream().flatMap(name -> names(name, groups)))
                .flatMap(each -> each);
    }

    private static Stream<String> names(String name, int groups) {
        return groups == 1 ? Stream.of(name) : IntStream.range(0, groups).mapToObj(group -> name + group);
    }
}
