package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.text.Python;

/**
 * What an {@link Objective} is to train: the settings, and how far. Belongs to the thread that it is given to.
 *
 * <pre>{@code
 * for (int epoch = trial.from() + 1; epoch <= trial.until() && !trial.isStopped(); epoch++) {
 *     loss = train(epoch);
 *     trial.report(epoch, loss);
 * }
 * }</pre>
 */
public final class Trial {
    private final Job job;
    private final Map<String, String> parameters;
    private final Monitor monitor;
    private final Optional<Path> runs;
    private final Consumer<Epoch> heard;
    private final TreeMap<Integer, Epoch> epochs = new TreeMap<>();
    private long since = System.nanoTime();

    Trial(Job job, Map<String, String> parameters, Monitor monitor, Optional<Path> runs, Consumer<Epoch> heard) {
        this.job = job;
        this.parameters = parameters;
        this.monitor = monitor;
        this.runs = runs;
        this.heard = heard;
    }

    /** {@return its number in the sweep, from 0} */
    public int number() {
        return job.trial();
    }

    /** {@return the seed of this run of it} */
    public long seed() {
        return job.seed();
    }

    /**
     * {@return the value of a setting, such as {@code StepLR(step_size=5)} for {@code schedule}, or of a parameter within one}
     *
     * @throws IllegalArgumentException if the trial has neither
     */
    public String text(String name) {
        return job.settings().stream()
                .filter(setting -> setting.getKey().equals(name))
                .map(Map.Entry::getValue)
                .findFirst()
                .or(() -> Optional.ofNullable(parameters.get(name)))
                .orElseThrow(() -> new IllegalArgumentException("name must be a setting or a parameter of the trial, "
                        + String.join(", ", names()) + ", but was " + name));
    }

    private Iterable<String> names() {
        return Stream.concat(job.settings().stream().map(Map.Entry::getKey), parameters.keySet().stream())
                .distinct()
                .toList();
    }

    /** {@return a setting or a parameter as a number} */
    public double real(String name) {
        try {
            return Python.parseFloat(text(name));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " must be a number, but was '" + text(name) + "'", e);
        }
    }

    /** {@return a setting or a parameter as an integer} */
    public int integer(String name) {
        double value = real(name);
        if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(name + " must be an integer, but was '" + text(name) + "'");
        }
        return (int) value;
    }

    /** {@return the epoch that was trained before; 0 if training begins. A checkpoint in {@link #folder} may have it} */
    public int from() {
        return job.from();
    }

    /** {@return the epoch after which to stop} */
    public int until() {
        return job.until();
    }

    /** {@return the epochs that the schedule is to be made for: of the whole run, or {@link #until}} */
    public int epochs() {
        return job.epochs();
    }

    /**
     * {@return the folder for checkpoints and records of this run, which is made}
     *
     * @throws IllegalStateException if the sweep has no folder
     */
    public Path folder() throws IOException {
        return Files.createDirectories(runs.orElseThrow(() -> new IllegalStateException(
                        "the sweep has no folder for this run: give it one with folder(Path)"))
                .resolve(job.folder()));
    }

    /** Tells the value at the end of an epoch, from 1. */
    public void report(int epoch, double value) {
        report(epoch, Map.of(monitor.name(), value));
    }

    /**
     * Tells what was measured at the end of an epoch, from 1.
     *
     * @throws IllegalArgumentException if what the sweep watches is not among it
     */
    public void report(int epoch, Map<String, Double> metrics) {
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch must be at least 1, but was " + epoch);
        }
        if (!metrics.containsKey(monitor.name())) {
            throw new IllegalArgumentException(
                    "metrics must have " + monitor.name() + ", which the sweep watches, but has " + metrics.keySet());
        }
        long now = System.nanoTime();
        Epoch told = new Epoch(epoch, epoch, List.of(), Double.NaN, metrics, (now - since) / 1e9);
        since = now;
        epochs.put(epoch, told);
        heard.accept(told);
    }

    /** {@return whether to end: {@link #until} was reported, or the sweep is stopped} */
    public boolean isStopped() {
        return epochs.containsKey(job.until()) || Thread.currentThread().isInterrupted();
    }

    /** {@return the epochs told so far} */
    List<Epoch> told() {
        return List.copyOf(epochs.values());
    }

    /** {@return the epochs told, the last of which has the value that the objective returned} */
    List<Epoch> ended(double value) {
        Optional<Epoch> last = Optional.ofNullable(epochs.get(job.until()));
        if (last.isEmpty() || Double.compare(monitor.of(last.get()), value) != 0) {
            report(job.until(), value);
        }
        return told();
    }
}
