package org.anneal.train.data;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Training data from a CSV file: columns of numbers as features, and one column or several as the target.
 *
 * <pre>{@code
 * CsvData csv = CsvData.read(Path.of("houses.csv"), CsvOptions.target("price"));
 * DataSets data = csv.data();
 * Normalize scaling = csv.scaling().orElseThrow(); // to be kept with the model: new data has to be scaled as this was
 * }</pre>
 *
 * <p>The file is UTF-8 text, with or without a byte order mark, with LF or CRLF, and quotes as in RFC 4180. Spaces around a field and
 * empty lines do not count. A row with a missing value is refused, not passed over or filled: it is an empty field, {@code NA},
 * {@code N/A}, {@code NaN}, {@code null}, {@code None} or {@code ?}.
 *
 * @param data the rows for training and for validation
 * @param features the names of the columns that are the samples, in their order
 * @param targets the names of the columns that are the target
 * @param scaling of the features, if they are scaled; fitted on the training part alone
 * @param targetScaling of the targets, if they are scaled; {@code undo} makes a prediction of an output of the network
 */
public record CsvData(
        DataSets data,
        List<String> features,
        List<String> targets,
        Optional<Normalize> scaling,
        Optional<Normalize> targetScaling) {

    /**
     * {@return a file's data, of which a part is for validation, as {@code options} say}
     *
     * @throws IOException if the file cannot be read, or does not fit the options; the message names the line and the column
     */
    public static CsvData read(Path file, CsvOptions options) throws IOException {
        CsvTable table = CsvTable.read(file, options, Optional.empty());
        if (table.size() < 2) {
            throw table.wrong("must have at least 2 rows, one for training and one for validation, but has 1");
        }
        List<String> classes = classes(table, options);
        Rows all = Rows.of(table, classes);
        IntUnaryOperator group = options.stratified && !classes.isEmpty() ? all::label : index -> 0;
        Split split = Split.of(table.size(), options.fraction, options.seed, group);
        return of(table, options, all.only(split.train()), all.only(split.validation()));
    }

    /**
     * {@return the data of two files} The second one needs the columns of the first, in any order. The classes are those of the
     * first.
     *
     * @throws IOException as {@link #read(Path, CsvOptions)} does
     */
    public static CsvData read(Path training, Path validation, CsvOptions options) throws IOException {
        CsvTable table = CsvTable.read(training, options, Optional.empty());
        CsvTable other = CsvTable.read(validation, options, Optional.of(table.features()));
        List<String> classes = classes(table, options);
        return of(table, options, Rows.of(table, classes), Rows.of(other, classes));
    }

    /** {@return the names of the classes; none if the targets are values} */
    private static List<String> classes(CsvTable table, CsvOptions options) throws IOException {
        boolean areClasses = switch (options.as) {
            case CLASSES -> true;
            case VALUES -> false;
            case DETECTED -> options.targets.size() == 1 && !table.hasNumbers();
        };
        if (!areClasses || !options.classes.isEmpty()) {
            return areClasses ? options.classes : List.of();
        }
        List<String> sorted = new ArrayList<>(new TreeSet<>(table.labels()));
        if (sorted.size() == 1) {
            throw table.wrong("column '" + options.targets.get(0) + "' must have at least 2 classes, but all are '"
                    + CsvTable.shortened(sorted.get(0)) + "'");
        }
        if (table.hasNumbers()) {
            sorted.sort(Comparator.comparingDouble(Double::parseDouble));
        }
        return List.copyOf(sorted);
    }

    private static CsvData of(CsvTable table, CsvOptions options, Rows train, Rows validation) {
        Optional<Normalize> scaling =
                options.scaled ? Optional.of(options.scaling.orElseGet(() -> fit(train.samples))) : Optional.empty();
        Optional<Normalize> targetScaling = options.targetsScaled && !train.isClasses()
                ? Optional.of(options.targetScaling.orElseGet(() -> fit(train.targets)))
                : Optional.empty();
        scaling.ifPresent(each -> each.channels(train.shape()));
        targetScaling.ifPresent(each -> each.channels(train.targetShape()));
        return new CsvData(
                new DataSets(train.scaled(scaling, targetScaling), validation.scaled(scaling, targetScaling)),
                table.features(),
                options.targets,
                scaling,
                targetScaling);
    }

    private static Normalize fit(double[][] rows) {
        double[] mean = new double[rows[0].length];
        double[] std = new double[mean.length];
        Arrays.setAll(mean, column -> column(rows, column).average().orElseThrow());
        Arrays.setAll(std, column -> {
            double variance = column(rows, column)
                    .map(value -> (value - mean[column]) * (value - mean[column]))
                    .average()
                    .orElseThrow();
            return variance == 0 ? 1 : Math.sqrt(variance);
        });
        return new Normalize(
                DoubleStream.of(mean).boxed().toList(),
                DoubleStream.of(std).boxed().toList());
    }

    private static DoubleStream column(double[][] rows, int column) {
        return Arrays.stream(rows).mapToDouble(row -> row[column]);
    }

    /** Rows of a file. Numbers are kept as double, so that a large value with a small spread keeps it when it is scaled. */
    private static final class Rows implements Dataset {
        private final double[][] samples;
        private final double[][] targets;
        private final int[] labels;
        private final List<String> classes;
        private final Optional<Normalize> normalization;
        private final Optional<Normalize> targetScaling;

        /** Keeps the arrays, uncopied. */
        Rows(
                double[][] samples,
                double[][] targets,
                int[] labels,
                List<String> classes,
                Optional<Normalize> normalization,
                Optional<Normalize> targetScaling) {
            this.samples = samples;
            this.targets = targets;
            this.labels = labels;
            this.classes = classes;
            this.normalization = normalization;
            this.targetScaling = targetScaling;
        }

        static Rows of(CsvTable table, List<String> classes) throws IOException {
            double[][] targets = new double[classes.isEmpty() ? table.size() : 0][];
            for (int row = 0; row < targets.length; row++) {
                targets[row] = table.values(row);
            }
            Map<String, Integer> numbers = new HashMap<>();
            classes.forEach(name -> numbers.put(name, numbers.size()));
            int[] labels = new int[classes.isEmpty() ? 0 : table.size()];
            for (int row = 0; row < labels.length; row++) {
                Integer label = numbers.get(table.label(row));
                if (label == null) {
                    throw table.wrongLabel(
                            row,
                            "must be one of the classes " + CsvTable.shortened(String.join(", ", classes))
                                    + ", but was '" + CsvTable.shortened(table.label(row)) + "'");
                }
                labels[row] = label;
            }
            return new Rows(table.samples(), targets, labels, classes, Optional.empty(), Optional.empty());
        }

        Rows only(int... indices) {
            return new Rows(
                    IntStream.of(indices).mapToObj(i -> samples[i]).toArray(double[][]::new),
                    isClasses()
                            ? targets
                            : IntStream.of(indices).mapToObj(i -> targets[i]).toArray(double[][]::new),
                    isClasses() ? IntStream.of(indices).map(i -> labels[i]).toArray() : labels,
                    classes,
                    normalization,
                    targetScaling);
        }

        Rows scaled(Optional<Normalize> scaling, Optional<Normalize> targetScaling) {
            return new Rows(samples, targets, labels, classes, scaling, targetScaling);
        }

        private boolean isClasses() {
            return !classes.isEmpty();
        }

        @Override
        public int size() {
            return samples.length;
        }

        @Override
        public List<String> classes() {
            return classes;
        }

        @Override
        public Optional<Normalize> normalization() {
            return normalization;
        }

        @Override
        public long[] shape() {
            return new long[] {samples[0].length};
        }

        @Override
        public long[] targetShape() {
            return isClasses() ? new long[0] : new long[] {targets[0].length};
        }

        @Override
        public int label(int index) {
            if (!isClasses()) {
                return Dataset.super.label(index);
            }
            return labels[index];
        }

        @Override
        public void readTarget(int index, FloatBuffer into) {
            if (isClasses()) {
                Dataset.super.readTarget(index, into);
            }
            put(targets[index], targetScaling, into);
        }

        @Override
        public void read(int index, FloatBuffer into) {
            put(samples[index], normalization, into);
        }

        @Override
        public void readRaw(int index, FloatBuffer into) {
            put(samples[index], Optional.empty(), into);
        }

        private static void put(double[] row, Optional<Normalize> scaling, FloatBuffer into) {
            for (int column = 0; column < row.length; column++) {
                double value = scaling.isPresent() ? scaling.get().apply(column, row[column]) : row[column];
                into.put((float) value);
            }
        }

        @Override
        public Dataset normalized(Normalize normalize) {
            normalize.channels(shape());
            return scaled(Optional.of(normalize), targetScaling);
        }
    }
}
