package org.anneal.parity;

import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Tensor;

/** The two engines under one set of hands, so that one test drives both. */
interface TestedEngine<T> {
    T parameter(float[] values, long[] shape);

    Optimizer<T> optimizer(List<ParamGroup<T>> groups);

    void setGrad(T parameter, Optional<float[]> grad);

    float[] grad(T parameter);

    void write(T parameter, float[] values);

    float[] read(T values);

    /** Plain arrays. */
    final class Arrays implements TestedEngine<FloatArray> {
        @Override
        public FloatArray parameter(float[] values, long[] shape) {
            return new FloatArray(values, LongStream.of(shape).boxed().toList());
        }

        @Override
        public Optimizer<FloatArray> optimizer(List<ParamGroup<FloatArray>> groups) {
            return FloatArrays.optimizer(groups);
        }

        @Override
        public void setGrad(FloatArray parameter, Optional<float[]> grad) {
            grad.ifPresentOrElse(parameter::setGrad, parameter::clearGrad);
        }

        @Override
        public float[] grad(FloatArray parameter) {
            return parameter.grad().orElseThrow();
        }

        @Override
        public void write(FloatArray parameter, float[] values) {
            System.arraycopy(values, 0, parameter.values(), 0, values.length);
        }

        @Override
        public float[] read(FloatArray values) {
            return values.values();
        }
    }

    /** libtorch's tensors. */
    final class Tensors implements TestedEngine<Tensor> {
        @Override
        public Tensor parameter(float[] values, long[] shape) {
            return Tensor.create(values, shape).requires_grad_(true);
        }

        @Override
        public Optimizer<Tensor> optimizer(List<ParamGroup<Tensor>> groups) {
            return Torch.optimizer(groups);
        }

        @Override
        public void setGrad(Tensor parameter, Optional<float[]> grad) {
            if (grad.isEmpty()) {
                parameter.mutable_grad().reset();
            } else {
                parameter.mutable_grad().put(Tensor.create(grad.get(), parameter.shape()));
            }
        }

        @Override
        public float[] grad(Tensor parameter) {
            return read(parameter.grad());
        }

        @Override
        public void write(Tensor parameter, float[] values) {
            parameter.detach().data_ptr_float().put(values);
        }

        @Override
        public float[] read(Tensor values) {
            float[] read = new float[(int) values.numel()];
            values.detach().contiguous().data_ptr_float().get(read);
            return read;
        }
    }
}
