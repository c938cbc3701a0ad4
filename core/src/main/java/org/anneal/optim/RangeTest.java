package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.anneal.text.Check;

/**
 * The learning rate range test: trains a few dozen batches while the rate grows, records the loss, and puts everything back. The
 * curve of the loss over the rate tells {@linkplain RangeResult#suggestions which rate} to train with.
 *
 * <pre>{@code
 *   RangeResult found = RangeTest.over(optimizer).run(() -> {
 *       Tensor loss = torch.mse_loss(net.forward(next.inputs()), next.targets());
 *       loss.backward();
 *       return loss.item_double();
 *   });
 *   System.out.println(found); // minimum/10 0.0123, ..., and SGD(lr=0.0123, momentum=0.9) to copy
 * }</pre>
 *
 * <pre>{@code
 *   rate[i]     = from * (to / from) ** (i / (steps - 1))      i = 0, 1, ..., steps - 1
 *               = from + (to - from) * i / (steps - 1)         if linear
 *   mean[i]     = smoothing * mean[i - 1] + (1 - smoothing) * loss[i]
 *   smoothed[i] = mean[i] / (1 - smoothing ** (i + 1))
 * }</pre>
 *
 * <p>The sweep stops once {@code smoothed[i] > divergence * min(smoothed)}, for a loss below 0 once it has risen as far above its
 * minimum in proportion, or when a loss is not finite. The defaults, from 1e-7 to 10 in 100 steps, smoothing 0.98, divergence 4, are
 * fastai's. Small batches need more steps, as their losses differ more than the rate makes them: for some 6,000 samples in all.
 *
 * <p>Afterwards, also when the callback throws, the parameters, the optimizer's state and what {@link #keeping} names are to the bit
 * as before. Gradients are cleared. It needs an optimizer that no {@link LRScheduler} drives, and belongs to the optimizer's thread.
 *
 * <p>Source: Smith, Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186; the exponential sweep, the smoothing and
 * the stop are those of fastai's {@code Learner.lr_find}.
 */
public final class RangeTest {
    private final Optimizer<?> optimizer;
    private double from = 1e-7;
    private double to = 10;
    private int steps = 100;
    private boolean linear;
    private OptionalDouble smoothing = OptionalDouble.empty();
    private double divergence = 4;
    private int accumulate = 1;
    private Optional<ParamGroup<?>> alone = Optional.empty();
    private Optional<DoubleSupplier> validation = Optional.empty();
    private Runnable beforeStep = () -> {};
    private Consumer<Point> listener = point -> {};
    private final List<State> states = new ArrayList<>();

    /** Something that training changes beside the optimizer: statistics of a batch norm, random numbers, a position in the data. */
    @FunctionalInterface
    public interface State {
        /** {@return what puts it back as it is now} */
        Runnable save();
    }

    /**
     * One update of a sweep.
     *
     * @param rate of the update, in the {@linkplain RangeTest#group first group} of those that were swept
     * @param loss of the batches before the update, their mean; with a {@link RangeTest#validation validation loss}, that after it
     * @param smoothed mean of the losses so far, the recent ones with more weight; not finite if {@code loss} is not
     */
    public record Point(double rate, double loss, double smoothed) {
        /** {@return the rate rounded to three digits} */
        public double rounded() {
            return RangeResult.rounded(rate, 3);
        }
    }

    /** Why a sweep ended. */
    public enum Ended {
        /** It came to its last rate. */
        COMPLETED,
        /** The smoothed loss rose too far above its minimum. */
        DIVERGED,
        /** A loss was NaN or infinite. */
        NOT_FINITE
    }

    private RangeTest(Optimizer<?> optimizer) {
        this.optimizer = optimizer;
        checkFree();
    }

    /**
     * {@return a test of that optimizer, from 1e-7 to 10 in 100 steps}
     *
     * @throws IllegalStateException if a scheduler drives the optimizer
     * @throws IllegalArgumentException if it runs {@link LBFGS}, which takes many steps on the same data
     */
    public static RangeTest over(Optimizer<?> optimizer) {
        return new RangeTest(Objects.requireNonNull(optimizer, "optimizer"));
    }

    private void checkFree() {
        for (ParamGroup<?> group : optimizer.groups()) {
            if (group.needsClosure()) {
                throw new IllegalArgumentException(
                        "optimizer must take one step a batch to be tested over a range of rates, but "
                                + group.kind().getSimpleName() + " takes several on the same data");
            }
            group.runner().ifPresent(runner -> {
                throw new IllegalStateException("a range test sets the rates itself, but those of group '"
                        + group.name() + "' are driven by " + runner + ": run it before the scheduler is built");
            });
        }
    }

    /** Sets the first rate, finite and at least 0; above 0 unless the sweep is linear. */
    public RangeTest from(double rate) {
        this.from = Check.finiteNotNegative("from", rate);
        return this;
    }

