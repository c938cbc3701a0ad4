package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Context;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.Python;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonProgram;
import org.anneal.text.Spelling;
import org.anneal.text.UnknownNamesException;

/**
 * An update rule, such as SGD: how an optimizer changes a parameter, given its gradient. It is a value with PyTorch's name and
 * options, without parameters or state; {@link Optimizer} runs it.
 *
 * <p>A group's options are a rule too, so groups differ as values do: {@code sgd.withLr(1e-3)}. All rules are thread-safe and
 * serializable.
 */
public interface UpdateRule extends Declared {

    /** {@return the learning rate that a group starts with, finite and at least 0} */
    double lr();

    /**
     * {@return this rule with another learning rate}
     *
     * @param lr finite and at least 0
     */
    default UpdateRule withLr(double lr) {
        return (UpdateRule) kind().with((Record) this, "lr", lr);
    }

    /** {@return the momentum that schedules may drive: beta1 if the rule has betas, and 0 if it has neither} */
    default double momentum() {
        Map<String, Object> options = options();
        Object value = options.get("betas") instanceof Python.Tuple betas
                ? betas.items().get(0)
                : options.get("momentum");
        return value instanceof Number number ? number.doubleValue() : 0;
    }

    /**
     * {@return this rule with another {@link #momentum}}
     *
     * @throws IllegalArgumentException if the rule has neither momentum nor betas
     */
    default UpdateRule withMomentum(double momentum) {
        Map<String, Object> options = options();
        if (options.containsKey("momentum") || options.containsKey("betas")) {
            String name = options.containsKey("momentum") ? "momentum" : "betas[0]";
            return (UpdateRule) kind().with((Record) this, name, momentum);
        }
        throw new IllegalArgumentException(
                "a rule must have momentum or betas to take momentum " + momentum + ", but was " + this);
    }

    /**
     * Refuses a parameter that this rule cannot update.
     *
     * @param shape the size of each dimension
     * @throws IllegalArgumentException if it cannot
     */
    default void check(List<Long> shape) {}

    /**
     * {@return the arrays that are kept per parameter, besides the step, in the order of PyTorch's state dict; none by default}
     *
     * @param dimensions of the parameter, on which the slots of some rules depend
     */
    default List<Slot> slots(int dimensions) {
        return List.of();
    }

    /** {@return the numbers that are kept per group, besides the options, in the order of the state dict; none by default} */
    default List<GroupSlot> groupSlots() {
        return List.of();
    }

    /**
     * Refuses rates that the groups of one optimizer cannot have at once. By default, any are fine.
     *
     * @param lrs the rate of each group
     * @throws IllegalArgumentException if they do not fit together
     */
    default void checkRates(List<Double> lrs) {}

    /**
     * {@return whether the weights to evaluate and to save differ from those that are trained} Then
     * {@link Optimizer#eval} turns these into those by {@link #toEval}, and {@link Optimizer#train} goes back by {@link #toTrain}.
     */
    default boolean hasEvalWeights() {
        return false;
    }

    /** Turns the weights of a parameter that was updated before into those to evaluate; {@code slots} are in the rule's order. */
    default <T> void toEval(Vectors<T> vectors, T param, List<T> slots) {}

    /** Turns the weights of a parameter back into those to train. */
    default <T> void toTrain(Vectors<T> vectors, T param, List<T> slots) {}

    /** {@return whether PyTorch's state dict already has the slots before the first step} */
    default boolean keepsFromTheStart() {
        return false;
    }

    /** {@return whether PyTorch's state dict counts the steps of each parameter under this rule} */
    default boolean countsSteps() {
        return false;
    }

    /**
     * {@return whether each element moves by an amount that depends only on the gradients of that element, and on its value only by
     * {@code weight_decay}} Then a parameter can be updated piece by piece, and by a library that subtracts the amount itself. False
     * by default; a rule that scales by a norm, averages the parameter or sees it as a matrix is not elementwise.
     */
    default boolean isElementwise() {
        return false;
    }

    /**
     * {@return whether {@code weight_decay} shrinks the parameter itself, {@code p = p * (1 - lr * weight_decay)}, and is not added
     * to the gradient as {@code weight_decay * p}}
     */
    default boolean decouplesWeightDecay() {
        return Boolean.TRUE.equals(options().get("decoupled_weight_decay"));
    }

    /** {@return whether a step evaluates the loss itself, so that it needs a closure and allows only one group} */
    default boolean needsClosure() {
        return false;
    }

    /** {@return the options by PyTorch's names, in PyTorch's order, without engine flags such as {@code foreach}} */
    default Map<String, Object> options() {
        return kind().options((Record) this);
    }

