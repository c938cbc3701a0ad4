package org.anneal.sweep;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.anneal.runs.RunListener.Epoch;

/**
 * A process that does the jobs of a sweep, one after another, for {@link LocalProcesses} or {@link SparkCluster}: what its main class
 * calls. One job at a time, since a process has one generator of random numbers and one pool of threads.
 *
 * <p>It reads jobs from standard input and answers on standard output, so what a program prints goes to standard error. When its
 * parent tells it to stop, it ends as after SIGTERM: hooks at the JVM's shutdown may save. When its parent is gone, it ends at once.
 */
public final class Worker {
    /** The exit code of {@code -XX:+ExitOnOutOfMemoryError}. */
    static final int OUT_OF_MEMORY = 3;

    private static final List<String> NATIVE_OUT_OF_MEMORY =
            List.of("Physical memory usage is too high", "can't allocate memory");

    private final Program program;
    private final OutputStream parent = new FileOutputStream(FileDescriptor.out);
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private volatile boolean stopping;

    /** What a worker does. */
    public interface Program {

        /** {@return what is wrong with a trial, before it is trained; empty if nothing is} */
        Optional<Flaw> check(Job job);

        /**
         * Does a job; {@link Runner#run} says how.
         *
         * @param folder the run's
         * @param heard to be called with each epoch that is trained now
         * @throws Exception if the training failed, as it would again; its message says why
         */
        Outcome run(Job job, Path folder, Consumer<Epoch> heard) throws Exception;
    }

    private Worker(Program program) {
        this.program = program;
    }

    /**
     * Does what the parent process asks for, as long as there is one; never returns.
     *
     * @param version of Anneal, which must be the parent's
     */
    public static void serve(String version, Program program) {
        Objects.requireNonNull(version, "version");
        Worker worker = new Worker(Objects.requireNonNull(program, "program"));
        InputStream input = new FileInputStream(FileDescriptor.in);
        System.setOut(System.err);
        System.setIn(InputStream.nullInputStream());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> worker.stopping = true));
        Thread reader = new Thread(() -> worker.listen(input), "parent");
        reader.setDaemon(true);
        reader.start();
        worker.say(Message.HELLO, version);
        worker.work();
    }

    /** Takes what the parent says, also while a job is done. */
    private void listen(InputStream input) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (Message.STOP.is(line)) {
                    System.exit(0);
                }
                requests.add(line);
            }
        } catch (IOException e) {
            // as at the end
        }
        if (!stopping) { // else what is being saved now is worth the wait
            Runtime.getRuntime().halt(0);
        }
    }

    private void work() {
        while (true) {
            try {
                answer(requests.take());
            } catch (InterruptedException e) {
                // left by a program that was interrupted by itself
            }
        }
    }

    private void answer(String request) {
        if (Message.CHECK.is(request)) {
            say(Message.CHECKED, Json.of(check(Json.read(Message.CHECK.about(request), Job.class))));
        } else {
            String[] about = Message.RUN.about(request).split(" ", 2);
            say(Message.DONE, Json.of(run(Json.read(about[1], Job.class), Path.of(URI.create(about[0])))));
        }
    }

    private Optional<Flaw> check(Job job) {
        try {
            return program.check(job);
        } catch (RuntimeException | Error e) {
            endIfOutOfMemory(e);
            return Optional.of(new Flaw(Flaw.Kind.UNCHECKED, reason(e)));
        }
    }

    // A program may fail in any way, and the next job is none the worse for it; what is an error of Java's, too.
    @SuppressWarnings("CatchAndPrintStackTrace")
    private Outcome run(Job job, Path folder) {
        try {
            return program.run(job, folder, epoch -> say(Message.EPOCH, Json.of(epoch)));
        } catch (Exception | Error e) {
            endIfOutOfMemory(e);
            e.printStackTrace();
            return new Outcome(Outcome.End.FAILED, List.of(), reason(e), "");
        }
    }

    /** A process that is out of memory is none to go on with. */
    private static void endIfOutOfMemory(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof OutOfMemoryError
                    || NATIVE_OUT_OF_MEMORY.stream().anyMatch(message::contains)) {
                System.err.println(reason(cause));
                System.err.flush();
                Runtime.getRuntime().halt(OUT_OF_MEMORY);
            }
        }
    }

    /** {@return what went wrong; a message of one word, such as a file's name, needs to be told with its exception} */
    private static String reason(Throwable thrown) {
        String message = String.valueOf(thrown.getMessage()).strip();
        boolean tells = message.contains(" ") && !(thrown instanceof Error);
        return (tells ? message : thrown.toString())
                .lines()
                .findFirst()
                .orElse("")
                .strip();
    }

    private synchronized void say(Message kind, String about) {
        try {
            parent.write(("\n" + kind.of(about) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The parent is gone, as its end of our input says too.
        }
    }
}
