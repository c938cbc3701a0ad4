package org.anneal.optim;

import java.io.Serial;
import java.io.Serializable;

/** An update rule in a serialized stream. */
record RuleText(String text) implements Serializable {
    @Serial
    private Object readResolve() {
        return UpdateRule.parse(text);
    }
}
