package org.anneal.sweep;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A point of a {@link Space}.
 *
 * @param family which of the space's alternatives it is of, such as {@code StepLR}; empty if there is only one
 * @param settings such as {@code schedule=StepLR(step_size=5)}, in the order of the space; a name may come several times
 * @param parameters the values of what varies, by the parameters' names
 */
public record Configuration(String family, List<Map.Entry<String, String>> settings, Map<String, String> parameters) {
    public Configuration {
        Objects.requireNonNull(family, "family");
        settings = List.copyOf(settings);
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }
}
