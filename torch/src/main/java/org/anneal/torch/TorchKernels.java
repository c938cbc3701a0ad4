package org.anneal.torch;

import java.util.List;
import org.anneal.optim.Adagrad;
import org.anneal.optim.Adam;
import org.anneal.optim.Batch;
import org.anneal.optim.SGD;
import org.bytedeco.pytorch.Tensor;

/** The update rules on tensors, with ATen's fused kernels where there are any, on the CPU and on CUDA. */
final class TorchKernels extends ComposedKernels {
    // Positions are those of the operators' schemas. The last two, grad_scale and found_inf, stay None.

    @Override
    public void sgd(SGD rule, Batch<Tensor> batch) {
        List<List<Tensor>> slots = List.of(rule.momentum() == 0 ? List.of() : batch.slot(0));
        fused(batch).run(rule, "aten::_fused_sgd_", 12, batch, slots, call -> {
            call.number(3, rule.weightDecay());
            call.number(4, rule.momentum());
            call.number(5, batch.lr());
            call.number(6, rule.dampening());
            call.flag(7, rule.nesterov());
            call.flag(8, rule.maximize());
            call.flag(9, batch.fresh()); // is_first_step
        });
    }

    @Override
    public void adam(Adam rule, Batch<Tensor> batch) {
        String operator = rule.decoupledWeightDecay() ? "aten::_fused_adamw_" : "aten::_fused_adam_";
        List<List<Tensor>> slots = List.of(batch.slot(0), batch.slot(1), rule.amsgrad() ? batch.slot(2) : List.of());
        fused(batch).run(rule, operator, 15, batch, slots, call -> {
            call.number(6, batch.lr());
            call.number(7, rule.beta1());
            call.number(8, rule.beta2());
            call.number(9, rule.weightDecay());
            call.number(10, rule.eps());
            call.flag(11, rule.amsgrad());
            call.flag(12, rule.maximize());
        });
    }

    @Override
    public void adagrad(Adagrad rule, Batch<Tensor> batch) {
        fused(batch).run(rule, "aten::_fused_adagrad_", 11, batch, List.of(batch.slot(0)), call -> {
            call.number(4, batch.lr());
            call.number(5, rule.lrDecay());
            call.number(6, rule.weightDecay());
            call.number(7, rule.eps());
            call.flag(8, rule.maximize());
        });
    }

    private static FusedBatch fused(Batch<Tensor> batch) {
        return batch.cache(() -> new FusedBatch(batch));
    }
}
