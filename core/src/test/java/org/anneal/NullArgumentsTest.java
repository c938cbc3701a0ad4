package org.anneal;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import java.util.function.LongToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.array.Mirror;
import org.anneal.array.Pieces;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.PythonReference;
import org.anneal.checkpoint.Storage;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchDevice;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.Comparison;
import org.anneal.optim.Engine;
import org.anneal.optim.GroupSlot;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LayerDecay;
import org.anneal.optim.Muon;
import org.anneal.optim.NamePatterns;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.Schedulable;
import org.anneal.optim.SchedulerState;
import org.anneal.optim.Simulation;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.Examples;
import org.anneal.schedule.Finding;
import org.anneal.schedule.GreedyLR;
import org.anneal.schedule.MetricDriven;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RateFunction;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Remedy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.SavedCall;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.SmoothedMetric;
import org.anneal.schedule.StateEntries;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.anneal.text.Check;
import org.anneal.text.Context;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Lengths;
import org.anneal.text.LrLambda;
import org.anneal.text.Peer;
import org.anneal.text.PerGroup;
import org.anneal.text.Python;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonProgram;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Null is refused where it is given, by the name of the argument. */
class NullArgumentsTest {
    private static final List<String> PACKAGES = List.of("text", "schedule", "optim", "array", "checkpoint");

    /** What constructors check their arguments with, by the names of these. */
    private static final Set<Class<?>> CHECKERS = Set.of(Check.class, PerGroup.class);

    @TempDir
    static Path folder;

    private static FloatArray param() {
        FloatArray param = new FloatArray(new float[] {1, 2, 3, 4}, List.of(2L, 2L));
        param.setGrad(1, 2, 3, 4);
        return param;
    }

    private static final Map<String, Schedule> DRIVES = Map.of("weight_decay", new StepLR(3));

    private static Optimizer<FloatArray> optimizer() {
        return FloatArrays.optimizer(new SGD(0.1), List.of(param()));
    }

    private static StateEntries.Run run() {
        return new StateEntries.Run(new StepLR(3), List.of(0.1), List.of(0.1), false, Optional.empty());
    }

    private static LRScheduler runner() {
        return new LRScheduler(optimizer(), new StepLR(3));
    }

    /** A value of each kind, of which constructors are called with its components and its methods are called. */
    private static List<Object> values() {
        List<Object> values = new ArrayList<>();
        Stream<Policy> composed = Stream.of(
                        "ChainedScheduler([StepLR(3), ReduceLROnPlateau()])",
                        "SequentialLR([StepLR(3), StepLR(4)], [5])",
                        "SequentialLR([StepLR(3), ReduceLROnPlateau()], [5])")
                .map(Policy::parse);
        Examples.with(composed, Examples.policies()).forEach(values::add);
        UpdateRule.kinds().stream()
                .map(Kind::type)
                .map(rule -> UpdateRule.parse(rule.getSimpleName() + "()"))
                .forEach(values::add);
        values.addAll(List.of(
                new RunLength(10, 5),
                new SchedulerCall(new StepLR(3), -1, List.of("a note")),
                new Finding(0, "a problem", "a suggestion"),
                Remedy.set(new StepLR(3), "step_size", 4),
                Comparison.of(new double[] {1}, new double[] {2}, 0),
                new Comparison.Difference(0, 1, 2),
                new ReduceLROnPlateau.State(0, 0, 0),
                new GreedyLR.State(0, 0, 0, 0, 0, 1, List.of(0.1), List.of(0.5), 0.5),
                new SmoothedMetric.State(0, 0, List.of(0.5), 0.5, 0, 0, new ReduceLROnPlateau.State(0, 0, 0)),
                run(),
                new Python.Tuple(List.of(1)),
                new Python.Complex(1, 2),
                new SavedSchedule("LambdaLR(lr_lambda=LAMBDA)", List.of("LAMBDA is a function")),
                new Slot("exp_avg"),
                new GroupSlot("k", 0L),
                new Averaging.Swa(),
                new Averaging.Ema(0.9),
                new Averaging.ScheduledEma(0.9, new StepLR(3)),
                new AveragedModel.Entry<>("w", param(), param(), false),
                new RangeTest.Point(0.1, 1, 1),
                new RangeResult.Suggestion(RangeResult.Rule.VALLEY, 0.1, 1),
                new Mirror<>(new MirrorArrays(), new SGD(0.1), Map.of("w", param())),
                new Mirror.Group<>("all", new SGD(0.1), Map.of("w", param())),
                new LRScheduler(optimizer(), new StepLR(3), DRIVES).state(),
                new SchedulerState.Drive("weight_decay", 0, "StepLR(step_size=3)", 0.1, 0.1, 0.1),
                TensorData.of(new float[4], List.of(4L)),
                new PythonReference("torch.strided"),
                new TorchDevice("cpu", Optional.empty())));
        return values;
    }

