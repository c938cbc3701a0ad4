package org.anneal.web;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunsWatch;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;

/**
 * {@code GET /api/runs}: the runs of a folder as server-sent events. A client that connects, or reconnects, first gets everything,
 * then what is new.
 *
 * <p>The event {@code run} has a run's name, its state and rows of one of its tables, which replace the client's rows from
 * {@code from} on; {@code info} has the run's settings, or {@code null}; {@code gone} names a run that was removed; {@code ready}
 * ends the first part.
 */
final class RunEvents implements AutoCloseable {
    private static final int MOST_CLIENTS = 64;
    private static final long PAUSE_MILLIS = 250;
    private static final int HEARTBEAT_PAUSES = 4; // the second one after a client has gone fails, and so notices
    private static final int MOST_CHARACTERS = 256 * 1024; // waiting for a client, and one table more
    private static final long WRITE_SECONDS = 20;

    /** Rows of a table of a run. */
    record Rows(
            String name,
            String state,
            String table,
            List<String> columns,
            int from,
            List<List<Optional<Double>>> rows) {}

    /**
     * A run's settings.
     *
     * @param run the run in which the playground shows the schedule, if it can
     * @param monitor what tells its best epoch
     */
    record Info(String name, Optional<RunConfig.Summary> info, Optional<Conditions> run, Monitor monitor) {
        static Info of(RunsWatch.WatchedRun run) {
            return new Info(run.name(), run.config(), run.config().flatMap(Conditions::of), run.monitor());
        }
    }

    /** How much of a table a client has. */
    private record Sent(long generation, int settled, long taken, RunsWatch.State state) {}

    private final RunsWatch folder;
    private final Deadlines deadlines;
    private final Semaphore room = new Semaphore(MOST_CLIENTS);
    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "anneal-web-runs");
        thread.setDaemon(true);
        return thread;
    });

    RunEvents(RunsWatch folder, Deadlines deadlines) {
        this.folder = folder;
        this.deadlines = deadlines;
    }

    /** Takes over an exchange, which lasts until the client or the server ends it. */
    void open(Exchange exchange) throws Refusal {
        if (!room.tryAcquire()) {
            throw new Refusal(503, "at most " + MOST_CLIENTS + " pages can watch the runs at the same time");
        }
        Request.addCompletionListener(exchange.request(), failure -> room.release());
        exchange.response().getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
        if (exchange.isHead()) {
            exchange.callback().succeeded();
        } else {
            executor.execute(new Client(exchange)::tell);
        }
    }

    /** A client; it gets more once it has taken what came before. */
    private final class Client implements Callback {
        private final Exchange exchange;
        private final Map<String, Sent> sent = new HashMap<>();
        private final Map<String, Info> known = new HashMap<>();
        private final List<String> events = new ArrayList<>();
        private int characters; // of the events
        private boolean ready;
        private int pauses; // since the last event

        Client(Exchange exchange) {
            this.exchange = exchange;
        }

        private void tell() {
            deadlines.set(exchange.request(), WRITE_SECONDS);
            try {
                events.clear();
                characters = 0;
                folder.look(this::news);
                if (!ready && !isFull()) {
                    ready = true;
                    add("event: ready\ndata: {}\n\n");
                }
                pauses++;
                if (pauses == HEARTBEAT_PAUSES) {
                    add(":\n\n");
                }
                if (events.isEmpty()) {
                    succeeded();
                } else {
                    pauses = 0;
                    Answer.write(
                            exchange.response(),
                            events.stream().map(event -> ByteBuffer.wrap(event.getBytes(StandardCharsets.UTF_8))),
                            this);
                }
            } catch (Exception | Error e) {
                Answer.refuse(exchange.request(), exchange.response(), exchange.callback(), e);
            }
        }

        private boolean isFull() {
            return characters > MOST_CHARACTERS;
        }

        private void add(String event) {
            events.add(event);
            characters += event.length();
        }

        private void news(Collection<RunsWatch.WatchedRun> runs) {
            Set<String> names = runs.stream().map(RunsWatch.WatchedRun::name).collect(Collectors.toSet());
            for (String name : known.keySet()) {
                if (!names.contains(name)) {
                    add("event: gone\ndata: " + Answer.JSON.writeValueAsString(name) + "\n\n");
                    sent.keySet()
                            .removeIf(key -> key.substring(key.indexOf('/') + 1).equals(name));
                }
            }
            known.keySet().retainAll(names);
            for (RunsWatch.WatchedRun run : runs) {
                if (isFull()) {
                    return;
                }
                run.tables().forEach((table, log) -> {
                    String key = table + '/' + run.name();
                    Sent before = sent.getOrDefault(key, new Sent(-1, 0, 0, RunsWatch.State.QUIET));
                    Sent now = new Sent(log.generation(), log.settled(), log.taken(), run.state());
                    if (!now.equals(before)) {
                        int from = now.generation() == before.generation() ? before.settled() : 0;
                        add("event: run\ndata: "
                                + Answer.JSON.writeValueAsString(new Rows(
                                        run.name(),
                                        run.state().name().toLowerCase(Locale.ROOT),
                                        table,
                                        log.columns(),
                                        from,
                                        log.rows(from)))
                                + "\n\n");
                        sent.put(key, now);
                    }
                });
                Info info = Info.of(run);
                if (!info.equals(known.put(run.name(), info))) {
                    add("event: info\ndata: " + Answer.JSON.writeValueAsString(info) + "\n\n");
                }
            }
        }

        @Override
        public void succeeded() {
            try {
                var unused = executor.schedule(this::tell, isFull() ? 0 : PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                failed(e); // the server is shutting down
            }
        }

        @Override
        public void failed(Throwable failure) {
            exchange.callback().failed(failure);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
