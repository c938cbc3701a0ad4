package org.anneal.schedule;

import java.io.Serial;
import java.io.Serializable;

/** A policy in a serialized stream. */
record PolicyText(String text) implements Serializable {
    @Serial
    private Object readResolve() {
        return Policy.parse(text);
    }
}