    private static final class MirrorArrays implements Mirror.Library<FloatArray> {
        @Override
        public List<Long> shape(FloatArray array) {
            return array.shape();
        }

        @Override
        public void read(FloatArray array, float[] into) {
            System.arraycopy(array.values(), 0, into, 0, into.length);
        }

        @Override
        public void write(float[] from, FloatArray array) {
            System.arraycopy(from, 0, array.values(), 0, from.length);
        }
    }

    private static final class PieceFloats implements Pieces.Floats {
        @Override
        public void read(int from, float[] into) {}

        @Override
        public void write(float[] from, int at) {}
    }

    private static Object sample(Type type, Executable of) {
        if (type instanceof ParameterizedType generic) {
            Class<?> raw = (Class<?>) generic.getRawType();
            if (raw == List.class) {
                Type entry = generic.getActualTypeArguments()[0];
                boolean factors = of.getDeclaringClass() == Piecewise.class && entry == Double.class;
                int entries = of.getDeclaringClass() == Muon.class ? 3 : factors ? 2 : 1;
                return new ArrayList<>(Collections.nCopies(entries, sample(entry, of)));
            }
            return sample(raw, of);
        } else if (type instanceof TypeVariable<?>) {
            return param();
        } else if (type instanceof WildcardType wildcard) {
            return sample(wildcard.getUpperBounds()[0], of);
        }
        Map<Class<?>, Object> samples = new LinkedHashMap<>();
        samples.put(double.class, 0.5);
        samples.put(long.class, 7L);
        samples.put(int.class, 1);
        samples.put(boolean.class, true);
        samples.put(Object.class, 1L);
        samples.put(Long.class, 4L);
        samples.put(Double.class, 0.5);
        samples.put(String.class, text(of));
        samples.put(Policy.class, new StepLR(3));
        samples.put(Schedule.class, new StepLR(3));
        samples.put(ReduceLROnPlateau.class, new ReduceLROnPlateau());
        samples.put(MetricDriven.class, new ReduceLROnPlateau());
        samples.put(MetricDriven.Progress.class, new ReduceLROnPlateau.State(0, 0, 0));
        samples.put(Dict.class, new Dict("", new ReduceLROnPlateau.State(0, 0, 0).toMap()));
        samples.put(LrLambda.class, LrLambda.parse("lambda step: 0.5"));
        samples.put(LongToDoubleFunction.class, (LongToDoubleFunction) step -> 1);
        samples.put(LongConsumer.class, (LongConsumer) done -> {});
        samples.put(DoubleSupplier.class, (DoubleSupplier) () -> 1);
        samples.put(StateEntries.Run.class, run());
        samples.put(Lengths.class, Lengths.UNKNOWN);
        samples.put(Context.class, Context.EMPTY);
        samples.put(PythonProgram.class, PythonProgram.read("StepLR(SGD(), 3)", Context.EMPTY));
        samples.put(OptionalLong.class, OptionalLong.empty());
        samples.put(RunLength.class, new RunLength(10, 5));
        samples.put(Context.class, Context.EMPTY);
        samples.put(PythonProgram.class, PythonProgram.read("StepLR(3)", Context.EMPTY));
        samples.put(Function.class, Function.identity());
        samples.put(OptionalInt.class, OptionalInt.empty());
        samples.put(IntFunction.class, (IntFunction<String>) group -> "group " + group);
        samples.put(SchedulerCall.class, new SchedulerCall(new StepLR(3), -1, List.of()));
        samples.put(UpdateRule.class, new SGD(0.1));
        samples.put(Averaging.class, Averaging.swa());
        Optimizer<FloatArray> optimizer = optimizer();
        optimizer.rebase();
        samples.put(Optimizer.class, optimizer);
        samples.put(Schedulable.class, optimizer);
        samples.put(Optional.class, Optional.empty());
        samples.put(OptionalDouble.class, OptionalDouble.empty());
        samples.put(ParamGroup.class, new ParamGroup<>("late", new SGD(0.1), List.of(param())));
        samples.put(AveragedModel.Entry.class, new AveragedModel.Entry<>("w", param(), param(), false));
        samples.put(Engine.class, engine());
        samples.put(Mirror.Library.class, new MirrorArrays());
        samples.put(Mirror.Group.class, new Mirror.Group<>("late", new SGD(0.1), Map.of("v", param())));
        samples.put(FloatArray.class, param());
        samples.put(Slot.class, new Slot("exp_avg"));
        samples.put(Pieces.Floats.class, new PieceFloats());
        samples.put(byte[].class, new byte[] {1, 2, 3, 4});
        samples.put(float[].class, new float[] {1, 2, 3, 4});
        samples.put(double[].class, new double[] {1, 2, 3, 4});
        samples.put(Comparison.Difference.class, new Comparison.Difference(0, 1, 2));
        samples.put(long[].class, new long[] {4});
        samples.put(Object[].class, new Object[] {4});
        samples.put(
                Map.class,
                Set.of(LRScheduler.class, Simulation.class).contains(of.getDeclaringClass())
                        ? DRIVES
                        : of.getDeclaringClass() == SchedulerState.class
                                ? runner().state().toMap()
                                : Set.of(SavedSchedule.class, SavedCall.class, StateEntries.class)
                                                .contains(of.getDeclaringClass())
                                        ? runner().stateDict()
                                        : of.getDeclaringClass().getName().startsWith(Mirror.class.getName())
                                                        || of.getDeclaringClass() == LayerDecay.class
                                                        || of.getName().equals("averagedModel")
                                                ? Map.of("w", param())
                                                : of.getName().equals("write")
                                                        ? Map.of("w", TensorData.scalar(1))
                                                        : new SGD(0.1).options());
        samples.put(ToIntFunction.class, (ToIntFunction<String>) name -> 0);
        samples.put(Collection.class, List.of("step_size"));
        samples.put(Set.class, Set.of("lib"));
        samples.put(PythonCall.class, PythonCall.parse("StepLR(3)"));
        samples.put(Path.class, folder.resolve("file"));
        samples.put(Storage.class, TensorData.of(new float[8], List.of(8L)).storage());
        samples.put(DType.class, DType.FLOAT32);
        samples.put(Class.class, ReduceLROnPlateau.class);
        samples.put(RateFunction.class, (RateFunction) (step, current, base) -> current);
        samples.put(Enum.class, StepPer.BATCH);
        samples.put(Kind.class, new StepLR(3).kind());
        samples.put(Declared.class, new StepLR(3));
        samples.put(DoubleConsumer.class, (DoubleConsumer) value -> {});
        samples.put(IOException.class, new IOException("full"));
        samples.put(AtomicFile.Content.class, (AtomicFile.Content) file -> {});
        Class<?> wanted = (Class<?>) type;
        if (wanted.isEnum()) {
            return Array.get(wanted.getEnumConstants(), 0);
        }
        return Optional.ofNullable(samples.get(wanted))
                .orElseGet(() -> fail("this test needs a sample of " + wanted + " for " + of));
    }

