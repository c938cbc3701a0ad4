package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.anneal.runs.FolderLock;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunFolder;
import org.anneal.schedule.ReduceLROnPlateau.Mode;

/**
 * Many runs, to find what is best: draws trials from a space, trains each with one seed or several, stops early those that fall
 * behind, and keeps everything in one file.
 *
 * <pre>{@code
 * SweepRecord sweep = Sweep.over(Space.of().and("lr", "{log 1e-3..1}").and("schedule", "{StepLR(2), CosineAnnealingLR(9)}"))
 *         .sampler(Sampler.SOBOL)
 *         .trials(32)
 *         .epochs(9)
 *         .halving(new Halving(3, 1, Halving.Span.FULL))
 *         .run(trial -> {
 *             Schedule schedule = Schedule.parse(trial.text("schedule"));
 *             double loss = Double.NaN;
 *             for (int epoch = trial.from() + 1; epoch <= trial.until() && !trial.isStopped(); epoch++) {
 *                 loss = ...;
 *                 trial.report(epoch, loss);
 *             }
 *             return loss;
 *         });
 * TrialRecord best = sweep.ranked().get(0);
 * }</pre>
 *
 * <p>With a {@link #folder}, a sweep that was ended or killed goes on where it was when it is run again: no finished job is repeated
 * and none is lost.
 */
public final class Sweep {
    private static final String RUNS = "runs";
    private static final String KEPT = "kept.";

    private final Space space;
    private Sampler sampler = Sampler.RANDOM;
    private int trials = 20;
    private int repeats = 1;
    private long seed;
    private long samplerSeed;
    private int epochs = 1;
    private Optional<Halving> halving = Optional.empty();
    private Monitor monitor = new Monitor("value", Mode.MIN);
    private int retries = 1;
    private int workers = 1;
    private Optional<Path> folder = Optional.empty();
    private Optional<String> title = Optional.empty();
    private final Map<String, String> kept = new LinkedHashMap<>();
    private final List<SweepListener> listeners = new ArrayList<>();
    private boolean checks = true;
    private boolean strict;
    private volatile boolean stopped;
    private volatile Optional<Dispatch> going = Optional.empty();

    private Sweep(Space space) {
        this.space = space;
    }

    /** {@return a sweep of 20 random trials, each with one seed, for one epoch} */
    public static Sweep over(Space space) {
        return new Sweep(Objects.requireNonNull(space, "space"));
    }

    /** {@return the folder of the runs in a sweep's folder} */
    public static Path runs(Path folder) {
        return folder.resolve(RUNS);
    }

    /** {@return the file in a sweep's folder that has all of it but the runs} */
    public static Path file(Path folder) {
        return folder.resolve(SweepStore.FILE);
    }

    /** {@return whether a folder holds a sweep} */
    public static boolean isSweep(Path folder) {
        return Files.isRegularFile(file(folder));
    }

    /** {@return whether a process, perhaps this one, runs the sweep in a folder} */
    public static boolean isRunning(Path folder) throws IOException {
        try (FolderLock lock = FolderLock.take(folder)) {
            return false;
        } catch (RunFolder.InUseException e) {
            return true;
        }
    }

    /** Sets which configurations are tried. */
    public Sweep sampler(Sampler sampler) {
        this.sampler = Objects.requireNonNull(sampler, "sampler");
        return this;
    }

    /** Sets how many trials there are, at least 1; fewer if the space has fewer. A sweep that goes on may have more than before. */
    public Sweep trials(int trials) {
        this.trials = atLeastOne("trials", trials);
        return this;
    }

    /** Sets how many seeds each trial is trained with, at least 1: {@link #seed}, and those that follow. */
    public Sweep repeats(int repeats) {
        this.repeats = atLeastOne("repeats", repeats);
        return this;
    }

    /** Sets the seed of the first run of each trial (default: 0). */
    public Sweep seed(long seed) {
        this.seed = seed;
        return this;
    }

    /** Sets the seed of the sampler (default: 0). */
    public Sweep samplerSeed(long seed) {
        this.samplerSeed = seed;
        return this;
    }

