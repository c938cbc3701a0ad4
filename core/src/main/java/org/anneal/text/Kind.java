package org.anneal.text;

import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The declaration of a schedule, a plateau or an update rule: its record's components, in PyTorch's order, each annotated with
 * {@link Param}. It reads and prints calls, checks arguments, makes changed copies of a value, and writes values as Java.
 *
 * <pre>{@code
 *   static final Kind<StepLR> KIND = Kind.of(StepLR.class, "falls by a factor every step_size steps");
 *
 *   public StepLR {
 *       stepSize = KIND.check("step_size", stepSize);
 *       gamma = KIND.check("gamma", gamma);
 *   }
 * }</pre>
 *
 * <p>Once declared, it is safe for use by several threads.
 *
 * @param <R> the record
 */
public final class Kind<R extends Record> {
    public static final String LR_SCHEDULER = "torch.optim.lr_scheduler";
    public static final String SWA_UTILS = "torch.optim.swa_utils";
    private static final int SHORT = 3; // the most arguments for which Java code always calls the whole constructor

    private final Class<R> type;
    private final String says;
    private final List<Parameter> parameters = new ArrayList<>(); // the record's components
    private final List<String> signature = new ArrayList<>(); // of Python's call, as PythonCall.bind takes it
    private final Map<String, BiFunction<PythonCall.Arguments, Supplier<Object>, Object>> readings =
            new LinkedHashMap<>();
    private final Set<String> dropped = new HashSet<>();
    private final Map<String, String> fixed =
            new LinkedHashMap<>(); // dropped ones, by the only value that they may have
    private final Map<String, Predicate<R>> shown = new LinkedHashMap<>();
    private final Constructor<R> constructor;
    private List<String> order = List.of(); // the arguments that come first in PyTorch's state dict
    private boolean takesOptimizer = true;
    private Optional<String> module = Optional.empty(); // of Python's class, if there is one
    private LastEpoch lastEpoch = LastEpoch.AS_HERE;
    private Optional<Function<PythonCall.Arguments, Record>> reading = Optional.empty(); // of the whole call

