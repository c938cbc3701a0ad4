package org.anneal.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.math.BigInteger;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.runs.ProgressLine;
import org.anneal.text.Python;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.Spelling;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: {@code anneal train}, {@code table}, {@code plot} and so on. */
@Command(
        name = "anneal",
        mixinStandardHelpOptions = true,
        versionProvider = Anneal.Version.class,
        description =
                "PyTorch's learning-rate schedules and optimizers on the JVM: train a model, plot its learning rate.",
        subcommands = {
            TrainCommand.class,
            FindCommand.class,
            SweepCommand.class,
            TableCommand.class,
            PlotCommand.class,
            CompareCommand.class,
            CheckCommand.class,
            ConvertCommand.class,
            InspectCommand.class,
            ExportCommand.class,
            ServeCommand.class,
            WorkerCommand.class
        })
public final class Anneal implements Runnable {
    static final int FAILED = 1;
    static final int USAGE = 2;
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}|[\\x80-\\x9f]");

    /** Schedules and rules from outside; they are found by the context class loader of the thread that runs a command. */
    @Option(
            names = "--plugin",
            paramLabel = "JAR",
            scope = ScopeType.INHERIT,
            description = "jar of schedules or optimizers, see docs/extend.md")
    void plugin(Path jar) {
        if (!Files.isRegularFile(jar)) {
            throw new ParameterException(
                    spec.commandLine(), "--plugin must be a jar file, but there is no file " + jar);
        }
        try {
            Thread thread = Thread.currentThread();
            thread.setContextClassLoader(
                    new URLClassLoader(new URL[] {jar.toUri().toURL()}, thread.getContextClassLoader()));
        } catch (MalformedURLException e) {
            throw new ParameterException(spec.commandLine(), "--plugin must be a jar file, but was " + jar, e);
        }
    }

    @Spec
    private CommandSpec spec;

    private final Properties launched;
    private final LongSupplier clock;

    private Anneal() {
        this(System.getProperties(), System::nanoTime);
    }

    /**
     * @param launched what the launcher says about standard output and error, which Java before 22 cannot tell
     * @param clock like {@link System#nanoTime}, for showing progress
     */
    Anneal(Properties launched, LongSupplier clock) {
        this.launched = launched;
        this.clock = clock;
    }

    /**
     * Runs a command and exits with 0; with 1 if the data, a file or the run failed, the output could not be written, or a check
     * found something; with 2 if the command line is wrong.
     */
    public static void main(String[] args) {
        // A warning of the library is one line, followed by its exception, if any: there is no other log to find it in.
        System.setProperty("java.util.logging.SimpleFormatter.format", "anneal: %5$s%6$s%n");
        // Not System.out: its encoding is the platform's, and labels may have any character.
        PrintWriter err = new PrintWriter(writer(FileDescriptor.err), true);
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> err.println("anneal: " + line(thrown)));
        ChildProcess.endWithParent();
        System.exit(new Anneal().run(writer(FileDescriptor.out), err, args));
    }

    int run(Writer out, PrintWriter err, String... args) {
        StandardOutput output = new StandardOutput(out);
        PrintWriter printed = new PrintWriter(output, true);
        CommandLine line = line(printed, err);
        int code;
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try {
            code = line.execute(args);
        } catch (Error e) { // out of memory or stack, or a library failed
            printed.flush();
            err.println(name(line) + ": " + line(e));
            code = FAILED;
        } finally {
            thread.setContextClassLoader(before); // without the plugins
        }
        printed.flush();
        Optional<IOException> lost = output.failure().filter(e -> !isClosedPipe(e));
        if (lost.isPresent()) {
            err.println(name(line) + ": cannot write to standard output: " + AtomicFile.reason(lost.get()));
            code = FAILED;
        }
        err.flush();
        return code;
    }

    /** {@return a command line that prints to {@code out} and {@code err}} */
    CommandLine line(PrintWriter out, PrintWriter err) {
        return new CommandLine(this)
                .setOut(out)
                .setErr(err)
                .setExpandAtFiles(false) // an argument that begins with @ is not a file's name
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(int.class, text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE))
                .registerConverter(Integer.class, text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE))
                .registerConverter(Long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE))
                .registerConverter(double.class, Anneal::number)
                .registerConverter(Double.class, Anneal::number)
                .registerConverter(Path.class, Anneal::path)
                .setParameterExceptionHandler((exception, arguments) -> refuse(exception))
                .setExecutionExceptionHandler((exception, command, result) -> fail(exception, command));
    }

    /** {@return whether the reader has gone, as after {@code | head}, which is not a failure} */
    private boolean isClosedPipe(IOException e) {
        // The system's message is in the user's language.
        return hasPipe() || String.valueOf(e.getMessage()).equals("Broken pipe");
    }

    private boolean hasPipe() {
        return launched.getProperty("anneal.pipe", "").equals("true");
    }

    /** {@return the full name of the command that was run} */
    private static String name(CommandLine line) {
        Optional<ParseResult> parsed = Optional.ofNullable(line.getParseResult());
        return parsed.flatMap(all -> all.asCommandLineList().stream().reduce((first, second) -> second))
                .orElse(line)
                .getCommandSpec()
                .qualifiedName();
    }

    private static long whole(String text, long least, long most) {
        BigInteger value;
        try {
            value = Python.parseInt(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("must be a whole number, but was '" + text + "'");
        }
        if (value.compareTo(BigInteger.valueOf(most)) > 0) {
            throw new TypeConversionException("must be at most " + most + ", but was " + text);
        } else if (value.compareTo(BigInteger.valueOf(least)) < 0) {
            throw new TypeConversionException("must be at least " + least + ", but was " + text);
        }
        return value.longValue();
    }

    private static double number(String text) {
        double value;
        try {
            value = Python.parseFloat(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("must be a number, but was '" + text + "'");
        }
        if (!Double.isFinite(value)) {
            throw new TypeConversionException("must be a finite number, but was '" + text + "'");
        }
        return value;
    }

    /** {@return the path that an argument names; an empty one, perhaps of a variable that is not set, is refused} */
    static Path path(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("must name a file or a folder, but was ''");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("must be a valid path on this system, but was '" + text + "'");
        }
    }

    private static Writer writer(FileDescriptor stream) {
        return new OutputStreamWriter(new FileOutputStream(stream), StandardCharsets.UTF_8);
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "missing command: use one of " + String.join(", ", shown(spec)));
    }

    /** {@return the names of the subcommands that are in the help} */
    static List<String> shown(CommandSpec command) {
        return command.subcommands().entrySet().stream()
                .filter(each -> !each.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** {@return a progress line for a command} */
    static ProgressLine progress(CommandSpec command) {
        Anneal anneal = (Anneal) command.root().userObject();
        return new ProgressLine(command.commandLine().getErr(), anneal.columns(), anneal.clock);
    }

    /** {@return what tells a command the time, like {@link System#nanoTime}} */
    static LongSupplier clock(CommandSpec command) {
        return ((Anneal) command.root().userObject()).clock;
    }

    /** {@return rows and columns of the terminal that standard output is, if it is one} */
    static Optional<String> screen(CommandSpec command) {
        Anneal anneal = (Anneal) command.root().userObject();
        return Optional.of(anneal.launched.getProperty("anneal.screen", "")).filter(screen -> !screen.isEmpty());
    }

    /** {@return whether a progress bar would be drawn into a command's output, on the same terminal or in a pager} */
    static boolean hasBarAmongOutput(CommandSpec command) {
        Anneal anneal = (Anneal) command.root().userObject();
        return (screen(command).isPresent() || anneal.hasPipe()) && anneal.columns() > 0;
    }

    /** {@return the columns of the terminal that standard error is, or 0} */
    private int columns() {
        return Integer.parseInt(launched.getProperty("anneal.columns", "0"));
    }

    private static int refuse(ParameterException exception) {
        CommandLine command = exception.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + problem(exception) + " (see " + name + " --help)");
        return USAGE;
    }

    /** {@return what is wrong with the arguments, or went wrong, in one line} */
    static String problem(Exception exception) {
        if (exception instanceof UnmatchedArgumentException word) {
            return printable(Unmatched.message(word));
        }
        return exception instanceof ParameterException argument ? printable(rule(argument)) : line(exception);
    }

    /** {@return what is wrong with an argument; picocli's own message would name Java types} */
    private static String rule(ParameterException exception) {
        String message = String.valueOf(exception.getMessage());
        if (!message.startsWith("Invalid value for ")) {
            return message;
        }
        ArgSpec argument = exception.getArgSpec();
        String name = argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
        int rule = message.indexOf(": must ");
        if (rule >= 0) {
            return name + message.substring(rule + 1);
        }
        Object[] choices = argument.auxiliaryTypes()[0].getEnumConstants();
        return name + " must be " + (choices == null ? "given without a value" : choice(choices)) + ", but was '"
                + exception.getValue() + "'";
    }

    /** {@return {@code text, csv or json}} */
    private static String choice(Object[] choices) {
        return Spelling.choice(Stream.of(choices)
                .map(choice -> choice.toString().toLowerCase(Locale.ROOT))
                .toList());
    }

    /** Prints one line, not a stack trace, and a second with options to copy if names have no value. */
    private static int fail(Exception exception, CommandLine command) {
        command.getOut().flush();
        String problem = command.getCommandSpec().qualifiedName() + ": " + line(exception);
        if (exception instanceof Surroundings.MissingException missing) {
            command.getErr().println(problem + missing.question());
            command.getErr().println("  " + printable(missing.options()));
        } else {
            command.getErr().println(problem);
        }
        return exception instanceof IllegalArgumentException ? USAGE : FAILED;
    }

    /** Prints on standard error what is no failure. */
    static void warn(CommandSpec command, String note) {
        command.commandLine().getErr().println(command.qualifiedName() + ": " + printable(note));
    }

    /** {@return what {@code parse} returns; if it refuses, the message names the argument} */
    static <T> T parsed(String argument, Supplier<T> parse) {
        try {
            return parse.get();
        } catch (PythonSyntaxException e) {
            throw new IllegalArgumentException(argument + ", " + e.getMessage(), e);
        }
    }

    /** {@return {@code value}, if it is at least 1} */
    static long atLeastOne(String option, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, but was " + value);
        }
        return value;
    }

    /** {@return what went wrong, in one line} */
    private static String line(Throwable thrown) {
        String message = Optional.ofNullable(thrown.getMessage()).orElse(thrown.toString());
        if (thrown instanceof UncheckedIOException e && e.getCause() != null) {
            return line(e.getCause());
        } else if (thrown instanceof FileSystemException e) { // its message may be just the file's name
            message = "cannot use " + e.getFile() + ": " + AtomicFile.reason(e);
        } else if (thrown instanceof InvalidPathException e) {
            message = "'" + e.getInput() + "' is not a valid path on this system";
        } else if (thrown instanceof OutOfMemoryError) {
            long most = Runtime.getRuntime().maxMemory() >> 20;
            message = "out of memory (" + message + "): Java may use " + most + " MB; set JDK_JAVA_OPTIONS=-Xmx"
                    + 2 * most + "m to let it use twice as much";
        } else if (thrown instanceof StackOverflowError) {
            message = "out of stack: the input is nested too deeply";
        } else if (thrown instanceof LinkageError) {
            message = "a library cannot be loaded: " + message;
        } else if (thrown instanceof Error) {
            message = "internal error: " + thrown;
        }
        // libtorch's messages end with a C++ stack.
        return printable(message.lines().findFirst().orElse(thrown.toString()));
    }

    /** {@return the text with control characters escaped, as a terminal would act on them} */
    static String printable(String text) {
        return CONTROL.matcher(text)
                .replaceAll(c -> String.format("\\\\x%02x", (int) c.group().charAt(0)));
    }

    /** {@return the version of Anneal} */
    static String version() {
        return Optional.ofNullable(Anneal.class.getPackage().getImplementationVersion())
                .orElse("(not packaged)");
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"anneal " + version()};
        }
    }
}
