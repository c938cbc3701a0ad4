package org.anneal.text;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a component of a record is as a parameter of Python's call: all that its type does not say. {@link Kind} reads it.
 *
 * <pre>{@code
 *   public record StepLR(@Param(unit = STEPS, atLeast = 1) long stepSize, @Param(or = "0.1", atLeast = 0) double gamma)
 * }</pre>
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Param {

    /** What a number counts or measures. */
    enum Unit {
        /** Nothing: a factor, a count. */
        NONE,
        /** Steps of the schedule; in text it may be a length of the run, {@code 30ep}. */
        STEPS,
        /** A learning rate, finite and at least 0, that does not depend on the base. */
        RATE
    }

    /**
     * {@return the name in Python, if it is not the component's in Python's spelling, {@code step_size} for {@code stepSize}}
     * Components named {@code betas[0]} and {@code betas[1]} are the two of a tuple {@code betas}.
     */
    String name() default "";

    /** {@return the default, as Python writes it; without one the parameter is required} */
    String or() default "";

    /** {@return whether a call is printed with this parameter even where it has its default} */
    boolean always() default false;

    /** {@return what a number counts or measures} */
    Unit unit() default Unit.NONE;

    /** {@return the least value} */
    double atLeast() default Double.NEGATIVE_INFINITY;

    /** {@return what values are above} */
    double above() default Double.NEGATIVE_INFINITY;

    /** {@return the greatest value} */
    double atMost() default Double.POSITIVE_INFINITY;

    /** {@return what values are below} */
    double below() default Double.POSITIVE_INFINITY;

    /** {@return how many numbers a tuple of them has, if it is one} */
    int size() default 0;

    /** {@return the two ends of the slider that the page shows for a number, if it has one} */
    double[] slider() default {};
}
