package org.anneal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * Kinds from outside: a jar that has some names its implementation in
 * {@code META-INF/services/org.anneal.text.Kinds}, and what stands there is read, printed, checked, plotted and resumed
 * as our own are.
 */
public interface Kinds {

    /** {@return the kinds: schedules and update rules} */
    List<Kind<?>> kinds();

    /**
     * {@return the kind of a name}
     *
     * @param own our own kinds
     * @param what the class of those that are asked for: a policy or an update rule
     */
    static Optional<Kind<?>> named(String name, List<Kind<?>> own, Class<?> what) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(what, "what");
        for (Kind<?> kind : Check.list("own", own)) { // most often found here, before any jar is opened
            if (kind.name().equals(name)) {
                return Optional.of(kind);
            }
        }
        return all(own, what).stream().filter(kind -> kind.name().equals(name)).findFirst();
    }

    /** {@return whether a kind has a name; jars are opened when a name is first not one of our own} */
    static Predicate<String> names(List<Kind<?>> own, Class<?> what) {
        List<Kind<?>> ours = Check.list("own", own);
        Objects.requireNonNull(what, "what");
        Map<String, Boolean> found = new ConcurrentHashMap<>();
        return name ->
                found.computeIfAbsent(name, any -> named(name, ours, what).isPresent());
    }

    /** {@return our own kinds, and those from outside that are of the class {@code what}} */
    static List<Kind<?>> all(List<Kind<?>> own, Class<?> what) {
        List<Kind<?>> all = new ArrayList<>(Check.list("own", own));
        Objects.requireNonNull(what, "what");
        for (Kinds others : ServiceLoader.load(Kinds.class)) {
            others.kinds().stream()
                    .filter(kind -> what.isAssignableFrom(kind.type()))
                    .forEach(all::add);
        }
        return all;
    }
}
