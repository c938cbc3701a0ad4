package org.anneal.cli;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Python;
import org.anneal.text.PythonCall;
import org.bytedeco.pytorch.Tensor;

/** The groups that {@code --group PATTERN:OPTIONS} makes of a network's parameters; first comes the group of the rest. */
final class ParameterGroups {
    private static final int SHOWN = 6;

    private final List<ParamGroup<Tensor>> groups = new ArrayList<>();
    private final List<List<String>> names = new ArrayList<>();
    private final List<UpdateRule> rules = new ArrayList<>();

    /**
     * Divides the parameters.
     *
     * @throws IllegalArgumentException if a text is not of that form, or a pattern matches no parameter, or one that another
     *     group has
     */
    ParameterGroups(UpdateRule rule, List<String> texts, Map<String, Tensor> parameters) {
        Map<String, String> takenBy = new LinkedHashMap<>();
        Map<String, UpdateRule> own = new LinkedHashMap<>();
        for (String text : texts) {
            int colon = text.indexOf(':');
            if (colon < 0) {
                throw new IllegalArgumentException(
                        "--group must be PATTERN:OPTIONS, such as 'fc*:lr=0.01', but was '" + text + "'");
            }
            String pattern = text.substring(0, colon).strip();
            List<String> matched = matching(pattern, parameters);
            List<String> taken = matched.stream().filter(takenBy::containsKey).toList();
            if (!taken.isEmpty()) {
                throw new IllegalArgumentException(
                        "--group " + pattern + " must take parameters that no other group has," + " but took "
                                + shown(taken) + " of " + takenBy.get(taken.get(0)));
            }
            matched.forEach(name -> takenBy.put(name, pattern));
            own.put(pattern, with(rule, text.substring(colon + 1).strip()));
        }
        add("rest", rule, parameters.keySet().stream().filter(name -> !takenBy.containsKey(name)), parameters);
        own.forEach((pattern, options) -> add(
                pattern,
                options,
                parameters.keySet().stream().filter(name -> pattern.equals(takenBy.get(name))),
                parameters));
    }

    private void add(String name, UpdateRule rule, Stream<String> chosen, Map<String, Tensor> parameters) {
        List<String> members = chosen.toList();
        if (!members.isEmpty()) {
            List<Tensor> tensors = parameters.entrySet().stream()
                    .filter(entry -> members.contains(entry.getKey()))
                    .map(Map.Entry::getValue)
                    .toList();
            groups.add(new ParamGroup<>(parameters.size() == members.size() ? "all" : name, rule, tensors));
            names.add(members);
            rules.add(rule);
        }
    }

    private static List<String> matching(String pattern, Map<String, Tensor> parameters) {
        PathMatcher matcher;
        try {
            matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "--group must have a pattern of names (*, ?, [12]), but had '" + pattern + "'", e);
        }
        List<String> matched = parameters.keySet().stream()
                .filter(name -> matcher.matches(Path.of(name)))
                .toList();
        if (matched.isEmpty()) {
            throw new IllegalArgumentException("--group " + pattern + " must match a parameter, which are "
                    + String.join(", ", parameters.keySet()));
        }
        return matched;
    }

    /** {@return {@code rule} with some options changed, given as in PyTorch's call} */
    private static UpdateRule with(UpdateRule rule, String options) {
        return Anneal.parsed("--group", () -> {
            String name = rule.getClass().getSimpleName();
            Map<String, Object> main = rule.options();
            Map<String, Object> defaults = UpdateRule.parse(name + "()").options();
            Stream<String> known =
                    Stream.concat(Stream.of("*"), main.keySet().stream().map(option -> option + "="));
            PythonCall.Arguments given =
                    PythonCall.parse(name + "(" + options + ")").bind("params", known.toArray(String[]::new));
            String kept = main.entrySet().stream()
                    .filter(option -> !given.has(option.getKey()))
                    .filter(option -> !option.getValue().equals(defaults.get(option.getKey())))
                    .map(option -> option.getKey() + "=" + Python.repr(option.getValue()))
                    .collect(Collectors.joining(", "));
            return UpdateRule.parse(name + "("
                    + Stream.of(kept, options).filter(part -> !part.isEmpty()).collect(Collectors.joining(", ")) + ")");
        });
    }

    List<ParamGroup<Tensor>> groups() {
        return groups;
    }

    /** {@return the options of each group, as they were given: a schedule may drive the rate and the momentum} */
    List<UpdateRule> rules() {
        return rules;
    }

    /** {@return a line for each group: its options, and the parameters that have them} */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            lines.add("group " + i + ", " + groups.get(i).name() + ": " + rules.get(i) + " for " + shown(names.get(i)));
        }
        return lines;
    }

    private static String shown(List<String> names) {
        String first = names.stream().limit(SHOWN).collect(Collectors.joining(", "));
        return names.size() > SHOWN ? first + " and " + (names.size() - SHOWN) + " more" : first;
    }
}
