package org.anneal.sweep;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.anneal.runs.RunListener.Epoch;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;

/**
 * Does the jobs on a cluster of Apache Spark, with a worker process in each core of its executors. Spark 4.2 must be on the class
 * path; no other class of this package needs it.
 *
 * <p>A job takes the files of its run's folder along, and brings them back when it ends. The executors get the jars of the workers'
 * class path; data is read where the executor is, at the path that the settings name, unless it is {@linkplain #ship shipped}. A job
 * whose executor is lost begins again on another from where it was sent. With the master {@code local[N]}, the workers are processes
 * of this machine and train in the runs' folders themselves.
 *
 * <p>Settings of Spark are taken from Java's system properties, such as {@code -Dspark.executor.memory=2g}. What an executor needs
 * grows with the size of a run's checkpoints; the workers' own memory is beside it. With {@code -Dspark.anneal.installed=true} the
 * jars are not sent: each machine has them where this one has them.
 */
public final class SparkCluster implements Runner {
    static final String CLASS_PATH = "-cp";

    private static final String INSTALLED = "spark.anneal.installed";
    private static final String EVERYWHERE = "local:"; // Spark's for a file that each machine has
    private static final String STANDALONE = "spark://";
    private static final String LOCAL = "local";
    private static final int CONNECT_MILLIS = 3000;
    private static final int ANSWER_SECONDS = 6; // Spark itself takes 2 or 3 before it asks
    private static final int OPEN_SECONDS = 120;
    private static final int SETTLE_MILLIS = 1000;
    private static final int POLL_MILLIS = 100;
    private static final int NO_EXECUTOR_SECONDS = 60;
    private static final int CHECKS = 3;
    private static final long BROADCAST = 1 << 20; // bytes; less goes with the task
    private static final int PART = 1 << 26; // bytes
    private static final int HASH_LETTERS = 16;

    private static Thread opening = new Thread(); // the last that opened a context

    private final JavaSparkContext spark;
    private final String master;
    private final int most;
    private final Path runs;
    private final List<String> command;
    private final List<String> jars;
    private final String version;
    private final Map<Path, SparkTask.Shipped> shipped = new ConcurrentHashMap<>();
    private volatile boolean started; // a worker, at least once
    private volatile boolean closed;

    private SparkCluster(
            JavaSparkContext spark,
            String master,
            int most,
            Path runs,
            List<String> command,
            List<String> jars,
            String version) {
        this.spark = spark;
        this.master = master;
        this.most = most;
        this.runs = runs;
        this.command = command;
        this.jars = jars;
        this.version = version;
    }

    /**
     * Connects to a cluster, and waits for its executors.
     *
     * @param master {@code local[N]}, {@code spark://HOST:PORT}, with more of them by commas, or another URL of Spark's
     * @param most jobs at a time, at least 1, even if the cluster has more cores
     * @param runs the sweep's folder of runs
     * @param command as {@link LocalProcesses} takes it: a java, its options, {@code -cp}, a class path, a main class and its
     *     arguments. The executors run it with their own Java and with copies of the class path, which must be jars.
     * @param version of Anneal, which the workers must have too
     * @throws IOException if the master does not answer within 10 s, or there is no executor within a minute
     */
    public static SparkCluster open(String master, int most, Path runs, List<String> command, String version)
            throws IOException, InterruptedException {
        if (most < 1) {
            throw new IllegalArgumentException("most must be at least 1, but was " + most);
        }
        Objects.requireNonNull(runs, "runs");
        Objects.requireNonNull(command, "command");
        Objects.requireNonNull(version, "version");
        boolean local = isLocal(Objects.requireNonNull(master, "master"));
        List<Path> classPath = local ? List.of() : jars(command);
        SparkConf conf = conf(master);
        boolean installed = conf.getBoolean(INSTALLED, false);
        conf.setJars(classPath.stream()
                .map(jar -> installed ? EVERYWHERE + jar : jar.toString())
                .toArray(String[]::new));
        JavaSparkContext spark = connect(master, conf);
        if (!local) {
            try {
                waitForExecutors(spark, master);
            } catch (IOException | InterruptedException e) {
                spark.stop();
                throw e;
            }
        }
        return new SparkCluster(
                spark,
                master,
                most,
                runs.toAbsolutePath(),
                List.copyOf(command),
                classPath.stream()
                        .map(jar -> (installed ? jar : jar.getFileName()).toString())
                        .toList(),
                version);
    }

    private static boolean isLocal(String master) {
        return master.startsWith(LOCAL);
    }

