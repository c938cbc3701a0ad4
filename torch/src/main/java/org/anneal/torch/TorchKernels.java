package org.anneal.torch;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.anneal.optim.ASGD;
import org.anneal.optim.Adadelta;
import org.anneal.optim.Adafactor;
import org.anneal.optim.Adagrad;
import org.anneal.optim.Adam;
import org.anneal.optim.Adamax;
import org.anneal.optim.Batch;
import org.anneal.optim.Kernels;
import org.anneal.optim.Muon;
import org.anneal.optim.NAdam;
import org.anneal.optim.RAdam;
import org.anneal.optim.RMSprop;
import org.anneal.optim.Rprop;
import org.anneal.optim.SGD;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The update rules as ATen's own fused kernels: one call per batch, on the CPU and on CUDA alike. */
final class TorchKernels implements Kernels<Tensor> {
    // Positions are those of the operators' schemas. What stands at the others is made once for a batch.
    private static final int GRADS = 1;

    @Override
    public void sgd(SGD rule, Batch<Tensor> batch) {
        List<Tensor> buffers = rule.momentum() == 0 ? List.of() : batch.slot(0);
        FusedCall call = batch.cache(() -> new Prepared(batch)).call("aten::_fused_sgd_", 12, made -> {
            made.tensors(0, batch.params());
            made.tensors(2, buffers);
        });
        call.number(3, rule.weightDecay());
        call.number(4, rule.momentum());
        call.number(5, batch.lr());
        call.number(6, rule.dampening());
        call.flag(7, rule.nesterov());
        call.flag(8, rule.maximize());
        call.flag(9, batch.fresh()); // is_first_step
        call.run(batch.grads()); // 10 and 11, grad_scale and found_inf, stay none
    }

    @Override
    public void adam(Adam rule, Batch<Tensor> batch) {
        Prepared prepared = batch.cache(() -> new Prepared(batch));
        String operator = rule.decoupledWeightDecay() ? "aten::_fused_adamw_" : "aten::_fused_adam_";
        FusedCall call = prepared.call(operator, 15, made -> {
            made.tensors(0, batch.params());
            made.tensors(2, batch.slot(0));
            made.tensors(3, batch.slot(1));
            made.tensors(4, rule.amsgrad() ? batch.slot(2) : List.of());
            made.tensors(5, prepared.steps());
        });
        call.number(6, batch.lr());
        call.number(7, rule.beta1());
        call.number(8, rule.beta2());
        call.number(9, rule.weightDecay());
        call.number(10, rule.eps());
        call.flag(11, rule.amsgrad());
        call.flag(12, rule.maximize());
        prepared.setStep(batch.step());
        call.run(batch.grads()); // 13 and 14, grad_scale and found_inf, stay none
    }

    @Override
    public void adagrad(Adagrad rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("Adagrad");
    }

    @Override
    public void rmsprop(RMSprop rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("RMSprop");
    }

    @Override
    public void adadelta(Adadelta rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("Adadelta");
    }

    @Override
    public void adamax(Adamax rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("Adamax");
    }

    @Override
    public void nadam(NAdam rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("NAdam");
    }

    @Override
    public void radam(RAdam rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("RAdam");
    }

    @Override
    public void asgd(ASGD rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("ASGD");
    }

    @Override
    public void rprop(Rprop rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("Rprop");
    }

    @Override
    public void adafactor(Adafactor rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("Adafactor");
    }

    @Override
    public void muon(Muon rule, Batch<Tensor> batch) {
        throw new UnsupportedOperationException("Muon");
    }

    /** What is kept for a batch: its call, with the tensors in place, and its step as the kernels want it. */
    private static final class Prepared implements AutoCloseable {
        private final int params;
        private final Tensor step;
        private final Optional<FloatPointer> stepOnCpu;
        private Optional<FusedCall> call = Optional.empty();

        Prepared(Batch<Tensor> batch) {
            params = batch.params().size();
            try (PointerScope scope = new PointerScope()) {
                TensorOptions scalar = new TensorOptions(batch.params().get(0).device());
                step = torch.zeros(new long[0], scalar.dtype(new ScalarTypeOptional(ScalarType.Float)))
                        .retainReference();
                stepOnCpu = step.is_cpu() ? Optional.of(step.data_ptr_float().retainReference()) : Optional.empty();
            }
        }

        FusedCall call(String operator, int arguments, Consumer<FusedCall> placeTensors) {
            if (call.isEmpty() || !call.get().operator().equals(operator)) {
                call.ifPresent(FusedCall::close);
                call = Optional.of(new FusedCall(operator, arguments, GRADS));
                placeTensors.accept(call.get());
            }
            return call.get();
        }

        /** One scalar serves every parameter: those of a batch have the same step. */
        List<Tensor> steps() {
            return Collections.nCopies(params, step);
        }

        void setStep(long value) {
            if (stepOnCpu.isPresent()) {
                stepOnCpu.get().put((float) value);
            } else {
                try (PointerScope scope = new PointerScope()) {
                    step.fill_(new Scalar((double) value));
                }
            }
        }

        @Override
        public void close() {
            call.ifPresent(FusedCall::close);
            step.close();
        }
    }
}
