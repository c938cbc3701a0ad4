package org.anneal.array;

import java.util.Arrays;
import java.util.List;
import org.anneal.optim.Vectors;

/** Vector arithmetic in plain loops: elements and results are floats, sums are accumulated in double. */
final class FloatVectors implements Vectors<FloatArray> {
    private static final int LANES = 4; // independent sums, so that one addition does not wait for the last

    @Override
    public double norm(List<FloatArray> arrays, double order) {
        float[] norms = new float[arrays.size()];
        for (int i = 0; i < norms.length; i++) {
            norms[i] = norm(arrays.get(i).values(), order);
        }
        return norms.length == 0 ? 0 : norm(norms, order);
    }

    private static float norm(float[] x, double order) {
        if (order == 2) {
            return (float) Math.sqrt((float) dot(x, x, 0, x.length)); // a sum beyond the range of a float is infinite
        } else if (order == 1) {
            return (float) sumAbs(x);
        } else if (order == Double.POSITIVE_INFINITY) {
            return maxAbs(x);
        } else if (order == Double.NEGATIVE_INFINITY) {
            float min = Float.POSITIVE_INFINITY;
            for (float value : x) {
                min = Math.min(min, Math.abs(value));
            }
            return min;
        }
        double sum = 0;
        for (float value : x) {
            sum += order == 0 ? (value == 0 ? 0 : 1) : Math.pow(Math.abs(value), order);
        }
        return order == 0 ? (float) sum : (float) Math.pow((float) sum, 1 / order);
    }

    @Override
    public void shrink(List<FloatArray> arrays, double norm, double most) {
        float factor = Math.min(1f, 1 / ((float) norm + 1e-6f) * (float) most);
        arrays.forEach(array -> scale(array, factor));
    }

    @Override
    public void clamp(List<FloatArray> arrays, double limit) {
        float most = (float) limit;
        for (FloatArray array : arrays) {
            float[] x = array.values();
            for (int i = 0; i < x.length; i++) {
                x[i] = Math.min(Math.max(x[i], -most), most);
            }
        }
    }

    @Override
    public void copy(FloatArray from, FloatArray to) {
        if (from.values().length != to.values().length) {
            throw new IllegalArgumentException(
                    "an array must have " + to.values().length + " elements, but had " + from.values().length);
        }
        System.arraycopy(from.values(), 0, to.values(), 0, to.values().length);
    }

    @Override
    public void average(FloatArray mean, FloatArray value, long count) {
        float[] x = mean.values();
        float[] y = value.values();
        float all = count + 1;
        for (int i = 0; i < x.length; i++) {
            x[i] += (y[i] - x[i]) / all;
        }
    }

    @Override
    public void decay(FloatArray mean, FloatArray value, double decay) {
        lerp(mean, value, 1 - decay);
    }

