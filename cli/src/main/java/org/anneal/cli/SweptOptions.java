package org.anneal.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.anneal.sweep.Space;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The options of {@code train}, given to {@code anneal sweep} as texts with choices and ranges. {@code --schedule}, and what {@code
 * train} takes once, may be given several times: as alternatives.
 */
final class SweptOptions {
    /** The options that a sweep sets itself, or that are of no use to it; it may have options of its own by these names. */
    private static final Set<String> OWN = Set.of(
            "--epochs",
            "--seed",
            "--threads",
            "--workers",
            "--config",
            "--print-every",
            "--stop-after",
            "--out",
            "--resume",
            "--on-change",
            "--bridge",
            "--serve",
            "--help",
            "--version",
            "--plugin");

    private static final Set<String> ALTERNATIVES = Set.of("--schedule");
    private static final Set<String> TEXTS = Set.of("--schedule", "--optimizer"); // which may be - for standard input

    private final Map<OptionSpec, List<String>> given; // in the order of the command line

    private SweptOptions(Map<OptionSpec, List<String>> given) {
        this.given = given;
    }

    /** Adds the options to a command that is being made. */
    static final class Adding implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            for (OptionSpec option :
                    CommandSpec.forAnnotatedObject(new TrainCommand()).options()) {
                if (!OWN.contains(option.longestName())) {
                    command.addOption(swept(option));
                }
            }
            return command;
        }
    }

    private static OptionSpec swept(OptionSpec option) {
        boolean flag = option.arity().max() == 0;
        return OptionSpec.builder(option.names())
                .paramLabel(flag ? "BOOL" : option.paramLabel())
                .description(option.description())
                .hidden(true) // train --help explains them
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity(flag ? "0..1" : "1")
                .fallbackValue(flag ? "true" : null)
                .userObject(option)
                .build();
    }

    private static boolean isSwept(OptionSpec option) {
        return option.userObject() instanceof OptionSpec;
    }

    /** {@return whether {@code train} is given all of an option's values at once} */
    private static boolean areTogether(OptionSpec option) {
        return option.userObject() instanceof OptionSpec original
                && original.isMultiValue()
                && !ALTERNATIVES.contains(original.longestName());
    }

    /** Reads what is given to a command. */
    static SweptOptions of(CommandSpec command) {
        Surroundings input = new Surroundings();
        Map<OptionSpec, List<String>> given = new LinkedHashMap<>();
        for (OptionSpec option : command.commandLine().getParseResult().matchedOptionsSet()) {
            if (isSwept(option)) {
                String name = option.longestName();
                List<String> values = option.<List<String>>getValue();
                given.put(
                        option,
                        values.stream().map(value -> value(input, name, value)).toList());
            }
        }
        return new SweptOptions(given);
    }

    /** {@return a value that means the same in any process and folder} */
    private static String value(Surroundings input, String name, String value) {
        if (TEXTS.contains(name)) {
            return input.text(name, value);
        }
        return name.equals("--data") && !value.contains("{") ? DataOptions.absolute(value) : value;
    }

    /** {@return the values of an option, none if it is not given} */
    List<String> values(String option) {
        return given.entrySet().stream()
                .filter(each -> Arrays.asList(each.getKey().names()).contains(option))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(List.of());
    }

    /**
     * {@return {@code space} with the options}
     *
     * @throws IllegalArgumentException if a choice or a range is wrong
     */
    Space in(Space space) {
        Space all = space;
        for (Map.Entry<OptionSpec, List<String>> each : given.entrySet()) {
            String name = each.getKey().longestName().substring(2);
            if (areTogether(each.getKey())) {
                for (String value : each.getValue()) {
                    all = all.and(name, value);
                }
            } else {
                all = all.either(name, each.getValue());
            }
        }
        return all;
    }
}
