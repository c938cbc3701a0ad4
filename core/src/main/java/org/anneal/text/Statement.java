package org.anneal.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A statement of a Python program, as far as it may say something about a schedule. */
sealed interface Statement {

    /** Returns the statements in this one, whose names are those around it. */
    default List<Statement> nested() {
        return List.of();
    }

    /** A statement that computes an expression. */
    sealed interface Computing extends Statement {
        Expression value();
    }

    /** {@code target = other = value}; with an operator {@code target += value}. */
    record Assign(List<Expression> targets, String operator, Expression value) implements Computing {}

    /** An expression that stands for itself: {@code scheduler.step()}. */
    record Evaluate(Expression value) implements Computing {}

    record Return(Expression value) implements Computing {}

    record If(Expression condition, List<Statement> then, List<Statement> otherwise) implements Statement {
        @Override
        public List<Statement> nested() {
            return Stream.concat(then.stream(), otherwise.stream()).toList();
        }
    }

    record For(int at, Expression.Target target, Expression iterable, List<Statement> body) implements Statement {
        @Override
        public List<Statement> nested() {
            return body;
        }
    }

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

    /** A {@code with}, {@code try}, {@code while} or the like, whose statements count. */
    record Block(String word, int at, List<Statement> body) implements Statement {
        @Override
        public List<Statement> nested() {
            return body;
        }
    }

    /** A {@code break}, {@code continue}, {@code raise} or {@code yield}, which counts in a function only. */
    record Jump(String word, int at) implements Statement {}

    /** A class, whose names have that of the class before them. */
    record Type(String name, List<Statement> body) implements Statement {}
}
