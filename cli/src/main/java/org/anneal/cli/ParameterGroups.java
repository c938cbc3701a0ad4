package org.anneal.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.optim.NamePatterns;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Python;
import org.anneal.text.PythonCall;
import org.anneal.train.Checkpoint;
import org.bytedeco.pytorch.Tensor;

/** The parameter groups that {@code --group PATTERN:OPTIONS} makes; the group of the remaining parameters comes first. */
final class ParameterGroups {
    private final List<ParamGroup<Tensor>> groups = new ArrayList<>();
    private final List<List<String>> names = new ArrayList<>();
    private final List<UpdateRule> rules = new ArrayList<>();

    /**
     * Divides the parameters.
     *
     * @throws IllegalArgumentException if a string does not have that form, or a pattern matches no parameter, or one of another
     *     group
     */
    ParameterGroups(UpdateRule rule, List<String> texts, Map<String, Tensor> parameters) {
        List<String> patterns = new ArrayList<>();
        for (String text : texts) {
            int colon = text.indexOf(':');
            if (colon < 0) {
                throw new IllegalArgumentException(
                        "--group must be PATTERN:OPTIONS, such as 'fc*:lr=0.01', but was '" + text + "'");
            }
            patterns.add(text.substring(0, colon).strip());
        }
        List<List<String>> divided;
        try {
            divided = NamePatterns.divide(patterns, parameters.keySet());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
        add("rest", rule, divided.get(0), parameters);
        for (int i = 0; i < texts.size(); i++) {
            String options = texts.get(i).substring(texts.get(i).indexOf(':') + 1);
            add(patterns.get(i), with(rule, options.strip()), divided.get(i + 1), parameters);
        }
    }

    private void add(String name, UpdateRule rule, List<String> members, Map<String, Tensor> parameters) {
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

    /** {@return {@code rule} with options changed, which are given as in PyTorch's call} */
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

    /**
     * Refuses to go on from an optimizer whose groups are others, and says which options make them. Nothing is refused that no
     * option can mend, such as an optimizer of another network: what restores it says what differs.
     *
     * @param saved the groups of the optimizer in {@code file}; none if it has no optimizer
     */
    void checkLike(List<Checkpoint.SavedGroup> saved, Path file) {
        boolean same = saved.size() == groups.size()
                && IntStream.range(0, groups.size()).allMatch(i -> isLike(saved.get(i), names.get(i)));
        boolean single = saved.size() == 1 && groups.size() == 1;
        if (same || single || !isOfAll(saved)) {
            return;
        } else if (saved.size() == 1) {
            throw new IllegalArgumentException("--group must be left out: the optimizer in " + file + " has one group");
        }
        List<String> all = names.stream().flatMap(List::stream).toList();
        boolean known = saved.stream().skip(1).noneMatch(group -> group.names().isEmpty());
        String options = saved.stream()
                .skip(1)
                .map(group -> "--group '" + (known ? pattern(group.names(), all) : "PATTERN") + ":"
                        + changes(saved.get(0).rule(), group.rule()) + "'"
                        + (known ? "" : " (" + group.size() + " of " + all.size() + " parameters)"))
                .collect(Collectors.joining(" "));
        throw new IllegalArgumentException(
                "--group must make the " + saved.size() + " groups of the optimizer in " + file + ": " + options
                        + (known ? "" : "; PATTERN matches names of parameters, which the file does not tell"));
    }

    /** {@return whether these groups have as many parameters as the network} */
    private boolean isOfAll(List<Checkpoint.SavedGroup> saved) {
        return saved.stream().mapToInt(Checkpoint.SavedGroup::size).sum()
                == names.stream().mapToInt(List::size).sum();
    }

    private static boolean isLike(Checkpoint.SavedGroup saved, List<String> names) {
        return saved.size() == names.size()
                && (saved.names().isEmpty() || Set.copyOf(saved.names()).equals(Set.copyOf(names)));
    }

    /** {@return a pattern that of {@code all} names matches {@code chosen} and no others} */
    private static String pattern(List<String> chosen, List<String> all) {
        String first = chosen.get(0);
        return IntStream.range(0, first.length())
                .boxed()
                .flatMap(i -> Stream.of(first.substring(0, first.length() - i) + "*", "*" + first.substring(i)))
                .filter(pattern -> chosen.size() > 1
                        && Set.copyOf(NamePatterns.matching(pattern, all)).equals(Set.copyOf(chosen)))
                .findFirst()
                .orElse(chosen.size() == 1 ? first : "{" + String.join(",", chosen) + "}");
    }

    /** {@return the options in which a group's rule differs from the first group's, as {@code --group} takes them} */
    private static String changes(Optional<UpdateRule> first, Optional<UpdateRule> rule) {
        Map<String, Object> main = first.map(UpdateRule::options).orElse(Map.of());
        return rule.map(UpdateRule::options).orElse(Map.of()).entrySet().stream()
                .filter(option -> !option.getValue().equals(main.get(option.getKey())))
                .map(option -> option.getKey() + "=" + Python.repr(option.getValue()))
                .collect(Collectors.joining(", "));
    }

    /** {@return the options that make the groups, but for the first, which has the remaining parameters} */
    static String options(List<UpdateRule> groups) {
        return groups.stream()
                .skip(1)
                .map(rule -> "--group 'PATTERN:" + changes(Optional.of(groups.get(0)), Optional.of(rule)) + "'")
                .collect(Collectors.joining(" "));
    }

    /** {@return the text of {@code --group} that gives the pattern of {@code text} the options of {@code group} beside {@code main}} */
    static String like(String text, UpdateRule main, UpdateRule group) {
        return text.substring(0, text.indexOf(':') + 1) + changes(Optional.of(main), Optional.of(group));
    }

    List<ParamGroup<Tensor>> groups() {
        return groups;
    }

    /** {@return the rule of each group as it was given, whatever a schedule does to rate and momentum} */
    List<UpdateRule> rules() {
        return rules;
    }

    /** {@return a line for each group, with its rule and parameters} */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            lines.add("group " + i + ", " + groups.get(i).name() + ": " + rules.get(i) + " for "
                    + NamePatterns.shown(names.get(i)));
        }
        return lines;
    }
}
