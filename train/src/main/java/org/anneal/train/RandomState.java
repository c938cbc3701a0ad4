package org.anneal.train;

import org.anneal.checkpoint.TensorData;
import org.anneal.torch.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The state of libtorch's random numbers on the CPU. */
final class RandomState {
    private RandomState() {}

    /** {@return the state in force, a copy} */
    static TensorData get() {
        try (PointerScope scope = new PointerScope()) {
            Generator generator = torch.getDefaultCPUGenerator();
            return TensorBytes.copy(Tensors.data(generator.get_state()));
        }
    }

    static void set(TensorData state) {
        try (PointerScope scope = new PointerScope()) {
            Generator generator = torch.getDefaultCPUGenerator();
            Tensor here = generator.get_state();
            Tensors.copy(state, here);
            generator.set_state(here);
        }
    }
}
