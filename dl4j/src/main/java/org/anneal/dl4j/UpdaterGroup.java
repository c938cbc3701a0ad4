package org.anneal.dl4j;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;
import org.anneal.optim.RateGroup;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;

/** Updaters of a network that have one rate. */
final class UpdaterGroup extends RateGroup {
    private final NetworkRates owner;
    private final Net net;
    private final Collection<IUpdater> updaters;

    /** A momentum, or beta1, of an updater. */
    private record Momentum(boolean beta, DoubleSupplier get, DoubleConsumer set) {}

    UpdaterGroup(NetworkRates owner, Net net, String name, Map<IUpdater, String> updaters) {
        super(name);
        this.owner = owner;
        this.net = net;
        this.updaters = updaters.keySet();
        if (updaters.isEmpty()) {
            throw new IllegalArgumentException("group '" + name + "' must have at least one parameter, but has none");
        }
        updaters.forEach((updater, param) -> {
            if (!updater.hasLearningRate()) {
                throw new IllegalArgumentException("the updater of " + param + " must have a learning rate, but was a "
                        + updater.getClass().getSimpleName());
            }
            double rate = rate(updater);
            if (isScheduled(updater, rate)) {
                throw new IllegalArgumentException(
                        "the updater of " + param + " must have a fixed rate, since a scheduler sets"
                                + " it, but was " + updater
                                + ": give the schedule to the LRScheduler instead, or fix the rate by net.setLearningRate(lr)");
            }
            if (!Double.isFinite(rate)) { // as of AdaGrad, whose clone() loses its schedule
                throw new IllegalArgumentException(
                        "the updater of " + param + " must have a finite rate, but was " + updater);
            }
            if (rate != lr()) {
                throw new IllegalArgumentException("group '" + name + "' must have one rate, but " + param + " has "
                        + rate + " and another parameter " + lr() + ": put them in groups of their own");
            }
        });
    }

    /** An updater does not say whether it has a schedule, but differs from one with the same rate that has none. */
    private static boolean isScheduled(IUpdater updater, double rate) {
        IUpdater fixed = updater.clone();
        boolean comparable = fixed.equals(updater);
        fixed.setLrAndSchedule(rate, null);
        return comparable && !fixed.equals(updater);
    }

    private double rate(IUpdater updater) {
        return updater.getLearningRate(net.iteration(), net.epoch());
    }

    private IUpdater first() {
        return updaters.iterator().next();
    }

    @Override
    public double lr() {
        return rate(first());
    }

    @Override
    public void setLr(double lr) {
        updaters.forEach(updater -> updater.setLrAndSchedule(lr, null));
        owner.changed(this);
    }

    private Optional<Momentum> momentum(IUpdater updater) {
        if (updater instanceof AnnealUpdater ours) {
            Map<String, Object> options = ours.rule().options();
            return options.containsKey("betas") || options.containsKey("momentum")
                    ? Optional.of(new Momentum(
                            options.containsKey("betas"),
                            () -> ours.momentumAt(net.iteration(), net.epoch()),
                            ours::setMomentum))
                    : Optional.empty();
        } else if (updater instanceof Nesterovs theirs) {
            return Optional.of(
                    new Momentum(false, () -> theirs.currentMomentum(net.iteration(), net.epoch()), momentum -> {
                        theirs.setMomentumISchedule(null);
                        theirs.setMomentum(momentum);
                    }));
        } else if (updater instanceof Adam theirs) {
            return Optional.of(new Momentum(true, theirs::getBeta1, theirs::setBeta1));
        } else if (updater instanceof AMSGrad theirs) {
            return Optional.of(new Momentum(true, theirs::getBeta1, theirs::setBeta1));
        } else if (updater instanceof Nadam theirs) {
            return Optional.of(new Momentum(true, theirs::getBeta1, theirs::setBeta1));
        } else if (updater instanceof AdaMax theirs) {
            return Optional.of(new Momentum(true, theirs::getBeta1, theirs::setBeta1));
        }
        return Optional.empty();
    }

    @Override
    public boolean hasMomentum() {
        return updaters.stream().allMatch(updater -> momentum(updater).isPresent());
    }

    @Override
    public boolean hasBetas() {
        return hasMomentum() && momentum(first()).orElseThrow().beta();
    }

    @Override
    public double momentum() {
        return hasMomentum() ? momentum(first()).orElseThrow().get().getAsDouble() : 0;
    }

    @Override
    public void setMomentum(double momentum) {
        if (!hasMomentum()) {
            super.setMomentum(momentum);
            return;
        }
        if (momentum != momentum()) {
            updaters.forEach(updater -> momentum(updater).orElseThrow().set().accept(momentum));
            owner.changed(this);
        }
    }
}
