package org.anneal.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A statement of a Python program, as far as it may say something about a schedule. */
sealed interface Statement {

    /** {@code target = other = value}; with an operator {@code target += value}. */
    record Assign(List<Expression> targets, String operator, Expression value) implements Statement {}

    /** An expression that stands for itself: {@code scheduler.step()}. */
    record Evaluate(Expression value) implements Statement {}

    record Return(Expression value) implements Statement {}

    record If(Expression condition, List<Statement> then, List<Statement> otherwise) implements Statement {}

    record For(Expression.Target target, Expression iterable, List<Statement> body) implements Statement {}

    /** A function, of which {@code lambda} is what it computes if it only computes; otherwise why it is none. */
    record Def(
            String name,
            Expression.Lambda parameters,
            List<Statement> body,
            Optional<Expression.Lambda> lambda,
            Optional<PythonSyntaxException> problem)
            implements Statement {}

    /** Names for modules, and for what is in them: {@code np} for {@code numpy}. */
    record Import(Map<String, String> paths) implements Statement {}

    /** A {@code with}, {@code try}, {@code while} or {@code class}, whose statements count. */
    record Block(List<Statement> body) implements Statement {}
}