    @Override
    public void zip(FloatArray array, FloatArray first, FloatArray second, Elementwise function) {
        float[] x = array.values();
        float[] a = first.values();
        float[] b = second.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) function.of(x[i], a[i], b[i]);
        }
    }

    @Override
    public void fill(FloatArray array, double number) {
        Arrays.fill(array.values(), (float) number);
    }

    @Override
    public void add(FloatArray array, double number) {
        float[] x = array.values();
        float by = (float) number;
        for (int i = 0; i < x.length; i++) {
            x[i] += by;
        }
    }

    @Override
    public void mul(FloatArray array, FloatArray other) {
        float[] x = array.values();
        float[] y = other.values();
        for (int i = 0; i < x.length; i++) {
            x[i] *= y[i];
        }
    }

    @Override
    public void div(FloatArray array, FloatArray other) {
        float[] x = array.values();
        float[] y = other.values();
        for (int i = 0; i < x.length; i++) {
            x[i] /= y[i];
        }
    }

    @Override
    public void addcmul(FloatArray array, FloatArray first, FloatArray second, double factor) {
        float[] x = array.values();
        float[] a = first.values();
        float[] b = second.values();
        float by = (float) factor;
        for (int i = 0; i < x.length; i++) {
            x[i] += by * a[i] * b[i];
        }
    }

    @Override
    public void addcdiv(FloatArray array, FloatArray first, FloatArray second, double factor) {
        float[] x = array.values();
        float[] a = first.values();
        float[] b = second.values();
        float by = (float) factor;
        for (int i = 0; i < x.length; i++) {
            x[i] += by * a[i] / b[i];
        }
    }

    @Override
    public void lerp(FloatArray array, FloatArray other, double share) {
        float[] x = array.values();
        float[] y = other.values();
        float weight = (float) share;
        if (weight < 0.5f) {
            for (int i = 0; i < x.length; i++) {
                x[i] += weight * (y[i] - x[i]);
            }
        } else { // from the other end, so that a weight of 1 gives y exactly
            for (int i = 0; i < x.length; i++) {
                x[i] = y[i] - (y[i] - x[i]) * (1 - weight);
            }
        }
    }

    @Override
    public void sqrt(FloatArray array) {
        float[] x = array.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sqrt(x[i]);
        }
    }

    @Override
    public void abs(FloatArray array) {
        float[] x = array.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.abs(x[i]);
        }
    }

    @Override
    public void sign(FloatArray array) {
        float[] x = array.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0;
        }
    }

    @Override
    public void max(FloatArray array, FloatArray other) {
        float[] x = array.values();
        float[] y = other.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.max(x[i], y[i]);
        }
    }

    @Override
    public void min(FloatArray array, FloatArray other) {
        float[] x = array.values();
        float[] y = other.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.min(x[i], y[i]);
        }
    }

    @Override
    public void where(FloatArray array, FloatArray condition, FloatArray other) {
        float[] x = array.values();
        float[] a = condition.values();
        float[] y = other.values();
        for (int i = 0; i < x.length; i++) {
            x[i] = a[i] > 0 ? x[i] : y[i];
        }
    }

    @Override
    public double sum(FloatArray array) {
        double sum = 0;
        for (float value : array.values()) {
            sum += value;
        }
        return (float) sum;
    }

    @Override
    public FloatArray allocate(List<FloatArray> arrays) {
        return new FloatArray(
                new float
                        [arrays.stream()
                                .mapToInt(array -> array.values().length)
                                .reduce(0, Math::addExact)]);
    }

    @Override
    public void gather(List<FloatArray> arrays, FloatArray vector) {
        int offset = 0;
        for (FloatArray array : arrays) {
            System.arraycopy(array.values(), 0, vector.values(), offset, array.values().length);
            offset += array.values().length;
        }
    }

    @Override
    public void scatter(FloatArray vector, List<FloatArray> arrays) {
        int offset = 0;
        for (FloatArray array : arrays) {
            System.arraycopy(vector.values(), offset, array.values(), 0, array.values().length);
            offset += array.values().length;
        }
    }

    @Override
    public void scatterAdd(FloatArray vector, double factor, List<FloatArray> arrays) {
        float[] from = vector.values();
        float by = (float) factor;
        int offset = 0;
        for (FloatArray array : arrays) {
            float[] x = array.values();
            for (int i = 0; i < x.length; i++) {
                x[i] += by * from[offset + i];
            }
            offset += x.length;
        }
    }

    @Override
    public void scale(FloatArray vector, double factor) {
        float[] x = vector.values();
        float by = (float) factor;
        for (int i = 0; i < x.length; i++) {
            x[i] *= by;
        }
    }

    @Override
    public void add(FloatArray vector, FloatArray from, double factor) {
        float[] x = vector.values();
        float[] y = from.values();
        float by = (float) factor;
        for (int i = 0; i < x.length; i++) {
            x[i] += by * y[i];
        }
    }

    @Override
    public double dot(FloatArray a, FloatArray b) {
        return (float) dot(a.values(), b.values(), 0, a.values().length);
    }

    /** {@return the dot product of the elements {@code from} to {@code to}, exclusive} */
    static double dot(float[] x, float[] y, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            a += (double) x[i] * y[i];
            b += (double) x[i + 1] * y[i + 1];
            c += (double) x[i + 2] * y[i + 2];
            d += (double) x[i + 3] * y[i + 3];
        }
        for (; i < to; i++) {
            a += (double) x[i] * y[i];
        }
        return a + b + (c + d);
    }

    @Override
    public double sumAbs(FloatArray vector) {
        return (float) sumAbs(vector.values());
    }

    private static double sumAbs(float[] x) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i <= x.length - LANES; i += LANES) {
            a += Math.abs(x[i]);
            b += Math.abs(x[i + 1]);
            c += Math.abs(x[i + 2]);
            d += Math.abs(x[i + 3]);
        }
        for (; i < x.length; i++) {
            a += Math.abs(x[i]);
        }
        return a + b + (c + d);
    }

    @Override
    public double maxAbs(FloatArray vector) {
        return maxAbs(vector.values());
    }

    private static float maxAbs(float[] x) {
        float max = 0;
        for (float value : x) {
            max = Math.max(max, Math.abs(value));
        }
        return max;
    }

    @Override
    public double round(FloatArray vector, double number) {
        return (float) number;
    }
}
