package org.anneal.web;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * {@code GET /api/runs}: the runs of a folder as server-sent events: all there is when a client comes, then what is new. A
 * client that comes again, after a reload or a break, is told all of it again.
 *
 * <p>An event {@code run} has a run's name, its state and one of its tables: rows from {@code from} on, which take the place
 * of those that the client has from there; {@code info} follows with what it says of itself, {@code null} if that is
 * nothing; {@code gone} names a run that is no more; {@code ready} ends the first part.
 */
final class RunEvents implements AutoCloseable {
    private static final int MOST_CLIENTS = 32;
    private static final long PAUSE_MILLIS = 250;
    private static final long HEARTBEAT_PAUSES = 40; // which finds out that a client is gone
    private static final long WRITE_SECONDS = 20;

    /** Rows of a table of a run. */
    record Rows(
            String name,
            String state,
            String table,
            List<String> columns,
            int from,
            List<List<Optional<Double>>> rows) {}

    /** What a run says of itself. */
    record Info(String name, Optional<RunInfo> info) {}

    /** What a client has of a table. */
    private record Sent(long generation, int settled, long taken, RunsFolder.State state) {}

    private final RunsFolder folder;
    private final ScheduledExecutorService watch;
    private final ThreadFactory threads;
    private final Semaphore room = new Semaphore(MOST_CLIENTS);
    private final Set<Thread> clients = ConcurrentHashMap.newKeySet();

    RunEvents(RunsFolder folder, ScheduledExecutorService watch, ThreadFactory threads) {
        this.folder = folder;
        this.watch = watch;
        this.threads = threads;
    }

    /** Takes over an exchange; it ends with the client, or with the server. */
    void open(HttpExchange exchange) throws Refusal {
        if (!room.tryAcquire()) {
            throw new Refusal(503, "at most " + MOST_CLIENTS + " pages can watch the runs at a time");
        }
        Guard.unlimited(exchange);
        Thread thread = threads.newThread(() -> {
            try {
                serve(exchange);
            } catch (IOException e) {
                // The client is gone.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                exchange.close();
                clients.remove(Thread.currentThread());
                room.release();
            }
        });
        clients.add(thread);
        thread.start();
    }

    private void serve(HttpExchange exchange) throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        Map<String, Sent> sent = new HashMap<>();
        Map<String, Optional<RunInfo>> known = new HashMap<>();
        for (long round = 0; ; round++) {
            List<String> events = news(sent, known);
            if (round == 0) {
                events.add("event: ready\ndata: {}\n\n");
            } else if (events.isEmpty() && round % HEARTBEAT_PAUSES == 0) {
                events.add(":\n\n");
            }
            write(exchange, out, events);
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private List<String> news(Map<String, Sent> sent, Map<String, Optional<RunInfo>> known) throws IOException {
        List<String> events = new ArrayList<>();
        folder.look(runs -> {
            Set<String> names = new HashSet<>();
            for (RunsFolder.TrainingRun run : runs) {
                names.add(run.name());
                run.logs().forEach((table, log) -> {
                    String key = table + '/' + run.name();
                    Sent before = sent.getOrDefault(key, new Sent(-1, 0, 0, RunsFolder.State.QUIET));
                    Sent now = new Sent(log.generation(), log.settled(), log.taken(), run.state());
                    if (!now.equals(before)) {
                        int from = now.generation() == before.generation() ? before.settled() : 0;
                        events.add("event: run\ndata: "
                                + Answer.JSON.writeValueAsString(new Rows(
                                        run.name(),
                                        run.state().name().toLowerCase(java.util.Locale.ROOT),
                                        table,
                                        log.columns(),
                                        from,
                                        log.rows(from)))
                                + "\n\n");
                        sent.put(key, now);
                    }
                });
                if (!run.info().equals(known.put(run.name(), run.info()))) {
                    events.add("event: info\ndata: " + Answer.JSON.writeValueAsString(new Info(run.name(), run.info()))
                            + "\n\n");
                }
            }
            for (String name : known.keySet()) {
                if (!names.contains(name)) {
                    events.add("event: gone\ndata: " + Answer.JSON.writeValueAsString(name) + "\n\n");
                    sent.keySet().removeIf(key -> key.endsWith("/" + name));
                }
            }
            known.keySet().retainAll(names);
        });
        return events;
    }

    private void write(HttpExchange exchange, OutputStream out, List<String> events) throws IOException {
        if (events.isEmpty()) {
            return;
        }
        ScheduledFuture<?> limit = watch.schedule(exchange::close, WRITE_SECONDS, TimeUnit.SECONDS);
        try {
            for (String event : events) {
                out.write(event.getBytes(StandardCharsets.UTF_8));
            }
            out.flush();
        } finally {
            limit.cancel(false);
        }
    }

    @Override
    public void close() {
        clients.forEach(Thread::interrupt);
    }
}
