package org.anneal.dl4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.anneal.optim.LRScheduler;
import org.anneal.runs.Monitor;
import org.anneal.runs.Run;
import org.anneal.text.Check;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * What a training program of DL4J gets from Anneal while it trains: any policy, a plateau among them, on the network's rates;
 * PyTorch's clipping; and the run's records.
 *
 * <pre>{@code
 *   LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), new ReduceLROnPlateau());
 *   net.addListeners(new AnnealListener().scheduler(scheduler).run(run).validation(test));
 *   net.fit(train, epochs);
 * }</pre>
 *
 * <p>In an iteration it clips before the update, and afterwards tells the run of the loss and steps the schedule, if that is stepped
 * per batch. At the end of an epoch it validates, tells the run, and gives the metric to a plateau. It is for one network, which
 * has one listener with a scheduler; others may clip, or record other runs.
 */
public final class AnnealListener extends BaseTrainingListener {
    private Optional<LRScheduler> scheduler = Optional.empty();
    private Optional<Run> run = Optional.empty();
    private Optional<Function<Model, Map<String, Double>>> validation = Optional.empty();
    private Monitor monitor = Monitor.VAL_LOSS;
    private OptionalDouble maxNorm = OptionalDouble.empty();
    private OptionalDouble clipValue = OptionalDouble.empty();
    private Optional<Model> driven = Optional.empty(); // the network whose rates the scheduler is known to run on
    private double lossSum; // of the epoch
    private long batches;

    /**
     * Steps {@code scheduler}, over {@link Dl4j#rates} of the network: {@link LRScheduler#stepPer} says when. One of another network
     * is refused before the first update, with an {@link IllegalStateException}.
     */
    public AnnealListener scheduler(LRScheduler scheduler) {
        this.scheduler = Optional.of(Objects.requireNonNull(scheduler, "scheduler"));
        driven = Optional.empty();
        return this;
    }

    /** Tells {@code run} of each batch and epoch. Closing it is up to the caller. */
    public AnnealListener run(Run run) {
        this.run = Optional.of(Objects.requireNonNull(run, "run"));
        return this;
    }

    /** Measures {@code val_loss}, and of a network that tells classes apart {@code val_accuracy}, after each epoch. */
    public AnnealListener validation(DataSetIterator data) {
        Objects.requireNonNull(data, "data");
        return validation(model -> Validation.of(model, data));
    }

    /** Measures what {@code validation} does, by names such as {@code val_loss}, after each epoch. */
    public AnnealListener validation(Function<Model, Map<String, Double>> validation) {
        this.validation = Optional.of(Objects.requireNonNull(validation, "validation"));
        return this;
    }

    /** Gives a plateau another number than {@code val_loss}: a metric of the validation's, or {@code train_loss}. */
    public AnnealListener monitor(Monitor monitor) {
        this.monitor = Objects.requireNonNull(monitor, "monitor");
        return this;
    }

    /**
     * Clips the Euclidean norm of the gradient of all parameters together, as {@code torch.nn.utils.clip_grad_norm_} does; DL4J's
     * GradientNormalization clips layer by layer. The gradient is the mean over the batch, as in the updater.
     *
     * @param maxNorm at least 0
     */
    public AnnealListener clipGradNorm(double maxNorm) {
        this.maxNorm = OptionalDouble.of(Check.notNegative("max_norm", maxNorm));
        return this;
    }

    /**
     * Clamps every element of the gradient, the mean over the batch, as {@code torch.nn.utils.clip_grad_value_} does.
     *
     * @param clipValue at least 0
     */
    public AnnealListener clipGradValue(double clipValue) {
        this.clipValue = OptionalDouble.of(Check.notNegative("clip_value", clipValue));
        return this;
    }

    /** Two listeners would step the rates, or tell the run, twice in an iteration; so would one that was added twice. */
    private void checkAlone(Model model) {
        int schedulers = 0;
        int runs = 0;
        for (TrainingListener each : Net.of(model).listeners()) {
            if (each instanceof AnnealListener other) {
                schedulers += other.scheduler.isPresent() ? 1 : 0;
                runs += run.isPresent() && run.equals(other.run) ? 1 : 0;
            }
        }
        if (schedulers > 1 || runs > 1) {
            throw new IllegalStateException(
                    "a network must have one AnnealListener " + (schedulers > 1 ? "with a scheduler" : "for each run")
                            + ", but has " + Math.max(schedulers, runs)
                            + ": add it once, not before each fit");
        }
    }

    private void checkDriven(Model model) {
        if (scheduler.isEmpty() || driven.filter(known -> known == model).isPresent()) {
            return;
        }
        if (Net.of(model).listeners().stream()
                .noneMatch(each -> each instanceof NetworkRates rates && rates.areDriven(model, scheduler.get()))) {
            throw new IllegalStateException(
                    "scheduler must be the last one built over Dl4j.rates of the network in training, but it is another network's,"
                            + " or was replaced, or setListeners removed the rates (addListeners keeps them)");
        }
        driven = Optional.of(model);
    }

    /**
     * @throws IllegalStateException if the scheduler does not run on the rates of {@code model}, or if another listener of
     *     {@code model} has a scheduler or the same run
     */
    @Override
    public void onGradientCalculation(Model model) {
        if (Net.is(model)) { // and not a layer in pretraining
            checkAlone(model);
            checkDriven(model);
        }
        if (maxNorm.isEmpty() && clipValue.isEmpty()) {
            return;
        }
        // DL4J divides by the size of the batch after this.
        double samples = model.conf().isMiniBatch() ? model.batchSize() : 1;
        List<INDArray> gradients =
                Net.of(model).params().stream().map(Net.Param::gradient).toList();
        if (maxNorm.isPresent()) {
            double square = gradients.stream()
                    .mapToDouble(each -> each.norm2Number().doubleValue())
                    .map(norm -> norm * norm)
                    .sum();
            float norm = (float) (Math.sqrt(square) / samples);
            float factor = Math.min(1f, 1 / (norm + 1e-6f) * (float) maxNorm.getAsDouble());
            gradients.forEach(each -> each.muli(factor));
        }
        if (clipValue.isPresent()) {
            double most = clipValue.getAsDouble() * samples;
            gradients.forEach(each -> Transforms.max(Transforms.min(each, most, false), -most, false));
        }
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
        double loss = model.score();
        lossSum += loss;
        batches++;
        run.ifPresent(each -> each.batch(loss));
        scheduler.ifPresent(LRScheduler::batch);
    }

    /** @throws UncheckedIOException if the run cannot write */
    @Override
    public void onEpochEnd(Model model) {
        Map<String, Double> metrics = new LinkedHashMap<>(
                validation.map(measure -> measure.apply(model)).orElse(Map.of()));
        OptionalDouble metric = monitor.name().equals(Monitor.TRAIN_LOSS)
                ? OptionalDouble.of(lossSum / batches)
                : metrics.containsKey(monitor.name())
                        ? OptionalDouble.of(Objects.requireNonNull(metrics.get(monitor.name())))
                        : OptionalDouble.empty();
        if (metric.isEmpty() && scheduler.filter(LRScheduler::takesMetric).isPresent()) {
            throw new IllegalStateException("a plateau needs " + monitor.name() + ", but the validation measured "
                    + metrics.keySet() + ": set validation(...) and monitor(...)");
        }
        if (run.isPresent()) {
            try {
                run.get().epoch(metrics);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        lossSum = 0;
        batches = 0;
        if (scheduler.isPresent()) {
            if (metric.isPresent()) {
                scheduler.get().epoch(metric.getAsDouble());
            } else {
                scheduler.get().epoch();
            }
        }
    }
}
