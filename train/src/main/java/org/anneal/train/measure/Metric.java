package org.anneal.train.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.ToDoubleBiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A number that says how good a network is, measured over a pass of the validation data. In a run's table it is {@code val_} and
 * its name.
 *
 * <pre>{@code
 * trainer.metric(Metric.topK(5)).metric(Metric.ofPass("auc", Mode.MAX, (outputs, targets) -> auc(outputs, targets)))
 * }</pre>
 *
 * @param name lower-case letters, digits and _
 * @param mode which way it gets better
 * @param begin begins a pass
 */
public record Metric(String name, Mode mode, Supplier<Pass> begin) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]+");
    private static final Pattern TOP = Pattern.compile("top([1-9]\\d{0,5})");

    /** One pass over the data. */
    public interface Pass {
        /**
         * Takes a batch. Its tensors are freed afterwards.
         *
         * @param output the network's
         * @param target the batch's, as {@link Loss#of} has it
         */
        void add(Tensor output, Tensor target);

        /** {@return the metric of all batches} */
        double value();
    }

    /** @throws IllegalArgumentException if the name has other characters */
    public Metric {
        Objects.requireNonNull(mode, "mode");
        Objects.requireNonNull(begin, "begin");
        if (!NAME.matcher(Objects.requireNonNull(name, "name")).matches()) {
            throw new IllegalArgumentException("name must be lower-case letters, digits and _, but was '" + name + "'");
        }
    }

    /**
     * {@return the part of the samples whose class got the highest score, from 0 to 1} Where targets are not classes but numbers
     * from 0 to 1: the part of the outputs, logits, that are above 0 exactly where the target is at least 0.5.
     */
    public static Metric accuracy() {
        return mean("accuracy", Mode.MAX, (output, target) -> {
            Tensor right = isClass(target)
                    ? output.argmax(new LongOptional(1), false).eq(target)
                    : output.gt(new Scalar(0.0))
                            .eq(Losses.fraction(Losses.sameShape("accuracy", output, target))
                                    .ge(new Scalar(0.5)));
            return right.sum().item_double() / right.numel();
        });
    }

    /**
     * {@return the part of the samples whose class is among the {@code k} with the highest scores, {@code top5} for 5} Of equal
     * scores no more count than there is room for.
     *
     * <p>PyTorch: {@code torch.topk}.
     */
    public static Metric topK(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1, but was " + k);
        }
        return mean("top" + k, Mode.MAX, (output, target) -> {
            if (!isClass(target)) {
                throw new IllegalArgumentException(
                        "top" + k + " must be of targets that are classes, but they are values");
            }
            Tensor best = output.topk(Math.min(k, output.size(1))).get1();
            return best.eq(target.unsqueeze(1)).sum().item_double() / target.numel();
        });
    }

    /** {@return the mean absolute difference of output and target} */
    public static Metric mae() {
        return mean(
                "mae",
                Mode.MIN,
                (output, target) -> output.sub(Losses.sameShape("mae", output, target))
                        .abs()
                        .mean()
                        .item_double());
    }

    /** {@return the root of the mean squared difference of output and target} */
    public static Metric rmse() {
        return new Metric(
                "rmse",
                Mode.MIN,
                () ->
                        new Mean((output, target) -> output.sub(Losses.sameShape("rmse", output, target))
                                .square()
                                .mean()
                                .item_double()) {
                            @Override
                            public double value() {
                                return Math.sqrt(super.value());
                            }
                        });
    }

    /**
     * {@return a metric that is the mean over the samples}
     *
     * @param ofBatch the mean over a batch
     */
    public static Metric mean(String name, Mode mode, ToDoubleBiFunction<Tensor, Tensor> ofBatch) {
        Objects.requireNonNull(ofBatch, "ofBatch");
        return new Metric(name, mode, () -> new Mean(ofBatch));
    }

    /**
     * {@return a metric of a whole pass, for what is no mean over batches} All outputs and targets are kept until its end.
     *
     * @param ofAll takes the outputs and the targets of all samples
     */
    public static Metric ofPass(String name, Mode mode, ToDoubleBiFunction<Tensor, Tensor> ofAll) {
        Objects.requireNonNull(ofAll, "ofAll");
        return new Metric(name, mode, () -> new Whole(ofAll));
    }

    /**
     * {@return the metric of a name: {@code accuracy}, {@code top5} or any other number, {@code mae}, {@code rmse}}
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Metric named(String name) {
        Matcher top = TOP.matcher(name);
        if (top.matches()) {
            return topK(Integer.parseInt(top.group(1)));
        }
        return Stream.of(accuracy(), mae(), rmse())
                .filter(metric -> metric.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "metric must be accuracy, top5 or another number, mae or rmse, but was '" + name + "'"));
    }

    /** {@return whether targets are class numbers} */
    static boolean isClass(Tensor target) {
        return target.scalar_type().value == torch.ScalarType.Long.value;
    }

    @Override
    public String toString() {
        return name;
    }

    private static class Mean implements Pass {
        private final ToDoubleBiFunction<Tensor, Tensor> ofBatch;
        private double sum;
        private long samples;

        Mean(ToDoubleBiFunction<Tensor, Tensor> ofBatch) {
            this.ofBatch = ofBatch;
        }

        @Override
        public void add(Tensor output, Tensor target) {
            long size = target.size(0);
            sum += ofBatch.applyAsDouble(output, target) * size;
            samples += size;
        }

        @Override
        public double value() {
            return sum / samples;
        }
    }

    private static final class Whole implements Pass {
        private final ToDoubleBiFunction<Tensor, Tensor> ofAll;
        private final List<Tensor> outputs = new ArrayList<>();
        private final List<Tensor> targets = new ArrayList<>();

        Whole(ToDoubleBiFunction<Tensor, Tensor> ofAll) {
            this.ofAll = ofAll;
        }

        @Override
        public void add(Tensor output, Tensor target) {
            // Copies: the loader uses the batch's memory again.
            outputs.add(output.detach().clone().retainReference());
            targets.add(target.clone().retainReference());
        }

        @Override
        public double value() {
            try (PointerScope scope = new PointerScope()) {
                return ofAll.applyAsDouble(cat(outputs), cat(targets));
            } finally {
                outputs.forEach(Tensor::close);
                targets.forEach(Tensor::close);
            }
        }

        private static Tensor cat(List<Tensor> parts) {
            return torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), 0);
        }
    }
}
