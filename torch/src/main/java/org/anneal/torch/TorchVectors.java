package org.anneal.torch;

import java.util.List;
import org.anneal.optim.Vectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Vector arithmetic as ATen's operations, in PyTorch's order; what they make on the way is freed with each call. */
final class TorchVectors implements Vectors<Tensor> {

    @Override
    public double norm(List<Tensor> arrays, double order) {
        if (arrays.isEmpty()) {
            return 0;
        }
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            TensorVector norms = new TensorVector();
            for (Tensor array : arrays) {
                Tensor norm = norm(array, order);
                norms.push_back(norm.to(arrays.get(0).device(), norm.scalar_type()));
            }
            return norm(torch.stack(norms), order).item_double();
        } catch (RuntimeException e) {
            throw ComposedKernels.refusal("the gradients' norm could not be taken", e);
        }
    }

    private static Tensor norm(Tensor array, double order) {
        return torch.linalg_vector_norm(
                array, new Scalar(order), new LongArrayRefOptional(), false, new ScalarTypeOptional());
    }

    @Override
    public void shrink(List<Tensor> arrays, double norm, double most) {
        if (arrays.isEmpty()) {
            return;
        }
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            ScalarType type = arrays.get(0).scalar_type();
            for (Tensor array : arrays) {
                type = torch.promote_types(type, array.scalar_type());
            }
            Tensor factor = number(norm, type)
                    .add_(new Scalar(1e-6))
                    .reciprocal_()
                    .mul_(new Scalar(most))
                    .clamp_max_(new Scalar(1.0));
            arrays.forEach(array -> array.mul_(factor));
        }
    }

    private static Tensor number(double value, ScalarType type) {
        return torch.scalar_tensor(new Scalar(value), new TensorOptions(type));
    }

    @Override
    public void clamp(List<Tensor> arrays, double limit) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Scalar least = new Scalar(-limit);
            Scalar most = new Scalar(limit);
            arrays.forEach(array -> array.clamp_min_(least).clamp_max_(most));
        }
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            to.copy_(from);
        }
    }

    /** Whole numbers, such as a buffer's counts, are averaged as PyTorch averages them: rounded towards zero. */
    @Override
    public void average(Tensor mean, Tensor value, long count) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor here = value.to(mean.device(), value.scalar_type());
            mean.copy_(mean.add(here.sub(mean).div(new Scalar((double) (count + 1)))));
        }
    }

    @Override
    public void decay(Tensor mean, Tensor value, double decay) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor here = value.to(mean.device(), value.scalar_type());
            if (mean.is_floating_point()) {
                mean.lerp_(here, new Scalar(1 - decay));
            } else {
                mean.copy_(mean.mul(new Scalar(decay)).add(here.mul(new Scalar(1 - decay))));
            }
        }
    }

    @Override
    public Tensor allocate(List<Tensor> arrays) {
        try (PointerScope scope = new PointerScope()) {
            long length = arrays.stream().mapToLong(Tensor::numel).sum();
            return arrays.get(0).detach().new_zeros(length).retainReference();
        }
    }

    @Override
    public void gather(List<Tensor> arrays, Tensor vector) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            long offset = 0;
            for (Tensor array : arrays) {
                vector.narrow(0, offset, array.numel()).copy_(array.reshape(-1));
                offset += array.numel();
            }
        }
    }

    @Override
    public void scatter(Tensor vector, List<Tensor> arrays) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            long offset = 0;
            for (Tensor array : arrays) {
                array.copy_(vector.narrow(0, offset, array.numel()).view_as(array));
                offset += array.numel();
            }
        }
    }

    @Override
    public void scatterAdd(Tensor vector, double factor, List<Tensor> arrays) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Scalar by = new Scalar(factor);
            long offset = 0;
            for (Tensor array : arrays) {
                array.add_(vector.narrow(0, offset, array.numel()).view_as(array), by);
                offset += array.numel();
            }
        }
    }

    @Override
    public void scale(Tensor vector, double factor) {
        try (PointerScope scope = new PointerScope()) {
            vector.mul_(new Scalar(factor));
        }
    }

    @Override
    public void add(Tensor vector, Tensor from, double factor) {
        try (PointerScope scope = new PointerScope()) {
            vector.add_(from, new Scalar(factor));
        }
    }

    @Override
    public double dot(Tensor a, Tensor b) {
        try (PointerScope scope = new PointerScope()) {
            return a.dot(b).item_double();
        }
    }

    @Override
    public double sumAbs(Tensor vector) {
        try (PointerScope scope = new PointerScope()) {
            return vector.abs().sum().item_double();
        }
    }

    @Override
    public double maxAbs(Tensor vector) {
        try (PointerScope scope = new PointerScope()) {
            return vector.abs().max().item_double();
        }
    }

    @Override
    public double round(Tensor vector, double number) {
        try (PointerScope scope = new PointerScope()) {
            return switch (vector.scalar_type().intern()) {
                case Double -> number;
                case Float -> (float) number;
                default -> number(number, vector.scalar_type()).item_double();
            };
        }
    }
}
