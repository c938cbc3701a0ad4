package org.anneal.text;

import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One Python constructor call, such as {@code StepLR(optimizer, step_size=30)} or {@code SGD(lr=0.001, momentum=0.9)}:
 * read, but never run. {@link PythonProgram} finds those of a text.
 */
public final class PythonCall {

    private static final String OPTIMIZER = "optimizer";
    private static final Pattern TIME = Pattern.compile("([0-9.eE+-]+?)(ep|ba|dur|sp|tok|iter|sec)");
    private static final String OTHERS = "**"; // in a signature: parameters of other names are passed over

    private static final int FEW = 8; // names that a message may list
    private static final Set<String> TENSORS = Set.of("torch.tensor", "torch.as_tensor", "torch.FloatTensor");
    private static final List<String> PREFIXES = List.of(
            "",
            "torch.optim.lr_scheduler.",
            "torch.optim.swa_utils.",
            "torch.optim.",
            "lion_pytorch.",
            "timm.optim.",
            "schedulefree.",
            "prodigyopt.",
            "dadaptation.");

    private final PythonProgram program;
    private final Expression.Call at;
    private final String dotted;
    private final List<Argument> positional;
    private final Map<String, Argument> keywords;
    private final boolean ofText;
    private final List<Map<?, ?>> addedGroups = new ArrayList<>();

    PythonCall(
            PythonProgram program,
            Expression.Call at,
            String dotted,
            List<Argument> positional,
            Map<String, Argument> keywords,
            boolean ofText) {
        this.program = program;
        this.at = at;
        this.dotted = dotted;
        this.positional = positional;
        this.keywords = keywords;
        this.ofText = ofText;
    }

    /** {@return whether this calls a function that the text itself defines} */
    boolean isOfText() {
        return ofText;
    }

    /** An argument as it is written, and its value. */
    record Argument(Expression written, Object value) {
        boolean isNone() {
            return value instanceof Optional;
        }

        /** Returns this for a message: as it is written, but for a name by its value. */
        String shown() {
            boolean named = !(value instanceof Unknown || value instanceof PythonCall || value instanceof Closure)
                    && !(written instanceof Expression.Literal)
                    && PythonText.hasNames(written);
            return PythonText.shortened(named ? Python.shown(value) : written.toString());
        }
    }

    /** The value of an argument that cannot be computed. */
    record Failure(String reason) {}

    /**
     * Reads one call.
     *
     * @throws PythonSyntaxException if {@code text} is not one call
     */
    public static PythonCall parse(String text) {
        return PythonProgram.read(text, Context.EMPTY).meant("call", name -> false);
    }

    /**
     * Reads one call, or several: in a list, or with commas between them.
     *
     * @throws PythonSyntaxException if {@code text} is neither
     */
    public static List<PythonCall> parseAll(String text) {
        PythonProgram program = PythonProgram.read(text, Context.EMPTY);
        Object value = program.lastValue();
        List<?> values = PythonValue.isList(value) ? PythonValue.sequence(value) : List.of();
        boolean areCalls = !values.isEmpty() && values.stream().allMatch(PythonCall.class::isInstance);
        return areCalls
                ? values.stream().map(PythonCall.class::cast).toList()
                : List.of(program.meant("call", name -> false));
    }

    /**
     * {@return the name of what is called, without its module}
     *
     * @throws PythonSyntaxException if its module is none of those that have schedulers and optimizers
     */
    public String name() {
        String prefix = dotted.substring(0, dotted.lastIndexOf('.') + 1);
        if (!PREFIXES.contains(prefix)) {
            throw error("unknown module '" + PythonText.shortened(prefix.substring(0, prefix.length() - 1))
                    + "', expected torch.optim or torch.optim.lr_scheduler");
        }
        return simpleName();
    }

    /**
     * {@return the name of what is called, without its module}
     *
     * @param modules which it may have, such as {@code torch.nn}; or none
     * @throws PythonSyntaxException if it has another
     */
    public String nameIn(String... modules) {
        String module = dotted.substring(0, Math.max(0, dotted.lastIndexOf('.')));
        if (!module.isEmpty() && !List.of(modules).contains(module)) {
            throw error("unknown module '" + PythonText.shortened(module) + "', expected "
                    + Spelling.choice(List.of(modules)));
        }
        return simpleName();
    }

