package org.anneal.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.sweep.LocalProcesses;
import org.anneal.sweep.Runner;
import org.anneal.sweep.SparkCluster;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What trains the trials of a sweep. */
final class SweepWorkers {
    private static final long MB = 1 << 20;
    private static final long LEAST_MEMORY = 512 * MB; // libtorch and the JVM take 300 MB before the first batch
    private static final double SHARE = 0.8; // of the machine's memory
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?) ?([kmgt])i?b?");

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "threads of libtorch in each run; the last bits of the results depend on it (default: 1)")
    private int threads = 1;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description =
                    "runs at a time, each in a process of its own (default: cores / threads, if there is memory for"
                            + " so many)")
    private Optional<Integer> workers = Optional.empty();

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "memory of a worker, such as 2g: half of it for Java, the rest for libtorch (default: 80%% of the"
                            + " machine's, divided by the workers)")
    private Optional<Long> memory = Optional.empty();

    @Option(
            names = "--master",
            paramLabel = "URL",
            description =
                    "train on a cluster of Apache Spark, such as spark://host:7077, with a worker for each core of its"
                            + " executors, at most --workers. Data is read where an executor runs, at its path here")
    private Optional<String> master = Optional.empty();

    @Option(
            names = "--ship-data",
            description = "with --master, send the file or folder of --data along, for executors that cannot read it")
    private boolean shipData;

    static final class SizeConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            Matcher size = SIZE.matcher(text.toLowerCase(Locale.ROOT).strip());
            if (!size.matches()) {
                throw new TypeConversionException("must be a size, such as 900m or 2g, but was '" + text + "'");
            }
            int power = "kmgt".indexOf(size.group(2)) + 1;
            double bytes = Double.parseDouble(size.group(1)) * Math.pow(1024, power);
            if (bytes < LEAST_MEMORY) {
                throw new TypeConversionException("must be at least 512m, but was " + text);
            }
            return (long) bytes;
        }
    }

    /** Checks what is given. */
    void check() {
        workers.ifPresent(n -> Anneal.atLeastOne("--workers", n));
        TrainOptions.checkThreads(threads);
        if (master.isEmpty() && memory.orElse(0L) > total()) {
            throw new IllegalArgumentException("--memory must be at most " + total() / MB
                    + "m, which this machine has, but was " + memory.orElse(0L) / MB + "m");
        }
        if (shipData && master.isEmpty()) {
            throw new IllegalArgumentException("--ship-data must be left out without --master");
        }
    }

    int threads() {
        return threads;
    }

    private int workers() {
        int cores = Runtime.getRuntime().availableProcessors();
        long room = Math.max(1, budget() / memory.orElse(LEAST_MEMORY));
        return workers.orElse((int) Math.max(1, Math.min(cores / threads, room)));
    }

    private long memory() {
        return memory.orElse(Math.max(LEAST_MEMORY, budget() / workers()));
    }

    private static long budget() {
        return (long) (SHARE * total());
    }

    /** {@return the machine's memory; of a JVM that does not tell, what Java may use of it} */
    private static long total() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
    }

    /** {@return what trains, in a line} */
    String description() {
        if (master.isPresent()) {
            return "Spark at " + master.get();
        }
        int processes = workers();
        return String.format(
                Locale.ROOT,
                "%,d %s of %d thread%s, up to %.1f GB each",
                processes,
                processes == 1 ? "process" : "processes",
                threads,
                threads == 1 ? "" : "s",
                memory() / (1024.0 * MB));
    }

    /**
     * {@return what trains in the folder {@code runs}}
     *
     * @throws IOException if the cluster cannot be used
     */
    Runner open(Path runs, SweptOptions swept) throws IOException, InterruptedException {
        if (master.isEmpty()) {
            return new LocalProcesses(workers(), runs, command(), Anneal.version());
        }
        List<Path> data = swept.values("--data").stream()
                .flatMap(value -> DataOptions.path(value).stream())
                .toList();
        checkData(data);
        try {
            SparkCluster cluster = SparkCluster.open(
                    master.get(), workers.orElse(Integer.MAX_VALUE), runs, command(), Anneal.version());
            try {
                for (Path path : shipData ? data : List.<Path>of()) {
                    cluster.ship(path);
                }
                return cluster;
            } catch (IOException | RuntimeException e) {
                cluster.close();
                throw e;
            }
        } catch (NoClassDefFoundError e) {
            throw new IOException(
                    "--master needs Apache Spark on the class path, where the launcher ./anneal puts it", e);
        }
    }

    private void checkData(List<Path> data) {
        if (shipData && data.isEmpty()) {
            throw new IllegalArgumentException("--ship-data must be left out unless --data is a file or a folder");
        }
        Optional<Path> relative =
                data.stream().filter(path -> !path.isAbsolute()).findFirst();
        boolean elsewhere = !master.orElse("local").startsWith("local");
        if (elsewhere && !shipData && relative.isPresent()) {
            throw new IllegalArgumentException(
                    "--data must have an absolute path with --master, as executors run in folders of their own, or be sent"
                            + " with --ship-data, but was " + relative.get());
        }
    }

    /** {@return the command of a worker's process} */
    private List<String> command() {
        List<String> options = new ArrayList<>(List.of(
                "-XX:+UseSerialGC", // its threads are the trainings'
                "-XX:+ExitOnOutOfMemoryError"));
        if (master.isEmpty() || memory.isPresent()) { // an executor's machine has another memory than this one
            options.add("-Xmx" + memory() / 2 / MB + "m");
            options.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=" + memory());
        }
        return ChildProcess.command(options, List.of("worker"));
    }
}
