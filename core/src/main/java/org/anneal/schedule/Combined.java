package org.anneal.schedule;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.anneal.text.LrLambda;

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

    /**
     * {@return the formula of several schedules at once}
     *
     * @param base the base of each, by its number
     * @param two what becomes of the rates so far and the next one, in Python
     */
    static LrLambda formula(List<Schedule> schedules, IntToDoubleFunction base, String two) {
        Map<String, Object> values = new HashMap<>();
        String text = "";
        for (int i = 0; i < schedules.size(); i++) {
            values.put("rate" + i, schedules.get(i).formula(base.applyAsDouble(i)));
            String rate = "rate" + i + "(step)";
            text = i == 0 ? rate : String.format(Locale.ROOT, two, text, rate);
        }
        return LrLambda.formula(text, values);
    }
}
