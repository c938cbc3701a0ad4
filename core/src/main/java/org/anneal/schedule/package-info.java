/**
 * Learning-rate schedules as values, with PyTorch's names, numbers and text form.
 *
 * <pre>{@code
 * Schedule schedule = new CosineAnnealingLR(90).afterWarmup(10, 0.1);
 * double rate = schedule.at(42, 0.1); // at step 42, from a base of 0.1
 * Schedule same = Schedule.parse(schedule.toString());
 * }</pre>
 *
 * <p>A {@link org.anneal.schedule.Policy} is a schedule or follows a metric. {@link org.anneal.schedule.Checkup} tells what does not fit a
 * run. Every value here is immutable and safe to share between threads.
 */
@NullMarked
package org.anneal.schedule;

import org.jspecify.annotations.NullMarked;
