package org.anneal.web;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.anneal.text.Python;

/** Writes a policy as a PyTorch program. */
final class PythonCode {
    private static final Pattern CALL = Pattern.compile("\\b(\\w+)\\(");
    private static final Pattern MODULE = Pattern.compile("\\b(bisect|math|np)\\."); // in a lambda

    private static final String OPTIM = "torch.optim";

    private PythonCode() {}

    /**
     * {@return lines of Python that build {@code policy} on an optimizer}
     *
     * @param rule the optimizer's, apart from the groups' own options
     */
    static String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
        String text = policy.toString();
        TreeMap<String, Set<String>> names = new TreeMap<>(); // by module
        Set<String> foreign = new TreeSet<>();
        StringBuilder call = withOptimizer(text, names, foreign);
        boolean inTorch = rule.kind().module().equals(Optional.of(OPTIM));
        if (!inTorch) {
            add(rule.kind(), names, foreign);
        }
        boolean resumes = lastEpoch != -1;
        // The rates depend on the step alone, and PyTorch cannot resume by last_epoch: OneCycleLR fails.
        boolean walks = resumes && policy.kind().lastEpoch() == Kind.LastEpoch.NOTHING;
        if (resumes && !walks) {
            call.setLength(call.length() - 1);
            call.append(", last_epoch=").append(lastEpoch).append(')');
        }
        StringBuilder code = new StringBuilder();
        Set<String> modules = MODULE.matcher(text)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        boolean numpy = modules.remove("np");
        modules.forEach(module -> code.append("import ").append(module).append('\n'));
        code.append(modules.isEmpty() ? "" : "\n")
                .append(numpy ? "import numpy as np\n" : "")
                .append("import torch\n");
        names.descendingMap()
                .forEach((module, known) -> code.append("from ")
                        .append(module)
                        .append(" import ")
                        .append(String.join(", ", known))
                        .append('\n'));
        foreign.forEach(name -> code.append("# ").append(name).append(" is not PyTorch's.\n"));
        code.append('\n')
                .append("optimizer = ")
                .append(inTorch ? OPTIM + "." : "")
                .append(optimizer(rule, groups));
        if (resumes && !walks) {
            // PyTorch resumes only an optimizer whose groups know their base rates.
            code.append("for group in optimizer.param_groups:\n    group['initial_lr'] = group['lr']\n");
            if (policy.kind().lastEpoch() == Kind.LastEpoch.APART) {
                code.append(
                        "# From last_epoch on, PyTorch's rates may differ from Anneal's, which keeps the rate in force.\n");
            }
        }
        if (policy.stepDriven().isPresent() && policy.metricDriven().isPresent()) {
            code.append("# PyTorch cannot run a plateau inside another scheduler; Anneal can.\n");
        }
        code.append("scheduler = ").append(call).append('\n');
        if (walks) {
            code.append("for _ in range(")
                    .append(lastEpoch + 1)
                    .append("):\n    optimizer.step()\n    scheduler.step()\n");
        }
        return code.toString();
    }

    /** {@return a call with the optimizer as its argument} Collects the schedulers that it names, and those that are not PyTorch's. */
    private static StringBuilder withOptimizer(String text, Map<String, Set<String>> names, Set<String> foreign) {
        StringBuilder call = new StringBuilder();
        Matcher found = CALL.matcher(text);
        while (found.find()) {
            String name = found.group(1);
            Optional<Kind<?>> kind = Policy.kind(name);
            if (kind.isEmpty()) {
                continue; // a function within a lambda
            }
            add(kind.get(), names, foreign);
            boolean empty = text.startsWith(")", found.end());
            String optimizer = kind.get().takesOptimizer() ? "optimizer" + (empty ? "" : ", ") : "";
            found.appendReplacement(call, name + "(" + optimizer);
        }
        found.appendTail(call);
        return call;
    }

    private static void add(Kind<?> kind, Map<String, Set<String>> names, Set<String> foreign) {
        kind.module()
                .ifPresentOrElse(
                        module -> names.computeIfAbsent(module, none -> new TreeSet<>())
                                .add(kind.name()),
                        () -> foreign.add(kind.name()));
    }

    private static String optimizer(UpdateRule rule, List<UpdateRule> groups) {
        boolean one = groups.size() == 1;
        String parameters = one
                ? "model.parameters()"
                : IntStream.range(0, groups.size())
                        .mapToObj(i -> group(i, rule, groups.get(i)))
                        .collect(Collectors.joining(", ", "[", "]"));
        String call = (one ? groups.get(0) : rule).toString();
        return call.replaceFirst("\\(", Matcher.quoteReplacement("(" + parameters + ", ")) + "\n";
    }

    /** {@return a group's dict: its rate, and the options in which it differs from the rule} */
    private static String group(int number, UpdateRule rule, UpdateRule group) {
        StringBuilder entries = new StringBuilder("{'params': group" + number);
        group.options().forEach((option, value) -> {
            if (option.equals("lr") || !value.equals(rule.options().get(option))) {
                entries.append(", '").append(option).append("': ").append(Python.repr(value));
            }
        });
        return entries.append('}').toString();
    }
}
