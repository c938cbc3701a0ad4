package org.anneal.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.anneal.cli.SimulationOptions.Simulated;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.ProgressLine;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.Finding;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Python;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal check}: what is wrong or suspicious about a schedule for a run. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Check a schedule for a run: say what is wrong or suspicious, before you train with it.",
            "Exits with 1 if there are findings, else with 0. Notes, on what is right but often unexpected, do not count."
        })
final class CheckCommand implements Callable<Integer> {
    private static final int DIGITS = 5; // after the first

    /** How it prints. */
    private enum Format {
        TEXT,
        JSON
    }

    @Parameters(paramLabel = "EXPR", description = SimulationOptions.EXPR)
    private String expression;

    @Mixin
    private final SimulationOptions options = new SimulationOptions();

    @Option(names = "--below", paramLabel = "LR", description = "print the first step whose rate is below LR")
    private Optional<Double> below = Optional.empty();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text or json (default: ${DEFAULT-VALUE})")
    private Format format;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Simulated simulated = options.read(List.of(expression), note -> Anneal.warn(spec, note));
        SchedulerCall call = simulated.run().call();
        if (call.lastEpoch() != -1) {
            throw new IllegalArgumentException(
                    "EXPR must not have last_epoch, as a resumed run is not checked, but has last_epoch="
                            + call.lastEpoch());
        }
        double[] lr =
                simulated.run().groups().stream().mapToDouble(UpdateRule::lr).toArray();
        long steps = simulated.steps();
        List<Checkup> groups = new ArrayList<>();
        try (ProgressLine progress = Anneal.progress(spec).task("check", 0, lr.length * steps, "steps")) {
            for (int group = 0; group < lr.length; group++) {
                long before = group * steps;
                groups.add(check(simulated, lr, group, done -> progress.at(before + done)));
            }
        }
        List<Finding> findings = new ArrayList<>();
        List<Finding> notes = new ArrayList<>();
        call.notes().forEach(note -> {
            if (simulated.run().isChoice(note)) {
                notes.add(new Finding(0, note, "--pick NAME takes another"));
            } else {
                findings.add(new Finding(0, note, "leave it out"));
            }
        });
        findings.addAll(once(groups, Checkup::findings));
        simulated
                .drives()
                .keySet()
                .forEach(name -> findings.addAll(
                        ofNumber(name, call, simulated.run().groups(), simulated.drives(), steps, simulated.length())));
        notes.addAll(once(groups, Checkup::notes));
        PrintWriter out = spec.commandLine().getOut();
        if (format == Format.JSON) {
            out.println(json(call.policy(), steps, lr, groups, findings, notes));
        } else {
            print(out, call.policy(), simulated.drives(), steps, lr, groups, findings, notes);
        }
        return findings.isEmpty() ? 0 : Anneal.FAILED;
    }

    private Checkup check(Simulated simulated, double[] lr, int group, LongConsumer progress) {
        Policy policy = simulated.run().call().policy();
        Optional<RunLength> length = simulated.length();
        List<Double> bases = Arrays.stream(lr).boxed().toList();
        double limit = below.orElse(0.0);
        return length.isPresent()
                ? Checkup.of(policy, length.get(), bases, group, limit, progress)
                : Checkup.of(policy, simulated.steps(), bases, group, limit, progress);
    }

    /** {@return what is found about the schedule of {@code name}, a number that {@code drives} drive beside the rate} */
    static List<Finding> ofNumber(
            String name,
            SchedulerCall call,
            List<UpdateRule> rules,
            Map<String, Schedule> drives,
            long steps,
            Optional<RunLength> length) {
        Schedule schedule = drives.getOrDefault(name, new ConstantLR(1, 0));
        int groups = rules.size();
        Simulation run = new Simulation(call, rules, Integer::toString, drives);
        List<Double> bases = rules.stream()
                .map(rule -> new ParamGroup<>(name, rule, List.of(0)).number(name))
                .toList();
        List<Checkup> checkups = new ArrayList<>();
        for (int group = 0; group < groups; group++) {
            checkups.add(Checkup.ofLengths(schedule, steps, length, bases, group));
        }
        List<Finding> found = new ArrayList<>(once(checkups, Checkup::findings));
        boolean[] moves = {false};
        Optional<RuntimeException> end = run.takesMetric()
                ? Optional.empty() // it moves with metrics, which are not known
                : run.walk(steps, step -> {
                    for (int group = 0; group < groups; group++) {
                        moves[0] |= run.number(group, name) != 0;
                    }
                    return true;
                });
        end.filter(ArithmeticException.class::isInstance)
                .map(Throwable::getMessage)
                .filter(problem -> problem.contains(schedule.toString()))
                .ifPresent(problem ->
                        found.add(new Finding(run.step(), problem, "keep the values in the range of " + name)));
        if (!run.takesMetric() && end.isEmpty() && !moves[0]) {
            found.add(new Finding(
                    0,
                    "it is 0 in every step",
                    "give the optimizer a " + name + " above 0, which is the schedule's base"));
        }
        return found.stream()
                .map(finding -> new Finding(finding.step(), name + ": " + finding.problem(), finding.suggestion()))
                .toList();
    }

    /** {@return each finding once, with its groups unless all of them have it} */
    static List<Finding> once(List<Checkup> groups, Function<Checkup, List<Finding>> of) {
        List<Finding> all = new ArrayList<>();
        Map<Finding, List<Integer>> found = new LinkedHashMap<>();
        for (int group = 0; group < groups.size(); group++) {
            for (Finding finding : of.apply(groups.get(group))) {
                found.computeIfAbsent(finding, first -> new ArrayList<>()).add(group);
            }
        }
        found.forEach((finding, in) -> all.add(
                in.size() == groups.size()
                        ? finding
                        : new Finding(
                                finding.step(),
                                (in.size() == 1 ? "group " : "groups ")
                                        + String.join(
                                                ", ",
                                                in.stream().map(String::valueOf).toList())
                                        + ": " + finding.problem(),
                                finding.suggestion())));
        return all;
    }

    private void print(
            PrintWriter out,
            Policy policy,
            Map<String, Schedule> drives,
            long steps,
            double[] lr,
            List<Checkup> groups,
            List<Finding> findings,
            List<Finding> notes) {
        out.println(policy);
        drives.forEach((name, schedule) -> out.println(name + "=" + schedule));
        for (int group = 0; group < lr.length; group++) {
            Checkup checkup = groups.get(group);
            out.println();
            out.println(steps + " steps from lr " + Python.repr(lr[group])
                    + (lr.length == 1 ? "" : ", group " + group)
                    + (policy instanceof Schedule ? "" : ", before the plateau reduces it"));
            if (Double.isNaN(checkup.peak())) {
                out.println("  no rate");
                continue;
            }
            out.println("  peak   " + round(checkup.peak()) + " at step " + checkup.peakStep());
            out.println("  mean   " + round(checkup.mean()));
            out.println("  area   " + round(checkup.area()));
            below.ifPresent(limit -> out.println("  below  " + Python.repr(limit) + " "
                    + (checkup.firstBelow().isPresent()
                            ? "from step " + checkup.firstBelow().getAsLong()
                            : "never")));
        }
        out.println();
        findings.forEach(finding -> print(out, "step ", finding));
        notes.forEach(note -> print(out, "note, step ", note));
        out.println(
                findings.isEmpty()
                        ? "Nothing found."
                        : findings.size() + (findings.size() == 1 ? " finding" : " findings"));
    }

    private static void print(PrintWriter out, String what, Finding finding) {
        out.println(what + finding.step() + ": " + finding.problem());
        out.println("  -> " + finding.suggestion());
    }

    private static String round(double value) {
        return Python.repr(Python.parseFloat(Python.scientific(value, DIGITS)));
    }

    private String json(
            Policy policy, long steps, double[] lr, List<Checkup> groups, List<Finding> findings, List<Finding> notes) {
        StringBuilder json = new StringBuilder("{\"policy\": ").append(quote(policy.toString()));
        json.append(", \"steps\": ").append(steps).append(", \"groups\": [");
        for (int group = 0; group < lr.length; group++) {
            Checkup checkup = groups.get(group);
            json.append(group == 0 ? "" : ",").append("\n  {\"lr\": ").append(number(lr[group]));
            json.append(", \"peak\": ").append(number(checkup.peak()));
            json.append(", \"peak_step\": ").append(Double.isNaN(checkup.peak()) ? "null" : checkup.peakStep());
            json.append(", \"mean\": ").append(number(checkup.mean()));
            json.append(", \"area\": ").append(number(checkup.area()));
            if (below.isPresent()) {
                OptionalLong first = checkup.firstBelow();
                json.append(", \"below\": ").append(number(below.get()));
                json.append(", \"below_step\": ").append(first.isPresent() ? first.getAsLong() : "null");
            }
            json.append('}');
        }
        json.append("], \"findings\": ");
        append(json, findings);
        json.append(", \"notes\": ");
        append(json, notes);
        return json.append('}').toString();
    }

    private static void append(StringBuilder json, List<Finding> findings) {
        json.append('[');
        for (int i = 0; i < findings.size(); i++) {
            Finding finding = findings.get(i);
            json.append(i == 0 ? "" : ",").append("\n  {\"step\": ").append(finding.step());
            json.append(", \"problem\": ").append(quote(finding.problem()));
            json.append(", \"suggestion\": ")
                    .append(quote(finding.suggestion()))
                    .append('}');
        }
        json.append(']');
    }

    /** JSON has no infinities. */
    private static String number(double value) {
        return Double.isFinite(value) ? Python.repr(value) : "null";
    }

    /** {@return {@code text} as a string of JSON} */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < ' ') {
                quoted.append("\\u00").append(c < 16 ? "0" : "").append(Integer.toHexString(c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
