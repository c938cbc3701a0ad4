package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.anneal.text.PythonCall;

/**
 * The normalisation of samples, {@code (x - mean) / std}, per channel of images or per column of a table: along the first
 * dimension of a sample.
 *
 * <p>torchvision: {@code transforms.Normalize(mean, std)}, with the same operations in float. It is a value with a text form, so
 * that it can be kept with a model: {@code Normalize.parse(normalize.toString())} is equal to it.
 *
 * @param mean one for all channels, or one per channel; finite
 * @param std as many as {@code mean}; finite and greater than 0
 */
public record Normalize(
        @Param(size = Param.ANY) List<Double> mean,
        @Param(size = Param.ANY, above = 0) List<Double> std) implements Declared {

    static final Kind<Normalize> KIND = Kind.of(Normalize.class, "subtracts the mean, then divides by the deviation")
            .inPackage(Images.TORCHVISION)
            .withoutOptimizer();

    /** To -1 .. 1, as in PyTorch's tutorials. */
    static final Normalize TUTORIAL = new Normalize(0.5, 0.5);

    private static final int LEVELS = 256;

    /** @throws IllegalArgumentException if a value is out of its range, or if there are not as many of both */
    public Normalize {
        mean = KIND.check("mean", mean);
        std = KIND.check("std", std);
        if (mean.isEmpty() || mean.size() != std.size()) {
            throw new IllegalArgumentException(
                    "mean and std must have as many values, at least 1, but had " + mean.size() + " and " + std.size());
        }
    }

    /** The same for all channels. */
    public Normalize(double mean, double std) {
        this(List.of(mean), List.of(std));
    }

    /**
     * {@return the mean and the (population) standard deviation of each channel over all samples, before any normalisation} The
     * deviation of a channel that is constant is taken as 1. To be computed from the training data alone.
     */
    public static Normalize of(Dataset data) {
        long[] shape = data.shape();
        int channels = shape.length == 0 ? 1 : Math.toIntExact(shape[0]);
        float[] sample = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
        int each = sample.length / channels;
        double[] mean = new double[channels];
        double[] squares = new double[channels]; // of the distances from the mean
        for (int i = 0; i < data.size(); i++) {
            data.readRaw(i, FloatBuffer.wrap(sample));
            for (int channel = 0; channel < channels; channel++) {
                merge(sample, channel * each, each, i, channel, mean, squares);
            }
        }
        double count = (double) data.size() * each;
        return new Normalize(
                DoubleStream.of(mean).boxed().toList(),
                DoubleStream.of(squares)
                        .map(sum -> sum == 0 ? 1 : Math.sqrt(sum / count))
                        .boxed()
                        .toList());
    }

    /** Chan, Golub and LeVeque's update: exact also where values are large beside their spread. */
    private static void merge(
            float[] sample, int from, int count, int before, int channel, double[] mean, double[] squares) {
        double own = 0;
        for (int i = from; i < from + count; i++) {
            own += sample[i];
        }
        own /= count;
        double ownSquares = 0;
        for (int i = from; i < from + count; i++) {
            ownSquares += (sample[i] - own) * (sample[i] - own);
        }
        double delta = own - mean[channel];
        mean[channel] += delta / (before + 1.0);
        squares[channel] += ownSquares + delta * delta * count * before / (before + 1.0);
    }

    /**
     * {@return the normalisation that a text says: {@code Normalize(mean=[0.49, 0.48, 0.45], std=[0.25, 0.24, 0.26])}}
     *
     * @throws org.anneal.text.PythonSyntaxException if it is none, or has a value that is out of range
     */
    public static Normalize parse(String text) {
        PythonCall call = PythonCall.parse(text);
        if (!call.simpleName().equals(KIND.name())) {
            throw call.unknown("normalisation", List.of(KIND.name()));
        }
        PythonCall.Arguments arguments = call.bind("", KIND.signature().toArray(String[]::new));
        return arguments.build(() -> (Normalize) KIND.read(arguments));
    }

    /**
     * {@return the normalised value of a channel}
     *
     * @param channel from 0
     */
    public double apply(int channel, double value) {
        return (value - mean(channel)) / std(channel);
    }

    /** {@return the value before normalisation, such as of a prediction whose targets were normalised} */
    public double undo(int channel, double value) {
        return value * std(channel) + mean(channel);
    }

    /** Normalises a sample in place, in float as torchvision does. */
    void apply(float[] sample, int channels) {
        int each = sample.length / channels;
        for (int channel = 0; channel < channels; channel++) {
            float mean = (float) mean(channel);
            float std = (float) std(channel);
            for (int i = channel * each; i < (channel + 1) * each; i++) {
                sample[i] = (sample[i] - mean) / std;
            }
        }
    }

    /** {@return of each channel the normalised values of the bytes 0 to 255, which are 0 to 1 before} */
    float[][] levels(int channels) {
        float[][] levels = new float[channels][LEVELS];
        for (int channel = 0; channel < channels; channel++) {
            for (int value = 0; value < LEVELS; value++) {
                levels[channel][value] = (value / 255f - (float) mean(channel)) / (float) std(channel);
            }
        }
        return levels;
    }

    /**
     * {@return the number of channels of samples of a shape}
     *
     * @throws IllegalArgumentException if this is for another number
     */
    int channels(long[] shape) {
        int channels = shape.length == 0 ? 1 : Math.toIntExact(shape[0]);
        if (mean.size() != 1 && mean.size() != channels) {
            throw new IllegalArgumentException("mean and std must be 1 value for all channels or " + channels
                    + ", one per channel, but were " + mean.size());
        }
        return channels;
    }

    private double mean(int channel) {
        return mean.get(mean.size() == 1 ? 0 : channel);
    }

    private double std(int channel) {
        return std.get(std.size() == 1 ? 0 : channel);
    }

    @Override
    public Kind<Normalize> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
