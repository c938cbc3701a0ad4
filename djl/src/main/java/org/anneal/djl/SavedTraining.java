package org.anneal.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.SchedulerState;
import org.anneal.runs.Position;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;

/**
 * The file that a training goes on from. It has the layout of a checkpoint of {@code anneal train}, and Python reads it:
 *
 * <pre>{@code
 * ck = torch.load("last.pt", weights_only=True)
 * ck["epoch"], ck["step"], ck["model"]["01Linear_weight"], ck["optimizer"]["param_groups"][0]["param_names"]
 * }</pre>
 */
final class SavedTraining {
    private static final long VERSION = 1;
    private static final String STEP_PER = "step_per"; // older files lack it
    private static final String CHOICE = ", as the second argument of load";

    private SavedTraining() {}

    /** Writes the file atomically. */
    static void write(Path file, Block network, Driven driven, LRScheduler scheduler, Position position)
            throws IOException {
        Map<String, Object> model = new Python.OrderedDict<>();
        new NamedParameters(network)
                .all()
                .forEach((name, parameter) -> model.put(name, NDArrays.data(parameter.getArray())));
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("epoch", (long) position.epoch());
        root.put("step", position.step());
        root.put("model", model);
        root.putAll(driven.state());
        root.put("scheduler", inPyTorch(scheduler));
        Map<String, Object> anneal = new LinkedHashMap<>(position.toMap());
        anneal.put("version", VERSION);
        anneal.put("scheduler", scheduler.state().toMap());
        anneal.put(STEP_PER, name(scheduler.stepPer()));
        anneal.putAll(driven.settings());
        root.put("anneal", anneal);
        TorchFile.write(file, root);
    }

    private static String name(StepPer per) {
        return per.name().toLowerCase(Locale.ROOT);
    }

    private static Object inPyTorch(LRScheduler scheduler) {
        try {
            return scheduler.stateDict();
        } catch (IllegalStateException pyTorchHasNoSuchScheduler) {
            return Optional.empty();
        }
    }

    /**
     * Loads the file.
     *
     * @param hasSchedule whether the listener was given one
     * @return where the run was
     * @throws IOException if it cannot be read, or is of another network, optimizer or schedule; the message names the file and the
     *     difference
     */
    static Position load(
            Path file,
            Block network,
            Driven driven,
            LRScheduler scheduler,
            boolean hasSchedule,
            LRScheduler.OnChange onChange)
            throws IOException {
        try (TorchFile saved = TorchFile.open(file)) {
            if (!(saved.root() instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException("it must hold a dict");
            }
            Dict root = new Dict("", map);
            Dict anneal = root.dict("anneal");
            if (anneal.whole("version") > VERSION) {
                throw new IllegalArgumentException(
                        "version must be at most " + VERSION + ", but was " + anneal.whole("version"));
            }
            Position position = Position.of(anneal.entries());
            SchedulerState state = SchedulerState.of(anneal.map("scheduler"));
            driven.check(root, anneal);
            Optional<StepPer> per = changedStepPer(anneal, scheduler, hasSchedule, onChange);
            loadWeights(root.dict("model"), new NamedParameters(network));
            driven.load(root, position.epoch());
            checkSchedule(state, scheduler, hasSchedule, onChange);
            restore(scheduler, state, onChange);
            if (per.isPresent() && onChange == LRScheduler.OnChange.TAKE_CHECKPOINT) {
                scheduler.stepPer(per.get());
            } else if (per.isPresent()) {
                scheduler.moveTo(scheduler.stepPer() == StepPer.BATCH ? position.step() : position.epoch());
            }
            return position;
        } catch (UncheckedIOException e) {
            throw Optional.ofNullable(e.getCause()).orElseThrow();
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static void checkSchedule(
            SchedulerState state, LRScheduler scheduler, boolean hasSchedule, LRScheduler.OnChange onChange) {
        if (onChange == LRScheduler.OnChange.REFUSE
                && !hasSchedule
                && !state.policies().equals(scheduler.state().policies())) {
            throw new IllegalArgumentException("the state was saved under " + String.join(", ", state.policies())
                    + ", but this listener has no schedule: give it schedule(...) as when it was saved");
        }
    }

    /**
     * {@return when the file's schedule was stepped, if it has one, and this one is stepped otherwise}
     *
     * @throws IllegalArgumentException if that is refused
     */
    private static Optional<StepPer> changedStepPer(
            Dict anneal, LRScheduler scheduler, boolean hasSchedule, LRScheduler.OnChange onChange) {
        StepPer now = scheduler.stepPer();
        if (!scheduler.takesStep()
                || anneal.find(STEP_PER).isEmpty()
                || anneal.text(STEP_PER).equals(name(now))) {
            return Optional.empty();
        }
        StepPer saved = Stream.of(StepPer.values())
                .filter(each -> name(each).equals(anneal.text(STEP_PER)))
                .findFirst()
                .orElseThrow(() -> anneal.wrong(STEP_PER, "'batch' or 'epoch'"));
        if (hasSchedule && (onChange == LRScheduler.OnChange.REFUSE || onChange == LRScheduler.OnChange.CONTINUE)) {
            throw new IllegalArgumentException(
                    "the schedule was stepped per " + name(saved) + " when the state was saved, but"
                            + " this one is stepped per " + name(now) + ": give StepPer." + saved
                            + " to schedule(...), or choose"
                            + " KEEP_CONFIG to move this schedule to where the run is, or TAKE_CHECKPOINT to step per "
                            + name(saved)
                            + CHOICE);
        }
        return Optional.of(saved);
    }

    private static void restore(LRScheduler scheduler, SchedulerState state, LRScheduler.OnChange onChange) {
        try {
            scheduler.restore(state, onChange);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw new IllegalArgumentException(message.contains("KEEP_CONFIG") ? message + CHOICE : message, e);
        }
    }

    private static void loadWeights(Dict model, NamedParameters parameters) {
        IdentityHashMap<NDArray, TensorData> weights =
                new IdentityHashMap<>(); // arrays are equal if their elements are
        parameters.all().forEach((name, parameter) -> {
            NDArray array = parameter.getArray();
            TensorData data = model.tensor(name);
            TensorData own = NDArrays.data(array);
            if (data.dtype() != own.dtype() || !data.shape().equals(own.shape())) {
                throw new IllegalArgumentException("model." + name + " must be of type " + own.dtype() + " and shape "
                        + own.shape() + ", but was of type " + data.dtype() + " and shape " + data.shape());
            }
            weights.put(array, data);
        });
        weights.forEach(NDArrays::load);
    }
}
