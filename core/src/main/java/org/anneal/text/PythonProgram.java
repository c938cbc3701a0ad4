package org.anneal.text;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A piece of a Python program: it is gone through once, statement by statement, and the calls that it makes of classes and
 * of unknown functions are kept. It reads no file and runs nothing; a name from outside is unknown until it is needed.
 */
public final class PythonProgram {
    private static final long MOST_OPERATIONS = 300_000;

    /** What may stand without its import. */
    private static final Map<String, String> ROOTS = Map.ofEntries(
            Map.entry("math", "math"),
            Map.entry("np", "np"),
            Map.entry("numpy", "np"),
            Map.entry("torch", "torch"),
            Map.entry("functools", "functools"),
            Map.entry("partial", "functools.partial"),
            Map.entry("bisect", "bisect"),
            Map.entry("optim", "torch.optim"),
            Map.entry("lr_scheduler", "torch.optim.lr_scheduler"),
            Map.entry("swa_utils", "torch.optim.swa_utils"));

    /** JSON's names of Python's constants. */
    private static final Map<String, Object> JSON = Map.of("true", true, "false", false, "null", Optional.empty());

    private final PythonText source;
    private final Context context;
    private final Runner machine = new Runner();
    private final Scope global = new Scope(machine);
    private final Map<String, Object> names =
            new LinkedHashMap<>(); // also of attributes and items, as they are printed
    private final List<PythonCall> calls = new ArrayList<>();
    private final List<Map<Object, Object>> dicts = new ArrayList<>();
    private final List<Statement.Def> functions = new ArrayList<>();
    private final Set<String> defined = new HashSet<>();
    private final List<Skipped> skipped = new ArrayList<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private Object lastValue = Optional.empty();
    private Optional<Expression> lastExpression = Optional.empty();
    private Optional<String> choice = Optional.empty();
    private boolean isOneExpression; // the whole text
    private boolean returned;

    /** An {@code if} whose condition is unknown, and the names of what its branches call. */
    private record Skipped(Unknown condition, Set<String> called) {}

    private PythonProgram(String text, Context context) {
        this.source = new PythonText(text);
        this.context = context;
    }

    /**
     * Reads a text.
     *
     * @throws PythonSyntaxException if it is no Python, or asks for too much
     */
    public static PythonProgram read(String text, Context context) {
        PythonProgram program = new PythonProgram(text, Objects.requireNonNull(context, "context"));
        List<Statement> statements = program.source.program();
        program.isOneExpression = statements.size() == 1 && statements.get(0) instanceof Statement.Computing;
        program.run(statements);
        return program;
    }

    /**
     * {@return the call that is meant: of the name that is picked, or the last of those that {@code named} takes}
     *
     * @param what what is asked for, as a message says it: {@code schedule}
     * @throws PythonSyntaxException if there is none, or it depends on a name from outside
     */
    public PythonCall meant(String what, Predicate<String> named) {
        if (context.picked().isPresent()) {
            return picked(what, named, context.picked().get());
        }
        PythonCall meant = lastOfAll(named).orElseGet(() -> anyCall(what));
        noteOthers(meant, what, named);
        return meant;
    }

    /** {@return the last call that {@code named} takes; if there is none, that of a function that is not called} */
    public Optional<PythonCall> lastOfAll(Predicate<String> named) {
        if (last(named).isEmpty() && !functions.isEmpty()) { // a piece may be a method that makes it
            List<Statement.Def> bodies = List.copyOf(functions);
            functions.clear();
            bodies.forEach(this::runBody);
        }
        for (Skipped each : skipped) {
            if (each.called().stream().anyMatch(named)) {
                throw unknown(each.condition());
            }
        }
        return last(named);
    }

    /** {@return the last call that {@code named} takes} */
    public Optional<PythonCall> last(Predicate<String> named) {
        return calls.stream()
                .filter(call -> !call.isOfText() && named.test(call.simpleName()))
                .reduce((first, second) -> second);
    }

