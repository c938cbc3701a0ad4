package org.anneal.cli;

import java.io.IOException;
import java.io.Serial;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.anneal.optim.Simulation;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.anneal.text.Context;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.UnknownNamesException;
import picocli.CommandLine.Option;

/** What a pasted piece of a Python program takes from its surroundings: {@code --set} and {@code --pick}. */
final class Surroundings {
    private static final int MOST_BYTES = 1 << 20; // of standard input
    private static final String BYTE_ORDER_MARK = "\ufeff"; // of files that Windows writes
    private static final Pattern PLAIN = Pattern.compile("[\\w.,:=@%+-]*");
    private static final Pattern DOUBLE_QUOTABLE = Pattern.compile("[^\"$`\\\\!]*");
    private static final Pattern PLACE = Pattern.compile("^(line \\d+, )?column \\d+: ");

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description = "value of a name that the text takes from outside, such as args.epochs=90,"
                    + " \"cfg['gamma']=0.5\" or 'len(train_loader)=500'; may be repeated")
    private List<String> values = List.of();

    @Option(
            names = "--pick",
            paramLabel = "NAME",
            description = "the name of the schedule to take, if the text makes several (default: the last)")
    private Optional<String> pick = Optional.empty();

    private boolean inputIsRead;

    /**
     * What a text says: its schedule, and the optimizer's groups, none if it makes no optimizer.
     *
     * @param choice the note that says which of several schedules was taken
     */
    record Pasted(SchedulerCall call, List<UpdateRule> groups, Optional<String> choice) {
        /** {@return whether a note says that the text makes several schedules, of which {@code --pick} takes another} */
        boolean isChoice(String note) {
            return choice.equals(Optional.of(note));
        }
    }

    /** Says which names have no value; {@link #options} gives them one. */
    static final class MissingException extends IllegalArgumentException {
        @Serial
        private static final long serialVersionUID = 1;

        private final List<String> names;

        MissingException(String problem, List<String> names) {
            super(problem);
            this.names = List.copyOf(names);
        }

        /**
         * {@return what each of the readings gives}
         *
         * @throws MissingException if names have no value in any: all of them
         */
        static <T> List<T> all(List<Supplier<? extends T>> readings) {
            List<T> results = new ArrayList<>();
            List<MissingException> missing = new ArrayList<>();
            for (Supplier<? extends T> reading : readings) {
                try {
                    results.add(reading.get());
                } catch (MissingException e) {
                    missing.add(e);
                }
            }
            if (missing.isEmpty()) {
                return results;
            }
            throw new MissingException(
                    missing.stream().map(Throwable::getMessage).collect(Collectors.joining("; ")),
                    missing.stream()
                            .flatMap(each -> each.names.stream())
                            .distinct()
                            .toList());
        }

        /** {@return what asks for the values, after the message} */
        String question() {
            return (String.valueOf(getMessage()).endsWith("?") ? " If not, say what " : ": say what ")
                    + (names.size() == 1 ? "it is:" : "they are:");
        }

        /** {@return the options to copy, whose values are to be filled in} */
        String options() {
            return names.stream()
                    .map(name -> "--set " + quoted(name + "=VALUE"))
                    .collect(Collectors.joining(" "));
        }
    }

    /** {@return the text for a shell} */
    static String quoted(String text) {
        if (PLAIN.matcher(text).matches()) {
            return text;
        } else if (text.contains("'") && DOUBLE_QUOTABLE.matcher(text).matches()) {
            return '"' + text + '"';
        }
        return "'" + text.replace("'", "'\\''") + "'";
    }

    /** {@return the text of an argument, which for {@code -} is standard input} */
    String text(String argument, String given) {
        if (!given.equals("-")) {
            return given;
        } else if (inputIsRead) {
            throw new IllegalArgumentException(argument + " must not be -, as standard input is read already");
        }
        inputIsRead = true;
        byte[] bytes;
        try {
            bytes = System.in.readNBytes(MOST_BYTES + 1);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot read standard input: " + e.getMessage(), e));
        }
        if (bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException(argument + " must be at most 1 MB of standard input, but was more");
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(BYTE_ORDER_MARK.length()) : text;
    }

    /**
     * Refuses options that are wrong whatever the text is.
     *
     * @param schedule whether a text makes the schedule
     */
    void check(boolean schedule) {
        in(Context.EMPTY);
        if (pick.isPresent() && !schedule) {
            throw new IllegalArgumentException("--pick must be left out without --schedule");
        }
    }

    /**
     * {@return {@code run}, with the values of the names and the schedule to take}
     *
     * @throws IllegalArgumentException if an option is wrong
     */
    Context in(Context run) {
        return in(run, values);
    }

    private Context in(Context run, List<String> given) {
        Context context = run;
        for (String each : given) {
            int equals = equals(each);
            if (equals < 0) {
                throw new IllegalArgumentException(
                        "--set must be NAME=VALUE, such as args.epochs=90, but was '" + each + "'");
            }
            Context before = context;
            context = named(
                    "--set",
                    () -> before.with(
                            each.substring(0, equals).strip(),
                            each.substring(equals + 1).strip()));
        }
        Context all = context;
        return pick.isPresent() ? named("--pick", () -> all.pick(pick.get())) : all;
    }

    private static Context named(String option, Supplier<Context> with) {
        try {
            return with.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    /** {@return where the first = is that is in no brackets and no string, or -1} */
    private static int equals(String text) {
        int depth = 0;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else if ("([{".indexOf(c) >= 0) {
                depth++;
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            } else if (c == '=' && depth == 0) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Reads a text.
     *
     * @param argument what messages call it
     * @param optimizer reads the groups of its optimizer
     * @throws MissingException if names have no value: all those that its schedule and its optimizer need
     */
    Pasted read(String argument, String text, Context context, Function<PythonProgram, List<UpdateRule>> optimizer) {
        return parsed(argument, () -> {
            PythonProgram program = PythonProgram.read(text, context);
            checkPick(program);
            return UnknownNamesException.both(
                    () -> SchedulerCall.of(program),
                    () -> optimizer.apply(program),
                    // Reading the optimizer may add notes.
                    (call, groups) -> new Pasted(
                            new SchedulerCall(call.policy(), call.lastEpoch(), program.notes(), call.stepPer()),
                            groups,
                            program.choice()));
        });
    }

    /**
     * Reads the schedules of numbers beside the rate.
     *
     * @param texts as {@code --drive} takes them
     * @return the schedules by the numbers' names, in the order given
     * @throws MissingException if names have no value: all of them
     */
    static Map<String, Schedule> drives(List<String> texts, Context context) {
        Context unpicked = context.withoutPick(); // a schedule that is picked is the rate's
        Map<String, Schedule> drives = new LinkedHashMap<>();
        MissingException.all(texts.stream()
                        .<Supplier<? extends Map.Entry<String, Schedule>>>map(text -> () -> drive(text, unpicked))
                        .toList())
                .forEach(drive -> {
                    if (drives.putIfAbsent(drive.getKey(), drive.getValue()) != null) {
                        throw new IllegalArgumentException(
                                "--drive must be given once for each number, but was twice for " + drive.getKey());
                    }
                });
        return drives;
    }

    private static Map.Entry<String, Schedule> drive(String text, Context context) {
        String name = driven(text);
        String argument = "--drive " + name;
        SchedulerCall call = parsed(argument, () -> SchedulerCall.of(PythonProgram.read(schedule(text), context)));
        if (call.lastEpoch() != -1) {
            throw new IllegalArgumentException(
                    argument + " must not have last_epoch, but has last_epoch=" + call.lastEpoch());
        }
        if (call.policy() instanceof Schedule schedule) {
            return Map.entry(name, schedule);
        }
        throw new IllegalArgumentException(
                argument + " must be a schedule, but " + call.policy() + " is driven by a metric");
    }

    /** {@return the name of the number in {@code NAME=EXPR}} */
    static String driven(String text) {
        String name = text.substring(0, Math.max(0, equals(text))).strip();
        if (name.isEmpty()) {
            throw new IllegalArgumentException(
                    "--drive must be NAME=EXPR, such as 'weight_decay=LinearLR(0.1)', but was '" + text + "'");
        }
        return name;
    }

    /** {@return the schedule in {@code NAME=EXPR}} */
    static String schedule(String text) {
        return text.substring(equals(text) + 1).strip();
    }

    /**
     * Refuses schedules of numbers that a group does not have, or that the schedule drives itself.
     *
     * @param groups the rule of each group
     */
    static void checkDrives(Map<String, Schedule> drives, SchedulerCall call, List<UpdateRule> groups) {
        try {
            if (!drives.isEmpty()) {
                new Simulation(call, groups, Integer::toString, drives);
            }
        } catch (IllegalArgumentException e) {
            String problem = String.valueOf(e.getMessage());
            throw problem.startsWith("drive ") ? new IllegalArgumentException("--" + problem, e) : e;
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("--drive: " + e.getMessage(), e);
        }
    }

    /** {@return what {@code parse} returns; if it refuses, the message names the argument, and the options that may help} */
    static <T> T parsed(String argument, Supplier<T> parse) {
        return Anneal.parsed(argument, () -> {
            try {
                return parse.get();
            } catch (UnknownNamesException e) {
                throw new MissingException(argument + ", " + e.getMessage(), e.names());
            }
        });
    }

    /** {@return what a text says that its schedule is stepped after} */
    static Optional<StepPer> stepPer(String text, Context context) {
        try {
            return SchedulerCall.stepPer(PythonProgram.read(text, context));
        } catch (PythonSyntaxException e) { // which is told when it is read whole
            return Optional.empty();
        }
    }

    private void checkPick(PythonProgram program) {
        if (pick.isEmpty()) {
            return;
        }
        try {
            SchedulerCall.meant(program);
        } catch (PythonSyntaxException e) {
            if (!(e instanceof UnknownNamesException)) { // which is told with others
                String problem = PLACE.matcher(String.valueOf(e.getMessage())).replaceFirst("");
                throw new IllegalArgumentException("--pick: " + problem, e);
            }
        }
    }

    /**
     * {@return a note on each name without which {@code reading} is the same, as when it is misspelled} It is no error: the
     * text is understood without it, and a script may give several texts the same options.
     *
     * @param read what {@code reading} is of all the names
     */
    List<String> idle(Context run, Function<Context, ?> reading, Object read) {
        List<String> notes = new ArrayList<>();
        for (String each : values) {
            List<String> others = new ArrayList<>(values);
            others.remove(each);
            boolean same;
            try {
                same = String.valueOf(reading.apply(in(run, others))).equals(String.valueOf(read));
            } catch (IllegalArgumentException e) { // it is needed
                same = false;
            }
            if (same) {
                notes.add("--set " + each.substring(0, equals(each)).strip() + " changes nothing");
            }
        }
        return notes;
    }
}