    /** Sets the last rate, finite and above the first. */
    public RangeTest to(double rate) {
        this.to = Check.finiteNotNegative("to", rate);
        return this;
    }

    /** Sets the number of updates, at least 2. */
    public RangeTest steps(int steps) {
        this.steps = Math.toIntExact(Check.atLeast(2, "steps", steps));
        return this;
    }

    /** Makes the rate grow in a line, as in the paper, and not exponentially. */
    public RangeTest linear() {
        this.linear = true;
        return this;
    }

    /**
     * Sets the weight of the earlier losses in the smoothed one, at least 0, which does not smooth, and below 1. By default it is
     * {@code 1 - 2 / steps}, so that the mean reaches over the same part of the sweep however many steps that has.
     */
    public RangeTest smoothing(double smoothing) {
        this.smoothing =
                OptionalDouble.of(Check.that(smoothing >= 0 && smoothing < 1, "smoothing", ">= 0 and < 1", smoothing));
        return this;
    }

    /** Sets how many times its minimum the smoothed loss must exceed to end the sweep, above 1; infinity never ends it. */
    public RangeTest divergence(double factor) {
        this.divergence = Check.that(factor > 1, "divergence", "> 1", factor);
        return this;
    }

    /**
     * Sets how many callbacks an update takes, at least 1. Their gradients are added, so each callback scales its own as the training
     * will, say {@code loss.div(4).backward()}, and returns the loss unscaled.
     */
    public RangeTest accumulate(int callbacks) {
        this.accumulate = Math.toIntExact(Check.atLeast(1, "accumulate", callbacks));
        return this;
    }

    /**
     * Sweeps the rate of one group and keeps those of the others. By default all groups are swept in the proportions that their rates
     * have: the rate of a point is then that of the first group whose rate is not 0, and a group at 0 stays there.
     *
     * @throws IllegalArgumentException if it is no group of the optimizer
     */
    public RangeTest group(ParamGroup<?> group) {
        Objects.requireNonNull(group, "group");
        if (!optimizer.groups().contains(group)) {
            throw new IllegalArgumentException("group must be one of the optimizer's, which are "
                    + optimizer.groups().stream().map(ParamGroup::name).toList() + ", but was " + group.name());
        }
        this.alone = Optional.of(group);
        return this;
    }

    /** Makes the curve that of another loss than the callbacks', measured after each update with the weights to evaluate. */
    public RangeTest validation(DoubleSupplier loss) {
        this.validation = Optional.of(Objects.requireNonNull(loss, "loss"));
        return this;
    }

    /** Does something to the gradients before each update, such as clipping them. */
    public RangeTest beforeStep(Runnable action) {
        this.beforeStep = Objects.requireNonNull(action, "action");
        return this;
    }

    /** Passes each update to {@code listener}, to show the curve while the test goes on. */
    public RangeTest listener(Consumer<Point> listener) {
        this.listener = Objects.requireNonNull(listener, "listener");
        return this;
    }

    /** Puts {@code state} back, too, when the test is over. May be called for several. */
    public RangeTest keeping(State state) {
        states.add(Objects.requireNonNull(state, "state"));
        return this;
    }

    /**
     * Runs the test.
     *
     * @param callback computes the loss of the next batch, adds its gradients to those that are there, and returns it
     * @throws IllegalArgumentException if {@code to} is not above {@code from}, or {@code from} is 0 and the sweep is not linear
     * @throws IllegalStateException if a scheduler drives the optimizer
     */
    public RangeResult run(DoubleSupplier callback) {
        Objects.requireNonNull(callback, "callback");
        try (Sweep sweep = start()) {
            while (sweep.next(callback)) {}
            return sweep.result();
        }
    }

    /** Starts a test whose batches come one by one, from a loader for example; it must be closed. Throws as {@link #run} does. */
    public Sweep start() {
        checkFree();
        if (!(from < to)) {
            throw new IllegalArgumentException("to must be > from, " + from + ", but was " + to);
        }
        if (from == 0 && !linear) {
            throw new IllegalArgumentException("from must be > 0 unless the sweep is linear, but was 0.0");
        }
        return new Sweep();
    }

    /**
     * A test in progress.
     *
     * <pre>{@code
     *   try (RangeTest.Sweep sweep = RangeTest.over(optimizer).start()) {
     *       for (int epoch = 1; !sweep.isDone(); epoch++) {
     *           loader.forEachWhile(epoch, batch -> sweep.next(() -> lossAndGradients(batch)));
     *       }
     *       found = sweep.result();
     *   }
     * }</pre>
     */
    public final class Sweep implements AutoCloseable {
        private final List<Runnable> restore = new ArrayList<>();
        private final List<ParamGroup<?>> swept;
        private final List<Double> proportions;
        private final List<UpdateRule> rules;
        private final double weight = smoothing.orElse(1 - 2.0 / steps); // of the earlier losses
        private final List<Point> points = new ArrayList<>();
        private int shares; // of the current update
        private double sum; // of their losses
        private double mean;
        private double best = Double.POSITIVE_INFINITY;
        private Optional<Ended> ended = Optional.empty();
        private boolean closed;

