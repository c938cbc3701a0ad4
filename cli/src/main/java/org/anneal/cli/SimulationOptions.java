package org.anneal.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.anneal.cli.Surroundings.MissingException;
import org.anneal.cli.Surroundings.Pasted;
import org.anneal.optim.Adam;
import org.anneal.optim.SGD;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepPer;
import org.anneal.text.Context;
import org.anneal.text.Kind;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonProgram;
import org.anneal.text.UnknownNamesException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The run that {@code table}, {@code plot} and {@code check} simulate: its rates, length and optimizer. */
final class SimulationOptions {
    static final String EXPR =
            "a scheduler's call, such as 'StepLR(step_size=30, gamma=0.1)', in the words of PyTorch or of"
                    + " transformers, timm, optax, Keras or Composer, or the lines of a"
                    + " Python program that make it and its optimizer; - reads standard input";

    private static final long STEPS = 100;
    private static final double LR = 0.1;
    private static final double MOMENTUM = 0.9;
    private static final long MOST_STEPS = 1L << 53; // doubles count exactly up to here

    @Mixin
    private final Surroundings surroundings = new Surroundings();

    @Option(
            names = "--lr",
            splitSynopsisLabel = ",",
            split = ",(?!$)", // a comma at the end does not separate, so that it is refused
            paramLabel = "LR",
            description =
                    "base rate, or one per group, separated by commas (default: that of the optimizer in EXPR, or " + LR
                            + ")")
    private List<Double> lr = List.of();

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "steps of the schedule in the run (default: " + STEPS
                    + "); lengths in EXPR may then also be 500st or 10%% of the run")
    private Optional<Long> steps = Optional.empty();

    @Option(
            names = "--epochs",
            paramLabel = "E",
            description =
                    "epochs of the run, instead of --steps; with --steps-per-epoch, lengths in EXPR may also be 30ep, 500st or 10%%")
    private Optional<Long> epochs = Optional.empty();

    @Option(
            names = "--steps-per-epoch",
            paramLabel = "S",
            description = "batches per epoch, with --epochs; needed where the schedule is stepped per batch")
    private Optional<Long> stepsPerEpoch = Optional.empty();

    @Option(
            names = "--batch-size",
            paramLabel = "B",
            description = "samples per batch; lengths in EXPR may then also be 64000sp")
    private Optional<Long> batchSize = Optional.empty();

    @Option(
            names = "--tokens-per-batch",
            paramLabel = "T",
            description = "tokens per batch; lengths in EXPR may then also be 1e9tok")
    private Optional<Long> tokensPerBatch = Optional.empty();

    @Option(
            names = "--step-per",
            paramLabel = "UNIT",
            description = "with --epochs, when the schedule is stepped: per epoch or per batch (default: as an"
                    + " 'interval' in EXPR says, or epoch)")
    private Optional<StepPer> stepPer = Optional.empty();

    @Option(
            names = "--momentum",
            paramLabel = "M",
            description =
                    "the optimizer's momentum; with --adam, its beta1 (default: that of the optimizer in EXPR, or "
                            + MOMENTUM + ")")
    private Optional<Double> momentum = Optional.empty();

    @Option(names = "--adam", description = "use Adam as the optimizer (default: the one in EXPR, or SGD)")
    private boolean adam;

    static final String DRIVE =
            "schedule of another number than the rate, such as 'weight_decay=LinearLR(0.1)': an option"
                    + " of the optimizer that is a number (momentum, beta1, beta2, weight_decay, eps, ...), from its own value as"
                    + " the base; may be repeated";

    @Option(names = "--drive", paramLabel = "NAME=EXPR", description = DRIVE)
    private List<String> drives = List.of();

    /**
     * The runs that the options and the texts describe.
     *
     * @param drives the schedules of other numbers than the rate, by name
     * @param runs the schedule of each text, and the optimizer's rule per group, with the group's rate
     * @param length if it is given in epochs
     * @param steps how often the schedules are stepped
     */
    record Simulated(List<Pasted> runs, Map<String, Schedule> drives, Optional<RunLength> length, long steps) {
        /** {@return what was passed over in the texts, and what else they make} */
        List<String> notes() {
            return runs.stream()
                    .flatMap(run -> run.call().notes().stream()
                            .map(note -> run.isChoice(note) ? note + " (--pick NAME takes another)" : note))
                    .toList();
        }

        /** {@return the run of the only text} */
        Pasted run() {
            return runs.get(0);
        }

        /** {@return a simulation of that run} */
        Simulation simulation() {
            return new Simulation(run().call(), run().groups(), Integer::toString, drives);
        }
    }

    /**
     * Reads the texts of EXPR.
     *
     * @param warning is told what is worth knowing of the options
     */
    Simulated read(List<String> expressions, Consumer<String> warning) {
        Optional<RunLength> given = length();
        long counted = steps(given); // refuses before it reads
        List<String> arguments = IntStream.rangeClosed(1, expressions.size())
                .mapToObj(i -> expressions.size() == 1 ? "EXPR" : "EXPR " + i)
                .toList();
        List<String> texts = IntStream.range(0, expressions.size())
                .mapToObj(i -> surroundings.text(arguments.get(i), expressions.get(i)))
                .toList();
        Optional<RunLength> length = given.map(any ->
                stepPer.isPresent() ? any : any.withStepPer(stepPer(arguments, texts, surroundings.in(any.context()))));
        if (epochs.isPresent() && length.isEmpty()) { // as many steps, if a step is an epoch
            Context some = surroundings.in(RunLength.contextOf(counted));
            if (stepPer.orElseGet(() -> stepPer(arguments, texts, some)) == StepPer.BATCH) {
                throw new IllegalArgumentException(
                        "--steps-per-epoch must be given with --epochs, as the schedule is stepped per batch");
            }
        }
        Context run = length.map(RunLength::context)
                .orElseGet(() -> RunLength.contextOf(
                        counted,
                        atLeastOne("--batch-size", batchSize),
                        atLeastOne("--tokens-per-batch", tokensPerBatch)));
        Read read = readAll(arguments, texts, surroundings.in(run));
        surroundings
                .idle(run, context -> readAll(arguments, texts, context), read)
                .forEach(warning);
        read.runs.forEach(each -> Surroundings.checkDrives(read.drives, each.call(), each.groups()));
        return new Simulated(read.runs, read.drives, length, steps(length));
    }

    /** What the texts say. */
    private record Read(List<Pasted> runs, Map<String, Schedule> drives) {}

    private Read readAll(List<String> arguments, List<String> texts, Context context) {
        List<Read> both = MissingException.all(List.<Supplier<? extends Read>>of(
                () -> new Read(read(arguments, texts, context), Map.of()),
                () -> new Read(List.of(), Surroundings.drives(drives, context))));
        return new Read(both.get(0).runs, both.get(1).drives);
    }

    private List<Pasted> read(List<String> arguments, List<String> texts, Context context) {
        return MissingException.all(IntStream.range(0, texts.size())
                .<Supplier<? extends Pasted>>mapToObj(i -> () -> {
                    Pasted read = surroundings.read(arguments.get(i), texts.get(i), context, this::optimizer);
                    return new Pasted(read.call(), changed(read.groups()), read.choice());
                })
                .toList());
    }

    /** {@return what the texts say that their schedules are stepped after, which must be one for all} */
    private static StepPer stepPer(List<String> arguments, List<String> texts, Context context) {
        List<Optional<StepPer>> all =
                texts.stream().map(text -> Surroundings.stepPer(text, context)).toList();
        List<StepPer> said = all.stream().flatMap(Optional::stream).distinct().toList();
        if (said.size() > 1) {
            throw new IllegalArgumentException("--step-per must be given, as the 'interval' is step in "
                    + arguments.get(all.indexOf(Optional.of(StepPer.BATCH))) + ", but epoch in "
                    + arguments.get(all.indexOf(Optional.of(StepPer.EPOCH))));
        }
        return said.isEmpty() ? StepPer.EPOCH : said.get(0);
    }

    /** {@return how often the schedule is stepped in a run} */
    private long steps(Optional<RunLength> length) {
        long count = length.map(RunLength::total).orElse(epochs.or(() -> steps).orElse(STEPS));
        if (count > MOST_STEPS) {
            throw new IllegalArgumentException("--steps must be at most 2^53, but was " + count);
        }
        return Anneal.atLeastOne(length.isEmpty() && epochs.isPresent() ? "--epochs" : "--steps", count);
    }

    /** {@return the run's length, if it is given in epochs} */
    private Optional<RunLength> length() {
        if (epochs.isEmpty() && (stepsPerEpoch.isPresent() || stepPer.isPresent())) {
            throw new IllegalArgumentException(
                    "--epochs must be given with " + (stepsPerEpoch.isPresent() ? "--steps-per-epoch" : "--step-per"));
        } else if (epochs.isPresent() && steps.isPresent()) {
            throw new IllegalArgumentException("--steps must be left out with --epochs, which gives the run's length");
        } else if (stepsPerEpoch.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new RunLength(
                Anneal.atLeastOne("--steps-per-epoch", stepsPerEpoch.get()),
                Anneal.atLeastOne("--epochs", epochs.orElseThrow()),
                stepPer.orElse(StepPer.EPOCH),
                atLeastOne("--batch-size", batchSize),
                atLeastOne("--tokens-per-batch", tokensPerBatch)));
    }

    private static OptionalLong atLeastOne(String option, Optional<Long> count) {
        return count.isPresent() ? OptionalLong.of(Anneal.atLeastOne(option, count.get())) : OptionalLong.empty();
    }

    /** {@return the groups of a text's optimizer, as far as a schedule has to do with them} */
    private List<UpdateRule> optimizer(PythonProgram program) {
        try {
            return UpdateRule.groups(program);
        } catch (UnknownNamesException e) {
            Optional<PythonCall> known = UpdateRule.meant(program);
            if (known.isEmpty() && !lr.isEmpty()) { // of an optimizer that is not known, only the rate is asked
                return List.of();
            }
            PythonCall call = known.orElseThrow(() -> e);
            Kind<?> kind = UpdateRule.kinds().stream()
                    .filter(each -> each.name().equals(call.name()))
                    .findFirst()
                    .orElseThrow(() -> e);
            PythonCall.Arguments arguments =
                    call.bind("params", kind.signature().toArray(String[]::new));
            return UnknownNamesException.all(arguments.groups(kind.names()), group -> driven(kind, group));
        }
    }

    /** {@return a rule with those arguments that a schedule drives and no option overrides} */
    private UpdateRule driven(Kind<?> kind, PythonCall.Arguments group) {
        List<String> driven = new ArrayList<>();
        if (lr.isEmpty()) {
            driven.add("lr");
        }
        if (momentum.isEmpty() && !adam) {
            driven.addAll(List.of("momentum", "betas"));
        }
        driven.retainAll(kind.names());
        driven.removeIf(name -> !group.isGiven(name));
        List<Double> values = UnknownNamesException.all(
                driven, name -> group.isList(name) ? group.numbers(name).get(0) : group.number(name));
        return group.build(() -> {
            UpdateRule rule = UpdateRule.parse(kind.name() + "()");
            for (int i = 0; i < driven.size(); i++) {
                rule = driven.get(i).equals("lr") ? rule.withLr(values.get(i)) : rule.withMomentum(values.get(i));
            }
            return rule;
        });
    }

    /** {@return the groups with what the options say} */
    private List<UpdateRule> changed(List<UpdateRule> groups) {
        UpdateRule usual = new SGD(LR).withMomentum(MOMENTUM);
        return withRates(groups.isEmpty() ? List.of(usual) : groups).stream()
                .map(rule -> adam ? new Adam(rule.lr()).withBetas(MOMENTUM, 0.999) : rule)
                .map(rule -> momentum.map(given -> with(rule, given)).orElse(rule))
                .toList();
    }

    private List<UpdateRule> withRates(List<UpdateRule> groups) {
        if (groups.size() == 1 && !lr.isEmpty()) {
            return lr.stream().map(groups.get(0)::withLr).toList();
        } else if (lr.size() > 1 && lr.size() != groups.size()) {
            throw new IllegalArgumentException("--lr must be 1 rate or " + groups.size()
                    + ", one per group of the optimizer in EXPR, but was " + lr.size());
        }
        return IntStream.range(0, groups.size())
                .mapToObj(i -> lr.isEmpty() ? groups.get(i) : groups.get(i).withLr(lr.get(i % lr.size())))
                .toList();
    }

    private UpdateRule with(UpdateRule rule, double momentum) {
        boolean betas = rule.options().containsKey("betas");
        if (!betas && !rule.options().containsKey("momentum")) {
            throw new IllegalArgumentException("--momentum must be left out, as "
                    + rule.kind().name() + ", the optimizer in EXPR, has neither momentum nor betas");
        }
        try {
            return rule.withMomentum(momentum);
        } catch (IllegalArgumentException e) {
            String name = adam ? "--adam" : rule.kind().name();
            throw new IllegalArgumentException(
                    "--momentum must be " + (betas ? "in [0, 1) with " + name : "at least 0") + ", but was " + momentum,
                    e);
        }
    }
}