    private static SparkConf conf(String master) {
        SparkConf conf = new SparkConf()
                .setMaster(master)
                .setAppName("anneal sweep")
                .setIfMissing("spark.ui.enabled", "false")
                // An executor that falls silent is given up after 20 s, not 2 minutes; its jobs only begin again.
                .setIfMissing("spark.network.timeout", "20s")
                .setIfMissing("spark.network.timeoutInterval", "5s")
                .setIfMissing("spark.executor.heartbeatInterval", "4s")
                .setIfMissing("spark.driver.maxResultSize", "0");
        if (isLocal(master) || master.matches("spark://(localhost|127\\.[0-9.]+):\\d+")) {
            conf.setIfMissing("spark.driver.host", "127.0.0.1").setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        }
        return conf;
    }

    /** {@return the jars of a command's class path, and those that their manifests add} */
    private static List<Path> jars(List<String> command) throws IOException {
        int option = command.indexOf(CLASS_PATH);
        if (option < 1 || option + 1 == command.size()) {
            throw new IllegalArgumentException(
                    "command must have a java, " + CLASS_PATH + " and a class path, but was " + command);
        }
        Set<Path> jars = new LinkedHashSet<>();
        for (String entry : command.get(option + 1).split(File.pathSeparator, -1)) {
            addJar(Path.of(entry).toAbsolutePath().normalize(), jars);
        }
        return List.copyOf(jars);
    }