    /** Sets the epochs of a whole run, at least 1. */
    public Sweep epochs(int epochs) {
        this.epochs = atLeastOne("epochs", epochs);
        return this;
    }

    /** Stops trials early. */
    public Sweep halving(Halving halving) {
        this.halving = Optional.of(halving);
        return this;
    }

    /** Sets what tells the better trial, at the last epoch trained (default: the value that the objective returns; less is better). */
    public Sweep monitor(Monitor monitor) {
        this.monitor = Objects.requireNonNull(monitor, "monitor");
        return this;
    }

    /** Sets how often a job is tried again whose worker was lost, at least 0 (default: 1). */
    public Sweep retries(int retries) {
        if (retries < 0) {
            throw new IllegalArgumentException("retries must be at least 0, but was " + retries);
        }
        this.retries = retries;
        return this;
    }

    /** Sets how many threads run an objective at a time, at least 1 (default: 1). */
    public Sweep workers(int workers) {
        this.workers = atLeastOne("workers", workers);
        return this;
    }

    /** Sets the folder of the sweep's file and of the runs, which is made. Without one, the sweep is kept in memory. */
    public Sweep folder(Path folder) {
        this.folder = Optional.of(folder);
        return this;
    }

    /** Sets a line that tells what is swept (default: the parameters). */
    public Sweep title(String title) {
        this.title = Optional.of(title);
        return this;
    }

    /** Keeps facts of the caller's own in the sweep's file, for {@link #kept(Path)}. */
    public Sweep keep(Map<String, String> facts) {
        kept.putAll(facts);
        return this;
    }

