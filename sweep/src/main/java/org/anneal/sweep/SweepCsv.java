package org.anneal.sweep;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.text.Python;

/**
 * The table of a sweep as CSV (RFC 4180, UTF-8, lines that end in LF): a row for each trial, the best first.
 *
 * <p>The columns: {@code rank} (from 1; empty without a value), {@code trial}, {@code family}, {@code state}; each parameter by its
 * name, or behind {@code param.} if that is one of these columns; {@code value} and {@code spread} over the seeds; {@code value0}, {@code value1}, ... of each seed, and their {@code seed0},
 * {@code seed1}, ...; {@code rung} (from 0), {@code epochs} and {@code seconds} of all runs together; {@code reason}; each setting
 * behind {@code set.}, one that comes several times with its values on lines of their own. A number that there is not is an empty
 * cell, and others read back exactly.
 */
public final class SweepCsv {
    private SweepCsv() {}

    /**
     * Writes the table atomically. If this fails, an older one in its place stays as it was.
     *
     * @throws IOException if it cannot be written; the message names the file and the reason
     */
    public static void save(SweepRecord sweep, Path file) throws IOException {
        AtomicFile.write(Objects.requireNonNull(file, "file"), text(sweep).getBytes(StandardCharsets.UTF_8));
    }

    /** {@return the table} */
    public static String text(SweepRecord sweep) {
        List<TrialRecord> ranked = Objects.requireNonNull(sweep, "sweep").ranked();
        int repeats =
                ranked.stream().mapToInt(trial -> trial.repeats().size()).max().orElse(0);
        Set<String> settings = new LinkedHashSet<>();
        ranked.forEach(trial -> trial.settings().forEach(setting -> settings.add(setting.getKey())));
        StringWriter text = new StringWriter();
        try (CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(text)) {
            csv.writeRecord(header(sweep, repeats, settings));
            for (int i = 0; i < ranked.size(); i++) {
                csv.writeRecord(row(sweep, ranked.get(i), i + 1, repeats, settings));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static List<String> header(SweepRecord sweep, int repeats, Set<String> settings) {
        List<String> first = List.of("rank", "trial", "family", "state");
        List<String> last = new ArrayList<>(List.of("value", "spread"));
        for (int i = 0; i < repeats; i++) {
            last.add("value" + i);
        }
        for (int i = 0; i < repeats; i++) {
            last.add("seed" + i);
        }
        last.addAll(List.of("rung", "epochs", "seconds", "reason"));
        settings.forEach(setting -> last.add("set." + setting));
        List<String> header = new ArrayList<>(first);
        sweep.parameters().stream()
                .map(Parameter::name)
                .map(name -> first.contains(name) || last.contains(name) ? "param." + name : name)
                .forEach(header::add);
        header.addAll(last);
        return header;
    }

    private static List<String> row(SweepRecord sweep, TrialRecord trial, int rank, int repeats, Set<String> settings) {
        List<String> row = new ArrayList<>();
        row.add(Double.isNaN(trial.value()) ? "" : Integer.toString(rank));
        row.add(Integer.toString(trial.number()));
        row.add(trial.family());
        row.add(Python.lower(trial.state()));
        sweep.parameters().forEach(parameter -> row.add(trial.parameters().getOrDefault(parameter.name(), "")));
        row.add(number(trial.value()));
        row.add(number(trial.spread()));
        for (int i = 0; i < repeats; i++) {
            row.add(i < trial.repeats().size() ? number(trial.repeats().get(i).value()) : "");
        }
        for (int i = 0; i < repeats; i++) {
            row.add(
                    i < trial.repeats().size()
                            ? Long.toString(trial.repeats().get(i).seed())
                            : "");
        }
        row.add(trial.rung() < 0 ? "" : Integer.toString(trial.rung()));
        row.add(Long.toString(trial.epochs()));
        row.add(number(trial.seconds()));
        row.add(trial.reason());
        settings.forEach(name -> row.add(trial.settings().stream()
                .filter(setting -> setting.getKey().equals(name))
                .map(Map.Entry::getValue)
                .collect(Collectors.joining("\n"))));
        return row;
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "" : Python.repr(value);
    }
}
