package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.cli.SimulationOptions.Simulated;
import org.anneal.cli.Surroundings.Pasted;
import org.anneal.optim.UpdateRule;
import org.anneal.plot.Chart;
import org.anneal.plot.Plot;
import org.anneal.plot.Size;
import org.anneal.plot.Terminal;
import org.anneal.plot.XAxis;
import org.anneal.runs.ProgressLine;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Python;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How {@code plot} and {@code compare} draw: into a file or into the terminal. */
final class PictureOptions {
    private static final int MOST_STEPS = 10_000_000;
    private static final double MOST_RATE = 1e300; // above this a curve would have a gap
    private static final Pattern CHARACTERS = Pattern.compile("(\\d{1,4})x(\\d{1,4})");
    private static final Pattern ROWS_AND_COLUMNS = Pattern.compile("(\\d{1,4}) (\\d{1,4})");
    private static final int COLUMNS = 80;
    private static final int ROWS = 24;
    /** The most that is used of a large screen. */
    private static final int MOST_ROWS = 40;

    private static final int MOST_COLUMNS = 160;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "picture file to write, ending in .png or .svg (default: draw in the terminal)")
    private Optional<Path> output = Optional.empty();

    @Option(
            names = "--size",
            paramLabel = "WxH",
            description =
                    "size of the picture in pixels, such as 1200x700, or in the terminal in characters, such as 100x30")
    private Optional<String> size = Optional.empty();

    @Option(
            names = "--title",
            paramLabel = "TEXT",
            description =
                    "text above the chart (default: the schedule, if there is only one); a picture shows Latin, Greek and"
                            + " Cyrillic letters, and replaces others")
    private Optional<String> title = Optional.empty();

    @Option(names = "--log", description = "logarithmic axis for the rate")
    private boolean log;

    @Option(
            names = "--x-axis",
            paramLabel = "UNIT",
            description = "steps or epochs (default: epochs with --epochs, else steps)")
    private Optional<XAxis> xAxis = Optional.empty();

    @Option(
            names = "--momentum-panel",
            negatable = true,
            description = "show the momentum, or do not (default: show it if a schedule drives it)")
    private Optional<Boolean> momentumPanel = Optional.empty();

    @Option(names = "--ascii", description = "in the terminal, draw with ASCII characters instead of braille")
    private boolean ascii;

    /** Refuses what does not go together, before anything is done. */
    void check() {
        if (output.isPresent() && ascii) {
            throw new IllegalArgumentException("--ascii is only for the terminal: leave it out with --output");
        }
        output.ifPresent(file -> checkName("--output", file));
    }

    /** Refuses a file whose name does not tell the format of its picture. */
    static void checkName(String option, Path file) {
        if (!file.toString().matches("(?is).*\\.(png|svg)")) {
            throw new IllegalArgumentException(option + " must end in .png or .svg, but was " + file);
        }
    }

    /** {@return whether it draws into a file} */
    boolean isFile() {
        return output.isPresent();
    }

    /** Refuses a run that is too long to be drawn, or has too high a rate. */
    static void checkDrawable(Simulated simulated) {
        long steps = simulated.steps();
        if (steps > MOST_STEPS) {
            throw new IllegalArgumentException("--steps must be at most " + MOST_STEPS + ", but was " + steps);
        }
        simulated.runs().stream()
                .flatMap(run -> run.groups().stream())
                .map(UpdateRule::lr)
                .filter(rate -> rate > MOST_RATE)
                .findFirst()
                .ifPresent(rate -> {
                    throw new IllegalArgumentException(
                            "--lr must be at most 1e300 to be drawn, but was " + Python.repr(rate));
                });
    }

    /**
     * Draws the schedules.
     *
     * @param metrics what a plateau gets, if it is known
     * @throws IllegalStateException if a schedule ends before the run; in the terminal it is drawn so far
     */
    void draw(Simulated simulated, Optional<Path> metrics, CommandSpec spec) throws IOException {
        Plot plot = plot(simulated, metrics);
        List<String> ends = new ArrayList<>();
        String printed;
        long all = simulated.runs().size() * simulated.steps();
        try (ProgressLine progress = Anneal.progress(spec).task(spec.name(), 0, all, "steps")) {
            if (output.isPresent()) {
                Chart chart =
                        plot.chart(progress::at); // a schedule that ends early is an error here: a file is complete
                chart.save(output.get()); // the bar, full by now, stays while it is drawn
                printed = "Wrote " + output.get() + System.lineSeparator();
            } else {
                Chart chart = plot.chart(progress::at, end -> ends.add(String.valueOf(end.getMessage())));
                printed = chart.text(terminal(Anneal.screen(spec), System.getenv()));
            }
        }
        spec.commandLine().getOut().print(printed);
        if (!ends.isEmpty()) {
            throw new IllegalStateException(String.join("; ", ends));
        }
    }

    /** Draws finished runs. */
    void draw(RunsTable runs, CommandSpec spec) throws IOException {
        Chart chart = runs.picture(title.orElse(""), log);
        if (output.isPresent()) {
            Chart sized = size.isPresent() ? chart.withSize(option(() -> Size.parse(size.get()))) : chart;
            sized.save(output.get());
            spec.commandLine().getOut().println("Wrote " + output.get());
        } else {
            spec.commandLine().getOut().print(chart.text(terminal(Anneal.screen(spec), System.getenv())));
        }
    }

    private Plot plot(Simulated simulated, Optional<Path> metrics) throws IOException {
        long steps = simulated.steps();
        Optional<RunLength> length = simulated.length();
        List<SchedulerCall> calls = simulated.runs().stream().map(Pasted::call).toList();
        Plot plot = Plot.of(calls.toArray(SchedulerCall[]::new))
                .withOptimizers(simulated.runs().stream().map(Pasted::groups).toList())
                .withDrives(simulated.drives())
                .withLog(log);
        plot = length.isPresent() ? plot.withRunLength(length.get()) : plot.withSteps(steps);
        plot = plot.withUnreducedPlateaus();
        if (metrics.isPresent() && calls.stream().anyMatch(call -> !(call.policy() instanceof Schedule))) {
            double[] given = Metrics.read(metrics, steps - 1);
            plot = plot.withMetric(step -> given[(int) step]);
        }
        if (xAxis.isPresent()) {
            if (xAxis.get() == XAxis.EPOCHS && length.isEmpty()) {
                throw new IllegalArgumentException(
                        "--x-axis must be steps unless --epochs and --steps-per-epoch are given, but was epochs");
            }
            plot = plot.withXAxis(xAxis.get());
        }
        if (momentumPanel.isPresent()) {
            plot = plot.withMomentum(momentumPanel.get());
        }
        if (title.isPresent()) {
            plot = plot.withTitle(title.get());
        }
        if (size.isPresent() && output.isPresent()) {
            plot = plot.withSize(option(() -> Size.parse(size.get())));
        }
        return plot;
    }

    /**
     * {@return the terminal to draw for: in colour if it has colours; without one, 80x24 characters}
     *
     * @param screen rows and columns of the terminal, from the launcher, if standard output is one
     */
    Terminal terminal(Optional<String> screen, Map<String, String> environment) {
        return terminal(size, ascii, screen, environment);
    }

    /** {@return the terminal to draw for, as {@code --size} and {@code --ascii} say} */
    static Terminal terminal(
            Optional<String> size, boolean ascii, Optional<String> screen, Map<String, String> environment) {
        boolean colour = screen.isPresent()
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "").equals("dumb");
        if (size.isPresent()) {
            Matcher given = CHARACTERS.matcher(size.get());
            if (!given.matches()) {
                throw new IllegalArgumentException(
                        "--size must be COLUMNSxROWS in the terminal, such as 100x30, but was '" + size.get() + "'");
            }
            return option(() -> new Terminal(number(given, 1), number(given, 2), colour, ascii));
        }
        int columns = COLUMNS;
        int rows = ROWS;
        Matcher known = ROWS_AND_COLUMNS.matcher(screen.orElse(""));
        if (known.matches()
                && number(known, 1) > 0
                && number(known, 2) > 0) { // a terminal that does not know its size says 0
            rows = Math.max(Terminal.LEAST_ROWS, Math.min(MOST_ROWS, number(known, 1)));
            columns = Math.max(Terminal.LEAST_COLUMNS, Math.min(MOST_COLUMNS, number(known, 2)));
        }
        return new Terminal(columns, rows, colour, ascii);
    }

    private static int number(Matcher parts, int group) {
        return Integer.parseInt(parts.group(group));
    }

    /** {@return what {@code parse} returns; if it refuses, the message names the option} */
    private static <T> T option(Supplier<T> parse) {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }
}
