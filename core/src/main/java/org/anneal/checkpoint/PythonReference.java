package org.anneal.checkpoint;

import java.util.Objects;

/**
 * A function or an object of Python in a checkpoint. Only its name is kept, and it cannot be written. Examples: a layout, and
 * {@code anneal_func} in the state dict of PyTorch 1's OneCycleLR, a method bound to the scheduler.
 *
 * @param name the name of the function, of the object's class, or of the layout:
 *     {@code torch.optim.lr_scheduler.OneCycleLR}, {@code torch.strided}
 */
public record PythonReference(String name) {
    public PythonReference {
        Objects.requireNonNull(name, "name");
    }

    @Override
    public String toString() {
        return "<" + name + ">";
    }
}
