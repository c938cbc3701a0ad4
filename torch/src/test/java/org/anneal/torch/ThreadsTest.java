package org.anneal.torch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link Torch#load} and {@link Torch#setNumThreads} set for a process, in processes of their own. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThreadsTest {
    private static final List<String> VARIABLES = List.of(
            "OPENBLAS_THREAD_TIMEOUT", "GOMP_SPINCOUNT", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "ANNEAL_TEST");

    /** {@return what a program prints, on the cores that {@code taskset} takes, or on all} */
    private static List<String> run(
            String cores, Map<String, String> environment, Class<?> program, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (!cores.isEmpty()) {
            command.addAll(List.of("taskset", "-c", cores));
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
        command.add(program.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().keySet().removeAll(VARIABLES);
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            String out = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it does not end");
            assertEquals(0, process.exitValue(), out);
            return out.lines().toList();
        } finally {
            process.destroyForcibly();
        }
    }

    private static void assumeLinux() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "skipped: not Linux");
    }

    /** Prints the bits of an MLP's weights after steps on as many threads as its argument says. */
    public static final class Training {
        private Training() {}

        public static void main(String[] args) {
            Torch.setNumThreads(Integer.parseInt(args[0]));
            torch.manual_seed(1);
            LinearImpl hidden = new LinearImpl(784, 256);
            LinearImpl out = new LinearImpl(256, 10);
            List<Tensor> params = new ArrayList<>(Torch.parameters(hidden));
            params.addAll(Torch.parameters(out));
            Tensor inputs = torch.randn(256, 784);
            Tensor targets = torch.arange(new Scalar(256)).remainder(new Scalar(10));
            try (Optimizer<Tensor> sgd = Torch.optimizer(new SGD(0.1), params)) {
                for (int step = 0; step < 20; step++) {
                    try (PointerScope scope = new PointerScope()) {
                        sgd.zeroGrad();
                        torch.cross_entropy_loss(
                                        out.forward(hidden.forward(inputs).relu()), targets)
                                .backward();
                        sgd.step();
                    }
                }
            }
            for (Tensor param : params) {
                float[] values = new float[(int) param.numel()];
                param.detach().data_ptr_float().get(values);
                int bits = 0;
                for (float value : values) {
                    bits = 31 * bits + Float.floatToRawIntBits(value);
                }
                System.out.println(bits);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void theNumberOfCoresDoesNotChangeABit(int threads) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/taskset")), "skipped: no taskset command");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "skipped: only one core");
        List<String> onAll = run("", Map.of(), Training.class, Integer.toString(threads));
        assertEquals(4, onAll.size());
        assertEquals(onAll, run("0", Map.of(), Training.class, Integer.toString(threads)));
    }

    /** Prints what OpenBLAS was told, by load and then by setNumThreads, and what the environment holds for native code. */
    public static final class Settings {
        private Settings() {}

        public static void main(String[] args) {
            Torch.load();
            int loaded = openblas_nolapack.blas_get_num_threads(); // -1 if nobody has told it anything
            Torch.setNumThreads(2);
            System.out.println(loaded + " " + openblas_nolapack.blas_get_num_threads() + " " + torch.get_num_threads());
            for (String variable : VARIABLES) {
                StringOptional value = torch.get_env(variable);
                System.out.println(
                        variable + "=" + (value.has_value() ? value.get().getString() : ""));
            }
        }
    }

    @Test
    void openBlasHasOneThreadUntilANumberIsSetAndShortWaits() throws IOException, InterruptedException {
        assumeLinux();
        assertEquals(
                List.of(
                        "1 2 2",
                        "OPENBLAS_THREAD_TIMEOUT=16",
                        "GOMP_SPINCOUNT=1000",
                        "OPENBLAS_NUM_THREADS=",
                        "OMP_NUM_THREADS=",
                        "ANNEAL_TEST=kept"),
                run("", Map.of("ANNEAL_TEST", "kept"), Settings.class));
    }

    @Test
    void theEnvironmentHasPrecedence() throws IOException, InterruptedException {
        assumeLinux();
        assertEquals(
                List.of(
                        "-1 2 2",
                        "OPENBLAS_THREAD_TIMEOUT=20",
                        "GOMP_SPINCOUNT=1000",
                        "OPENBLAS_NUM_THREADS=",
                        "OMP_NUM_THREADS=",
                        "ANNEAL_TEST="),
                run("", Map.of("OPENBLAS_THREAD_TIMEOUT", "20"), Settings.class));
        assertEquals(
                List.of(
                        "-1 2 2",
                        "OPENBLAS_THREAD_TIMEOUT=16",
                        "GOMP_SPINCOUNT=7",
                        "OPENBLAS_NUM_THREADS=2",
                        "OMP_NUM_THREADS=",
                        "ANNEAL_TEST="),
                run("", Map.of("OPENBLAS_NUM_THREADS", "2", "GOMP_SPINCOUNT", "7"), Settings.class));
    }

    /** Loads libtorch before Anneal can shorten the waits. */
    public static final class Late {
        private Late() {}

        public static void main(String[] args) {
            torch.set_num_threads(2);
            Settings.main(args);
        }
    }

    @Test
    void openBlasKeepsOneThreadWhereTheWaitsAreLong() throws IOException, InterruptedException {
        assumeLinux();
        List<String> printed = run("", Map.of(), Late.class);
        assertEquals(List.of("1 1 2", "OPENBLAS_THREAD_TIMEOUT="), printed.subList(0, 2));
    }

    /** Prints how many page faults a pass of a convolution takes whose output has 3.2 MB. */
    public static final class Faults {
        private Faults() {}

        public static void main(String[] args) throws IOException {
            Torch.setNumThreads(1);
            Conv2dImpl convolution = new Conv2dImpl(new Conv2dOptions(1, 16, new LongPointer(3, 3)));
            Tensor images = torch.randn(64, 1, 28, 28);
            long before = 0;
            for (int pass = 0; pass < 300; pass++) {
                if (pass == 100) {
                    before = faults();
                }
                try (PointerScope scope = new PointerScope()) {
                    convolution.forward(images).sum().backward();
                }
            }
            System.out.println((faults() - before) / 200);
        }

        private static long faults() throws IOException {
            String stat = Files.readString(Path.of("/proc/self/stat"));
            return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", 9)[7]);
        }
    }

    @Test
    void freedActivationsStayInTheProcess() throws IOException, InterruptedException {
        assumeLinux();
        long faults = Long.parseLong(run("", Map.of(), Faults.class).get(0));
        assertTrue(faults < 50, () -> faults + " page faults a pass"); // 1300 where the output is faulted in each time
    }

    @Test
    void theNumberOfThreadsMustBePositive() {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> Torch.setNumThreads(0));
        assertEquals("threads must be at least 1, but was 0", refused.getMessage());
    }
}
