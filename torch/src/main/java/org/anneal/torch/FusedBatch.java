package org.anneal.torch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.anneal.optim.Batch;
import org.anneal.optim.UpdateRule;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The prepared calls of a fused kernel for a batch. A kernel takes tensors of one type on one device, so there is one call for each
 * type and device.
 */
final class FusedBatch implements AutoCloseable {
    private static final int PARAMS = 0;
    private static final int GRADS = 1;
    private static final int SLOTS = 2; // followed by the steps, if the rule counts them

    private final List<Part> parts;

    FusedBatch(Batch<Tensor> batch) {
        List<Tensor> params = batch.params();
        Map<List<Object>, List<Integer>> kinds = new LinkedHashMap<>();
        try (PointerScope scope = new PointerScope()) {
            for (int i = 0; i < params.size(); i++) {
                ScalarType type = params.get(i).scalar_type().intern();
                List<Object> kind = List.of(type, params.get(i).device().str().getString());
                kinds.computeIfAbsent(kind, none -> new ArrayList<>()).add(i);
            }
        }
        parts = kinds.values().stream()
                .map(indices -> new Part(params, indices))
                .toList();
    }

    /**
     * Runs a fused kernel.
     *
     * @param arguments the number of arguments of {@code operator}
     * @param slots one list per slot: empty, or an array per parameter
     * @param options sets the arguments that are neither tensors nor steps
     */
    void run(
            UpdateRule rule,
            String operator,
            int arguments,
            Batch<Tensor> batch,
            List<List<Tensor>> slots,
            Consumer<FusedCall> options) {
        try {
            for (Part part : parts) {
                FusedCall call = part.call(operator, arguments, slots, rule.countsSteps());
                options.accept(call);
                part.setStep(batch.step());
                part.run(call, part.pick(batch.grads()), part.pick(slots.get(0)));
            }
        } catch (RuntimeException e) {
            throw ComposedKernels.refusal(rule, e);
        }
    }

    @Override
    public void close() {
        parts.forEach(Part::close);
    }

    /** Parameters of one type on one device. */
    private static final class Part {
        private final int[] indices; // in the batch
        private final boolean whole; // whether they are the whole batch
        private final List<Tensor> params;
        private final Tensor step;
        private final Optional<FloatPointer> stepOnCpu;
        private Optional<FusedCall> call = Optional.empty();

        Part(List<Tensor> batch, List<Integer> indices) {
            this.indices = indices.stream().mapToInt(Integer::intValue).toArray();
            this.whole = indices.size() == batch.size();
            this.params = pick(batch);
            try (PointerScope scope = new PointerScope()) {
                TensorOptions scalar = new TensorOptions(params.get(0).device());
                step = torch.zeros(new long[0], scalar.dtype(new ScalarTypeOptional(ScalarType.Float)))
                        .retainReference();
                stepOnCpu = step.is_cpu() ? Optional.of(step.data_ptr_float().retainReference()) : Optional.empty();
            }
        }

        List<Tensor> pick(List<Tensor> batch) {
            return whole || batch.isEmpty()
                    ? batch
                    : IntStream.of(indices).mapToObj(batch::get).toList();
        }

        FusedCall call(String operator, int arguments, List<List<Tensor>> slots, boolean countsSteps) {
            if (call.isEmpty() || !call.get().operator().equals(operator)) {
                call.ifPresent(FusedCall::close);
                FusedCall made = new FusedCall(operator, arguments, GRADS);
                made.tensors(PARAMS, params);
                for (int s = 0; s < slots.size(); s++) {
                    made.tensors(SLOTS + s, pick(slots.get(s)));
                }
                if (countsSteps) {
                    // One scalar for all: the parameters of a batch have the same step.
                    made.tensors(SLOTS + slots.size(), Collections.nCopies(params.size(), step));
                }
                call = Optional.of(made);
            }
            return call.get();
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

        /**
         * Calls the kernel, which ignores strides and walks through the memory of all its tensors alike: a parameter or gradient
         * whose memory has gaps, or another order than its slots, is replaced by a copy.
         */
        void run(FusedCall call, List<Tensor> grads, List<Tensor> slots) {
            boolean inOrder = true;
            for (int i = 0; i < params.size() && inOrder; i++) {
                Tensor param = params.get(i);
                inOrder = sameOrder(param, slots.isEmpty() ? param : slots.get(i)) && sameOrder(grads.get(i), param);
            }
            if (inOrder) {
                call.run(grads);
                return;
            }
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                List<Tensor> orderedParams = new ArrayList<>();
                List<Tensor> orderedGrads = new ArrayList<>();
                for (int i = 0; i < params.size(); i++) {
                    Tensor param = params.get(i);
                    orderedParams.add(ordered(param, slots.isEmpty() ? param : slots.get(i)));
                    orderedGrads.add(ordered(grads.get(i), orderedParams.get(i)));
                }
                call.tensors(PARAMS, orderedParams);
                call.run(orderedGrads);
                for (int i = 0; i < params.size(); i++) {
                    params.get(i).copy_(orderedParams.get(i)); // does nothing if they are the same
                }
            } finally {
                call.tensors(PARAMS, params);
            }
        }

        private static Tensor ordered(Tensor tensor, Tensor like) {
            return sameOrder(tensor, like) ? tensor : torch.empty_like(like).copy_(tensor);
        }

        /** {@return whether {@code tensor} has no gaps, and its elements the same order in memory as those of {@code like}} */
        private static boolean sameOrder(Tensor tensor, Tensor like) {
            return (tensor.is_contiguous() && like.is_contiguous())
                    || (tensor.is_non_overlapping_and_dense() && Arrays.equals(strides(tensor), strides(like)));
        }

        private static long[] strides(Tensor tensor) {
            long[] strides = new long[(int) tensor.dim()];
            Arrays.setAll(strides, tensor::stride);
            return strides;
        }

        void close() {
            call.ifPresent(FusedCall::close);
            step.close();
        }
    }
}
