package org.anneal.parity;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** One case of a golden file of schedules; generate.py describes the layout. */
final class ScheduleCase {
    private static final int ALL_GROUPS = -1;

    final String id;
    String schedule = "";
    double[] lr = {};
    double[] metrics = {};
    boolean adam;
    OptionalDouble momentum = OptionalDouble.empty(); // if there is one, each row ends with group 0's
    final List<double[]> rates = new ArrayList<>();
    private final List<Edit> edits = new ArrayList<>();

    private record Edit(int row, int group, double lr) {}

    private ScheduleCase(String id) {
        this.id = id;
    }

    /** {@return the cases of PyTorch's class {@code name}} */
    static List<ScheduleCase> read(String name) {
        List<ScheduleCase> cases = new ArrayList<>();
        try (InputStream in = Objects.requireNonNull(
                ScheduleCase.class.getResourceAsStream("/golden/schedules/" + name + ".csv"), name)) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .forEach(line -> {
                        String[] entry = line.split(",", 2);
                        if (entry[0].equals("case")) {
                            cases.add(new ScheduleCase(entry[1]));
                        } else {
                            cases.get(cases.size() - 1).read(entry[0], entry[1]);
                        }
                    });
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return cases;
    }

    private void read(String key, String value) {
        switch (key) {
            case "schedule" -> schedule = value;
            case "lr" -> lr = numbers(value);
            case "metrics" -> metrics = numbers(value);
            case "optimizer" -> adam = value.equals("Adam");
            case "momentum" -> momentum = OptionalDouble.of(Double.parseDouble(value));
            case "edit" -> {
                String[] edit = value.split(",", -1);
                int group = edit[1].equals("*") ? ALL_GROUPS : Integer.parseInt(edit[1]);
                edits.add(new Edit(Integer.parseInt(edit[0]), group, Double.parseDouble(edit[2])));
            }
            default -> rates.add(numbers(value));
        }
    }

    /** Applies to {@code rates} what somebody set by hand just before {@code row}, through {@code set(group, rate)}. */
    void edit(int row, java.util.function.ObjDoubleConsumer<Integer> set) {
        for (Edit edit : edits) {
            for (int group = 0; edit.row == row && group < lr.length; group++) {
                if (edit.group == ALL_GROUPS || edit.group == group) {
                    set.accept(group, edit.lr);
                }
            }
        }
    }

    /** {@return the largest rate of the run: what a tolerance is relative to} */
    double scale() {
        DoubleStream given =
                DoubleStream.concat(Arrays.stream(lr), edits.stream().mapToDouble(Edit::lr));
        DoubleStream reached = rates.stream().flatMapToDouble(row -> Arrays.stream(row, 0, lr.length));
        return DoubleStream.concat(given, reached).map(Math::abs).max().orElseThrow();
    }

    boolean edited() {
        return !edits.isEmpty();
    }

    private static double[] numbers(String list) {
        return Stream.of(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    @Override
    public String toString() {
        return id + " " + schedule;
    }
}
