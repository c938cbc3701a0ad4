package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.anneal.optim.Averaging;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Null is refused where it is given, by the name of the argument. */
class NullArgumentsTest {
    private static final Map<Class<?>, Object> SAMPLES = new LinkedHashMap<>();

    static {
        SAMPLES.put(Schedule.class, new StepLR(3));
        SAMPLES.put(Policy.class, new StepLR(3));
        SAMPLES.put(StepPer.class, StepPer.BATCH);
        SAMPLES.put(UpdateRule.class, new SGD(0.1));
        SAMPLES.put(Averaging.class, Averaging.swa());
        SAMPLES.put(String.class, "*_bias");
        SAMPLES.put(Path.class, Path.of("last.pt"));
        SAMPLES.put(double.class, 0.5);
        SAMPLES.put(int.class, 1);
        SAMPLES.put(Function.class, Function.identity());
        SAMPLES.put(Map.class, Map.of());
        SAMPLES.put(List.class, List.of());
        SAMPLES.put(LRScheduler.OnChange.class, LRScheduler.OnChange.REFUSE);
        SAMPLES.put(DjlOptimizer.class, Djl.optimizer(new SGD(0.1)));
        SAMPLES.put(DjlRates.class, Djl.rates(0.1));
    }

    @TestFactory
    Stream<DynamicTest> everyFactoryAndSettingRefusesNull() {
        List<DynamicTest> tests = new ArrayList<>();
        List<Object> settable = List.of(
                Djl.optimizer(new SGD(0.1)),
                Djl.rates(0.1),
                Djl.listener(Djl.rates(0.1)),
                Djl.tracker(new StepLR(3), 1));
        for (Class<?> type :
                List.of(Djl.class, DjlOptimizer.class, DjlRates.class, DjlListener.class, ScheduleTracker.class)) {
            for (Method method : type.getDeclaredMethods()) {
                boolean factory = Modifier.isStatic(method.getModifiers());
                if (!Modifier.isPublic(method.getModifiers())
                        || method.isSynthetic()
                        || (!factory && method.getReturnType() != type)) {
                    continue;
                }
                Object on = factory
                        ? null
                        : settable.stream().filter(type::isInstance).findFirst().orElseThrow();
                for (int i = 0; i < method.getParameterCount(); i++) {
                    if (method.getParameterTypes()[i].isPrimitive()) {
                        continue;
                    }
                    int place = i;
                    tests.add(DynamicTest.dynamicTest(method + " " + i, () -> {
                        Object[] arguments = new Object[method.getParameterCount()];
                        for (int k = 0; k < arguments.length; k++) {
                            arguments[k] = k == place ? null : SAMPLES.get(method.getParameterTypes()[k]);
                        }
                        Throwable thrown = Objects.requireNonNull(
                                assertThrows(InvocationTargetException.class, () -> method.invoke(on, arguments))
                                        .getCause());
                        assertEquals(NullPointerException.class, thrown.getClass());
                        // a name; that of the parameter itself is not in the class file
                        assertTrue(String.valueOf(thrown.getMessage()).matches("[a-z]+"), thrown.getMessage());
                    }));
                }
            }
        }
        assertTrue(tests.size() >= 12, tests.size() + " tests");
        return tests.stream();
    }
}
