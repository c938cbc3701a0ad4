package org.anneal.web;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.anneal.text.Python;

/** Writes a policy as a PyTorch program. */
final class PythonCode {
    private static final Pattern CALL = Pattern.compile("\\b(\\w+)\\(");

    private PythonCode() {}

    /** {@return lines of Python that build {@code policy} on an optimizer with {@code rule}} */
    static String of(Policy policy, long lastEpoch, UpdateRule rule, Iterable<Double> lr) {
        String text = policy.toString();
        TreeMap<String, Set<String>> names = new TreeMap<>(); // by module
        Set<String> foreign = new TreeSet<>();
        StringBuilder call = withOptimizer(text, names, foreign);
        boolean resumes = lastEpoch != -1;
        // The rates depend on the step alone, and PyTorch cannot resume by last_epoch: OneCycleLR fails.
        boolean walks = resumes && policy.kind().lastEpoch() == Kind.LastEpoch.NOTHING;
        if (resumes && !walks) {
            call.setLength(call.length() - 1);
            call.append(", last_epoch=").append(lastEpoch).append(')');
        }
        StringBuilder code = new StringBuilder();
        if (text.contains("math.")) {
            code.append("import math\n\n");
        }
        code.append("import torch\n");
        names.descendingMap()
                .forEach((module, known) -> code.append("from ")
                        .append(module)
                        .append(" import ")
                        .append(String.join(", ", known))
                        .append('\n'));
        foreign.forEach(name -> code.append("# ").append(name).append(" is not PyTorch's.\n"));
        code.append('\n').append("optimizer = torch.optim.").append(optimizer(rule, lr));
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
            kind.get()
                    .module()
                    .ifPresentOrElse(
                            module -> names.computeIfAbsent(module, none -> new TreeSet<>())
                                    .add(name),
                            () -> foreign.add(name));
            boolean empty = text.startsWith(")", found.end());
            String optimizer = kind.get().takesOptimizer() ? "optimizer" + (empty ? "" : ", ") : "";
            found.appendReplacement(call, name + "(" + optimizer);
        }
        found.appendTail(call);
        return call;
    }

    private static String optimizer(UpdateRule rule, Iterable<Double> lr) {
        StringBuilder groups = new StringBuilder();
        int count = 0;
        for (double rate : lr) {
            groups.append(count == 0 ? "" : ", ")
                    .append("{'params': group")
                    .append(count++)
                    .append(", 'lr': ")
                    .append(Python.repr(rate))
                    .append('}');
        }
        String parameters = count == 1 ? "model.parameters()" : "[" + groups + "]";
        String call = (count == 1 ? rule.withLr(lr.iterator().next()) : rule).toString();
        return call.replaceFirst("\\(", Matcher.quoteReplacement("(" + parameters + ", ")) + "\n";
    }
}
