package org.anneal.torch;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.anneal.optim.Adam;
import org.anneal.optim.Batch;
import org.anneal.optim.Kernels;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The update rules as ATen's own fused kernels: one call per batch, on the CPU and on CUDA alike. */
final class TorchKernels implements Kernels<Tensor> {
    // Positions in the operators' schemas; the gradients' is the same in all of them.
    private static final int GRADS = 1;
    private static final int SGD_LR = 5;
    private static final int SGD_FIRST_STEP = 9;
    private static final int ADAM_LR = 6;

    @Override
    public void sgd(SGD rule, Batch<Tensor> batch) {
        try (PointerScope scope = new PointerScope()) {
            Prepared prepared = batch.cache(() -> new Prepared(batch));
            FusedCall call = prepared.call(
                    rule,
                    () -> new FusedCall(
                            "aten::_fused_sgd_",
                            FusedCall.tensors(batch.params()),
                            FusedCall.none(), // grads
                            FusedCall.tensors(rule.momentum() == 0 ? List.of() : batch.slot(0)),
                            FusedCall.number(rule.weightDecay()),
                            FusedCall.number(rule.momentum()),
                            FusedCall.none(), // lr
                            FusedCall.number(rule.dampening()),
                            FusedCall.flag(rule.nesterov()),
                            FusedCall.flag(rule.maximize()),
                            FusedCall.none(), // is_first_step
                            FusedCall.none(), // grad_scale
                            FusedCall.none())); // found_inf
            call.set(SGD_LR, FusedCall.number(batch.lr()));
            call.set(SGD_FIRST_STEP, FusedCall.flag(batch.fresh()));
            run(call, batch);
        }
    }

    @Override
    public void adam(Adam rule, Batch<Tensor> batch) {
        try (PointerScope scope = new PointerScope()) {
            Prepared prepared = batch.cache(() -> new Prepared(batch));
            FusedCall call = prepared.call(
                    rule,
                    () -> new FusedCall(
                            rule.decoupledWeightDecay() ? "aten::_fused_adamw_" : "aten::_fused_adam_",
                            FusedCall.tensors(batch.params()),
                            FusedCall.none(), // grads
                            FusedCall.tensors(batch.slot(0)),
                            FusedCall.tensors(batch.slot(1)),
                            FusedCall.tensors(rule.amsgrad() ? batch.slot(2) : List.of()),
                            FusedCall.tensors(prepared.steps()),
                            FusedCall.none(), // lr
                            FusedCall.number(rule.beta1()),
                            FusedCall.number(rule.beta2()),
                            FusedCall.number(rule.weightDecay()),
                            FusedCall.number(rule.eps()),
                            FusedCall.flag(rule.amsgrad()),
                            FusedCall.flag(rule.maximize()),
                            FusedCall.none(), // grad_scale
                            FusedCall.none())); // found_inf
            call.set(ADAM_LR, FusedCall.number(batch.lr()));
            prepared.step.fill_(new Scalar((double) batch.step()));
            run(call, batch);
        }
    }

    private static void run(FusedCall call, Batch<Tensor> batch) {
        try (NoGradGuard noGrad = new NoGradGuard()) {
            call.set(GRADS, FusedCall.tensors(batch.grads()));
            call.run();
            // Else a gradient that the user drops would live on here through the next backward pass.
            call.set(GRADS, FusedCall.none());
        }
    }

    /** What is kept for a batch: its call, made anew when the options change, and its step as the kernels want it. */
    private static final class Prepared implements AutoCloseable {
        private final int params;
        private final Tensor step;
        private Optional<UpdateRule> rule = Optional.empty();
        private Optional<FusedCall> call = Optional.empty();

        Prepared(Batch<Tensor> batch) {
            params = batch.params().size();
            TensorOptions scalar = new TensorOptions(batch.params().get(0).device());
            step = torch.zeros(new long[0], scalar.dtype(new ScalarTypeOptional(ScalarType.Float)))
                    .retainReference();
        }

        FusedCall call(UpdateRule options, Supplier<FusedCall> make) {
            if (call.isEmpty() || !rule.equals(Optional.of(options))) {
                call.ifPresent(FusedCall::close);
                call = Optional.of(make.get());
                rule = Optional.of(options);
            }
            return call.get();
        }

        /** One scalar serves every parameter: those of a batch have the same step. */
        List<Tensor> steps() {
            return Collections.nCopies(params, step);
        }

        @Override
        public void close() {
            call.ifPresent(FusedCall::close);
            step.close();
        }
    }
}
