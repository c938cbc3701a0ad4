package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.anneal.cli.SimulationOptions.Simulated;
import org.anneal.cli.Surroundings.Pasted;
import org.anneal.optim.Comparison;
import org.anneal.optim.Simulation;
import org.anneal.runs.ProgressLine;
import org.anneal.runs.RunRecord;
import org.anneal.text.Python;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal compare}: where schedules differ, or how finished runs went. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Compare schedules over a run: say where each differs from the first, and draw them.",
            "Exits with 0 if all are equal, with 1 if they differ, and with 2 if the command line is wrong, as diff does.",
            "Or compare finished runs by their folders: a table, the best first, and one picture of all. Exits with 0."
        })
final class CompareCommand implements Callable<Integer> {
    private static final int DIGITS = 5; // after the first

    /** How it prints. */
    private enum Format {
        TEXT,
        CSV,
        JSON
    }

    private static final Set<String> OF_RUNS =
            Set.of("--monitor", "--format", "--output", "--size", "--title", "--log", "--ascii", "--plugin");

    @Parameters(
            paramLabel = "EXPR",
            arity = "2..*",
            description = {SimulationOptions.EXPR, "or all of them folders of runs, such as runs/a"})
    private List<String> expressions;

    @Mixin
    private final SimulationOptions options = new SimulationOptions();

    @Option(
            names = "--tolerance",
            paramLabel = "PART",
            defaultValue = "1e-12",
            description =
                    "the most that rates may differ and be equal, as a part of the highest rate; 0: to the last bit"
                            + " (default: ${DEFAULT-VALUE})")
    private double tolerance;

    @Option(
            names = "--metrics",
            paramLabel = "FILE",
            description =
                    "file of numbers for a plateau, one per line: the metric after step 0, 1, ... (default: no plateau"
                            + " changes the rate)")
    private Optional<Path> metrics = Optional.empty();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text, csv or json (default: ${DEFAULT-VALUE}); only text draws in the terminal")
    private Format format;

    @Option(
            names = "--monitor",
            paramLabel = "COLUMN",
            description = "of runs, what tells the best: val_loss, val_accuracy, ... (default: as in the runs)")
    private Optional<String> monitor = Optional.empty();

    @Mixin
    private final PictureOptions picture = new PictureOptions();

    @Spec
    private CommandSpec spec;

    /** The values of one run: its rates per group, and its momentum. */
    private record Walked(List<double[]> values, Optional<RuntimeException> end) {}

    /**
     * One value of a run against that of the first.
     *
     * @param run the number of the run, from 0
     * @param value its name: {@code lr}, {@code lr0} and so on, or {@code momentum}
     */
    private record Row(int run, String value, Comparison compared) {}

    @Override
    public Integer call() throws IOException {
        picture.check();
        if (expressions.stream().anyMatch(CompareCommand::namesRun)) {
            compareRuns();
            return 0;
        }
        if (monitor.isPresent()) {
            throw new IllegalArgumentException("--monitor must be left out unless runs are compared");
        }
        if (!(tolerance >= 0)) {
            throw new IllegalArgumentException("--tolerance must be at least 0, but was " + tolerance);
        }
        Simulated simulated = options.read(expressions, note -> Anneal.warn(spec, note));
        simulated.notes().forEach(note -> Anneal.warn(spec, note));
        PictureOptions.checkDrawable(simulated);
        int groups = simulated.run().groups().size();
        for (int i = 0; i < expressions.size(); i++) {
            int others = simulated.runs().get(i).groups().size();
            if (others != groups) {
                throw new IllegalArgumentException(
                        "EXPR " + (i + 1) + " must have as many groups as EXPR 1, " + groups + ", but has " + others);
            }
        }
        List<Walked> walked = walk(simulated, groups);
        List<Row> rows = compare(walked, groups);
        boolean equal = rows.stream().allMatch(row -> row.compared().isEqual());
        PrintWriter out = spec.commandLine().getOut();
        switch (format) {
            case TEXT -> print(out, simulated, rows);
            case CSV -> csv(out, rows);
            case JSON -> json(out, simulated, rows);
        }
        if (picture.isFile() || (format == Format.TEXT && !equal)) {
            picture.draw(simulated, metrics, spec);
        }
        Optional<RuntimeException> end =
                walked.stream().flatMap(run -> run.end().stream()).findFirst();
        if (end.isPresent()) {
            throw end.get();
        }
        return equal ? 0 : Anneal.FAILED;
    }

