package org.anneal.torch;

import java.util.Arrays;
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

/** Vector arithmetic with ATen's operations, in PyTorch's order; temporary tensors are freed after each call. */
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
        within(() -> {
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
        });
    }

    /** Runs operations that autograd does not record, and frees their temporary tensors. */
    private static void within(Runnable operations) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            operations.run();
        }
    }

    private static Tensor number(double value, ScalarType type) {
        return torch.scalar_tensor(new Scalar(value), new TensorOptions(type));
    }

    @Override
    public void clamp(List<Tensor> arrays, double limit) {
        within(() -> {
            Scalar least = new Scalar(-limit);
            Scalar most = new Scalar(limit);
            arrays.forEach(array -> array.clamp_min_(least).clamp_max_(most));
        });
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        within(() -> to.copy_(from));
    }

    /** Copies through Java arrays, on any device. */
    @Override
    public void zip(Tensor x, Tensor a, Tensor b, Elementwise function) {
        double[] values = Tensors.data(x).toDoubles();
        double[] first = Tensors.data(a).toDoubles();
        double[] second = Tensors.data(b).toDoubles();
        Arrays.setAll(values, i -> function.of(values[i], first[i], second[i]));
        within(() -> x.copy_(Tensor.create(values, x.shape())));
    }

    @Override
    public void fill(Tensor x, double number) {
        within(() -> x.fill_(new Scalar(number)));
    }

    @Override
    public void add(Tensor x, double number) {
        within(() -> x.add_(new Scalar(number)));
    }

    @Override
    public void mul(Tensor x, Tensor y) {
        within(() -> x.mul_(y));
    }

    @Override
    public void div(Tensor x, Tensor y) {
        within(() -> x.div_(y));
    }

    @Override
    public void addcmul(Tensor x, Tensor a, Tensor b, double factor) {
        within(() -> x.addcmul_(a, b, new Scalar(factor)));
    }

    @Override
    public void addcdiv(Tensor x, Tensor a, Tensor b, double factor) {
        within(() -> x.addcdiv_(a, b, new Scalar(factor)));
    }

    @Override
    public void lerp(Tensor x, Tensor y, double weight) {
        within(() -> x.lerp_(y, new Scalar(weight)));
    }

    @Override
    public void sqrt(Tensor x) {
        within(x::sqrt_);
    }

    @Override
    public void abs(Tensor x) {
        within(x::abs_);
    }

    @Override
    public void sign(Tensor x) {
        within(x::sign_);
    }

    @Override
    public void max(Tensor x, Tensor y) {
        within(() -> torch.maximum_out(x, x, y));
    }

    @Override
    public void min(Tensor x, Tensor y) {
        within(() -> torch.minimum_out(x, x, y));
    }

    @Override
    public void where(Tensor x, Tensor condition, Tensor other) {
        within(() -> x.copy_(torch.where(condition.gt(new Scalar(0.0)), x, other)));
    }

    @Override
    public double sum(Tensor x) {
        try (PointerScope scope = new PointerScope()) {
            return x.sum().item_double();
        }
    }

    /** Integers, such as a buffer's counts, are averaged as in PyTorch: rounded towards zero. */
    @Override
    public void average(Tensor mean, Tensor value, long count) {
        within(() -> {
            Tensor here = value.to(mean.device(), value.scalar_type());
            mean.copy_(mean.add(here.sub(mean).div(new Scalar((double) (count + 1)))));
        });
    }

    @Override
    public void decay(Tensor mean, Tensor value, double decay) {
        within(() -> {
            Tensor here = value.to(mean.device(), value.scalar_type());
            if (mean.is_floating_point()) {
                mean.lerp_(here, new Scalar(1 - decay));
            } else {
                mean.copy_(mean.mul(new Scalar(decay)).add(here.mul(new Scalar(1 - decay))));
            }
        });
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
        within(() -> {
            long offset = 0;
            for (Tensor array : arrays) {
                vector.narrow(0, offset, array.numel()).copy_(array.reshape(-1));
                offset += array.numel();
            }
        });
    }

    @Override
    public void scatter(Tensor vector, List<Tensor> arrays) {
        within(() -> {
            long offset = 0;
            for (Tensor array : arrays) {
                array.copy_(vector.narrow(0, offset, array.numel()).view_as(array));
                offset += array.numel();
            }
        });
    }

    @Override
    public void scatterAdd(Tensor vector, double factor, List<Tensor> arrays) {
        within(() -> {
            Scalar by = new Scalar(factor);
            long offset = 0;
            for (Tensor array : arrays) {
                array.add_(vector.narrow(0, offset, array.numel()).view_as(array), by);
                offset += array.numel();
            }
        });
    }

    @Override
    public void scale(Tensor vector, double factor) {
        within(() -> vector.mul_(ComposedKernels.factor(factor)));
    }

    @Override
    public void add(Tensor vector, Tensor from, double factor) {
        within(() -> vector.add_(from, new Scalar(factor)));
    }

    @Override
    public double dot(Tensor a, Tensor b) {
        try (PointerScope scope = new PointerScope()) {
            return a.reshape(-1).dot(b.reshape(-1)).item_double();
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
