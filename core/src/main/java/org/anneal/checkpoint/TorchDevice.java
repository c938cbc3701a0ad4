package org.anneal.checkpoint;

import java.util.Objects;
import java.util.Optional;

/**
 * A {@code torch.device} in a checkpoint.
 *
 * @param type {@code cpu}, {@code cuda}, ...
 * @param index of the device among those of its type; empty if not given
 */
public record TorchDevice(String type, Optional<Long> index) {
    public TorchDevice {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(index, "index");
    }

    /** {@return PyTorch's name: {@code cpu}, {@code cuda:1}} */
    @Override
    public String toString() {
        return type + index.map(i -> ":" + i).orElse("");
    }
}
