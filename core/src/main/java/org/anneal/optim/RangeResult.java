package org.anneal.optim;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Python;

/**
 * What a {@link RangeTest} found: the loss over the rate, and the rates that it suggests. Immutable.
 *
 * <p>The rules read the smoothed losses {@code y[0], ..., y[n - 1]} at the rates {@code r[0], ..., r[n - 1]}: without the first
 * tenth of the planned steps, where the mean has not settled, and without the last five, where the loss breaks out, as in fastai.
 */
public final class RangeResult {
    private static final int SKIPPED_AT_END = 5;

    private final List<RangeTest.Point> points;
    private final int steps;
    private final RangeTest.Ended ended;
    private final List<UpdateRule> groups;
    private final List<Double> proportions; // of each group; NaN for one that was not swept
    private final Map<Rule, Suggestion> suggestions = new EnumMap<>(Rule.class);

    /** What a rate is suggested by. */
    public enum Rule {
        /**
         * A tenth of the rate with the least {@code y}. It must not be the first, nor the last of a sweep that came to its end: the
         * minimum may lie beyond. Source: fastai's {@code minimum}.
         */
        MINIMUM("minimum/10"),
        /**
         * The middle of the longest descent. The longest strictly falling subsequence of {@code y}, of length {@code L}, first ends
         * at {@code e}; the rate is {@code r[e - L + L / 3 + L / 6]}, with whole quotients. It needs {@code L >= 3}. Source: fastai's
         * {@code valley}, ESRI's rule.
         */
        VALLEY("valley"),
        /**
         * The steepest fall: the {@code r[i]} with the least {@code (y[i + 1] - y[i]) / (ln r[i + 1] - ln r[i])}, which must be below
         * 0. Source: fastai's {@code steep}.
         */
        STEEPEST("steepest"),
        /**
         * Where the curve starts to bend, seen from its end. With {@code g} the gradient of {@code y} over its index (central, one-sided
         * at the ends), let {@code k} be the first of 0, 1, ... with {@code |g[n - 1 - k] - g[n - 16 - k]| <= 0.005}; the rate is
         * {@code r[n - 16 - max(k - 1, 0)]}. It needs 16 points, such a {@code k}, and a loss
         * below the first. Source: fastai's {@code slide}, the interval
         * slide rule of Novetta.
         */
        SLIDE("slide");

        private final String label;

        Rule(String label) {
            this.label = label;
        }

        /** {@return its name, such as {@code minimum/10}} */
        @Override
        public String toString() {
            return label;
        }
    }

    /**
     * A rate to try.
     *
     * @param rate as the rule computes it
     * @param loss the smoothed loss there, to mark it on the curve
     */
    public record Suggestion(Rule rule, double rate, double loss) {
        public Suggestion {
            Objects.requireNonNull(rule, "rule");
        }

        /** {@return the rate rounded to three digits, as no rule is more precise} */
        public double rounded() {
            return RangeResult.rounded(rate, 3);
        }
    }

    static double rounded(double value, int digits) {
        return BigDecimal.valueOf(value).round(new MathContext(digits)).doubleValue();
    }

    RangeResult(
            List<RangeTest.Point> points,
            int steps,
            RangeTest.Ended ended,
            List<UpdateRule> groups,
            List<Double> proportions) {
        this.points = List.copyOf(points);
        this.steps = steps;
        this.ended = ended;
        this.groups = List.copyOf(groups);
        this.proportions = List.copyOf(proportions);
        List<RangeTest.Point> read = read();
        double[] rates = read.stream().mapToDouble(RangeTest.Point::rate).toArray();
        double[] losses = read.stream().mapToDouble(RangeTest.Point::smoothed).toArray();
        for (Rule rule : Rule.values()) {
            suggested(rule, rates, losses, ended == RangeTest.Ended.COMPLETED)
                    .ifPresent(rate -> suggestions.put(rule, new Suggestion(rule, rate, height(rate))));
        }
    }

    private List<RangeTest.Point> read() {
        int first = Math.min(steps / 10, points.size());
        return points.subList(first, Math.max(first, points.size() - SKIPPED_AT_END)).stream()
                .filter(point -> Double.isFinite(point.smoothed()))
                .toList();
    }

