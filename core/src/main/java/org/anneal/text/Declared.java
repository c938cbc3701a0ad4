package org.anneal.text;

import java.io.Serializable;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.function.Function;

/** A value with a {@link Kind}; it may be a parameter of another such value. */
public interface Declared extends Serializable {

    /** {@return the declaration of this value's kind} */
    Kind<?> kind();

    /**
     * {@return Java that builds a value equal to this}
     *
     * @param names returns the name by which the code refers to a class
     */
    default String java(Function<Class<?>, String> names) {
        return kind().java((Record) this, names);
    }

    /** {@return this for one of the param groups: each list per group is reduced to that group's entry} */
    default Declared forGroup(int group, int groups) {
        return this;
    }

    /** Reads a value from its call. */
    @FunctionalInterface
    interface Reader {

        /** {@return the value of a call} */
        Declared read(PythonCall call);
    }

    /** Names the reader of a type's values where they are parameters: a class with a constructor without arguments. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface ReadBy {
        Class<? extends Reader> value();
    }
}
