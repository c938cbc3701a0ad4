package org.anneal.convert;

import java.util.TreeSet;
import java.util.stream.Collectors;
import org.anneal.optim.LRScheduler;
import org.anneal.schedule.Policy;

/** Writes a policy as a Java expression that builds an equal one, and collects the classes to import. */
final class JavaCode {
    private final TreeSet<String> imports = new TreeSet<>();

    private JavaCode() {}

    /** {@return lines of Java that build {@code policy} and run it} */
    static String of(Policy policy, long lastEpoch) {
        JavaCode code = new JavaCode();
        String expression = policy.java(code::name);
        String type = code.name(policy.getClass());
        code.imports.add(LRScheduler.class.getName());
        String imports =
                code.imports.stream().map(name -> "import " + name + ";\n").collect(Collectors.joining());
        return imports + "\n" + type + " schedule = " + expression + ";\n"
                + "LRScheduler scheduler = new LRScheduler(optimizer, schedule"
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
