package org.anneal.examples;

import static java.util.stream.Collectors.toCollection;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds each program to what PyTorch printed, by the names of examples/tutorials.py. */
class TutorialsTest {
    private static final Path EXPECTED = Path.of("src/test/resources/expected");
    private static final Path TESTS = Path.of("src/test/java/org/anneal/examples");
    private static final Path PROGRAMS = Path.of("src/main/java/org/anneal/examples");

    private static final Map<String, Class<?>> BY_NAME = new TreeMap<>(Map.of(
            "step_lr", StepLRExample.class,
            "multi_step_lr", MultiStepLRExample.class,
            "exponential_lr", ExponentialLRExample.class,
            "cosine_annealing_lr", CosineAnnealingLRExample.class,
            "reduce_lr_on_plateau", ReduceLROnPlateauExample.class,
            "lambda_lr", LambdaLRExample.class,
            "multiplicative_lr", MultiplicativeLRExample.class,
            "thawing", ThawingExample.class,
            "every_10000_steps", EveryTenThousandStepsExample.class,
            "swa", SwaExample.class));

    static Stream<Arguments> programs() {
        return BY_NAME.entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void printsWhatPyTorchPrints(String name, Class<?> program) throws IOException, ReflectiveOperationException {
        assertEquals(Files.readAllLines(EXPECTED.resolve(name + ".txt")), Output.of(program));
    }

    @Test
    void everyExpectedFileHasItsProgram() throws IOException {
        assertEquals(BY_NAME.keySet(), stems(EXPECTED, ".txt"));
    }

    @Test
    void everyProgramHasItsExpectedFileOrATestOfItsOwn() throws IOException {
        Set<String> tested = BY_NAME.values().stream().map(Class::getSimpleName).collect(toCollection(TreeSet::new));
        stems(TESTS, "ExampleTest.java").forEach(name -> tested.add(name + "Example"));
        Set<String> programs = stems(PROGRAMS, ".java");
        programs.removeIf(name -> !name.endsWith("Example"));
        assertEquals(tested, programs);
    }

    /** {@return the names of the files in {@code folder} that end in {@code extension}, without it} */
    private static Set<String> stems(Path folder, String extension) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(extension))
                    .map(name -> name.substring(0, name.length() - extension.length()))
                    .collect(toCollection(TreeSet::new));
        }
    }
}
