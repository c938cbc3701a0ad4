package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckupTest {
    private static final long STEPS = 100;
    private static final RunLength PER_BATCH = new RunLength(500, 90);
    private static final RunLength PER_EPOCH = PER_BATCH.withStepPer(StepPer.EPOCH);

    private static List<Finding> findings(String text) {
        return Checkup.of(Policy.parse(text), STEPS, 0.1).findings();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "StepLR(step_size=30)",
                "StepLR(step_size=99)",
                "MultiStepLR([30, 80])",
                "MultiStepLR([0, 99], gamma=0.5)",
                "ExponentialLR(0.95)",
                "MultiplicativeLR(lambda step: 0.95)",
                "LambdaLR(lambda step: 0.95 ** step)",
                "LambdaLR(lambda step: (step + 1) / 100)",
                "CosineAnnealingLR(T_max=100)",
                "CosineAnnealingLR(T_max=101)",
                "CosineAnnealingLR(T_max=99, eta_min=0.001)",
                "ConstantLR()",
                "LinearLR()",
                "LinearLR(0.01, total_iters=100)",
                "LinearLR(1.0, 0.0, total_iters=100)",
                "LinearLR(1.0, 0.1, total_iters=50)",
                "PolynomialLR(100, power=2)",
                "CosineAnnealingWarmRestarts(T_0=10)",
                "CosineAnnealingWarmRestarts(T_0=100)",
                "CosineAnnealingWarmRestarts(T_0=20, T_mult=4)",
                "CyclicLR(0.001, 0.1, step_size_up=20)",
                "CyclicLR(0.001, 0.1, step_size_up=99)",
                "OneCycleLR(max_lr=0.1, total_steps=100)",
                "OneCycleLR(max_lr=0.1, total_steps=101)",
                "SWALR(swa_lr=0.05)",
                "SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(95)], milestones=[5])",
                "SequentialLR([LinearLR(total_iters=1), CosineAnnealingLR(99)], milestones=[1])",
                "SequentialLR([ConstantLR(0.1, 5), ExponentialLR(0.9)], milestones=[5])",
                "SequentialLR([CosineAnnealingLR(100), SWALR(0.05)], milestones=[75])",
                "SequentialLR([LinearLR(0.01, total_iters=5), StepLR(30)], milestones=[5])",
                "ChainedScheduler([LinearLR(total_iters=5), CosineAnnealingLR(100)])",
                "ReduceLROnPlateau()",
                "ConstantLR(1, 0)",
                "ConstantLR(factor=1)",
                "ChainedScheduler([StepLR(30), ReduceLROnPlateau()])",
                "Clip(PolynomialLR(50), 0.001)",
                "ContinueFrom(CosineAnnealingLR(60), CosineAnnealingLR(100), 30, 0.05)",
                "ContinueFrom(StepLR(20), HalfCosine(40), 50, 0.001, bridge=10, clock='own')",
                "Above(PolynomialLR(50), 0.001)",
                "From(PolynomialLR(100), 0.3)",
                "CosineCycles(30)",
                "HalfCosine(50, floor=0.1)",
                "End(CosineAnnealingLR(60), 50)",
                "Freeze(CosineAnnealingLR(60), 20, 60)",
                "GreedyLR(patience=99)",
                "ChainedScheduler([StepLR(30), GreedyLR()])",
                "SmoothedMetric(ReduceLROnPlateau(), every=5)",
                "SequentialLR([LinearLR(total_iters=5), SmoothedMetric(ReduceLROnPlateau(), decay=0.9)], milestones=[5])",
                "Interpolate(ExponentialLR(0.99), CosineAnnealingLR(100), 20, 60)",
                "Max([PolynomialLR(50), ExponentialLR(0.99)])",
                "NoamLR(64, 20)",
                "Noise(HalfCosine(100))",
                "Piecewise([30, 60], [1.0, 0.5, 0.1])",
                "Polynomial(100)",
                "REX(100)",
                "Repeat(CosineAnnealingLR(25), 25)",
                "Reverse(PolynomialLR(100), 99)",
                "Scale(CosineAnnealingLR(100), 0.5)",
                "Shift(HalfCosine(25), 75)",
                "Stretch(ExponentialLR(0.99), 50, 100)",
                "Sum([PolynomialLR(50), ExponentialLR(0.99)])",
                "TanhDecay(100)",
                "Warmup(20, start=0.1)",
                "WarmupStableDecay(10, 60, 30, start=0.1)",
                "SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau()], milestones=[5])"
            })
    void findsNothingInAScheduleThatFitsItsRun(String text) {
        assertEquals(List.of(), findings(text));
    }

    /** What is found in a run of 100 steps from 0.1, and beside it a like schedule in which nothing is. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            StepLR(100); 99; StepLR never decays; set step_size=33; StepLR(99)
            MultiStepLR([30, 150, 200]); 99; milestones 150, 200 of MultiStepLR are never reached; set milestones=[25, 50, 75]; MultiStepLR([30, 60, 90])
            MultiStepLR([30, 100]); 99; milestone 100 of MultiStepLR is never reached; set milestones=[33, 66]; MultiStepLR([30, 99])
            ConstantLR(0.5, 101); 99; ConstantLR holds the rate at 0.5 of its base for 101 steps; set total_iters=5; ConstantLR(0.5, 99)
            LinearLR(total_iters=101); 99; the warmup of 101 steps (LinearLR) is longer than the run; set total_iters=5; LinearLR(total_iters=100)
            LinearLR(1, 0, 200); 99; LinearLR is not finished; set total_iters=100; LinearLR(1, 0, 101)
            LinearLR(1, 0, 99); 99; LinearLR is at zero; set total_iters=100; LinearLR(1, 0.1, 99)
            PolynomialLR(); 5; PolynomialLR is at zero; set total_iters=100; PolynomialLR(100)
            PolynomialLR(102); 99; PolynomialLR is not finished; set total_iters=100; PolynomialLR(101)
            CosineAnnealingLR(102); 99; CosineAnnealingLR is not finished; set T_max=100, the length of the run; CosineAnnealingLR(101)
            CosineAnnealingLR(50); 51; CosineAnnealingLR climbs again; set T_max=100, the length of the run; CosineAnnealingLR(100)
            CosineAnnealingLR(99); 99; the last rate of CosineAnnealingLR is zero; set T_max=100; CosineAnnealingLR(99, 1e-6)
            CosineAnnealingWarmRestarts(30); 99; the last cycle of CosineAnnealingWarmRestarts is cut short: the run ends after 10 of its 30 steps; set T_0=25, or give the run 90 or 120 steps; CosineAnnealingWarmRestarts(25)
            CosineAnnealingWarmRestarts(10, 2); 99; the run ends after 30 of its 80 steps; give the run 70 or 150 steps; CosineAnnealingWarmRestarts(20, 4)
            CosineAnnealingWarmRestarts(300); 99; the run ends after 100 of its 300 steps; set T_0=100; CosineAnnealingWarmRestarts(100)
            CyclicLR(0.01, 0.1); 99; CyclicLR never reaches its max_lr; set step_size_up=50; CyclicLR(0.01, 0.1, 50)
            CyclicLR(0.01, 0.1, 99.5); 99; which takes 99.5 steps; set step_size_up=50; CyclicLR(0.01, 0.1, 99)
            OneCycleLR(1, 99); 99; OneCycleLR has ended; set total_steps=100; OneCycleLR(1, 100)
            OneCycleLR(1, 150); 99; OneCycleLR is not finished; set total_steps=100; OneCycleLR(1, 101)
            SWALR(0.05, anneal_epochs=102); 99; SWALR has not reached its swa_lr; set anneal_epochs=100; SWALR(0.05, anneal_epochs=100)
            ReduceLROnPlateau(patience=99); 99; ReduceLROnPlateau cannot reduce the rate; set patience=10; ReduceLROnPlateau(patience=98)
            SequentialLR([LinearLR(0.01, total_iters=500), CosineAnnealingLR(95)], milestones=[500]); 99; the warmup, up to milestone 500, is not over within the run of 100 steps: CosineAnnealingLR never starts; set milestones=[5] and total_iters=5; SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(95)], milestones=[5])
            SequentialLR([StepLR(30), ExponentialLR(0.9)], milestones=[100]); 99; milestone 100 of SequentialLR is never reached; set the milestone below 100; SequentialLR([ExponentialLR(1), ExponentialLR(0.9)], milestones=[98])
            SequentialLR([LinearLR(0.01, total_iters=10), CosineAnnealingLR(95)], milestones=[5]); 4; the warmup of 10 steps (LinearLR) is longer than its part; set total_iters=5, up to the milestone; SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(95)], milestones=[5])
            SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(100)], milestones=[5]); 99; CosineAnnealingLR is not finished; set T_max=95, the length of its part; SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(95)], milestones=[5])
            SequentialLR([ExponentialLR(0.9), ConstantLR(0.1, 5)], milestones=[50]); 50; the rate jumps from 0.0005726 to 0.01; let ExponentialLR end near 0.01; SequentialLR([ExponentialLR(0.9), LinearLR(0.006, 0.0001, 50)], milestones=[50])
            SequentialLR([CosineAnnealingLR(50), CosineAnnealingLR(50)], milestones=[50]); 50; the rate jumps; or what follows start near; SequentialLR([CosineAnnealingLR(50, 0.09), CosineAnnealingLR(50)], milestones=[50])
            LambdaLR(lambda step: 1); 0; the rate never changes: it is 0.1 in all 100 steps; leave it out; LambdaLR(lambda step: 1 - step // 99 / 2)
            MultiplicativeLR(lambda step: 1); 0; the rate never changes; leave it out; MultiplicativeLR(lambda step: 0.99)
            ChainedScheduler([ConstantLR(1), StepLR(10, gamma=1)]); 0; the rate never changes; leave it out; ConstantLR(1)
            ChainedScheduler([ConstantLR(1), LambdaLR(lambda step: 1 - step // 99)]); 99; the rate is zero in the last step; make the schedule one step longer; ConstantLR(1)
            StepLR(10, gamma=1); 0; the rate never changes; leave it out; StepLR(10, gamma=0.99)
            LambdaLR(lambda step: step / 50); 0; the rate is zero in the first step; start above zero, such as with step + 1 in place of step in the lambda; LambdaLR(lambda step: (step + 1) / 50)
            Warmup(50); 0; the rate is zero in the first step; set start=0.01; Warmup(50, start=0.01)
            WarmupStableDecay(10, 50, 40); 0; the rate is zero in the first step; set start=0.01; WarmupStableDecay(10, 50, 40, start=0.01)
            Scale(Warmup(50), 0.5); 0; the rate is zero in the first step; set start=0.01; Scale(Warmup(50, start=0.01), 0.5)
            LambdaLR(lambda step: 1 - step / 99); 99; the rate is zero in the last step; one step longer; LambdaLR(lambda step: 1 - step / 100)
            LambdaLR(lambda step: 0); 0; the rate is zero in every step; let the schedule start above zero; LambdaLR(lambda step: 1 / (step + 1))
            ExponentialLR(1e-10); 1; the rate decays to nothing; end the run here; ExponentialLR(0.8)
            LambdaLR(lambda step: 1 if step < 33 else 0); 33; the rate is zero; end the run here; LambdaLR(lambda step: 1 if step < 33 else 1e-6)
            StepLR(1, gamma=0.1); 8; the rate decays to nothing: for most of the run, from here on, it is below 1e-07 of its peak, and it ends at 1e-100; fall more slowly; StepLR(15, gamma=0.1)
            StepLR(5, gamma=0.1); 40; the rate decays to nothing; fall more slowly; StepLR(8, gamma=0.1)
            MultiplicativeLR(lambda step: 0.5); 24; the rate decays to nothing; fall more slowly; MultiplicativeLR(lambda step: 0.9)
            ChainedScheduler([StepLR(1, 0.5), ExponentialLR(0.8)]); 18; the rate decays to nothing; fall more slowly; ChainedScheduler([StepLR(1, 0.95), ExponentialLR(0.95)])
            CosineAnnealingLR(100, eta_min=0.2); 0; CosineAnnealingLR raises the rate: its eta_min=0.2 is above the group's own rate, 0.1; set eta_min below 0.1; CosineAnnealingLR(100, eta_min=0.01)
            CosineAnnealingWarmRestarts(50, eta_min=0.2); 0; CosineAnnealingWarmRestarts raises the rate; set eta_min below 0.1; CosineAnnealingWarmRestarts(50, eta_min=0.01)
            SequentialLR([LinearLR(0.1, total_iters=5), CosineAnnealingLR(95, 0.2)], milestones=[5]); 5; raises the rate: its eta_min=0.2; set eta_min below 0.1; SequentialLR([LinearLR(0.1, total_iters=5), CosineAnnealingLR(95, 0.02)], milestones=[5])
            ChainedScheduler([LinearLR(0.1, total_iters=5), CosineAnnealingLR(100, 0.2)]); 0; raises the rate: its eta_min=0.2; set eta_min below 0.1; ChainedScheduler([LinearLR(0.1, total_iters=5), CosineAnnealingLR(100, 0.02)])
            CyclicLR(0.1, 0.01, 20); 0; CyclicLR falls where it should rise: its base_lr=0.1 is above its max_lr=0.01; set base_lr=0.01 and max_lr=0.1; CyclicLR(0.01, 0.1, 20)
            CyclicLR(0.1, 0.1, 20); 0; the rate never changes; check the schedule's lengths and factors; CyclicLR(0.01, 0.1, 20)
            SWALR(1e-4, anneal_epochs=0); 0; the rate never changes: it is 0.0001 in all 100 steps; check the schedule's lengths and factors; SWALR(1e-4)
            ReduceLROnPlateau(min_lr=0.2); 0; ReduceLROnPlateau never reduces the rate, which is 0.1 at most: its min_lr=0.2 is not below; set min_lr well below 0.1; ReduceLROnPlateau(min_lr=0.05)
            ReduceLROnPlateau(min_lr=0.1); 0; never reduces the rate, which is 0.1 at most: its min_lr=0.1 is not below; set min_lr well below 0.1; ReduceLROnPlateau(min_lr=0.09)
            ReduceLROnPlateau(eps=0.2); 0; never reduces the rate, which is 0.1 at most: no reduction is above its eps=0.2; set eps well below 0.1; ReduceLROnPlateau(eps=0.01)
            ChainedScheduler([CosineAnnealingLR(100), ReduceLROnPlateau(min_lr=0.2)]); 0; ReduceLROnPlateau never reduces the rate; set min_lr well below 0.1; ChainedScheduler([OneCycleLR(1, 100), ReduceLROnPlateau(min_lr=0.2)])
            SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau(min_lr=1)], milestones=[5]); 5; ReduceLROnPlateau never reduces the rate; set min_lr well below 0.1; SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau(min_lr=0.01)], milestones=[5])
            LambdaLR(lambda step: 1 if step < 7 else -0.5); 7; the rate is negative (-0.05); max(0, ...); LambdaLR(lambda step: 1 if step < 7 else 0.5)
            ExponentialLR(1e10); 31; the rate is not finite (inf); at 1 or below; ExponentialLR(1.01)
            LambdaLR(lambda step: 1 / (5 - step)); 5; the rate has no value: lambda step: 1 / (5 - step) failed at step 5; change the lambda; LambdaLR(lambda step: 1 / (5 + step))
            SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau()], milestones=[500]); 99; ReduceLROnPlateau never starts; set milestones=[5]; SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau()], milestones=[5])
            SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau(patience=200)], milestones=[5]); 99; it waits for 201 metrics; set patience=9; SequentialLR([LinearLR(total_iters=5), ReduceLROnPlateau(patience=90)], milestones=[5])
            PolynomialLR(total_iters=0); 0; PolynomialLR is at zero from here on; set total_iters=100; PolynomialLR(100)
            Above(PolynomialLR(50), 0.0); 50; PolynomialLR is at zero from here on; set total_iters=100; Above(PolynomialLR(50), 0.001)
            From(PolynomialLR(50), 0.3); 50; PolynomialLR is at zero from here on; set total_iters=100; From(PolynomialLR(100), 0.3)
            Clip(PolynomialLR(50), 0.0); 50; PolynomialLR is at zero from here on; set total_iters=100; Clip(PolynomialLR(50), 0.001)
            ContinueFrom(ExponentialLR(0.99), StepLR(3), 150, 0.05); 99; StepLR is never reached: ContinueFrom goes on with it from step 150; set step below 100; ContinueFrom(ExponentialLR(0.99), StepLR(30), 50, 0.05)
            ContinueFrom(ExponentialLR(0.99), CosineAnnealingLR(50), 50, 0.05, clock='own', bridge=20); 99; CosineAnnealingLR is not finished: its part of the run ends after 30 of its 50 steps; set T_max=30; ContinueFrom(ExponentialLR(0.99), CosineAnnealingLR(30), 50, 0.05, clock='own', bridge=20)
            ContinueFrom(ExponentialLR(0.99), Polynomial(70), 50, 0.05); 70; Polynomial is at zero from here on; set steps=100; ContinueFrom(ExponentialLR(0.99), Polynomial(100), 50, 0.05)
            ContinueFrom(ExponentialLR(0.99), Warmup(50), 0, 0.05); 0; the rate has no value: ContinueFrom cannot scale Warmup(steps=50), which is 0 at step 0, to 0.05 there: give it a bridge; change; ContinueFrom(ExponentialLR(0.99), Warmup(50), 0, 0.05, bridge=60)
            CosineCycles(150); 99; the first cycle of CosineCycles is not finished; set steps=100; CosineCycles(30)
            HalfCosine(50); 50; HalfCosine is at zero from here on; set steps=100, the length of the run; HalfCosine(50, floor=0.1)
            End(ExponentialLR(0.99), 50, 'refuse'); 50; the schedule has ended; set step=100, the length of the run; End(CosineAnnealingLR(60), 50)
            Freeze(ExponentialLR(0.99), 150, 160); 99; Freeze never stops the schedule; set start below 100; Freeze(CosineAnnealingLR(60), 20, 60)
            GreedyLR(patience=100); 99; GreedyLR cannot change the rate: it waits for 101 metrics in a row; set patience=10; GreedyLR(patience=99)
            GreedyLR(min_lr=0.1); 0; GreedyLR never lowers the rate, which is 0.1 at most: its min_lr=0.1 is not below it; set min_lr well below 0.1; GreedyLR(min_lr=0.09)
            SequentialLR([LinearLR(total_iters=5), GreedyLR()], milestones=[500]); 99; GreedyLR never starts; set milestones=[5]; SequentialLR([LinearLR(total_iters=5), GreedyLR()], milestones=[5])
            SmoothedMetric(ReduceLROnPlateau(), every=101); 99; SmoothedMetric never passes a metric on: it averages 101; set every=10; SmoothedMetric(ReduceLROnPlateau(), every=5)
            SmoothedMetric(ReduceLROnPlateau(patience=20), every=5); 99; ReduceLROnPlateau cannot reduce the rate: it waits for 21 metrics; set patience=2; SmoothedMetric(ReduceLROnPlateau(patience=18), every=5)
            SmoothedMetric(ReduceLROnPlateau(min_lr=0.2)); 0; ReduceLROnPlateau never reduces the rate; set min_lr well below 0.1; SmoothedMetric(ReduceLROnPlateau(min_lr=0.05))
            Interpolate(ExponentialLR(0.99), StepLR(3), 150, 160); 99; StepLR is never reached; set start below 100; Interpolate(ExponentialLR(0.99), CosineAnnealingLR(100), 20, 60)
            Max([ExponentialLR(1), StepLR(30)]); 0; the rate never changes; check the schedule's lengths and factors; Max([PolynomialLR(50), ExponentialLR(0.99)])
            NoamLR(64, 150); 99; the warmup of NoamLR is not finished; set warmup=100; NoamLR(64, 20)
            Noise(HalfCosine(50)); 50; HalfCosine is at zero from here on; set steps=100; Noise(HalfCosine(100))
            Piecewise([50, 150], [1.0, 0.5, 0.1]); 99; Piecewise is not finished; the length of the run; Piecewise([30, 60], [1.0, 0.5, 0.1])
            Polynomial(150); 99; Polynomial is not finished; set steps=100; Polynomial(100)
            REX(50); 50; REX is at zero from here on; set steps=100; REX(100)
            Repeat(ExponentialLR(0.99), 100); 99; Repeat never repeats; set period=33; Repeat(CosineAnnealingLR(25), 25)
            Reverse(ExponentialLR(0.99), 150); 99; Reverse is not finished; set length=100; Reverse(PolynomialLR(100), 99)
            Scale(CosineAnnealingLR(50), 0.5); 51; CosineAnnealingLR climbs again; set T_max=100; Scale(CosineAnnealingLR(100), 0.5)
            Shift(StepLR(3), 200); 99; StepLR never starts; set steps below 100; Shift(HalfCosine(25), 75)
            Stretch(ExponentialLR(0.99), 100, 150); 99; Stretch is not finished; set to=100; Stretch(ExponentialLR(0.99), 50, 100)
            Sum([ExponentialLR(1), ExponentialLR(1)]); 0; the rate never changes; check the schedule's lengths and factors; Sum([PolynomialLR(50), ExponentialLR(0.99)])
            TanhDecay(50); 50; TanhDecay is at zero from here on; set steps=100; TanhDecay(100)
            Warmup(150); 99; Warmup is not finished; set steps=100; Warmup(20, start=0.1)
            WarmupStableDecay(10, 100, 40, start=0.1); 99; WarmupStableDecay is not finished; add up to 100, the length of the run; WarmupStableDecay(10, 60, 30, start=0.1)
            ChainedScheduler([ExponentialLR(0.99), CosineAnnealingLR(50)]); 51; CosineAnnealingLR climbs again; set T_max=100; ChainedScheduler([ExponentialLR(0.99), CosineAnnealingLR(100)])
            """)
    void findsOneThing(String text, long step, String problem, String suggestion, String clean) {
        List<Finding> found = findings(text);
        assertEquals(1, found.size(), found::toString);
        assertEquals(step, found.get(0).step(), found::toString);
        assertTrue(found.get(0).problem().contains(problem), found::toString);
        assertTrue(found.get(0).suggestion().contains(suggestion), found::toString);
        assertEquals(List.of(), findings(clean));
        found.get(0)
                .mended()
                .ifPresent(mended -> assertTrue(
                        findings(mended.toString()).stream()
                                .noneMatch(left ->
                                        left.problem().equals(found.get(0).problem())),
                        () -> mended + " still has " + found));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            StepLR(30); 30; step_size=30; set step_size=15000; StepLR(15000)
            StepLR(1, 0.1); 1; step_size=1; set step_size=500; StepLR(1, 0.9999)
            MultiStepLR([30, 60]); 60; milestones=[30, 60]; set milestones=[15000, 30000]; MultiStepLR([91, 30000])
            CosineAnnealingLR(90); 90; T_max=90; set T_max=45000; CosineAnnealingLR(90ep)
            CosineAnnealingWarmRestarts(9); 9; T_0=9; set T_0=4500; CosineAnnealingWarmRestarts(10%)
            OneCycleLR(1, 90); 90; total_steps=90; set total_steps=45000; OneCycleLR(1, epochs=90, steps_per_epoch=500)
            LinearLR(total_iters=5); 5; total_iters=5; set total_iters=2500; LinearLR(total_iters=5ep)
            SequentialLR([LinearLR(total_iters=5), CosineAnnealingLR(85)], milestones=[5]); 5; milestones=[5]; set milestones=[2500]; SequentialLR([LinearLR(total_iters=5ep), CosineAnnealingLR(85ep)], milestones=[5ep])
            """)
    void findsEpochsWhereBatchesAreCounted(String text, long step, String length, String fix, String clean) {
        List<Finding> found =
                Checkup.of(Policy.parse(text, PER_BATCH), PER_BATCH, 0.1).findings();
        assertEquals(
                List.of(new Finding(
                        step,
                        length + " looks like epochs, but the schedule is stepped per batch, 500 times an epoch",
                        fix + ", in batches, or step the schedule per epoch",
                        mended(text, fix))),
                found);
        assertEquals(
                List.of(),
                Checkup.of(Policy.parse(clean, PER_BATCH), PER_BATCH, 0.1).findings());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            CosineAnnealingLR(45000); T_max=45000; set T_max=90; CosineAnnealingLR(90)
            StepLR(15000); step_size=15000; set step_size=30; StepLR(30)
            MultiStepLR([15000, 30000]); milestones=[15000, 30000]; set milestones=[30, 60]; MultiStepLR([30, 60])
            CyclicLR(0.01, 0.1); step_size_up=2000; set step_size_up=4; CyclicLR(0.01, 0.1, 4)
            OneCycleLR(1, epochs=90, steps_per_epoch=500); total_steps=45000; set total_steps=90; OneCycleLR(1, 90)
            SequentialLR([LinearLR(total_iters=500), CosineAnnealingLR(44500)], milestones=[500]); milestones=[500]; set milestones=[1]; SequentialLR([LinearLR(total_iters=1), CosineAnnealingLR(89)], milestones=[1])
            """)
    void findsBatchesWhereEpochsAreCounted(String text, String length, String fix, String clean) {
        assertEquals(
                List.of(new Finding(
                        89,
                        length + " looks like batches, but the schedule is stepped per epoch, 90 times in the run",
                        fix + ", in epochs, or step it per batch",
                        mended(text, fix))),
                Checkup.of(Policy.parse(text), PER_EPOCH, 0.1).findings());
        assertEquals(List.of(), Checkup.of(Policy.parse(clean), PER_EPOCH, 0.1).findings());
    }

    /** {@return the policy that a text and a fix, {@code set T_max=90}, make} */
    private static Optional<Policy> mended(String text, String fix) {
        String set = fix.replace("set ", "");
        String argument = set.replaceFirst("=.*", "");
        String policy = Policy.parse(text).toString();
        String others =
                policy.replaceFirst(argument + "=(\\[[^]]*]|[^,)]*)(, )?", "").replaceFirst(", \\)$", ")");
        return Optional.of(Policy.parse(
                others.replaceFirst("\\)$", (others.endsWith("()") ? "" : ", ") + set.replace("$", "") + ")")));
    }

    /** What is advised is data, too, wherever it says exactly what to change, and it ends the finding. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            CosineAnnealingLR(T_max=90) | CosineAnnealingLR(T_max=100)
            StepLR(step_size=300) | StepLR(step_size=33)
            MultiStepLR([30, 100]) | MultiStepLR(milestones=[33, 66])
            OneCycleLR(max_lr=0.1, total_steps=90) | OneCycleLR(max_lr=0.1, total_steps=100)
            CyclicLR(base_lr=0.1, max_lr=0.01, step_size_up=20) | CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=20)
            WarmupStableDecay(warmup=10, stable=20, decay=30) | WarmupStableDecay(warmup=10, stable=60, decay=30)
            SequentialLR([LinearLR(0.1, 1, 10), CosineAnnealingLR(80)], [10]) | SequentialLR([LinearLR(0.1, 1, 10), CosineAnnealingLR(90)], [10])
            SequentialLR([LinearLR(0.1, 1, 200), StepLR(30)], [200]) | SequentialLR([LinearLR(0.1, 1, 5), StepLR(30)], [5])
            ChainedScheduler([ExponentialLR(0.99), PolynomialLR(total_iters=300)]) | ChainedScheduler([ExponentialLR(0.99), PolynomialLR(total_iters=100)])
            ReduceLROnPlateau(patience=200) | ReduceLROnPlateau(patience=10)
            SequentialLR([LinearLR(0.1, 1, 20), ReduceLROnPlateau(patience=100)], [10]) | SequentialLR([LinearLR(0.1, 1, 10), ReduceLROnPlateau(patience=100)], [10])
            """)
    void aFindingHasTheMendedPolicy(String text, String mended) {
        List<Finding> found = findings(text);
        assertEquals(Optional.of(Policy.parse(mended)), found.get(0).mended(), found::toString);
        assertTrue(
                findings(mended).stream()
                        .noneMatch(left -> left.problem().equals(found.get(0).problem())),
                () -> findings(mended).toString());
    }

    @Test
    void ratesForEachGroupAreGivenAsData() {
        Finding finding = Checkup.of(
                        Policy.parse("OneCycleLR(max_lr=0.1, total_steps=100)"),
                        STEPS,
                        List.of(0.1, 0.01),
                        1,
                        0,
                        walked -> {})
                .findings()
                .get(0);
        assertEquals(Optional.of(Policy.parse("OneCycleLR(max_lr=[0.1, 0.01], total_steps=100)")), finding.mended());
    }

    @Test
    void whatIsOnlyAdvisedInWordsHasNoMendedPolicy() {
        Finding finding = findings("LambdaLR(lambda step: 1 - step / 99)").get(0);
        assertEquals(Optional.empty(), finding.mended(), finding::toString);
    }

    /** As people write them: the schedule, the groups' rates, the steps. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            StepLR(step_size=30, gamma=0.1) | 0.1 | 90
            StepLR(step_size=7, gamma=0.1) | 0.001 | 25
            StepLR(step_size=1, gamma=0.7) | 1.0 | 14
            StepLR(10, gamma=0.5) | 0.01,0.1 | 100
            StepLR(step_size=20, gamma=0.1) | 0.1 | 160
            MultiStepLR([30, 80], gamma=0.1) | 0.1 | 100
            MultiStepLR([60, 120, 160], gamma=0.2) | 0.1 | 200
            MultiStepLR([100, 150], 0.1) | 0.1,0.01 | 200
            MultiStepLR(milestones=[8, 11], gamma=0.1) | 0.02 | 12
            ExponentialLR(0.95) | 0.001 | 100
            ExponentialLR(gamma=0.9) | 0.1 | 100
            ExponentialLR(gamma=0.97) | 0.1 | 350
            CosineAnnealingLR(T_max=200) | 0.1 | 200
            CosineAnnealingLR(T_max=1000) | 0.1 | 1000
            CosineAnnealingLR(T_max=100, eta_min=1e-6) | 1e-3,1e-4 | 100
            CosineAnnealingLR(T_max=50, eta_min=1e-5) | 5e-5 | 50
            CosineAnnealingWarmRestarts(T_0=10) | 0.1 | 100
            CosineAnnealingWarmRestarts(T_0=10, T_mult=2) | 0.1 | 70
            CosineAnnealingWarmRestarts(10, 2, 1e-6) | 0.001 | 150
            OneCycleLR(max_lr=0.01, total_steps=1000) | 0.001 | 1000
            OneCycleLR(max_lr=0.01, total_steps=1000) | 0.01 | 1000
            OneCycleLR(max_lr=[0.001, 0.01], total_steps=1000) | 1e-4,1e-3 | 1000
            OneCycleLR(max_lr=0.1, epochs=10, steps_per_epoch=100) | 0.1 | 1000
            OneCycleLR(0.1, 100, final_div_factor=1e8) | 0.1 | 100
            CyclicLR(base_lr=0.001, max_lr=0.1, step_size_up=50) | 0.001 | 200
            CyclicLR(0.01, 0.1, step_size_up=5, mode='triangular2') | 0.1 | 100
            CyclicLR(base_lr=1e-4, max_lr=1e-3, step_size_up=25, mode='exp_range', gamma=0.999) | 0.1 | 100
            LinearLR(start_factor=0.5, total_iters=4) | 0.05 | 20
            LinearLR(1.0, 0.01, total_iters=100) | 0.1 | 100
            PolynomialLR(total_iters=100, power=0.9) | 0.01 | 100
            PolynomialLR(total_iters=100, power=2.0) | 0.01,0.1 | 100
            ConstantLR(factor=0.5, total_iters=4) | 0.05 | 20
            LambdaLR(lambda epoch: 0.95 ** epoch) | 0.1 | 100
            LambdaLR(lambda epoch: 0.65 ** epoch) | 0.1 | 30
            LambdaLR([lambda epoch: 0.95 ** epoch, lambda epoch: 0.9 ** epoch]) | 0.1,0.01 | 100
            LambdaLR(lambda step: min((step + 1) ** -0.5, (step + 1) * 400 ** -1.5)) | 1.0 | 10000
            LambdaLR(lambda step: 1 - max(0, step - 50) / 51) | 0.0002 | 100
            LambdaLR(lambda step: min(1, (step + 1) / 10) * 0.5 * (1 + math.cos(math.pi * step / 100))) | 3e-4 | 100
            MultiplicativeLR(lambda epoch: 0.95) | 0.1 | 100
            SWALR(swa_lr=0.05, anneal_epochs=5) | 0.1 | 100
            SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(95)], milestones=[5]) | 0.1 | 100
            SequentialLR([LinearLR(0.01, total_iters=5), CosineAnnealingLR(95, eta_min=1e-5)], milestones=[5]) | 3e-4,3e-5 | 100
            SequentialLR([CosineAnnealingLR(100), SWALR(0.05)], milestones=[75]) | 0.1 | 100
            SequentialLR([ConstantLR(0.1, 5), ExponentialLR(0.9)], milestones=[5]) | 0.1 | 50
            SequentialLR([LinearLR(0.1, total_iters=10), MultiStepLR([30, 60])], milestones=[10]) | 0.1 | 100
            ChainedScheduler([LinearLR(0.01, total_iters=5), CosineAnnealingLR(100)]) | 0.1 | 100
            ChainedScheduler([ConstantLR(0.1, 20), ExponentialLR(0.9)]) | 1.0 | 100
            ReduceLROnPlateau('min') | 0.1 | 100
            ReduceLROnPlateau('max', factor=0.5, patience=5, min_lr=1e-6) | 1e-3,1e-4 | 100
            ReduceLROnPlateau(patience=3, min_lr=[1e-5, 1e-6]) | 1e-3,1e-4 | 50
            ChainedScheduler([CosineAnnealingLR(T_max=90), ReduceLROnPlateau(patience=5)]) | 0.1 | 90
            SequentialLR([LinearLR(0.01, total_iters=5), ReduceLROnPlateau()], milestones=[5]) | 0.1 | 100
            """)
    void findsNothingInWhatIsOrdinary(String text, String rates, long steps) {
        List<Double> bases = rates(rates);
        for (int group = 0; group < bases.size(); group++) {
            assertEquals(
                    List.of(),
                    Checkup.of(Policy.parse(text), steps, bases, group, 0, walked -> {})
                            .findings());
        }
    }

    private static List<Double> rates(String text) {
        return Arrays.stream(text.split(",")).map(Double::valueOf).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            OneCycleLR(max_lr=0.000357, total_steps=100); 1e-5,1e-4; 0; OneCycleLR gives the same rates to groups that start from 1e-05 to 0.0001: max_lr=0.000357 is for all groups; give a rate for each group, such as max_lr=[3.57e-05, 0.000357]; OneCycleLR(max_lr=[3.57e-05, 0.000357], total_steps=100)
            CyclicLR(0.001, 0.1, 20); 0.05,0.1; 0; base_lr=0.001 and max_lr=0.1 are for all groups; such as base_lr=[0.0005, 0.001] and max_lr=[0.05, 0.1]; CyclicLR([0.0005, 0.001], [0.05, 0.1], 20)
            CyclicLR([0.001, 0.01], 0.1, 20); 0.05,0.1; 0; to groups that start from 0.05 to 0.1: max_lr=0.1 is for all groups; such as max_lr=[0.05, 0.1]; CyclicLR([0.001, 0.01], [0.05, 0.1], 20)
            SWALR(0.05); 0.1,0.01; 0; SWALR gives the same rates to groups that start from 0.01 to 0.1: swa_lr=0.05 is for all groups; such as swa_lr=[0.05, 0.005]; SWALR([0.05, 0.005])
            SequentialLR([CosineAnnealingLR(100), SWALR(0.05)], [75]); 0.1,0.01; 75; swa_lr=0.05 is for all groups; such as swa_lr=[0.05, 0.005]; SequentialLR([CosineAnnealingLR(100), SWALR([0.05, 0.005])], [75])
            ChainedScheduler([OneCycleLR(0.1, 100), ExponentialLR(0.99)]); 0.1,0.1,0.2,0.1,0.1; 0; max_lr=0.1 is for all groups; give a rate for each group, in a list; ChainedScheduler([OneCycleLR([0.1, 0.1, 0.2, 0.1, 0.1], 100), ExponentialLR(0.99)])
            """)
    void findsOneRateForGroupsOfDifferentOnes(
            String text, String rates, long step, String problem, String suggestion, String clean) {
        List<Double> bases = rates(rates);
        for (int group = 0; group < bases.size(); group++) {
            List<Finding> found = Checkup.of(Policy.parse(text), STEPS, bases, group, 0, walked -> {})
                    .findings();
            assertEquals(1, found.size(), found::toString);
            assertEquals(step, found.get(0).step());
            assertTrue(found.get(0).problem().contains(problem), found::toString);
            assertTrue(found.get(0).suggestion().contains(suggestion), found::toString);
            assertEquals(
                    List.of(),
                    Checkup.of(Policy.parse(clean), STEPS, bases, group, 0, walked -> {})
                            .findings());
        }
        List<Double> equal = Collections.nCopies(bases.size(), 0.1);
        String same = text.replaceAll("\\[[0-9., ]+\\], 0.1", "0.01, 0.1");
        assertEquals(
                List.of(),
                Checkup.of(Policy.parse(same), STEPS, equal, 0, 0, walked -> {}).findings());
    }

    @Test
    void findsAnEtaMinAboveOneOfTheGroups() {
        Policy cosine = new CosineAnnealingLR(100, 0.01);
        assertEquals(
                1,
                Checkup.of(cosine, STEPS, List.of(0.001, 0.1), 0, 0, walked -> {})
                        .findings()
                        .size());
        assertEquals(
                0,
                Checkup.of(cosine, STEPS, List.of(0.001, 0.1), 1, 0, walked -> {})
                        .findings()
                        .size());
        Policy plateau = Policy.parse("ReduceLROnPlateau(min_lr=[0.01, 0.2])");
        assertEquals(
                0,
                Checkup.of(plateau, STEPS, List.of(0.1, 0.1), 0, 0, walked -> {})
                        .findings()
                        .size());
        assertEquals(
                1,
                Checkup.of(plateau, STEPS, List.of(0.1, 0.1), 1, 0, walked -> {})
                        .findings()
                        .size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            OneCycleLR(0.1, 100); 0.001; OneCycleLR never uses the group's own rate, 0.001: it goes from 0.004 to 0.1; set max_lr=0.001
            CyclicLR(0.001, 0.1, 20); 0.05; CyclicLR never uses the group's own rate, 0.05: it goes from 0.001 to 0.1; set max_lr=0.05
            SWALR(0.05); 0.001; SWALR raises the rate: its swa_lr=0.05 is above the group's own rate, 0.001; set swa_lr below 0.001
            OneCycleLR(0.1, 100); 0.1; ; ''
            CyclicLR(0.001, 0.1, 20); 0.001; ; ''
            CyclicLR(0.001, 0.1, 20); 0.1; ; ''
            SWALR(0.05); 0.1; ; ''
            """)
    void notesThatAGroupsOwnRateIsNotUsed(String text, double base, String problem, String suggestion) {
        Checkup checkup = Checkup.of(Policy.parse(text), STEPS, base);
        assertEquals(List.of(), checkup.findings());
        if (problem == null) {
            assertEquals(List.of(), checkup.notes());
        } else {
            assertEquals(1, checkup.notes().size());
            assertEquals(problem, checkup.notes().get(0).problem());
            assertTrue(checkup.notes().get(0).suggestion().startsWith(suggestion));
        }
    }

    @Test
    void findsWhereARateThatNeverBecomesZeroIsNothing() {
        Checkup sticks = Checkup.of(new ExponentialLR(0.95), 20_000, 0.1);
        assertEquals(1, sticks.findings().size());
        assertEquals(315, sticks.findings().get(0).step()); // 0.95^315 < 1e-7 < 0.95^314
        assertTrue(sticks.findings().get(0).problem().startsWith("the rate decays to nothing"));
        // Half of the run is not most of it.
        assertEquals(List.of(), Checkup.of(new ExponentialLR(0.95), 630, 0.1).findings());
        assertEquals(1, Checkup.of(new ExponentialLR(0.95), 631, 0.1).findings().size());
        // From the peak after a warmup, in a part of the run.
        assertEquals(
                List.of(29L),
                findings("SequentialLR([LinearLR(0.1, total_iters=5), ExponentialLR(0.5)], milestones=[5])").stream()
                        .map(Finding::step)
                        .toList());
        // It has risen again.
        assertEquals(List.of(), findings("LambdaLR(lambda step: 1e-9 if 5 < step < 95 else 1 / (step + 1))"));
    }

    /** A training loop steps the scheduler after the last update too, and PyTorch raises there. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            LambdaLR(lambda e: 1 / (100 - e)) | has no value
            MultiplicativeLR(lambda e: 1e300 if e == 100 else 1.5) | is not finite
            """)
    void findsWhatFailsInTheLastCallOfARun(String text, String problem) {
        List<Finding> found = findings(text).stream()
                .filter(each -> each.problem().startsWith("the rate after the last step"))
                .toList();
        assertEquals(1, found.size(), () -> findings(text).toString());
        assertEquals(99, found.get(0).step());
        assertTrue(found.get(0).problem().contains(problem), found::toString);
    }

    @Test
    void suggestsTheRunsLengthForAScheduleThatEnds() {
        Checkup checkup = Checkup.of(
                Policy.parse("OneCycleLR(max_lr=0.1, total_steps=10)"), new RunLength(10, 2, StepPer.EPOCH), 0.1);
        assertEquals(
                "set total_steps=2, in epochs, or step it per batch",
                checkup.findings().get(0).suggestion());
    }

    @Test
    void saysToLeaveOutWhatChangesNothingOnly() {
        assertTrue(findings("SWALR(0.1, anneal_epochs=0)").get(0).suggestion().endsWith("or leave it out"));
        assertEquals(
                "check the schedule's lengths and factors",
                findings("SWALR(0.2, anneal_epochs=0)").get(0).suggestion());
        assertEquals(
                "check the schedule's lengths and factors",
                findings("CyclicLR(0.1, 0.1, 20)").get(0).suggestion()); // which drives the momentum
        assertTrue(findings("CyclicLR(0.1, 0.1, 20, cycle_momentum=False)")
                .get(0)
                .suggestion()
                .endsWith("or leave it out"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"LambdaLR(lambda step: 1 / step)", "LambdaLR(lambda step: math.inf)"})
    void hasNoPeakWhereTheFirstStepHasNoRate(String text) {
        Checkup checkup = Checkup.of(Policy.parse(text), STEPS, 0.1);
        assertTrue(Double.isNaN(checkup.peak()) && Double.isNaN(checkup.mean()), checkup::toString);
        assertEquals(0, checkup.area());
        assertEquals(1, checkup.findings().size());
        assertEquals(0, checkup.findings().get(0).step());
    }

    /** A kind that finds something of its own needs a row in both. */
    @Test
    void everyKindIsTriedWithAFindingAndWithout() throws NoSuchMethodException {
        Set<String> kinds = new TreeSet<>();
        for (Kind<?> kind : Policy.kinds()) {
            if (Stream.of(kind.type().getDeclaredMethods())
                    .anyMatch(method -> method.getName().equals("check"))) {
                kinds.add(kind.name());
            }
        }
        assertTrue(kinds.size() > 5, kinds::toString);
        String[] right = getClass()
                .getDeclaredMethod("findsNothingInAScheduleThatFitsItsRun", String.class)
                .getAnnotation(ValueSource.class)
                .strings();
        String[] wrong = getClass()
                .getDeclaredMethod("findsOneThing", String.class, long.class, String.class, String.class, String.class)
                .getAnnotation(CsvSource.class)
                .textBlock()
                .split("\n");
        for (String[] rows : List.of(right, wrong)) {
            Set<String> tried = new TreeSet<>();
            for (String row : rows) {
                tried.add(row.strip().replaceFirst("\\(.*", ""));
            }
            kinds.removeAll(tried);
            assertEquals(Set.of(), kinds);
        }
    }

    @Test
    void ordersWhatItFindsByStep() {
        assertEquals(
                List.of(50L, 51L),
                findings("LambdaLR(lambda step: 1 - step / 50)").stream()
                        .map(Finding::step)
                        .toList());
    }

    @Test
    void takesARateThatStartsAtZeroForItsCause() {
        List<Finding> found = Checkup.of(new StepLR(200), STEPS, 0).findings();
        assertEquals(1, found.size());
        assertTrue(found.get(0).problem().startsWith("the rate is zero in every step"));
    }

    @Test
    void computesPeakMeanAreaAndTheFirstStepBelow() {
        // 30 * (0.1 + 0.01 + 0.001) + 10 * 0.0001
        Checkup steps = Checkup.of(new StepLR(30), STEPS, List.of(0.1), 0, 0.01, walked -> {});
        assertEquals(3.331, steps.area(), 1e-12);
        assertEquals(0.03331, steps.mean(), 1e-14);
        assertEquals(0.1, steps.peak());
        assertEquals(0, steps.peakStep());
        assertEquals(
                OptionalLong.of(60),
                Checkup.of(new StepLR(30), STEPS, List.of(0.5), 0, 0.05 * 0.99, walked -> {})
                        .firstBelow());
        assertEquals(
                OptionalLong.empty(),
                Checkup.of(new StepLR(30), STEPS, List.of(0.1), 0, 1e-9, walked -> {})
                        .firstBelow());

        // The cosine's sum over its T steps: T/2 and the half of its first rate.
        assertEquals(50.5, Checkup.of(new CosineAnnealingLR(100), STEPS, 1).area(), 1e-9);

        Checkup warm = Checkup.of(new LinearLR(0.5, 1.0, 10), STEPS, 2);
        assertEquals(2, warm.peak(), 1e-12);
        assertTrue(warm.peakStep() >= 10, "the first step that has the peak");
        double area = LongStream.range(0, STEPS)
                .mapToDouble(step -> 1 + Math.min(step, 10) / 10.0)
                .sum();
        assertEquals(area, warm.area(), 1e-9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"StepLR(30)", "CosineAnnealingLR(1)", "CyclicLR(0.1, 1, 5)", "ExponentialLR(0.5)"})
    void asksNoChangeOfARunOfOneStep(String text) {
        assertEquals(List.of(), Checkup.of(Policy.parse(text), 1, 0.1).findings());
    }

    @Test
    void stopsWithAScheduleThatEnds() {
        Checkup cycle = Checkup.of(new OneCycleLR(1, 10), STEPS, 0.1);
        Checkup fitting = Checkup.of(new OneCycleLR(1, 10), 10, 0.1);
        assertEquals(fitting.mean(), cycle.mean());
        assertEquals(List.of(), fitting.findings());
    }

    @Test
    void saysHowManyStepsItHasWalked() {
        List<Long> walked = new ArrayList<>();
        Checkup.of(new StepLR(30), 3000, List.of(0.1), 0, 0, walked::add);
        assertEquals(List.of(0L, 1024L, 2048L, 3000L), walked);
        walked.clear();
        Checkup.of(new StepLR(30), PER_BATCH, List.of(0.1), 0, 0, walked::add);
        assertEquals(PER_BATCH.total(), walked.get(walked.size() - 1));
        walked.clear();
        Checkup.of(new OneCycleLR(1, 10), 3000, List.of(0.1), 0, 0, walked::add); // which has no more than 10 rates
        assertEquals(List.of(0L, 3000L), walked);
    }

    @Test
    void bindsListsToAGroup() {
        Policy cyclic = Policy.parse("CyclicLR([0.01, 0.02], [0.1, 0.2], 20)");
        assertEquals(
                0.2,
                Checkup.of(cyclic, STEPS, List.of(0.1, 0.1), 1, 0, walked -> {}).peak());
        assertThrows(IllegalArgumentException.class, () -> Checkup.of(cyclic, STEPS, 0.1));
        assertThrows(IllegalArgumentException.class, () -> Checkup.of(new StepLR(3), 0, 0.1));
        assertThrows(IllegalArgumentException.class, () -> Checkup.of(new StepLR(3), STEPS, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Checkup.of(new StepLR(3), STEPS, -1));
    }
}
