package org.anneal.convert;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Python;

/** Writes a policy as a PyTorch program. */
final class PyTorchCode {
    private static final Pattern CALL = Pattern.compile("\\b(\\w+)\\(");
    private static final Pattern MODULE = Pattern.compile("\\b(bisect|math|np)\\."); // in a lambda

    private static final String OPTIM = "torch.optim";

    private PyTorchCode() {}

    /**
     * {@return lines of Python that build a policy on an optimizer} One that PyTorch lacks is a LambdaLR.
     *
     * @param rule the optimizer's, apart from the groups' own options
     */
    static String of(Policy given, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
        if (given.stepDriven().isPresent() && given.metricDriven().isPresent()) {
            throw new UnsupportedOperationException("PyTorch cannot run a plateau inside another scheduler");
        }
        boolean own = isOwn(given.toString());
        Policy policy = own ? given : lambda(given, groups);
        String text = policy.toString();
        TreeMap<String, Set<String>> names = new TreeMap<>(); // by module
        StringBuilder call = withOptimizer(text, names);
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
        code.append(optimizer(rule, groups));
        if (resumes && !walks) {
            // PyTorch resumes only an optimizer whose groups know their base rates.
            code.append("for group in optimizer.param_groups:\n    group['initial_lr'] = group['lr']\n");
            if (policy.kind().lastEpoch() == Kind.LastEpoch.APART) {
                code.append(
                        "# From last_epoch on, PyTorch's rates may differ from Anneal's, which keeps the rate in force.\n");
            }
        }
        if (!own && given instanceof Schedule schedule && schedule.drivesMomentum()) {
            code.append("# ")
                    .append(given.kind().name())
                    .append(" also drives the momentum; this is the rate alone.\n");
        }
        code.append("scheduler = ").append(call).append('\n');
        if (walks) {
            code.append("for _ in range(")
                    .append(lastEpoch + 1)
                    .append("):\n    optimizer.step()\n    scheduler.step()\n");
        }
        return code.toString();
    }

    /** {@return a program: a model before the lines of {@link #of}, and the loop after them} */
    static String program(Policy policy, String lines, int groups, long steps) {
        String model = "model = torch.nn.Linear(10, 1)  # yours\n"
                + (groups == 1
                        ? ""
                        : IntStream.range(0, groups)
                                .mapToObj(i -> "group" + i + " = "
                                        + (i == 0
                                                ? "[model.weight]"
                                                : i == 1 ? "[model.bias]" : "[torch.nn.Parameter(torch.zeros(1))]")
                                        + "\n")
                                .collect(Collectors.joining()));
        String step = policy.metricDriven().isPresent() ? "scheduler.step(loss.item())" : "scheduler.step()";
        return lines.replaceFirst("\n\noptimizer = ", Matcher.quoteReplacement("\n\n" + model + "optimizer = "))
                + """

                for step in range(%d):
                    optimizer.zero_grad()
                    loss = model(torch.randn(32, 10)).square().mean()  # yours
                    loss.backward()
                    if step %% %d == 0:
                        print(f"step {step}: loss {loss.item():.4g}, lr {optimizer.param_groups[0]['lr']:.4g}")
                    optimizer.step()
                    %s
                """.formatted(steps, Math.max(1, steps / 10), step);
    }

    /** Returns whether all that a text calls is PyTorch's. */
    private static boolean isOwn(String text) {
        return calls(text).allMatch(call -> call.kind().module().isPresent());
    }

    /** Returns a schedule as a function of the step, one for each group. */
    private static LambdaLR lambda(Policy policy, List<UpdateRule> groups) {
        if (!(policy instanceof Schedule schedule)) {
            throw new UnsupportedOperationException(policy.kind().name() + " is not PyTorch's");
        }
        List<LrLambda> lambdas = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            double base = groups.get(i).lr();
            if (base == 0) {
                throw new UnsupportedOperationException(
                        "PyTorch's LambdaLR multiplies the rate of a group, which is 0");
            }
            lambdas.add(schedule.forGroup(i, groups.size()).formula(base).dividedBy(base));
        }
        boolean one = lambdas.stream().distinct().count() == 1;
        return new LambdaLR(one ? lambdas.subList(0, 1) : lambdas);
    }

    private record Called(MatchResult at, Kind<?> kind) {}

    /** Returns the kinds that a text calls, apart from the functions within a lambda. */
    private static Stream<Called> calls(String text) {
        return CALL.matcher(text)
                .results()
                .flatMap(found -> Policy.kind(found.group(1)).map(kind -> new Called(found, kind)).stream());
    }

    /** Returns a call with the optimizer as its argument, and collects the schedulers that it names. */
    private static StringBuilder withOptimizer(String text, Map<String, Set<String>> names) {
        StringBuilder call = new StringBuilder(text);
        List<Called> calls = new ArrayList<>(calls(text).toList());
        Collections.reverse(calls);
        for (Called each : calls) {
            names.computeIfAbsent(each.kind().module().orElseThrow(), none -> new TreeSet<>())
                    .add(each.kind().name());
            if (each.kind().takesOptimizer()) {
                boolean empty = text.startsWith(")", each.at().end());
                call.insert(each.at().end(), "optimizer" + (empty ? "" : ", "));
            }
        }
        return call;
    }

    /** Returns the line of the optimizer, after that of its import if it is not PyTorch's own. */
    static String optimizer(UpdateRule rule, List<UpdateRule> groups) {
        String name = rule.kind().name();
        Optional<String> module = rule.kind().module();
        if (module.equals(Optional.of(OPTIM))) {
            return "\noptimizer = " + OPTIM + "." + call(rule, groups);
        }
        String from =
                module.map(other -> "from " + other + " import " + name).orElse("# " + name + " is not PyTorch's.");
        return from + "\n\noptimizer = " + call(rule, groups);
    }

    private static String call(UpdateRule rule, List<UpdateRule> groups) {
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
