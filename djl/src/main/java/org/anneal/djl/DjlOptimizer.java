package org.anneal.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.optimizer.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.anneal.array.FloatArray;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.NamePatterns;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.Schedulable;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.StepPer;
import org.anneal.text.Check;

/**
 * Any update rule as a DJL optimizer, which computes as PyTorch does: with groups, clipping, an average of the weights, and a state
 * that is saved.
 *
 * <pre>{@code
 * DjlOptimizer optimizer = Djl.optimizer(new AdamW(1e-3))
 *         .group("*_bias", new AdamW(1e-3).withWeightDecay(0))
 *         .clipGradNorm(1)
 *         .average(Averaging.ema(0.999));
 * config.optOptimizer(optimizer)
 *         .addTrainingListeners(TrainingListener.Defaults.basic())
 *         .addTrainingListeners(Djl.listener(optimizer));
 * }</pre>
 *
 * <p>The listener must be among the training listeners: it knows the network. DJL hands over one parameter after another, in any order;
 * when all have come that require a gradient, they are updated together. A frozen parameter is skipped, and goes on when it is thawed.
 * A gradient is zero afterwards, as after the step of a DJL optimizer.
 *
 * <p>Weights and gradients must be of type {@code FLOAT32}. They are copied to {@code float[]} and updated by the CPU, so weights that
 * are changed otherwise during training must be {@linkplain #readParameters read} again. On a GPU see {@link #onGpu}.
 *
 * <p>An optimizer belongs to one network, and to the thread that trains it.
 */
public final class DjlOptimizer extends Optimizer {
    static final String STATE = "optimizer"; // its entry in a checkpoint
    private static final String AVERAGE = "average";
    private static final String AVERAGING = "averaging";

    private final UpdateRule rule;
    private final Map<String, UpdateRule> own = new LinkedHashMap<>(); // by pattern
    private final List<Consumer<org.anneal.optim.Optimizer<FloatArray>>> clips = new ArrayList<>();
    private Optional<Averaging> averaging = Optional.empty();
    private StepPer averagedPer = StepPer.BATCH;
    private int averagedFrom = 1;
    private boolean gpu;
    private Optional<Block> network = Optional.empty();
    private Optional<MirroredNetwork> mirrored = Optional.empty(); // once the network is initialized
    private int devices = 1;
    private int epochs; // that have ended
    private boolean averageIsDue; // whether steps were made since the last update of an average of epochs
    private Runnable initialized = () -> {};
    private Optional<Runnable> listener = Optional.empty(); // what is called after each step

    private static final class Builder extends OptimizerBuilder<Builder> {
        @Override
        protected Builder self() {
            return this;
        }
    }

    DjlOptimizer(UpdateRule rule) {
        super(new Builder());
        this.rule = checked(rule);
    }

    private static UpdateRule checked(UpdateRule rule) {
        if (Objects.requireNonNull(rule, "rule").needsClosure()) {
            throw new IllegalArgumentException("rule must use one gradient per step, which is what DJL gives, but was "
                    + rule + ", which evaluates the loss several times");
        }
        return rule;
    }

    /**
     * Gives parameters options of their own. It is an error, when training begins, if a pattern matches no parameter, or one of
     * another group.
     *
     * @param pattern of their names, as {@link NamePatterns} has it, such as {@code *_bias}
     * @param rule of the same class as the optimizer's
     * @throws IllegalArgumentException if there is a group of this pattern
     */
    public DjlOptimizer group(String pattern, UpdateRule rule) {
        checkNotBegun("a group must be added");
        Driven.checkNew(own, pattern);
        own.put(pattern, checked(rule));
        return this;
    }

    /** Clips the gradients' norm before each step: {@code clipGradNorm(maxNorm, 2)}. */
    public DjlOptimizer clipGradNorm(double maxNorm) {
        return clipGradNorm(maxNorm, 2);
    }

    /**
     * Clips the norm of all gradients before each step, as {@link org.anneal.optim.Optimizer#clipGradNorm(double, double, boolean)}
     * does; several clips are made in the order of these calls.
     *
     * @param maxNorm at least 0
     * @param normType the order of the norm, such as 1, 2, or infinity
     */
    public DjlOptimizer clipGradNorm(double maxNorm, double normType) {
        Check.notNegative("max_norm", maxNorm);
        Check.number("norm_type", normType);
        clips.add(optimizer -> optimizer.clipGradNorm(maxNorm, normType, false));
        return this;
    }

    /**
     * Clamps every element of every gradient to {@code [-clipValue, clipValue]} before each step. DJL's {@code optClipGrad} only
     * clips from above.
     *
     * @param clipValue at least 0
     */
    public DjlOptimizer clipGradValue(double clipValue) {
        Check.notNegative("clip_value", clipValue);
        clips.add(optimizer -> optimizer.clipGradValue(clipValue));
        return this;
    }

