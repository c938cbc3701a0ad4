package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.convert.Target;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.SGD;
import org.anneal.optim.SavedSchedule;
import org.anneal.plot.Plot;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.Param;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A schedule from outside, declared once, is in all places. */
class ThrowawayTest {
    @TempDir
    static Path folder;

    private final ClassLoader before = Thread.currentThread().getContextClassLoader();

    /** Falls by {@code gamma} at every step that {@code every} divides. */
    public record Sawtooth(
            @Param(unit = Param.Unit.STEPS, atLeast = 1) long every,

            @Param(
                    or = "0.5",
                    atLeast = 0,
                    slider = {0, 1})
            double gamma)
            implements Schedule {
        static final Kind<Sawtooth> KIND = Kind.of(Sawtooth.class, "falls back every so many steps");

        public Sawtooth {
            every = KIND.check("every", every);
            gamma = KIND.check("gamma", gamma);
        }

        @Override
        public double at(long step, double base) {
            return step % every == 0 && step > 0 ? base * gamma : base;
        }

        @Override
        public double next(long step, double current, double base) {
            return at(step, base);
        }

        @Override
        public Kind<Sawtooth> kind() {
            return KIND;
        }

        @Override
        public String toString() {
            return KIND.print(this);
        }
    }

    /** What the service file names. */
    public static final class Outside implements Kinds {
        @Override
        public List<Kind<?>> kinds() {
            return List.of(Sawtooth.KIND);
        }
    }

    @BeforeEach
    void comes() throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(Kinds.class.getName()), Outside.class.getName());
        Thread.currentThread()
                .setContextClassLoader(
                        new URLClassLoader(new URL[] {folder.toUri().toURL()}, before));
    }

    @AfterEach
    void goes() throws IOException {
        ((URLClassLoader) Thread.currentThread().getContextClassLoader()).close();
        Thread.currentThread().setContextClassLoader(before);
    }

    @Test
    void isReadAndPrinted() {
        Policy policy = Policy.parse("Sawtooth(optimizer, 4, gamma=1e-1)");
        assertEquals(new Sawtooth(4, 0.1), policy);
        assertEquals("Sawtooth(every=4, gamma=0.1)", policy.toString());
        assertEquals("Sawtooth(every=4)", new Sawtooth(4, 0.5).toString());
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> Policy.parse("Sawtooth(0)"));
        assertTrue(String.valueOf(refused.getMessage()).contains("every must be at least 1, but was 0"));
        Policy inSequence = Policy.parse("SequentialLR([Sawtooth(4), StepLR(3)], [9])");
        assertEquals(inSequence, Policy.parse(inSequence.toString()));
    }

    private static LRScheduler runner(Policy policy, int steps) {
        LRScheduler runner = new LRScheduler(FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(1f))), policy);
        for (int step = 0; step < steps; step++) {
            runner.step();
        }
        return runner;
    }

    @Test
    void runsAndIsResumed() {
        Sawtooth sawtooth = new Sawtooth(4, 0.25);
        LRScheduler at7 = runner(sawtooth, 7);
        assertEquals(List.of(1.0), at7.lastLr());
        Map<String, Object> dict = at7.stateDict();
        assertEquals(4L, dict.get("every"));
        assertEquals(0.25, dict.get("gamma"));
        assertEquals(Optional.of(sawtooth), SavedSchedule.of(dict, List.of()).policy());
        LRScheduler fromDict = runner(sawtooth, 0);
        fromDict.loadStateDict(dict);
        LRScheduler restored = runner(sawtooth, 0);
        restored.restore(at7.state());
        for (LRScheduler each : List.of(fromDict, restored)) {
            each.step();
            assertEquals(List.of(0.25), each.lastLr());
        }
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> runner(new Sawtooth(5, 0.25), 0).loadStateDict(dict));
        assertTrue(String.valueOf(refused.getMessage()).startsWith("every must be 5"), refused.getMessage());
    }

    @Test
    void isCheckedAndDrawn() throws IOException {
        assertEquals(List.of(), Checkup.of(new Sawtooth(4, 0.5), 100, 0.1).findings());
        assertEquals(1, Checkup.of(new Sawtooth(400, 0.5), 100, 0.1).findings().size());
        Path picture = folder.resolve("sawtooth.svg");
        Plot.of(new Sawtooth(4, 0.5)).withSteps(100).save(picture);
        assertTrue(Files.readString(picture).contains("Sawtooth(every=4)"));
    }

    @Test
    void isWrittenAsCode() {
        Policy policy = new Sawtooth(4, 0.25);
        String java = Target.JAVA.write(policy, -1, new SGD(0), List.of(new SGD(0.1)));
        assertTrue(java.contains("import org.anneal.web.ThrowawayTest.Sawtooth;\n"), java);
        assertTrue(java.contains("Sawtooth schedule = new Sawtooth(4, 0.25);\n"), java);
        assertEquals(
                "Sawtooth has no formula: it cannot be written for PyTorch",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Target.PYTORCH.write(policy, -1, new SGD(0), List.of(new SGD(0.1))))
                        .getMessage());
    }

    @Test
    void isInThePagesVocabulary() {
        Map<String, Object> kind = Policy.kinds().stream()
                .filter(each -> each.type() == Sawtooth.class)
                .map(Kind::toMap)
                .findFirst()
                .orElseThrow();
        assertEquals(
                List.of(
                        Map.of(
                                "name",
                                "every",
                                "type",
                                "steps",
                                "range",
                                "integer >= 1",
                                "least",
                                1.0,
                                "required",
                                true),
                        Map.of(
                                "name",
                                "gamma",
                                "type",
                                "number",
                                "range",
                                "finite and >= 0",
                                "from",
                                0.0,
                                "to",
                                1.0,
                                "default",
                                0.5)),
                kind.get("parameters"));
    }
}
