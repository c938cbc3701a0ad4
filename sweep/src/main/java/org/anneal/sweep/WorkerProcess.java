package org.anneal.sweep;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A child process in which a {@link Worker} serves. One thread asks it at a time. */
final class WorkerProcess {
    private static final int STARTS = 3;
    private static final int HELLO_SECONDS = 120; // on a slow disk, libtorch is unpacked in the meantime
    private static final int EXIT_SECONDS = 5;
    private static final int LINES = 30;
    private static final int BY_SIGNAL = 128;
    private static final int LAST_SIGNAL = 64;
    private static final int SIGINT = 2;
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;
    private static final String END = "";
    private static final Pattern CRASH = Pattern.compile("#\\s+((SIG[A-Z]+|EXCEPTION_[A-Z_]+) \\(0x\\w+\\)).*");

    private final Process process;
    private final OutputStream input;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final Deque<String> printed = new ArrayDeque<>(); // the last lines
    private final List<Thread> readers;

    /** A worker has died. */
    static final class DiedException extends IOException {
        @Serial
        private static final long serialVersionUID = 1;

        private final String place;
        private final int exit;

        DiedException(String place, String how, int exit) {
            super(place + " " + how);
            this.place = place;
            this.exit = exit;
        }

        String place() {
            return place;
        }

        /** {@return whether it was told to end, perhaps by Ctrl-C, which every process in the terminal hears} */
        boolean wasAsked() {
            return exit == BY_SIGNAL + SIGINT || exit == BY_SIGNAL + SIGTERM;
        }
    }

    /** A worker is of another version. */
    static final class VersionException extends IOException {
        @Serial
        private static final long serialVersionUID = 1;

        VersionException(String message) {
            super(message);
        }
    }

    /**
     * Starts a worker, and waits until it is ready.
     *
     * @param version that it must have
     * @throws VersionException if it has another version
     * @throws DiedException if it was told to end meanwhile
     * @throws IOException if it does not start, nor does another after it
     */
    static WorkerProcess start(List<String> command, String version) throws IOException, InterruptedException {
        for (int i = 1; ; i++) {
            try {
                WorkerProcess worker = new WorkerProcess(command);
                worker.greet(version);
                return worker;
            } catch (DiedException e) {
                if (e.wasAsked()) {
                    throw e;
                } else if (i == STARTS) {
                    throw new IOException("cannot start a worker: " + e.getMessage(), e);
                }
            }
        }
    }

    private WorkerProcess(List<String> command) throws IOException {
        try {
            process = new ProcessBuilder(command).start();
        } catch (IOException e) {
            throw new IOException("cannot start a worker: " + e.getMessage(), e);
        }
        input = process.getOutputStream();
        readers = List.of(
                reader(process.getInputStream(), this::take, () -> answers.add(END)),
                reader(process.getErrorStream(), this::keep, () -> {}));
    }

    private static Thread reader(InputStream stream, Consumer<String> line, Runnable end) {
        Thread thread = new Thread(
                () -> {
                    try (BufferedReader lines =
                            new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                        for (String each = lines.readLine(); each != null; each = lines.readLine()) {
                            line.accept(each);
                        }
                    } catch (IOException e) {
                        // as at the end
                    } finally {
                        end.run();
                    }
                },
                "worker");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void take(String line) {
        if (Stream.of(Message.HELLO, Message.CHECKED, Message.EPOCH, Message.DONE)
                .anyMatch(kind -> kind.is(line))) {
            answers.add(line);
        } else {
            keep(line);
        }
    }

    private void keep(String line) {
        if (!line.isBlank()) {
            synchronized (printed) {
                printed.add(line);
                if (printed.size() > LINES) {
                    printed.remove();
                }
            }
        }
    }

    private void greet(String version) throws IOException, InterruptedException {
        try {
            String line = answers.poll(HELLO_SECONDS, TimeUnit.SECONDS);
            if (line == null) {
                throw new DiedException(name(), "was not ready after " + HELLO_SECONDS + " s", 0);
            } else if (line.equals(END)) {
                throw died();
            }
            String its = Message.HELLO.about(line);
            if (!its.equals(version)) {
                throw new VersionException("the workers must have the version of Anneal that runs the sweep, " + version
                        + ", but one has " + its + ": install the same version everywhere");
            }
        } catch (IOException | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** {@return what people know it by} */
    String name() {
        return "process " + process.pid();
    }

    /** {@return whether it can be asked, as far as is known} */
    boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Asks for something, and waits for the answer.
     *
     * @param heard hears of the epochs
     * @throws DiedException if it dies
     */
    String ask(String request, Consumer<String> heard) throws DiedException, InterruptedException {
        tell(request);
        while (true) {
            String line = answers.take();
            if (line.equals(END)) {
                throw died();
            } else if (!Message.EPOCH.is(line)) {
                return line;
            }
            heard.accept(line);
        }
    }

    /** Tells it something; if it is dead, its answer will be missing. */
    private void tell(String line) {
        try {
            input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException e) {
            // It does not read any more.
        }
    }

    /** Tells it to save what it is doing, and to end. */
    void stop() {
        tell(Message.STOP.of(""));
    }

    /** Waits for its end, and kills it when it takes longer than that. */
    void waitFor(long seconds) {
        try {
            if (process.waitFor(seconds, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }

    private DiedException died() throws InterruptedException {
        if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) { // it has closed its output, but lives
            process.destroyForcibly();
        }
        int exit = process.waitFor();
        for (Thread reader : readers) {
            reader.join(TimeUnit.SECONDS.toMillis(1)); // a child of its own may have its pipes still
        }
        return new DiedException(name(), reason(exit), exit);
    }

    private String reason(int exit) {
        List<String> lines;
        synchronized (printed) {
            lines = List.copyOf(printed);
        }
        Optional<String> crash = lines.stream()
                .map(CRASH::matcher)
                .filter(Matcher::matches)
                .map(m -> m.group(1))
                .findFirst();
        if (exit == Worker.OUT_OF_MEMORY) {
            return "ran out of memory: give it more with --memory";
        } else if (crash.isPresent()) {
            return "crashed: " + crash.get();
        } else if (exit == BY_SIGNAL + SIGKILL) {
            return "was killed (signal 9), as the system does when memory runs out";
        } else if (exit > BY_SIGNAL && exit <= BY_SIGNAL + LAST_SIGNAL) {
            return "was killed (signal " + (exit - BY_SIGNAL) + ")";
        }
        String last = lines.stream()
                .filter(line ->
                        !Character.isWhitespace(line.charAt(0))) // a stack trace's first line is the telling one
                .reduce((one, next) -> next)
                .orElse("");
        return "exited with " + exit + (last.isEmpty() ? "" : ": " + last);
    }
}