    private static String text(Executable of) {
        if ((of.getName().equals("of") && of.getDeclaringClass() != Schedule.class)
                || (of.getDeclaringClass() == LrLambda.class && of.getName().equals("parse"))) {
            return "lambda step: 0.5";
        } else if (of.getName().equals("parse")
                || of.getName().equals("parseAll")
                || of.getDeclaringClass() == Peer.class) {
            return of.getDeclaringClass() == UpdateRule.class ? "SGD()" : "StepLR(3)";
        }
        if (of.getName().equals("formula")) {
            return "step";
        } else if (of.getDeclaringClass() == NamePatterns.class) {
            return "*";
        } else if (of.getDeclaringClass() == Remedy.class) {
            return "step_size";
        }
        return of.getDeclaringClass() == Python.class
                ? "1"
                : of.getDeclaringClass() == StateEntries.class ? "last_epoch" : "name";
    }

    private static Engine<FloatArray> engine() {
        try {
            Constructor<FloatArrays> make = FloatArrays.class.getDeclaredConstructor();
            make.setAccessible(true);
            return make.newInstance();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Set<Class<?>> publicClasses() throws Exception {
        Path root = Path.of(URI.create(
                Policy.class.getProtectionDomain().getCodeSource().getLocation().toString()));
        Set<Class<?>> classes = new LinkedHashSet<>();
        for (String name : PACKAGES) {
            try (Stream<Path> files = Files.list(root.resolve("org/anneal/" + name))) {
                for (Path file : files.sorted().toList()) {
                    String simple = file.getFileName().toString();
                    if (simple.endsWith(".class") && !simple.endsWith("-info.class")) {
                        Class<?> type = Class.forName("org.anneal." + name + "." + simple.replace(".class", ""));
                        if (isPublic(type) && !type.isEnum()) {
                            classes.add(type);
                        }
                    }
                }
            }
        }
        return classes;
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && Optional.<Class<?>>ofNullable(type.getEnclosingClass())
                        .map(NullArgumentsTest::isPublic)
                        .orElse(true);
    }

    @TestFactory
    Stream<DynamicTest> everyConstructorAndFactoryRefusesNull() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        List<Object> values = values();
        for (Class<?> type : publicClasses()) {
            if (CHECKERS.contains(type) || type == Checkup.class || Throwable.class.isAssignableFrom(type)) {
                continue; // made by this library, not by its users
            }
            Optional<Object> value = values.stream()
                    .filter(type::isInstance)
                    .filter(each -> each.getClass() == type)
                    .findFirst();
            for (Constructor<?> constructor : type.getConstructors()) {
                Optional<Object> components = type.isRecord()
                                && Arrays.equals(
                                        constructor.getParameterTypes(),
                                        Arrays.stream(type.getRecordComponents())
                                                .map(RecordComponent::getType)
                                                .toArray())
                        ? Optional.of(value.orElseGet(() -> fail("this test needs a value of " + type)))
                        : Optional.empty();
                tests.addAll(of(constructor, Optional.empty(), arguments(constructor, components)));
            }
            for (Method method : type.getDeclaredMethods()) {
                if (!Modifier.isPublic(method.getModifiers()) || method.isSynthetic()) {
                    continue;
                }
                boolean factory = Modifier.isStatic(method.getModifiers())
                        && !(type == Python.class && method.getName().equals("repr")); // to which null is None
                boolean changes = value.isPresent() && method.getName().startsWith("with");
                if (factory || changes) {
                    tests.addAll(of(method, value.filter(each -> changes), arguments(method, Optional.empty())));
                }
            }
        }
        for (Method method : Schedule.class.getDeclaredMethods()) {
            if (Set.of("then", "times", "afterWarmup").contains(method.getName())) {
                tests.addAll(of(method, Optional.of(new StepLR(3)), arguments(method, Optional.empty())));
            }
        }
        assertTrue(tests.size() > 100, tests.size() + " tests");
        return tests.stream();
    }

    private static Object[] arguments(Executable called, Optional<Object> record) {
        Type[] types = called.getGenericParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = record.isPresent() ? component(record.get(), i) : sample(types[i], called);
        }
        return arguments;
    }

