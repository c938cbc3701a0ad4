package org.anneal.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.anneal.array.FloatArray;
import org.anneal.array.Mirror;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.NamePatterns;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;

/** An initialized network, and the copy of it that an optimizer of ours updates. */
final class MirroredNetwork {
    private final NamedParameters parameters;
    private final Mirror<Held> mirror;
    private final Optional<AveragedModel<FloatArray>> average;
    private final boolean hasEvalWeights;
    private final Map<String, NDArray> known = new LinkedHashMap<>(); // the arrays as they were read last
    private final Map<String, List<NDArray>> replicas =
            new LinkedHashMap<>(); // that came in this step, or in the last one
    private final IdentityHashMap<NDArray, Boolean> direct =
            new IdentityHashMap<>(); // of the network's arrays and their replicas
    private int awaited; // updates that are still to come in a step; 0 between two
    private boolean averageIsIn; // whether the network holds the average

    /** A parameter, whose array is another one when a model was loaded, or a gradient, whose layout is its weight's. */
    private record Held(Supplier<NDArray> array, Supplier<NDArray> weight) {}

    private final class Holding implements Mirror.Library<Held> {
        @Override
        public List<Long> shape(Held held) {
            return NDArrays.shape(held.array.get());
        }

        @Override
        public void read(Held held, float[] into) {
            NDArrays.read(held.array.get(), into, isDirect(held.weight.get()));
        }

        @Override
        public void write(float[] from, Held held) {
            NDArrays.write(from, held.array.get(), isDirect(held.weight.get()));
        }
    }

    MirroredNetwork(
            NamedParameters parameters, UpdateRule rule, Map<String, UpdateRule> own, Optional<Averaging> averaging) {
        this.parameters = parameters;
        this.hasEvalWeights = rule.hasEvalWeights();
        parameters.trained().forEach((name, parameter) -> {
            DataType type = parameter.getArray().getDataType();
            if (type != DataType.FLOAT32) {
                throw new IllegalStateException(
                        "a parameter must be of type FLOAT32 to be updated here, but " + name + " was " + type.name());
            }
        });
        List<Mirror.Group<Held>> groups = parameters.groups(rule, own).stream()
                .map(group -> {
                    Map<String, Held> arrays = new LinkedHashMap<>();
                    group.parameters()
                            .forEach((name, parameter) ->
                                    arrays.put(name, new Held(parameter::getArray, parameter::getArray)));
                    return new Mirror.Group<>(group.name(), group.options(), arrays);
                })
                .toList();
        mirror = new Mirror<>(new Holding(), groups);
        average = averaging.map(mirror::averagedModel);
        remember();
    }

    Mirror<?> mirror() {
        return mirror;
    }

    Optional<AveragedModel<FloatArray>> average() {
        return average;
    }

    /** Copies the network's weights in, for instance after they were loaded. */
    void read() {
        mirror.readParams();
        remember();
    }

    private void remember() {
        direct.clear();
        parameters.trained().forEach((name, parameter) -> known.put(name, parameter.getArray()));
    }

    /**
     * Takes one update.
     *
     * @param devices on which the network is trained: as many updates of a parameter make a step
     * @return whether all have come that this step needs
     */
    boolean take(String id, NDArray weight, NDArray grad, int devices) {
        Optional<String> name = parameters.trainedName(id);
        if (name.isEmpty()) {
            return false;
        }
        if (awaited == 0) {
            begin(devices);
        }
        List<NDArray> before = replicas.computeIfAbsent(name.get(), none -> new ArrayList<>());
        if (before.size() == devices) {
            checkComplete();
        }
        if (before.isEmpty()) {
            mirror.readGrad(name.get(), new Held(() -> grad, () -> weight));
        }
        before.add(weight);
        try (NDArray own = weight.getGradient()) {
            NDArrays.zero(own, isDirect(weight));
        }
        return --awaited == 0;
    }

    private void begin(int devices) {
        if (!isTraining()) {
            throw new IllegalStateException(
                    "the network holds the weights to evaluate, so it must not be trained: call optimizer.train() first");
        }
        replicas.clear();
        awaited = devices
                * (int) parameters.trained().values().stream()
                        .filter(Parameter::requiresGradient)
                        .count();
        if (parameters.trained().entrySet().stream()
                .anyMatch(each -> known.get(each.getKey()) != each.getValue().getArray())) {
            read();
        }
    }

    /** @throws IllegalStateException if a step was begun, but not all updates came that it needs */
    void checkComplete() {
        if (awaited > 0) {
            List<String> missing = parameters.trained().entrySet().stream()
                    .filter(each -> each.getValue().requiresGradient() && !replicas.containsKey(each.getKey()))
                    .map(Map.Entry::getKey)
                    .toList();
            throw new IllegalStateException(
                    "a step must have a gradient for every parameter that requires one, but had none for "
                            + NamePatterns.shown(missing)
                            + ": call trainer.initialize(shapes), so that DJL knows all parameters, or freeze them");
        }
    }

    /** Updates the parameters whose gradients have come, and writes them to the network. */
    void step(List<Consumer<Optimizer<FloatArray>>> clips) {
        clips.forEach(clip -> clip.accept(mirror.optimizer()));
        mirror.step();
        writeReplicas();
    }

    /** Copies parameters to the devices beside the one that has the network's own arrays. */
    private void writeReplicas() {
        replicas.forEach((name, weights) -> {
            for (NDArray weight : weights) {
                if (weight != known.get(name)) {
                    NDArrays.write(mirror.array(name).values(), weight, isDirect(weight));
                }
            }
        });
    }

    private boolean isDirect(NDArray weight) {
        return direct.computeIfAbsent(weight, NDArrays::isDirect);
    }

    boolean isTraining() {
        return !averageIsIn && mirror.optimizer().isTraining();
    }

    /** Puts the average into the network, if it has begun, or the rule's weights to evaluate. */
    void eval() {
        if (average.isPresent() && average.get().nAveraged() > 0 && !averageIsIn) {
            swap(average.get());
        } else if (hasEvalWeights) {
            mirror.eval();
            writeReplicas();
        }
    }

    /** Puts the weights to train back. */
    void train() {
        if (averageIsIn) {
            swap(average.orElseThrow());
        } else if (hasEvalWeights) {
            mirror.train();
            writeReplicas();
        }
    }

    private void swap(AveragedModel<FloatArray> average) {
        average.swap();
        averageIsIn = !averageIsIn;
        mirror.writeParams();
        writeReplicas();
    }
}
