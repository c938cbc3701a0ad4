package org.anneal.torch;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/**
 * The threads of libtorch's operations and those of OpenBLAS, which multiplies its matrices. These are two pools, and the threads of both
 * wait for their next work in a busy loop, OpenBLAS's for a tenth of a second. With more of them than there are cores, an operation of one
 * pool has to wait for the idle threads of the other: a linear layer and its activation then take up to 300 times as long. So either
 * the waits are short, or OpenBLAS has one thread.
 */
final class Threads {
    /** 2^16 ticks, and 1000 rounds: they bridge the gap between two operations of a network, and no more. */
    private static final Map<String, String> WAITS = Map.of("OPENBLAS_THREAD_TIMEOUT", "16", "GOMP_SPINCOUNT", "1000");

    /** Whether OpenBLAS is not what multiplies; MKL takes the number of threads from libtorch. */
    private static final boolean OTHER_BLAS =
            !System.getProperty("org.bytedeco.openblas.load", "").isEmpty();

    private static final boolean TUNED = System.getenv().containsKey("OPENBLAS_THREAD_TIMEOUT")
            || System.getenv().containsKey("OPENBLAS_NUM_THREADS");

    private static boolean waitsAreShort;

    private Threads() {}

    /** Has the pools wait for a short time only, unless the environment says how long. They read it when they are loaded. */
    static void shortenWaits() {
        Loader.load(Loader.class);
        if (!OTHER_BLAS
                && Loader.getPlatform().startsWith("linux")
                && Loader.addressof("omp_get_max_threads") == null
                && Loader.addressof("openblas_set_num_threads") == null) {
            addToEnvironment(WAITS.entrySet().stream()
                    .filter(wait -> !System.getenv().containsKey(wait.getKey()))
                    .map(wait -> wait.getKey() + "=" + wait.getValue())
                    .toList());
            waitsAreShort = true;
        }
    }

    /** Puts a longer array in the place of the process's. Its memory is never freed, nor is what C's {@code setenv} allocates. */
    private static void addToEnvironment(List<String> lines) {
        PointerPointer<?> environ = new PointerPointer<>(Loader.addressof("environ"));
        PointerPointer<?> before = new PointerPointer<>(environ.get(0));
        int count = 0;
        while (before.get(count) != null) {
            count++;
        }
        int pointer = Loader.sizeof(Pointer.class);
        PointerPointer<?> longer = new PointerPointer<>(Pointer.malloc((long) pointer * (count + lines.size() + 1)));
        for (int i = 0; i < count; i++) {
            longer.put(i, before.get(i));
        }
        for (String line : lines) {
            byte[] bytes = line.getBytes(US_ASCII);
            BytePointer copy = new BytePointer(Pointer.malloc(bytes.length + 1L));
            copy.put(bytes, 0, bytes.length).put(bytes.length, (byte) 0);
            longer.put(count++, copy);
        }
        longer.put(count, (Pointer) null);
        environ.put(0, longer);
    }

    /** Leaves OpenBLAS one thread, unless the environment says how many it may have. */
    static void limit() {
        if (!TUNED) {
            set(torch.get_num_threads(), 1);
        }
    }

    static void set(int threads) {
        set(threads, waitsAreShort || TUNED ? threads : 1);
    }

    private static void set(int threads, int ofBlas) {
        if (!OTHER_BLAS) {
            openblas_nolapack.blas_set_num_threads(ofBlas);
        }
        torch.set_num_threads(threads); // last, as an OpenBLAS that shares libtorch's pool has just set its number, too
    }
}
