package org.anneal.array;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.array.Pieces.Floats;
import org.anneal.optim.Batch;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.anneal.optim.Vectors;
import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A parameter that is updated piece by piece is what an optimizer makes of it in one. */
class PiecesTest {
    private static final int SOME = 10_000; // two full pieces and a shorter one
    private static final int MANY = 150_000; // so that threads are worth it
    private static final int STEPS = 30;
    private static final int FEW = 5;
    private static final long SEED = 20261129;

    @AfterEach
    void useAllProcessors() {
        FloatArrays.setThreads(Runtime.getRuntime().availableProcessors());
    }

    static Stream<String> rules() {
        return Stream.concat(
                UpdateRule.kinds().stream()
                        .map(kind -> UpdateRule.parse(kind.name() + "()"))
                        .filter(UpdateRule::isElementwise)
                        .map(UpdateRule::toString),
                Stream.of(
                        "SGD(lr=0.1, momentum=0.9, nesterov=True)",
                        "SGD(lr=0.1, momentum=0.9, dampening=0.5, maximize=True)",
                        "SGD(lr=0.1, momentum=0.9, weight_decay=0.1)",
                        "Adam(lr=0.01, amsgrad=True, weight_decay=0.1)",
                        "AdamW(lr=0.01, weight_decay=0.1)",
                        "Adagrad(lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5)",
                        "RMSprop(lr=0.01, momentum=0.9, centered=True)",
                        "NAdam(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)",
                        "Lion(lr=0.01, weight_decay=0.1)"));
    }

    /** Floats in an array. */
    private static final class Memory implements Floats {
        private final float[] values;

        Memory(float[] values) {
            this.values = values;
        }

        @Override
        public void read(int from, float[] into) {
            System.arraycopy(values, from, into, 0, into.length);
        }

        @Override
        public void write(float[] from, int at) {
            System.arraycopy(from, 0, values, at, from.length);
        }
    }

    /** A library's parameter and state. */
    private static final class Library {
        final float[] param;
        final float[] grad;
        final List<float[]> kept = new ArrayList<>();
        final Pieces pieces;

        Library(UpdateRule rule, float[] param, Floats seen) {
            this.param = param;
            this.grad = new float[param.length];
            rule.slots(1).forEach(slot -> {
                kept.add(new float[param.length]);
                Arrays.fill(kept.get(kept.size() - 1), 1e30f); // which a fresh step does not read
            });
            List<Floats> slots = kept.stream().<Floats>map(Memory::new).toList();
            pieces = new Pieces(param.length, seen, new Memory(grad), rule.slots(1), slots);
        }

        Library(UpdateRule rule, float[] param) {
            this(rule, param, new Memory(param));
        }
    }

    private static float[] values(int length) {
        float[] values = new float[length];
        Random random = new Random(SEED);
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void fill(float[] grad, int step) {
        for (int i = 0; i < grad.length; i++) {
            grad[i] = (((i * 7 + step * 13) % 101) - 50) / 64f;
        }
    }

    private static double lr(UpdateRule rule, int step) {
        return rule.lr() * (1 + Math.cos(step)) / 2;
    }

    private static void follows(String text, int length, int steps) {
        UpdateRule rule = UpdateRule.parse(text);
        FloatArray whole = new FloatArray(values(length));
        Library library = new Library(rule, values(length));
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(whole))) {
            for (int step = 1; step <= steps; step++) {
                fill(library.grad, step);
                whole.setGrad(library.grad);
                optimizer.groups().get(0).setLr(lr(rule, step));
                optimizer.step();
                library.pieces.step(rule, lr(rule, step), step, step == 1);
                assertArrayEquals(whole.values(), library.param, "step " + step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void areWhatAnOptimizerMakesOfTheWhole(String rule) {
        follows(rule, SOME, STEPS);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void areTheSameOnTwoThreads(String rule) {
        FloatArrays.setThreads(2);
        follows(rule, MANY, FEW);
    }

    /** What a library does that subtracts an amount, and does not show the parameter. */
    @ParameterizedTest
    @MethodSource("rules")
    void moveByTheSameAmountFromZero(String text) {
        UpdateRule rule = UpdateRule.parse(text.replaceAll("(, )?\\bweight_decay=[\\d.]+", ""));
        if (rule.options().get("weight_decay") instanceof Double decay && decay != 0) {
            rule = UpdateRule.parse(rule.toString().replace(")", ", weight_decay=0)"));
        }
        FloatArray whole = new FloatArray(values(SOME));
        float[] param = values(SOME);
        float[] amount = new float[SOME];
        Library library = new Library(rule, param, new Floats() {
            @Override
            public void read(int from, float[] into) {
                Arrays.fill(into, 0);
            }

            @Override
            public void write(float[] from, int at) {
                System.arraycopy(from, 0, amount, at, from.length);
            }
        });
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(whole))) {
            for (int step = 1; step <= STEPS; step++) {
                fill(library.grad, step);
                whole.setGrad(library.grad);
                optimizer.groups().get(0).setLr(lr(rule, step));
                optimizer.step();
                library.pieces.step(rule, lr(rule, step), step, step == 1);
                for (int i = 0; i < SOME; i++) {
                    param[i] += amount[i];
                }
                assertArrayEquals(whole.values(), param, "step " + step);
            }
        }
    }

    @Test
    void keepAnUnusedSlotWhileAScheduleHasTheMomentumAtZero() {
        UpdateRule rule = UpdateRule.parse("RMSprop(lr=0.01, momentum=0.9, centered=True)");
        FloatArray whole = new FloatArray(values(SOME));
        Library library = new Library(rule, values(SOME));
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(whole))) {
            for (int step = 1; step <= STEPS; step++) {
                UpdateRule now = rule.withMomentum(step % 3 == 0 ? 0 : 0.9);
                fill(library.grad, step);
                whole.setGrad(library.grad);
                optimizer.groups().get(0).setRule(now);
                optimizer.step();
                library.pieces.step(now, now.lr(), step, step == 1);
                assertArrayEquals(whole.values(), library.param, "step " + step);
            }
        }
    }

