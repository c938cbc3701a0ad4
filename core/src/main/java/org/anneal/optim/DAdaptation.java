package org.anneal.optim;

import java.util.List;

/** What the rules share that adapt one step size {@code d} for all groups: Prodigy and D-Adaptation. */
final class DAdaptation {
    private DAdaptation() {}

    /** Refuses rates that differ, but for groups at rate 0, which stay as they are. */
    static void checkRates(String rule, List<Double> lrs) {
        double lr = max(lrs);
        if (!lrs.stream().allMatch(each -> each == lr || each == 0)) {
            throw new IllegalArgumentException("lr must be the same in every group, or 0, under " + rule
                    + ", which adapts one step size for all of them, but was " + lrs);
        }
    }

    /** {@return the rate in force: that of the groups that are not at rate 0} */
    static double lr(List<? extends GroupStep<?>> groups) {
        return max(groups.stream().map(GroupStep::lr).toList());
    }

    private static double max(List<Double> lrs) {
        return lrs.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    /** {@return Adam's bias correction of a step's length} */
    static double biasCorrection(double beta1, double beta2, double t) {
        return Math.sqrt(1 - Math.pow(beta2, t)) / (1 - Math.pow(beta1, t));
    }
}
