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
 * A call of an ATen operator that has no Java binding, through the boxed dispatcher. The arguments are kept from call to
 * call and copied to the operator's stack in one native call; only those that change are set again, since making a native
 * object takes as long as a small kernel runs.
 */
final class FusedCall implements AutoCloseable {
    private final String operator;
    private final OperatorHandle handle;
    private final IValueVector arguments;
    private final IValueVector stack;
    private final TensorList grads;
    private final double[] numbers; // at their positions; NaN before they are set, a flag as 0 or 1

    /**
     * A call of {@code operator}, all of whose {@code count} arguments are none until they are set, but the gradients at
     * position {@code gradsAt}.
     */
    FusedCall(String operator, int count, int gradsAt) {
        this.operator = operator;
        try (PointerScope scope = new PointerScope()) {
            // These outlive the scope, and go with close().
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

    /** Calls the operator with these gradients, out of autograd's sight. */
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
            // Else a gradient that the user drops would live on here through the next backward pass.
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

    /** A list of tensors and a list of any values are the same object to ATen, under two C++ types. */
    private static IValue list(TensorList tensors) {
        return new IValue(new GenericList((Pointer) tensors));
    }
}
