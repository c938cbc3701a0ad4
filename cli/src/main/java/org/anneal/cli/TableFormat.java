package org.anneal.cli;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.text.Python;

/** The output format of {@code anneal table}; each part is text with its line breaks. */
enum TableFormat {
    TEXT {
        private static final int WIDTH = 24;

        @Override
        String head(int groups) {
            StringBuilder head = new StringBuilder("step");
            names(groups).forEach(name -> cell(head, 0, name));
            return head.append('\n').toString();
        }

        @Override
        void row(StringBuilder row, long step, double[] lr, double momentum) {
            int start = row.length();
            row.append(step);
            for (double rate : lr) {
                cell(row, start, Python.repr(rate));
            }
            cell(row, start, Python.repr(momentum));
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
        String head(int groups) {
            return "step," + names(groups).collect(Collectors.joining(",")) + "\n";
        }

        @Override
        void row(StringBuilder row, long step, double[] lr, double momentum) {
            row.append(step);
            for (double rate : lr) {
                row.append(',').append(Python.repr(rate));
            }
            row.append(',').append(Python.repr(momentum)).append('\n');
        }
    },
    JSON {
        @Override
        String head(int groups) {
            return "[";
        }

        @Override
        void row(StringBuilder row, long step, double[] lr, double momentum) {
            row.append(step == 0 ? "\n" : ",\n").append("{\"step\": ").append(step);
            for (int group = 0; group < lr.length; group++) {
                row.append(group == 0 ? ", \"lr\": [" : ", ").append(Python.repr(lr[group]));
            }
            row.append("], \"momentum\": ").append(Python.repr(momentum)).append('}');
        }

        @Override
        String foot() {
            return "\n]\n";
        }
    };

    abstract String head(int groups);

    /** Adds the row of {@code step} to {@code row}. */
    abstract void row(StringBuilder row, long step, double[] lr, double momentum);

    String foot() {
        return "";
    }

    private static Stream<String> names(int groups) {
        Stream<String> rates =
                groups == 1 ? Stream.of("lr") : IntStream.range(0, groups).mapToObj(group -> "lr" + group);
        return Stream.concat(rates, Stream.of("momentum"));
    }
}
