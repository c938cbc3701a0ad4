package org.anneal.optim;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * Parameters that share their options: the single source of truth for what the next step uses. A rate is edited by hand here. It
 * belongs to the thread of its optimizer.
 *
 * @param <T> the engine's parameters
 */
public final class ParamGroup<T> extends RateGroup {
    private final List<T> params;
    private UpdateRule rule;
    private double lr;
    private double momentum; // may be newer than the rule's: a schedule sets it every step without allocating

    /**
     * Groups parameters under their own options.
     *
     * @param name its name in messages, such as {@code classifier}
     * @param rule the options; another group of the same optimizer differs by {@code rule.withLr(...)} and the like
     * @param params at least one parameter
     */
    public ParamGroup(String name, UpdateRule rule, List<T> params) {
        super(name);
        Objects.requireNonNull(rule, "rule");
        this.params = Check.list("params", params);
        if (params.isEmpty()) {
            throw new IllegalArgumentException(
                    "params must hold at least one parameter, but group '" + name + "' is empty");
        }
        this.rule = rule;
        this.lr = rule.lr();
        this.momentum = rule.momentum();
    }

    public List<T> params() {
        return params;
    }

    /**
     * {@return the options in force, including the rate}
     *
     * @throws IllegalArgumentException if the rate in force is negative, which no rule accepts
     */
    public UpdateRule rule() {
        UpdateRule rule = ruleWithStaleLr();
        return rule.lr() == lr ? rule : rule.withLr(lr);
    }

    /**
     * Replaces the options, including the rate, from the next step on.
     *
     * @throws IllegalArgumentException if {@code rule} is of another class than before
     */
    public void setRule(UpdateRule rule) {
        Objects.requireNonNull(rule, "rule");
        if (rule.getClass() != kind()) {
            throw new IllegalArgumentException(
                    "rule must be of class " + kind().getSimpleName() + ", like this group's rule, but was " + rule);
        }
        this.rule = rule;
        this.lr = rule.lr();
        this.momentum = rule.momentum();
    }

    @Override
    public double lr() {
        return lr;
    }

    @Override
    public void setLr(double lr) {
        if (!Double.isFinite(lr)) { // not Check.finite, which turns -0.0 into 0.0
            throw new IllegalArgumentException("lr must be finite, but was " + lr);
        }
        this.lr = lr;
    }

    @Override
    public double momentum() {
        return momentum;
    }

    @Override
    public void setMomentum(double momentum) {
        this.momentum = checkMomentum(momentum);
    }

    @Override
    double checkMomentum(double momentum) {
        return momentum == this.momentum
                ? momentum
                : rule.withMomentum(momentum).momentum();
    }

    /** {@return the class of the rule, which never changes} */
    Class<?> kind() {
        return rule.getClass();
    }

    /** {@return whether {@link Kernels} has a method for the rule, which otherwise runs on vector operations} */
    boolean hasKernel() {
        return !needsClosure()
                && Arrays.stream(kind().getMethods())
                        .noneMatch(method -> method.isDefault()
                                && method.getName().equals("apply")
                                && method.getParameterTypes()[0] == Kernels.class);
    }

    /** {@return the options in force, except that the rate may be stale: see {@link #lr}} */
    UpdateRule ruleWithStaleLr() {
        if (rule.momentum() != momentum) {
            rule = rule.withMomentum(momentum);
        }
        return rule;
    }

    /** {@return the slots that the options in force need for a parameter with that many dimensions} */
    List<Slot> slots(int dimensions) {
        return ruleWithStaleLr().slots(dimensions);
    }

    /** Refuses a shape that the rule cannot update. */
    void check(List<Long> shape) {
        rule.check(shape);
    }

    @Override
    public boolean hasMomentum() {
        return hasBetas() || rule.options().containsKey("momentum");
    }

    @Override
    public boolean hasBetas() {
        return rule.options().containsKey("betas");
    }

    /** {@return all options of the rule that are one number, but for the rate: {@code betas} are {@code beta1} and {@code beta2}} */
    @Override
    public List<String> numbers() {
        return rule.kind().numbers((Record) rule).stream()
                .filter(name -> !name.equals("lr"))
                .map(name -> name.equals("betas[0]") ? "beta1" : name.equals("betas[1]") ? "beta2" : name)
                .toList();
    }

    @Override
    public double number(String name) {
        String option = option(name);
        return isMomentum(option) ? momentum : rule.kind().number((Record) rule, option);
    }

    @Override
    public void setNumber(String name, double value) {
        String option = option(name);
        if (isMomentum(option)) {
            setMomentum(value);
        } else {
            rule = with(option, value);
        }
    }

    @Override
    void checkNumber(String name, double value) {
        with(option(name), value);
    }

    private UpdateRule with(String option, double value) {
        UpdateRule now = ruleWithStaleLr();
        return (UpdateRule) now.kind().withNumber((Record) now, option, value);
    }

    /** {@return the name by which the rule declares a number} */
    private String option(String name) {
        Objects.requireNonNull(name, "name");
        String entry = name.equals("beta1") ? "betas[0]" : name.equals("beta2") ? "betas[1]" : name;
        return rule.kind().has(entry) ? entry : name;
    }

    private static boolean isMomentum(String option) {
        return option.equals("momentum") || option.equals("betas[0]");
    }

    @Override
    String described() {
        return super.described() + ", which runs " + kind().getSimpleName();
    }

    boolean keepsFromTheStart() {
        return rule.keepsFromTheStart();
    }

    boolean needsClosure() {
        return rule.needsClosure();
    }

    boolean countsSteps() {
        return rule.countsSteps();
    }

    /** {@return the options by PyTorch's names, as in a state dict but without {@code params}} */
    public Map<String, Object> options() {
        Map<String, Object> options = new LinkedHashMap<>(ruleWithStaleLr().options());
        options.put("lr", lr);
        initialLr().ifPresent(base -> options.put("initial_lr", base));
        return options;
    }

    /** {@return the name and the options, one per line, as PyTorch prints a group} */
    @Override
    public String toString() {
        return lines("Parameter Group " + name(), options());
    }

    static String lines(String title, Map<String, Object> options) {
        return new TreeMap<>(options)
                .entrySet().stream()
                        .map(option -> "    " + option.getKey() + ": " + Python.repr(option.getValue()) + "\n")
                        .collect(Collectors.joining("", title + "\n", ""));
    }
}
