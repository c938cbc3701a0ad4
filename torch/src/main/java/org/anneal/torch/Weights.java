package org.anneal.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.anneal.checkpoint.Safetensors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A network's weights in a file. */
public final class Weights {
    private Weights() {}

    /**
     * Writes every parameter and buffer of {@code module} as safetensors, by the names that PyTorch's {@code state_dict()}
     * gives them. The file is whole or is not replaced.
     *
     * @throws IOException if the file cannot be written, naming it and the reason
     */
    public static void save(Module module, Path file) throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Safetensors.Entry> entries = new LinkedHashMap<>();
            Torch.namedParameters(module).forEach((name, tensor) -> entries.put(name, entry(tensor)));
            Torch.named(module.named_buffers()).forEach((name, tensor) -> entries.put(name, entry(tensor)));
            Safetensors.write(file, entries);
        }
    }

    private static Safetensors.Entry entry(Tensor tensor) {
        Tensor dense = tensor.detach().cpu().contiguous();
        ByteBuffer bytes = dense.nbytes() == 0 // then there is no address
                ? ByteBuffer.allocate(0)
                : new BytePointer(dense.data_ptr()).capacity(dense.nbytes()).asByteBuffer();
        return new Safetensors.Entry(
                dtype(tensor.scalar_type().intern()), // JavaCPP returns an object that is not the enum's constant
                Arrays.stream(tensor.shape()).boxed().toList(),
                bytes);
    }

    private static String dtype(ScalarType type) {
        return switch (type) {
            case Float -> "F32";
            case Double -> "F64";
            case Half -> "F16";
            case BFloat16 -> "BF16";
            case Long -> "I64";
            case Int -> "I32";
            case Short -> "I16";
            case Char -> "I8";
            case Byte -> "U8";
            case Bool -> "BOOL";
            default ->
                throw new IllegalArgumentException(
                        "weights must be of a type that safetensors knows, but one is " + type);
        };
    }
}
