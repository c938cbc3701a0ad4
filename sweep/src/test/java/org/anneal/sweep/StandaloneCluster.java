package org.anneal.sweep;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Spark's own Master and Workers as processes of this machine. */
public final class StandaloneCluster implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private final Path folder;
    private final Path home;
    private final Process master;
    private final List<Process> workers = new ArrayList<>();

    private final String url;

    /**
     * Starts a Master.
     *
     * @param folder for what the processes write
     * @param classPath with Spark's jars; what is Anneal's in it is left out
     */
    public StandaloneCluster(Path folder, String classPath) throws IOException, InterruptedException {
        this.folder = folder;
        home = Files.createDirectories(folder.resolve("spark"));
        for (Path entry : entries(classPath)) {
            if (!isOfAnneal(entry)) {
                Files.createSymbolicLink(Files.createDirectories(jars()).resolve(entry.getFileName()), entry);
            }
        }
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        url = "spark://" + LOOPBACK + ":" + port;
        master = start("master", "org.apache.spark.deploy.master.Master", "--host", LOOPBACK, "--port", "" + port);
        while (!answers(port)) {
            if (!master.isAlive()) {
                throw new IOException(Files.readString(folder.resolve("master.log")));
            }
            Thread.sleep(50);
        }
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** {@return the folder of Spark's jars} */
    public Path jars() {
        return home.resolve("jars");
    }

    /** {@return the URL of the Master} */
    public String url() {
        return url;
    }

    /** Starts a Worker of one core. */
    public Process startWorker() throws IOException {
        String name = "worker" + workers.size();
        Process worker = start(
                name,
                "org.apache.spark.deploy.worker.Worker",
                "--host",
                LOOPBACK,
                "-c",
                "1",
                "-m",
                "1g",
                "-d",
                folder.resolve(name).toString(),
                url);
        workers.add(worker);
        return worker;
    }

    /** Waits until the Master knows of so many Workers. */
    public void waitForWorkers(int count) throws IOException, InterruptedException {
        while (Files.readString(folder.resolve("master.log")).split("Registering worker", -1).length <= count) {
            Thread.sleep(50);
        }
    }

    private Process start(String name, String main, String... arguments) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(JAVA, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        // An executor that is lost with its Worker is noticed by its connection; silence takes longer.
        command.addAll(List.of("-Dspark.worker.timeout=15", "-cp", home.resolve("jars") + "/*", main));
        command.addAll(List.of("--webui-port", "0"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile());
        builder.environment().put("SPARK_HOME", home.toString());
        builder.environment().put("SPARK_LOCAL_IP", LOOPBACK);
        builder.environment().put("SPARK_LOCAL_HOSTNAME", LOOPBACK);
        builder.environment().put("SPARK_SCALA_VERSION", "2.13");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder.start();
    }

    /** {@return the executors of a Worker, or the trainings of an executor} */
    static List<ProcessHandle> children(ProcessHandle parent) {
        return parent.children().toList();
    }

    /** {@return a class path of jars that has all that a worker of Anneal's needs, of that of this module's tests, and nothing of Spark} */
    static String workerJars(Path folder) throws IOException {
        return jars(
                entries(System.getProperty("java.class.path")).stream()
                        .filter(StandaloneCluster::isOfWorker)
                        .toList(),
                folder);
    }

    /** {@return a class path as one of jars alone, as a cluster needs it} */
    public static String jars(String classPath, Path folder) throws IOException {
        return jars(entries(classPath), folder);
    }

    private static String jars(List<Path> entries, Path folder) throws IOException {
        List<Path> jars = new ArrayList<>();
        for (Path entry : entries) {
            jars.add(Files.isDirectory(entry) ? packed(entry, folder.resolve(jars.size() + ".jar")) : entry);
        }
        return jars.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static List<Path> entries(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator, -1))
                .map(Path::of)
                .filter(Files::exists)
                .toList();
    }

    private static boolean isOfWorker(Path entry) {
        return isOfAnneal(entry) || entry.getFileName().toString().startsWith("jackson-annotations"); // Spark's, too
    }

    private static boolean isOfAnneal(Path entry) {
        return Files.isDirectory(entry)
                || entry.getFileName().toString().startsWith("anneal-")
                || entry.toString().replace('\\', '/').contains("tools/jackson/");
    }

    private static Path packed(Path classes, Path jar) throws IOException {
        try (Stream<Path> all = Files.walk(classes);
                OutputStream out = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                zip.putNextEntry(
                        new ZipEntry(classes.relativize(file).toString().replace('\\', '/')));
                Files.copy(file, zip);
            }
        }
        return jar;
    }

    /** Ends them all, and their executors and trainings. */
    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>();
        for (Process process :
                Stream.concat(Stream.of(master), workers.stream()).toList()) {
            all.addAll(process.descendants().toList());
            all.add(process.toHandle());
        }
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle process : all) {
            process.onExit().join();
        }
    }
}
