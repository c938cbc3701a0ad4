package org.anneal.web;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.anneal.optim.Adam;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.StepPer;
import org.anneal.text.Context;

/**
 * The run that a page shows schedules in: the optimizer, the length of the run, and metrics.
 *
 * @param lr the base rate of each group
 * @param momentum the optimizer's momentum; Adam's beta1
 * @param adam whether the optimizer is Adam rather than SGD
 * @param steps steps of the schedule, unless the run is given in epochs
 * @param epochs given with {@code stepsPerEpoch} and {@code stepPer}, in place of steps
 * @param batchSize samples in a batch, at least 1, for lengths in samples
 * @param tokensPerBatch tokens in a batch, at least 1, for lengths in tokens
 * @param metrics for a plateau: the metric after step 0, 1, ...
 * @param own what of {@code lr}, {@code momentum} and {@code adam} comes before what the optimizer's line of a text says
 */
record Conditions(
        List<Double> lr,
        double momentum,
        boolean adam,
        Optional<Long> steps,
        Optional<Long> epochs,
        Optional<Long> stepsPerEpoch,
        Optional<StepPer> stepPer,
        Optional<Long> batchSize,
        Optional<Long> tokensPerBatch,
        List<Double> metrics,
        Set<Own> own) {
    /** What the user has set. */
    enum Own {
        LR,
        MOMENTUM,
        OPTIMIZER
    }

    /** Of one schedule; a page requests each of its schedules separately. */
    static final long MOST_STEPS = 1_000_000;

    static final int MOST_GROUPS = 16;

    /** Numbers in an answer: the rates of all groups, and the momentum. */
    static final long MOST_VALUES = 4_000_000;

    Conditions {
        lr = numbers("lr", lr);
        metrics = metrics == null ? List.of() : numbers("metrics", metrics);
        own = own == null ? Set.of() : Set.copyOf(own);
    }

    /** {@return a training run's; empty if it is too long, has too many groups, or its optimizer is unknown here} */
    static Optional<Conditions> of(RunConfig.Summary run) {
        try {
            UpdateRule rule = UpdateRule.parse(run.optimizer());
            Conditions conditions = new Conditions(
                    run.lr(),
                    rule.momentum(),
                    rule.options().containsKey("betas"),
                    Optional.empty(),
                    Optional.of(run.epochs()),
                    Optional.of(run.stepsPerEpoch()),
                    Optional.of(run.stepPer()),
                    Optional.empty(),
                    Optional.empty(),
                    List.of(),
                    Set.of());
            conditions.check();
            Piece.valueOf(run.schedule()).check();
            return Optional.of(conditions);
        } catch (IllegalArgumentException | Refusal e) {
            return Optional.empty();
        }
    }

    /** Checks a list, as a client may leave anything out, or send nulls. */
    private static List<Double> numbers(String name, List<Double> numbers) {
        if (numbers == null || numbers.stream().anyMatch(Objects::isNull)) {
            throw new IllegalArgumentException(name + " must be a list of numbers");
        }
        return List.copyOf(numbers);
    }

    /** Refuses a run that is too long or invalid. */
    void check() throws Refusal {
        if (lr.isEmpty() || lr.size() > MOST_GROUPS) {
            throw new Refusal(400, "lr must have 1 to " + MOST_GROUPS + " rates, but has " + lr.size());
        }
        try {
            groups();
            context();
        } catch (IllegalArgumentException e) {
            throw new Refusal(400, Answer.reason(e));
        }
        if (total() > MOST_STEPS) {
            throw new Refusal(400, "a run must have at most " + MOST_STEPS + " steps here, but has " + total());
        }
        checkGroups(lr.size());
    }

    /** {@return how often the schedule is stepped in the run} */
    long total() {
        return length().map(RunLength::total).orElseGet(() -> steps.orElse(0L));
    }

    /** Refuses so many groups. */
    void checkGroups(int groups) throws Refusal {
        if (groups > MOST_GROUPS) {
            throw new Refusal(400, "an optimizer must have at most " + MOST_GROUPS + " groups here, but has " + groups);
        }
        if (values(groups) > MOST_VALUES) {
            throw new Refusal(
                    400, "steps times groups must be at most " + MOST_VALUES + " here, but was " + values(groups));
        }
    }

    /** {@return how many numbers an answer has} */
    long values(int groups) {
        return total() * (groups + 1);
    }

    /** {@return the run's length, if it is given in epochs} */
    Optional<RunLength> length() {
        if (steps.isPresent()) {
            return Optional.empty();
        }
        return Optional.of(new RunLength(
                stepsPerEpoch.orElse(0L),
                epochs.orElse(0L),
                stepPer.orElse(StepPer.BATCH),
                known(batchSize),
                known(tokensPerBatch)));
    }

    /** {@return what a text is read in} */
    Context context() {
        return length().map(RunLength::context)
                .orElseGet(() -> RunLength.contextOf(total(), known(batchSize), known(tokensPerBatch)));
    }

    private static OptionalLong known(Optional<Long> count) {
        return count.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    /** {@return the rule of each group} */
    List<UpdateRule> groups() {
        UpdateRule rule = rule();
        return lr.stream().<UpdateRule>map(rule::withLr).toList();
    }

    /**
     * {@return the rule of each group of a text's optimizer, with what the user has set in its place}
     *
     * @param line what the optimizer's line says of each group; at least one
     */
    List<UpdateRule> groups(List<UpdateRule> line) {
        List<Double> rates =
                own.contains(Own.LR) ? lr : line.stream().map(UpdateRule::lr).toList();
        return IntStream.range(0, rates.size())
                .mapToObj(group -> {
                    UpdateRule said = line.get(line.size() == rates.size() ? group : 0);
                    UpdateRule rule = own.contains(Own.OPTIMIZER) ? rule() : said;
                    boolean driven = rule.options().containsKey("momentum")
                            || rule.options().containsKey("betas");
                    double force = own.contains(Own.MOMENTUM) ? momentum : said.momentum();
                    return (driven ? rule.withMomentum(force) : rule).withLr(rates.get(group));
                })
                .toList();
    }

    /** {@return the optimizer's rule, apart from each group's own rate} */
    UpdateRule rule() {
        return adam ? new Adam(0).withBetas(momentum, 0.999) : new SGD(0).withMomentum(momentum);
    }
}
