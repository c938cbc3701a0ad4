package org.anneal.optim;

import java.util.List;

/**
 * What the schedule-free rules share: the weights of the average, and how the trained weights {@code y} move between the average
 * {@code x} and the iterate {@code z}. Only {@code y} (or {@code x}) and {@code z} are kept: {@code y = beta * x + (1 - beta) * z}.
 *
 * @param lr the rate of this step, with the warmup
 * @param share of {@code z} in the average
 */
record ScheduleFree(double lr, double share) {

    /** By the names of the package; {@code foreach} is read by it. */
    static final List<GroupSlot> NUMBERS = List.of(
            new GroupSlot("k", 0L),
            new GroupSlot("weight_sum", 0.0),
            new GroupSlot("lr_max", -1.0),
            new GroupSlot("scheduled_lr", 0.0, true),
            new GroupSlot("foreach", true, true));

    /** Counts a step of {@code group} and {@return what it uses} */
    static ScheduleFree next(GroupStep<?> group, long warmupSteps, double r, double weightLrPower) {
        double k = group.number("k");
        double lr = group.lr() * (k < warmupSteps ? (k + 1) / warmupSteps : 1);
        double lrMax = Math.max(lr, group.number("lr_max"));
        double weight = Math.pow(k + 1, r) * Math.pow(lrMax, weightLrPower);
        double sum = group.number("weight_sum") + weight;
        group.set("k", k + 1);
        group.set("scheduled_lr", lr);
        group.set("lr_max", lrMax);
        group.set("weight_sum", sum);
        return new ScheduleFree(lr, sum == 0 ? 0 : weight / sum);
    }

    /** Moves {@code y} and {@code z} by a step of {@code direction}. */
    <T> void move(Vectors<T> vectors, T y, T z, T direction, double beta) {
        vectors.lerp(y, z, share);
        vectors.add(y, direction, lr * (beta * (1 - share) - 1));
        vectors.add(z, direction, -lr);
    }

    /** Turns {@code y} into {@code x}. */
    static <T> void toEval(Vectors<T> vectors, T y, T z, double beta) {
        vectors.lerp(y, z, 1 - 1 / beta);
    }

    /** Turns {@code x} into {@code y}. */
    static <T> void toTrain(Vectors<T> vectors, T x, T z, double beta) {
        vectors.lerp(x, z, 1 - beta);
    }
}
