package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.anneal.web.LiveRangeTest;
import org.anneal.web.LiveSweep;
import org.anneal.web.WebServer;

/** The page of {@code --serve}: a run and the runs beside it, a search for a rate, or a sweep, as it goes on. */
final class LivePage implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final Optional<WebServer> server;
    private final String name;

    private LivePage(Optional<WebServer> server, String name) {
        this.server = server;
        this.name = name;
    }

    /**
     * Serves the run in {@code folder} and the runs beside it.
     *
     * @param port the port to serve on; if empty, there is no page
     * @throws IOException if nothing can listen on the port
     */
    static LivePage start(Path folder, Optional<Integer> port) throws IOException {
        Path runs = Optional.ofNullable(folder.toAbsolutePath().normalize().getParent())
                .orElse(folder);
        return start(WebServer.Content.NONE.withRuns(runs), "runs", port);
    }

    /** Serves a search for a rate; as {@link #start(Path, Optional)}. */
    static LivePage start(LiveRangeTest search, Optional<Integer> port) throws IOException {
        return start(WebServer.Content.NONE.withSearch(search), "find", port);
    }

    /**
     * Serves a sweep; as {@link #start(Path, Optional)}.
     *
     * @param runs the folder of the sweep's runs, which need not exist yet
     */
    static LivePage start(LiveSweep sweep, Path runs, Optional<Integer> port) throws IOException {
        return start(WebServer.Content.NONE.withSweep(sweep).withRuns(runs), "sweep", port);
    }

    private static LivePage start(WebServer.Content content, String name, Optional<Integer> port) throws IOException {
        return port.isEmpty()
                ? new LivePage(Optional.empty(), "")
                : new LivePage(Optional.of(WebServer.start(HOST, port.get(), content)), name);
    }

    /** Says where the page is, if there is one. */
    void introduce(String what, PrintWriter out) {
        address().ifPresent(address -> out.println("Watch this " + what + " at " + address));
        out.flush();
    }

    /** Says that the page stays, and waits until the process is stopped, if there is one. */
    void stay(PrintWriter out) {
        address().ifPresent(address -> {
            out.println("Still serving it at " + address + " until Ctrl-C");
            out.flush();
            stay();
        });
    }

    private Optional<URI> address() {
        return server.map(started -> started.address().resolve(name));
    }

    /** Waits until the process is stopped. */
    static void stay() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.ifPresent(WebServer::close);
    }
}
