package org.anneal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Python function with the names around it: what its parameters have by default, and what {@code functools.partial} gave
 * it.
 *
 * @param name as messages name it
 */
record Closure(String name, List<Slot> slots, Expression body, Scope scope) {

    /** A parameter: its value, if it has one, and whether that is fixed, so that no positional argument is for it. */
    record Slot(String name, Optional<Object> value, boolean fixed) {}

    /** Returns a function of Python's as one of the step. */
    static Closure of(PythonFunction function) {
        Expression.Call call = new Expression.Call(
                new Expression.Known(function.name(), function), List.of(new Expression.Name("step")), List.of());
        return new Closure(
                function.name(), List.of(new Slot("step", Optional.empty(), false)), call, new Scope(new Machine(0)));
    }

    static Closure of(Expression.Lambda lambda, Scope scope) {
        return of("the lambda", lambda, scope);
    }

    static Closure of(String name, Expression.Lambda lambda, Scope scope) {
        List<Slot> slots = new ArrayList<>();
        for (Expression.Parameter parameter : lambda.parameters()) {
            if (parameter.stars().isEmpty()) { // *args and **kwargs get nothing here
                slots.add(new Slot(parameter.name(), parameter.absent().map(absent -> absent.value(scope)), false));
            }
        }
        return new Closure(name, slots, lambda.body(), scope);
    }

    /** Returns {@code functools.partial} of this. */
    Closure partial(List<Object> positional, Map<String, Object> keywords) {
        List<Slot> bound = new ArrayList<>();
        int given = 0;
        for (Slot slot : slots) {
            if (keywords.containsKey(slot.name())) {
                bound.add(new Slot(slot.name(), Optional.of(keywords.get(slot.name())), false));
            } else if (!slot.fixed() && given < positional.size()) {
                bound.add(new Slot(slot.name(), Optional.of(positional.get(given++)), true));
            } else {
                bound.add(slot);
            }
        }
        refuseMore(positional.size(), given, keywords);
        return new Closure(name, bound, body, scope);
    }

    /** Computes this with the arguments of a call. */
    Object call(List<Object> positional, Map<String, Object> keywords) {
        Scope inside = scope;
        int given = 0;
        List<String> missing = new ArrayList<>();
        for (Slot slot : slots) {
            Optional<Object> value = slot.value();
            if (keywords.containsKey(slot.name())) {
                value = Optional.of(keywords.get(slot.name()));
            } else if (!slot.fixed() && given < positional.size()) {
                value = Optional.of(positional.get(given++));
            }
            if (value.isPresent()) {
                inside = inside.with(slot.name(), value.get());
            } else {
                missing.add("'" + slot.name() + "'");
            }
        }
        refuseMore(positional.size(), given, keywords);
        if (!missing.isEmpty()) {
            throw new ArithmeticException(name + " needs " + String.join(" and ", missing));
        }
        scope.machine().enter();
        Object result = body.value(inside);
        scope.machine().leave();
        return result;
    }

    private void refuseMore(int positional, int taken, Map<String, Object> keywords) {
        if (taken < positional) {
            throw new ArithmeticException(name + " takes " + taken + " positional arguments, but got " + positional);
        }
        for (String keyword : keywords.keySet()) {
            if (slots.stream().noneMatch(slot -> slot.name().equals(keyword))) {
                throw new ArithmeticException(name + " got an unexpected keyword argument '" + keyword + "'");
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