    private PythonCall picked(String what, Predicate<String> named, String name) {
        Object picked = value(new PythonText(name).whole());
        if (picked instanceof PythonCall call && named.test(call.simpleName())) {
            return call;
        } else if (picked instanceof Unknown unknown && !unknown.names().containsKey(name)) {
            throw unknown(unknown); // it depends on an if
        }
        List<String> known = named(named);
        throw source.error(
                0,
                name + " is no " + what + " of this text"
                        + (known.isEmpty() ? "" : ", which has " + String.join(", ", known)));
    }

    /** Returns the names that have a call that {@code named} takes. */
    private List<String> named(Predicate<String> named) {
        return names.entrySet().stream()
                .filter(each -> each.getValue() instanceof PythonCall call && named.test(call.simpleName()))
                .map(Map.Entry::getKey)
                .toList();
    }

    private void noteOthers(PythonCall meant, String what, Predicate<String> named) {
        Set<PythonCall> members = Collections.newSetFromMap(new IdentityHashMap<>());
        meant.addMembers(members);
        List<String> others = named(named).stream()
                .filter(name -> !members.contains(names.get(name)))
                .toList();
        if (!others.isEmpty() && named.test(meant.simpleName())) {
            choice =
                    Optional.of("the last " + what + " of the text is taken; it also has " + String.join(", ", others));
            notes.add(choice.get());
        }
    }

    /** Returns the call that is all the text, for a message that says what is wrong with it. */
    private PythonCall anyCall(String what) {
        Optional<PythonCall> step = unmadeStep();
        if (step.isPresent()) {
            String name = PythonText.shortened(step.get().owner());
            throw step.get()
                    .error("the text makes no " + what + ": it lacks the line that makes '" + name + "', such as '"
                            + name + " = StepLR(optimizer, step_size=30)'");
        }
        if (isOneExpression && lastValue instanceof PythonCall call) {
            return call;
        }
        if (!isOneExpression || !functions.isEmpty()) {
            String example = functions.isEmpty()
                    ? "'StepLR(step_size=30)'"
                    : "'LambdaLR(optimizer, "
                            + PythonText.shortened(
                                    functions.get(functions.size() - 1).name())
                            + ")' if that function gives the factor at a step";
            throw source.error(
                    lastExpression.orElse(new Expression.None()),
                    "the text makes no " + what + ", such as " + example
                            + (calls.isEmpty()
                                    ? ""
                                    : ", but calls "
                                            + calls.stream()
                                                    .map(PythonCall::simpleName)
                                                    .map(PythonText::shortened)
                                                    .distinct()
                                                    .limit(10)
                                                    .collect(Collectors.joining(", "))));
        }
        String example = "expected a call, such as 'StepLR(step_size=30)'";
        Expression at = lastExpression.orElse(new Expression.None());
        if (at instanceof Expression.Unread unread) {
            throw unread.problem();
        }
        throw source.error(
                at,
                lastExpression.isPresent()
                        ? example + ", but found " + PythonText.shortened(at.toString())
                        : example + ", but the text makes no " + what);
    }

    /** Returns the last call of a scheduler's {@code step()} whose scheduler the text does not make. An optimizer has one, too. */
    private Optional<PythonCall> unmadeStep() {
        return calls.stream()
                .filter(call -> call.simpleName().equals("step"))
                .filter(call -> call.owner().toLowerCase(Locale.ROOT).contains("sched"))
                .filter(call -> !names.containsKey(call.owner()))
                .reduce((first, second) -> second);
    }

