package org.anneal.dl4j;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;
import org.anneal.text.PythonSyntaxException;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * PyTorch's update rules as an updater of ND4J: every {@linkplain UpdateRule#isElementwise elementwise} rule, with our arithmetic
 * and PyTorch's numbers. The state is ND4J's own, so ModelSerializer keeps it, and a restored network goes on to the last bit.
 *
 * <pre>{@code
 *   new NeuralNetConfiguration.Builder().updater(new AnnealUpdater(new RAdam(1e-3), new CosineAnnealingLR(1000)))
 * }</pre>
 *
 * <p>An updater sees gradients and no parameters, so it has no weight decay; {@link Dl4j#optimizer} sets both it and the decay. A
 * rule that needs the parameter itself is refused: ASGD averages it, Adafactor and Lamb scale by its norm, Muon sees it as a matrix.
 *
 * <p>A rate that drives momentum too, as OneCycleLR does by default, drives that of the rule. Steps are counted per parameter, as
 * PyTorch does: an updater that starts afresh in a network that was trained before is at its step 1.
 *
 * <p>It runs on ND4J's CPU backend, over FLOAT arrays. Like ND4J's updaters it is mutable and belongs to one network at a time.
 */
public final class AnnealUpdater implements IUpdater {
    private static final long serialVersionUID = 1;

    @JsonProperty
    private final String rule;

    @JsonProperty
    private double learningRate;

    @JsonProperty
    private @Nullable ISchedule learningRateSchedule;

    @JsonProperty
    private double momentum; // NaN as long as nothing has set it

    private final transient UpdateRule parsed;
    private final transient List<Slot> slots;

    /**
     * The rule at its own rate.
     *
     * @throws IllegalArgumentException if the rule is not elementwise, has weight decay, or has a text that cannot be read back
     */
    public AnnealUpdater(UpdateRule rule) {
        this(Objects.requireNonNull(rule, "rule"), rule.lr(), null, Double.NaN);
    }

    /** The rule at the rates of {@code schedule} per iteration, from its own rate as the base. */
    public AnnealUpdater(UpdateRule rule, Schedule schedule) {
        this(Objects.requireNonNull(rule, "rule"), new AnnealSchedule(schedule, rule.lr()));
    }

    /**
     * The rule at the rates of {@code schedule}.
     *
     * @param schedule such as an {@link AnnealSchedule} per epoch, or one of ND4J's own
     */
    public AnnealUpdater(UpdateRule rule, ISchedule schedule) {
        this(Objects.requireNonNull(rule, "rule"), rule.lr(), Objects.requireNonNull(schedule, "schedule"), Double.NaN);
    }

    private AnnealUpdater(UpdateRule rule, double learningRate, @Nullable ISchedule schedule, double momentum) {
        this.parsed = checked(rule);
        this.rule = rule.toString();
        this.learningRate = learningRate;
        this.learningRateSchedule = schedule;
        this.momentum = momentum;
        this.slots = driven(parsed, schedule).slots(1);
    }

    @JsonCreator
    private static AnnealUpdater read(
            @JsonProperty("rule") String rule,
            @JsonProperty("learningRate") double learningRate,
            @JsonProperty("learningRateSchedule") @Nullable ISchedule schedule,
            @JsonProperty("momentum") double momentum) {
        return new AnnealUpdater(UpdateRule.parse(rule), learningRate, schedule, momentum);
    }

    private Object readResolve() {
        return read(rule, learningRate, learningRateSchedule, momentum);
    }

    private static UpdateRule checked(UpdateRule rule) {
        if (!rule.isElementwise()) {
            throw new IllegalArgumentException(
                    "rule must be elementwise, since an updater of ND4J sees gradients and no parameters," + " but was "
                            + rule);
        }
        if (rule.options().get("weight_decay") instanceof Number decay && decay.doubleValue() != 0) {
            throw new IllegalArgumentException(
                    "weight_decay must be 0 in an updater, which sees no parameters, but was " + decay + " in " + rule
                            + ": Dl4j.optimizer(builder, rule) sets the updater and the decay");
        }
        try {
            if (UpdateRule.parse(rule.toString()).equals(rule)) {
                return rule;
            }
        } catch (PythonSyntaxException e) {
            // told below
        }
        throw new IllegalArgumentException(
                "rule must have a text that can be read back, as a network's file holds it, but was " + rule
                        + ": list its Kind in META-INF/services/org.anneal.text.Kinds");
    }

    /** {@return the rule with the momentum that the schedule drives from the first step on} */
    private static UpdateRule driven(UpdateRule rule, @Nullable ISchedule schedule) {
        return schedule instanceof AnnealSchedule ours && ours.schedule().drivesMomentum()
                ? rule.withMomentum(ours.momentumAt(0, 0, rule.momentum()))
                : rule;
    }

    /** {@return the rule, whose rate and momentum may be other ones than those in force} */
    public UpdateRule rule() {
        return parsed;
    }

    /** {@return the rule with the momentum in force at that time; its rate may be stale} */
    UpdateRule ruleAt(int iteration, int epoch) {
        double now = momentumAt(iteration, epoch);
        return now == parsed.momentum() ? parsed : parsed.withMomentum(now);
    }

    double momentumAt(int iteration, int epoch) {
        if (!Double.isNaN(momentum)) {
            return momentum;
        }
        return learningRateSchedule instanceof AnnealSchedule ours
                ? ours.momentumAt(iteration, epoch, parsed.momentum())
                : parsed.momentum();
    }

    /** Sets the momentum, or beta1, from now on. */
    void setMomentum(double momentum) {
        checkKept(parsed.withMomentum(momentum));
        this.momentum = momentum;
    }

    /** A network's state has room for the arrays that the updater had when the network was initialised. */
    private void checkKept(UpdateRule next) {
        if (!slots.containsAll(next.slots(1))) {
            throw new IllegalArgumentException(
                    "momentum must stay 0 in a network with " + rule + ", whose state has no room for "
                            + next.slots(1).stream().map(Slot::name).toList()
                            + ": give the updater a momentum above 0 before the network is initialised");
        }
    }

    /** {@return the arrays that are kept} */
    List<Slot> slots() {
        return slots;
    }

    @Override
    public long stateSize(long numParams) {
        return UpdaterStep.names(this).size() * numParams;
    }

    @Override
    public GradientUpdater<?> instantiate(@Nullable INDArray viewArray, boolean initializeViewArray) {
        UpdaterStep step = new UpdaterStep(this);
        step.setView(viewArray, initializeViewArray);
        return step;
    }

    @Override
    public GradientUpdater<?> instantiate(Map<String, INDArray> updaterState, boolean initializeStateArrays) {
        UpdaterStep step = new UpdaterStep(this);
        step.setState(updaterState, initializeStateArrays);
        return step;
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return learningRateSchedule == null ? learningRate : learningRateSchedule.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    /**
     * Sets the rate from now on, as {@code MultiLayerNetwork.setLearningRate} does.
     *
     * @param lr the rate; of no use with a schedule
     * @param lrSchedule null for a fixed rate
     */
    @Override
    public void setLrAndSchedule(double lr, @Nullable ISchedule lrSchedule) {
        if (lrSchedule == null) {
            Check.finite("lr", lr);
        }
        checkKept(driven(parsed, lrSchedule));
        learningRate = lr;
        learningRateSchedule = lrSchedule;
    }

    @Override
    public AnnealUpdater clone() {
        return new AnnealUpdater(
                parsed, learningRate, learningRateSchedule == null ? null : learningRateSchedule.clone(), momentum);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AnnealUpdater that
                && rule.equals(that.rule)
                && Double.compare(learningRate, that.learningRate) == 0
                && Objects.equals(learningRateSchedule, that.learningRateSchedule)
                && Double.compare(momentum, that.momentum) == 0;
    }

    @Override
    public int hashCode() {
        return Objects.hash(rule, learningRate, learningRateSchedule, momentum);
    }

    /** {@return such as {@code AdamW(lr=0.001, weight_decay=0.0), StepLR(step_size=30) from 0.001 per epoch}} */
    @Override
    public String toString() {
        return rule + ", " + (learningRateSchedule == null ? "lr " + learningRate : learningRateSchedule);
    }
}
