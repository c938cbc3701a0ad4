package org.anneal.train.data;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** A CSV file's rows: the features as numbers, the targets as they are written, and where they are. */
final class CsvTable {
    private static final char[] SEPARATORS = {',', ';', '\t'};
    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
    private static final Pattern MISSING =
            Pattern.compile("|na|n/a|#n/a|nan|[+-]nan|null|none|\\?", Pattern.CASE_INSENSITIVE);
    private static final Pattern DECIMAL_COMMA = Pattern.compile("[+-]?\\d+,\\d+");
    private static final int SHOWN = 40; // letters of a value in a message

    private final Path file;
    private final List<String> names; // of all columns
    private final int[] features;
    private final int[] targets;
    private final List<double[]> numbers = new ArrayList<>(); // of each row, its features
    private final List<String[]> texts = new ArrayList<>(); // of each row, its targets
    private final List<Long> lines = new ArrayList<>(); // of each row
    private final Map<String, String> labels = new HashMap<>(); // each string once

    private CsvTable(Path file, List<String> names, CsvOptions options, Optional<List<String>> features)
            throws IOException {
        this.file = file;
        this.names = names;
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (!seen.add(name)) {
                throw wrong("the names of columns must differ, but two are '" + name + "'");
            }
        }
        this.targets = places(options.targets);
        List<String> others = new ArrayList<>(names);
        places(options.without); // must be there
        others.removeAll(options.targets);
        others.removeAll(options.without);
        this.features = places(features.orElse(others));
        if (this.features.length == 0) {
            throw wrong("must have at least 1 column besides " + String.join(", ", options.targets));
        }
    }

    /**
     * Reads a file in UTF-8, or what its byte order mark says.
     *
     * @param features the names of the feature columns; if they are not given, all but the targets and those that are left out
     */
    static CsvTable read(Path file, CsvOptions options, Optional<List<String>> features) throws IOException {
        char by = options.separator.isPresent() ? options.separator.get() : detect(file);
        try (CsvReader<CsvRecord> reader = open(file, by)) {
            Iterator<CsvRecord> records = reader.iterator();
            if (!records.hasNext()) {
                throw new IOException(file + ": is empty");
            }
            CsvRecord first = records.next();
            List<String> names = options.header
                    ? first.getFields().stream().map(String::strip).toList()
                    : IntStream.range(0, first.getFieldCount())
                            .mapToObj(Integer::toString)
                            .toList();
            CsvTable table = new CsvTable(file, names, options, features);
            if (!options.header) {
                table.add(first);
            }
            while (records.hasNext()) {
                table.add(records.next());
            }
            if (table.size() == 0) {
                throw table.wrong("has no rows after the names of the columns");
            }
            return table;
        } catch (CsvParseException | UncheckedIOException e) {
            throw new IOException(file + ": is not a valid CSV file: " + cause(e), e);
        }
    }

    private static String cause(Throwable thrown) {
        Throwable deepest = thrown;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return String.valueOf(deepest.getMessage());
    }

    private static CsvReader<CsvRecord> open(Path file, char separator) throws IOException {
        try {
            if (Files.isDirectory(file)) {
                throw new IOException(file + " must be a CSV file, but is a folder");
            }
            return CsvReader.builder()
                    .fieldSeparator(separator)
                    .detectBomHeader(true)
                    .trimWhitespacesAroundQuotes(true)
                    .allowExtraFields(true) // add() says so with the line
                    .allowMissingFields(true)
                    .ofCsvRecord(file);
        } catch (NoSuchFileException e) {
            throw new FileNotFoundException("no file " + file);
        } catch (AccessDeniedException e) {
            throw new IOException(file + ": no permission to read it", e);
        }
    }

    /** {@return that of comma, semicolon and tab that makes the most columns of the first line} */
    private static char detect(Path file) throws IOException {
        char best = SEPARATORS[0];
        int most = 1;
        for (char separator : SEPARATORS) {
            int fields = columns(file, separator);
            if (fields > most) {
                most = fields;
                best = separator;
            }
        }
        return best;
    }

    private static int columns(Path file, char separator) throws IOException {
        try (CsvReader<CsvRecord> reader = open(file, separator)) {
            return reader.stream().findFirst().map(CsvRecord::getFieldCount).orElse(0);
        } catch (CsvParseException | UncheckedIOException e) {
            return 0; // with this separator its quotes are not valid
        }
    }

    private void add(CsvRecord record) throws IOException {
        long line = record.getStartingLineNumber();
        if (record.getFieldCount() != names.size()) {
            throw wrong("line " + line + ": has " + record.getFieldCount() + " fields, but the first line has "
                    + names.size());
        }
        double[] row = new double[features.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = number(line, features[i], text(line, features[i], record.getField(features[i])));
        }
        String[] target = new String[targets.length];
        for (int i = 0; i < target.length; i++) {
            String text = text(line, targets[i], record.getField(targets[i]));
            target[i] = labels.computeIfAbsent(text, same -> same);
        }
        lines.add(line);
        numbers.add(row);
        texts.add(target);
    }

    private String text(long line, int column, String field) throws IOException {
        String text = field.strip();
        if (MISSING.matcher(text).matches()) {
            throw wrong(
                    line,
                    column,
                    "the value is missing" + (text.isEmpty() ? "" : " ('" + text + "')")
                            + ": fill it in, or leave the row or the column out");
        }
        return text;
    }

    private double number(long line, int column, String text) throws IOException {
        if (!NUMBER.matcher(text).matches()) {
            throw wrong(
                    line,
                    column,
                    "must be a number, but was '" + shortened(text) + "'"
                            + (DECIMAL_COMMA.matcher(text).matches()
                                    ? ": write a point instead of the comma"
                                    : ": write numbers instead, or leave the column out"));
        }
        double number = Double.parseDouble(text);
        if (Math.abs(number) > Float.MAX_VALUE) {
            throw wrong(line, column, "must be in the range of float32, but was " + shortened(text));
        }
        return number;
    }

    private int[] places(List<String> wanted) throws IOException {
        int[] places = new int[wanted.size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = names.indexOf(wanted.get(i));
            if (places[i] < 0) {
                throw wrong("has no column '" + wanted.get(i) + "': its columns are " + String.join(", ", names));
            }
        }
        return places;
    }

    int size() {
        return lines.size();
    }

    /** {@return the names of the feature columns} */
    List<String> features() {
        return IntStream.of(features).mapToObj(names::get).toList();
    }

    /** {@return the features of each row} */
    double[][] samples() {
        return numbers.toArray(double[][]::new);
    }

    /** {@return the targets of a row as numbers} */
    double[] values(int row) throws IOException {
        double[] values = new double[targets.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = number(lines.get(row), targets[i], texts.get(row)[i]);
        }
        return values;
    }

    /** {@return the first target of a row} */
    String label(int row) {
        return texts.get(row)[0];
    }

    /** {@return the different targets} */
    Set<String> labels() {
        return labels.keySet();
    }

    /** {@return whether all targets are numbers} */
    boolean hasNumbers() {
        return labels.keySet().stream().allMatch(text -> NUMBER.matcher(text).matches());
    }

    /** {@return an exception that says what is wrong with the first target of a row} */
    IOException wrongLabel(int row, String what) {
        return wrong(lines.get(row), targets[0], what);
    }

    private IOException wrong(long line, int column, String what) {
        return wrong("line " + line + ", column '" + names.get(column) + "': " + what);
    }

    /** {@return an exception that names the file} */
    IOException wrong(String what) {
        return new IOException(file + ": " + what);
    }

    static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }
}
