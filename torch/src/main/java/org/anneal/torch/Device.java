package org.anneal.torch;

import org.bytedeco.pytorch.global.torch;

/**
 * Where tensors live and are computed.
 *
 * @param name libtorch's name of it: {@code cpu} or {@code cuda:0}
 */
public record Device(String name) {
    public static final Device CPU = new Device("cpu");

    /** {@return the first CUDA device if the GPU build of libtorch is on the class path and finds one, else the CPU} */
    public static Device best() {
        Torch.load();
        return torch.cuda_is_available() ? new Device("cuda:0") : CPU;
    }

    public boolean isCpu() {
        return equals(CPU);
    }

    /** {@return libtorch's own object for this device} */
    public org.bytedeco.pytorch.Device toTorch() {
        return new org.bytedeco.pytorch.Device(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