    private static void addJar(Path file, Set<Path> jars) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    "the class path of workers on a cluster must consist of jars, but has " + file);
        } else if (jars.add(file)) {
            try (JarFile jar = new JarFile(file.toFile())) {
                Optional<String> more = Optional.ofNullable(jar.getManifest())
                        .map(Manifest::getMainAttributes)
                        .map(attributes -> attributes.getValue(Attributes.Name.CLASS_PATH));
                for (String name : more.orElse("").strip().split("\\s+", -1)) {
                    URI other = file.toUri().resolve(name);
                    if ("file".equals(other.getScheme()) && Files.isRegularFile(Path.of(other))) {
                        addJar(Path.of(other).normalize(), jars); // Java leaves out what is missing, too
                    }
                }
            }
        }
    }

    /** {@return the context, which Spark itself would look for a master for a minute to make} */
    private static synchronized JavaSparkContext connect(String master, SparkConf conf)
            throws IOException, InterruptedException {
        opening.join(); // one that was given up takes what all contexts share along when it ends
        CompletableFuture<JavaSparkContext> opened = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        reach(master);
                        JavaSparkContext spark = new JavaSparkContext(conf);
                        if (!opened.complete(spark)) {
                            spark.stop();
                        }
                    } catch (Throwable e) { // to the thread that waits for it
                        opened.completeExceptionally(e);
                    }
                },
                "spark");
        thread.setDaemon(true);
        thread.start();
        opening = thread;
        long start = System.nanoTime();
        long asked = start; // since when the master is waited for
        while (true) {
            try {
                return opened.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                long now = System.nanoTime();
                if (!isWaitingForMaster(thread)) { // a busy machine only takes its time to begin
                    asked = now;
                }
                boolean silent = now - asked > TimeUnit.SECONDS.toNanos(ANSWER_SECONDS);
                if (silent || now - start > TimeUnit.SECONDS.toNanos(OPEN_SECONDS)) {
                    IOException unanswered = new IOException("the Spark master at " + master + " did not answer within "
                            + TimeUnit.NANOSECONDS.toSeconds(now - start) + " s");
                    opened.completeExceptionally(unanswered);
                    thread.interrupt();
                    throw unanswered;
                }
            } catch (InterruptedException e) {
                opened.completeExceptionally(e);
                thread.interrupt();
                throw e;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException io && io.getMessage() != null
                        ? new IOException(io.getMessage(), e)
                        : new IOException("cannot use Spark with master " + master + ": " + reason(e), e);
            }
        }
    }

    private static boolean isWaitingForMaster(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("waitForRegistration")
                    || frame.getMethodName().equals("reach")) {
                return true;
            }
        }
        return false;
    }

    /** Checks that something listens where the masters of a standalone cluster should be: one is enough. */
    private static void reach(String master) throws IOException {
        if (!master.startsWith(STANDALONE)) {
            return;
        }
        List<String> problems = new ArrayList<>();
        for (String address : master.substring(STANDALONE.length()).split(",", -1)) {
            int colon = address.lastIndexOf(':');
            if (colon < 1 || !address.substring(colon + 1).matches("\\d{1,5}")) {
                throw new IOException("master must be spark://HOST:PORT, or several HOST:PORT with commas between them,"
                        + " but was " + master);
            }
            String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
            try (Socket socket = new Socket()) {
                socket.connect(
                        new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1))), CONNECT_MILLIS);
                return;
            } catch (UnknownHostException e) {
                problems.add(address + ": the host is unknown");
            } catch (SocketTimeoutException e) {
                problems.add(address + ": no answer");
            } catch (ConnectException e) {
                problems.add(address + ": the connection was refused");
            } catch (IOException | IllegalArgumentException e) {
                problems.add(address + ": " + e.getMessage());
            }
        }
        throw new IOException("there is no Spark master at " + String.join("; ", problems));
    }

    private static void waitForExecutors(JavaSparkContext spark, String master)
            throws IOException, InterruptedException {
        long limit = spark.getConf()
                .getTimeAsSeconds("spark.scheduler.maxRegisteredResourcesWaitingTime", NO_EXECUTOR_SECONDS + "s");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limit);
        while (executors(spark) == 0) {
            if (System.nanoTime() > end) {
                throw new IOException("the Spark master at " + master + " gave no executor within " + limit
                        + " s: has it a worker with a free core and enough free memory?");
            }
            Thread.sleep(POLL_MILLIS);
        }
        int before;
        do { // the others come at about the same time
            before = executors(spark);
            Thread.sleep(SETTLE_MILLIS);
        } while (executors(spark) > before);
    }

    /** {@return how many executors there are, without the driver} */
    private static int executors(JavaSparkContext spark) {
        return spark.statusTracker().getExecutorInfos().length - 1;
    }

    /**
     * Sends data along, for executors that cannot read it at its path: each machine unpacks it once, into a folder of the temporary
     * folder that is named by what is in it, and keeps it there. Settings {@code data=PATH} and {@code data=KIND:PATH} of jobs then
     * name the copy. Nothing is sent with the master {@code local[N]}.
     *
     * @param path a file, or a folder with everything below it
     * @return this
     * @throws IOException if it cannot be read
     */
    public SparkCluster ship(Path path) throws IOException {
        Path source = Objects.requireNonNull(path, "path").toAbsolutePath().normalize();
        if (isLocal(master)) {
            return this;
        }
        Path parent = Objects.requireNonNull(source.getParent(), "path must be below a folder");
        Map<String, Path> files = Files.isDirectory(source) ? Folders.files(source) : Map.of("", source);
        MessageDigest hash = sha256();
        List<SparkTask.ShippedFile> all = new ArrayList<>();
        for (Map.Entry<String, Path> file : files.entrySet()) {
            String name = parent.relativize(file.getValue()).toString().replace('\\', '/');
            List<Broadcast<byte[]>> parts = new ArrayList<>();
            hash.update((name + "\0" + Files.size(file.getValue()) + "\0").getBytes(StandardCharsets.UTF_8));
            try (InputStream in = Files.newInputStream(file.getValue())) {
                for (byte[] part = in.readNBytes(PART); part.length > 0; part = in.readNBytes(PART)) {
                    hash.update(part);
                    parts.add(spark.broadcast(part));
                }
            }
            all.add(new SparkTask.ShippedFile(name, List.copyOf(parts)));
        }
        String root = System.getProperty("java.io.tmpdir") + File.separator + "anneal-"
                + HexFormat.of().formatHex(hash.digest()).substring(0, HASH_LETTERS);
        shipped.put(source, new SparkTask.Shipped(root, List.copyOf(all)));
        return this;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    @Override
    public int slots() {
        return Math.max(1, Math.min(most, spark.defaultParallelism()));
    }

    @Override
    public Optional<Flaw> check(Job job) throws IOException, InterruptedException {
        for (int i = 1; ; i++) {
            SparkTask.Output output = submit(input(Message.CHECK, job, null, null));
            switch (output.end()) {
                case ANSWERED -> {
                    return LocalProcesses.flaw(output.answer())
                            .map(flaw -> new Flaw(
                                    flaw.kind(),
                                    flaw.kind() == Flaw.Kind.UNREADABLE ? on(output, flaw.reason()) : flaw.reason()));
                }
                case DIED -> {
                    return Optional.of(new Flaw(Flaw.Kind.UNCHECKED, on(output, output.answer())));
                }
                default -> {
                    if (i == CHECKS) {
                        throw new IOException(on(output, output.answer()));
                    }
                }
            }
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>On a cluster, an interrupted job is not saved: it begins again from where it was sent.
     *
     * @throws InterruptedException also if this is closed meanwhile
     */
    @Override
    public Outcome run(Job job, Consumer<Epoch> heard) throws IOException, InterruptedException {
        Path folder = runs.resolve(job.folder());
        SparkTask.Output output;
        if (isLocal(master)) {
            output = submit(input(Message.RUN, job, null, null));
        } else {
            SparkTask.RunFiles files = new SparkTask.RunFiles(Folders.read(folder));
            long bytes = files.files().values().stream()
                    .mapToLong(file -> file.length)
                    .sum();
            if (bytes < BROADCAST) {
                output = submit(input(Message.RUN, job, files, null));
            } else {
                Broadcast<SparkTask.RunFiles> large = spark.broadcast(files);
                try {
                    output = submit(input(Message.RUN, job, null, large));
                } finally {
                    if (!closed) {
                        large.destroy();
                    }
                }
            }
        }
        SparkTask.RunFiles back = output.files();
        if (back != null) {
            Folders.write(folder, back.files());
        }
        String place = isLocal(master) || output.host().isEmpty()
                ? output.process()
                : output.host() + ", executor " + output.executor();
        output.epochs().forEach(epoch -> heard.accept(LocalProcesses.epoch(epoch)));
        if (output.end() != SparkTask.End.ANSWERED) {
            return new Outcome(Outcome.End.LOST, List.of(), on(output, output.answer()), place);
        }
        Outcome outcome = LocalProcesses.outcome(output.answer(), place);
        return outcome.end() == Outcome.End.DONE
                ? outcome
                : new Outcome(outcome.end(), outcome.epochs(), on(output, outcome.reason()), place);
    }

    /** {@return a reason with the host that it may be due to} */
    private String on(SparkTask.Output output, String reason) {
        return isLocal(master) || output.host().isEmpty() ? reason : reason + " (on " + output.host() + ")";
    }

    private SparkTask.Input input(
            Message kind, Job job, SparkTask.@Nullable RunFiles files, @Nullable Broadcast<SparkTask.RunFiles> large) {
        return new SparkTask.Input(
                command,
                jars,
                version,
                kind,
                Json.of(withShipped(job)),
                isLocal(master) ? runs.resolve(job.folder()).toString() : job.folder(),
                files,
                large,
                List.copyOf(shipped.values()));
    }

    private Job withShipped(Job job) {
        return new Job(
                job.trial(),
                job.repeat(),
                job.rung(),
                job.settings().stream()
                        .map(each -> each.getKey().equals("data")
                                ? Map.entry(each.getKey(), withShipped(each.getValue()))
                                : each)
                        .toList(),
                job.seed(),
                job.folder(),
                job.from(),
                job.until(),
                job.epochs(),
                job.attempt());
    }

    private String withShipped(String data) {
        for (String kind : List.of("", data.substring(0, data.indexOf(':') + 1))) {
            Path path = Path.of(data.substring(kind.length())).toAbsolutePath().normalize();
            SparkTask.Shipped copy = shipped.get(path);
            if (copy != null) {
                return kind + Path.of(copy.root()).resolve(path.getFileName());
            }
        }
        return data;
    }

    private SparkTask.Output submit(SparkTask.Input input) throws IOException, InterruptedException {
        if (closed) {
            throw new InterruptedException("closed");
        }
        JavaFutureAction<List<SparkTask.Output>> future;
        try {
            spark.setLocalProperty("spark.job.interruptOnCancel", "true");
            future = spark.parallelize(List.of(input), 1).map(new SparkTask()).collectAsync();
        } catch (RuntimeException e) {
            throw lost(e);
        }
        long seen = System.nanoTime(); // an executor
        while (true) {
            try {
                return checked(future.get(1, TimeUnit.SECONDS).get(0));
            } catch (TimeoutException e) {
                if (isLocal(master) || executors(spark) > 0) {
                    seen = System.nanoTime();
                } else if (System.nanoTime() - seen > TimeUnit.SECONDS.toNanos(NO_EXECUTOR_SECONDS)) {
                    future.cancel(true);
                    throw new IOException("the cluster at " + master + " has had no executor for " + NO_EXECUTOR_SECONDS
                            + " s: its workers are gone, or have no memory left");
                }
            } catch (InterruptedException e) {
                future.cancel(true);
                throw e;
            } catch (ExecutionException e) {
                if (closed) {
                    throw new InterruptedException("closed");
                } else if (spark.sc().isStopped()) {
                    throw lost(e);
                }
                return checked(new SparkTask.Output(SparkTask.End.NO_WORKER, reason(e), List.of(), null, "", "", ""));
            }
        }
    }

    private SparkTask.Output checked(SparkTask.Output output) throws IOException {
        boolean neverStarted = output.end() == SparkTask.End.NO_WORKER && !started;
        if (output.end() == SparkTask.End.OTHER_VERSION || neverStarted) {
            throw new IOException(on(output, output.answer()));
        }
        started |= output.end() != SparkTask.End.NO_WORKER;
        return output;
    }

    private IOException lost(Exception e) throws InterruptedException {
        if (closed) {
            throw new InterruptedException("closed");
        }
        return new IOException("the connection to the Spark cluster at " + master + " was lost: " + reason(e), e);
    }

    /** {@return the first line of what Spark says, without the wrapping} */
    private static String reason(Exception e) {
        Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return message.lines().findFirst().orElse("").strip();
    }

    @Override
    public void close() {
        closed = true;
        SparkTask.close(command); // of the master local[N]; those of executors end with these
        spark.stop();
    }
}