    /** {@return whether this is a call of one of {@code names}, in a module of PyTorch or in none} */
    public boolean isOneOf(Predicate<String> names) {
        return PREFIXES.contains(dotted.substring(0, dotted.lastIndexOf('.') + 1)) && names.test(simpleName());
    }

    /** {@return the one of {@code peers} that this is a call of; without a module only if {@code bare}} */
    public Optional<Peer> peer(List<Peer> peers, boolean bare) {
        String root = root();
        return peers.stream()
                .filter(peer -> peer.name().equals(simpleName()))
                .filter(peer -> root.isEmpty() ? bare : peer.roots().contains(root))
                .findFirst();
    }

    /** {@return what the name of its module begins with; nothing without a module} */
    public String root() {
        return dotted.contains(".") ? dotted.substring(0, dotted.indexOf('.')) : "";
    }

    /** {@return the name of the called class or function, without its module} */
    public String simpleName() {
        return dotted.substring(dotted.lastIndexOf('.') + 1);
    }

    /** {@return what a method that is called belongs to, such as {@code self.scheduler} of {@code self.scheduler.step()}; or nothing} */
    String owner() {
        return dotted.substring(0, Math.max(0, dotted.lastIndexOf('.')));
    }

    /** Adds a sentence about what was dropped from the text. */
    public void note(String note) {
        program.note(note);
    }

    /** {@return what was dropped from the text so far} */
    public List<String> notes() {
        return program.notes();
    }

    /** {@return an exception that points at this call} */
    public PythonSyntaxException error(String problem) {
        return program.source().error(at, problem);
    }

    /** {@return an exception that says that this call's name is not one of {@code known}, and suggests the nearest one} */
    public PythonSyntaxException unknown(String what, Collection<String> known) {
        return unknown(what, known, List.of());
    }

    /**
     * {@return an exception that says that this call's name is not known, and suggests the nearest one of {@code known} or else of
     * {@code others}, or lists {@code known} if they are few}
     */
    public PythonSyntaxException unknown(String what, Collection<String> known, Collection<String> others) {
        String suggestion = Stream.of(known, others)
                .map(names -> Spelling.suggestion(simpleName(), names))
                .filter(found -> !found.isEmpty())
                .findFirst()
                .orElse(known.size() > FEW ? "" : ", expected " + Spelling.choice(List.copyOf(known)));
        return error("unknown " + what + " '" + PythonText.shortened(simpleName()) + "'" + suggestion);
    }

    /** Returns what a number made of this would need to be known. */
    Unknown asUnknown() {
        return new Unknown(at);
    }

    /** Returns what a class such as a dataclass is given for one of its names. */
    Optional<Object> attribute(String name) {
        return Optional.ofNullable(keywords.get(name))
                .map(Argument::value)
                .filter(value -> Unknown.in(value).isEmpty());
    }

