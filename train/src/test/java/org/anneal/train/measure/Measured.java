package org.anneal.train.measure;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A line of parity/losses.py: what PyTorch or numpy makes of outputs and targets. */
record Measured(String name, List<Long> shape, String output, String target, double value, List<Double> gradient) {

    static List<Measured> read(String file) {
        try (InputStream in = Measured.class.getResourceAsStream(file)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .map(line -> of(line.split(";", -1)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Measured of(String[] cells) {
        return new Measured(
                cells[0],
                Stream.of(cells[1].split(" ", -1)).map(Long::valueOf).toList(),
                cells[2],
                cells[3],
                Double.parseDouble(cells[4]),
                cells.length == 5
                        ? List.of()
                        : Stream.of(cells[5].split(" ", -1))
                                .map(Double::valueOf)
                                .toList());
    }

    private static float[] floats(String text) {
        String[] each = text.split(" ", -1);
        float[] values = new float[each.length];
        IntStream.range(0, each.length).forEach(i -> values[i] = Float.parseFloat(each[i]));
        return values;
    }

    private long[] sizes() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    Tensor outputs() {
        return torch.tensor(floats(output)).reshape(sizes());
    }

    Tensor targets() {
        if (target.contains(".") || target.contains("e")) {
            return torch.tensor(floats(target)).reshape(sizes());
        }
        return classes(
                Stream.of(target.split(" ", -1)).mapToLong(Long::parseLong).toArray());
    }

    static Tensor classes(long... classes) {
        return torch.tensor(classes);
    }

    static Tensor zeros(long... shape) {
        return torch.zeros(shape);
    }

    static double[] values(Tensor tensor) {
        FloatBuffer values = tensor.contiguous().createBuffer();
        return IntStream.range(0, values.capacity()).mapToDouble(values::get).toArray();
    }

    @Override
    public String toString() {
        return name + " of " + shape;
    }
}