    @Test
    void haveANumberPerParameterInEachElement() {
        UpdateRule rule = UpdateRule.parse("NAdam(lr=0.01)");
        FloatArray whole = new FloatArray(values(SOME));
        Library library = new Library(rule, values(SOME));
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(whole))) {
            fill(library.grad, 1);
            whole.setGrad(library.grad);
            optimizer.step();
            library.pieces.step(rule, rule.lr(), 1, true);
        }
        float product = (float) (0.9 * (1 - 0.5 * Math.pow(0.96, 0.004))); // NAdam's strength at its step 1
        float[] all = new float[SOME];
        Arrays.fill(all, product);
        assertArrayEquals(all, library.kept.get(0));
    }

    /** A rule that scales by a norm of the whole parameter, sees it as a matrix, or averages it, cannot be cut. */
    @Test
    void areRefusedOfARuleThatSeesTheWholeParameter() {
        Set<String> whole = UpdateRule.kinds().stream()
                .map(kind -> UpdateRule.parse(kind.name() + "()"))
                .filter(rule -> !rule.isElementwise())
                .map(rule -> rule.kind().name())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(
                new TreeSet<>(Set.of(
                        "ASGD",
                        "Adafactor",
                        "AdamWScheduleFree",
                        "DAdaptAdam",
                        "DAdaptSGD",
                        "LBFGS",
                        "Lamb",
                        "Muon",
                        "Prodigy",
                        "SGDScheduleFree")),
                whole);
        Library library = new Library(new SGD(0.1), values(3));
        UpdateRule lamb = UpdateRule.parse("Lamb()");
        String refused = assertThrows(IllegalArgumentException.class, () -> library.pieces.step(lamb, 0.1, 1, true))
                .getMessage();
        assertEquals("rule must be elementwise to update a parameter in pieces, but was " + lamb, refused);
    }

    @Test
    void areRefusedOfARuleWithASlotThatIsNotKept() {
        Library library = new Library(new SGD(0.1), values(3));
        UpdateRule momentum = new SGD(0.1).withMomentum(0.9);
        String refused = String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> library.pieces.step(momentum, 0.1, 1, true))
                        .getMessage());
        assertTrue(refused.startsWith("rule must have slots among [], but was SGD(lr=0.1, momentum=0.9)"), refused);
        Memory memory = new Memory(new float[3]);
        assertEquals(
                "kept must have 1 entries, one per slot, but had 0",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new Pieces(3, memory, memory, List.of(new Slot("exp_avg")), List.of()))
                        .getMessage());
    }

    /** A user's rule, which has no kernel. */
    record Halving(
            @Param(or = "1e-4", always = true, atLeast = 0) double lr) implements UpdateRule {
        static final Kind<Halving> KIND = Kind.of(Halving.class, "steps by half of what it stepped before");

        Halving {
            lr = KIND.check("lr", lr);
        }

        @Override
        public List<Slot> slots(int dimensions) {
            return List.of(new Slot("half"));
        }

        @Override
        public boolean isElementwise() {
            return true;
        }

        @Override
        public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
            batch.forEach(0, (param, grad, slots, spares) -> {
                vectors.scale(slots.get(0), 0.5);
                vectors.add(slots.get(0), grad, 1);
                vectors.add(param, slots.get(0), -batch.lr());
            });
        }

        @Override
        public Kind<Halving> kind() {
            return KIND;
        }

        @Override
        public String toString() {
            return KIND.print(this);
        }
    }

    @Test
    void runARuleThatIsComposedOfVectorOperations() {
        Library library = new Library(new Halving(0.5), values(3));
        float[] start = library.param.clone();
        library.grad[1] = 8;
        library.pieces.step(new Halving(0.5), 0.5, 1, true);
        library.pieces.step(new Halving(0.5), 0.25, 2, false);
        assertEquals(start[1] - 4f - 3f, library.param[1], 1e-6f); // 8 * 0.5, then (8 / 2 + 8) * 0.25
        assertEquals(12f, library.kept.get(0)[1]);
        assertEquals(start[0], library.param[0]);
    }

    @Test
    void decayTheParameterItselfWhereTheRuleSaysSo() {
        assertTrue(UpdateRule.parse("AdamW()").decouplesWeightDecay());
        assertTrue(UpdateRule.parse("Lion()").decouplesWeightDecay());
        assertTrue(UpdateRule.parse("RAdam(decoupled_weight_decay=True)").decouplesWeightDecay());
        assertFalse(UpdateRule.parse("RAdam()").decouplesWeightDecay());
        assertFalse(UpdateRule.parse("SGD()").decouplesWeightDecay());
    }
}
