package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.convert.Target;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Policy;
import org.anneal.sweep.Sweep;
import org.anneal.sweep.SweepCsv;
import org.anneal.sweep.SweepPictures;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.text.Python;

/** What a sweep has found: its table, and its winner in every form that is of use elsewhere. */
final class SweepResult {
    private static final int MOST_ROWS = 25;
    private static final String RUN = "run.json";
    private static final String BEST = "best-run.json";
    private static final String CSV = "sweep.csv";
    private static final int MOST_CURVES = 7; // as many as a picture shows

    private final Path folder;
    private final SweepRecord sweep;
    private final SweepTable table;
    private final boolean anew;
    private final PrintWriter out;

    /**
     * Reads nothing yet.
     *
     * @param anew whether each rung has a schedule of its own length
     */
    SweepResult(Path folder, SweepRecord sweep, boolean anew, PrintWriter out) {
        this.folder = folder;
        this.sweep = sweep;
        this.anew = anew;
        this.out = out;
        table = new SweepTable(sweep);
    }

    /** Prints the table, and which trials have none of it. */
    void printTable() {
        int values = table.ranked().size();
        if (values > 0) {
            table.lines(MOST_ROWS).forEach(out::println);
            if (values > MOST_ROWS) {
                say("and %,d more", values - MOST_ROWS);
            }
        }
        table.reasons().forEach(line -> out.println(Anneal.printable(line)));
        out.println(table.totals());
    }

    /**
     * Writes the results into the sweep's folder, and prints the winner.
     *
     * @throws IOException if they cannot be written, or no trial has come to a value
     */
    void conclude() throws IOException {
        SweepCsv.save(sweep, folder.resolve(CSV));
        if (table.ranked().isEmpty()) {
            throw new IOException("no trial has come to a value");
        }
        List<String> written = new ArrayList<>(List.of(CSV));
        SweepPictures.save(sweep, folder, "png", MOST_CURVES)
                .forEach(file -> written.add(file.getFileName().toString()));
        TrialRecord winner = table.ranked().get(0);
        say("");
        say(
                "Best: trial %d, %s %s after %d epoch%s%s",
                winner.number(),
                sweep.monitor().name(),
                SweepTable.value(winner),
                sweep.rungs().get(winner.rung()),
                sweep.rungs().get(winner.rung()) == 1 ? "" : "s",
                winner.repeats().size() == 1
                        ? ""
                        : ", the mean of seeds "
                                + winner.repeats().stream()
                                        .map(repeat -> Long.toString(repeat.seed()))
                                        .collect(Collectors.joining(", ")));
        sweep.extremes(winner)
                .forEach((value, end) -> say("%s is the %s that was tried: a better one may lie beyond", value, end));
        int last = sweep.rungs().size() - 1;
        if (winner.rung() < last) {
            say(
                    "No trial was trained to epoch %d: more --trials or a smaller --eta would bring one there",
                    sweep.rungs().get(last));
        }
        Path run = Sweep.runs(folder).resolve(winner.repeats().get(0).folder()).resolve(RUN);
        if (Files.exists(run)) {
            printCode(RunConfig.read(run));
            AtomicFile.write(folder.resolve(BEST), Files.readAllBytes(run));
            written.add(BEST);
        }
        say("");
        if (winner.repeats().size() > 1) {
            TrialRecord.Repeat first = winner.repeats().get(0);
            say("To train it again with seed %d, which came to %s:", first.seed(), RunsTable.fixed(first.value()));
        }
        say("%s", TrainLine.of(winner, sweep.rungs(), anew));
        say("");
        say("%s: %s", folder, String.join(", ", written));
    }

    private void printCode(RunConfig config) {
        Policy policy = Policy.parse(config.schedule());
        UpdateRule rule = UpdateRule.parse(config.optimizer());
        List<String> more = new ArrayList<>(config.groups());
        more.addAll(config.drives());
        for (Target target : List.of(Target.PYTORCH, Target.JAVA)) {
            say("");
            say(
                    "In %s, stepped per %s%s:",
                    target == Target.JAVA ? "Java" : "PyTorch",
                    Python.lower(config.stepPer()),
                    more.isEmpty() ? "" : ", without " + String.join(" and ", more));
            code(target, policy, rule).lines().forEach(line -> say("%s", line.isEmpty() ? "" : "  " + line));
        }
    }

    private static String code(Target target, Policy policy, UpdateRule rule) {
        try {
            String code = target.write(policy, -1, rule, List.of(rule));
            return target == Target.JAVA ? withOptimizer(code, rule) : code;
        } catch (IllegalArgumentException e) { // as it is of a plugin, perhaps
            return Optional.ofNullable(e.getMessage()).orElse("");
        }
    }

    /** {@return lines of Java, after whose imports the optimizer is made that the lines take} */
    private static String withOptimizer(String code, UpdateRule rule) {
        Set<String> imports = new TreeSet<>(
                code.lines().takeWhile(line -> line.startsWith("import ")).toList());
        UnaryOperator<String> imported = name -> {
            imports.add("import " + name + ";");
            return name.substring(name.lastIndexOf('.') + 1);
        };
        String made = rule.java(type -> imported.apply(type.getCanonicalName()));
        String torch = imported.apply("org.anneal.torch.Torch");
        String optimizer = imported.apply("org.anneal.optim.Optimizer") + "<"
                + imported.apply("org.bytedeco.pytorch.Tensor") + "> optimizer = " + torch + ".optimizer(" + made + ", "
                + torch + ".parameters(net.module()));";
        return Stream.concat(
                        Stream.concat(imports.stream(), Stream.of("", optimizer)),
                        code.lines().dropWhile(line -> line.startsWith("import ") || line.isEmpty()))
                .collect(Collectors.joining("\n"));
    }

    private void say(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }
}