    /** Adds a listener. */
    public Sweep listener(SweepListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /** Has trials trained without a look at them by {@link Runner#check}. */
    public Sweep unchecked() {
        this.checks = false;
        return this;
    }

    /** Refuses to begin if {@link Runner#check} finds that a trial does not fit the run; else such a trial is skipped. */
    public Sweep strict() {
        this.strict = true;
        return this;
    }

    private static int atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, but was " + value);
        }
        return value;
    }

    /** {@return the configurations that are tried} */
    public List<Configuration> draw() {
        return sampler.draw(space, trials, samplerSeed);
    }

    /** {@return what {@link #keep} has kept in the file of the sweep in a folder} */
    public static Map<String, String> kept(Path folder) throws IOException {
        try (SweepStore store = SweepStore.read(folder)) {
            Map<String, String> kept = new LinkedHashMap<>();
            store.about().forEach((name, value) -> {
                if (name.startsWith(KEPT)) {
                    kept.put(name.substring(KEPT.length()), value);
                }
            });
            return kept;
        }
    }

    /** Ends {@link #run}: what trains saves where it is, and the sweep can go on later. May be called from any thread. */
    public void stop() {
        stopped = true;
        going.ifPresent(Dispatch::stop);
    }

    /** {@return whether {@link #stop} was called} */
    public boolean isStopped() {
        return stopped;
    }

    /**
     * Runs the sweep in threads of this process.
     *
     * @return how its trials ended
     * @throws IOException if the sweep's file cannot be written or read
     * @throws IllegalArgumentException if the folder holds another sweep, or the space has no configuration
     */
    public SweepRecord run(Objective objective) throws IOException, InterruptedException {
        Objects.requireNonNull(objective, "objective");
        return conduct(standings ->
                new ObjectiveRunner(objective, workers, monitor, folder.map(Sweep::runs), standings::configuration));
    }

    /**
     * Runs the sweep. The runner is not closed. A new sweep of which no trial fits the run leaves no folder, nor does one that is
     * refused, or stopped before its trials were looked at.
     *
     * @return how its trials ended
     * @throws IOException if the sweep's file cannot be written or read, data cannot be read, or the runner cannot do any job
     * @throws IllegalArgumentException if the folder holds another sweep, the space has no configuration, the settings of a trial are
     *     wrong, or with {@link #strict}, a trial does not fit the run
     */
    public SweepRecord run(Runner runner) throws IOException, InterruptedException {
        Objects.requireNonNull(runner, "runner");
        return conduct(standings -> runner);
    }

    /**
     * Looks at the trials as {@link #run(Runner)} does before it trains any.
     *
     * @return what is wrong with some, by their numbers: of the kinds {@link Flaw.Kind#UNFIT} and {@link Flaw.Kind#UNCHECKED}
     * @throws IOException as {@link #run(Runner)} does
     * @throws IllegalArgumentException as {@link #run(Runner)} does
     */
    public Map<Integer, Flaw> check(Runner runner) throws IOException, InterruptedException {
        Objects.requireNonNull(runner, "runner");
        try (SweepStore store = SweepStore.open(Optional.empty())) {
            return prepare(standings -> runner, drawn(), store).check(strict);
        }
    }

    private SweepRecord conduct(Function<Standings, Runner> runner) throws IOException, InterruptedException {
        List<Configuration> drawn = drawn();
        boolean isNew = folder.isEmpty() || !isSweep(folder.get());
        Map<Integer, Flaw> flaws = Map.of();
        if (isNew) {
            try (SweepStore memory = SweepStore.open(Optional.empty())) {
                Dispatch dispatch = prepare(runner, drawn, memory);
                flaws = look(dispatch);
                if (folder.isEmpty()) {
                    return dispatch.run();
                } else if (stopped || dispatch.isAllSkipped()) {
                    return dispatch.record();
                }
            }
        }
        Files.createDirectories(runs(folder.orElseThrow()));
        try (FolderLock lock = FolderLock.take(folder.get());
                SweepStore store = SweepStore.open(folder)) {
            Dispatch dispatch = prepare(runner, drawn, store);
            if (isNew) {
                dispatch.skip(flaws);
            } else {
                look(dispatch);
            }
            return dispatch.run();
        }
    }

    /** Skips trials that do not fit the run, and {@return what is wrong with some} */
    private Map<Integer, Flaw> look(Dispatch dispatch) throws IOException, InterruptedException {
        Map<Integer, Flaw> flaws = checks ? dispatch.check(strict) : Map.of();
        dispatch.skip(flaws);
        return flaws;
    }

    private List<Configuration> drawn() {
        List<Configuration> drawn = draw();
        if (drawn.isEmpty()) {
            throw new IllegalArgumentException("space must have a configuration, but has none");
        }
        return drawn;
    }

    /** {@return what hands out the jobs of the sweep in a file, which is told of the trials first} */
    private Dispatch prepare(Function<Standings, Runner> made, List<Configuration> drawn, SweepStore store)
            throws IOException {
        Map<String, String> about = store.about();
        Plan plan = plan(drawn);
        if (!about.isEmpty()) {
            Plan before = Plan.of(about);
            plan.checkContinues(before, String.valueOf(folder.orElseThrow()));
            plan = before; // whose folders have their names
        }
        List<SweepStore.SavedTrial> saved = store.trials();
        if (trials < saved.size()) {
            throw new IllegalArgumentException(
                    "trials must be at least " + saved.size() + ", as many as the sweep has, but was " + trials);
        }
        Map<String, String> facts = plan.facts();
        kept.forEach((name, value) -> facts.put(KEPT + name, value));
        store.describe(facts, drawn.subList(Math.min(saved.size(), drawn.size()), drawn.size()));
        List<SweepStore.Saved> jobs = store.jobs();
        Standings standings = Standings.of(plan, store.trials(), jobs);
        Dispatch dispatch = new Dispatch(plan, made.apply(standings), store, standings, listeners, retries);
        going = Optional.of(dispatch);
        if (stopped) { // before there was anything to stop
            dispatch.stop();
        }
        dispatch.resume(jobs);
        return dispatch;
    }

    private Plan plan(List<Configuration> drawn) {
        List<Parameter> parameters = space.parameters();
        return new Plan(
                title.orElseGet(() -> parameters.stream().map(Parameter::name).collect(Collectors.joining(", "))),
                space.toString(),
                parameters,
                sampler,
                samplerSeed,
                repeats,
                seed,
                epochs,
                halving,
                monitor,
                Math.max(3, Integer.toString(drawn.size() - 1).length()));
    }
}
