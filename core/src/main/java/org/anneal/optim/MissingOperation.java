package org.anneal.optim;

/** Thrown if an engine has neither a kernel for a rule nor the vector operation that the rule needs instead. */
final class MissingOperation extends UnsupportedOperationException {
    private static final long serialVersionUID = 1;

    private MissingOperation(String message) {
        super(message);
    }

    static MissingOperation of(String what) {
        return new MissingOperation("the engine lacks " + what);
    }

    /** {@return that {@code what}, a rule or a call, cannot run on {@code engine}, because of {@code missing}} */
    static MissingOperation on(Engine<?> engine, String what, UnsupportedOperationException missing) {
        String message = missing.getMessage();
        Class<?> type = engine.getClass();
        String name = type.getSimpleName().isEmpty() ? type.getName() : type.getSimpleName();
        return new MissingOperation(what + " cannot run on " + name + ": "
                + (message == null ? "it needs an operation that is not supported" : message));
    }
}
