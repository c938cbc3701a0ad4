package org.anneal.optim;

/** An engine has neither a kernel for a rule nor a vector operation that would do. */
final class Lacking extends UnsupportedOperationException {
    private static final long serialVersionUID = 1;

    private Lacking(String message) {
        super(message);
    }

    static Lacking of(String what) {
        return new Lacking("the engine lacks " + what);
    }

    /** {@return that {@code what}, a rule or a call, finds a thing missing on {@code engine}} */
    static Lacking on(Engine<?> engine, String what, UnsupportedOperationException missing) {
        String message = missing.getMessage();
        Class<?> type = engine.getClass();
        String name = type.getSimpleName().isEmpty() ? type.getName() : type.getSimpleName();
        return new Lacking(what + " cannot run on " + name + ": "
                + (message == null ? "an operation that it needs is not supported" : message));
    }
}
