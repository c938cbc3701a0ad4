package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Kind;

/** PyTorch's schedules and its plateau, and what PyTorch lacks. A new one is listed here and nowhere else. */
final class OwnKinds {
    static final List<Kind<?>> ALL = List.of(
            StepLR.KIND,
            MultiStepLR.KIND,
            ExponentialLR.KIND,
            CosineAnnealingLR.KIND,
            CosineAnnealingWarmRestarts.KIND,
            LinearLR.KIND,
            ConstantLR.KIND,
            PolynomialLR.KIND,
            OneCycleLR.KIND,
            CyclicLR.KIND,
            LambdaLR.KIND,
            MultiplicativeLR.KIND,
            SWALR.KIND,
            SequentialLR.KIND,
            ChainedScheduler.KIND,
            ReduceLROnPlateau.KIND,
            GreedyLR.KIND,
            SmoothedMetric.KIND,
            Warmup.KIND,
            WarmupStableDecay.KIND,
            InverseSqrt.KIND,
            NoamLR.KIND,
            HalfCosine.KIND,
            CosineCycles.KIND,
            Polynomial.KIND,
            Exponential.KIND,
            InverseTime.KIND,
            Piecewise.KIND,
            TanhDecay.KIND,
            SigmoidDecay.KIND,
            REX.KIND,
            Sum.KIND,
            Product.KIND,
            Min.KIND,
            Max.KIND,
            Clip.KIND,
            From.KIND,
            Above.KIND,
            Scale.KIND,
            Shift.KIND,
            Repeat.KIND,
            Reverse.KIND,
            Stretch.KIND,
            Freeze.KIND,
            Interpolate.KIND,
            ContinueFrom.KIND,
            End.KIND,
            Noise.KIND);

    private OwnKinds() {}
}
