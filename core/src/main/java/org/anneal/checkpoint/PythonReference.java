package org.anneal.checkpoint;

import java.util.Objects;

/**
 * A function or an object of Python that a checkpoint holds. Nothing but its name is kept, and it cannot be written. Such
 * is {@code anneal_func} in the state dict of PyTorch 1's OneCycleLR: a method, with the scheduler and its optimizer; and
 * a layout.
 *
 * @param name of the function, of the object's class, or of the layout: {@code torch.optim.lr_scheduler.OneCycleLR},
 *     {@code torch.strided}
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
