package org.anneal.train;

import java.util.ArrayList;
import java.util.List;
import org.anneal.torch.Network;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/** A user's own network, of one layer; it writes down in which mode it was used. */
final class LinearNet extends Network {
    /** A use of the network. */
    record Use(boolean training, boolean gradients, long samples) {}

    final LinearImpl fc;
    final List<Use> uses = new ArrayList<>();

    LinearNet(long inputs, long outputs) {
        fc = register("fc", new LinearImpl(inputs, outputs));
    }

    @Override
    public Tensor forward(Tensor input) {
        uses.add(new Use(module().is_training(), GradMode.is_enabled(), input.size(0)));
        return fc.forward(input.flatten(1, -1));
    }
}
