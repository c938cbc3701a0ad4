package org.anneal.dl4j;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The memory of ND4J's arrays on its CPU backend. */
final class Native {
    private static final int SOME = 1 << 12;

    private Native() {}

    /** Refuses an array whose memory cannot be read and written as floats. */
    static void check(String name, INDArray array) {
        if (array.dataType() != DataType.FLOAT) {
            throw new IllegalArgumentException(
                    name + " must be of type FLOAT, since our rules compute with floats, but was " + array.dataType());
        }
        String backend = Nd4j.getBackend().getClass().getSimpleName();
        if (!backend.equals("CpuBackend")) {
            throw new UnsupportedOperationException(
                    "AnnealUpdater must run on ND4J's CPU backend, whose memory it reads, but this is " + backend
                            + ": use an updater of ND4J's with an AnnealSchedule");
        }
    }

    /** {@return whether the elements lie one after another} */
    static boolean isContiguous(INDArray array) {
        return array.elementWiseStride() == 1 && array.ordering() == 'c';
    }

    /** {@return the elements of a contiguous array, which must live as long} */
    static FloatBuffer floats(INDArray array) {
        return new FloatPointer(array.data().pointer())
                .position(array.offset())
                .limit(array.offset() + array.length())
                .asBuffer();
    }

    static void fill(FloatBuffer memory, float number) {
        float[] some = new float[Math.min(SOME, memory.capacity())];
        Arrays.fill(some, number);
        for (int at = 0; at < memory.capacity(); at += SOME) {
            memory.put(at, some, 0, Math.min(SOME, memory.capacity() - at));
        }
    }
}
