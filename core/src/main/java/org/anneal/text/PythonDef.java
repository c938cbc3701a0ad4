package org.anneal.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes one expression of a short {@code def}: {@code if} becomes {@code a if c else b}, and a local name the parameter of
 * a lambda that is called at once, {@code (lambda x: ...)(value)}, so that all is computed when and as often as in Python.
 */
final class PythonDef {
    private static final int MOST_STATEMENTS = 1000; // also those that stand twice, after an if

    private final PythonText source;
    private final String name;
    private final Set<String> parameters = new HashSet<>();
    private final Set<String> conditional = new HashSet<>(); // local names that an if gives a value to
    private int statements;

    PythonDef(PythonText source, String name, List<Expression.Parameter> parameters) {
        this.source = source;
        this.name = name;
        parameters.forEach(each -> this.parameters.add(each.name()));
    }

    /** Returns what the statements return. */
    Expression body(List<Statement> body) {
        Set<String> local = new HashSet<>();
        assigned(body, local);
        return after(body, local, parameters);
    }

    private static void assigned(List<Statement> body, Set<String> names) {
        for (Statement each : body) {
            if (each instanceof Statement.Assign assign) {
                assign.targets().forEach(target -> names(target, names));
            } else if (each instanceof Statement.Def function) {
                names.add(function.name());
            } else if (each instanceof Statement.For loop) {
                names.addAll(loop.target().names());
            }
            assigned(each.nested(), names);
        }
    }

    private static void names(Expression target, Set<String> names) {
        if (target instanceof Expression.Name each) {
            names.add(each.text());
        } else if (target instanceof Expression.Items items) {
            items.items().forEach(each -> names(each, names));
        }
    }

    /**
     * Returns what is returned from here on.
     *
     * @param local the names that the function gives values to
     * @param bound those that have one
     */
    private Expression after(List<Statement> rest, Set<String> local, Set<String> bound) {
        if (++statements > MOST_STATEMENTS) {
            throw source.error(0, name + " has more than " + MOST_STATEMENTS + " statements, counted after each if");
        }
        if (rest.isEmpty()) {
            return new Expression.None();
        }
        Statement first = rest.get(0);
        List<Statement> others = rest.subList(1, rest.size());
        if (first instanceof Statement.Return result) {
            return checked(result.value(), local, bound);
        } else if (first instanceof Statement.If condition) {
            assigned(List.of(condition), conditional);
            Optional<Statement> single = single(condition, bound);
            if (single.isPresent()) {
                List<Statement> all = new ArrayList<>(List.of(single.get()));
                all.addAll(others);
                return after(all, local, bound);
            }
            return source.placed(
                    new Expression.Conditional(
                            after(joined(condition.then(), others), local, bound),
                            checked(condition.condition(), local, bound),
                            after(joined(condition.otherwise(), others), local, bound)),
                    source.position(condition.condition()));
        } else if (first instanceof Statement.Assign assign) {
            return assigned(assign, others, local, bound);
        } else if (first instanceof Statement.Def function && function.lambda().isPresent()) {
            Expression named = new Expression.Name(function.name());
            return assigned(
                    new Statement.Assign(List.of(named), "", function.lambda().get()), others, local, bound);
        } else if (first instanceof Statement.For loop && loop.body().stream().noneMatch(PythonDef::leaves)) {
            return loop(loop, others, local, bound);
        } else if (first instanceof Statement.Jump jump && jump.word().equals("raise")) {
            return new Expression.None(); // which is no rate
        } else if (says(first)) {
            return after(others, local, bound);
        }
        if (first instanceof Statement.Def function) {
            throw function.problem().orElseThrow();
        }
        throw unsupported(first);
    }

    /** Returns whether a statement, or one in it, does not go on to the next. */
    private static boolean leaves(Statement statement) {
        return statement instanceof Statement.Return
                || statement instanceof Statement.Jump
                || (statement instanceof Statement.If condition
                        && (condition.then().stream().anyMatch(PythonDef::leaves)
                                || condition.otherwise().stream().anyMatch(PythonDef::leaves)))
                || (statement instanceof Statement.For loop
                        && loop.body().stream().anyMatch(PythonDef::leaves));
    }