    /** {@return what was passed over, or is worth knowing, a sentence each} */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** {@return the one of the {@link #notes} that says which of several calls was taken; that is no mistake of the text} */
    public Optional<String> choice() {
        return choice;
    }

    /** {@return what Lightning's dict about {@code scheduler} says under {@code key}, such as its {@code 'interval'}} */
    public Optional<String> besides(PythonCall scheduler, String key) {
        return dicts.stream()
                .filter(dict -> dict.get("scheduler") == scheduler)
                .map(dict -> dict.get(key))
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .findFirst();
    }

    Object lastValue() {
        return lastValue;
    }

    Expression lastExpression() {
        return lastExpression.orElse(new Expression.None());
    }

    Lengths lengths() {
        return context.lengths();
    }

    PythonText source() {
        return source;
    }

    void note(String note) {
        notes.add(note);
    }

    /** {@return an exception that tells all that is unknown of a value} */
    PythonSyntaxException unknown(Unknown value) {
        return value.problem().orElseGet(() -> unknown(value.names(), List.of()));
    }

    /**
     * {@return an exception that tells the names, all at once}
     *
     * @param known names that one of them may be a misspelling of
     */
    UnknownNamesException unknown(Map<String, Expression> unknown, List<String> known) {
        List<Map.Entry<String, Expression>> inOrder = unknown.entrySet().stream()
                .sorted(Comparator.comparingInt(each -> source.position(each.getValue())))
                .toList();
        List<String> all = inOrder.stream().map(Map.Entry::getKey).toList();
        String suggestion = all.size() == 1 ? Spelling.suggestion(all.get(0), known) : "";
        return new UnknownNamesException(source.error(inOrder.get(0).getValue(), ""), all, suggestion);
    }

    // The statements.

    private void run(List<Statement> statements) {
        for (Statement each : statements) {
            if (!returned) {
                run(each);
            }
        }
    }

    private void run(Statement statement) {
        if (statement instanceof Statement.Assign assign) {
            run(assign);
        } else if (statement instanceof Statement.Computing computing) {
            lastValue = value(computing.value());
            lastExpression = Optional.of(computing.value());
            returned = statement instanceof Statement.Return;
        } else if (statement instanceof Statement.If condition) {
            run(condition);
        } else if (statement instanceof Statement.For loop) {
            run(loop);
        } else if (statement instanceof Statement.Def function) {
            functions.add(function);
            defined.add(function.name());
            Object value = function.lambda().isPresent()
                    ? computed(
                            function.lambda().get(),
                            () -> Closure.of(function.name(), function.lambda().get(), global))
                    : new Unknown(function.name(), function.problem().orElseThrow());
            names.put(function.name(), value);
            lastValue = value;
            lastExpression = Optional.empty();
        } else if (statement instanceof Statement.Import imports) {
            imports.paths().forEach(this::imported);
        } else if (statement instanceof Statement.Block block) {
            run(block.body());
        } else if (statement instanceof Statement.Type type) {
            run(type);
        }
    }

    /** Goes through a class, and leaves its names under that of the class only. */
    private void run(Statement.Type type) {
        computed(new Expression.Name(type.name()), () -> {
            machine.spend(names.size());
            return "";
        });
        Map<String, Object> outside = new LinkedHashMap<>(names);
        run(type.body());
        Map<String, Object> inside = new LinkedHashMap<>(names);
        names.clear();
        names.putAll(outside);
        inside.forEach((name, value) -> {
            if (outside.get(name) != value) {
                names.put(type.name() + "." + name, value);
            }
        });
    }

    private void run(Statement.Assign assign) {
        if (!assign.operator().isEmpty()) {
            Expression target = assign.targets().get(0);
            Expression sum = source.placed(
                    new Expression.Binary(assign.operator(), target, assign.value()), source.position(assign.value()));
            assign(target, value(sum));
            return;
        }
        lastValue = value(assign.value());
        lastExpression = Optional.of(assign.value());
        for (Expression target : assign.targets()) {
            assign(target, lastValue);
        }
    }

    @SuppressWarnings("unchecked") // the dicts here are made here
    private void assign(Expression target, Object value) {
        if (target instanceof Expression.Items items) {
            boolean parts = (value instanceof List || value instanceof Python.Tuple)
                    && PythonValue.sequence(value).size() == items.items().size();
            Object whole =
                    parts ? value : Unknown.in(value).map(Object.class::cast).orElse(new Unknown(target));
            for (int i = 0; i < items.items().size(); i++) {
                assign(items.items().get(i), parts ? PythonValue.sequence(value).get(i) : whole);
            }
            return;
        }
        if (target instanceof Expression.Subscript item && value(item.of()) instanceof Map<?, ?> dict) {
            Object key = value(item.index());
            if (Unknown.in(key).isEmpty()) {
                ((Map<Object, Object>) dict).put(PythonValue.key(key), value);
            }
        }
        boolean part = !(target instanceof Expression.Name) && target.root() instanceof Expression.Name;
        if (part && value(target.root()) instanceof PythonCall call) {
            notes.add("what is assigned to " + PythonText.shortened(target.toString()) + ", of " + call.simpleName()
                    + ", is passed over");
        }
        names.put(target.toString(), value);
    }

    private void run(Statement.If condition) {
        Object holds = value(condition.condition());
        Optional<Unknown> unknown = Unknown.in(holds);
        if (unknown.isEmpty()) {
            boolean truth = PythonValue.truth(holds);
            run(truth ? condition.then() : condition.otherwise());
            return;
        }
        Set<String> called = new HashSet<>();
        called(condition.nested(), called);
        skipped.add(new Skipped(unknown.get(), called));
        targets(condition.nested(), target -> names.put(target.toString(), unknown.get()));
    }

    private void run(Statement.For loop) {
        value(loop.iterable());
        for (String name : loop.target().names()) {
            Expression at = source.placed(new Expression.Name(name), source.position(loop.iterable()));
            names.put(name, new Unknown(at));
        }
        run(loop.body());
        targets(loop.body(), target -> {
            if (!(names.get(target.toString()) instanceof PythonCall)) {
                names.put(target.toString(), new Unknown(target));
            }
        });
    }

    /** Tells each target that the statements would assign to. */
    private static void targets(List<Statement> statements, Consumer<Expression> told) {
        for (Statement each : statements) {
            if (each instanceof Statement.Assign assign) {
                assign.targets().forEach(told);
            }
            targets(each.nested(), told);
        }
    }

    /** Adds the names of what the statements call. */
    private static void called(List<Statement> statements, Set<String> to) {
        for (Statement each : statements) {
            if (each instanceof Statement.Computing computing) {
                called(computing.value(), to);
            }
            called(each.nested(), to);
        }
    }

    private static Expression called(Expression expression, Set<String> to) {
        if (expression instanceof Expression.Call call) {
            to.add(call.function().toString().replaceFirst(".*\\.", ""));
        }
        return expression.map(part -> called(part, to));
    }

    private void runBody(Statement.Def function) {
        returned = false;
        for (Expression.Parameter parameter : function.parameters().parameters()) {
            Expression.Name name = new Expression.Name(parameter.name());
            names.put(name.text(), parameter.absent().map(this::value).orElse(new Unknown(name)));
        }
        run(function.body());
        returned = false;
    }

    private void imported(String name, String path) {
        String module = canonical(path);
        if (name.equals("*")) {
            PythonFunction.ALL.forEach((each, function) -> {
                if (each.startsWith(module + ".")) {
                    names.put(each.substring(module.length() + 1), function);
                }
            });
            return;
        }
        names.put(name, PythonFunction.named(module).orElse(new Machine.Module(module)));
    }

    private static String canonical(String path) {
        return path.equals("numpy") || path.startsWith("numpy.") ? "np" + path.substring("numpy".length()) : path;
    }

    private Object value(Expression expression) {
        return computed(expression, () -> expression.value(global));
    }

    /** Returns what a computation gives; where it fails, an unknown value that tells why if it is needed. */
    private Object computed(Expression at, Supplier<Object> computation) {
        try {
            return computation.get();
        } catch (Machine.BudgetException e) {
            throw source.error(at, String.valueOf(e.getMessage()));
        } catch (StackOverflowError e) { // depth is bounded in a text and in calls, but not their product
            throw source.error(at, "nested too deep");
        } catch (Unknown.Needed e) {
            return e.what();
        } catch (ArithmeticException e) {
            return new Unknown(PythonText.shortened(at.toString()), source.error(at, "this failed: " + e.getMessage()));
        }
    }

    /**
     * Returns the call that a dict stands for which names its class, as Keras writes it: {@code {'class_name': C, 'config': {...}}}, or only
     * the config, with its {@code 'name'}.
     */
    private Optional<PythonCall> configured(Map<Object, Object> dict) {
        Map<?, ?> config = dict.get("config") instanceof Map<?, ?> own ? own : dict;
        if (!(dict.get(config == dict ? "name" : "class_name") instanceof String name)) {
            return Optional.empty();
        }
        Expression.Call at = new Expression.Call(new Expression.Name(name), List.of(), List.of());
        Map<String, PythonCall.Argument> keywords = new LinkedHashMap<>();
        config.forEach((key, value) -> keywords.put(String.valueOf(key), new PythonCall.Argument(at, value)));
        return Optional.of(new PythonCall(this, at, "keras." + name, List.of(), keywords, false));
    }

    /** Computes with the names of the text, and of its context. */
    private final class Runner extends Machine {
        Runner() {
            super(MOST_OPERATIONS);
        }

        @Override
        Object global(Expression.Name name) {
            Optional<Object> given = context.value(name.text());
            if (given.isPresent()) {
                return given.get();
            }
            Object value = names.get(name.text());
            if (value != null) {
                return value;
            }
            String root = ROOTS.get(name.text());
            if (root != null) {
                return PythonFunction.named(root).orElse(new Module(root));
            } else if (name.text().equals("__name__")) {
                return "__main__";
            }
            Optional<Object> function = PythonFunction.named(name.text());
            return function.orElseGet(() -> JSON.getOrDefault(name.text(), new Unknown(name)));
        }

        @Override
        Object missing(Expression at) {
            String text = at.toString();
            Optional<Object> given = context.value(text);
            if (given.isPresent()) {
                return given.get();
            }
            Object value = names.get(text);
            if (value != null) {
                return value;
            }
            boolean loader = at instanceof Expression.Call && isLoader(text);
            return loader && context.batches().isPresent()
                    ? BigInteger.valueOf(context.batches().getAsLong())
                    : new Unknown(at);
        }

        @Override
        Object missing(Expression.Attribute at, Object of) {
            Object value = missing(at);
            boolean own = value instanceof Unknown && of instanceof PythonCall; // an object of a class of the text
            return own
                    ? ((PythonCall) of)
                            .attribute(at.name())
                            .or(() -> Optional.ofNullable(names.get(((PythonCall) of).simpleName() + "." + at.name())))
                            .orElse(value)
                    : value;
        }

        private boolean isLoader(String text) {
            String lower = text.toLowerCase(Locale.ROOT);
            return lower.startsWith("len(")
                    && lower.contains("loader")
                    && List.of("val", "test", "eval", "dev").stream().noneMatch(lower::contains);
        }

        @Override
        Object inModule(Expression at, Module module) {
            return context.value(at.toString()).orElse(names.getOrDefault(at.toString(), module));
        }

        @Override
        void assign(Expression target, Object value) {
            PythonProgram.this.assign(target, value);
        }

        @Override
        void made(Map<Object, Object> dict) {
            dicts.add(dict);
            configured(dict).ifPresent(calls::add);
        }

        @Override
        Object construct(
                Expression.Call at,
                Object called,
                List<PythonCall.Argument> positional,
                Map<String, PythonCall.Argument> keywords) {
            Optional<Object> given = context.value(at.toString());
            if (given.isPresent()) {
                return given.get();
            }
            boolean opaque = called instanceof Module || called instanceof Unknown || called instanceof PythonCall;
            if (!opaque) {
                throw new ArithmeticException("'" + PythonValue.type(called) + "' object is not callable");
            }
            boolean attribute = at.function().toString().equals("getattr")
                    && positional.size() == 2
                    && positional.get(1).value() instanceof String;
            if (attribute) {
                return attribute(
                        new Expression.Attribute(at.positional().get(0), (String)
                                positional.get(1).value()),
                        positional.get(0).value());
            }
            boolean adds = at.function() instanceof Expression.Attribute method
                    && method.name().equals("add_param_group")
                    && method.of().value(global) instanceof PythonCall optimizer
                    && optimizer.addsGroup(positional, keywords);
            if (adds) {
                return Optional.empty();
            }
            String name = called instanceof Module module
                    ? module.path()
                    : at.function().toString();
            PythonCall call =
                    new PythonCall(PythonProgram.this, at, name, positional, keywords, defined.contains(name));
            calls.add(call);
            return call;
        }

        @Override
        RuntimeException twice(Expression.Call at, Expression.Keyword keyword) {
            return source.error(keyword.value(), keyword.name() + " is given twice");
        }
    }
}
