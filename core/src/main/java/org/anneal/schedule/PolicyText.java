package org.anneal.schedule;

import java.io.Serial;
import java.io.Serializable;

/** The serialized form of a policy. */
record PolicyText(String text) implements Serializable {
    @Serial
    private Object readResolve() {
        return Policy.parse(text);
    }
}
