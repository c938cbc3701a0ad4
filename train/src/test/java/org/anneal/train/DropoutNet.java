package org.anneal.train;

import org.anneal.torch.Network;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A network that draws random numbers while it is trained, and has buffers. */
final class DropoutNet extends Network {
    private final LinearImpl hidden = register("hidden", new LinearImpl(8, 6));
    final BatchNorm1dImpl norm = register("norm", new BatchNorm1dImpl(new BatchNormOptions(6)));
    private final LinearImpl scores = register("scores", new LinearImpl(6, 2));

    @Override
    public Tensor forward(Tensor input) {
        Tensor x = norm.forward(hidden.forward(input.flatten(1, -1))).relu();
        return scores.forward(torch.dropout(x, 0.5, module().is_training()));
    }
}
