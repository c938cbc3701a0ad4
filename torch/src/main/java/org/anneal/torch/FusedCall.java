package org.anneal.torch;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.TensorVector;

/**
 * A call of an ATen operator that has no Java binding, through the boxed dispatcher. The arguments are kept from call to
 * call and copied to the operator's stack in one native call; only those that change are set again.
 */
final class FusedCall implements AutoCloseable {
    private final String operator;
    private final OperatorHandle handle;
    private final IValueVector arguments;
    private final IValueVector stack;

    /** A call of {@code operator}, all of whose arguments are none until they are set. */
    FusedCall(String operator, int count) {
        this.operator = operator;
        // These outlive the scope they are made in, and go with close().
        this.handle = Dispatcher.singleton().findSchemaOrThrow(operator, "").retainReference();
        this.arguments = new IValueVector((long) count).retainReference();
        this.stack = new IValueVector().retainReference();
    }

    String operator() {
        return operator;
    }

    void set(int position, IValue argument) {
        arguments.put(position, argument);
    }

    void run() {
        stack.put(arguments);
        handle.callBoxed(stack);
        stack.clear();
    }

    @Override
    public void close() {
        stack.close();
        arguments.close();
        handle.close();
    }

    static IValue tensors(List<Tensor> tensors) {
        TensorVector vector = new TensorVector(tensors.toArray(new Tensor[0]));
        // A list of tensors and a list of any values are the same object to ATen, under two C++ types.
        return new IValue(new GenericList((Pointer) new TensorList(vector)));
    }

    static IValue number(double value) {
        return new IValue(value);
    }

    static IValue flag(boolean value) {
        return new IValue(value);
    }

    static IValue none() {
        return new IValue();
    }
}
