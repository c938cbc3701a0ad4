package org.anneal.schedule;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The gallery's cards, which show every kind of schedule; a test that goes through the kinds begins with these. */
public final class Examples {
    private static final Pattern CARD = Pattern.compile("\"expression\": \"([^\"]*)\"");
    private static final List<Policy> ALL = read();

    private Examples() {}

    private static List<Policy> read() {
        Path gallery = Path.of("../web/src/main/resources/org/anneal/web/gallery.json");
        try {
            return CARD.matcher(Files.readString(gallery))
                    .results()
                    .<Policy>map(card -> Policy.parse(card.group(1)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Stream<Policy> policies() {
        return ALL.stream();
    }

    public static Stream<Schedule> schedules() {
        return policies().filter(Schedule.class::isInstance).map(Schedule.class::cast);
    }

    /** {@return {@code policies}, and a card of each kind that is not among them} */
    public static <P extends Policy> Stream<P> with(Stream<? extends P> policies, Stream<? extends P> cards) {
        List<P> all = new ArrayList<>(policies.toList());
        cards.forEach(card -> {
            if (all.stream().noneMatch(each -> each.getClass() == card.getClass())) {
                all.add(card);
            }
        });
        return all.stream();
    }
}
