package org.anneal.plot;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jfree.data.Range;

/**
 * The corners of a curve, with NaN heights for gaps. If there are more than a picture can show, it keeps the first, lowest,
 * highest and last corner of each narrow column, in their order: the picture is the same, and no spike is lost. A gap narrower
 * than a column is closed.
 */
final class Polyline {
    /** Bands are looked for in stretches this many line widths wide. */
    private static final int STRETCH = 8;
    /** A line that covers the heights of a stretch this many times has filled it. */
    private static final int FILLED = 4;
    /** A curve is a band if one in this many of the picture's stretches is filled. */
    private static final int STRETCHES_PER_FILLED = 10;

    private final boolean whole;
    private final boolean level;
    private final int columns;
    private final double from;
    private final double perColumn;

    private double[] x;
    private double[] y;
    private int size;

    private int column = -1;
    private boolean gapFirst;
    private boolean gapLast;
    /** The open column: how many corners it has had, and four of them as {x, y, number}. */
    private int count;

    private final double[] first = new double[3];
    private final double[] lowest = new double[3];
    private final double[] highest = new double[3];
    private final double[] last = new double[3];

    /**
     * An empty curve.
     *
     * @param level whether to keep only the first and last of successive corners at the same height
     * @param columns at least one per pixel, so that what is inside a column cannot be seen
     */
    Polyline(int corners, boolean level, int columns, double from, double to) {
        this.whole = corners <= 4 * columns;
        this.level = level;
        this.columns = columns;
        this.from = from;
        this.perColumn = (to - from) / columns;
        int room = whole ? corners : 6 * columns;
        this.x = new double[room];
        this.y = new double[room];
    }

    void add(double cornerX, double cornerY) {
        if (whole) {
            append(cornerX, cornerY);
            return;
        }
        int here = perColumn > 0 ? (int) Math.min((cornerX - from) / perColumn, columns - 1) : 0;
        if (here != column) {
            closeColumn();
            column = here;
            gapFirst = Double.isNaN(cornerY);
        }
        gapLast = Double.isNaN(cornerY);
        if (gapLast) {
            return;
        }
        set(last, cornerX, cornerY);
        if (count == 0) {
            set(first, cornerX, cornerY);
        }
        if (count == 0 || cornerY < lowest[1]) {
            set(lowest, cornerX, cornerY);
        }
        if (count == 0 || cornerY > highest[1]) {
            set(highest, cornerX, cornerY);
        }
        count++;
    }

    private void set(double[] corner, double cornerX, double cornerY) {
        corner[0] = cornerX;
        corner[1] = cornerY;
        corner[2] = count;
    }

    private void closeColumn() {
        if (column < 0) {
            return;
        }
        if (count == 0) {
            append(from + column * perColumn, Double.NaN);
            return;
        }
        if (gapFirst) {
            append(first[0], Double.NaN);
        }
        boolean lowestFirst = lowest[2] < highest[2];
        append(first[0], first[1]);
        append(lowestFirst ? lowest : highest);
        append(lowestFirst ? highest : lowest);
        if (last[2] > first[2]) {
            append(last[0], last[1]);
        }
        if (gapLast) {
            append(last[0], Double.NaN);
        }
        count = 0;
    }

    private void append(double[] corner) {
        if (corner[2] > first[2] && corner[2] < last[2]) {
            append(corner[0], corner[1]);
        }
    }

    private void append(double cornerX, double cornerY) {
        if (level && size >= 2 && y[size - 1] == cornerY && y[size - 2] == cornerY) {
            x[size - 1] = cornerX;
            return;
        }
        x[size] = cornerX;
        y[size] = cornerY;
        size++;
    }

    Polyline finish() {
        if (!whole) {
            closeColumn();
        }
        x = Arrays.copyOf(x, size);
        y = Arrays.copyOf(y, size);
        return this;
    }

    /** {@return the corners as {x, y}, JFreeChart's form} */
    double[][] corners() {
        return new double[][] {x, y};
    }

    /** {@return the curve's height at {@code at}, after a step there; NaN outside it and in a gap} */
    double at(double at) {
        int low = 0; // the first corner beyond it
        for (int high = size; low < high; ) {
            int middle = (low + high) >>> 1;
            if (x[middle] <= at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == 0 || low == size) {
            return low > 0 && x[low - 1] == at ? y[low - 1] : Double.NaN;
        }
        double part = (at - x[low - 1]) / (x[low] - x[low - 1]);
        return y[low - 1] + part * (y[low] - y[low - 1]);
    }

    /** {@return the last corner as {x, y}; y is NaN if there is none} */
    double[] end() {
        int last = size - 1;
        while (last > 0 && Double.isNaN(y[last])) {
            last--;
        }
        return new double[] {x[last], y[last]};
    }

    /** {@return how far the curve goes up and down in total} */
    double climb() {
        double climb = 0;
        for (int i = 1; i < size; i++) {
            double change = Math.abs(y[i] - y[i - 1]);
            climb += Double.isNaN(change) ? 0 : change;
        }
        return climb;
    }

    /**
     * {@return whether the curve goes up and down so densely that it would hide what is behind it}
     *
     * @param across how many lines fit side by side into {@code xRange}
     * @param thick the thickness of a line, in units of height
     */
    boolean isBand(Range xRange, double across, double thick) {
        int stretches = (int) Math.ceil(across / STRETCH);
        double[] low = new double[stretches];
        double[] high = new double[stretches];
        double[] climb = new double[stretches];
        Arrays.fill(low, Double.POSITIVE_INFINITY);
        Arrays.fill(high, Double.NEGATIVE_INFINITY);
        int before = -1;
        for (int i = 0; i < size; i++) {
            double part = (x[i] - xRange.getLowerBound()) / xRange.getLength();
            int here = Double.isNaN(y[i]) ? -1 : (int) Math.min(part * stretches, stretches - 1);
            if (here >= 0) {
                low[here] = Math.min(low[here], y[i]);
                high[here] = Math.max(high[here], y[i]);
                climb[here] += here == before ? Math.abs(y[i] - y[i - 1]) : 0;
            }
            before = here;
        }
        long filled = IntStream.range(0, stretches)
                .filter(i -> high[i] - low[i] > 2 * thick && climb[i] >= FILLED * (high[i] - low[i]))
                .count();
        return filled * STRETCHES_PER_FILLED >= stretches;
    }

    /** {@return the corners that have no neighbour to be joined to, as {x, y}} */
    double[][] lonelyCorners() {
        int[] lonely = IntStream.range(0, size)
                .filter(i -> !Double.isNaN(y[i]))
                .filter(i -> i == 0 || Double.isNaN(y[i - 1]))
                .filter(i -> i == size - 1 || Double.isNaN(y[i + 1]))
                .toArray();
        return new double[][] {
            Arrays.stream(lonely).mapToDouble(i -> x[i]).toArray(),
            Arrays.stream(lonely).mapToDouble(i -> y[i]).toArray()
        };
    }
}