    /**
     * {@return the rate that a rule suggests for a curve}
     *
     * @param open whether the curve may fall beyond its end
     */
    static Optional<Double> suggested(Rule rule, double[] rates, double[] losses, boolean open) {
        return switch (rule) {
            case VALLEY -> valley(rates, losses);
            case SLIDE -> slide(rates, losses);
            case STEEPEST -> steepest(rates, losses);
            case MINIMUM -> minimum(rates, losses, open);
        };
    }

    private static Optional<Double> valley(double[] rates, double[] losses) {
        int[] lengths = new int[losses.length]; // of the longest falling subsequence that ends there
        int end = 0;
        for (int i = 0; i < losses.length; i++) {
            lengths[i] = 1;
            for (int j = 0; j < i; j++) {
                if (losses[i] < losses[j]) {
                    lengths[i] = Math.max(lengths[i], lengths[j] + 1);
                }
            }
            end = lengths[i] > lengths[end] ? i : end;
        }
        if (losses.length == 0 || lengths[end] < 3) {
            return Optional.empty();
        }
        return Optional.of(rates[end - lengths[end] + lengths[end] / 3 + lengths[end] / 6]);
    }

    private static Optional<Double> slide(double[] rates, double[] losses) {
        int interval = 15;
        double threshold = 0.005;
        double[] gradient = gradient(losses);
        int left = losses.length - 1 - interval;
        if (left < 0 || Arrays.stream(losses).allMatch(loss -> loss >= losses[0])) {
            return Optional.empty();
        }
        for (int i = left; i >= 0; i--) {
            if (Math.abs(gradient[i + interval] - gradient[i]) <= threshold) {
                return Optional.of(rates[Math.min(i + 1, left)]);
            }
        }
        return Optional.empty();
    }

    private static double[] gradient(double[] y) {
        double[] gradient = new double[y.length];
        Arrays.setAll(gradient, i -> {
            int before = Math.max(i - 1, 0);
            int after = Math.min(i + 1, y.length - 1);
            return (y[after] - y[before]) / Math.max(after - before, 1);
        });
        return gradient;
    }

    private static Optional<Double> steepest(double[] rates, double[] losses) {
        double least = 0;
        Optional<Double> rate = Optional.empty();
        for (int i = 0; i + 1 < losses.length; i++) {
            // A linear sweep may start at 0, whose logarithm is not finite: the slope there is 0.
            double slope = (losses[i + 1] - losses[i]) / (Math.log(rates[i + 1]) - Math.log(rates[i]));
            if (slope < least) {
                least = slope;
                rate = Optional.of(rates[i]);
            }
        }
        return rate;
    }

    private static Optional<Double> minimum(double[] rates, double[] losses, boolean open) {
        int least = 0;
        for (int i = 1; i < losses.length; i++) {
            least = losses[i] < losses[least] ? i : least;
        }
        boolean atEnd = open && least == losses.length - 1;
        return least == 0 || atEnd ? Optional.empty() : Optional.of(rates[least] / 10);
    }

    /** {@return the curve's height at a rate, between points in proportion to the logarithm; at the nearest end outside} */
    private double height(double rate) {
        List<RangeTest.Point> drawn = points.stream()
                .filter(point -> Double.isFinite(point.smoothed()))
                .toList();
        for (int i = 0; i < drawn.size(); i++) {
            RangeTest.Point right = drawn.get(i);
            if (right.rate() >= rate) {
                RangeTest.Point left = drawn.get(Math.max(0, i - 1));
                double part = part(rate, left.rate(), right.rate());
                return part == 1 ? right.smoothed() : left.smoothed() + part * (right.smoothed() - left.smoothed());
            }
        }
        return drawn.get(drawn.size() - 1).smoothed();
    }

    private static double part(double rate, double from, double to) {
        if (rate >= to || from >= rate) {
            return 1;
        }
        return from == 0 // whose logarithm is not finite
                ? rate / to
                : (Math.log(rate) - Math.log(from)) / (Math.log(to) - Math.log(from));
    }