    /**
     * Updates one batch of parameters in place with the engine's kernel for this rule; by default, with its vector operations.
     * {@link Optimizer} calls it; users call {@link Optimizer#step()}.
     */
    default <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        batch.compose(this);
    }

    /**
     * Updates one batch of parameters in place with vector operations, which every engine has: {@link Batch#forEach}. This is all
     * the arithmetic that a user's own rule needs.
     */
    default <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        throw MissingOperation.of("a kernel for it");
    }

    /**
     * Updates the parameters of one group in place; by default, batch by batch. A rule that computes with
     * {@linkplain #groupSlots numbers of the group} overrides this, and updates the parameters by {@link GroupStep#forEach}.
     */
    default <T> void applyToGroup(GroupStep<T> group) {
        group.apply();
    }

    /**
     * Updates the parameters of all groups in place; by default, each group by its own rule. A rule whose update depends on all
     * parameters at once, such as on a norm over them, overrides this. It is called on the rule of the first group.
     */
    default <T> void applyToAll(List<GroupStep<T>> groups) {
        groups.forEach(group -> group.rule().applyToGroup(group));
    }

    /**
     * Parses PyTorch's constructor call, from a Python program or from {@code toString}:
     * {@code SGD(lr=0.001, momentum=0.9)}, {@code optim.Adam(net.parameters(), lr=3e-4)}. Engine flags such as {@code fused} are
     * ignored.
     *
     * @throws org.anneal.text.PythonSyntaxException if {@code text} is not such a call, or has a value that is out of range
     */
    static UpdateRule parse(String text) {
        PythonProgram program = PythonProgram.read(text, Context.EMPTY);
        PythonCall call = program.meant("optimizer", kindNames());
        List<UpdateRule> groups = read(call);
        if (!groups.stream().allMatch(groups.get(0)::equals)) {
            throw call.error("the groups of this optimizer have different options: read them with UpdateRule.groups");
        }
        return groups.get(0);
    }

    /**
     * Reads the optimizer of the schedule that a piece of a Python program makes, or the last that it makes.
     *
     * <p>For an optimizer that is not known here, as one of another package or what a function returns, SGD stands in: with the
     * {@code lr} that the call has, if it has one, and momentum 0.9. A note says so.
     *
     * @return the rule of each of its groups, with that group's rate; empty if the text makes no optimizer, or one that is not known
     *     and has no {@code lr}
     * @throws org.anneal.text.PythonSyntaxException if it has a value that is out of range
     * @throws UnknownNamesException if it needs names that are not known
     */
    static List<UpdateRule> groups(PythonProgram program) {
        Optional<PythonCall> known = meant(program);
        return known.isPresent()
                ? read(known.get())
                : given(program).map(UpdateRule::standIn).orElse(List.of());
    }

    /** {@return the call that makes the optimizer of the schedule that {@code program} makes, or the last that it makes} */
    static Optional<PythonCall> meant(PythonProgram program) {
        Predicate<String> named = kindNames();
        Optional<PythonCall> given = given(program);
        return (given.isPresent() ? given : program.lastOfAll(named)).filter(each -> each.isOneOf(named));
    }

    /** {@return the call that makes what the schedule that {@code program} makes is given as its optimizer} */
    private static Optional<PythonCall> given(PythonProgram program) {
        Predicate<String> scheduleNamed = SchedulerCall.names().and(kindNames().negate());
        Optional<PythonCall> given = Objects.requireNonNull(program, "program")
                .lastOfAll(scheduleNamed)
                .flatMap(schedule -> SchedulerCall.meant(program).given("optimizer"));
        while (given.isPresent() && given.get().isOneOf(scheduleNamed)) { // an operator begins with a schedule
            given = given.get().given("optimizer");
        }
        return given;
    }

    /** {@return SGD with the rate of an optimizer that is not known, if it tells that; a note says so} */
    private static List<UpdateRule> standIn(PythonCall optimizer) {
        String name = optimizer.simpleName();
        String unknown = name + ", an optimizer that is not known here";
        String suggestion =
                Spelling.suggestion(name, kinds().stream().map(Kind::name).toList());
        Optional<Double> lr = optimizer.keyword("lr").filter(rate -> rate >= 0 && Double.isFinite(rate));
        if (lr.isPresent()) {
            UpdateRule rule = new SGD(lr.get()).withMomentum(0.9);
            optimizer.note(rule + " stands for " + unknown + ": of its options, only lr is read" + suggestion);
            return List.of(rule);
        } else if (Character.isUpperCase(name.charAt(0))) {
            optimizer.note("the options of " + unknown + ", are passed over" + suggestion);
        }
        return List.of();
    }

    private static Predicate<String> kindNames() {
        return Kinds.names(OwnKinds.ALL, UpdateRule.class);
    }

    private static List<UpdateRule> read(PythonCall call) {
        Kind<?> kind = Kinds.named(call.name(), OwnKinds.ALL, UpdateRule.class)
                .orElseThrow(() -> call.unknown(
                        "optimizer", kinds().stream().map(Kind::name).toList()));
        PythonCall.Arguments arguments = call.bind("params", kind.signature().toArray(String[]::new));
        return UnknownNamesException.all(
                arguments.groups(kind.names()), group -> group.build(() -> (UpdateRule) kind.read(group)));
    }

    /**
     * {@return the serialized form of a rule: its text} For {@code writeReplace()} of a record with a component that is not
     * {@link java.io.Serializable}, such as an {@link Optional}; other records need none.
     */
    static Object serialized(UpdateRule rule) {
        return new RuleText(Objects.requireNonNull(rule, "rule").toString());
    }

    /** {@return the kinds of rules that {@link #parse} reads: ours and users' own} */
    static List<Kind<?>> kinds() {
        return Kinds.all(OwnKinds.ALL, UpdateRule.class);
    }

    /**
     * Tells which rule a group of a state dict belongs to. PyTorch does not name it, so it is the rule whose options the group has;
     * if there are several, as with Adamax and Adam, the one with the most options.
     *
     * @param group an entry of {@code param_groups}
     * @return the rule with the group's options, and as its rate the base of schedules, if there is one; empty if no rule matches
     * @throws IllegalArgumentException if an option is out of range
     */
    static Optional<UpdateRule> ofGroup(Map<?, ?> group) {
        return SavedGroup.rule(Objects.requireNonNull(group, "group"));
    }
}
