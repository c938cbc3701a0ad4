package org.anneal.optim;

import java.util.Objects;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;

/** A group without momentum, whose rate is read and set elsewhere. */
final class HeldRate extends RateGroup {
    private final DoubleSupplier lr;
    private final DoubleConsumer setLr;

    private HeldRate(String name, DoubleSupplier lr, DoubleConsumer setLr) {
        super(name);
        this.lr = Objects.requireNonNull(lr, "lr");
        this.setLr = Objects.requireNonNull(setLr, "setLr");
    }

    /** As a {@link RateGroup}: this class is then loaded when it is used, and until then our own groups' calls are direct. */
    static RateGroup create(String name, DoubleSupplier lr, DoubleConsumer setLr) {
        return new HeldRate(name, lr, setLr);
    }

    @Override
    public double lr() {
        return lr.getAsDouble();
    }

    @Override
    public void setLr(double lr) {
        setLr.accept(lr);
    }
}
