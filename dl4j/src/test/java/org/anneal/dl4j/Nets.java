package org.anneal.dl4j;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks and data for the tests. */
final class Nets {
    static final int BATCH = 8;

    private static final Path FASHION_MNIST = Path.of("../samples/src/main/resources/org/anneal/samples/fashion-mnist");

    private Nets() {}

    /** {@return a network of 5 inputs, 16 hidden units and 3 classes} */
    static MultiLayerNetwork small(NeuralNetConfiguration.Builder builder) {
        MultiLayerNetwork net = new MultiLayerNetwork(builder.seed(7)
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(5)
                        .nOut(16)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(16)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        net.init();
        return net;
    }

    static MultiLayerNetwork small(IUpdater updater) {
        return small(new NeuralNetConfiguration.Builder().updater(updater));
    }

    /** {@return the batch of that number for a {@link #small} network} */
    static DataSet batch(int number) {
        Random random = new Random(number % 16);
        float[] x = new float[BATCH * 5];
        float[] y = new float[BATCH * 3];
        for (int i = 0; i < BATCH; i++) {
            for (int j = 0; j < 5; j++) {
                x[i * 5 + j] = (float) random.nextGaussian();
            }
            y[i * 3 + i % 3] = 1;
        }
        return new DataSet(Nd4j.create(x, new int[] {BATCH, 5}), Nd4j.create(y, new int[] {BATCH, 3}));
    }

    /** Records the gradients of each step, before the updater has them: the mean over the batch. */
    static final class Gradients extends BaseTrainingListener {
        final List<float[]> seen = new ArrayList<>();

        @Override
        public void onGradientCalculation(Model model) {
            seen.add(model.getGradientsViewArray().div(model.batchSize()).toFloatVector());
        }

        float[] last() {
            return seen.get(seen.size() - 1);
        }
    }

    /** {@return what ModelSerializer reads of what it writes} */
    static MultiLayerNetwork restored(MultiLayerNetwork net) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ModelSerializer.writeModel(net, file, true);
        return ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file.toByteArray()), true);
    }

    /** {@return batches of 50 of the images that train keeps, with values from 0 to 1} */
    static DataSetIterator fashionMnist(String part, int images) {
        byte[] pixels = bytes(part + "-images-idx3-ubyte.gz", 16 + images * 784);
        byte[] labels = bytes(part + "-labels-idx1-ubyte.gz", 8 + images);
        List<DataSet> samples = new ArrayList<>();
        for (int i = 0; i < images; i++) {
            float[] x = new float[784];
            for (int j = 0; j < 784; j++) {
                x[j] = (pixels[16 + i * 784 + j] & 0xff) / 255f;
            }
            float[] y = new float[10];
            y[labels[8 + i]] = 1;
            samples.add(new DataSet(Nd4j.create(x, new int[] {1, 784}), Nd4j.create(y, new int[] {1, 10})));
        }
        return new ListDataSetIterator<>(samples, 50);
    }

    private static byte[] bytes(String file, int count) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(FASHION_MNIST.resolve(file)))) {
            return in.readNBytes(count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return a network for {@link #fashionMnist}} */
    static MultiLayerNetwork forImages(NeuralNetConfiguration.Builder builder) {
        MultiLayerNetwork net = new MultiLayerNetwork(builder.seed(7)
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(784)
                        .nOut(32)
                        .activation(Activation.RELU)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(32)
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        net.init();
        return net;
    }
}
