package org.anneal.dl4j;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Schedulable;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * The learning rates of a network's updaters, in groups. Rates that are set may make updaters equal or unequal, so that the network
 * has to {@linkplain Net#reblock arrange its state anew}: when all groups had their turn, or at the latest before the next update.
 */
final class NetworkRates extends BaseTrainingListener implements Schedulable {
    private final Net net;
    private final List<UpdaterGroup> groups = new ArrayList<>();
    private boolean changed;
    private long asked; // how often a runner asked for the groups

    NetworkRates(Net net, Map<String, ? extends Predicate<String>> patterns) {
        this.net = net;
        Map<String, Map<IUpdater, String>> members =
                new LinkedHashMap<>(); // the updaters of each group, and whose they are
        Objects.requireNonNull(patterns, "groups").forEach((group, pattern) -> {
            Objects.requireNonNull(pattern, group);
            members.put(group, new IdentityHashMap<>());
        });
        IdentityHashMap<IUpdater, String> taken = new IdentityHashMap<>(); // the group of each updater
        for (Net.Param param : net.params()) {
            List<String> in = patterns.entrySet().stream()
                    .filter(each -> each.getValue().test(param.name()))
                    .<String>map(Map.Entry::getKey)
                    .toList();
            if (in.size() != 1) {
                throw new IllegalArgumentException("each parameter must be in one group, but " + param.name()
                        + " is in " + (in.isEmpty() ? "none" : in));
            }
            String before = taken.putIfAbsent(param.updater(), in.get(0));
            if (before != null && !before.equals(in.get(0))) {
                throw new IllegalArgumentException(
                        "parameters with one updater must be in one group, but " + param.name()
                                + " is in '" + in.get(0) + "' and another in '" + before
                                + "': give biases an updater of their own with biasUpdater");
            }
            Objects.requireNonNull(members.get(in.get(0))).putIfAbsent(param.updater(), param.name());
        }
        members.forEach((group, updaters) -> groups.add(new UpdaterGroup(this, net, group, updaters)));
        net.add(this);
    }

    /**
     * {@return whether {@code scheduler} runs on these rates, and they are {@code model}'s} A runner tells nobody what it runs on,
     * but asks it for the groups when it takes its state, unless another runner has replaced it.
     */
    boolean areDriven(Model model, LRScheduler scheduler) {
        long before = asked;
        scheduler.state();
        return asked > before && net.isOf(model);
    }

    @Override
    public List<UpdaterGroup> groups() {
        asked++;
        return List.copyOf(groups);
    }

    /** Called after a group's rate or momentum was set. */
    void changed(UpdaterGroup group) {
        if (!net.listeners().contains(this)) {
            throw new IllegalStateException(
                    "the network's rates must stay among its listeners: add others with addListeners,"
                            + " since setListeners removes them");
        }
        changed = true;
        if (group == groups.get(groups.size() - 1)) {
            settle();
        }
    }

    void settle() {
        if (changed) {
            changed = false;
            net.reblock();
        }
    }

    @Override
    public void onGradientCalculation(Model model) {
        settle();
    }
}
