package org.anneal.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.anneal.web.WebServer;

/** The page of {@code anneal train --serve}: the run as it goes on, and the runs beside it. */
final class LivePage implements AutoCloseable {
    private final Optional<WebServer> server;

    private LivePage(Optional<WebServer> server) {
        this.server = server;
    }

    /**
     * Serves the run in {@code folder} and the runs beside it.
     *
     * @param port the port to serve on; if empty, there is no page
     * @throws IOException if nothing can listen on the port
     */
    static LivePage start(Path folder, Optional<Integer> port) throws IOException {
        if (port.isEmpty()) {
            return new LivePage(Optional.empty());
        }
        Path runs = Optional.ofNullable(folder.toAbsolutePath().normalize().getParent())
                .orElse(folder);
        return new LivePage(Optional.of(WebServer.start("127.0.0.1", port.get(), Optional.of(runs))));
    }

    /** {@return the address of the page, if there is one} */
    Optional<URI> address() {
        return server.map(started -> started.address().resolve("runs"));
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
