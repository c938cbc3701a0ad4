package org.anneal.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Properties;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.anneal.schedule.ScheduleSyntaxException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: {@code anneal train}, {@code table}, {@code plot} and so on. */
@Command(
        name = "anneal",
        mixinStandardHelpOptions = true,
        versionProvider = Anneal.Version.class,
        description = "PyTorch's learning-rate schedules and optimizers on the JVM: train a model, see the curve.",
        subcommands = {
            TrainCommand.class,
            TableCommand.class,
            PlotCommand.class,
            CheckCommand.class,
            InspectCommand.class,
            ExportCommand.class,
            ServeCommand.class
        })
public final class Anneal implements Runnable {
    static final int FAILED = 1;
    static final int USAGE = 2;

    @Spec
    private CommandSpec spec;

    private final Properties launched;
    private final LongSupplier clock;

    private Anneal() {
        this(System.getProperties(), System::nanoTime);
    }

    /**
     * @param launched what the launcher says of standard output and error, as Java cannot tell before 22
     * @param clock as {@link System#nanoTime}, for what shows the progress
     */
    Anneal(Properties launched, LongSupplier clock) {
        this.launched = launched;
        this.clock = clock;
    }

    /** Runs a command and exits with 0, with 1 if the data, a file or the run failed or a check found something, or with 2 if the command is wrong. */
    public static void main(String[] args) {
        // What the library warns of, in one line; and the exception, where there is one: the log is the place to find
        // it.
        System.setProperty("java.util.logging.SimpleFormatter.format", "anneal: %5$s%6$s%n");
        // Not System.out: its encoding is the platform's, and labels may hold any character.
        PrintWriter out = writer(FileDescriptor.out);
        PrintWriter err = writer(FileDescriptor.err);
        System.exit(new Anneal().run(out, err, args));
    }

    int run(PrintWriter out, PrintWriter err, String... args) {
        int code = new CommandLine(this)
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(int.class, whole(Integer::valueOf))
                .registerConverter(Integer.class, whole(Integer::valueOf))
                .registerConverter(Long.class, whole(Long::valueOf))
                .registerConverter(double.class, number("a number", Double::valueOf))
                .registerConverter(Double.class, number("a number", Double::valueOf))
                .setParameterExceptionHandler((exception, arguments) -> refuse(exception))
                .setExecutionExceptionHandler((exception, command, result) -> fail(exception, command))
                .execute(args);
        out.flush();
        err.flush();
        return code;
    }

    private static <T> ITypeConverter<T> whole(ITypeConverter<T> parse) {
        return number("a whole number", parse);
    }

    /** {@return a reading of an option's number that refuses in the user's words, not in Java's} */
    private static <T> ITypeConverter<T> number(String what, ITypeConverter<T> parse) {
        return text -> {
            try {
                return parse.convert(text.strip());
            } catch (NumberFormatException e) {
                throw new TypeConversionException("must be " + what + ", but was '" + text + "'");
            }
        };
    }

    private static PrintWriter writer(FileDescriptor stream) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(stream), StandardCharsets.UTF_8), true);
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is needed: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** {@return what shows how far a command is} */
    static ProgressLine progress(CommandSpec command) {
        Anneal anneal = (Anneal) command.root().userObject();
        return new ProgressLine(command.commandLine().getErr(), anneal.columns(), anneal.clock);
    }

    /** {@return rows and columns of the terminal that standard output is, if it is one} */
    static Optional<String> screen(CommandSpec command) {
        Anneal anneal = (Anneal) command.root().userObject();
        return Optional.of(anneal.launched.getProperty("anneal.screen", "")).filter(screen -> !screen.isEmpty());
    }

    /** {@return whether a bar would be drawn into what a command prints: on the same terminal, or into a pager's page} */
    static boolean hasBarAmongOutput(CommandSpec command) {
        Anneal anneal = (Anneal) command.root().userObject();
        boolean shown = screen(command).isPresent()
                || anneal.launched.getProperty("anneal.pipe", "").equals("true");
        return shown && anneal.columns() > 0;
    }

    /** {@return the columns of the terminal that standard error is, or 0} */
    private int columns() {
        return Integer.parseInt(launched.getProperty("anneal.columns", "0"));
    }

    private static int refuse(ParameterException exception) {
        CommandLine command = exception.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String what = exception instanceof UnmatchedArgumentException word ? Unmatched.message(word) : line(exception);
        command.getErr().println(name + ": " + what + " (see " + name + " --help)");
        return USAGE;
    }

    /** One line for whatever went wrong; nobody is shown a stack trace. */
    private static int fail(Exception exception, CommandLine command) {
        command.getOut().flush();
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + line(exception));
        return exception instanceof IllegalArgumentException ? USAGE : FAILED;
    }

    /** {@return what {@code parse} makes of an argument's text; if it refuses it, the message names the argument} */
    static <T> T parsed(String argument, Supplier<T> parse) {
        try {
            return parse.get();
        } catch (ScheduleSyntaxException e) {
            throw new IllegalArgumentException(argument + ", " + e.getMessage(), e);
        }
    }

    /** {@return {@code value}, if it is a count that a run can have} */
    static long atLeastOne(String option, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, but was " + value);
        }
        return value;
    }

    private static String line(Exception exception) {
        String message = Optional.ofNullable(exception.getMessage()).orElse(exception.toString());
        // libtorch's messages end with a C++ stack.
        return message.lines().findFirst().orElse(exception.toString());
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Anneal.class.getPackage().getImplementationVersion();
            return new String[] {"anneal " + Optional.ofNullable(version).orElse("(not packaged)")};
        }
    }
}
