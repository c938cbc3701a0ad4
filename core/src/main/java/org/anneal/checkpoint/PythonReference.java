package org.anneal.checkpoint;

/**
 * A function or an object of Python that a checkpoint holds. Nothing but its name is kept, and it cannot be written. Such
 * is {@code anneal_func} in the state dict of PyTorch 1's OneCycleLR: a method, with the scheduler and its optimizer.
 *
 * @param name of the function or of the object's class: {@code torch.optim.lr_scheduler.OneCycleLR}
 */
public record PythonReference(String name) {
    @Override
    public String toString() {
        return "<" + name + ">";
    }
}
