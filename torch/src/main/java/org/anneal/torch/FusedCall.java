package org.anneal.torch;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;

/**
 * Calls an ATen operator that has no Java binding, through the boxed dispatcher. The arguments are kept between calls and copied to
 * the operator's stack in one native call. Only those that change are set again, since creating a native object takes as long as a
 * small kernel.
 */
final class FusedCall implements AutoCloseable {
    private final String operator;
    private final OperatorHandle handle;
    private final IValueVector arguments;
    private final IValueVector stack;
    private final TensorList grads;
    private final double[] numbers; // by position; NaN if not set yet, 0 or 1 for a flag

    /**
     * Prepares a call of {@code operator} with {@code count} arguments. All are None until they are set, except the gradients at
     * position {@code gradsAt}.
     */
    FusedCall(String operator, int count, int gradsAt) {
        this.operator = operator;
        try (PointerScope scope = new PointerScope()) {
            // These outlive the scope; close() frees them.
            this.handle = Dispatcher.singleton().findSchemaOrThrow(operator, "").retainReference();
            this.arguments = new IValueVector((long) count).retainReference();
            this.stack = new IValueVector().retainReference();
            this.grads = new TensorList().retainReference();
            arguments.put(gradsAt, list(grads));
        }
        this.numbers = new double[count];
        Arrays.fill(numbers, Double.NaN);
    }

    String operator() {
        return operator;
    }

    void tensors(int position, List<Tensor> tensors) {
        try (PointerScope scope = new PointerScope()) {
            TensorList list = new TensorList();
            tensors.forEach(list::push_back);
            arguments.put(position, list(list));
        }
    }

    void number(int position, double value) {
        if (numbers[position] != value) {
            try (PointerScope scope = new PointerScope()) {
                arguments.put(position, new IValue(value));
            }
            numbers[position] = value;
        }
    }

    void flag(int position, boolean value) {
        double number = value ? 1 : 0;
        if (numbers[position] != number) {
            try (PointerScope scope = new PointerScope()) {
                arguments.put(position, new IValue(value));
            }
            numbers[position] = number;
        }
    }

    /** Calls the operator with these gradients; autograd does not record it. */
    void run(List<Tensor> gradients) {
        boolean recording = GradMode.is_enabled();
        GradMode.set_enabled(false);
        try {
            for (int i = 0; i < gradients.size(); i++) {
                grads.push_back(gradients.get(i));
            }
            stack.put(arguments);
            handle.callBoxed(stack);
        } finally {
            stack.clear();
            // Otherwise a gradient that the user drops would stay alive through the next backward pass.
            grads.clear();
            GradMode.set_enabled(recording);
        }
    }

    @Override
    public void close() {
        grads.close();
        stack.close();
        arguments.close();
        handle.close();
    }

    /** To ATen, a list of tensors and a list of any values are the same object under two C++ types. */
    private static IValue list(TensorList tensors) {
        return new IValue(new GenericList((Pointer) tensors));
    }
}
