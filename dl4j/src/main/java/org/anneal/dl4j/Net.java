package org.anneal.dl4j;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.deeplearning4j.nn.updater.UpdaterUtils;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/** What DL4J's two kinds of networks have in common. */
final class Net {
    private final Model model;

    private Net(Model model) {
        this.model = model;
    }

    /**
     * {@return an initialised network}
     *
     * @throws IllegalStateException if it is not initialised
     * @throws IllegalArgumentException if it is of another kind
     */
    static Net of(Model model) {
        boolean initialised;
        if (Objects.requireNonNull(model, "net") instanceof MultiLayerNetwork network) {
            initialised = network.isInitCalled();
        } else if (model instanceof ComputationGraph graph) {
            initialised = graph.getVertices() != null;
        } else {
            throw new IllegalArgumentException("net must be a MultiLayerNetwork or a ComputationGraph, but was a "
                    + model.getClass().getSimpleName());
        }
        if (!initialised) {
            throw new IllegalStateException(
                    "net must be initialised before its rates are taken: call net.init() first");
        }
        return new Net(model);
    }

    /** {@return whether it is of a kind that {@link #of} takes} */
    static boolean is(Model model) {
        return model instanceof MultiLayerNetwork || model instanceof ComputationGraph;
    }

    int iteration() {
        return model instanceof MultiLayerNetwork network
                ? network.getIterationCount()
                : ((ComputationGraph) model).getIterationCount();
    }

    int epoch() {
        return model instanceof MultiLayerNetwork network
                ? network.getEpochCount()
                : ((ComputationGraph) model).getEpochCount();
    }

    void add(TrainingListener listener) {
        model.addListeners(listener);
    }

    Collection<TrainingListener> listeners() {
        return model instanceof MultiLayerNetwork network
                ? network.getListeners()
                : ((ComputationGraph) model).getListeners();
    }

    boolean isOf(Model other) {
        return model == other;
    }

    private BaseMultiLayerUpdater<?> updater() {
        return model instanceof MultiLayerNetwork network
                ? (BaseMultiLayerUpdater<?>) network.getUpdater()
                : ((ComputationGraph) model).getUpdater();
    }

    private static IUpdater updater(UpdaterBlock.ParamState param) {
        return param.getLayer().getConfig().getUpdaterByParam(param.getParamName());
    }

    /**
     * A parameter that is trained.
     *
     * @param name as in the network's {@code paramTable()}
     * @param gradient its part of the network's gradient
     */
    record Param(String name, IUpdater updater, INDArray gradient) {}

    /** {@return the parameters, without those of frozen layers and the statistics of batch normalizations} */
    List<Param> params() {
        List<Param> params = new ArrayList<>();
        for (UpdaterBlock block : updater().getUpdaterBlocks()) {
            for (UpdaterBlock.ParamState param : block.getLayersAndVariablesInBlock()) {
                if (!(updater(param) instanceof NoOp)) {
                    params.add(new Param(name(param), updater(param), param.getGradView()));
                }
            }
        }
        return params;
    }

    private String name(UpdaterBlock.ParamState param) {
        Object layer = model instanceof MultiLayerNetwork
                ? ((Layer) param.getLayer()).getIndex()
                : param.getLayer().getConfig().getLayerName();
        return layer + "_" + param.getParamName();
    }

    /**
     * Makes the blocks anew if a restored network would have others, because updaters have become equal or unequal: DL4J joins
     * neighbours with equal updaters, and orders the state by block.
     */
    void reblock() {
        UpdaterBlock.ParamState last = null;
        boolean stale = false;
        for (UpdaterBlock block : updater().getUpdaterBlocks()) {
            boolean first = true;
            for (UpdaterBlock.ParamState param : block.getLayersAndVariablesInBlock()) {
                stale |= last != null && first == equal(last, param);
                first = false;
                last = param;
            }
        }
        if (stale) {
            Map<String, List<INDArray>> kept = new HashMap<>();
            eachState(
                    updater(),
                    (name, slice) -> kept.computeIfAbsent(name, none -> new ArrayList<>())
                            .add(slice.dup()));
            if (model instanceof MultiLayerNetwork network) {
                network.setUpdater(null);
            } else {
                ((ComputationGraph) model).setUpdater(null);
            }
            eachState(
                    updater(),
                    (name, slice) ->
                            slice.assign(Objects.requireNonNull(kept.get(name)).remove(0)));
        }
    }

    private static boolean equal(UpdaterBlock.ParamState one, UpdaterBlock.ParamState other) {
        return UpdaterUtils.updaterConfigurationsEquals(
                one.getLayer(), one.getParamName(), other.getLayer(), other.getParamName());
    }

    private interface StateVisitor {
        void visit(String name, INDArray slice);
    }

    /** Visits the part of the state that belongs to each parameter: of several arrays, in their order. */
    private void eachState(BaseMultiLayerUpdater<?> updater, StateVisitor visitor) {
        for (UpdaterBlock block : updater.getUpdaterBlocks()) {
            long length = (long) block.getParamOffsetEnd() - block.getParamOffsetStart();
            long all = (long) block.getUpdaterViewOffsetEnd() - block.getUpdaterViewOffsetStart();
            for (long array = 0; array < all; array += length) {
                for (UpdaterBlock.ParamState param : block.getLayersAndVariablesInBlock()) {
                    long from = array + param.getParamOffsetStart() - block.getParamOffsetStart();
                    long to = array + param.getParamOffsetEnd() - block.getParamOffsetStart();
                    visitor.visit(name(param), block.getUpdaterView().get(NDArrayIndex.interval(from, to)));
                }
            }
        }
    }
}
