package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Multiplies the rates of one schedule by the curves of others, each from a base of 1.
 *
 * <pre>{@code
 *   at(t) = next(t) = first.at(t, base) * second.at(t, 1) * third.at(t, 1) * ...
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step. As a later piece of a sequence it starts from its members' own first
 * rates. If several members drive the momentum, the last one wins; it is not multiplied. It ends when its first member ends.
 *
 * <p>This is the product of any curves. In a {@link ChainedScheduler}, which is PyTorch's, a schedule that computes absolute
 * rates overrides those before it. Composer multiplies the schedules of a list in this way.
 *
 * @param schedules the schedule of the rates, and the multipliers, at least 1
 */
@StateForm.By(TextForm.class)
public record Product(@Param List<Schedule> schedules) implements Composite, AbsoluteSchedule {

    static final Kind<Product> KIND =
            Kind.of(Product.class, "multiplies the curves of several schedules").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code schedules} is empty */
    public Product {
        schedules = KIND.check("schedules", schedules);
    }

    @Override
    public double at(long step, double base) {
        double rate = schedules.get(0).at(step, base);
        for (int i = 1; i < schedules.size(); i++) {
            rate *= schedules.get(i).at(step, 1);
        }
        return rate;
    }

    @Override
    public LrLambda formula(double base) {
        return Combined.formula(schedules, i -> i == 0 ? base : 1, "%s * (%s)");
    }

    @Override
    public Kind<Product> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
