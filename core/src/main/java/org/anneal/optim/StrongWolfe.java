package org.anneal.optim;

import java.util.List;

/**
 * A line search for the strong Wolfe conditions: finds a point along a descent direction where the loss has fallen enough for the
 * distance and its slope is small enough. First it moves outwards until it has passed such a point, then it narrows the bracket,
 * each time to the minimum of a cubic through the last two points.
 *
 * <p>Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 3.5 and 3.6; how far each trial may go, and when
 * to give up, follow PyTorch's {@code _strong_wolfe}, after Mark Schmidt's minFunc.
 */
final class StrongWolfe<T> {
    private static final Real ENOUGH_LOWER = Real.of(1e-4); // share of the decrease that the first slope predicts
    private static final Real ENOUGH_FLATTER = Real.of(0.9); // share of the first slope

    /**
     * A point on the line.
     *
     * @param t its position, as a multiple of the direction
     * @param slope the derivative of the loss along the direction
     */
    record Point<T>(Real t, double loss, T grad, Real slope) {}

    /** The line that is searched. */
    interface Line<T> {
        /** {@return the point at {@code t}: one evaluation of the closure} */
        Point<T> at(Real t);

        /** Frees the gradients of all points but {@code needed}. */
        void keep(List<Point<T>> needed);
    }

    private final Line<T> line;
    private final Point<T> start;
    private final Real longest; // the largest element of the direction
    private final Real tolerance; // a smaller change of a parameter counts as none
    private final long most; // trials after the first

    private long trials;
    private Point<T> a; // the end of the bracket that was reached first
    private Point<T> b;
    private boolean aIsLow;

    StrongWolfe(Line<T> line, Point<T> start, Real longest, double tolerance, long most) {
        this.line = line;
        this.start = start;
        this.longest = longest;
        this.tolerance = Real.of(tolerance);
        this.most = most;
        this.a = start;
        this.b = start;
    }

    /** {@return the number of points evaluated} */
    long evaluations() {
        return trials + 1;
    }

    /** {@return the best point, starting with {@code t}} */
    Point<T> search(Real t) {
        if (!bracket(t)) {
            aIsLow = a.loss <= b.loss;
            narrow();
        }
        return low();
    }

    /** Moves outwards until a good point lies between {@code a} and {@code b}; {@return whether {@code a} is one itself} */
    private boolean bracket(Real first) {
        Point<T> before = start;
        Point<T> now = line.at(first);
        while (trials < most) {
            boolean rising = tooHigh(now) || (trials > 1 && now.loss >= before.loss);
            if (!rising && flat(now)) {
                a = now;
                aIsLow = true;
                return true;
            }
            if (rising || Real.ZERO.atMost(now.slope)) {
                a = before;
                b = now;
                return false;
            }
            Real least = now.t.plus(Real.of(0.01).times(now.t.minus(before.t)));
            Real next = lowest(before, now, least, now.t.times(Real.of(10)));
            before = now;
            now = line.at(next);
            trials++;
            line.keep(List.of(start, before, now));
        }
        a = start;
        b = now;
        return false;
    }

    /** Narrows the bracket from {@code a} to {@code b} around a good point. */
    private void narrow() {
        boolean stuck = false;
        while (trials < most) {
            if (b.t.minus(a.t).abs().times(longest).lessThan(tolerance)) {
                return;
            }
            Real right = a.t.max(b.t);
            Real left = a.t.min(b.t);
            Real t = a.t.atMost(b.t) ? lowest(a, b, a.t, b.t) : lowest(a, b, b.t, a.t);
            Real margin = Real.of(0.1).times(right.minus(left));
            boolean close = right.minus(t).min(t.minus(left)).lessThan(margin);
            if (close && (stuck || right.atMost(t) || t.atMost(left))) {
                t = t.minus(right).abs().lessThan(t.minus(left).abs()) ? right.minus(margin) : left.plus(margin);
                close = false;
            }
            stuck = close; // twice in a row: the cubic makes no progress
            Point<T> now = line.at(t);
            trials++;
            if (tooHigh(now) || now.loss >= low().loss) {
                replace(!aIsLow, now);
                aIsLow = a.loss <= b.loss;
            } else {
                boolean good = flat(now);
                if (!good && Real.ZERO.atMost(now.slope.times(high().t.minus(low().t)))) {
                    replace(!aIsLow, low());
                }
                replace(aIsLow, now);
                if (good) {
                    return;
                }
            }
            line.keep(List.of(start, a, b));
        }
    }

    private Point<T> low() {
        return aIsLow ? a : b;
    }

    private Point<T> high() {
        return aIsLow ? b : a;
    }

    private void replace(boolean first, Point<T> by) {
        if (first) {
            a = by;
        } else {
            b = by;
        }
    }

    /** {@return whether the loss has fallen too little for the distance} */
    private boolean tooHigh(Point<T> point) {
        Real promised = ENOUGH_LOWER.times(point.t).times(start.slope);
        return Real.of(start.loss).plus(promised).lessThan(Real.of(point.loss));
    }

    private boolean flat(Point<T> point) {
        return point.slope.abs().atMost(ENOUGH_FLATTER.negate().times(start.slope));
    }

    /** {@return the minimum, within {@code least} and {@code most}, of the cubic through both points with their slopes} */
    private static <T> Real lowest(Point<T> one, Point<T> two, Real least, Real most) {
        Real chord = Real.of(3 * (one.loss - two.loss)).over(one.t.minus(two.t));
        Real bend = one.slope.plus(two.slope).minus(chord);
        Real square = bend.times(bend).minus(one.slope.times(two.slope));
        if (!Real.ZERO.atMost(square)) { // the cubic has no minimum
            return least.plus(most).over(Real.of(2));
        }
        boolean inOrder = one.t.atMost(two.t);
        Point<T> left = inOrder ? one : two;
        Point<T> right = inOrder ? two : one;
        Real root = square.sqrt();
        Real part = right.slope
                .plus(root)
                .minus(bend)
                .over(right.slope.minus(left.slope).plus(Real.of(2).times(root)));
        return right.t.minus(right.t.minus(left.t).times(part)).max(least).min(most);
    }
}
