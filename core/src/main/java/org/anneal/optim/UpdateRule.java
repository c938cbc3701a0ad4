package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.anneal.schedule.Policy;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Context;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.Python;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonProgram;

/**
 * How an optimizer changes a parameter, given its gradient: a value with PyTorch's name and options. It holds no
 * parameter and no state; {@link Optimizer} runs it.
 *
 * <p>A group's options are a rule too, so what differs between two groups is what differs between two values:
 * {@code sgd.withLr(1e-3)}. All rules are thread-safe, and can be serialized.
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

    /** {@return what schedules that drive momentum drive: momentum, or beta1 where the rule has betas; 0 if it has neither} */
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
        throw new IllegalArgumentException("momentum must be left alone under a rule without momentum or betas, but "
                + this + " was to take " + momentum);
    }

    /**
     * Refuses a parameter that this rule cannot update.
     *
     * @param shape the size of each dimension
     * @throws IllegalArgumentException if it cannot
     */
    default void check(List<Long> shape) {}

    /**
     * {@return what is kept per parameter beside the step, in the order of PyTorch's state dict; nothing by default}
     *
     * @param dimensions of the parameter, by which some rules differ
     */
    default List<Slot> slots(int dimensions) {
        return List.of();
    }

    /** {@return whether PyTorch's state dict has the slots before the first step} */
    default boolean keepsFromTheStart() {
        return false;
    }

    /** {@return whether PyTorch's state dict counts the steps of each parameter under this rule} */
    default boolean countsSteps() {
        return false;
    }

    /** {@return whether a step evaluates the loss itself, and so takes a closure, and there is but one group} */
    default boolean needsClosure() {
        return false;
    }

    /** {@return the options by PyTorch's names, in PyTorch's order, engine flags such as {@code foreach} left out} */
    default Map<String, Object> options() {
        return kind().options((Record) this);
    }

    /**
     * Updates one batch of parameters in place by a kernel of the engine; by its vector operations, unless the rule has one.
     * Called by {@link Optimizer}; users call {@link Optimizer#step()}.
     */
    default <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        batch.compose(this);
    }

    /**
     * Updates one batch of parameters in place by vector operations, which are the same on every engine:
     * {@link Batch#forEach}. This is all that a rule from outside has to say of its arithmetic.
     */
    default <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        throw Lacking.of("a kernel for it");
    }

    /**
     * Reads PyTorch's constructor call, as it stands in a Python program or as {@code toString} prints it:
     * {@code SGD(lr=0.001, momentum=0.9)}, {@code optim.Adam(net.parameters(), lr=3e-4)}. Engine flags such as
     * {@code fused} are dropped.
     *
     * @throws org.anneal.text.PythonSyntaxException if {@code text} is not one, or has a value that is out of range
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
     * @return the rule of each of its groups, with that group's rate; empty if the text makes no optimizer
     * @throws org.anneal.text.PythonSyntaxException if it has a value that is out of range
     * @throws org.anneal.text.UnknownNamesException if it needs names that are not known
     */
    static List<UpdateRule> groups(PythonProgram program) {
        Predicate<String> named = kindNames();
        Predicate<String> scheduleNamed = name -> Policy.kind(name).isPresent() && !named.test(name);
        return Objects.requireNonNull(program, "program")
                .lastOfAll(scheduleNamed)
                .flatMap(schedule -> SchedulerCall.meant(program).given("optimizer"))
                .filter(optimizer -> named.test(optimizer.name()))
                .or(() -> program.last(named))
                .map(UpdateRule::read)
                .orElse(List.of());
    }

    private static Predicate<String> kindNames() {
        return Kinds.names(SavedGroup.KINDS, UpdateRule.class);
    }

    private static List<UpdateRule> read(PythonCall call) {
        Kind<?> kind = Kinds.named(call.name(), SavedGroup.KINDS, UpdateRule.class)
                .orElseThrow(() -> call.unknown(
                        "optimizer", kinds().stream().map(Kind::name).toList()));
        PythonCall.Arguments arguments = call.bind("params", kind.signature().toArray(String[]::new));
        return arguments.groups(kind.names()).stream()
                .map(group -> group.build(() -> (UpdateRule) kind.read(group)))
                .toList();
    }

    /**
     * {@return what a rule is serialized as: its text} For the {@code writeReplace()} of a record with a component that is not
     * {@link java.io.Serializable}, such as an {@link Optional}; others need none.
     */
    static Object serialized(UpdateRule rule) {
        return new RuleText(Objects.requireNonNull(rule, "rule").toString());
    }

    /** {@return the kinds of rules that {@link #parse} reads: ours, and those from outside} */
    static List<Kind<?>> kinds() {
        return Kinds.all(SavedGroup.KINDS, UpdateRule.class);
    }

    /**
     * Tells which rule a group of a state dict is of, which PyTorch does not name: the one whose options it has; of several,
     * such as Adamax and Adam, the one with the most.
     *
     * @param group an entry of {@code param_groups}
     * @return the rule with the group's options and the base of schedules, if there is one, as its rate; empty if the group
     *     has the options of none
     * @throws IllegalArgumentException if an option is out of its range
     */
    static Optional<UpdateRule> ofGroup(Map<?, ?> group) {
        return SavedGroup.rule(Objects.requireNonNull(group, "group"));
    }
}
