package org.anneal.text;

/** The local names of a function that is being computed, innermost first, and the machine that computes. */
final class Scope {
    private final Machine machine;
    private final Scope outer;
    private final String name;
    private final Object value;

    /** Makes a scope without local names. */
    Scope(Machine machine) {
        this.machine = machine;
        this.outer = this;
        this.name = "";
        this.value = "";
    }

    private Scope(Scope outer, String name, Object value) {
        this.machine = outer.machine;
        this.outer = outer;
        this.name = name;
        this.value = value;
    }

    /** Returns this with one more name. */
    Scope with(String name, Object value) {
        return new Scope(this, name, value);
    }

    Machine machine() {
        return machine;
    }

    /** Returns what a name stands for: the innermost local one, or the machine's. */
    Object value(Expression.Name at) {
        machine.spend(1);
        for (Scope scope = this; scope.outer != scope; scope = scope.outer) {
            if (scope.name.equals(at.text())) {
                return scope.value;
            }
        }
        return machine.global(at);
    }
}
