package org.anneal.train;

import java.util.List;
import java.util.Optional;

/**
 * How a CSV file is read as training data. Each method returns a changed copy.
 *
 * <pre>{@code
 * CsvOptions.target("price").without("id").validation(0.1, 7)
 * }</pre>
 *
 * @param targets names of the target columns, at least 1
 * @param as what the targets are
 * @param without names of columns that are left out
 * @param separator of fields; if it is not given, that of {@code ,} {@code ;} and tab that makes the most columns of the first line
 * @param header whether the first line has the names of the columns; else they are {@code 0}, {@code 1}, ...
 * @param scaled whether each feature is scaled to mean 0 and deviation 1 over the training part
 * @param targetsScaled whether targets that are values are scaled so, too
 * @param fraction of the rows that are for validation, greater than 0 and less than 1
 * @param seed of the split
 * @param stratified whether the split keeps the share of each class
 * @param scaling of the features, instead of one that is fitted: that of a model trained before
 * @param targetScaling of the targets, instead of one that is fitted
 * @param classes names of the classes in their order, instead of those that the file has: those of a model trained before; empty
 *     if they are the file's
 */
public record CsvOptions(
        List<String> targets,
        As as,
        List<String> without,
        Optional<Character> separator,
        boolean header,
        boolean scaled,
        boolean targetsScaled,
        double fraction,
        long seed,
        boolean stratified,
        Optional<Normalize> scaling,
        Optional<Normalize> targetScaling,
        List<String> classes) {

    /** What targets are. */
    public enum As {
        /** Values if all are numbers, else classes. */
        DETECTED,
        /** Classes: each different label is one. They are sorted as numbers if all are numbers, else as strings. */
        CLASSES,
        /** Numbers. */
        VALUES
    }

    /** @throws IllegalArgumentException if there is no target, or several that are classes */
    public CsvOptions {
        targets = List.copyOf(targets);
        without = List.copyOf(without);
        classes = List.copyOf(classes);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("targets must name at least 1 column, but were empty");
        }
        if (targets.size() > 1 && as == As.CLASSES) {
            throw new IllegalArgumentException("classes must be in 1 target column, but were to be in " + targets);
        }
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException("fraction must be > 0 and < 1, but was " + fraction);
        }
    }

    /**
     * {@return the options with which one column, or several, are the target, and all others are features} Features are scaled, a
     * fifth of the rows is for validation, and the split has the seed 0 and keeps the share of each class.
     */
    public static CsvOptions target(String... columns) {
        return new CsvOptions(
                List.of(columns),
                As.DETECTED,
                List.of(),
                Optional.empty(),
                true,
                true,
                false,
                0.2,
                0,
                true,
                Optional.empty(),
                Optional.empty(),
                List.of());
    }

    /** {@return these, with the target as classes, also if it is numbers} */
    public CsvOptions asClasses() {
        return as(As.CLASSES);
    }

    /** {@return these, with the targets as values} */
    public CsvOptions asValues() {
        return as(As.VALUES);
    }

    /** {@return these, with targets of a kind} */
    public CsvOptions as(As as) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, leaving out some columns} */
    public CsvOptions without(String... columns) {
        return new CsvOptions(
                targets,
                as,
                List.of(columns),
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, with fields between which {@code separator} is} */
    public CsvOptions separator(char separator) {
        return new CsvOptions(
                targets,
                as,
                without,
                Optional.of(separator),
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, for a file without names of columns, which then are {@code 0}, {@code 1}, ...} */
    public CsvOptions withoutHeader() {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                false,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, scaling the features or not} */
    public CsvOptions scaled(boolean scaled) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, scaling targets that are values or not} */
    public CsvOptions targetsScaled(boolean targetsScaled) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, with another part for validation} */
    public CsvOptions validation(double fraction, long seed) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, with a split that keeps the share of each class, or does not look at it} */
    public CsvOptions stratified(boolean stratified) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }

    /** {@return these, with the scaling of a model that was trained before, instead of one that is fitted} */
    public CsvOptions scaling(Normalize scaling) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                true,
                targetsScaled,
                fraction,
                seed,
                stratified,
                Optional.of(scaling),
                targetScaling,
                classes);
    }

    /** {@return these, with the scaling of the targets of a model that was trained before, instead of one that is fitted} */
    public CsvOptions targetScaling(Normalize targetScaling) {
        return new CsvOptions(
                targets,
                as,
                without,
                separator,
                header,
                scaled,
                true,
                fraction,
                seed,
                stratified,
                scaling,
                Optional.of(targetScaling),
                classes);
    }

    /** {@return these, with the classes of a model that was trained before} */
    public CsvOptions classes(List<String> classes) {
        return new CsvOptions(
                targets,
                As.CLASSES,
                without,
                separator,
                header,
                scaled,
                targetsScaled,
                fraction,
                seed,
                stratified,
                scaling,
                targetScaling,
                classes);
    }
}
