package org.anneal.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.anneal.web.WebServer;

/** The page that shows a run as it goes, and the runs beside it, if {@code anneal train --serve} asks for it. */
final class LivePage implements AutoCloseable {
    private final Optional<WebServer> server;

    private LivePage(Optional<WebServer> server) {
        this.server = server;
    }

    /**
     * Serves the runs beside {@code folder}, and it.
     *
     * @param port to serve on; no page if it is empty
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

    /** {@return where the page is, if there is one} */
    Optional<URI> address() {
        return server.map(started -> started.address().resolve("runs"));
    }

    /** Goes on until the process is ended. */
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
