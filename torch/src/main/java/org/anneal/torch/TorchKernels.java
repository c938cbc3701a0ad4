package org.anneal.torch;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.anneal.optim.Adam;
import org.anneal.optim.Batch;
import org.anneal.optim.Kernels;
import org.anneal.optim.SGD;
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
    // Positions in the operators' schemas. What stands at the others is made once for a batch.
    private static final int GRADS = 1;

    @Override
    public void sgd(SGD rule, Batch<Tensor> batch) {
        try (PointerScope scope = new PointerScope()) {
            List<Tensor> buffers = rule.momentum() == 0 ? List.of() : batch.slot(0);
            FusedCall call = batch.cache(() -> new Prepared(batch)).call("aten::_fused_sgd_", 12, made -> {
                made.set(0, FusedCall.tensors(batch.params()));
                made.set(2, FusedCall.tensors(buffers));
            });
            call.set(3, FusedCall.number(rule.weightDecay()));
            call.set(4, FusedCall.number(rule.momentum()));
            call.set(5, FusedCall.number(batch.lr()));
            call.set(6, FusedCall.number(rule.dampening()));
            call.set(7, FusedCall.flag(rule.nesterov()));
            call.set(8, FusedCall.flag(rule.maximize()));
            call.set(9, FusedCall.flag(batch.fresh())); // is_first_step
            run(call, batch); // 10 and 11, grad_scale and found_inf, stay none
        }
    }

    @Override
    public void adam(Adam rule, Batch<Tensor> batch) {
        try (PointerScope scope = new PointerScope()) {
            Prepared prepared = batch.cache(() -> new Prepared(batch));
            String operator = rule.decoupledWeightDecay() ? "aten::_fused_adamw_" : "aten::_fused_adam_";
            FusedCall call = prepared.call(operator, 15, made -> {
                made.set(0, FusedCall.tensors(batch.params()));
                made.set(2, FusedCall.tensors(batch.slot(0)));
                made.set(3, FusedCall.tensors(batch.slot(1)));
                made.set(4, FusedCall.tensors(rule.amsgrad() ? batch.slot(2) : List.of()));
                made.set(5, FusedCall.tensors(prepared.steps()));
            });
            call.set(6, FusedCall.number(batch.lr()));
            call.set(7, FusedCall.number(rule.beta1()));
            call.set(8, FusedCall.number(rule.beta2()));
            call.set(9, FusedCall.number(rule.weightDecay()));
            call.set(10, FusedCall.number(rule.eps()));
            call.set(11, FusedCall.flag(rule.amsgrad()));
            call.set(12, FusedCall.flag(rule.maximize()));
            prepared.step.fill_(new Scalar((double) batch.step()));
            run(call, batch); // 13 and 14, grad_scale and found_inf, stay none
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

    /** What is kept for a batch: its call, with the tensors in place, and its step as the kernels want it. */
    private static final class Prepared implements AutoCloseable {
        private final int params;
        private final Tensor step;
        private Optional<FusedCall> call = Optional.empty();

        Prepared(Batch<Tensor> batch) {
            params = batch.params().size();
            TensorOptions scalar = new TensorOptions(batch.params().get(0).device());
            step = torch.zeros(new long[0], scalar.dtype(new ScalarTypeOptional(ScalarType.Float)))
                    .retainReference();
        }

        FusedCall call(String operator, int arguments, Consumer<FusedCall> placeTensors) {
            if (call.isEmpty() || !call.get().operator().equals(operator)) {
                call.ifPresent(FusedCall::close);
                call = Optional.of(new FusedCall(operator, arguments));
                placeTensors.accept(call.get());
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