    /**
     * A component of the record, as a parameter.
     *
     * @param argument the name of the argument that holds it: {@code betas} for {@code betas[0]}
     */
    record Parameter(
            String name,
            String component,
            ValueType<Object> type,
            Range range,
            Param param,
            Method accessor,
            Object absent,
            String argument) {
        Parameter(
                String name,
                String component,
                ValueType<Object> type,
                Range range,
                Param param,
                Method accessor,
                Object absent) {
            this(name, component, type, range, param, accessor, absent, name.replaceFirst("\\[.*", ""));
        }

        /** {@return whether a call must give it} */
        boolean required() {
            return param.or().isEmpty();
        }

        /** {@return the value as in PyTorch's state dict, where a default that is an int stays an int} */
        Object plain(Object value) {
            return value instanceof Double number
                            && param.or().matches("-?\\d+")
                            && Double.parseDouble(param.or()) == number
                    ? (Object) number.longValue()
                    : type.plain(value);
        }

        /** {@return whether a value is the default} */
        boolean isAbsent(Object value) {
            return value.equals(absent) && type.isSingle(value) == type.isSingle(absent);
        }

        Object of(Record record) {
            try {
                return accessor.invoke(record);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + component + " of " + record.getClass(), e);
            }
        }
    }

    /** How PyTorch's class treats {@code last_epoch}, compared with a runner here. */
    public enum LastEpoch {
        /** In the same way. */
        AS_HERE,
        /** It may continue from a rate other than the one in force. */
        APART,
        /** It refuses {@code last_epoch}, or starts over. */
        NOTHING
    }

    /** Stands for a default that depends on other arguments. */
    private static final Object NOT_ONE_VALUE = new Object();

    private Kind(Class<R> type, String says) {
        this.type = type;
        this.says = says;
        try {
            RecordComponent[] components = type.getRecordComponents();
            boolean hasText = Arrays.stream(components).anyMatch(each -> each.isAnnotationPresent(Param.class));
            for (RecordComponent component : hasText ? components : new RecordComponent[0]) {
                add(component);
                checkSerializable(component);
            }
            constructor = type.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
            constructor.setAccessible(true);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException(
                    type.getSimpleName() + " cannot be declared as a kind: " + e.getMessage(), e);
        }
    }

    /**
     * Declares a record. If it is in a named module, its package must be open to this one. A record without any {@link Param} has
     * no call of its own in text.
     *
     * @param says what it does, in a few words
     * @throws IllegalStateException if some components have a {@link Param} and others do not, if a component has a type
     *     that no parameter has, or if the record cannot be serialized: one with an {@link Optional} needs a
     *     {@code writeReplace()}
     */
    public static <R extends Record> Kind<R> of(Class<R> type, String says) {
        return new Kind<>(Objects.requireNonNull(type, "type"), Objects.requireNonNull(says, "says"));
    }

    /** {@return this, declared to be PyTorch's class of the same name} */
    public Kind<R> inPyTorch(String module, LastEpoch lastEpoch) {
        this.module = Optional.of(module);
        this.lastEpoch = lastEpoch;
        return this;
    }

    /** {@return this, declared to be the class of the same name in a Python package other than PyTorch} */
    public Kind<R> inPackage(String module) {
        this.module = Optional.of(module);
        return this;
    }

    /** {@return the module of Python's class, if there is one} */
    public Optional<String> module() {
        return module;
    }

    /** {@return how PyTorch's class treats {@code last_epoch}} */
    public LastEpoch lastEpoch() {
        return lastEpoch;
    }

    private void add(RecordComponent component) {
        Param param = Objects.requireNonNull(
                component.getAnnotation(Param.class), () -> component.getName() + " has no @Param");
        String name = param.name().isEmpty() ? snake(component.getName()) : param.name();
        ValueType<Object> valueType = ValueType.of(component, param);
        Object absent = param.or().isEmpty() || (param.or().equals("None") && !valueType.mayBeNone())
                ? NOT_ONE_VALUE
                : valueType.parse(param.or());
        component.getAccessor().setAccessible(true);
        parameters.add(new Parameter(
                name, component.getName(), valueType, Range.of(param), param, component.getAccessor(), absent));
        String argument = parameters.get(parameters.size() - 1).argument();
        String call = param.or().isEmpty() ? argument : argument + "=";
        if (!signature.contains(call)) {
            signature.add(call);
        }
    }

    /** Java serializes a record by its components, unless it has a method that replaces it. */
    private void checkSerializable(RecordComponent component) {
        Class<?> value = component.getType();
        boolean fits = value.isPrimitive() || value == List.class || Serializable.class.isAssignableFrom(value);
        if (!fits
                && Serializable.class.isAssignableFrom(type)
                && Arrays.stream(type.getDeclaredMethods())
                        .noneMatch(m -> m.getName().equals("writeReplace"))) {
            throw new IllegalStateException("it is Serializable, but its component " + component.getName() + " is not ("
                    + value.getSimpleName() + "): add a private Object writeReplace() that returns"
                    + " Policy.serialized(this) or UpdateRule.serialized(this)");
        }
    }

    private static String snake(String camel) {
        return camel.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    /** {@return this, which also reads the counts {@code names}, listed after the parameter {@code after}, to compute it} */
    public Kind<R> alsoReads(String after, String... names) {
        int at = after.isEmpty()
                ? -1
                : IntStream.range(0, signature.size())
                        .filter(i -> signature.get(i).replace("=", "").equals(after))
                        .findFirst()
                        .orElseThrow();
        for (String name : names) {
            signature.add(++at, name.equals("*") ? name : name + "=");
        }
        return this;
    }

    /** {@return this, which drops {@code names}, listed after the parameter {@code after}; those after {@code *} are keyword-only} */
    public Kind<R> drops(String after, String... names) {
        dropped.addAll(List.of(names));
        return alsoReads(after, names);
    }

    /**
     * {@return this, which takes arguments at Python's default only, listed after the parameter {@code after}, or first if that is
     * empty}
     *
     * @param defaults such as {@code reduction='mean'}
     */
    public Kind<R> takesOnly(String after, String... defaults) {
        for (String each : defaults) {
            String[] parts = each.split("=", 2);
            fixed.put(parts[0], parts[1]);
        }
        return drops(
                after, Stream.of(defaults).map(each -> each.split("=", 2)[0]).toArray(String[]::new));
    }

    /** {@return this, whose arguments must all be named, as others come before them in Python's call} */
    public Kind<R> named() {
        signature.add(0, "*");
        dropped.add("*");
        return this;
    }

    /**
     * {@return this, with a custom reading of a parameter}
     *
     * @param reading returns the value, given the call's arguments and a supplier of the usual reading
     */
    public Kind<R> reads(String name, BiFunction<PythonCall.Arguments, Supplier<Object>, Object> reading) {
        readings.put(parameter(name).name(), reading);
        return this;
    }

    /** {@return this, printed and saved with these arguments first, as in PyTorch's state dict} */
    public Kind<R> inOrder(String... first) {
        order = List.of(first);
        return this;
    }

    /** {@return this, with a custom reading of the whole call} */
    public Kind<R> reads(Function<PythonCall.Arguments, Record> reading) {
        this.reading = Optional.of(reading);
        return this;
    }

    /** {@return this, whose call does not start with an optimizer} */
    public Kind<R> withoutOptimizer() {
        takesOptimizer = false;
        return this;
    }

    /** {@return whether Python's call starts with the optimizer or the parameters} */
    public boolean takesOptimizer() {
        return takesOptimizer;
    }

    /** {@return this, which prints an optional parameter only if {@code when} holds} */
    public Kind<R> shows(String name, Predicate<R> when) {
        shown.put(parameter(name).name(), when);
        return this;
    }

    /** {@return the record} */
    public Class<R> type() {
        return type;
    }

    /** {@return the name of Python's class} */
    public String name() {
        return type.getSimpleName();
    }

    /** {@return the name of a record's first parameter that is a number of steps, and its value or values, rounded up} */
    public Optional<Map.Entry<String, List<Long>>> length(Record record) {
        return parameters.stream()
                .filter(each -> each.param().unit() == Param.Unit.STEPS)
                .findFirst()
                .map(each -> Map.entry(each.name(), each.type().steps(each.of(record))))
                .filter(each -> !each.getValue().isEmpty());
    }

    /** {@return what it does, in a few words} */
    public String says() {
        return says;
    }

    List<Parameter> parameters() {
        return parameters;
    }

    private Parameter parameter(String name) {
        for (Parameter parameter : parameters) {
            if (parameter.name().equals(name)) {
                return parameter;
            }
        }
        throw new IllegalArgumentException(name() + " has no parameter " + name);
    }

    /**
     * {@return the checked {@code value} of a parameter, with a list copied and -0.0 replaced by 0.0}
     *
     * @throws IllegalArgumentException if it is out of the parameter's range
     */
    @SuppressWarnings("unchecked") // a check returns the type that it is given
    public <V> V check(String name, V value) {
        Parameter parameter = parameter(name);
        return (V)
                parameter.type().check(name, Objects.requireNonNull(value, parameter.component()), parameter.range());
    }

    /** {@return the default of the parameter} */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the caller is the record, which knows the type
    public <V> V absent(String name) {
        return (V) parameter(name).absent();
    }

    /** {@return {@code record} with another value of the parameter} */
    public R with(Record record, String name, Object value) {
        Parameter changed = parameter(name);
        return make(parameters.stream()
                .map(each -> each.name().equals(changed.name()) ? value : each.of(record))
                .toArray());
    }

    /**
     * {@return {@code whole} with {@code changed} in the place of {@code part}, which is {@code whole} itself or, as the same
     * instance, a parameter of it or of its parameters}
     */
    public static Declared replace(Declared whole, Declared part, Declared changed) {
        Objects.requireNonNull(part, "part");
        Objects.requireNonNull(changed, "changed");
        return (Declared) replaced(Objects.requireNonNull(whole, "whole"), part, changed);
    }

    private static Object replaced(Object value, Object part, Declared changed) {
        if (value == part) {
            return changed;
        } else if (value instanceof Declared inner) {
            return inner.kind().remade((Record) inner, each -> replaced(each, part, changed));
        } else if (value instanceof List<?> list && list.stream().allMatch(Declared.class::isInstance)) {
            return list.stream().map(each -> replaced(each, part, changed)).toList();
        }
        return value;
    }

    /** {@return {@code whole}, its parameters that are declared, and theirs, each before its own} */
    public static Stream<Declared> parts(Declared whole) {
        return partsOf(Objects.requireNonNull(whole, "whole"));
    }

    private static Stream<Declared> partsOf(Object value) {
        if (value instanceof Declared inner) {
            return Stream.concat(
                    Stream.of(inner),
                    inner.kind().parameters.stream().flatMap(each -> partsOf(each.of((Record) inner))));
        }
        return value instanceof List<?> list ? list.stream().flatMap(Kind::partsOf) : Stream.empty();
    }

    /** {@return {@code record} with all its parameters changed; itself if it has none} */
    private Record remade(Record record, UnaryOperator<Object> change) {
        return parameters.isEmpty()
                ? record
                : make(parameters.stream()
                        .map(each -> change.apply(each.of(record)))
                        .toArray());
    }

    /** {@return whether there is a parameter of this name, such as {@code weight_decay} or {@code betas[0]}} */
    public boolean has(String name) {
        Objects.requireNonNull(name, "name");
        return parameters.stream().anyMatch(each -> each.name().equals(name));
    }

    /** {@return the names of the parameters that are a number in {@code record}, in PyTorch's order} */
    public List<String> numbers(Record record) {
        Objects.requireNonNull(record, "record");
        return parameters.stream()
                .filter(each -> each.type().plain(each.of(record)) instanceof Number)
                .map(Parameter::name)
                .toList();
    }

    /**
     * {@return the number that the parameter is in {@code record}}
     *
     * @throws IllegalArgumentException if it is none
     */
    public double number(Record record, String name) {
        Parameter parameter = parameter(name);
        if (parameter.type().plain(parameter.of(record)) instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(name + " must be a number, but was not one in " + record);
    }

    /**
     * {@return {@code record} with another number as the parameter}
     *
     * @throws IllegalArgumentException if {@code value} is out of range, or not whole where the parameter is
     */
    public R withNumber(Record record, String name, double value) {
        Object now = parameter(name).of(record);
        if (now instanceof Double) {
            return with(record, name, value);
        } else if (now instanceof OptionalDouble) {
            return with(record, name, OptionalDouble.of(value));
        }
        Check.that(value == Math.rint(value) && Math.abs(value) <= Integer.MAX_VALUE, name, "a whole number", value);
        return with(record, name, now instanceof Long ? (Object) (long) value : (Object) (int) value);
    }

    /**
     * {@return {@code record} for one of the param groups: each list per group is reduced to that group's entry}
     *
     * @param kept parameters that stay as they are
     */
    public R forGroup(Record record, int group, int groups, String... kept) {
        Check.group(group, groups);
        if (parameters.stream().noneMatch(each -> each.type().isPerGroup())) {
            return type.cast(record);
        }
        Set<String> asTheyAre = Set.of(kept);
        return make(parameters.stream()
                .map(each -> asTheyAre.contains(each.name())
                        ? each.of(record)
                        : each.type().forGroup(each.name(), each.of(record), group, groups))
                .toArray());
    }

    private R make(Object... values) {
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException refusal) {
                throw refusal;
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * {@return a new instance of a class that an annotation names}
     *
     * @throws IllegalStateException if the class cannot be created without arguments
     */
    public static <T> T create(Class<T> type) {
        try {
            Constructor<T> constructor = Objects.requireNonNull(type, "type").getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.getName() + " must have a constructor without arguments", e);
        }
    }

    /** {@return the names of the arguments, in the order of PyTorch's state dict} */
    public List<String> names() {
        return List.copyOf(arguments().keySet());
    }

    /** {@return the parameters as {@link PythonCall#bind} takes them} */
    public List<String> signature() {
        return signature;
    }

    /** {@return the value that a call's arguments give} */
    public Record read(PythonCall.Arguments arguments) {
        fixed.forEach(arguments::checkIs);
        arguments().forEach((name, parts) -> {
            if (isTuple(parts)) {
                arguments.unpack(
                        name,
                        parts.stream().map(part -> part.type().mayBeNone()).toList());
            }
        });
        return reading.isPresent()
                ? reading.get().apply(arguments)
                : make(UnknownNamesException.all(parameters, each -> read(each, arguments))
                        .toArray());
    }

    private Object read(Parameter parameter, PythonCall.Arguments arguments) {
        Supplier<Object> usual = () -> parameter.absent() == NOT_ONE_VALUE || arguments.isGiven(parameter.name())
                ? parameter.type().read(arguments, parameter.name())
                : parameter.absent();
        BiFunction<PythonCall.Arguments, Supplier<Object>, Object> own = readings.get(parameter.name());
        return own == null ? usual.get() : own.apply(arguments, usual);
    }

    /** {@return Python's call, with the required arguments and those that differ from their defaults} */
    public String print(Record record) {
        return print(record, part -> isShown(part, record));
    }

    /**
     * {@return the call of a changed {@code record} that had been {@code before}: an argument that was left out, as its default
     * depends on others, still is}
     */
    public String print(Record record, Record before) {
        return print(
                record,
                part -> isShown(part, record)
                        && (part.required() || part.absent() != NOT_ONE_VALUE || isShown(part, before)));
    }

    private String print(Record record, Predicate<Parameter> isIn) {
        List<String> shown = new ArrayList<>();
        boolean named = false;
        for (Map.Entry<String, List<Parameter>> each : arguments().entrySet()) {
            Parameter first = each.getValue().get(0);
            boolean isShown = each.getValue().stream().anyMatch(isIn);
            named |= !isShown || first.type().isNamed(); // in Python no argument by place follows these
            if (isShown) {
                shown.add((named ? each.getKey() + "=" : "")
                        + (isTuple(each.getValue())
                                ? Python.repr(plain(each.getValue(), record))
                                : first.type().python(first.of(record))));
            }
        }
        return shown.stream().collect(Collectors.joining(", ", name() + "(", ")"));
    }

    /** {@return the arguments by PyTorch's names, in the order of its state dict; None is an empty {@link Optional}} */
    public Map<String, Object> options(Record record) {
        Map<String, Object> options = new LinkedHashMap<>();
        arguments().forEach((name, parts) -> options.put(name, plain(parts, record)));
        return options;
    }

    /**
     * {@return a formula of {@code record}'s rate at each step}
     *
     * @param formula an expression of {@code step}, {@code base} and the parameters by PyTorch's names, or the statements of a
     *     {@code def} of it
     */
    public LrLambda formula(Record record, double base, String formula) {
        Map<String, Object> values = options(record);
        values.put("base", base);
        return LrLambda.formula(formula, values);
    }

    private static Object plain(List<Parameter> parts, Record record) {
        List<Object> values =
                parts.stream().map(part -> part.plain(part.of(record))).toList();
        return isTuple(parts) ? new Python.Tuple(values) : values.get(0);
    }

    private static boolean isTuple(List<Parameter> parts) {
        return !parts.get(0).argument().equals(parts.get(0).name());
    }

    /** {@return the parameters by argument; a tuple has several} */
    private Map<String, List<Parameter>> arguments() {
        Map<String, List<Parameter>> arguments = new LinkedHashMap<>();
        order.forEach(name -> arguments.put(name, new ArrayList<>()));
        parameters.forEach(each -> arguments
                .computeIfAbsent(each.argument(), none -> new ArrayList<>())
                .add(each));
        return arguments;
    }

    private boolean isShown(Parameter parameter, Record record) {
        Predicate<R> own = shown.get(parameter.name());
        return own != null
                ? own.test(type.cast(record))
                : parameter.param().always() || !parameter.isAbsent(parameter.of(record));
    }

    /**
     * {@return Java that builds a value equal to {@code record}}
     *
     * @param names returns the name by which the code refers to a class
     */
    public String java(Record record, Function<Class<?>, String> names) {
        return parameters.size() <= SHORT ? constructor(record, parameters, names, false) : chain(record, names);
    }

    /** {@return a short constructor with a {@code with...} per other argument if the record has them, or else the whole one} */
    private String chain(Record record, Function<Class<?>, String> names) {
        Predicate<Parameter> isNeeded = each -> each.required() || each.name().equals("lr"); // which every rule takes
        List<Parameter> needed = parameters.stream().filter(isNeeded).toList();
        List<Parameter> given = parameters.stream()
                .filter(each -> !isNeeded.test(each) && isShown(each, record))
                .toList();
        boolean single = needed.stream().allMatch(each -> each.type().isSingle(each.of(record)));
        boolean chains = hasConstructor(needed.stream().map(each -> each.type().javaType(single)))
                && given.stream().allMatch(each -> hasWith(each, record));
        if (!chains) {
            return constructor(record, parameters, names, false);
        }
        return given.stream()
                .map(each -> "." + wither(each) + "("
                        + each.type().java(each.of(record), each.type().isSingle(each.of(record)), names) + ")")
                .collect(Collectors.joining("", constructor(record, needed, names, single), ""));
    }

    private String constructor(Record record, List<Parameter> given, Function<Class<?>, String> names, boolean single) {
        return given.stream()
                .map(each -> each.type().java(each.of(record), single, names))
                .collect(Collectors.joining(", ", "new " + names.apply(type) + "(", ")"));
    }

    private boolean hasConstructor(Stream<Class<?>> types) {
        List<Class<?>> wanted = types.collect(Collectors.toList());
        return Arrays.stream(type.getConstructors())
                .anyMatch(each -> List.of(each.getParameterTypes()).equals(wanted));
    }

    private boolean hasWith(Parameter parameter, Record record) {
        boolean single = parameter.type().isSingle(parameter.of(record));
        return Arrays.stream(type.getMethods())
                .anyMatch(each -> each.getName().equals(wither(parameter))
                        && List.of(each.getParameterTypes())
                                .equals(List.of(parameter.type().javaType(single))));
    }

    private static String wither(Parameter parameter) {
        String component = parameter.component();
        return "with" + component.substring(0, 1).toUpperCase(Locale.ROOT) + component.substring(1);
    }

    /**
     * {@return the declaration as plain values, for a form with a field per parameter} A kind has {@code name}, {@code says} and
     * {@code parameters}, in the order of Python's call. A parameter has {@code name}, {@code type}, {@code range} in words, and
     * {@code required} or {@code default}, which is None if it depends on other arguments. It may also have {@code least}, for
     * steps; {@code ends}, if it is the schedule's length or one of several that follow one another; {@code from} and {@code to}, the ends of a slider; and {@code values}, for a choice.
     */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", name());
        map.put("says", says);
        map.put(
                "parameters",
                signature.stream()
                        .map(each -> each.replace("=", ""))
                        .filter(each -> !dropped.contains(each))
                        .flatMap(this::describe)
                        .toList());
        return map;
    }

    private Stream<Map<String, Object>> describe(String argument) {
        List<Parameter> parts = parameters.stream()
                .filter(each -> each.argument().equals(argument))
                .toList();
        if (!parts.isEmpty()) {
            return parts.stream().map(Kind::describe);
        }
        Map<String, Object> count = new LinkedHashMap<>(); // from which another parameter is computed
        count.put("name", argument);
        count.put("type", "integer");
        count.put("from", 1);
        count.put("to", 1000);
        count.put("default", Optional.empty());
        return Stream.of(count);
    }

    private static Map<String, Object> describe(Parameter parameter) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", parameter.name());
        map.put("type", parameter.type().control());
        map.put("range", parameter.type().rule(parameter.range()));
        double[] slider = parameter.param().slider();
        if (slider.length == 2) {
            map.put("from", slider[0]);
            map.put("to", slider[1]);
        }
        if (parameter.param().unit() == Param.Unit.STEPS) {
            map.put(
                    "least",
                    Math.max(parameter.range().least(), parameter.range().open() ? 1 : 0));
        }
        if (parameter.param().ends()) {
            map.put("ends", true);
        }
        if (!parameter.type().choices().isEmpty()) {
            map.put("values", parameter.type().choices());
        }
        if (parameter.required()) {
            map.put("required", true);
        } else {
            map.put(
                    "default",
                    parameter.absent() == NOT_ONE_VALUE
                            ? Optional.empty()
                            : parameter.type().plain(parameter.absent()));
        }
        return map;
    }

    @Override
    public String toString() {
        return name() + "(" + String.join(", ", signature) + ")";
    }
}
