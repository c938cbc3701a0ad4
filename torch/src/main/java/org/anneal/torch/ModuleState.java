package org.anneal.torch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.RangeTest;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SharedModuleVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a forward and backward pass changes in a network and in libtorch. */
final class ModuleState implements RangeTest.State {
    private final Module module;

    ModuleState(Module module) {
        this.module = module;
    }

    @Override
    public Runnable save() {
        Map<String, TensorData> entries = new LinkedHashMap<>();
        Weights.stateDict(module).forEach((name, data) -> entries.put(name, data.copy()));
        List<Boolean> training = new ArrayList<>();
        TensorData random;
        try (PointerScope scope = new PointerScope()) {
            SharedModuleVector parts = module.modules(true);
            for (long i = 0; i < parts.size(); i++) {
                training.add(parts.get(i).is_training());
            }
            random = Tensors.data(torch.getDefaultCPUGenerator().get_state()).copy();
        }
        return () -> restore(entries, training, random);
    }

    private void restore(Map<String, TensorData> entries, List<Boolean> training, TensorData random) {
        Weights.load(module, entries);
        try (PointerScope scope = new PointerScope()) {
            SharedModuleVector parts = module.modules(true);
            for (int i = 0; i < training.size(); i++) {
                parts.get(i).train(training.get(i)); // with all below it, which come later
            }
            Generator generator = torch.getDefaultCPUGenerator();
            Tensor state = generator.get_state();
            Tensors.copy(random, state);
            generator.set_state(state);
        }
    }
}
