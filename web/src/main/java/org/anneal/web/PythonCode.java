package org.anneal.web;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Python;

/** Writes a policy as the PyTorch program that it came from, or could have. */
final class PythonCode {
    private static final Pattern CALL =
            Pattern.compile("\\b(\\w*LR|CosineAnnealingWarmRestarts|ChainedScheduler" + "|ReduceLROnPlateau)\\(");

    /** Kinds that PyTorch does not take up at {@code last_epoch} as the others; docs/parity.md says how. */
    static final Set<String> RESUMED_OTHERWISE =
            Set.of("StepLR", "MultiStepLR", "ConstantLR", "CosineAnnealingWarmRestarts", "SWALR", "SequentialLR");

    private PythonCode() {}

    /** {@return lines of Python that build {@code policy} on an optimizer with {@code rule}} */
    static String of(Policy policy, long lastEpoch, UpdateRule rule, Iterable<Double> lr) {
        String text = policy.toString();
        String kind = text.substring(0, text.indexOf('('));
        TreeSet<String> names = new TreeSet<>();
        StringBuilder call = new StringBuilder();
        Matcher found = CALL.matcher(text);
        while (found.find()) {
            String name = found.group(1);
            names.add(name);
            boolean takesOptimizer = !name.equals("ChainedScheduler");
            boolean empty = text.startsWith(")", found.end());
            String optimizer = takesOptimizer ? "optimizer" + (empty ? "" : ", ") : "";
            found.appendReplacement(call, name + "(" + optimizer);
        }
        found.appendTail(call);
        boolean resumes = lastEpoch != -1;
        // Their rates depend on the step alone, and PyTorch's do not resume by last_epoch: OneCycleLR fails.
        boolean walks = resumes && (policy instanceof OneCycleLR || policy instanceof CyclicLR);
        if (resumes && !walks) {
            call.setLength(call.length() - 1);
            call.append(", last_epoch=").append(lastEpoch).append(')');
        }
        StringBuilder code = new StringBuilder();
        if (text.contains("math.")) {
            code.append("import math\n\n");
        }
        code.append("import torch\n");
        if (names.remove("SWALR")) {
            code.append("from torch.optim.swa_utils import SWALR\n");
        }
        if (!names.isEmpty()) {
            code.append("from torch.optim.lr_scheduler import ")
                    .append(String.join(", ", names))
                    .append('\n');
        }
        code.append('\n').append("optimizer = torch.optim.").append(optimizer(rule, lr));
        if (resumes && !walks) {
            // PyTorch resumes only an optimizer whose groups know their base rates.
            code.append("for group in optimizer.param_groups:\n    group['initial_lr'] = group['lr']\n");
            if (RESUMED_OTHERWISE.contains(kind)) {
                code.append(
                        "# PyTorch may go on otherwise from last_epoch than Anneal, which keeps the rate in force.\n");
            }
        }
        if (policy instanceof ComposedPlateau) {
            code.append("# PyTorch runs no plateau inside another scheduler; Anneal does.\n");
        }
        code.append("scheduler = ").append(call).append('\n');
        if (walks) {
            code.append("for _ in range(")
                    .append(lastEpoch + 1)
                    .append("):\n    optimizer.step()\n    scheduler.step()\n");
        }
        return code.toString();
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
