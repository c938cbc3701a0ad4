package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Kind;

/** PyTorch's schedules and its plateau. A new one is listed here and nowhere else. */
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
            ReduceLROnPlateau.KIND);

    private OwnKinds() {}
}
