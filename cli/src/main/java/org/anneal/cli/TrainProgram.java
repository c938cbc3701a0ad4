package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.anneal.runs.RunFolder;
import org.anneal.runs.RunListener;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.runs.RunRecord;
import org.anneal.sweep.Flaw;
import org.anneal.sweep.Flaw.Kind;
import org.anneal.sweep.Job;
import org.anneal.sweep.Outcome;
import org.anneal.sweep.Worker;
import org.anneal.train.NonFiniteException;
import org.anneal.train.TrainingFolder;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Trains what a sweep asks for: {@code anneal train} in this process, where libtorch stays loaded and the samples stay read. */
final class TrainProgram implements Worker.Program {
    static final String LOG = "train.log";
    private static final Pattern ALL_BUT_THE_LOG = Pattern.compile("(?!train\\.log$).*");
    private static final int TRIES = 50;
    private static final int BETWEEN_TRIES = 100; // milliseconds

    private final DataCache data = new DataCache();

    /** Does something with a command whose arguments are parsed. */
    private interface Use<T> {
        T of(TrainCommand train) throws IOException;
    }

    /**
     * Checks the options of commands, as far as that can be done before data is read and libtorch is loaded.
     *
     * @throws IllegalArgumentException if one is wrong
     */
    static void checkOptions(List<TrainLine> commands) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (PrintWriter nowhere = new PrintWriter(Writer.nullWriter())) {
            CommandLine line = line(nowhere); // which takes longer to make than to parse
            for (TrainLine command : commands) {
                parse(line, command.arguments()).checkOptions();
                thread.setContextClassLoader(before);
            }
        } catch (ParameterException e) {
            throw new IllegalArgumentException(Anneal.problem(e), e);
        } finally {
            thread.setContextClassLoader(before); // without the plugins
        }
    }

    @Override
    public Optional<Flaw> check(Job job) {
        try (PrintWriter nowhere = new PrintWriter(Writer.nullWriter())) {
            List<String> unfit = use(TrainLine.of(job).arguments(), nowhere, epoch -> {}, TrainCommand::check);
            return unfit.isEmpty() ? Optional.empty() : Optional.of(new Flaw(Kind.UNFIT, String.join("; ", unfit)));
        } catch (Surroundings.MissingException e) {
            return Optional.of(new Flaw(Kind.REFUSED, Anneal.problem(e) + e.question() + " " + e.options()));
        } catch (ParameterException | IllegalArgumentException e) {
            return Optional.of(new Flaw(Kind.REFUSED, Anneal.problem(e)));
        } catch (IOException e) {
            return Optional.of(new Flaw(Kind.UNREADABLE, Anneal.problem(e)));
        }
    }

    @Override
    public Outcome run(Job job, Path folder, Consumer<Epoch> heard) throws InterruptedException {
        try {
            boolean resumes = prepare(folder);
            TrainLine line = TrainLine.of(job).with("out", folder.toString());
            if (job.until() < job.epochs()) {
                line = line.with("stop-after", Integer.toString(job.until()));
            }
            train(line, resumes, folder.resolve(LOG), heard);
            return new Outcome(Outcome.End.DONE, epochs(folder, job), "", "");
        } catch (RunFolder.InUseException e) { // by a worker that has been given up, and does not know it yet
            return new Outcome(Outcome.End.LOST, List.of(), Anneal.problem(e), "");
        } catch (ParameterException | IllegalArgumentException | IOException e) {
            return new Outcome(Outcome.End.FAILED, known(folder, job), reason(e), "");
        }
    }

    private static List<Epoch> epochs(Path folder, Job job) throws IOException {
        return RunRecord.read(folder).epochs().stream()
                .filter(epoch -> epoch.epoch() <= job.until())
                .toList();
    }

    private static List<Epoch> known(Path folder, Job job) {
        try {
            return epochs(folder, job);
        } catch (IOException e) { // there are none
            return List.of();
        }
    }

    private void train(TrainLine line, boolean resumes, Path log, Consumer<Epoch> heard) throws IOException {
        try (PrintWriter out = new PrintWriter(
                Files.newBufferedWriter(
                        log, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                true)) {
            List<String> arguments = line.arguments();
            out.println("$ " + line + (resumes ? " --resume" : ""));
            if (resumes) {
                arguments.add("--resume");
            }
            try {
                use(arguments, out, heard, TrainCommand::call);
            } catch (ParameterException | IllegalArgumentException | IOException e) {
                out.println("anneal train: " + Anneal.problem(e));
                throw e;
            }
        }
    }

    /** {@return what went wrong, without what is in the run's folder, so that trials can fail for the same reason} */
    private static String reason(Exception e) {
        return Anneal.problem(e.getCause() instanceof NonFiniteException found ? found : e);
    }

    /** {@return what {@code use} makes of the command with the arguments} */
    private <T> T use(List<String> arguments, PrintWriter out, Consumer<Epoch> heard, Use<T> use) throws IOException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try {
            TrainCommand train = parse(line(out), arguments);
            train.within(data, new RunListener() {
                @Override
                public void epoch(Epoch epoch) {
                    heard.accept(epoch);
                }
            });
            return use.of(train);
        } finally {
            thread.setContextClassLoader(before); // without the plugins
        }
    }

    private static CommandLine line(PrintWriter out) {
        return new Anneal(new Properties(), System::nanoTime).line(out, out);
    }

    private static TrainCommand parse(CommandLine line, List<String> arguments) {
        return (TrainCommand) line.parseArgs(arguments.toArray(String[]::new))
                .subcommand()
                .commandSpec()
                .userObject();
    }

    /**
     * Makes a run's folder ready.
     *
     * @return whether a run has left a checkpoint there to go on from
     * @throws RunFolder.InUseException if another run writes to it, and goes on to
     */
    private static boolean prepare(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        for (int tried = 1; ; tried++) {
            try {
                RunFolder.checkNotWritten(folder);
                break;
            } catch (RunFolder.InUseException e) {
                if (tried == TRIES) {
                    throw e;
                }
                Thread.sleep(BETWEEN_TRIES);
            }
        }
        boolean resumes = Files.exists(TrainingFolder.lastCheckpoint(folder));
        if (!resumes && RunFolder.isRun(folder)) { // which was killed before its first checkpoint
            RunFolder.deleteFiles(folder, ALL_BUT_THE_LOG);
        }
        return resumes;
    }
}
