package org.anneal.schedule;

/**
 * What drives a learning rate: a {@link Schedule}, whose clock is the step, or {@link ReduceLROnPlateau}, whose clock is
 * a metric. Prints as PyTorch's constructor call without its optimizer.
 */
public sealed interface Policy permits Schedule, ReduceLROnPlateau {

    /**
     * Reads PyTorch's constructor call, as it stands in a Python program or as {@code toString} prints it.
     *
     * @throws IllegalArgumentException if {@code text} is not one ({@link ScheduleSyntaxException}, with the place), or
     *     gives a {@code last_epoch}, which only {@link SchedulerCall#parse} reads
     */
    static Policy parse(String text) {
        SchedulerCall call = SchedulerCall.parse(text);
        if (call.lastEpoch() != -1) {
            throw new IllegalArgumentException("last_epoch=" + call.lastEpoch()
                    + " belongs to the runner: read this line with SchedulerCall.parse and give it to LRScheduler");
        }
        return call.policy();
    }
}