    /** Keeps an average of the weights, updated after each step: {@code average(averaging, StepPer.BATCH, 1)}. */
    public DjlOptimizer average(Averaging averaging) {
        return average(averaging, StepPer.BATCH, 1);
    }

    /**
     * Keeps an average of the weights, which a {@link #validation} measures in their place.
     *
     * @param per when it is updated: after each step, or at the end of each epoch
     * @param from the epoch of the first update, from 1
     * @throws IllegalArgumentException if the rule has weights of its own to evaluate, as schedule-free ones have
     */
    public DjlOptimizer average(Averaging averaging, StepPer per, int from) {
        checkNotBegun("an average must be added");
        if (rule.hasEvalWeights()) {
            throw new IllegalArgumentException(
                    "an average must not be kept beside " + rule + ", which averages itself");
        }
        this.averaging = Optional.of(Objects.requireNonNull(averaging, "averaging"));
        this.averagedPer = Objects.requireNonNull(per, "per");
        this.averagedFrom = (int) Check.atLeast(1, "from", from);
        return this;
    }

    /**
     * Allows weights that are on a GPU. They are still updated by the CPU, so each step copies all gradients to it and all weights
     * back, 8 bytes for each element, which may take longer than the rest of the step. Without this such weights are refused.
     */
    public DjlOptimizer onGpu() {
        gpu = true;
        return this;
    }

    private void checkNotBegun(String what) {
        if (mirrored.isPresent()) {
            throw new IllegalStateException(what + " before training begins");
        }
    }

    private MirroredNetwork mirrored() {
        if (mirrored.isEmpty()) {
            Block block = network.orElseThrow(() -> new IllegalStateException(
                    "the optimizer does not know its network: add Djl.listener(optimizer) to the training listeners"));
            mirrored = Optional.of(new MirroredNetwork(new NamedParameters(block), rule, own, averaging));
            initialized.run();
        }
        return mirrored.get();
    }

