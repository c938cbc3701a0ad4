package org.anneal.web;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The server of the pages: the playground, and the runs of a folder as they go.
 *
 * <p>What it holds is bounded: the requests that wait, the values that are computed, the time and the size of a request.
 * It reads the metrics of the runs in the folder that it is given and no other file, and writes none.
 */
public final class WebServer implements AutoCloseable {
    // A thread reads what its client sends, however slowly: with one for each connection, no other client waits for it.
    private static final int CONNECTIONS = 1024;
    private static final int WAITING = 512;
    private static final int BACKLOG = 512;
    private static final long EXCHANGE_SECONDS = 30;

    static {
        // Of the JDK's server, which reads them once: slow senders are cut off, and answers do not wait for Nagle's
        // timer.
        setIfAbsent("sun.net.httpserver.maxReqTime", "10");
        setIfAbsent("sun.net.httpserver.nodelay", "true");
        setIfAbsent("jdk.httpserver.maxConnections", Integer.toString(CONNECTIONS));
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private final HttpServer server;
    private final ThreadPoolExecutor executor;
    private final ScheduledThreadPoolExecutor watch;
    private final Optional<RunEvents> events;
    private final URI address;

    private WebServer(String host, HttpServer server, Optional<Path> runs) {
        this.server = server;
        executor = new ThreadPoolExecutor(
                CONNECTIONS,
                CONNECTIONS,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(WAITING),
                threads("anneal-web-"),
                WebServer::await);
        executor.allowCoreThreadTimeOut(true);
        watch = new ScheduledThreadPoolExecutor(1, threads("anneal-web-watch-"));
        watch.setRemoveOnCancelPolicy(true);
        InetSocketAddress bound = server.getAddress();
        address = URI.create("http://" + authority(host) + ":" + bound.getPort() + "/");
        events = runs.map(folder -> new RunEvents(new RunsFolder(folder), watch, threads("anneal-web-runs-")));
        Guard guard = new Guard(host, bound, watch, EXCHANGE_SECONDS);
        Assets assets = new Assets();
        CurveHandler curves = new CurveHandler();
        PictureHandler pictures = new PictureHandler(curves);
        serve(guard, "/", exchange -> page(exchange, assets));
        serve(guard, "/api/curves", only("/api/curves", curves::handle));
        serve(guard, "/api/picture", only("/api/picture", pictures::handle));
        serve(guard, "/api/server", only("/api/server", this::about));
        serve(guard, "/api/runs", only("/api/runs", this::runs));
        server.setExecutor(executor);
        server.start();
    }

    /**
     * Serves the pages until {@link #close}.
     *
     * @param host to listen on: {@code 127.0.0.1} unless others may come
     * @param port to listen on, or 0 for any that is free
     * @param runs a folder of training runs, or a run, to show as they go
     * @throws IOException if nothing can listen there; the message names the address and the reason
     */
    public static WebServer start(String host, int port, Optional<Path> runs) throws IOException {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must be in [0, 65535], but was " + port);
        }
        String where = authority(host) + ":" + port;
        try {
            InetAddress at = InetAddress.getByName(host);
            return new WebServer(host, HttpServer.create(new InetSocketAddress(at, port), BACKLOG), runs);
        } catch (UnknownHostException e) {
            throw new IOException("cannot listen on " + where + ": no such host", e);
        } catch (IOException e) {
            throw new IOException("cannot listen on " + where + ": " + e.getMessage(), e);
        }
    }

    /** {@return where a browser finds the playground} */
    public URI address() {
        return address;
    }

    /** Ends the server; what is being answered is cut off. */
    @Override
    public void close() {
        events.ifPresent(RunEvents::close);
        server.stop(0);
        executor.shutdownNow();
        watch.shutdownNow();
    }

    private static String authority(String host) {
        return host.contains(":") ? "[" + host + "]" : host;
    }

    private static ThreadFactory threads(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Has the server take no more requests until there is room for this one. */
    private static void await(Runnable task, ThreadPoolExecutor executor) {
        try {
            executor.getQueue().put(task);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RejectedExecutionException("the server is ending", e);
        }
    }

    /** Answers a request, or refuses it. */
    private interface Handler {
        void handle(HttpExchange exchange) throws IOException, Refusal;
    }

    private void serve(Guard guard, String path, Handler handler) {
        HttpHandler checked = exchange -> {
            try {
                handler.handle(exchange);
            } catch (Refusal e) {
                Answer.refuse(exchange, e);
            }
        };
        HttpContext context = server.createContext(path, checked);
        context.getFilters().add(guard);
    }

    /** {@return {@code handler} for this path, and not for those that begin with it} */
    private static Handler only(String path, Handler handler) {
        return exchange -> {
            if (!exchange.getRequestURI().getPath().equals(path)) {
                throw new Refusal(404, "there is nothing here");
            }
            handler.handle(exchange);
        };
    }

    private static void page(HttpExchange exchange, Assets assets) throws IOException, Refusal {
        Assets.Asset asset = assets.at(String.valueOf(exchange.getRequestURI().getPath()))
                .orElseThrow(() -> new Refusal(404, "there is nothing here"));
        Answer.require(exchange, "GET");
        Answer.send(exchange, 200, asset.type(), asset.bytes());
    }

    private void about(HttpExchange exchange) throws IOException, Refusal {
        Answer.require(exchange, "GET");
        Answer.json(
                exchange,
                Map.of(
                        "runs",
                        events.isPresent(),
                        "limits",
                        Map.of("steps", Run.MOST_STEPS, "groups", Run.MOST_GROUPS, "values", Run.MOST_VALUES)));
    }

    private void runs(HttpExchange exchange) throws IOException, Refusal {
        Answer.require(exchange, "GET");
        events.orElseThrow(() -> new Refusal(404, "no folder of runs is served: start with anneal serve --runs DIR"))
                .open(exchange);
    }
}
