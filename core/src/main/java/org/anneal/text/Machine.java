package org.anneal.text;

import java.io.Serial;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Computes expressions, with so many operations and no more. By itself it knows no name; {@link PythonProgram} does. */
class Machine {
    private static final int DEEPEST = 100;

    private final long most;
    private long spent;
    private int depth;

    Machine(long most) {
        this.most = most;
    }

    /** A name with dots of a module, and perhaps of what is in it: {@code torch.optim.SGD}. */
    record Module(String path) {
        @Override
        public String toString() {
            return path;
        }
    }

    /** A method of a list or a dict. */
    private record Method(Object of, String name) {
        private static final Set<String> OF_DICT = Set.of("get", "keys", "values", "items");
        private static final Set<String> OF_LIST = Set.of("index", "count");
    }

    /** Returns whether a list or a dict has a method of this name. */
    static boolean isMethod(String name) {
        return Method.OF_DICT.contains(name) || Method.OF_LIST.contains(name);
    }

    /** Counts operations. */
    final void spend(long operations) {
        spent += operations;
        if (spent > most) {
            throw new BudgetException("more than " + most + " operations");
        }
    }

    /** Says that a text asks for more than is computed. */
    static final class BudgetException extends ArithmeticException {
        @Serial
        private static final long serialVersionUID = 1;

        BudgetException(String message) {
            super(message);
        }
    }

    /** Begins a call of a function. */
    final void enter() {
        if (++depth > DEEPEST) {
            throw new BudgetException("functions call each other more than " + DEEPEST + " deep");
        }
    }

    final void leave() {
        depth--;
    }

    /** Returns what a name stands for that no function has as its own. */
    Object global(Expression.Name name) {
        throw new ArithmeticException("name '" + name + "' is not defined");
    }

    /** Returns the value of what this machine does not know. */
    Object missing(Expression at) {
        throw new ArithmeticException(at + " is not defined");
    }

    /** Returns the value of an attribute of what this machine does not know. */
    Object missing(Expression.Attribute at, Object of) {
        return missing(at);
    }

    /** Returns the value of what is in a module, where this machine does not know another. */
    Object inModule(Expression at, Module module) {
        return module;
    }

    /** Gives a name a value. */
    void assign(Expression target, Object value) {
        throw new ArithmeticException("':=' is not supported in a function");
    }

    /** Is told of a dict that the text has. */
    void made(Map<Object, Object> dict) {}

    /** Returns what a call gives of what is no function. */
    Object construct(
            Expression.Call at,
            Object called,
            List<PythonCall.Argument> positional,
            Map<String, PythonCall.Argument> keywords) {
        throw new ArithmeticException("'" + PythonValue.type(called) + "' object is not callable");
    }

    /** Adds what a {@code for} over {@code values} would go over. */
    final void addAll(Object values, List<Object> to) {
        Iterator<Object> each = PythonValue.iterator(values);
        while (each.hasNext()) {
            spend(1);
            to.add(each.next());
        }
    }

    final Object attribute(Expression.Attribute at, Object of) {
        if (of instanceof Module module) {
            String path = module.path() + "." + at.name();
            return PythonFunction.named(path).orElseGet(() -> inModule(at, new Module(path)));
        } else if (Unknown.in(of).isPresent()) {
            return missing(at, of);
        }
        boolean method = of instanceof Map<?, ?>
                ? Method.OF_DICT.contains(at.name())
                : (of instanceof List<?> || of instanceof Python.Tuple) && Method.OF_LIST.contains(at.name());
        if (!method) {
            throw new ArithmeticException(
                    "the attribute '" + at.name() + "' of a " + PythonValue.type(of) + " is not supported");
        }
        return new Method(of, at.name());
    }

    final Object item(Expression.Subscript at, Object array, Object index) {
        spend(1);
        if (Unknown.in(array).isPresent()) {
            return Unknown.in(index).isPresent() ? Unknown.in(index).get() : missing(at);
        }
        Optional<Unknown> unknown = Unknown.in(index);
        return unknown.isPresent() ? unknown.get() : PythonValue.item(array, index);
    }

    final Object slice(Expression.Subscript at, Object array, List<Object> bounds) {
        if (Unknown.in(array).isPresent()) {
            return missing(at);
        }
        Optional<Unknown> unknown = Unknown.inAny(bounds);
        spend(PythonValue.cost(array));
        return unknown.isPresent() ? unknown.get() : PythonValue.slice(array, bounds);
    }

    final Object call(Expression.Call at, Scope scope) {
        spend(1);
        Object called = at.function().value(scope);
        boolean runs = called instanceof PythonFunction || called instanceof Closure || called instanceof Method;
        if (runs && at.isPlain()) {
            List<Object> values = new ArrayList<>(at.positional().size());
            for (Expression argument : at.positional()) {
                values.add(needed(argument, scope));
            }
            return applied(at, called, values, Map.of());
        }
        List<PythonCall.Argument> positional = new ArrayList<>();
        Map<String, PythonCall.Argument> keywords = new LinkedHashMap<>();
        for (Expression argument : at.positional()) {
            if (!(argument instanceof Expression.Starred starred)) {
                positional.add(evaluated(argument, scope, runs));
                continue;
            }
            Object several = starred.values().value(scope);
            if (Unknown.in(several).isPresent()) {
                positional.add(new PythonCall.Argument(argument, several));
            } else {
                List<Object> values = new ArrayList<>();
                addAll(several, values);
                values.forEach(each -> positional.add(new PythonCall.Argument(argument, each)));
            }
        }
        for (Expression.Keyword keyword : at.keywords()) {
            PythonCall.Argument value = evaluated(keyword.value(), scope, runs);
            if (keyword.name().isEmpty() && value.value() instanceof Map<?, ?> dict) {
                dict.forEach((name, each) ->
                        keywords.put(String.valueOf(name), new PythonCall.Argument(keyword.value(), each)));
            } else if (keywords.put(keyword.name(), value) != null) {
                throw twice(at, keyword);
            }
        }
        if (!runs) {
            return construct(at, called, positional, keywords);
        }
        Map<String, Object> named = new LinkedHashMap<>();
        keywords.forEach((name, value) -> named.put(name, value.value()));
        return applied(
                at, called, positional.stream().map(PythonCall.Argument::value).toList(), named);
    }

