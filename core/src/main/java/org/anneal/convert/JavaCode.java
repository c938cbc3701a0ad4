package org.anneal.convert;

import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;

/** Writes a policy as a Java expression that builds an equal one, and collects the classes to import. */
final class JavaCode {
    private final TreeSet<String> imports = new TreeSet<>();

    private JavaCode() {}

    /** {@return lines of Java that build {@code policy} and run it} */
    static String of(Policy policy, long lastEpoch) {
        JavaCode code = new JavaCode();
        String runner = code.runner(policy, lastEpoch);
        return code.imports() + "\n" + runner;
    }

    /** {@return a program that trains numbers without a library, in as many groups as there are rules} */
    static String program(Policy policy, long lastEpoch, List<UpdateRule> groups, long steps) {
        JavaCode code = new JavaCode();
        List.of(List.class, FloatArray.class, FloatArrays.class, Optimizer.class)
                .forEach(code::name);
        boolean one = groups.size() == 1;
        List<String> names = one
                ? List.of("weights")
                : IntStream.range(0, groups.size()).mapToObj(i -> "group" + i).toList();
        String parameters = names.stream()
                .map(name -> "FloatArray " + name + " = new FloatArray(1, -2); // yours\n")
                .collect(Collectors.joining());
        String given = one
                ? groups.get(0).java(code::name) + ", List.of(weights)"
                : IntStream.range(0, groups.size())
                        .mapToObj(i -> "\n        new " + code.name(ParamGroup.class) + "<>(\"group" + i + "\", "
                                + groups.get(i).java(code::name) + ", List.of(group" + i + "))")
                        .collect(Collectors.joining(",", "List.of(", ")"));
        String body = parameters + "Optimizer<FloatArray> optimizer = FloatArrays.optimizer(" + given + ");\n"
                + code.runner(policy, lastEpoch)
                + "for (long step = 0; step < " + steps + "; step++) {\n"
                + "    double loss = loss(List.of(" + String.join(", ", names) + "));\n"
                + "    if (step % " + Math.max(1, steps / 10) + " == 0) {\n"
                + "        System.out.println(\"step \" + step + \": loss \" + loss + \", lr \" + optimizer.groups().get(0).lr());\n"
                + "    }\n    optimizer.step();\n"
                + (policy.metricDriven().isPresent() ? "    scheduler.step(loss);\n" : "")
                + (policy.stepDriven().isPresent() ? "    scheduler.step();\n" : "")
                + "}\n";
        return code.imports() + "\nclass Program {\n    public static void main(String[] args) {\n" + body.indent(8)
                + "    }\n" + LOSS + "}\n";
    }

    private static final String LOSS = """

                /** Yours: it leaves its gradients in the parameters. */
                static double loss(List<FloatArray> parameters) {
                    double loss = 0;
                    for (FloatArray each : parameters) {
                        each.setGrad(each.values().clone());
                        for (float value : each.values()) {
                            loss += value * value / 2;
                        }
                    }
                    return loss;
                }
            """;

    private String imports() {
        return imports.stream().map(name -> "import " + name + ";\n").collect(Collectors.joining());
    }

    private String runner(Policy policy, long lastEpoch) {
        return name(policy.getClass()) + " schedule = " + policy.java(this::name) + ";\n"
                + name(LRScheduler.class) + " scheduler = new LRScheduler(optimizer, schedule"
                + (lastEpoch == -1 ? "" : ", " + lastEpoch)
                + ");\n";
    }

    private String name(Class<?> type) {
        if (!type.getPackageName().isEmpty()) { // a class without a package cannot be imported
            imports.add(type.getCanonicalName());
        }
        return type.getSimpleName();
    }
}
