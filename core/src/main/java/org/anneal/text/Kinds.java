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
 * Custom kinds of schedules and update rules. A jar names its implementation in
 * {@code META-INF/services/org.anneal.text.Kinds}; its kinds are then parsed, printed, checked, plotted and resumed like the
 * built-in ones.
 */
public interface Kinds {

    /** {@return the kinds: schedules and update rules} */
    List<Kind<?>> kinds();

    /** {@return schedules of other libraries, which are read as what they are here; none by default} */
    default List<Peer> peers() {
        return List.of();
    }

    /** {@return the peers of all jars} */
    static List<Peer> allPeers() {
        List<Peer> all = new ArrayList<>();
        ServiceLoader.load(Kinds.class).forEach(each -> all.addAll(each.peers()));
        return all;
    }

    /**
     * {@return the kind of a name}
     *
     * @param own the built-in kinds
     * @param what the class of the wanted kinds: policies or update rules
     */
    static Optional<Kind<?>> named(String name, List<Kind<?>> own, Class<?> what) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(what, "what");
        for (Kind<?> kind : Check.list("own", own)) { // usually found here, before any jar is opened
            if (kind.name().equals(name)) {
                return Optional.of(kind);
            }
        }
        return all(own, what).stream().filter(kind -> kind.name().equals(name)).findFirst();
    }

    /** {@return whether a kind has a name; jars are opened at the first name that is not a built-in one} */
    static Predicate<String> names(List<Kind<?>> own, Class<?> what) {
        List<Kind<?>> ours = Check.list("own", own);
        Objects.requireNonNull(what, "what");
        Map<String, Boolean> found = new ConcurrentHashMap<>();
        return name ->
                found.computeIfAbsent(name, any -> named(name, ours, what).isPresent());
    }

    /** {@return the built-in kinds, then the custom ones of the class {@code what}} */
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
