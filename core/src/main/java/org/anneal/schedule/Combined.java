package org.anneal.schedule;

/** Several schedules whose rates of the same step become one. */
interface Combined extends Composite, AbsoluteSchedule {

    /** {@return the rate of the members so far and that of the next one, as one} */
    double combine(double rate, double other);

    @Override
    default double at(long step, double base) {
        double rate = schedules().get(0).at(step, base);
        for (int i = 1; i < schedules().size(); i++) {
            rate = combine(rate, schedules().get(i).at(step, base));
        }
        return rate;
    }
}
