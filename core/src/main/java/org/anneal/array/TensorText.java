package org.anneal.array;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.text.Python;

/** Prints an array as PyTorch prints a tensor with its default options. */
final class TensorText {
    private static final int SUMMARY_FROM = 1000; // the most elements that are printed in full
    private static final int EDGE = 3; // elements printed at either end otherwise
    private static final int LINE = 80;
    private static final int DIGITS = 4;
    private static final String START = "tensor(";

    private final float[] values;
    private final List<Long> shape;
    private final boolean summary;
    private boolean whole = true; // whether all are whole numbers, printed without a fraction
    private boolean scientific;
    private int width = 1;

    private TensorText(float[] values, List<Long> shape) {
        this.values = values;
        this.shape = shape;
        this.summary = values.length > SUMMARY_FROM;
    }

    static String of(float[] values, List<Long> shape) {
        TensorText text = new TensorText(values, shape);
        if (values.length == 0) {
            return START + "[]"
                    + (shape.size() == 1 ? "" : ", size=" + Python.repr(new Python.Tuple(List.copyOf(shape))))
                    + ")";
        }
        text.measure();
        return START + text.print(0, 0, START.length()) + ")";
    }

    /** Finds the format that suits all printed elements. */
    private void measure() {
        List<Double> numbers =
                shown(0, 0).filter(x -> x != 0 && Double.isFinite(x)).toList();
        if (numbers.isEmpty()) {
            return;
        }
        double max = Collections.max(numbers.stream().map(Math::abs).toList());
        double min = Collections.min(numbers.stream().map(Math::abs).toList());
        whole = numbers.stream().allMatch(x -> x == Math.rint(x));
        scientific = max / min > 1000 || max > 1e8 || (!whole && min < 1e-4);
        width = numbers.stream().mapToInt(x -> element(x).length()).max().orElse(1);
    }

    private String element(double x) {
        if (!Double.isFinite(x)) {
            return Python.repr(x);
        }
        return scientific ? Python.scientific(x, DIGITS) : whole ? Python.fixed(x, 0) + "." : Python.fixed(x, DIGITS);
    }

    /** {@return the indices along a dimension that are printed} */
    private IntStream places(int dimension) {
        int size = Math.toIntExact(shape.get(dimension));
        return IntStream.range(0, size).filter(i -> !isLeftOut(i, size));
    }

    private boolean isLeftOut(int place, int size) {
        return summary && size > 2 * EDGE && place >= EDGE && place < size - EDGE;
    }

    /** {@return the printed elements from {@code offset} on, along {@code dimension} and those after it} */
    private Stream<Double> shown(int dimension, int offset) {
        return dimension == shape.size()
                ? Stream.of((double) values[offset])
                : places(dimension).boxed().flatMap(i -> shown(dimension + 1, offset + i * stride(dimension)));
    }

    private int stride(int dimension) {
        return (int)
                shape.stream().skip(dimension + 1L).reduce(1L, (a, b) -> a * b).longValue();
    }

    private String print(int dimension, int offset, int indent) {
        if (dimension == shape.size()) {
            return padded(element(values[offset]));
        }
        boolean row = dimension == shape.size() - 1;
        List<String> parts = new ArrayList<>();
        places(dimension).forEach(i -> {
            if (i > 0 && isLeftOut(i - 1, Math.toIntExact(shape.get(dimension)))) {
                parts.add(row ? " ..." : "...");
            }
            parts.add(print(dimension + 1, offset + i * stride(dimension), indent + 1));
        });
        String margin = " ".repeat(indent + 1);
        if (!row) {
            return parts.stream()
                    .collect(Collectors.joining("," + "\n".repeat(shape.size() - 1 - dimension) + margin, "[", "]"));
        }
        int perLine = Math.max(1, (LINE - indent) / (width + 2));
        List<String> lines = new ArrayList<>();
        for (int from = 0; from < parts.size(); from += perLine) {
            lines.add(String.join(", ", parts.subList(from, Math.min(from + perLine, parts.size()))));
        }
        return "[" + String.join(",\n" + margin, lines) + "]";
    }

    private String padded(String element) {
        return " ".repeat(Math.max(0, width - element.length())) + element;
    }
}
