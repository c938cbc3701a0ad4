package org.anneal.examples;

import java.util.List;
import java.util.stream.Collectors;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.schedule.ExponentialLR;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A rate for each layer, and a frozen layer that joins after three epochs: {@code thawing} in Python. It runs on libtorch, as
 * freezing is a matter of its autograd.
 */
public final class ThawingExample {
    private ThawingExample() {}

    private static final class Net extends Network {
        final LinearImpl stem = register("stem", new LinearImpl(10, 8));
        final LinearImpl base = register("base", new LinearImpl(8, 8));
        final LinearImpl classifier = register("classifier", new LinearImpl(8, 1));

        @Override
        public Tensor forward(Tensor input) {
            return classifier.forward(base.forward(stem.forward(input)));
        }
    }

    public static void main(String[] args) {
        Net model = new Net();
        List<Tensor> stem = Torch.parameters(model.stem);
        stem.forEach(param -> param.set_requires_grad(false));
        SGD sgd = new SGD(1e-3);
        List<ParamGroup<Tensor>> groups = List.of(
                new ParamGroup<>("base", sgd, Torch.parameters(model.base)),
                new ParamGroup<>("classifier", sgd.withLr(1e-2), Torch.parameters(model.classifier)));
        try (Optimizer<Tensor> optimizer = Torch.optimizer(groups)) {
            LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.9));
            for (int epoch = 0; epoch < 8; epoch++) {
                trainOneEpoch(model, optimizer);
                String rates = optimizer.groups().stream()
                        .map(group -> Python.scientific(group.lr(), 2))
                        .collect(Collectors.joining(", "));
                System.out.println("Epoch " + (epoch + 1) + ", Current LR: " + rates);
                scheduler.step();
                if (epoch + 1 == 3) {
                    stem.forEach(param -> param.set_requires_grad(true));
                    ParamGroup<Tensor> thawed = new ParamGroup<>("thawed", sgd.withLr(1e-4), stem);
                    optimizer.addParamGroup(thawed);
                    scheduler.join(thawed);
                }
            }
        }
    }

    private static void trainOneEpoch(Net model, Optimizer<Tensor> optimizer) {
        try (PointerScope scope = new PointerScope()) {
            optimizer.zeroGrad();
            model.forward(torch.ones(4, 10)).pow(new Scalar(2)).mean().backward();
            optimizer.step();
        }
    }
}
