package org.anneal.torch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RangeTest;
import org.anneal.optim.UpdateRule;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Loads libtorch, and creates optimizers over its tensors. */
public final class Torch {
    private Torch() {}

    /**
     * Loads libtorch; calling it again does nothing. Call it before any other use of {@code org.bytedeco.pytorch}, as the rest of
     * this package does. The first call on a machine extracts the libraries, 445 MB, to JavaCPP's cache.
     *
     * <p>It also sets, for the process, what a network's speed hangs on: OpenBLAS, which multiplies libtorch's matrices, gets one
     * thread until {@link #setNumThreads} is called, unless {@code OPENBLAS_NUM_THREADS} or {@code OPENBLAS_THREAD_TIMEOUT} is in the
     * environment, or {@code -Dorg.bytedeco.openblas.load} names another library. On Linux the variables {@code OPENBLAS_THREAD_TIMEOUT} and
     * {@code GOMP_SPINCOUNT}, if not set, become 16 and 1000, and glibc keeps freed blocks of up to 32 MB.
     *
     * @throws IllegalStateException if libtorch for this machine is not on the class path or cannot be loaded
     */
    public static void load() {
        Libraries.load();
    }

    /**
     * Sets how many threads libtorch and OpenBLAS use for an operation, so that 1 is one; libtorch's own {@code torch.set_num_threads}
     * does not reach OpenBLAS. Without this call libtorch uses a thread per core, and OpenBLAS one. The last bits of results
     * depend on the number, but not on how many cores there are.
     *
     * <p>OpenBLAS keeps one thread where its idle threads would hold up libtorch's, outside Linux or if libtorch was loaded before
     * {@link #load}, unless {@code OPENBLAS_NUM_THREADS} or {@code OPENBLAS_THREAD_TIMEOUT} is in the environment. A library named with
     * {@code -Dorg.bytedeco.openblas.load} is left alone.
     *
     * <p>PyTorch: {@code torch.set_num_threads(threads)}.
     *
     * @param threads at least 1
     * @throws IllegalArgumentException if {@code threads} is less than 1
     */
    public static void setNumThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, but was " + threads);
        }
        load();
        Threads.set(threads);
    }

    /** {@return an optimizer of {@code rule} over {@code params}, one group} */
    public static Optimizer<Tensor> optimizer(UpdateRule rule, List<Tensor> params) {
        return new Optimizer<>(new TorchEngine(), rule, params);
    }

    /** {@return an optimizer over several groups, each with its own options} */
    public static Optimizer<Tensor> optimizer(List<ParamGroup<Tensor>> groups) {
        return new Optimizer<>(new TorchEngine(), groups);
    }

    /**
     * {@return an average of {@code model}'s parameters, kept in {@code averaged}, another network with the same layers} That
     * network can be evaluated at any time. It starts as a copy of the model, including buffers.
     *
     * <pre>{@code
     * TutorialNet average = TutorialNet.forImages(images);
     * AveragedModel<Tensor> swa = Torch.averagedModel(net.module(), average.module(), Averaging.swa());
     * ...
     * swa.update();
     * ...
     * Torch.updateBn(average.module(), () -> loader.forEach(0, batch -> average.forward(batch.inputs())));
     * }</pre>
     *
     * @throws IllegalArgumentException if the two differ in the names or shapes of their parameters and buffers, or share
     *     one
     */
    public static AveragedModel<Tensor> averagedModel(Module model, Module averaged, Averaging averaging) {
        Map<String, Tensor> values = Weights.entries(model);
        Map<String, Tensor> averages = Weights.entries(averaged);
        values.forEach((name, value) -> {
            if (averages.containsKey(name) && value.is_same(averages.get(name))) {
                throw new IllegalArgumentException(
                        "averaged must be another network than model, but " + name + " is the same tensor in both");
            }
        });
        if (!values.keySet().equals(averages.keySet())) {
            throw new IllegalArgumentException("averaged must have the same layers as model, " + values.keySet()
                    + ", but had " + averages.keySet());
        }
        Set<String> parameters = namedParameters(model).keySet();
        List<AveragedModel.Entry<Tensor>> entries = new ArrayList<>();
        values.forEach((name, value) -> Optional.ofNullable(averages.get(name))
                .ifPresent(average ->
                        entries.add(new AveragedModel.Entry<>(name, value, average, !parameters.contains(name)))));
        return new AveragedModel<>(new TorchEngine(), averaging, entries);
    }

    /**
     * Recomputes the running statistics of all batch norms in {@code module} over one pass of the data, in which each batch counts
     * the same. An averaged network needs this before it is evaluated. The network returns to its mode, training or evaluation.
     * Without batch norms, no pass is made.
     *
     * <p>PyTorch: {@code torch.optim.swa_utils.update_bn(loader, model)}.
     *
     * @param pass runs the network over every batch, with gradients off
     */
    public static void updateBn(Module module, Runnable pass) {
        BatchNorms.update(module, pass);
    }

    /**
     * {@return what training changes beside the optimizer: the parameters and buffers of {@code module}, the mode of each of its
     * layers, and libtorch's random numbers on the CPU} A {@link RangeTest} puts them back:
     *
     * <pre>{@code
     * RangeTest.over(optimizer).keeping(Torch.state(net.module())).run(() -> { ... });
     * }</pre>
     */
    public static RangeTest.State state(Module module) {
        return new ModuleState(module);
    }

    /** {@return all parameters of {@code module} by name, such as {@code conv1.weight}, in PyTorch's order} */
    public static Map<String, Tensor> namedParameters(Module module) {
        return named(module.named_parameters());
    }

    static Map<String, Tensor> named(StringTensorDict dict) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        StringVector keys = dict.keys();
        for (long i = 0; i < keys.size(); i++) {
            // A separate handle: the dictionary frees its own.
            named.put(keys.get(i).getString(), new Tensor(dict.get(keys.get(i))));
        }
        return named;
    }

    /** {@return all parameters of {@code module}} */
    public static List<Tensor> parameters(Module module) {
        return new ArrayList<>(namedParameters(module).values());
    }

    /**
     * {@return the parameters of {@code module} that belong to some of its children, such as {@code classifier} or
     * {@code encoder.layer3}}
     *
     * @throws IllegalArgumentException if one of these has none
     */
    public static List<Tensor> parameters(Module module, String... children) {
        Map<String, Tensor> named = namedParameters(module);
        for (String child : children) {
            if (named.keySet().stream().noneMatch(name -> name.startsWith(child + "."))) {
                throw new IllegalArgumentException(
                        "child must be a module with parameters, which are " + named.keySet() + ", but was " + child);
            }
        }
        return named.entrySet().stream()
                .filter(entry ->
                        Stream.of(children).anyMatch(child -> entry.getKey().startsWith(child + ".")))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** Loads libtorch and seeds its random numbers: PyTorch's {@code torch.manual_seed(seed)}. */
    public static void manualSeed(long seed) {
        load();
        torch.manual_seed(seed);
    }

    /** {@return a copy of the state of libtorch's random numbers on the CPU: PyTorch's {@code torch.get_rng_state()}} */
    public static TensorData getRngState() {
        load();
        try (PointerScope scope = new PointerScope()) {
            return Tensors.data(torch.getDefaultCPUGenerator().get_state()).copy();
        }
    }

    /**
     * Sets the state of libtorch's random numbers on the CPU: PyTorch's {@code torch.set_rng_state(state)}.
     *
     * @param state of {@link #getRngState}, here or in Python
     */
    public static void setRngState(TensorData state) {
        load();
        try (PointerScope scope = new PointerScope()) {
            Generator generator = torch.getDefaultCPUGenerator();
            Tensor here = generator.get_state();
            Tensors.copy(state, here);
            generator.set_state(here);
        }
    }

    /** Loads once, on first use. */
    private static final class Libraries {
        // All are extracted before the first is opened: libtorch.so looks for the others in its own folder, and with an
        // empty
        // cache the loader would bind it to another libtorch on the system, and crash.
        private static final List<String> FIRST = List.of(
                "libc10.so", "libgomp.so.1", "libtorch_cpu.so", "libtorch_cuda.so", "libc10_cuda.so", "libtorch.so");

        static {
            String platform = Loader.getPlatform();
            try {
                for (String library : FIRST) {
                    for (String extension : new String[] {"", "-gpu"}) {
                        Loader.cacheResource(torch.class, platform + extension + "/" + library);
                    }
                }
                Threads.shortenWaits();
                Loader.load(torch.class);
                Threads.limit();
                keepFreedMemory();
            } catch (IOException | UnsatisfiedLinkError e) {
                throw new IllegalStateException(
                        "libtorch for " + platform
                                + " could not be loaded: org.bytedeco:pytorch, openblas and javacpp"
                                + " with the classifier " + platform + " must be on the class path ("
                                + String.valueOf(e.getMessage())
                                        .lines()
                                        .findFirst()
                                        .orElse("no reason given") + ")",
                        e);
            }
        }

        /**
         * glibc returns a freed block to the system if it is larger than any before, or at the end of the heap, and so each pass of a network
         * would fault its activations in again. Once a block of nearly 32 MB is freed, it keeps all smaller ones.
         */
        private static void keepFreedMemory() {
            if (Loader.getPlatform().startsWith("linux")) {
                Pointer.free(Pointer.malloc((32L << 20) - (64 << 10))); // never touched
            }
        }

        static void load() {
            // done by the class's initializer
        }
    }
}