    /**
     * Takes a gradient, and makes a step with the last one that a step needs. DJL calls this.
     *
     * @throws IllegalStateException if the listener is not among the training listeners, if the last step lacked a gradient, if
     *     the network holds the weights to evaluate, or if the weight is on a GPU and {@link #onGpu} was not called
     */
    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        if (!gpu && !NDArrays.isOnCpu(weight)) {
            throw new IllegalStateException(
                    "weights must be on the CPU, where they are updated, but were on " + weight.getDevice()
                            + ": optimizer.onGpu() allows it, and copies all gradients and weights in each step");
        }
        MirroredNetwork network = mirrored();
        if (!network.take(parameterId, weight, grad, devices)) {
            return;
        }
        network.step(clips);
        averageIsDue = true;
        if (averagedPer == StepPer.BATCH) {
            updateAverage();
        }
        listener.ifPresent(Runnable::run);
    }

    /**
     * {@return the groups, whose rates and options can be edited by hand}
     *
     * @throws IllegalStateException if the network is not initialized
     */
    public List<ParamGroup<FloatArray>> groups() {
        return mirrored().mirror().optimizer().groups();
    }

    /**
     * Reads all weights again: call it when they were changed otherwise, in place, while the network is trained.
     *
     * @throws IllegalStateException if the network is not initialized
     */
    public void readParameters() {
        mirrored().read();
    }

    /**
     * Puts the weights to evaluate and to save into the network: the average, if there is one and it has begun, or those that a
     * schedule-free rule has. For other optimizers nothing changes.
     *
     * @throws IllegalStateException if the network is not initialized
     */
    public void eval() {
        mirrored().eval();
    }

    /** Puts the weights to train back. */
    public void train() {
        mirrored().train();
    }

    /**
     * {@return a data set to validate with} It is {@code data}; while it is read, the network holds the weights to evaluate.
     *
     * <pre>{@code EasyTrain.fit(trainer, epochs, training, optimizer.validation(validation));}</pre>
     */
    public Dataset validation(Dataset data) {
        return new EvalDataset(
                Objects.requireNonNull(
                        data,
                        "data must be a data set, but was null: give EasyTrain.fit null itself to train without validation"),
                () -> {
                    updateAverage();
                    eval();
                },
                this::train);
    }

    private void updateAverage() {
        if (averageIsDue && epochs + 1 >= averagedFrom) {
            averageIsDue = false;
            mirrored().average().ifPresent(AveragedModel::update);
        }
    }

    /**
     * {@return the optimizer's state, with the parameters' names in each group as PyTorch's {@code param_names}}
     *
     * @throws IllegalStateException if the network is not initialized
     */
    public Map<String, Object> stateDict() {
        return mirrored().mirror().stateDict();
    }

    /**
     * Loads a state from {@link #stateDict}, or PyTorch's, whose parameters have the names of this network as {@code param_names}
     * or are in its order.
     *
     * @throws IllegalArgumentException if it has other groups or names, or belongs to another rule; nothing has changed then
     * @throws IllegalStateException if the network is not initialized
     */
    public void loadStateDict(Map<?, ?> dict) {
        Map<String, Object> named = new LinkedHashMap<>();
        Objects.requireNonNull(dict, "dict").forEach((key, value) -> named.put(String.valueOf(key), value));
        mirrored().mirror().loadStateDict(named);
    }

    /**
     * Loads a state of PyTorch whose parameters have other names, or none.
     *
     * @param order the names of this network's parameters, in the order in which Python's optimizer got them
     * @throws IllegalArgumentException if {@code order} is not as long as the state, and as {@link #loadStateDict(Map)} does
     */
    public void loadStateDict(Map<?, ?> dict, List<String> order) {
        List<String> names = Check.list("order", order);
        Map<Object, Object> named = new LinkedHashMap<>(Objects.requireNonNull(dict, "dict"));
        List<Object> groups = new ArrayList<>();
        int taken = 0;
        for (Object each : dict.get("param_groups") instanceof List<?> list ? list : List.of()) {
            int size = each instanceof Map<?, ?> group && group.get("params") instanceof List<?> params
                    ? params.size()
                    : 0;
            if (each instanceof Map<?, ?> group && taken + size <= names.size()) {
                Map<Object, Object> renamed = new LinkedHashMap<>(group);
                renamed.put("param_names", names.subList(taken, taken + size));
                groups.add(renamed);
            }
            taken += size;
        }
        if (taken != names.size()) {
            throw new IllegalArgumentException(
                    "order must name the " + taken + " parameters of the state, but named " + names.size());
        }
        named.put("param_groups", groups);
        loadStateDict(named);
    }

    private static String kind(Averaging averaging) {
        return averaging instanceof Averaging.Swa ? "swa" : "ema";
    }

    private void checkAverage(boolean saved, Dict settings) {
        if (saved && averaging.isEmpty()) {
            throw new IllegalArgumentException(
                    "the file has an average of the weights, but this optimizer keeps none: call"
                            + " average(...) as when it was saved");
        }
        if (!saved && averaging.isPresent()) {
            throw new IllegalArgumentException(
                    "the file has no average of the weights, but this optimizer keeps one: leave"
                            + " average(...) out, as when it was saved");
        }
        if (settings.find(AVERAGING).isPresent()) {
            String before = settings.text(AVERAGING);
            String now = averaging.map(DjlOptimizer::kind).orElse(before);
            if (!before.equals(now)) {
                throw new IllegalArgumentException("the file has an average by Averaging." + before
                        + ", but this optimizer keeps one by Averaging." + now);
            }
        }
    }

    Driven driven() {
        return new Driven() {
            @Override
            public void begin(Block block, int count) {
                network = Optional.of(Driven.same(network, block));
                devices = count;
            }

            @Override
            public void onStep(Runnable before, Runnable after) {
                Driven.checkNone(listener);
                listener = Optional.of(after);
                initialized = before;
            }

            @Override
            public Schedulable schedulable() {
                return mirrored().mirror().optimizer();
            }

            @Override
            public void finish() {
                mirrored.ifPresent(MirroredNetwork::checkComplete);
            }

            @Override
            public boolean evaluatesTheWrongWeights() {
                return mirrored().isTraining()
                        && (rule.hasEvalWeights()
                                || (epochs + 1 >= averagedFrom
                                        && mirrored()
                                                .average()
                                                .filter(average -> averageIsDue || average.nAveraged() > 0)
                                                .isPresent()));
            }

            @Override
            public String remedy() {
                return "the trainer's optimizer is not the one of this listener: give the configuration optOptimizer(optimizer)";
            }

            @Override
            public void epoch(int epoch) {
                updateAverage();
                train();
                epochs = epoch;
            }

            @Override
            public Map<String, Object> state() {
                if (!mirrored().isTraining()) {
                    throw new IllegalStateException(
                            "the network holds the weights to evaluate, so it must not be saved to go on: call train() first");
                }
                Map<String, Object> state = new LinkedHashMap<>();
                state.put(STATE, stateDict());
                mirrored().average().ifPresent(average -> state.put(AVERAGE, average.stateDict()));
                return state;
            }

            @Override
            public Map<String, Object> settings() {
                return averaging
                        .<Map<String, Object>>map(each -> Map.of(AVERAGING, kind(each)))
                        .orElse(Map.of());
            }

            @Override
            public void check(Dict checkpoint, Dict settings) {
                if (checkpoint.find(STATE).isEmpty()) {
                    throw new IllegalArgumentException(
                            "the file has the rates of one of DJL's own optimizers and no optimizer's"
                                    + " state, but this listener is of an optimizer that Djl.optimizer made");
                }
                checkAverage(checkpoint.find(AVERAGE).isPresent(), settings);
            }

            @Override
            public void load(Dict checkpoint, int epoch) {
                readParameters();
                loadStateDict(checkpoint.map(STATE));
                mirrored().average().ifPresent(average -> average.loadStateDict(checkpoint.map(AVERAGE)));
                epochs = epoch;
            }
        };
    }
}
