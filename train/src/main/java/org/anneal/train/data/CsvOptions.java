package org.anneal.train.data;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How a CSV file is read as training data. Each method returns a changed copy.
 *
 * <pre>{@code
 * CsvOptions.target("price").without("id").validation(0.1, 7)
 * }</pre>
 *
 * <p>Without more, the targets are values if all are numbers, else classes; all other columns are features, which are scaled to mean 0
 * and deviation 1 over the training part; the separator is that of {@code ,} {@code ;} and tab that makes the most columns of the first
 * line, which has the names of the columns; and a fifth of the rows, drawn with the seed 0, is for validation, with the share of each
 * class.
 */
public final class CsvOptions {
    final List<String> targets; // at least 1
    As as = As.DETECTED;
    List<String> without = List.of();
    Optional<Character> separator = Optional.empty(); // if empty, it is detected
    boolean header = true;
    boolean scaled = true;
    boolean targetsScaled;
    double fraction = 0.2;
    long seed;
    boolean stratified = true;
    Optional<Normalize> scaling = Optional.empty(); // if empty, it is fitted
    Optional<Normalize> targetScaling = Optional.empty(); // if empty, it is fitted
    List<String> classes = List.of(); // if empty, those that the file has

    /** What targets are. */
    public enum As {
        /** Values if all are numbers, else classes. */
        DETECTED,
        /** Classes: each different label is one. They are sorted as numbers if all are numbers, else as strings. */
        CLASSES,
        /** Numbers. */
        VALUES
    }

    private CsvOptions(List<String> targets) {
        this.targets = targets;
    }

    private CsvOptions(CsvOptions from) {
        targets = from.targets;
        as = from.as;
        without = from.without;
        separator = from.separator;
        header = from.header;
        scaled = from.scaled;
        targetsScaled = from.targetsScaled;
        fraction = from.fraction;
        seed = from.seed;
        stratified = from.stratified;
        scaling = from.scaling;
        targetScaling = from.targetScaling;
        classes = from.classes;
    }

    private CsvOptions with(Consumer<CsvOptions> change) {
        CsvOptions changed = new CsvOptions(this);
        change.accept(changed);
        return changed;
    }

    /**
     * {@return the options with which one column, or several, are the target}
     *
     * @throws IllegalArgumentException if no column is named
     */
    public static CsvOptions target(String... columns) {
        if (columns.length == 0) {
            throw new IllegalArgumentException("targets must name at least 1 column, but were empty");
        }
        return new CsvOptions(List.of(columns));
    }

    /** {@return these, with the target as classes, also if it is numbers} */
    public CsvOptions asClasses() {
        return as(As.CLASSES);
    }

    /** {@return these, with the targets as values} */
    public CsvOptions asValues() {
        return as(As.VALUES);
    }

    /**
     * {@return these, with targets of a kind}
     *
     * @throws IllegalArgumentException if several columns are to be classes
     */
    public CsvOptions as(As as) {
        if (targets.size() > 1 && as == As.CLASSES) {
            throw new IllegalArgumentException("classes must be in 1 target column, but were to be in " + targets);
        }
        return with(options -> options.as = as);
    }

    /** {@return these, leaving out some columns} */
    public CsvOptions without(String... columns) {
        List<String> names = List.of(columns);
        return with(options -> options.without = names);
    }

    /** {@return these, with fields between which {@code separator} is} */
    public CsvOptions separator(char separator) {
        return with(options -> options.separator = Optional.of(separator));
    }

    /** {@return these, for a file without names of columns, which then are {@code 0}, {@code 1}, ...} */
    public CsvOptions withoutHeader() {
        return with(options -> options.header = false);
    }

    /** {@return these, scaling the features or not} */
    public CsvOptions scaled(boolean scaled) {
        return with(options -> options.scaled = scaled);
    }

    /** {@return these, scaling targets that are values or not} */
    public CsvOptions targetsScaled(boolean targetsScaled) {
        return with(options -> options.targetsScaled = targetsScaled);
    }

    /**
     * {@return these, with another part for validation}
     *
     * @param fraction of the rows, greater than 0 and less than 1
     * @param seed of the draw
     */
    public CsvOptions validation(double fraction, long seed) {
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException("fraction must be > 0 and < 1, but was " + fraction);
        }
        return with(options -> {
            options.fraction = fraction;
            options.seed = seed;
        });
    }

    /** {@return these, with a split that keeps the share of each class, or does not look at it} */
    public CsvOptions stratified(boolean stratified) {
        return with(options -> options.stratified = stratified);
    }

    /** {@return these, with the scaling of a model that was trained before, instead of one that is fitted} */
    public CsvOptions scaling(Normalize scaling) {
        return scaled(true).with(options -> options.scaling = Optional.of(scaling));
    }

    /** {@return these, with the scaling of the targets of a model that was trained before, instead of one that is fitted} */
    public CsvOptions targetScaling(Normalize targetScaling) {
        return targetsScaled(true).with(options -> options.targetScaling = Optional.of(targetScaling));
    }

    /** {@return these, with the classes of a model that was trained before} */
    public CsvOptions classes(List<String> classes) {
        List<String> names = List.copyOf(classes);
        return as(As.CLASSES).with(options -> options.classes = names);
    }
}