    /** Adds this, and the calls that are arguments of it. */
    void addMembers(Set<PythonCall> all) {
        addMembers(this, all, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    private static void addMembers(Object value, Set<PythonCall> all, Set<Object> seen) {
        if (value instanceof PythonCall call) {
            if (all.add(call)) {
                call.positional.forEach(each -> addMembers(each.value(), all, seen));
                call.keywords.values().forEach(each -> addMembers(each.value(), all, seen));
            }
        } else if (PythonValue.isList(value) && seen.add(value)) {
            PythonValue.sequence(value).forEach(each -> addMembers(each, all, seen));
        }
    }

    /** {@return the call that made what this call, or a call that is an argument of it, is given as {@code parameter}, first or by name} */
    public Optional<PythonCall> given(String parameter) {
        Argument given = keywords.getOrDefault(parameter, new Argument(at, Optional.empty()));
        if (given.isNone() && !positional.isEmpty()) {
            given = positional.get(0);
        }
        if (given.value() instanceof PythonCall call) {
            return Optional.of(call);
        }
        Set<PythonCall> members = Collections.newSetFromMap(new IdentityHashMap<>());
        addMembers(given.value(), members, Collections.newSetFromMap(new IdentityHashMap<>()));
        return members.stream()
                .flatMap(member -> member.given(parameter).stream())
                .findFirst();
    }

    /** {@return the number that this call has by a name, whatever its other arguments are; empty if it has none} */
    public Optional<Double> keyword(String name) {
        return Optional.ofNullable(keywords.get(name))
                .filter(given -> !given.isNone())
                .map(given -> toNumber(name, given));
    }

    /** Takes a group that is added to an optimizer, if the arguments are one. */
    boolean addsGroup(List<Argument> arguments, Map<String, Argument> named) {
        List<Argument> all = new ArrayList<>(arguments);
        all.addAll(named.values());
        if (all.size() == 1 && all.get(0).value() instanceof Map<?, ?> group) {
            addedGroups.add(group);
            return true;
        }
        return false;
    }

    /**
     * Binds the arguments to the parameters by Python's rules.
     *
     * @param leading a leading parameter that Python needs and a value omits: {@code optimizer} or {@code params}. It is
     *     dropped, whatever expression it is, if it is given by keyword, or as a first positional argument that is no number,
     *     string or lambda: {@code opt}, {@code opts[0]}, {@code net.parameters()}. A list is {@code params}, and no optimizer.
     *     Empty if there is none
     * @param parameters the other parameters in Python's order: {@code "step_size"} is required, {@code "gamma="} is
     *     optional, and those after {@code "*"} are keyword-only
     * @throws PythonSyntaxException if an argument is unknown, given twice, missing, or one too many
     */
    public Arguments bind(String leading, String... parameters) {
        return bind(leading, List.of(parameters), Map.of());
    }

    /** Binds the arguments to the parameters of a declaration, which is a call with their names, and with their defaults as keywords. */
    Arguments bind(PythonCall declaration) {
        List<String> parameters = new ArrayList<>();
        declaration.positional.forEach(each -> parameters.add(each.written().toString()));
        boolean leads = parameters.indexOf(OPTIMIZER) == 0;
        declaration.keywords.keySet().forEach(each -> parameters.add(each.isEmpty() ? OTHERS : each + "="));
        return bind(
                leads ? OPTIMIZER : "",
                leads ? parameters.subList(1, parameters.size()) : parameters,
                declaration.keywords);
    }

    private Arguments bind(String leading, List<String> parameters, Map<String, Argument> absent) {
        List<String> names = new ArrayList<>();
        List<String> required = new ArrayList<>();
        int positionalOnes = Integer.MAX_VALUE;
        for (String parameter : parameters) {
            if (parameter.equals("*")) {
                positionalOnes = names.size();
            } else if (parameter.endsWith("=")) {
                names.add(parameter.substring(0, parameter.length() - 1));
            } else if (!parameter.equals(OTHERS)) {
                names.add(parameter);
                required.add(parameter);
            }
        }
        positionalOnes = Math.min(positionalOnes, names.size());

        Map<String, Argument> values = new LinkedHashMap<>();
        boolean several = leading.equals("params");
        boolean dropped =
                !leading.isEmpty() && !positional.isEmpty() && isLeading(positional.get(0), several, required);
        Optional<Argument> first = dropped ? Optional.of(positional.get(0)) : Optional.empty();
        List<Argument> others = dropped ? positional.subList(1, positional.size()) : positional;
        for (int i = 0; i < others.size(); i++) {
            if (i == positionalOnes) {
                throw program.source()
                        .error(
                                others.get(i).written(),
                                simpleName() + " takes at most " + positionalOnes + " positional arguments, but got "
                                        + others.size());
            }
            if (others.get(i).written() instanceof Expression.Unread unread) {
                throw unread.problem();
            }
            values.put(names.get(i), others.get(i));
        }
        for (Map.Entry<String, Argument> keyword : keywords.entrySet()) {
            String name = keyword.getKey();
            Expression written = keyword.getValue().written();
            boolean twice;
            if (name.equals(leading)) {
                twice = dropped;
                dropped = true;
                first = Optional.of(keyword.getValue());
            } else if (names.contains(name)) {
                twice = values.put(name, keyword.getValue()) != null;
            } else if (parameters.contains(OTHERS)) {
                continue;
            } else if (name.isEmpty()) {
                throw refused(keyword.getValue(), "the arguments of **", "a dict");
            } else {
                throw program.source()
                        .error(
                                written,
                                "unknown parameter '" + PythonText.shortened(name) + "' of " + simpleName()
                                        + Spelling.suggestion(name, names));
            }
            if (twice) {
                throw program.source().error(written, name + " is given twice");
            }
        }
        required.removeAll(values.keySet());
        if (!required.isEmpty()) {
            throw error(simpleName() + " needs " + String.join(" and ", required));
        }
        return new Arguments(values, absent, first);
    }

    /**
     * Returns whether a first argument is what a value omits: an optimizer or, where that may be several, parameters.
     *
     * @param required the parameters that must be there besides
     */
    private boolean isLeading(Argument first, boolean several, List<String> required) {
        if (first.value() instanceof PythonCall || (several && isGroups(first.value()))) {
            return true;
        }
        boolean known = Unknown.in(first.value()).isEmpty() && !(first.value() instanceof Failure);
        if (known && !(first.value() instanceof Optional)) {
            boolean list = first.value() instanceof List || first.value() instanceof Python.Tuple;
            boolean parameters = list
                    && PythonValue.sequence(first.value()).stream()
                            .allMatch(each -> !PythonValue.isNumber(each) && !(each instanceof String));
            return several && (parameters || first.value() instanceof Map);
        }
        if (!isLeading(first.written(), several)) {
            return false;
        }
        // A name that must be a value, as there is no other for it, is no optimizer, unless it is called one.
        long given = positional.size()
                - 1L
                + keywords.keySet().stream().filter(required::contains).count();
        boolean calledSo = first.written() instanceof Expression.Call
                || first.written().toString().toLowerCase(Locale.ROOT).contains("opt");
        return several || given >= required.size() || calledSo;
    }

    private static boolean isGroups(Object value) {
        return (value instanceof List || value instanceof Python.Tuple)
                && !PythonValue.sequence(value).isEmpty()
                && PythonValue.sequence(value).stream().allMatch(Map.class::isInstance);
    }

    private static boolean isLeading(Expression first, boolean several) {
        if (first instanceof Expression.Conditional either) {
            return isLeading(either.then(), several)
                    && (either.otherwise() instanceof Expression.None || isLeading(either.otherwise(), several));
        } else if (first instanceof Expression.Items list) {
            return several && (list.items().isEmpty() || list.items().stream().anyMatch(each -> isLeading(each, true)));
        } else if (first instanceof Expression.Unary changed) {
            return several && isLeading(changed.operand(), true);
        } else if (first instanceof Expression.Binary both && both.operator().equals("*")) {
            return several
                    && both.left() instanceof Expression.Items
                    && isLeading(both.left(), true); // a list repeated
        } else if (first instanceof Expression.Binary both) {
            boolean joins = both.binding() < Expression.NOT
                    || (several && both.operator().equals("+"));
            return joins && isLeading(both.left(), several) && isLeading(both.right(), several);
        } else if (first instanceof Expression.Call call) {
            boolean list = List.of("list", "tuple", "filter", "map", "reversed", "sorted")
                    .contains(call.function().toString());
            return list
                    ? several
                    : PythonFunction.named(call.function().toString()).isEmpty();
        } else if (first instanceof Expression.Unread unread) {
            return unread.mayBeNamed();
        }
        return first instanceof Expression.Name
                || first instanceof Expression.Attribute
                || first instanceof Expression.Subscript
                || first instanceof Expression.Named
                || (several
                        && (first instanceof Expression.Comprehension
                                || first instanceof Expression.Dict
                                || first instanceof Expression.Starred));
    }

    private double toNumber(String what, Argument given) {
        Object value = given.value();
        if (!(value instanceof BigInteger || value instanceof Double)) {
            throw refused(given, what, "a number");
        }
        try {
            return PythonNumber.toFloat(value);
        } catch (ArithmeticException e) {
            throw refused(new Argument(given.written(), new Failure(String.valueOf(e.getMessage()))), what, "a number");
        }
    }

    private PythonSyntaxException refused(Argument given, String what, String rule) {
        if (given.value() instanceof Failure failure) {
            return program.source()
                    .error(given.written(), what + " must be " + rule + ", but failed: " + failure.reason());
        }
        if (given.value() instanceof Unknown unknown) {
            return program.unknown(unknown);
        }
        boolean function = given.value() instanceof PythonCall call
                && !Character.isUpperCase(call.simpleName().charAt(0));
        return function // whose result may be given
                ? program.unknown(((PythonCall) given.value()).asUnknown())
                : program.source().error(given.written(), what + " must be " + rule + ", but was " + given.shown());
    }

    /** A call's arguments by parameter. A getter with a default returns it if the argument is absent. */
    public final class Arguments {

        private final Map<String, Argument> values;
        private final Map<String, Argument> absent; // defaults
        private final Optional<Argument> leading;

        private Arguments(Map<String, Argument> values, Map<String, Argument> absent, Optional<Argument> leading) {
            this.values = values;
            this.absent = absent;
            this.leading = leading;
        }

        private Optional<Argument> find(String parameter) {
            return Optional.ofNullable(values.getOrDefault(parameter, absent.get(parameter)))
                    .map(Arguments::plain);
        }

        /** {@return the numbers that a tensor is made of, or the argument itself} */
        private static Argument plain(Argument given) {
            return given.value() instanceof PythonCall call
                            && TENSORS.contains(call.dotted)
                            && !call.positional.isEmpty()
                    ? call.positional.get(0)
                    : given;
        }

        /** Refuses an argument that is given, unless it is {@code only}, as Python writes it. */
        void checkIs(String parameter, String only) {
            if (isGiven(parameter) && !text(parameter).equals(only)) {
                throw refused(given(parameter), parameter, only);
            }
        }

        /** {@return whether the argument is given, or has a default, and is not None} */
        public boolean has(String parameter) {
            return find(parameter).filter(given -> !given.isNone()).isPresent();
        }

        /** {@return the parameters that are given} */
        Set<String> given() {
            return values.keySet();
        }

        /**
         * {@return the argument's value}
         *
         * @throws UnknownNamesException if it needs unknown names
         */
        Object known(String parameter) {
            Object value = given(parameter).value();
            if (value instanceof Unknown unknown) {
                throw program.unknown(unknown);
            }
            return value;
        }

        /** Adds a sentence about what is worth knowing of this call. */
        public void note(String note) {
            program.note(note);
        }

        /** {@return whether the argument is given, possibly as None} */
        public boolean isGiven(String parameter) {
            return values.containsKey(parameter);
        }

        /**
         * Splits a list or tuple into {@code betas[0]} and so on.
         *
         * @param mayBeNone for each entry, whether it may be None
         */
        void unpack(String parameter, List<Boolean> mayBeNone) {
            if (!isGiven(parameter)) {
                return;
            }
            boolean numbers = !mayBeNone.contains(true);
            String shown =
                    numbers ? Python.repr(numbers(parameter)) : given(parameter).shown();
            List<Argument> items = items(parameter, "a list");
            boolean fits = items.size() == mayBeNone.size();
            for (int i = 0; fits && i < items.size(); i++) {
                fits = mayBeNone.get(i) || !items.get(i).isNone();
                values.put(parameter + "[" + i + "]", items.get(i));
            }
            if (!fits) {
                String rule = numbers
                        ? mayBeNone.size() + " numbers"
                        : mayBeNone.stream()
                                .map(none -> none ? "a number or None" : "a number")
                                .collect(Collectors.joining(", and "));
                throw program.source()
                        .error(given(parameter).written(), parameter + " must be " + rule + ", but was " + shown);
            }
        }

        /**
         * {@return these arguments for each of the groups that the optimizer is given as dicts} Entries of a dict that are
         * none of {@code parameters} are for something else. Without dicts there is one group.
         */
        public List<Arguments> groups(Collection<String> parameters) {
            List<Map<?, ?>> groups = new ArrayList<>();
            Expression written = leading.map(Argument::written).orElse(at);
            Object given = leading.map(Argument::value).orElse(Optional.empty());
            if (isGroups(given)) {
                PythonValue.sequence(given).forEach(group -> groups.add((Map<?, ?>) group));
            } else {
                groups.add(Map.of());
            }
            groups.addAll(addedGroups);
            List<Arguments> all = new ArrayList<>();
            for (Map<?, ?> group : groups) {
                Map<String, Argument> own = new LinkedHashMap<>(values);
                for (String parameter : parameters) {
                    Object value = group.get(parameter);
                    if (value != null) {
                        own.put(parameter, new Argument(written, value));
                    }
                }
                all.add(new Arguments(own, absent, leading));
            }
            return all;
        }

        /** {@return an exception that points at the call} */
        public PythonSyntaxException error(String problem) {
            return PythonCall.this.error(problem);
        }

        /** {@return whether the argument is given as a list or a tuple} */
        public boolean isList(String parameter) {
            Object given = find(parameter).map(Argument::value).orElse(Optional.empty());
            return given instanceof List || given instanceof Python.Tuple;
        }

        /** {@return a number, which may be written as arithmetic: {@code 1/3}} */
        public double number(String parameter) {
            return toNumber(parameter, given(parameter));
        }

        /** {@return a number, or {@code absent}} */
        public double number(String parameter, double absent) {
            return values.containsKey(parameter) ? number(parameter) : absent;
        }

        /** {@return an integer of at most 2^53 in magnitude, which may be written as a float: {@code 1e4}} */
        public long integer(String parameter) {
            return integer(parameter, given(parameter));
        }

        /** {@return an integer, or {@code absent}} */
        public long integer(String parameter, long absent) {
            return values.containsKey(parameter) ? integer(parameter) : absent;
        }

        /** {@return True or False, or {@code absent}} */
        public boolean truth(String parameter, boolean absent) {
            if (!values.containsKey(parameter)) {
                return absent;
            }
            if (given(parameter).value() instanceof Boolean truth) {
                return truth;
            }
            throw refused(given(parameter), parameter, "True or False");
        }

        /** {@return a string, or {@code absent}} */
        public String string(String parameter, String absent) {
            if (!values.containsKey(parameter)) {
                return absent;
            }
            if (given(parameter).value() instanceof String text) {
                return text;
            }
            throw refused(given(parameter), parameter, "a string");
        }

        /** {@return a list or tuple of numbers} */
        public List<Double> numbers(String parameter) {
            return each(parameter, "a list of numbers", PythonCall.this::toNumber);
        }

        /** {@return the text of an argument, shortened} */
        public String text(String parameter) {
            return given(parameter).shown();
        }

        /** {@return a list or tuple of numbers, one per group, or a single number for all groups} */
        public List<Double> oneOrMoreNumbers(String parameter) {
            return isList(parameter) ? PerGroup.list(numbers(parameter)) : List.of(number(parameter));
        }

        /** {@return a number of steps, at most 2^53: an integer, or a length of the run, {@code 30ep}} */
        public long length(String parameter) {
            return length(parameter, given(parameter));
        }

        /** {@return how many steps an amount of epochs, of steps or of percents of the run is, as {@link Lengths#resolve} has it} */
        public long length(String parameter, double amount, Lengths.Unit unit) {
            return length(parameter, given(parameter), amount, unit);
        }

        /**
         * {@return a number of steps that may be a time string of Composer: {@code '10ep'} for epochs, {@code '500ba'} for steps, {@code
         * '0.5dur'} for a part of the run, rounded down}
         */
        public long time(String parameter) {
            return time(parameter, given(parameter));
        }

        /** {@return a list of numbers of steps, each perhaps a time string} */
        public List<Long> times(String parameter) {
            return each(parameter, "a list of times, such as '10ep'", this::time);
        }

        private long time(String what, Argument given) {
            if (!(given.value() instanceof String text)) {
                return length(what, given);
            }
            Matcher time = TIME.matcher(text);
            if (!time.matches()) {
                throw refused(given, what, "a time such as '10ep', '500ba' or '0.5dur'");
            }
            double amount = Python.parseFloat(time.group(1));
            return switch (time.group(2)) {
                case "ep" -> length(what, given, amount, Lengths.Unit.EPOCHS);
                case "ba" -> length(what, given, amount, Lengths.Unit.STEPS);
                case "dur" -> (long) (amount * length(what, given, 100, Lengths.Unit.PERCENT));
                default ->
                    throw refused(
                            given, what, "in epochs, batches or parts of the run, which tells how many steps it is");
            };
        }

        private long length(String what, Argument given, double amount, Lengths.Unit unit) {
            Object exact = amount == Math.rint(amount) && Math.abs(amount) <= Check.LAST_STEP
                    ? (Object) BigInteger.valueOf((long) amount)
                    : amount;
            return length(what, new Argument(given.written(), new Expression.Length(exact, unit)));
        }

        /** {@return True or False} */
        public boolean truth(String parameter) {
            if (given(parameter).value() instanceof Boolean truth) {
                return truth;
            }
            throw refused(given(parameter), parameter, "True or False");
        }

        /** {@return a string} */
        public String string(String parameter) {
            if (given(parameter).value() instanceof String text) {
                return text;
            }
            throw refused(given(parameter), parameter, "a string");
        }

        /** {@return a dict of numbers by numbers, in the order of the keys; empty if it is None} */
        public NavigableMap<Double, Double> numbersByNumber(String parameter) {
            NavigableMap<Double, Double> numbers = new TreeMap<>();
            entries(parameter, given(parameter))
                    .forEach((key, value) -> numbers.put(
                            toNumber(
                                    "a key of " + parameter,
                                    new Argument(given(parameter).written(), key)),
                            toNumber(
                                    parameter + "[" + Python.shown(key) + "]",
                                    new Argument(given(parameter).written(), value))));
            return numbers;
        }

        /** {@return a call of {@code name} in place of this one, with the entries of a dict, or of None, as its keywords} */
        public PythonCall callWith(String name, String parameter) {
            return callWith(name, entries(parameter, given(parameter)));
        }

        /** {@return a call of {@code name} in place of this one, with these values and the entries of a dict, or of None, as its keywords} */
        public PythonCall callWith(String name, Map<String, ?> values, String parameter) {
            Map<Object, Object> all = new LinkedHashMap<>(values);
            all.putAll(entries(parameter, given(parameter)));
            return callWith(name, all);
        }

        /** {@return a call of {@code name} for each dict of a list, in place of this call} */
        public List<PythonCall> callsWith(String name, String parameter) {
            return each(parameter, "a list of dicts", (what, item) -> callWith(name, entries(what, item)));
        }

        /** {@return a call of {@code name} in place of this one, with these arguments by name, as {@link #value} gives them, or numbers} */
        public PythonCall callWith(String name, Map<?, ?> values) {
            Map<String, Argument> named = new LinkedHashMap<>();
            values.forEach((key, value) -> named.put(String.valueOf(key), new Argument(at, python(value))));
            return new PythonCall(program, at, name, List.of(), named, false);
        }

        private static Object python(Object value) {
            if (value instanceof List<?> list) {
                return list.stream().map(Arguments::python).toList();
            }
            return value instanceof Long number ? BigInteger.valueOf(number) : value;
        }

        /** {@return a call of {@code name} in place of this one, with its arguments} */
        public PythonCall renamed(String name) {
            return new PythonCall(program, at, name, positional, keywords, false);
        }

        /** {@return what an argument is, to be given to {@link #callWith}} */
        public Object value(String parameter) {
            return given(parameter).value();
        }

        private Map<?, ?> entries(String what, Argument given) {
            if (given.value() instanceof Map<?, ?> dict) {
                return dict;
            } else if (given.isNone()) {
                return Map.of();
            }
            throw refused(given, what, "a dict");
        }

        /** {@return a number of steps that may be fractional} */
        public double duration(String parameter) {
            return given(parameter).value() instanceof Expression.Length ? length(parameter) : number(parameter);
        }

        /** {@return a list or tuple of numbers of steps} */
        public List<Long> lengths(String parameter) {
            return each(parameter, "a list of integers", this::length);
        }

        /** {@return a list or tuple of calls} */
        public List<PythonCall> calls(String parameter) {
            return each(parameter, "a list of calls", this::call);
        }

        /** {@return a call} */
        PythonCall call(String parameter) {
            return call(parameter, given(parameter));
        }

        private PythonCall call(String parameter, Argument given) {
            if (given.value() instanceof PythonCall call) {
                return call;
            }
            throw refused(given, parameter, "a call, such as 'StepLR(step_size=30)'");
        }

        /** {@return a lambda} */
        public LrLambda lambda(String parameter) {
            return lambda(given(parameter));
        }

        private LrLambda lambda(Argument given) {
            return LrLambda.of(program, given.written(), given.value());
        }

        /** {@return a list or tuple of lambdas, one per group, or a single lambda for all groups} */
        public List<LrLambda> lambdas(String parameter) {
            return isList(parameter)
                    ? PerGroup.list(UnknownNamesException.all(items(parameter, "a list of lambdas"), this::lambda))
                    : List.of(lambda(parameter));
        }

        /**
         * Returns the value that {@code constructor} builds from the arguments.
         *
         * @throws PythonSyntaxException if it refuses an argument: with its message, at that argument
         */
        public <T> T build(Supplier<T> constructor) {
            try {
                return constructor.get();
            } catch (PythonSyntaxException e) {
                throw e;
            } catch (IllegalArgumentException e) {
                String problem = String.valueOf(e.getMessage());
                Argument culprit = values.get(problem.split("[\\[ ]", 2)[0]);
                throw program.source().error(culprit == null ? at : culprit.written(), problem);
            }
        }

        private Argument given(String parameter) {
            return find(parameter).orElseThrow(() -> error(simpleName() + " needs " + parameter));
        }

        private List<Argument> items(String parameter, String rule) {
            Argument given = given(parameter);
            if (!isList(parameter)) {
                throw refused(given, parameter, rule);
            }
            List<?> values = PythonValue.sequence(given.value());
            if (values.size() > PythonValue.LONGEST) {
                throw refused(given, parameter, "at most " + PythonValue.LONGEST + " values");
            }
            boolean inPlace = given.written() instanceof Expression.Items items
                    && items.items().size() == values.size()
                    && items.items().stream().noneMatch(Expression.Starred.class::isInstance);
            return IntStream.range(0, values.size())
                    .mapToObj(i -> new Argument(
                            inPlace
                                    ? ((Expression.Items) given.written())
                                            .items()
                                            .get(i)
                                    : given.written(),
                            values.get(i)))
                    .toList();
        }

        private <T> List<T> each(String parameter, String rule, BiFunction<String, Argument, T> reading) {
            List<Argument> items = items(parameter, rule);
            List<Integer> places = IntStream.range(0, items.size()).boxed().toList();
            return UnknownNamesException.all(places, i -> reading.apply(parameter + "[" + i + "]", items.get(i)));
        }

        private long integer(String what, Argument given) {
            Object value = given.value();
            BigInteger whole;
            if (value instanceof BigInteger integer) {
                whole = integer;
            } else if (value instanceof Double number && number == Math.rint(number) && !number.isInfinite()) {
                whole = PythonNumber.round(number, RoundingMode.DOWN);
            } else {
                throw refused(given, what, "an integer");
            }
            if (whole.bitLength() > 54 || Math.abs(whole.longValue()) > Check.LAST_STEP) {
                throw refused(given, what, "at most 2^53");
            }
            return whole.longValue();
        }

        private long length(String what, Argument given) {
            if (!(given.value() instanceof Expression.Length length)) {
                return integer(what, given);
            }
            try {
                return program.lengths().resolve(length.amount(), length.unit());
            } catch (IllegalArgumentException e) {
                throw program.source().error(given.written(), what + " is " + length + ", " + e.getMessage());
            }
        }
    }

    @Override
    public String toString() {
        return at.toString();
    }
}