    /**
     * Makes {@code functools.reduce} of a loop: of the names that have a value before and get another in it, each round makes
     * new values.
     */
    private Expression loop(Statement.For loop, List<Statement> others, Set<String> local, Set<String> bound) {
        Set<String> changed = new LinkedHashSet<>();
        assigned(loop.body(), changed);
        changed.retainAll(bound);
        loop.target().names().forEach(changed::remove);
        if (changed.isEmpty()) {
            return after(others, local, bound);
        }
        Set<String> inside = new HashSet<>(bound);
        inside.addAll(loop.target().names());
        List<Expression> names = changed.stream()
                .<Expression>map(each -> source.placed(new Expression.Name(each), loop.at()))
                .toList();
        Expression state = together(names);
        List<Statement> round = new ArrayList<>(loop.body());
        round.add(new Statement.Return(state));
        String all = String.join("_", changed);
        Expression.Target target = loop.target();
        Expression body = unpacked(List.copyOf(changed), all, after(round, local, inside));
        String item = target.single() ? target.name() : String.join("_", target.names());
        if (!target.single()) {
            if (!target.parts().stream().allMatch(Expression.Target::single)) {
                throw unsupported(loop);
            }
            body = unpacked(target.names(), item, body);
        }
        Expression iterable = checked(loop.iterable(), local, bound);
        Expression.Known reduce = PythonFunction.expression("functools.reduce");
        Expression result = placed(
                new Expression.Call(
                        placed(reduce, loop),
                        List.of(placed(lambda(List.of(all, item), body), loop), iterable, state),
                        List.of()),
                loop);
        Expression.Lambda rest = placed(lambda(List.copyOf(changed), after(others, local, bound)), loop);
        Expression values = changed.size() == 1 ? result : new Expression.Starred(result);
        return placed(new Expression.Call(rest, List.of(values), List.of()), loop);
    }

    private <T extends Expression> T placed(T expression, Statement.For loop) {
        return source.placed(expression, loop.at());
    }

    private static Expression together(List<Expression> values) {
        return values.size() == 1 ? values.get(0) : new Expression.Items(Expression.Shape.TUPLE, values);
    }

    /** Returns {@code (lambda a, b: body)(*a_b)}, or the body where there is one name. */
    private static Expression unpacked(List<String> names, String together, Expression body) {
        return names.size() == 1
                ? body
                : new Expression.Call(
                        lambda(names, body), List.of(new Expression.Starred(new Expression.Name(together))), List.of());
    }

    private static Expression.Lambda lambda(List<String> names, Expression body) {
        return new Expression.Lambda(
                names.stream()
                        .map(each -> new Expression.Parameter("", each, Optional.empty()))
                        .toList(),
                body);
    }

    private PythonSyntaxException unsupported(Statement statement) {
        int at = 0;
        String what = "this statement";
        if (statement instanceof Statement.Evaluate evaluate) {
            at = source.position(evaluate.value());
        } else if (statement instanceof Statement.For loop) {
            at = loop.at();
            what = "a for loop with return, break or continue";
        } else if (statement instanceof Statement.Jump jump) {
            at = jump.at();
            what = "'" + jump.word() + "'";
        } else if (statement instanceof Statement.Block block) {
            at = block.at();
            what = "'" + block.word() + "'";
        } else if (statement instanceof Statement.Type type) {
            what = "the class " + type.name();
        }
        return source.error(
                at,
                what + " is not supported in " + name
                        + ", which may assign names, and have if, elif, else, for and return");
    }

    /** Returns an {@code if} that does no more than give one name one of two values as one assignment. */
    private Optional<Statement> single(Statement.If condition, Set<String> bound) {
        boolean simple = condition.then().size() == 1
                && condition.otherwise().size() <= 1
                && condition.then().get(0) instanceof Statement.Assign;
        if (!simple) {
            return Optional.empty();
        }
        Statement.Assign then = (Statement.Assign) condition.then().get(0);
        Expression name = then.targets().get(0);
        Expression otherwise = name;
        boolean same = then.targets().size() == 1 && name instanceof Expression.Name;
        if (condition.otherwise().size() == 1) {
            Statement other = condition.otherwise().get(0);
            if (other instanceof Statement.If more) {
                other = single(more, bound).orElse(more);
            }
            same &= other instanceof Statement.Assign assign && assign.targets().equals(then.targets());
            otherwise = other instanceof Statement.Assign assign ? value(assign) : otherwise;
        } else {
            same &= bound.contains(name.toString());
        }
        Expression value = source.placed(
                new Expression.Conditional(value(then), condition.condition(), otherwise),
                source.position(condition.condition()));
        return same ? Optional.of(new Statement.Assign(then.targets(), "", value)) : Optional.empty();
    }

    /** Returns what an assignment gives its target. */
    private Expression value(Statement.Assign assign) {
        return assign.operator().isEmpty()
                ? assign.value()
                : source.placed(
                        new Expression.Binary(
                                assign.operator(), assign.targets().get(0), assign.value()),
                        source.position(assign.value()));
    }

