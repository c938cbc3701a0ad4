package org.anneal.optim;

import java.util.Objects;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;

/** A group without momentum, whose rate is read and set through functions. */
final class ExternalRateGroup extends RateGroup {
    private final DoubleSupplier lr;
    private final DoubleConsumer setLr;

    private ExternalRateGroup(String name, DoubleSupplier lr, DoubleConsumer setLr) {
        super(name);
        this.lr = Objects.requireNonNull(lr, "lr");
        this.setLr = Objects.requireNonNull(setLr, "setLr");
    }

    /** Returns a {@link RateGroup}, so that this class is loaded on first use only; until then the JIT binds calls to our own groups directly. */
    static RateGroup create(String name, DoubleSupplier lr, DoubleConsumer setLr) {
        return new ExternalRateGroup(name, lr, setLr);
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
