package org.anneal.optim;

/** A number of a group beside its rate, such as its weight decay, as what a schedule drives. */
final class GroupNumber extends RateGroup {
    private final RateGroup group;

    private GroupNumber(RateGroup group, String name) {
        super(name);
        this.group = group;
    }

    /** Returns a {@link RateGroup}, so that this class is loaded on first use only, as {@link ExternalRateGroup} is. */
    static RateGroup create(RateGroup group, String name) {
        return new GroupNumber(group, name);
    }

    @Override
    public double lr() {
        return group.number(name());
    }

    @Override
    public void setLr(double value) {
        group.setNumber(name(), value);
    }

    @Override
    void checkLr(double value) {
        group.checkNumber(name(), value);
    }
}