    private static Object component(Object record, int i) {
        try {
            return record.getClass().getRecordComponents()[i].getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static List<DynamicTest> of(Executable called, Optional<Object> on, Object[] arguments) {
        List<DynamicTest> tests = new ArrayList<>();
        String name = called.getDeclaringClass().getSimpleName() + ": " + called;
        for (int i = 0; i < arguments.length; i++) {
            if (called.getParameterTypes()[i].isPrimitive() || called.getParameterTypes()[i] == Object.class) {
                continue;
            }
            int place = i;
            tests.add(DynamicTest.dynamicTest(name + " " + i, () -> {
                call(called, on, arguments);
                Object[] broken = arguments.clone();
                broken[place] = null;
                assertRefused(called, on, broken);
                if (arguments[place] instanceof List<?> list) {
                    List<Object> holed = new ArrayList<>(list);
                    holed.set(holed.size() - 1, null);
                    broken[place] = Collections.unmodifiableList(holed);
                    assertRefused(called, on, broken);
                }
            }));
        }
        return tests;
    }

    private static void assertRefused(Executable called, Optional<Object> on, Object[] arguments) {
        assertNamed(assertThrows(NullPointerException.class, () -> call(called, on, arguments)));
    }

    /** It has the argument's name, and not the JVM's words. */
    private static void assertNamed(NullPointerException refused) {
        String message = refused.getMessage();
        assertNotNull(message, "the message names no argument");
        assertTrue(message.matches("\\w+(\\[\\d+])?"), message);
    }

    private static void call(Executable called, Optional<Object> on, Object[] arguments) throws Throwable {
        try {
            if (called instanceof Constructor<?> constructor) {
                constructor.newInstance(arguments);
            } else {
                ((Method) called).invoke(on.orElse(null), arguments);
            }
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @Test
    @SuppressWarnings({"NullAway", "DataFlowIssue"}) // null is what is tried
    void whatRunsRefusesNull() {
        Optimizer<FloatArray> optimizer = optimizer();
        LRScheduler runner = new LRScheduler(optimizer, new StepLR(3));
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(List.of(param()), Averaging.swa());
        List<org.junit.jupiter.api.function.Executable> calls = List.of(
                () -> new LRScheduler(optimizer, (Policy) null),
                () -> new LRScheduler(optimizer, (Policy) null, 3),
                () -> new LRScheduler(null, new StepLR(3)),
                () -> new LRScheduler(optimizer, (List<Schedule>) null),
                () -> new LRScheduler(optimizer, Arrays.asList((Schedule) null)),
                () -> runner.join(null),
                () -> runner.join(optimizer.groups().get(0), null),
                () -> runner.restore(null),
                () -> runner.restore(runner.state(), null),
                () -> runner.loadStateDict(null),
                () -> runner.onSet(null),
                () -> optimizer.addParamGroup(null),
                () -> optimizer.group(null),
                () -> optimizer.step(null),
                () -> optimizer.loadStateDict(null),
                () -> optimizer.groups().get(0).setRule(null),
                () -> RangeTest.over(optimizer()).run(null),
                () -> RangeTest.over(optimizer()).group(null),
                () -> RangeTest.over(optimizer()).validation(null),
                () -> RangeTest.over(optimizer()).beforeStep(null),
                () -> RangeTest.over(optimizer()).keeping(null),
                () -> average.copyTo(null),
                () -> average.loadStateDict(null),
                () -> param().setGrad((float[]) null),
                () -> new CyclicLR(0.1, 1).withScaleFn(null, CyclicLR.ScaleMode.CYCLE),
                () -> new RunLength(10, 5).withStepPer((StepPer) null));
        calls.forEach(call -> assertNamed(assertThrows(NullPointerException.class, call)));
        runner.step();
        optimizer.step();
    }
}
