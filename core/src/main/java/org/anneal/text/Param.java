package org.anneal.text;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a record's component as a parameter of Python's call: what its type does not say. {@link Kind} reads it.
 *
 * <pre>{@code
 *   public record StepLR(@Param(unit = STEPS, atLeast = 1) long stepSize, @Param(or = "0.1", atLeast = 0) double gamma)
 * }</pre>
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Param {

    /** The unit of a number. */
    enum Unit {
        /** None: a factor or a count. */
        NONE,
        /** Steps of the schedule; in text, possibly a length in units of the run, {@code 30ep}. */
        STEPS,
        /** An absolute learning rate, finite and at least 0. */
        RATE
    }

    /**
     * {@return the name in Python, if it is not the component's name in snake case, {@code step_size} for {@code stepSize}}
     * Components named {@code betas[0]} and {@code betas[1]} are the entries of a tuple {@code betas}.
     */
    String name() default "";

    /** {@return the default, in Python's syntax; without a default the parameter is required} */
    String or() default "";

    /** {@return whether a call prints this parameter even if it has its default} */
    boolean always() default false;

    /** {@return the unit of a number} */
    Unit unit() default Unit.NONE;

    /** {@return whether the schedule has done its work after so many steps, so that this is its length, or one of several that follow one another} */
    boolean ends() default false;

    /** {@return the least value} */
    double atLeast() default Double.NEGATIVE_INFINITY;

    /** {@return the lower bound that values must exceed} */
    double above() default Double.NEGATIVE_INFINITY;

    /** {@return the greatest value} */
    double atMost() default Double.POSITIVE_INFINITY;

    /** {@return the upper bound that values must stay below} */
    double below() default Double.POSITIVE_INFINITY;

    /** {@return whether infinity is a value too: no limit} */
    boolean orInfinite() default false;

    /** The size of a list of numbers that may have any number of entries. */
    int ANY = -1;

    /** {@return the number of entries, if this is a tuple of numbers; {@link #ANY} for a list of any} */
    int size() default 0;

    /** {@return the two ends of the slider that the page shows for a number, if any} */
    double[] slider() default {};
}
