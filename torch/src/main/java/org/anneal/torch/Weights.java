package org.anneal.torch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringSharedModuleDict;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.Tensor;

/** Saves and loads a network's weights. */
public final class Weights {
    private static final int SHOWN = 4; // of what does not fit, in a message

    private Weights() {}

    /**
     * Writes every parameter and buffer of {@code module} as safetensors, atomically, under the names of PyTorch's
     * {@code state_dict()}.
     *
     * @throws IOException "cannot write FILE: WHY" if the file cannot be written
     */
    public static void save(Module module, Path file) throws IOException {
        Safetensors.write(file, stateDict(module));
    }

    /**
     * {@return every parameter and buffer of {@code module}, by the names and in the order of PyTorch's {@code state_dict()}} The
     * entries are views of the network's memory, which change as it trains.
     */
    public static Map<String, TensorData> stateDict(Module module) {
        Map<String, TensorData> dict = new LinkedHashMap<>();
        entries(module).forEach((name, tensor) -> dict.put(name, Tensors.data(tensor)));
        return dict;
    }

    /**
     * Copies the entries of {@code stateDict}, from {@link #stateDict} or PyTorch, into the network's memory.
     *
     * @throws IllegalArgumentException if names or shapes differ from the network's; nothing has changed then
     */
    public static void load(Module module, Map<?, ?> stateDict) {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> here = entries(module);
            Map<String, TensorData> found = new LinkedHashMap<>();
            List<String> wrong = new ArrayList<>();
            here.forEach((name, tensor) -> {
                List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
                if (!(stateDict.get(name) instanceof TensorData data)) {
                    wrong.add(name + " is missing");
                } else if (!data.shape().equals(shape)) {
                    wrong.add(name + " has shape " + data.shape() + ", not " + shape);
                } else {
                    found.put(name, data);
                }
            });
            stateDict.keySet().stream()
                    .filter(name -> !here.containsKey(name))
                    .forEach(name -> wrong.add(name + " is not in the network"));
            if (!wrong.isEmpty()) {
                throw new IllegalArgumentException("a state dict must match the network's names and shapes, but "
                        + wrong.stream().limit(SHOWN).collect(Collectors.joining(", "))
                        + (wrong.size() > SHOWN ? " and " + (wrong.size() - SHOWN) + " more" : ""));
            }
            here.forEach((name, tensor) ->
                    Optional.ofNullable(found.get(name)).ifPresent(data -> Tensors.copy(data, tensor)));
        }
    }

    /** {@return the parameters, then the buffers, of one module after another} */
    static Map<String, Tensor> entries(Module module) {
        Map<String, Tensor> entries = new LinkedHashMap<>();
        StringSharedModuleDict modules = module.named_modules();
        StringVector names = modules.keys();
        for (long i = 0; i < names.size(); i++) {
            // JavaCPP returns null for the empty string, the name of the module itself
            String name = Optional.ofNullable(names.get(i))
                    .map(BytePointer::getString)
                    .orElse("");
            String prefix = name.isEmpty() ? "" : name + ".";
            Module part = modules.get(name);
            Torch.named(part.named_parameters(false)).forEach((own, tensor) -> entries.put(prefix + own, tensor));
            Torch.named(part.named_buffers(false)).forEach((own, tensor) -> entries.put(prefix + own, tensor));
        }
        return entries;
    }
}
