package org.anneal.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.SharedModuleVector;

/** The batch norms of a network, and their running statistics. */
final class BatchNorms {
    private BatchNorms() {}

    /** One layer, of any number of dimensions. */
    private record Norm(BatchNormOptions options, Runnable reset) {}

    /** Replaces all running statistics by the means over the batches of {@code pass}. */
    static void update(Module module, Runnable pass) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            List<Norm> norms = of(module);
            if (norms.isEmpty()) {
                return;
            }
            boolean training = module.is_training();
            List<OptionalDouble> momenta = new ArrayList<>();
            for (Norm norm : norms) {
                norm.reset.run();
                DoubleOptional momentum = norm.options.momentum();
                momenta.add(momentum.has_value() ? OptionalDouble.of(momentum.get()) : OptionalDouble.empty());
                momentum.reset(); // without one, the statistics are means over all batches
            }
            module.train(true);
            try {
                pass.run();
            } finally {
                for (int i = 0; i < norms.size(); i++) {
                    DoubleOptional momentum = norms.get(i).options.momentum();
                    momenta.get(i).ifPresent(momentum::put);
                }
                module.train(training);
            }
        }
    }

    private static List<Norm> of(Module module) {
        List<Norm> norms = new ArrayList<>();
        SharedModuleVector modules = module.modules();
        for (long i = 0; i < modules.size(); i++) {
            Module part = modules.get(i);
            Optional.ofNullable(part.asBatchNorm1d())
                    .ifPresent(norm -> norms.add(new Norm(norm.options(), norm::reset_running_stats)));
            Optional.ofNullable(part.asBatchNorm2d())
                    .ifPresent(norm -> norms.add(new Norm(norm.options(), norm::reset_running_stats)));
            Optional.ofNullable(part.asBatchNorm3d())
                    .ifPresent(norm -> norms.add(new Norm(norm.options(), norm::reset_running_stats)));
        }
        return norms;
    }
}