    /** {@return whether an argument is a folder, or can only be a path} */
    private static boolean namesRun(String argument) {
        try {
            return Files.isDirectory(Path.of(argument))
                    || (argument.contains("/") && argument.indexOf('(') < 0 && argument.indexOf('\n') < 0);
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private void compareRuns() throws IOException {
        for (String argument : expressions) {
            if (!namesRun(argument)) {
                throw new IllegalArgumentException(
                        "EXPR must be schedules only, or folders of runs only, but '" + argument + "' is no folder");
            }
        }
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptionsSet()) {
            if (!OF_RUNS.contains(option.longestName())) {
                throw new IllegalArgumentException(
                        option.longestName() + " must be left out when runs are compared, which have their own");
            }
        }
        List<RunRecord> runs = new ArrayList<>();
        for (String folder : expressions) {
            runs.add(RunRecord.read(Path.of(folder)));
        }
        RunsTable table = new RunsTable(runs, monitor);
        PrintWriter out = spec.commandLine().getOut();
        switch (format) {
            case TEXT -> table.text().forEach(out::println);
            case CSV -> table.csv().forEach(out::println);
            case JSON -> out.println(table.json());
        }
        if (picture.isFile() || format == Format.TEXT) {
            picture.draw(table, spec);
        }
    }

    private List<Walked> walk(Simulated simulated, int groups) throws IOException {
        int steps = (int) simulated.steps();
        List<Walked> all = new ArrayList<>();
        Optional<double[]> given = Optional.empty();
        try (ProgressLine progress =
                Anneal.progress(spec).task("compare", 0, (long) steps * expressions.size(), "steps")) {
            for (Pasted pasted : simulated.runs()) {
                Simulation run = new Simulation(pasted.call(), pasted.groups());
                if (run.takesMetric() && metrics.isPresent()) {
                    given = given.isPresent() ? given : Optional.of(Metrics.read(metrics, steps - 1));
                    double[] metric = given.get();
                    run.metric(step -> metric[(int) step]);
                }
                double[][] values = new double[groups + 1][steps];
                long before = (long) steps * all.size();
                Optional<RuntimeException> end = run.walk(steps, step -> {
                    for (int group = 0; group < groups; group++) {
                        values[group][(int) step] = run.rate(group);
                    }
                    values[groups][(int) step] = run.momentum(0);
                    if (step % 1024 == 0) {
                        progress.at(before + step);
                    }
                    return true;
                });
                int length = end.isPresent() ? (int) run.step() : steps;
                all.add(new Walked(
                        Arrays.stream(values)
                                .map(value -> Arrays.copyOf(value, length))
                                .toList(),
                        end));
            }
        }
        return all;
    }

    /** {@return each run's values beside those of the first, as far as both go} */
    private List<Row> compare(List<Walked> walked, int groups) {
        List<Row> rows = new ArrayList<>();
        for (int run = 1; run < walked.size(); run++) {
            for (int value = 0; value <= groups; value++) {
                double[] first = walked.get(0).values().get(value);
                double[] other = walked.get(run).values().get(value);
                int common = Math.min(first.length, other.length);
                Comparison compared =
                        Comparison.of(Arrays.copyOf(first, common), Arrays.copyOf(other, common), tolerance);
                String name = value == groups ? "momentum" : groups == 1 ? "lr" : "lr" + value;
                if (value < groups || !compared.isEqual()) {
                    rows.add(new Row(run, name, compared));
                }
            }
        }
        return rows;
    }

    private void print(PrintWriter out, Simulated simulated, List<Row> rows) {
        for (int i = 0; i < simulated.runs().size(); i++) {
            out.println(i + 1 + "  " + simulated.runs().get(i).call().policy());
        }
        rows.forEach(row -> {
            Comparison compared = row.compared();
            out.println();
            out.println("1 and " + (row.run() + 1) + ", " + row.value() + ", "
                    + (compared.last().step() + 1) + " steps");
            if (compared.isEqual()) {
                out.println("  equal"
                        + (compared.largest().by() == 0
                                ? ""
                                : ", but for "
                                        + round(Math.abs(compared.largest().by())) + " at step "
                                        + compared.largest().step()));
            } else {
                compared.first().ifPresent(difference -> print(out, "first differ", difference));
                print(out, "most", compared.largest());
                print(out, "at the end", compared.last());
            }
            if (!row.value().equals("momentum")) {
                out.println("  area           " + round(compared.firstArea()) + " and " + round(compared.secondArea())
                        + ratio(compared));
            }
        });
    }

    private static String ratio(Comparison compared) {
        double ratio = compared.areaRatio();
        return Double.isFinite(ratio) ? ", ratio " + round(ratio) : "";
    }

    private static void print(PrintWriter out, String what, Comparison.Difference difference) {
        out.println("  " + what + " ".repeat(15 - what.length()) + "step " + difference.step() + ": "
                + round(difference.first()) + " and " + round(difference.second()) + ", by "
                + round(difference.by()));
    }

    private static String round(double value) {
        return Python.repr(Python.parseFloat(Python.scientific(value, DIGITS)));
    }

    /** {@return a row's values, each by its name; NaN where there is none} */
    private static Map<String, Double> numbers(Comparison compared) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        Map<String, Optional<Comparison.Difference>> all = new LinkedHashMap<>();
        all.put("first", compared.first());
        all.put("largest", Optional.of(compared.largest()));
        all.put("last", Optional.of(compared.last()));
        all.forEach((when, difference) -> {
            numbers.put(
                    when + "_step", difference.map(each -> (double) each.step()).orElse(Double.NaN));
            numbers.put(
                    when + "_1", difference.map(Comparison.Difference::first).orElse(Double.NaN));
            numbers.put(
                    when + "_2", difference.map(Comparison.Difference::second).orElse(Double.NaN));
            numbers.put(when + "_by", difference.map(Comparison.Difference::by).orElse(Double.NaN));
        });
        numbers.put("area_1", compared.firstArea());
        numbers.put("area_2", compared.secondArea());
        numbers.put("area_ratio", compared.areaRatio());
        return numbers;
    }

