package org.anneal.torch;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.Engine;
import org.anneal.optim.Kernels;
import org.anneal.optim.Slot;
import org.anneal.optim.Vectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** The engine for libtorch tensors: floating-point leaf tensors, on the CPU or a CUDA device. */
final class TorchEngine implements Engine<Tensor> {
    TorchEngine() {
        Torch.load();
    }

    @Override
    public void check(Tensor parameter) {
        if (!parameter.defined()) {
            throw new IllegalArgumentException("a parameter must be a tensor, but one is undefined");
        }
        if (!parameter.is_leaf()) {
            throw new IllegalArgumentException(
                    "a parameter must be a leaf tensor, but one is the result of an operation");
        }
        if (!parameter.is_floating_point() || parameter.is_sparse()) {
            throw new IllegalArgumentException(
                    "a parameter must be a dense tensor of floating-point numbers, but one holds "
                            + (parameter.is_sparse() ? "a sparse layout" : parameter.scalar_type()));
        }
    }

    @Override
    public Object identity(Tensor parameter) {
        // Every handle to a tensor is a new Java object; they share one implementation.
        return parameter.unsafeGetTensorImpl().address();
    }

    @Override
    public Optional<Tensor> grad(Tensor parameter) {
        Tensor grad = parameter.grad();
        if (!grad.defined()) {
            grad.close();
            return Optional.empty();
        }
        try {
            check(parameter, grad);
        } catch (IllegalArgumentException refused) {
            grad.close();
            throw refused;
        }
        return Optional.of(grad);
    }

    /** Refuses a gradient that a kernel would misread. Autograd can make sparse ones; the others are set by hand. */
    private static void check(Tensor parameter, Tensor grad) {
        if (grad.is_sparse()) {
            throw new IllegalArgumentException(
                    "a gradient must be dense, but one is sparse: create its embedding" + " without sparse gradients");
        }
        if (!sameShape(parameter, grad)) {
            throw new IllegalArgumentException("a gradient must have its parameter's shape, "
                    + Arrays.toString(parameter.shape()) + ", but one has " + Arrays.toString(grad.shape()));
        }
        if (grad.scalar_type().value != parameter.scalar_type().value) {
            throw new IllegalArgumentException("a gradient must have its parameter's type, " + parameter.scalar_type()
                    + ", but one has " + grad.scalar_type());
        }
    }

    /** Compares size by size, to allocate no array at each step. */
    private static boolean sameShape(Tensor parameter, Tensor grad) {
        long dimensions = parameter.dim();
        if (grad.dim() != dimensions) {
            return false;
        }
        for (long i = 0; i < dimensions; i++) {
            if (grad.size(i) != parameter.size(i)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void zeroGrad(Tensor parameter, boolean setToNone) {
        Tensor grad = parameter.mutable_grad();
        if (!grad.defined()) {
            return;
        }
        if (setToNone) {
            grad.reset();
        } else {
            grad.detach_().zero_();
        }
    }

    @Override
    public List<Long> shape(Tensor parameter) {
        return Arrays.stream(parameter.shape()).boxed().toList();
    }

    @Override
    public Tensor allocate(Tensor parameter, Slot slot) {
        try (PointerScope scope = new PointerScope()) {
            Tensor like = parameter.detach();
            Tensor array = switch (slot.shape()) {
                case PARAMETER -> torch.zeros_like(like);
                case SCALAR -> torch.zeros(new long[0], new TensorOptions(torch.ScalarType.Float));
                case ROWS, COLUMNS, FLAT ->
                    like.new_zeros(slot.shapeFor(shape(parameter)).stream()
                            .mapToLong(Long::longValue)
                            .toArray());
            };
            return slot.initial() == 0
                    ? array.retainReference()
                    : array.fill_(new Scalar(slot.initial())).retainReference();
        }
    }

    @Override
    public TensorData data(Tensor array) {
        return Tensors.data(array);
    }

    @Override
    public void copy(TensorData from, Tensor to) {
        Tensors.copy(from, to);
    }

    @Override
    public void release(Tensor slot) {
        slot.close();
    }

    @Override
    public Kernels<Tensor> kernels() {
        return new TorchKernels();
    }

    @Override
    public Vectors<Tensor> vectors() {
        return new TorchVectors();
    }
}
