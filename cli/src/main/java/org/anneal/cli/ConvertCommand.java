package org.anneal.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.anneal.convert.Target;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.SchedulerCall;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal convert}: a schedule as code of another library. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Write a schedule as code that gives the same rates in another library.",
            "Its own functions are used where they say the same. What cannot be said there is refused with the reason."
        })
final class ConvertCommand implements Callable<Integer> {
    @Parameters(paramLabel = "EXPR", description = SimulationOptions.EXPR)
    private String expression;

    @Option(names = "--to", paramLabel = "LIBRARY", required = true, description = "${COMPLETION-CANDIDATES}")
    private Target target;

    @Mixin
    private final SimulationOptions options = new SimulationOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        SimulationOptions.Simulated simulated = options.read(List.of(expression), note -> Anneal.warn(spec, note));
        simulated.notes().forEach(note -> Anneal.warn(spec, note));
        SchedulerCall call = simulated.run().call();
        List<UpdateRule> groups = simulated.run().groups();
        String code = target.write(call.policy(), call.lastEpoch(), groups.get(0), groups);
        spec.commandLine().getOut().print(code);
        return 0;
    }
}
