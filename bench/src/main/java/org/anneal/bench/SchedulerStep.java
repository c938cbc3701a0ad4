package org.anneal.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Times {@link LRScheduler#step()} without a listener, for the schedules, lengths and groups of
 * {@code bench/pytorch/scheduler_step.py}, or with {@code -p schedule=...} for any expression without a comma, at which JMH would
 * split it. At the end of a run a new runner starts over; its share is included in the time and the allocation.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class SchedulerStep {
    private static final int STEPS = 20_000; // with one group; with 100 groups, a tenth

    @Param({"StepLR", "CosineAnnealingLR", "OneCycleLR", "SequentialLR"})
    String schedule = "";

    @Param({"1", "100"})
    int groups;

    private Run run = new Run(new StepLR(1), 1, 1);

    /** A runner, and its last step. */
    private static final class Run {
        final Schedule schedule;
        final Optimizer<FloatArray> optimizer;
        final int steps;
        LRScheduler scheduler;
        int step;

        Run(Schedule schedule, int groups, int steps) {
            this.schedule = schedule;
            this.steps = steps;
            SGD rule = new SGD(0.1).withMomentum(0.9);
            optimizer = FloatArrays.optimizer(IntStream.range(0, groups)
                    .mapToObj(i -> new ParamGroup<>("group" + i, rule, List.of(new FloatArray(0f))))
                    .toList());
            optimizer.step(); // else the runner warns that it is stepped first
            scheduler = new LRScheduler(optimizer, schedule);
        }

        void step() {
            if (step == steps) {
                scheduler = new LRScheduler(optimizer, schedule);
                step = 0;
            }
            scheduler.step();
            step++;
        }
    }

    @Setup
    public void start() {
        int steps = groups == 1 ? STEPS : STEPS / 10;
        run = new Run(schedule(steps), groups, steps);
    }

    private Schedule schedule(int steps) {
        int warmup = steps / 20;
        return switch (schedule) {
            case "StepLR" -> new StepLR(30, 0.999);
            case "CosineAnnealingLR" -> new CosineAnnealingLR(steps);
            case "OneCycleLR" -> new OneCycleLR(0.1, steps + 1);
            case "SequentialLR" -> new CosineAnnealingLR(steps - warmup).afterWarmup(warmup, 0.01);
            default -> Schedule.parse(schedule);
        };
    }

    /** A step, all groups of it. */
    @Benchmark
    public void step() {
        run.step();
    }
}
