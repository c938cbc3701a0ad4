package org.anneal.djl;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.optim.NamePatterns;

/**
 * The parameters of an initialized network by their names, such as {@code 01Linear_weight}: these are the same in every process, and
 * the ids are not. One that the network has under several names is there once.
 */
final class NamedParameters {
    private final Map<String, Parameter> all = new LinkedHashMap<>();
    private final Map<String, Parameter> trained = new LinkedHashMap<>();
    private final Map<String, String> names = new HashMap<>(); // by id

    /**
     * Parameters that share their options.
     *
     * @param name of the group
     * @param options such as its rate
     * @param parameters by name, in the network's order
     */
    record Group<V>(String name, V options, Map<String, Parameter> parameters) {}

    /** @throws IllegalStateException if a parameter is not initialized */
    NamedParameters(Block network) {
        for (Pair<String, Parameter> named : network.getParameters()) {
            Parameter parameter = named.getValue();
            if (!parameter.isInitialized()) {
                throw new IllegalStateException(
                        "the network must be initialized first: call trainer.initialize(shapes)");
            }
            if (names.putIfAbsent(parameter.getId(), named.getKey()) == null) {
                all.put(named.getKey(), parameter);
                if (parameter.getType() != Parameter.Type.RUNNING_MEAN
                        && parameter.getType() != Parameter.Type.RUNNING_VAR) {
                    trained.put(named.getKey(), parameter);
                }
            }
        }
    }

    /** {@return all of them, in the network's order} */
    Map<String, Parameter> all() {
        return all;
    }

    /** {@return those that gradients move, frozen ones included: all but the running statistics of batch norms} */
    Map<String, Parameter> trained() {
        return trained;
    }

    /**
     * {@return the name of a parameter that is trained; empty for a running statistic}
     *
     * @throws IllegalStateException if the network has no parameter with this id
     */
    Optional<String> trainedName(String id) {
        String name = names.get(id);
        if (name == null) {
            throw new IllegalStateException(
                    "DJL updates a parameter that the network did not have when training began");
        }
        return Optional.of(name).filter(trained::containsKey);
    }

    /**
     * {@return those that are trained, in groups: the ones that no pattern matches, if there are any, and those of each pattern}
     *
     * @param rest the options of the first group
     * @param own the options of the others by pattern, in their order
     * @throws IllegalArgumentException if a pattern is none, or matches no parameter, or one of another group
     */
    <V> List<Group<V>> groups(V rest, Map<String, V> own) {
        List<List<String>> divided = NamePatterns.divide(List.copyOf(own.keySet()), trained.keySet());
        List<Group<V>> groups = new ArrayList<>();
        groups.add(new Group<>(own.isEmpty() ? "all" : "rest", rest, named(divided.get(0))));
        own.forEach((pattern, options) -> groups.add(new Group<>(pattern, options, named(divided.get(groups.size())))));
        groups.removeIf(group -> group.parameters.isEmpty());
        return groups;
    }

    private Map<String, Parameter> named(List<String> names) {
        Map<String, Parameter> named = new LinkedHashMap<>(trained);
        named.keySet().retainAll(Set.copyOf(names));
        return named;
    }
}