    /** Returns whether a statement has no effect on what is returned: documentation, an import, a print. */
    private static boolean says(Statement statement) {
        return statement instanceof Statement.Import
                || (statement instanceof Statement.Evaluate evaluate
                        && (evaluate.value() instanceof Expression.Text
                                || evaluate.value() instanceof Expression.None
                                || (evaluate.value() instanceof Expression.Call call
                                        && call.function().toString().equals("print"))));
    }

    private static List<Statement> joined(List<Statement> first, List<Statement> then) {
        List<Statement> all = new ArrayList<>(first);
        boolean leaves = !first.isEmpty()
                && !(first.get(first.size() - 1) instanceof Statement.If)
                && leaves(first.get(first.size() - 1));
        if (!leaves) {
            all.addAll(then);
        }
        return all;
    }

    private Expression assigned(Statement.Assign assign, List<Statement> others, Set<String> local, Set<String> bound) {
        Expression target = assign.targets().get(0);
        Expression value = value(assign);
        if (assign.targets().size() > 1) { // a = b = value: each of the same value
            List<Statement> each = new ArrayList<>();
            Expression last = assign.targets().get(assign.targets().size() - 1);
            each.add(new Statement.Assign(List.of(last), "", value));
            assign.targets()
                    .subList(0, assign.targets().size() - 1)
                    .forEach(one -> each.add(new Statement.Assign(List.of(one), "", last)));
            each.addAll(others);
            return after(each, local, bound);
        }
        value = checked(value, local, bound);
        if (value instanceof Expression.Lambda function) {
            checkLater(function, others);
        }
        boolean returned = !others.isEmpty()
                && others.get(0) instanceof Statement.Return result
                && result.value().equals(target)
                && target instanceof Expression.Name;
        if (returned) {
            return value;
        }
        List<Expression.Parameter> names = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        if (target instanceof Expression.Name single) {
            names.add(new Expression.Parameter("", single.text(), Optional.empty()));
            values.add(value);
        } else if (target instanceof Expression.Items several
                && value instanceof Expression.Items items
                && several.items().size() == items.items().size()
                && several.items().stream().allMatch(Expression.Name.class::isInstance)) {
            several.items().forEach(each -> names.add(new Expression.Parameter("", each.toString(), Optional.empty())));
            values.addAll(items.items());
        } else {
            throw source.error(target, name + " may assign names only, but assigns " + target);
        }
        Set<String> more = new HashSet<>(bound);
        names.forEach(each -> more.add(each.name()));
        int at = source.position(assign.value());
        Expression.Lambda rest = source.placed(new Expression.Lambda(names, after(others, local, more)), at);
        return source.placed(new Expression.Call(rest, values, List.of()), at);
    }

    /** Refuses a function of a name that gets another value behind it, which Python would use. */
    private void checkLater(Expression.Lambda function, List<Statement> others) {
        Set<String> later = new HashSet<>();
        assigned(others, later);
        function.parameters().forEach(parameter -> later.remove(parameter.name()));
        for (String each : later) {
            if (PythonText.mentions(function.body(), each)) {
                throw source.error(
                        function,
                        "a function in " + name + " uses '" + each
                                + "', which gets a value behind it: that is not supported");
            }
        }
    }

    /**
     * Refuses a local name before it has a value, as Python does. Where it depends on an {@code if} whether it has one, the
     * name becomes an expression that fails.
     */
    private Expression checked(Expression expression, Set<String> local, Set<String> bound) {
        Expression result;
        if (expression instanceof Expression.Name used) {
            if (!local.contains(used.text()) || bound.contains(used.text())) {
                return used;
            } else if (!conditional.contains(used.text())) {
                throw source.error(used, "'" + used + "' of " + name + " has no value here yet");
            }
            result = new Expression.Subscript(new Expression.Dict(List.of()), new Expression.Text(used.text()));
        } else if (expression instanceof Expression.Lambda lambda) { // its body is for later
            result = new Expression.Lambda(
                    lambda.parameters().stream()
                            .map(each -> new Expression.Parameter(
                                    each.stars(),
                                    each.name(),
                                    each.absent().map(absent -> checked(absent, local, bound))))
                            .toList(),
                    lambda.body());
        } else {
            Set<String> inside = new HashSet<>(bound);
            if (expression instanceof Expression.Comprehension comprehension) {
                comprehension
                        .clauses()
                        .forEach(each -> inside.addAll(each.target().names()));
            }
            result = expression.map(part -> checked(part, local, inside));
        }
        return source.placed(result, source.position(expression));
    }
}
