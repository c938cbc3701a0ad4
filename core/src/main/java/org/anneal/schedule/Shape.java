package org.anneal.schedule;

import org.anneal.text.Power;

/** How a factor goes from one value to another, as a curve from 1 to 0. A warmup follows it backwards. */
public enum Shape {
    /** A straight line: {@code 1 - p}, where {@code p} is the part of the steps that is over. */
    LINEAR {
        @Override
        double fall(double part) {
            return 1 - part;
        }

        @Override
        String falling(String part) {
            return "1 - " + part;
        }
    },
    /** Half a cosine: {@code (1 + cos(pi * p)) / 2}. */
    COSINE {
        @Override
        double fall(double part) {
            return (1 + Math.cos(Math.PI * part)) / 2;
        }

        @Override
        String falling(String part) {
            return "(1 + math.cos(math.pi * " + part + ")) / 2";
        }
    },
    /** Fast, then slow: {@code 1 - sqrt(p)}. */
    SQRT {
        @Override
        double fall(double part) {
            return 1 - Math.sqrt(part);
        }

        @Override
        String falling(String part) {
            return "1 - (" + part + ") ** 0.5";
        }
    },
    /** Half an exponential's way, {@code 2 * 0.5^p - 1}; a warmup multiplies by the same number at every step. */
    EXPONENTIAL {
        @Override
        double fall(double part) {
            return 2 * Power.pow(0.5, part) - 1;
        }

        @Override
        String falling(String part) {
            return "2 * 0.5 ** (" + part + ") - 1";
        }
    },
    /** All at once, at the end. */
    CONSTANT {
        @Override
        double fall(double part) {
            return part < 1 ? 1 : 0;
        }

        @Override
        String falling(String part) {
            return "1 if " + part + " < 1 else 0";
        }
    };

    /** {@return the factor after a part of the steps, from 1 at 0 to 0 at 1} */
    abstract double fall(double part);

    /** {@return {@link #fall} in Python} */
    abstract String falling(String part);
}
