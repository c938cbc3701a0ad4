package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.anneal.cli.SimulationOptions.Simulated;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal plot}: one picture of one or more schedules. */
@Command(
        name = "plot",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Draw one or more schedules into one chart, as a picture or in the terminal.")
final class PlotCommand implements Callable<Integer> {
    @Parameters(paramLabel = "EXPR", arity = "1..*", description = SimulationOptions.EXPR)
    private List<String> expressions;

    @Mixin
    private final SimulationOptions options = new SimulationOptions();

    @Mixin
    private final PictureOptions picture = new PictureOptions();

    @Option(
            names = "--metrics",
            paramLabel = "FILE",
            description =
                    "file of numbers for a plateau, one per line: the metric after step 0, 1, ... (default: the rate is"
                            + " drawn as if the plateau never reduced it)")
    private Optional<Path> metrics = Optional.empty();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        picture.check();
        Simulated simulated = options.read(expressions, note -> Anneal.warn(spec, note));
        simulated.notes().forEach(note -> Anneal.warn(spec, note));
        PictureOptions.checkDrawable(simulated);
        picture.draw(simulated, metrics, spec);
        return 0;
    }
}
