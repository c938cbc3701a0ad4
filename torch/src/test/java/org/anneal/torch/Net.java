package org.anneal.torch;

import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/** A small network with buffers: 4 features, 8 hidden, 3 classes. */
final class Net extends Network {
    final LinearImpl body = register("body", new LinearImpl(4, 8));
    final BatchNorm1dImpl norm = register("norm", new BatchNorm1dImpl(new BatchNormOptions(8)));
    final LinearImpl head = register("head", new LinearImpl(8, 3));

    @Override
    public Tensor forward(Tensor input) {
        return head.forward(norm.forward(body.forward(input)).relu());
    }
}
