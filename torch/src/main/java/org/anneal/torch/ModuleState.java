package org.anneal.torch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.RangeTest;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SharedModuleVector;

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
        TensorData random = Torch.getRngState();
        try (PointerScope scope = new PointerScope()) {
            SharedModuleVector parts = module.modules(true);
            for (long i = 0; i < parts.size(); i++) {
                training.add(parts.get(i).is_training());
            }
        }
        return () -> restore(entries, training, random);
    }

    private void restore(Map<String, TensorData> entries, List<Boolean> training, TensorData random) {
        Weights.load(module, entries);
        Torch.setRngState(random);
        try (PointerScope scope = new PointerScope()) {
            SharedModuleVector parts = module.modules(true);
            for (int i = 0; i < training.size(); i++) {
                parts.get(i).train(training.get(i)); // with all below it, which come later
            }
        }
    }
}