    private Object applied(Expression.Call at, Object called, List<Object> positional, Map<String, Object> keywords) {
        Object result = apply(called, positional, keywords);
        // The length of a loader is a question to the user, not an unknown number of an unknown loader.
        boolean length = result instanceof Unknown
                && called instanceof PythonFunction known
                && known.name().equals("len");
        return length ? missing(at) : result;
    }

    private static Object needed(Expression argument, Scope scope) {
        try {
            return argument.value(scope);
        } catch (Unknown.Needed e) {
            return e.what();
        }
    }

    private static PythonCall.Argument evaluated(Expression argument, Scope scope, boolean needed) {
        try {
            return new PythonCall.Argument(argument, argument.value(scope));
        } catch (BudgetException e) {
            throw e;
        } catch (Unknown.Needed e) {
            return new PythonCall.Argument(argument, e.what());
        } catch (ArithmeticException e) {
            if (needed) {
                throw e;
            }
            return new PythonCall.Argument(argument, new PythonCall.Failure(String.valueOf(e.getMessage())));
        }
    }

    RuntimeException twice(Expression.Call at, Expression.Keyword keyword) {
        return new ArithmeticException(keyword.name() + " is given twice");
    }

    /** Computes a function. */
    final Object apply(Object function, List<Object> positional, Map<String, Object> keywords) {
        if (function instanceof PythonFunction known) {
            boolean partial = known.name().equals("functools.partial");
            if (partial && !positional.isEmpty() && positional.get(0) instanceof Closure closure) {
                return closure.partial(positional.subList(1, positional.size()), keywords);
            }
            return known.name().equals("dict") ? dict(positional, keywords) : known.call(positional, keywords, this);
        } else if (function instanceof Closure closure) {
            return closure.call(positional, keywords);
        } else if (function instanceof Method method) {
            return method(method, positional);
        }
        Optional<Unknown> unknown = Unknown.in(function);
        if (unknown.isPresent()) {
            return unknown.get();
        }
        throw new ArithmeticException("'" + PythonValue.type(function) + "' object is not callable");
    }

    /** Makes a dict of another, or of pairs, and of what is given by keyword. */
    private Object dict(List<Object> positional, Map<String, Object> keywords) {
        Optional<Unknown> unknown = Unknown.inAny(positional);
        if (unknown.isPresent()) {
            return unknown.get();
        }
        Map<Object, Object> dict = new LinkedHashMap<>();
        for (Object each : positional) {
            if (each instanceof Map<?, ?> other) {
                dict.putAll(other);
                continue;
            }
            List<Object> pairs = new ArrayList<>();
            addAll(each, pairs);
            for (Object pair : pairs) {
                List<Object> both = new ArrayList<>();
                addAll(pair, both);
                if (both.size() != 2) {
                    throw new ArithmeticException("dict() needs pairs");
                }
                dict.put(PythonValue.key(both.get(0)), both.get(1));
            }
        }
        dict.putAll(keywords);
        spend(PythonValue.cost(dict));
        made(dict);
        return dict;
    }

    private Object method(Method method, List<Object> arguments) {
        spend(method.of() instanceof PythonValue.Range range ? range.size() : PythonValue.cost(method.of()));
        int least = method.name().equals("get") || !(method.of() instanceof Map) ? 1 : 0;
        if (arguments.size() < least || arguments.size() > (method.name().equals("get") ? 2 : least)) {
            throw new ArithmeticException(
                    method.name() + "() takes " + least + " arguments, but got " + arguments.size());
        }
        if (method.of() instanceof Map<?, ?> dict) {
            List<Object> all = new ArrayList<>();
            switch (method.name()) {
                case "get" -> {
                    Object value = dict.get(PythonValue.key(arguments.get(0)));
                    return value != null ? value : arguments.size() > 1 ? arguments.get(1) : Optional.empty();
                }
                case "keys" -> all.addAll(dict.keySet());
                case "values" -> all.addAll(dict.values());
                default -> dict.forEach((key, value) -> all.add(Python.Tuple.of(key, value)));
            }
            spend(PythonValue.cost(all));
            return all;
        }
        long count = 0;
        List<?> list = PythonValue.sequence(method.of());
        for (int i = 0; i < list.size(); i++) {
            boolean found = PythonValue.equal(list.get(i), arguments.get(0));
            if (found && method.name().equals("index")) {
                return BigInteger.valueOf(i);
            }
            count += found ? 1 : 0;
        }
        if (method.name().equals("index")) {
            throw new ArithmeticException(Python.shown(arguments.get(0)) + " is not in list");
        }
        return BigInteger.valueOf(count);
    }
}
