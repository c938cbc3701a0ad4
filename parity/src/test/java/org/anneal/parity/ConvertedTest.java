package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.convert.Target;
import org.anneal.optim.AdamW;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.ObjectMapper;

/**
 * The code that Anneal writes for other libraries gives the same rates there. {@code converted.json} holds the code and the rates,
 * which {@code parity/converted.py} got by running it; where the environment variable {@code PYTHON} names a Python with the
 * libraries, all that can be written is run again.
 */
class ConvertedTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path KEPT = Path.of("src/test/resources/org/anneal/parity/converted.json");
    private static final List<Target> PYTHON = List.of(Target.PYTORCH, Target.TRANSFORMERS, Target.OPTAX, Target.KERAS);
    private static final int STEPS = 130;
    private static final int RANDOM = 100; // expressions beside those that are kept

    @TempDir
    Path folder;

    /** A schedule in another library: what it is here, the code, and the rates of each step and group there. */
    record Case(
            String target,
            String expression,
            List<Double> lr,
            int groups,
            int steps,
            String code,
            List<List<Double>> rates) {
        @Override
        public String toString() {
            return target + " " + expression;
        }
    }

    record Kept(String versions, List<Case> cases) {}

    /** Those that have their own functions there and those that have not, with several groups and other optimizers. */
    private static final List<String> MORE = List.of(
            "StepLR(step_size=20, gamma=0.5)",
            "MultiStepLR([30, 80, 80], gamma=0.2)",
            "LambdaLR(lambda e: 0.95 ** e if e < 5 else [0.5, 0.1][min(e // 30, 1)] * (1 if e % 2 == 0 and not e > 90 else 0.9))",
            "LambdaLR(lambda e: max(0.1, math.exp(-e / 50)) * 0.5 ** bisect.bisect([30, 60], e))",
            "MultiplicativeLR(lambda e: 0.95)",
            "SequentialLR([LinearLR(start_factor=0.1, total_iters=20), StepLR(40)], [20])",
            "SequentialLR([Warmup(steps=20), HalfCosine(steps=80)], milestones=[20])",
            "SequentialLR([Warmup(steps=20), HalfCosine(steps=80, floor=0.1)], milestones=[20])",
            "SequentialLR([Warmup(steps=20), Polynomial(steps=80)], milestones=[20])",
            "SequentialLR([ExponentialLR(0.9), SWALR(swa_lr=0.05, anneal_epochs=9)], milestones=[20])",
            "WarmupStableDecay(warmup=20, stable=50, decay=30, shape='cosine', floor=0.1, start=0.1)",
            "SequentialLR([Warmup(steps=2000), HalfCosine(steps=98000, floor=0.05)], milestones=[2000])",
            "SequentialLR([Warmup(steps=10), CosineCycles(steps=30, limit=3)], milestones=[10])",
            "From(SequentialLR([Warmup(steps=20), HalfCosine(steps=80)], milestones=[20]), lr=0.03)",
            "InverseSqrt(timescale=20, warmup=20)",
            "Warmup(steps=20)",
            "ConstantLR(factor=1.0, total_iters=0)",
            "OneCycleLR(max_lr=[0.1, 0.2], total_steps=150, three_phase=True, anneal_strategy='linear')",
            "CyclicLR(0.1, 1.0, step_size_up=10, scale_fn=lambda x: 1 / (2 ** (x - 1)))",
            "Interpolate(Shift(Repeat(REX(30), 25), 10), Scale(ExponentialLR(0.97), 0.5), start=20, end=60)",
            "Piecewise(boundaries=[20, 50], factors=[1.0, 0.5, 0.1])");

    /** {@return the code of each schedule for each library that can say it} */
    static List<Case> written() throws IOException {
        List<String> expressions = new ArrayList<>(MORE);
        for (var group :
                JSON.readTree(Files.readString(Path.of("../web/src/main/resources/org/anneal/web/gallery.json")))) {
            group.get("cards")
                    .forEach(card -> expressions.add(card.get("expression").asString()));
        }
        return written(expressions);
    }

    private static List<Case> written(List<String> expressions) {
        List<Case> cases = new ArrayList<>();
        for (String expression : expressions) {
            if (!(org.anneal.schedule.Policy.parse(expression) instanceof Schedule schedule)) {
                continue; // what a metric drives has no rates of its own
            }
            List<UpdateRule> groups = expression.contains("[0.1, 0.2]")
                    ? List.of(new SGD(0.1).withMomentum(0.9), new SGD(0.02).withMomentum(0.9))
                    : List.of(cases.size() % 2 == 0 ? new SGD(0.1).withMomentum(0.9) : new AdamW(0.1));
            for (Target target : PYTHON) {
                write(target, schedule, groups)
                        .ifPresent(code -> cases.add(new Case(
                                target.toString(),
                                schedule.toString(),
                                groups.stream().map(UpdateRule::lr).toList(),
                                groups.size(),
                                (int) Math.min(STEPS, schedule.lastStep()),
                                code,
                                List.of())));
            }
        }
        return cases;
    }

    /** Makes texts of all kinds within all operators. */
    private record Composer(Random random) {
        private static final List<String> LEAVES = List.of(
                "StepLR(#, gamma=~)",
                "MultiStepLR([#, 1#], gamma=~)",
                "ExponentialLR(0.9~)",
                "CosineAnnealingLR(#, eta_min=0.0~)",
                "CosineAnnealingWarmRestarts(#, T_mult=2)",
                "LinearLR(~, 1.0, #)",
                "ConstantLR(~, #)",
                "PolynomialLR(#, power=2.0)",
                "OneCycleLR(max_lr=~, total_steps=500)",
                "CyclicLR(0.01, ~, #, mode='triangular2')",
                "LambdaLR(lambda e: ~ ** (e // #))",
                "MultiplicativeLR(lambda e: 0.9~)",
                "SWALR(swa_lr=~, anneal_epochs=#)",
                "Warmup(#, start=~, shape='cosine')",
                "WarmupStableDecay(#, 2#, 3#, shape='exponential', floor=0.0~)",
                "InverseSqrt(#, warmup=#)",
                "NoamLR(64, warmup=#)",
                "HalfCosine(#, floor=~, exponent=1.5, k=2.0)",
                "CosineCycles(#, growth=1.5, shrink=~, floor=0.0~, limit=3)",
                "Polynomial(#, start=~, end=1.5, power=2.0, cycle=True)",
                "Exponential(#, ~, staircase=True, floor=0.0~)",
                "InverseTime(#, ~)",
                "Piecewise([#, 1#], [1.0, ~, 0.1], curve='cosine')",
                "TanhDecay(#)",
                "SigmoidDecay(#, ~)",
                "REX(#, floor=0.0~)");
        private static final List<String> OPERATORS = List.of(
                "Sum([@, @])",
                "Product([@, Scale(@, 10)])",
                "Min([@, @, @])",
                "Max([@, @])",
                "Clip(@, 0.0~, ~)",
                "Scale(@, ~)",
                "Shift(@, #, 'base')",
                "Repeat(@, #)",
                "Reverse(@, #)",
                "Stretch(@, #, 2#)",
                "Freeze(@, #, 1#)",
                "Interpolate(@, @, #, 1#)",
                "End(@, #, 'hold')",
                "SequentialLR([@, @, @], [#, 1#])",
                "ChainedScheduler([StepLR(#, ~), ConstantLR(~, #)])");

        String expression(int depth) {
            List<String> choice = depth == 0 || random.nextInt(4) == 0 ? LEAVES : OPERATORS;
            StringBuilder text = new StringBuilder();
            choice.get(random.nextInt(choice.size())).chars().forEach(c -> {
                switch (c) {
                    case '@' -> text.append(expression(Math.max(0, depth - 1)));
                    case '#' -> text.append(10 + random.nextInt(40));
                    case '~' ->
                        text.append(text.toString().matches(".*0\\.[09]") ? "" : "0.")
                                .append(1 + random.nextInt(9));
                    default -> text.append((char) c);
                }
            });
            return text.toString();
        }
    }

    private static Optional<String> write(Target target, Schedule schedule, List<UpdateRule> groups) {
        try {
            return Optional.of(target.write(schedule, -1, groups.get(0), groups));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // it cannot be said there
        }
    }

    static List<Case> kept() throws IOException {
        try (InputStream in = Objects.requireNonNull(ConvertedTest.class.getResourceAsStream("converted.json"))) {
            return JSON.readValue(in, Kept.class).cases();
        }
    }

    static Stream<Case> cases() throws IOException {
        return kept().stream();
    }

    @Test
    void theKeptCodeIsWhatIsWritten() throws IOException {
        List<Case> written = written();
        if ("write".equals(System.getProperty("converted"))) {
            Files.writeString(KEPT, JSON.writeValueAsString(new Kept("", written)));
        }
        assertEquals(
                written.stream().map(each -> each + "\n" + each.code()).toList(),
                kept().stream().map(each -> each + "\n" + each.code()).toList());
    }

    /** All but noise, and a step by step lambda, can be said in all libraries but transformers. */
    @Test
    void whatHasAFormulaCanBeSaidInEachLibrary() throws IOException {
        List<Case> kept = kept();
        List<String> pytorch = expressions(kept, Target.PYTORCH);
        assertTrue(pytorch.size() > 70);
        for (Target target : List.of(Target.OPTAX, Target.KERAS)) {
            assertEquals(
                    List.of(),
                    pytorch.stream()
                            .filter(each -> !each.contains("if step % 10 == 0") && !each.startsWith("ChainedScheduler"))
                            .filter(each -> !expressions(kept, target).contains(each))
                            .toList());
        }
        assertTrue(expressions(kept, Target.TRANSFORMERS).size() >= 12);
    }

    private static List<String> expressions(List<Case> cases, Target target) {
        return cases.stream()
                .filter(each -> each.target().equals(target.toString()))
                .map(Case::expression)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theCodeGivesTheseRatesThere(Case kept) {
        check(kept);
    }

    /** After their training's end, transformers' cosines rise again. */
    private static int end(Case kept) {
        Matcher training = Pattern.compile("num_training_steps=(\\d+)").matcher(kept.code());
        return kept.target().equals("transformers") && training.find()
                ? Integer.parseInt(training.group(1))
                : Integer.MAX_VALUE;
    }

    private static void check(Case kept) {
        Schedule schedule = Schedule.parse(kept.expression());
        boolean inDoubles = kept.target().equals("pytorch") || kept.target().equals("transformers");
        assertEquals(kept.steps(), kept.rates().size());
        for (int group = 0; group < kept.groups(); group++) {
            Schedule own = schedule.forGroup(group, kept.groups());
            double base = kept.lr().get(group);
            double[] rates = own.curve(kept.steps(), base).toArray();
            double highest = Math.max(base, java.util.Arrays.stream(rates).max().orElse(0));
            for (int step = 0; step <= Math.min(rates.length - 1, end(kept)); step++) {
                double tolerance = (inDoubles ? 1e-12 : 2e-6) * highest;
                assertEquals(rates[step], kept.rates().get(step).get(group), tolerance, kept.code() + " at " + step);
            }
        }
    }

    @Test
    void allThatIsWrittenRunsWherePythonIs() throws IOException, InterruptedException {
        Optional<String> python = Optional.ofNullable(System.getenv("PYTHON"));
        assumeTrue(python.isPresent(), "the environment variable PYTHON names no Python with torch");
        Path file = folder.resolve("converted.json");
        long seed = Long.getLong("anneal.seed", System.nanoTime());
        Composer composer = new Composer(new Random(seed));
        List<Case> written = new ArrayList<>(written());
        written.addAll(written(
                Stream.generate(() -> composer.expression(3)).limit(RANDOM).toList()));
        Files.writeString(file, JSON.writeValueAsString(new Kept("", written)));
        Process process = new ProcessBuilder(python.orElseThrow(), "converted.py", file.toString())
                .inheritIO()
                .start();
        assertEquals(0, process.waitFor(), "-Danneal.seed=" + seed);
        List<Case> run = JSON.readValue(Files.readString(file), Kept.class).cases();
        assertEquals(written.size(), run.size());
        run.forEach(ConvertedTest::check);
    }
}
