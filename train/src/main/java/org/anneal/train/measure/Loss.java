package org.anneal.train.measure;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.anneal.text.Context;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonProgram;
import org.bytedeco.pytorch.Tensor;

/**
 * What training makes small: a function of a network's output and the targets. A lambda will do; PyTorch's are records, with
 * PyTorch's text.
 *
 * <pre>{@code
 * trainer.loss(new CrossEntropyLoss().withLabelSmoothing(0.1))
 * trainer.loss((output, target) -> output.sub(target).abs().pow(new Scalar(1.5)).mean())
 * }</pre>
 */
@FunctionalInterface
public interface Loss {
    /**
     * {@return the loss of a batch: one number, the mean over its samples, through which gradients flow}
     *
     * @param output the network's, samples x what it computes for one
     * @param target the batch's: class numbers, int64, one for each sample; or float32, samples x the data's target shape
     */
    Tensor of(Tensor output, Tensor target);

    /**
     * Parses PyTorch's call, {@code nn.CrossEntropyLoss(label_smoothing=0.1)}, its name alone, or a short name of it:
     * {@code cross_entropy}, {@code bce_with_logits}, {@code mse}, {@code l1}, {@code smooth_l1}, {@code huber}.
     *
     * @throws org.anneal.text.PythonSyntaxException if {@code text} is neither, or has a value that is out of range
     */
    static Loss parse(String text) {
        Optional<Supplier<Loss>> brief =
                Optional.ofNullable(Losses.SHORT.get(text.strip().toLowerCase(Locale.ROOT)));
        if (brief.isPresent()) {
            return brief.get().get();
        }
        String called = Losses.NAME.matcher(text.strip()).matches() ? text.strip() + "()" : text;
        PythonCall call =
                PythonProgram.read(called, Context.EMPTY).meant("loss", Kinds.names(Losses.KINDS, Loss.class));
        Kind<?> kind = Kinds.named(call.nameIn("torch.nn", "nn"), Losses.KINDS, Loss.class)
                .orElseThrow(() -> call.unknown("loss", names(), Losses.SHORT.keySet()));
        PythonCall.Arguments arguments = call.bind("", kind.signature().toArray(String[]::new));
        return arguments.build(() -> (Loss) kind.read(arguments));
    }

    /** {@return the names of the losses that {@link #parse} reads: PyTorch's, then users' own} */
    static List<String> names() {
        return Kinds.all(Losses.KINDS, Loss.class).stream().map(Kind::name).toList();
    }
}
