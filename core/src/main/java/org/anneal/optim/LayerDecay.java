package org.anneal.optim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.anneal.text.Check;

/**
 * Layer-wise rate decay: the layers near the input, which a pretrained network has learned best, are trained at lower rates.
 *
 * <pre>{@code
 *   lr = rule.lr() * decay ** (deepest - depth)
 * }</pre>
 *
 * <p>A schedule acts on every group from its own base, so the rates keep these ratios, except where a schedule computes absolute rates.
 *
 * <p>timm: {@code param_groups_layer_decay(model, layer_decay=decay)}, whose {@code lr_scale} is the power; it also leaves weight
 * decay out for parameters of one dimension. Clark et al., ELECTRA, arXiv:2003.10555; Bao et al., BEiT, arXiv:2106.08254.
 */
public final class LayerDecay {
    private LayerDecay() {}

    /**
     * {@return a group for each depth, the least first, called {@code layer 0} and so on by its depth}
     *
     * @param rule the options of all groups, and the rate of the deepest
     * @param parameters by name
     * @param depth how far a parameter, by its name, is from the input, at least 0
     * @param decay the rate of a layer as a part of the next deeper one's, finite and greater than 0
     * @throws IllegalArgumentException if {@code decay} or a depth is out of range
     */
    public static <T> List<ParamGroup<T>> groups(
            UpdateRule rule, Map<String, T> parameters, ToIntFunction<String> depth, double decay) {
        Objects.requireNonNull(rule, "rule");
        Objects.requireNonNull(parameters, "parameters");
        Objects.requireNonNull(depth, "depth");
        check(decay);
        TreeMap<Integer, List<T>> layers = new TreeMap<>();
        parameters.forEach((name, parameter) -> {
            int layer = depth.applyAsInt(name);
            Check.atLeast(0, "depth of " + name, layer);
            layers.computeIfAbsent(layer, none -> new ArrayList<>()).add(parameter);
        });
        List<ParamGroup<T>> groups = new ArrayList<>();
        layers.forEach((layer, members) -> groups.add(new ParamGroup<>(
                "layer " + layer, rule.withLr(rate(rule.lr(), decay, layers.lastKey() - layer)), members)));
        return groups;
    }

    /**
     * {@return a group for each module, called by its name} A parameter's module is its name up to the last dot; each is one deeper
     * than the one before.
     *
     * @param rule the options of all groups, and the rate of the last
     * @param parameters by name, in the order of the layers, as a network lists them
     * @param decay the rate of a layer as a part of the next one's, finite and greater than 0
     */
    public static <T> List<ParamGroup<T>> groups(UpdateRule rule, Map<String, T> parameters, double decay) {
        Objects.requireNonNull(parameters, "parameters");
        Map<String, Double> rates = rates(rule, List.copyOf(parameters.keySet()), decay);
        List<ParamGroup<T>> groups = new ArrayList<>();
        rates.forEach((module, lr) -> groups.add(new ParamGroup<>(
                module,
                rule.withLr(lr),
                parameters.entrySet().stream()
                        .filter(entry -> module(entry.getKey()).equals(module))
                        .map(Map.Entry::getValue)
                        .toList())));
        return groups;
    }

    /**
     * {@return the rate of each module, as {@link #groups(UpdateRule, Map, double)} gives it}
     *
     * @param parameters their names, in the order of the layers
     */
    public static Map<String, Double> rates(UpdateRule rule, List<String> parameters, double decay) {
        Objects.requireNonNull(rule, "rule");
        check(decay);
        Set<String> modules = new LinkedHashSet<>();
        Check.list("parameters", parameters).forEach(name -> modules.add(module(name)));
        Map<String, Double> rates = new LinkedHashMap<>();
        modules.forEach(module -> rates.put(module, rate(rule.lr(), decay, modules.size() - 1 - rates.size())));
        return rates;
    }

    private static String module(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }

    private static double rate(double lr, double decay, int below) {
        return lr * Math.pow(decay, below);
    }

    private static void check(double decay) {
        Check.that(decay > 0 && Double.isFinite(decay), "decay", "finite and > 0", decay);
    }
}
