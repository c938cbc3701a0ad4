package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values go through Java's serialization, by which Spark sends them to its executors. */
class SerializationTest {
    /** A schedule of one's own, which says nothing of serialization. */
    record Halving(@Param(atLeast = 1) long every, @Param List<LrLambda> factor) implements Schedule {
        static final Kind<Halving> KIND = Kind.of(Halving.class, "falls by half");

        Halving {
            every = KIND.check("every", every);
            factor = KIND.check("factor", factor);
        }

        @Override
        public double at(long step, double base) {
            return base * factor.get(0).at(step) / (1L << (step / every));
        }

        @Override
        public double next(long step, double current, double base) {
            return at(step, base);
        }

        @Override
        public Kind<Halving> kind() {
            return KIND;
        }
    }

    private static byte[] write(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream stream = new ObjectOutputStream(bytes)) {
            stream.writeObject(value);
        }
        return bytes.toByteArray();
    }

    private static Object copy(Object value) throws IOException, ClassNotFoundException {
        try (ObjectInputStream stream = new ObjectInputStream(new ByteArrayInputStream(write(value)))) {
            return stream.readObject();
        }
    }

    private static boolean hasJavaFunction(Object policy) {
        return policy.toString().contains("lr_lambda=java");
    }

    static Stream<Object> values() {
        List<Object> values = new ArrayList<>(List.of(
                new CyclicLR(0.1, 1).withScaleFn(LrLambda.parse("lambda x: 1 / (5 ** x)"), CyclicLR.ScaleMode.CYCLE),
                new Halving(3, List.of(LrLambda.parse("lambda s: 0.5 ** s"))),
                new StepLR(3).then(5, new ReduceLROnPlateau().withMinLr(List.of(0.1, 0.2))),
                new StepLR(3).times(new CosineAnnealingLR(4)).times(new ReduceLROnPlateau()),
                new StepLR(3).then(5, new Halving(3, List.of(LrLambda.parse("lambda s: 1")))),
                LrLambda.parse("lambda s: 0.9 ** s"),
                new Muon(0.1).withAdjustLr(Muon.AdjustLr.MATCH_RMS_ADAMW),
                new Adafactor(0.1).withEps(1e-20, 1e-3)));
        ResumeTest.programs()
                .flatMap(program -> program.policies().stream())
                .filter(p -> !hasJavaFunction(p))
                .forEach(values::add);
        UpdateRule.kinds().forEach(kind -> values.add(UpdateRule.parse(kind.name() + "(lr=0.25)")));
        return values.stream();
    }

    @ParameterizedTest
    @MethodSource("values")
    void isEqualAfterSerialization(Object value) throws Exception {
        assertEquals(value, copy(value));
        assertEquals(value.toString(), copy(value).toString());
        if (value instanceof Schedule schedule) {
            assertEquals(
                    schedule.forGroup(0, 2).at(4, 0.5),
                    ((Schedule) copy(value)).forGroup(0, 2).at(4, 0.5));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"CyclicLR([0.1], [1.0], scale_fn=lambda x: 0.5)", "MultiplicativeLR([lambda s: 0.5])"})
    void keepsAListOfOneGroupApartFromAValueForAll(String text) throws Exception {
        Policy copy = (Policy) copy(Policy.parse(text));
        assertEquals(Policy.parse(text).toString(), copy.toString());
        assertThrows(IllegalArgumentException.class, () -> ((Schedule) copy).forGroup(0, 2));
    }

    @Test
    void everyKindIsTried() {
        assertTrue(values().map(Object::getClass)
                .collect(Collectors.toSet())
                .containsAll(Stream.concat(Policy.kinds().stream(), UpdateRule.kinds().stream())
                        .map(Kind::type)
                        .toList()));
    }

    /** A kind that forgets how an Optional is written. */
    record Forgetful(@Param long every, @Param(or = "None") Optional<LrLambda> factor) implements Declared {
        @Override
        public Kind<?> kind() {
            return Kind.of(Forgetful.class, "forgets");
        }
    }

    @Test
    void refusesToDeclareARecordThatCouldNotBeWritten() {
        String message = assertThrows(IllegalStateException.class, () -> new Forgetful(1, Optional.empty()).kind())
                .getMessage();
        assertEquals(
                "Forgetful cannot be declared as a kind: it is Serializable, but its component factor is not (Optional): add a"
                        + " private Object writeReplace() that returns Policy.serialized(this) or"
                        + " UpdateRule.serialized(this)",
                message);
    }

    @Test
    void everyCompositeIsTried() {
        Set<Class<?>> tried = values().map(Object::getClass).collect(Collectors.toSet());
        assertEquals(
                Set.of(),
                Stream.of(ComposedPlateau.class.getPermittedSubclasses())
                        .filter(type -> !tried.contains(type))
                        .collect(Collectors.toSet()));
    }

    @Test
    void refusesAJavaFunctionByName() {
        Schedule function = Schedule.of("halves_above", (step, current, base) -> current / 2);
        assertRefused("halves_above cannot be serialized, because its text cannot be read back (", function);
        assertRefused("halves_above cannot be", new CosineAnnealingLR(3).then(2, function));
        assertRefused("halves_above cannot be", function.times(new StepLR(3)));
        assertRefused("halves_above cannot be", function.times(new ReduceLROnPlateau()));
        assertRefused("halves_above cannot be", function.then(5, new ReduceLROnPlateau()));
        assertRefused(
                "table cannot be serialized, as its text cannot be read back: a Java function has none",
                new LambdaLR("table", step -> 1));
        assertRefused(
                "CyclicLR(base_lr=0.1, max_lr=1.0, scale_fn=shrinks) cannot be serialized",
                new CyclicLR(0.1, 1).withScaleFn(LrLambda.named("shrinks", x -> 1), CyclicLR.ScaleMode.CYCLE));
    }

    private static void assertRefused(String start, Object value) {
        String message = String.valueOf(
                assertThrows(NotSerializableException.class, () -> write(value)).getMessage());
        assertTrue(message.startsWith(start), message);
    }
}