    /** {@return the updates, in order; the last one's loss may not be finite} */
    public List<RangeTest.Point> points() {
        return points;
    }

    /** {@return why the sweep ended} */
    public RangeTest.Ended ended() {
        return ended;
    }

    /**
     * {@return the suggested rates, the one to try first at the top; none if the curve has no descent} That is the lower one of a tenth
     * of the minimum and the valley. The valley is too high for a noisy curve; the minimum is too far to the right on a bottom that
     * stays flat over decades of rates, as with batch norm.
     */
    public List<Suggestion> suggestions() {
        List<Suggestion> all = new ArrayList<>(suggestions.values());
        if (suggestion(Rule.MINIMUM).isPresent()
                && suggestion(Rule.VALLEY)
                        .filter(valley -> valley.rate() < all.get(0).rate())
                        .isPresent()) {
            Collections.swap(all, 0, 1);
        }
        return List.copyOf(all);
    }

    /** {@return what a rule suggests; empty if the curve does not have what the rule looks for} */
    public Optional<Suggestion> suggestion(Rule rule) {
        return Optional.ofNullable(suggestions.get(Objects.requireNonNull(rule, "rule")));
    }

    /**
     * {@return the rule of each of the optimizer's groups at a rate of the curve} A group that was not swept keeps its own; the others
     * keep their proportions.
     *
     * @param rate finite and at least 0
     */
    public List<UpdateRule> rules(double rate) {
        List<UpdateRule> rules = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            double proportion = proportions.get(i);
            // Without the last digits, which a product has no use for and a reader must copy.
            rules.add(Double.isNaN(proportion) ? groups.get(i) : groups.get(i).withLr(rounded(rate * proportion, 12)));
        }
        return rules;
    }

    /** {@return what is worth knowing of the curve: why there is no suggestion, or that the sweep should have gone further} */
    public Optional<String> note() {
        List<RangeTest.Point> read = read();
        if (read.size() < 3) {
            String lost = ended == RangeTest.Ended.NOT_FINITE ? "a loss was not finite" : "the loss diverged";
            return Optional.of(
                    ended == RangeTest.Ended.COMPLETED
                            ? "too few steps for a suggestion: " + points.size() + "; take 50 or more"
                            : lost + " at once, at update " + points.size() + ", " + shown(last().rate())
                                    + ": start from a lower rate");
        }
        double first = read.get(0).smoothed();
        double least =
                read.stream().mapToDouble(RangeTest.Point::smoothed).min().orElseThrow();
        if (least == first) {
            return Optional.of("the loss never fell: start from a lower rate, or look at the data and the loss");
        }
        boolean falling = least == read.get(read.size() - 1).smoothed();
        return ended == RangeTest.Ended.COMPLETED && falling
                ? Optional.of(
                        "the loss was still falling at the last rate, " + shown(last().rate()) + ": sweep further")
                : Optional.empty();
    }

    private RangeTest.Point last() {
        return points.get(points.size() - 1);
    }

    private static String shown(double rate) {
        return Python.repr(rounded(rate, 3));
    }

    /**
     * {@return the suggested rates, how far the sweep went, and a line to copy}
     *
     * <pre>
     * minimum/10 0.0123, valley 0.00521, steepest 0.0341, slide 0.0589 (87 of 100 updates, from 1e-07 to 0.81: diverged)
     * SGD(lr=0.0123, momentum=0.9)
     * </pre>
     */
    @Override
    public String toString() {
        String rates = suggestions.isEmpty()
                ? "no suggestion"
                : suggestions().stream()
                        .map(each -> each.rule() + " " + Python.repr(each.rounded()))
                        .collect(Collectors.joining(", "));
        String way = " (" + points.size() + " of " + steps + " updates, from "
                + shown(points.get(0).rate()) + " to " + shown(last().rate()) + ": "
                + ended.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ")";
        Stream<String> lines = suggestions().stream()
                .limit(1)
                .flatMap(each -> rules(each.rounded()).stream().map(UpdateRule::toString));
        return Stream.of(Stream.of(rates + way), note().stream(), lines)
                .flatMap(part -> part)
                .collect(Collectors.joining("\n"));
    }
}
