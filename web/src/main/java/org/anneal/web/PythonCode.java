package org.anneal.web;

import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Python;

/** Writes a policy as the PyTorch program that it came from, or could have. */
final class PythonCode {
    private static final Pattern CALL =
            Pattern.compile("\\b(\\w*LR|CosineAnnealingWarmRestarts|ChainedScheduler" + "|ReduceLROnPlateau)\\(");

    private PythonCode() {}

    /** {@return lines of Python that build {@code policy} on an optimizer with {@code rule}} */
    static String of(Policy policy, long lastEpoch, UpdateRule rule, Iterable<Double> lr) {
        String text = policy.toString();
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
        if (lastEpoch != -1) {
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
        if (policy instanceof ComposedPlateau) {
            code.append("# PyTorch runs no plateau inside another scheduler; Anneal does.\n");
        }
        return code.append("scheduler = ").append(call).append('\n').toString();
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
