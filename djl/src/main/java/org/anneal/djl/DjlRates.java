package org.anneal.djl;

import ai.djl.nn.Block;
import ai.djl.training.tracker.ParameterTracker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.NamePatterns;
import org.anneal.optim.RateGroup;
import org.anneal.optim.Schedulable;
import org.anneal.text.Check;

/**
 * The rates of one of DJL's own optimizers: a tracker whose groups a {@link DjlListener} moves by any policy, a plateau among them.
 *
 * <pre>{@code
 * DjlRates rates = Djl.rates(1e-3).group("*_bias", 2e-3);
 * DjlListener listener = Djl.listener(rates).schedule(Policy.parse("ReduceLROnPlateau(patience=2)"));
 * config.optOptimizer(Optimizer.adam().optLearningRateTracker(rates).build())
 *         .addTrainingListeners(TrainingListener.Defaults.basic())
 *         .addTrainingListeners(listener);
 * }</pre>
 *
 * <p>The listener must be among the training listeners: it knows the network, and when a step begins. DJL's optimizers do not save
 * their state, so only the rates go on exactly; with {@link DjlOptimizer} all does. Give the rates to one optimizer only.
 */
public final class DjlRates implements ParameterTracker {
    private final double lr;
    private final Map<String, Double> own = new LinkedHashMap<>(); // rates by pattern
    private Optional<Block> network = Optional.empty();
    private Optional<NamedParameters> parameters = Optional.empty(); // once the network is initialized
    private final List<RateGroup> groups = new ArrayList<>();
    private final Map<String, RateGroup> byName = new HashMap<>();
    private int devices = 1;
    private final Map<String, Integer> seen = new HashMap<>(); // how often, by id, in the step that was begun
    private boolean begun;
    private long steps;
    private Runnable initialized = () -> {};
    private Optional<Runnable> listener = Optional.empty(); // what is called after each step

    DjlRates(double lr) {
        this.lr = Check.finiteNotNegative("lr", lr);
    }

    /**
     * Gives parameters a rate of their own. It is an error, when training begins, if a pattern matches no parameter, or one of
     * another group.
     *
     * @param pattern of their names, as {@link NamePatterns} has it, such as {@code *_bias}
     * @param lr finite and at least 0
     * @throws IllegalArgumentException if there is a group of this pattern
     */
    public DjlRates group(String pattern, double lr) {
        if (parameters.isPresent()) {
            throw new IllegalStateException("groups must be added before training begins");
        }
        Driven.checkNew(own, pattern);
        own.put(pattern, Check.finiteNotNegative("lr", lr));
        return this;
    }

    /**
     * {@return the rate of a parameter; 0 for a running statistic, which gradients do not move} DJL's optimizers call this, once for
     * an update of a parameter on a device.
     *
     * @throws IllegalStateException if the listener is not among the training listeners
     */
    @Override
    public float getNewValue(String parameterId, int numUpdate) {
        Optional<RateGroup> group = parameters().trainedName(parameterId).map(byName::get);
        if (seen.getOrDefault(parameterId, 0) == devices) {
            finish();
        }
        begun = true;
        seen.merge(parameterId, 1, Integer::sum);
        return group.map(each -> (float) each.lr()).orElse(0f);
    }

    private void finish() {
        if (begun) {
            begun = false;
            seen.clear();
            steps++;
            listener.ifPresent(Runnable::run);
        }
    }

    private NamedParameters parameters() {
        if (parameters.isEmpty()) {
            NamedParameters now = new NamedParameters(network.orElseThrow(() -> new IllegalStateException(
                    "the rates do not know their network: add Djl.listener(rates) to the training listeners")));
            for (NamedParameters.Group<Double> group : now.groups(lr, own)) {
                double[] rate = {group.options()};
                RateGroup made = RateGroup.of(group.name(), () -> rate[0], set -> rate[0] = set);
                groups.add(made);
                group.parameters().keySet().forEach(name -> byName.put(name, made));
            }
            parameters = Optional.of(now);
            initialized.run();
        }
        return parameters.get();
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
                parameters();
                return new Schedulable() {
                    @Override
                    public List<RateGroup> groups() {
                        return groups;
                    }

                    @Override
                    public long steps() {
                        return steps;
                    }
                };
            }

            @Override
            public void finish() {
                DjlRates.this.finish();
            }

            @Override
            public String remedy() {
                return "the trainer's optimizer does not read the rates of this listener: give it"
                        + " optLearningRateTracker(rates), or setLearningRateTracker(rates) if it is an Sgd";
            }

            @Override
            public void epoch(int epoch) {}

            @Override
            public Map<String, Object> state() {
                return Map.of();
            }

            @Override
            public void check(Dict checkpoint, Dict settings) {
                if (checkpoint.find(DjlOptimizer.STATE).isPresent()) {
                    throw new IllegalArgumentException(
                            "the file is of an optimizer that Djl.optimizer made, but this listener is of"
                                    + " the rates of one of DJL's own");
                }
            }

            @Override
            public void load(Dict checkpoint, int epoch) {}
        };
    }
}
