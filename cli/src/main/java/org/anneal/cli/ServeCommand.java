package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.anneal.runs.RunFolder;
import org.anneal.web.WebServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anneal serve}: the playground in a browser, and the runs of a folder as they go on. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Explore schedules in a browser: edit them, compare their curves, copy them as Java or PyTorch code.",
            "Runs until Ctrl-C. Only this computer can reach it, unless --host says otherwise."
        })
final class ServeCommand implements Callable<Integer> {
    static final int PORT = 8800;

    @Option(
            names = "--port",
            paramLabel = "P",
            defaultValue = "" + PORT,
            description = "port to listen on, or 0 for any free one (default: ${DEFAULT-VALUE})")
    private int port;

    @Option(
            names = "--host",
            paramLabel = "H",
            defaultValue = "127.0.0.1",
            description = "address to listen on; whoever can reach it can use the pages (default: ${DEFAULT-VALUE})")
    private String host;

    @Option(
            names = "--runs",
            paramLabel = "DIR",
            description = "folder of training runs, or of one run, to show as they go on (default: runs, if it exists)")
    private Optional<Path> runs = Optional.empty();

    @Option(
            names = "--allow-train",
            description = "let the playground start trainings, at most " + TrainProcesses.MOST
                    + " at once, into folders in --runs (default: runs, which is made)")
    private boolean allowTrain;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        checkPort("--port", port);
        if (host.isBlank()) {
            throw new IllegalArgumentException("--host must be an address or a name, but was '" + host + "'");
        }
        if (runs.isPresent() && !Files.isDirectory(runs.get())) {
            throw new IOException("--runs must be a folder, but there is no folder " + runs.get());
        }
        Path usual = Path.of("runs");
        Optional<Path> folder = runs.or(() -> Optional.of(usual).filter(path -> allowTrain || Files.isDirectory(path)));
        WebServer.Content content = folder.map(WebServer.Content.NONE::withRuns).orElse(WebServer.Content.NONE);
        Optional<TrainProcesses> trainings = Optional.empty();
        if (allowTrain) {
            Path made = folder.orElseThrow();
            checkTraining(made);
            trainings = Optional.of(new TrainProcesses(
                    made, note -> spec.commandLine().getErr().println(spec.qualifiedName() + ": " + note)));
            content = content.withTrainings(trainings.get());
        }
        WebServer server = WebServer.start(host, port, content);
        Optional<TrainProcesses> started = trainings;
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.close();
            started.ifPresent(TrainProcesses::close);
        }));
        PrintWriter out = spec.commandLine().getOut();
        out.println("Serving Anneal at " + server.address() + " until Ctrl-C");
        if (out.checkError()) { // nobody learns the address
            server.close();
            return 0;
        }
        folder.ifPresent(path -> out.println(
                "The runs in folder " + path + " are at " + server.address().resolve("runs")));
        LivePage.stay();
        server.close();
        return 0;
    }

    private void checkTraining(Path folder) throws IOException {
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new IOException("cannot listen on " + host + ":" + port + ": no such host", e);
        }
        if (!address.isLoopbackAddress()) {
            throw new IllegalArgumentException("--host must be an address of this computer alone, such as 127.0.0.1,"
                    + " with --allow-train, as whoever reaches it could start trainings, but was " + host);
        }
        if (RunFolder.isRun(folder)) {
            throw new IllegalArgumentException(
                    "--runs must be a folder of runs with --allow-train, but " + folder + " is a run");
        }
        Files.createDirectories(folder);
    }

    static void checkPort(String option, int port) {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException(option + " must be in [0, 65535], but was " + port);
        }
    }
}