        private Sweep() {
            List<? extends ParamGroup<?>> groups = optimizer.groups();
            double first = groups.stream()
                    .mapToDouble(ParamGroup::lr)
                    .filter(lr -> lr != 0)
                    .findFirst()
                    .orElse(0);
            swept = alone.<List<ParamGroup<?>>>map(List::of).orElseGet(() -> List.copyOf(groups));
            proportions = swept.stream()
                    .map(group -> alone.isPresent() || first == 0 ? 1 : group.lr() / first)
                    .toList();
            rules = groups.stream().<UpdateRule>map(ParamGroup::rule).toList();
            restore.add(optimizer::zeroGrad);
            for (State state : states) {
                restore.add(Objects.requireNonNull(state.save(), "state"));
            }
            restore.add(optimizer.saved());
            try {
                optimizer.train();
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
        }

        /**
         * Takes the next batch: computes its loss and gradients, and makes an update once enough callbacks were taken for one.
         *
         * @param callback as in {@link RangeTest#run}
         * @return whether the sweep goes on
         * @throws IllegalStateException if the sweep has ended or is closed
         */
        public boolean next(DoubleSupplier callback) {
            Objects.requireNonNull(callback, "callback");
            if (closed || isDone()) {
                throw new IllegalStateException(
                        "a sweep must not be continued after " + (closed ? "close()" : "its end"));
            }
            double rate = rate(points.size());
            if (shares == 0) {
                for (int i = 0; i < swept.size(); i++) {
                    swept.get(i).setLr(rate * proportions.get(i));
                }
                optimizer.zeroGrad();
                sum = 0;
            }
            double loss = callback.getAsDouble();
            sum += loss;
            shares++;
            if (shares < accumulate && Double.isFinite(loss)) {
                return true;
            }
            double value = sum / shares;
            shares = 0;
            if (Double.isFinite(value)) {
                beforeStep.run();
                optimizer.step();
                if (validation.isPresent()) {
                    optimizer.eval();
                    value = validation.get().getAsDouble();
                    optimizer.train();
                }
            }
            add(rate, value);
            return !isDone();
        }

        private double rate(int i) {
            if (i == steps - 1) {
                return to; // exactly
            }
            double part = (double) i / (steps - 1);
            return linear ? from + (to - from) * part : from * Math.pow(to / from, part);
        }

        private void add(double rate, double loss) {
            mean = weight * mean + (1 - weight) * loss;
            double smoothed = mean / (1 - Math.pow(weight, points.size() + 1.0));
            points.add(new Point(rate, loss, smoothed));
            best = Math.min(best, smoothed);
            if (!Double.isFinite(smoothed)) {
                ended = Optional.of(Ended.NOT_FINITE);
            } else if (smoothed > (best < 0 ? 2 - divergence : divergence) * best) {
                ended = Optional.of(Ended.DIVERGED);
            } else if (points.size() == steps) {
                ended = Optional.of(Ended.COMPLETED);
            }
            listener.accept(points.get(points.size() - 1));
        }

        /** {@return whether the sweep has ended} */
        public boolean isDone() {
            return ended.isPresent();
        }

        /** {@return the updates so far} */
        public int updates() {
            return points.size();
        }

        /**
         * {@return what was found}
         *
         * @throws IllegalStateException if the sweep has not ended
         */
        public RangeResult result() {
            return new RangeResult(
                    points,
                    steps,
                    ended.orElseThrow(() ->
                            new IllegalStateException("a sweep must end before its result is read, but it is at update "
                                    + points.size() + " of " + steps)),
                    rules,
                    proportionsOfAll());
        }

        /** {@return the proportion of each of the optimizer's groups; NaN for one that was not swept} */
        private List<Double> proportionsOfAll() {
            return optimizer.groups().stream()
                    .map(group -> swept.contains(group) ? proportions.get(swept.indexOf(group)) : Double.NaN)
                    .toList();
        }

        /** Puts everything back as it was before the test, and clears the gradients. */
        @Override
        public void close() {
            if (closed) {
                return;
            }
            closed = true;
            Optional<RuntimeException> failed = Optional.empty();
            for (Runnable each : restore) {
                try {
                    each.run();
                } catch (RuntimeException e) { // the others are put back all the same
                    failed.ifPresent(e::addSuppressed);
                    failed = Optional.of(e);
                }
            }
            failed.ifPresent(e -> {
                throw e;
            });
        }
    }
}