    private static String number(String name, double value, String none) {
        return !Double.isFinite(value)
                ? none
                : name.endsWith("_step") ? Long.toString((long) value) : Python.repr(value);
    }

    private static void csv(PrintWriter out, List<Row> rows) {
        out.println("run,value,equal,"
                + String.join(",", numbers(rows.get(0).compared()).keySet()));
        rows.forEach(row -> out.println((row.run() + 1) + "," + row.value() + ","
                + String.valueOf(row.compared().isEqual()).toLowerCase(Locale.ROOT) + ","
                + numbers(row.compared()).entrySet().stream()
                        .map(each -> number(each.getKey(), each.getValue(), ""))
                        .collect(Collectors.joining(","))));
    }

    private static void json(PrintWriter out, Simulated simulated, List<Row> rows) {
        out.println("{\"policies\": "
                + simulated.runs().stream()
                        .map(run -> CheckCommand.quote(run.call().policy().toString()))
                        .collect(Collectors.joining(", ", "[", "]"))
                + ", \"steps\": " + simulated.steps() + ", \"equal\": "
                + rows.stream().allMatch(row -> row.compared().isEqual()) + ", \"compared\": ["
                + rows.stream()
                        .map(row -> "\n  {\"run\": " + (row.run() + 1) + ", \"value\": \"" + row.value()
                                + "\", \"equal\": " + row.compared().isEqual()
                                + numbers(row.compared()).entrySet().stream()
                                        .map(each -> ", \"" + each.getKey() + "\": "
                                                + number(each.getKey(), each.getValue(), "null"))
                                        .collect(Collectors.joining())
                                + "}")
                        .collect(Collectors.joining(","))
                + "]}");
    }
}
