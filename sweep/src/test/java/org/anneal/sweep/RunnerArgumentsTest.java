package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Null is refused where it is given, by the name of the argument. */
class RunnerArgumentsTest {
    private static final Map<Class<?>, Object> SAMPLES = Map.of(
            String.class,
            "local[1]",
            int.class,
            1,
            Path.class,
            Path.of("runs"),
            List.class,
            List.of("java"),
            Worker.Program.class,
            new FakeTraining());

    @TestFactory
    List<DynamicTest> everyFactoryRefusesNull() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Class<?> type : List.of(LocalProcesses.class, SparkCluster.class, Worker.class)) {
            Stream<Executable> factories = Stream.concat(
                    Stream.of(type.getConstructors()),
                    Stream.of(type.getMethods()).filter(method -> Modifier.isStatic(method.getModifiers())));
            for (Executable factory : factories.toList()) {
                for (int i = 0; i < factory.getParameterCount(); i++) {
                    int place = i;
                    if (!factory.getParameterTypes()[i].isPrimitive()) {
                        tests.add(DynamicTest.dynamicTest(factory + " " + i, () -> refusesNull(factory, place)));
                    }
                }
            }
        }
        assertEquals(3 + 4 + 2, tests.size());
        return tests;
    }

    private static void refusesNull(Executable factory, int place) {
        Object[] arguments = new Object[factory.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = i == place ? null : SAMPLES.get(factory.getParameterTypes()[i]);
        }
        Throwable thrown = Objects.requireNonNull(assertThrows(InvocationTargetException.class, () -> {
                    if (factory instanceof Constructor<?> constructor) {
                        constructor.newInstance(arguments);
                    } else {
                        ((Method) factory).invoke(null, arguments);
                    }
                })
                .getCause());
        assertEquals(NullPointerException.class, thrown.getClass());
        // a name; that of the parameter itself is not in the class file
        assertTrue(String.valueOf(thrown.getMessage()).matches("[a-z]+"), thrown.getMessage());
    }
}
