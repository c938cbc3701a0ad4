package org.anneal.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.anneal.schedule.Schedule;
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

/** Times {@link Schedule#at} at random steps of a run of a million, and {@link Schedule#curve} over all of them. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class ScheduleAt {
    private static final int STEPS = 1_000_000;

    @Param({
        "StepLR(step_size=30000)",
        "MultiStepLR(milestones=[300000, 600000, 900000])",
        "ConstantLR(factor=0.5, total_iters=500000)",
        "LinearLR(start_factor=0.01, total_iters=500000)",
        "ExponentialLR(gamma=0.99999)",
        "PolynomialLR(total_iters=1000000, power=2.0)",
        "MultiplicativeLR(lr_lambda=lambda epoch: 0.99999)",
        "LambdaLR(lr_lambda=lambda epoch: 0.99999 ** epoch)",
        "CosineAnnealingLR(T_max=1000000)",
        "CosineAnnealingWarmRestarts(T_0=1000, T_mult=2)",
        "CyclicLR(base_lr=0.001, max_lr=0.1, step_size_up=2000)",
        "OneCycleLR(max_lr=0.1, total_steps=1000000)",
        "SWALR(swa_lr=0.05, anneal_epochs=500000)",
        "SequentialLR([LinearLR(start_factor=0.01, total_iters=50000), CosineAnnealingLR(T_max=950000)],"
                + " milestones=[50000])",
        "ChainedScheduler([LinearLR(start_factor=0.01, total_iters=50000), ExponentialLR(gamma=0.99999)])"
    })
    String expression = "";

    private final long[] steps =
            new SplittableRandom(0).longs(1 << 12, 0, STEPS).toArray();
    private int i;
    private Schedule schedule = Schedule.parse("StepLR(step_size=1)");

    @Setup
    public void parse() {
        schedule = Schedule.parse(expression);
    }

    @Benchmark
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    public double at() {
        return schedule.at(steps[i++ & steps.length - 1], 0.1);
    }

    @Benchmark
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    public double curve() {
        return schedule.curve(STEPS, 0.1).sum();
    }
}
