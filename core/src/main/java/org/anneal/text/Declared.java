package org.anneal.text;

import java.io.Serializable;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.function.Function;

/** A value of a {@link Kind}, which may be a parameter of another. */
public interface Declared extends Serializable {

    /** {@return the declaration of this value's kind} */
    Kind<?> kind();

    /**
     * {@return Java that builds a value equal to this}
     *
     * @param names gives a class's name as the code is to write it
     */
    default String java(Function<Class<?>, String> names) {
        return kind().java((Record) this, names);
    }

    /** {@return this for one of the groups: of each list per group, that group's entry} */
    default Declared forGroup(int group, int groups) {
        return this;
    }

    /** Reads the calls that are values of a type. */
    @FunctionalInterface
    interface Reader {

        /** {@return the value that a call is} */
        Declared read(PythonCall call);
    }

    /** Names what reads a type's values where they are parameters: a class with a constructor without arguments. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface ReadBy {
        Class<? extends Reader> value();
    }
}
