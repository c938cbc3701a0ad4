package org.anneal.optim;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.anneal.text.Check;

/**
 * Groups of parameters, told by patterns of their names: {@code fc*} matches {@code fc1.weight} and {@code fc1.bias}, {@code ?} one
 * character, {@code [12]} one of these, {@code {conv1,fc2}*} either.
 */
public final class NamePatterns {
    private static final int SHOWN = 6;

    private NamePatterns() {}

    /**
     * Divides names among patterns.
     *
     * @return the names that no pattern matches, perhaps none, and then those of each pattern; each in the order of {@code names}
     * @throws IllegalArgumentException if a pattern is none, or matches no name, or one of another pattern
     */
    public static List<List<String>> divide(List<String> patterns, Collection<String> names) {
        List<String> all = Check.list("names", new ArrayList<>(Objects.requireNonNull(names, "names")));
        Map<String, String> takenBy = new HashMap<>();
        List<List<String>> groups = new ArrayList<>();
        for (String pattern : Check.list("patterns", patterns)) {
            List<String> matched = matching(pattern, all);
            List<String> taken = matched.stream().filter(takenBy::containsKey).toList();
            if (!taken.isEmpty()) {
                throw new IllegalArgumentException(
                        "group " + pattern + " must take parameters that no other group has, but took " + shown(taken)
                                + " of " + takenBy.get(taken.get(0)));
            }
            matched.forEach(name -> takenBy.put(name, pattern));
            groups.add(matched);
        }
        groups.add(0, all.stream().filter(name -> !takenBy.containsKey(name)).toList());
        return groups;
    }

    /**
     * {@return the names that {@code pattern} matches, at least one, in their order}
     *
     * @throws IllegalArgumentException if it is no pattern, or matches none
     */
    public static List<String> matching(String pattern, Collection<String> names) {
        Objects.requireNonNull(pattern, "pattern");
        List<String> all = Check.list("names", new ArrayList<>(Objects.requireNonNull(names, "names")));
        PathMatcher matcher;
        try {
            matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "group must have a pattern of names (*, ?, [12]), but had '" + pattern + "'", e);
        }
        List<String> matched =
                all.stream().filter(name -> matcher.matches(Path.of(name))).toList();
        if (matched.isEmpty()) {
            throw new IllegalArgumentException(
                    "group " + pattern + " must match a parameter, which are " + String.join(", ", all));
        }
        return matched;
    }

    /** {@return the first few names, and how many more there are} */
    public static String shown(List<String> names) {
        String first = Check.list("names", names).stream().limit(SHOWN).collect(Collectors.joining(", "));
        return names.size() > SHOWN ? first + " and " + (names.size() - SHOWN) + " more" : first;
    }
}
