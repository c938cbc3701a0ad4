package org.anneal.web;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.text.Python;

/**
 * A range test as it goes on, which the page {@code find} shows. Whoever runs the test adds to it, and any thread may read it.
 *
 * <pre>{@code
 * LiveRangeTest live = new LiveRangeTest("SGD(lr=0.01), batches of 8", "loss", 1e-7, 10, 100, false);
 * try (WebServer server = WebServer.start("127.0.0.1", 8800, WebServer.Content.NONE.withSearch(live))) {
 *     RangeResult found = RangeTest.over(optimizer).listener(live::add).run(callback);
 *     live.end(found, "completed", found.note().stream().toList(), "SGD(lr=0.00846)");
 * }
 * }</pre>
 */
public final class LiveRangeTest {
    /** Points of an answer; a page asks again for those that follow. */
    private static final int MOST_POINTS = 1_000;

    /** What a page is told. A number that is not finite is left out. */
    record Told(
            String id,
            String title,
            String lossLabel,
            double first,
            double last,
            int steps,
            boolean linear,
            int from,
            int all,
            List<List<Optional<Double>>> points,
            Optional<End> end) {}

    /** How the test ended. */
    record End(String outcome, List<Suggested> suggestions, List<String> notes, String line) {}

    /** A suggested rate, exactly and as it is shown. */
    record Suggested(String rule, double rate, String shown, double loss) {}

    private final String id = Long.toString(System.nanoTime(), Character.MAX_RADIX);
    private final String title;
    private final String lossLabel;
    private final double first;
    private final double last;
    private final int steps;
    private final boolean linear;
    private final List<RangeTest.Point> points = new ArrayList<>();
    private Optional<End> end = Optional.empty();

    /**
     * A test that begins.
     *
     * @param title what is swept
     * @param lossLabel what the loss is
     * @param first the first rate, which the axis begins with, above 0 unless the sweep is linear
     * @param last the last rate, above the first
     * @param steps updates in all
     * @param linear whether the rate grows in a line; if not, its axis is logarithmic
     */
    public LiveRangeTest(String title, String lossLabel, double first, double last, int steps, boolean linear) {
        this.title = Objects.requireNonNull(title, "title");
        this.lossLabel = Objects.requireNonNull(lossLabel, "lossLabel");
        this.first = first;
        this.last = last;
        this.steps = steps;
        this.linear = linear;
    }

    /** Adds an update: for {@link RangeTest#listener}. */
    public synchronized void add(RangeTest.Point point) {
        points.add(Objects.requireNonNull(point, "point"));
    }

    /**
     * Ends the test.
     *
     * @param outcome how it ended, in a few words
     * @param notes sentences that are worth knowing
     * @param line what to copy, to train at the rate to try first; empty if there is none
     */
    public synchronized void end(RangeResult found, String outcome, List<String> notes, String line) {
        Objects.requireNonNull(found, "found");
        Objects.requireNonNull(notes, "notes");
        List<Suggested> suggestions = found.suggestions().stream()
                .map(each ->
                        new Suggested(each.rule().toString(), each.rate(), Python.repr(each.rounded()), each.loss()))
                .toList();
        end = Optional.of(new End(
                Objects.requireNonNull(outcome, "outcome"),
                suggestions,
                List.copyOf(notes),
                Objects.requireNonNull(line, "line")));
    }

    /** {@return what a page does not have yet, that has the first {@code from} points} */
    synchronized Told since(int from) {
        int start = Math.min(from, points.size());
        int until = Math.min(points.size(), start + MOST_POINTS);
        List<List<Optional<Double>>> told = points.subList(start, until).stream()
                .map(point -> List.of(finite(point.rate()), finite(point.loss()), finite(point.smoothed())))
                .toList();
        return new Told(
                id,
                title,
                lossLabel,
                first,
                last,
                steps,
                linear,
                start,
                points.size(),
                told,
                end.filter(ended -> until == points.size()));
    }

    private static Optional<Double> finite(double value) {
        return Optional.of(value).filter(Double::isFinite);
    }
}
