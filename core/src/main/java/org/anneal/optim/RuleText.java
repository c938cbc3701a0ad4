package org.anneal.optim;

import java.io.Serial;
import java.io.Serializable;

/** The serialized form of an update rule. */
record RuleText(String text) implements Serializable {
    @Serial
    private Object readResolve() {
        return UpdateRule.parse(text);
    }
}
