package org.anneal.peer;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Peer;

/** What other libraries have, by their own names. A new library is listed here and nowhere else. */
public final class Libraries {
    public static final List<Peer> ALL = Stream.of(Transformers.ALL, Timm.ALL, Optax.ALL, Keras.ALL, Composer.ALL)
            .flatMap(List::stream)
            .toList();

    /** Their names, of which one may be in two libraries. */
    public static final Set<String> NAMES = ALL.stream().map(Peer::name).collect(Collectors.toUnmodifiableSet());

    /** What the names of their modules begin with. */
    public static final Set<String> ROOTS =
            ALL.stream().flatMap(peer -> peer.roots().stream()).collect(Collectors.toUnmodifiableSet());

    private Libraries() {}
}
