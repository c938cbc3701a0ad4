package org.anneal.dl4j;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/** The loss and the accuracy of a network on data. */
final class Validation {
    private Validation() {}

    /** {@return {@code val_loss}, the mean over the samples, and {@code val_accuracy} if the network's loss is of classes} */
    static Map<String, Double> of(Model model, DataSetIterator data) {
        double loss = 0;
        long samples = 0;
        data.reset();
        while (data.hasNext()) {
            DataSet batch = data.next();
            loss += batch.numExamples()
                    * (model instanceof MultiLayerNetwork network
                            ? network.score(batch, false)
                            : ((ComputationGraph) model).score(batch, false));
            samples += batch.numExamples();
        }
        data.reset();
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("val_loss", loss / samples);
        if (output(model) instanceof BaseOutputLayer output && output.getLossFn() instanceof LossMCXENT) {
            metrics.put(
                    "val_accuracy",
                    model instanceof MultiLayerNetwork network
                            ? network.evaluate(data).accuracy()
                            : ((ComputationGraph) model).evaluate(data).accuracy());
        }
        return metrics;
    }

    /** {@return the configuration of the last, or the first, output layer} */
    private static Layer output(Model model) {
        return model instanceof MultiLayerNetwork network
                ? network.getLayer(network.getnLayers() - 1).conf().getLayer()
                : ((ComputationGraph) model).getOutputLayer(0).conf().getLayer();
    }
}
