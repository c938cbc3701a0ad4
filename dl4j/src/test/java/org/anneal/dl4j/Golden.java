package org.anneal.dl4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;

/** Untouched runs of PyTorch's schedulers, from parity's golden files. */
final class Golden {
    private static final Path FILES = Path.of("../parity/src/test/resources/golden/schedules");
    private static final List<Golden> ALL = read();

    private final String id;
    private final Schedule schedule;
    private final double[] bases;
    private final List<double[]> rates;

    private Golden(String id, Schedule schedule, double[] bases, List<double[]> rates) {
        this.id = id;
        this.schedule = schedule;
        this.bases = bases;
        this.rates = rates;
    }

    Schedule schedule() {
        return schedule;
    }

    /** {@return the rate that each group starts from} */
    double[] bases() {
        return bases;
    }

    /** {@return the rates of the groups, for each step} */
    List<double[]> rates() {
        return rates;
    }

    /** {@return the runs of every scheduler of PyTorch that steps drive} */
    static Stream<Golden> all() {
        return ALL.stream();
    }

    private static List<Golden> read() {
        try (Stream<Path> files = Files.list(FILES)) {
            return files.sorted().flatMap(Golden::read).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Golden> read(Path file) {
        List<List<String>> cases = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith("case,")) {
                    cases.add(new ArrayList<>());
                }
                if (!line.isBlank() && !line.startsWith("#")) {
                    cases.get(cases.size() - 1).add(line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return cases.stream().flatMap(Golden::read);
    }

    private static Stream<Golden> read(List<String> lines) {
        SchedulerCall call = SchedulerCall.parse(value(lines, "schedule"));
        Policy policy = call.policy();
        boolean edited = lines.stream().anyMatch(line -> line.startsWith("edit,"));
        if (edited || call.lastEpoch() != -1 || !(policy instanceof Schedule schedule)) {
            return Stream.empty();
        }
        double[] bases = numbers(value(lines, "lr"));
        List<double[]> rates = lines.stream()
                .filter(line -> line.matches("\\d+,.*"))
                .map(line -> Arrays.copyOf(numbers(line.split(",", 2)[1]), bases.length))
                .toList();
        return Stream.of(new Golden(value(lines, "case"), schedule, bases, rates));
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key + ","))
                .findFirst()
                .orElseThrow()
                .split(",", 2)[1];
    }

    private static double[] numbers(String list) {
        return Stream.of(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    /** {@return the largest rate of the run: what a tolerance is relative to} */
    double scale() {
        return rates.stream()
                .flatMapToDouble(Arrays::stream)
                .map(Math::abs)
                .max()
                .orElseThrow();
    }

    @Override
    public String toString() {
        return id + " " + schedule;
    }
}
