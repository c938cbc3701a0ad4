package org.anneal.bench;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;
import org.anneal.torch.Tensors;
import org.anneal.torch.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Times writing and reading a checkpoint of 100 million float32 parameters and Adam's state, 1.2 GB, in turns with copying that
 * file. Writing, and the copy that it is compared with, end when the bytes are on the disk.
 */
public final class CheckpointSpeed {
    private static final int TENSORS = 200;

    private CheckpointSpeed() {}

    /** Arguments: a folder with room for 3 GB, the number of rounds. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        int rounds = Integer.parseInt(args[1]);
        Path checkpoint = folder.resolve("checkpoint.pt");
        Path written = folder.resolve("written.pt");
        Path copy = folder.resolve("copy.pt");
        Torch.load();
        List<Tensor> params = IntStream.range(0, TENSORS)
                .mapToObj(i -> torch.randn(500, 1000).requires_grad_(true))
                .toList();
        Map<String, List<Double>> times = new LinkedHashMap<>();
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new Adam(1e-3), params)) {
            for (Tensor param : params) {
                param.mutable_grad().put(torch.randn(500, 1000));
            }
            optimizer.step();
            Map<String, Object> root = Map.of("model", model(params), "optimizer", optimizer.stateDict());
            TorchFile.write(checkpoint, root);
            long resident = residentKilobytes();
            for (int round = 0; round < rounds; round++) {
                // Each to a new file: replacing one would also free its pages, at some time.
                time(times, "write", () -> TorchFile.write(written, root));
                Files.delete(written);
                time(times, "copy to the disk", () -> {
                    Files.copy(checkpoint, copy);
                    try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                        channel.force(true);
                    }
                });
                Files.delete(copy);
                time(times, "read", () -> read(checkpoint, params, optimizer));
                time(times, "copy", () -> Files.copy(checkpoint, copy));
                Files.delete(copy);
            }
            System.out.printf(
                    Locale.ROOT,
                    "%,d bytes; the process grew by %,d kB while it wrote and read%n",
                    Files.size(checkpoint),
                    residentKilobytes() - resident);
        } finally {
            Files.deleteIfExists(checkpoint);
            Files.deleteIfExists(written);
            Files.deleteIfExists(copy);
        }
        times.forEach((name, each) -> System.out.printf(Locale.ROOT, "%-17s %.3f s%n", name, median(each)));
        System.out.printf(
                Locale.ROOT,
                "speed against a copy: write %.2f, read %.2f%n",
                median(times.getOrDefault("copy to the disk", List.of()))
                        / median(times.getOrDefault("write", List.of())),
                median(times.getOrDefault("copy", List.of())) / median(times.getOrDefault("read", List.of())));
    }

    private static Map<String, TensorData> model(List<Tensor> params) {
        Map<String, TensorData> model = new LinkedHashMap<>();
        for (int i = 0; i < params.size(); i++) {
            model.put("layer" + i, Tensors.data(params.get(i)));
        }
        return model;
    }

    @SuppressWarnings("unchecked") // it is what was written
    private static void read(Path checkpoint, List<Tensor> params, Optimizer<Tensor> optimizer) throws IOException {
        try (TorchFile file = TorchFile.open(checkpoint);
                PointerScope scope = new PointerScope()) {
            Map<?, ?> root = (Map<?, ?>) file.root();
            Map<?, ?> model = (Map<?, ?>) Objects.requireNonNull(root.get("model"));
            for (int i = 0; i < params.size(); i++) {
                Tensors.copy((TensorData) Objects.requireNonNull(model.get("layer" + i)), params.get(i));
            }
            optimizer.loadStateDict((Map<String, Object>) Objects.requireNonNull(root.get("optimizer")));
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void time(Map<String, List<Double>> times, String name, Task task) throws IOException {
        LongSupplier clock = System::nanoTime;
        long start = clock.getAsLong();
        task.run();
        times.computeIfAbsent(name, none -> new ArrayList<>()).add((clock.getAsLong() - start) / 1e9);
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static long residentKilobytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:") || line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .max()
                .orElse(0);
    }
}
