package org.anneal.web;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
import java.util.stream.Stream;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunsWatch;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /api/runs}: the runs of a folder as server-sent events. A client that connects, or reconnects, first gets everything,
 * then what is new.
 *
 * <p>{@code ?run=NAME&run=NAME} asks for these runs only. The event {@code run} has a run's name, its state and rows of one of its tables, which replace the client's rows from
 * {@code from} on; {@code info} has the run's settings, or {@code null}; {@code gone} names a run that was removed; {@code ready}
 * ends the first part.
 */
final class RunEvents implements AutoCloseable {
    private static final int MOST_CLIENTS = 64;
    private static final int MOST_NAMED = 64;
    private static final String NAMED = "run=";
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
     * @param title what its user calls it
     * @param started when it began, in milliseconds since 1970
     * @param run the run in which the playground shows the schedule, if it can
     * @param monitor what tells its best epoch
     */
    record Info(
            String name,
            Optional<String> title,
            long started,
            Optional<RunConfig.Summary> info,
            Optional<Conditions> run,
            Monitor monitor) {
        static Info of(RunsWatch.WatchedRun run) {
            return new Info(
                    run.name(),
                    run.title(),
                    run.started().toEpochMilli(),
                    run.config(),
                    run.config().flatMap(Conditions::of),
                    run.monitor());
        }
    }

    /** A title for a run, or none. */
    record Renamed(String run, String title) {
        Renamed {
            if (run == null || title == null) {
                throw new IllegalArgumentException("the request must have a run and a title");
            }
        }
    }

    /** How much of a table a client has. */
    private record Sent(long generation, int settled, long taken, RunsWatch.State state) {}

    private final Path folder;
    private final RunsWatch all;
    private final Deadlines deadlines;
    private final Semaphore room = new Semaphore(MOST_CLIENTS);
    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "anneal-web-runs");
        thread.setDaemon(true);
        return thread;
    });

    RunEvents(Path folder, Deadlines deadlines) {
        this.folder = folder;
        this.all = new RunsWatch(folder);
        this.deadlines = deadlines;
    }

    /** Takes over an exchange, which lasts until the client or the server ends it. */
    void open(Exchange exchange) throws Refusal {
        RunsWatch watch = watch(exchange.request().getHttpURI().getQuery());
        if (!room.tryAcquire()) {
            throw new Refusal(503, "at most " + MOST_CLIENTS + " pages can watch the runs at the same time");
        }
        Request.addCompletionListener(exchange.request(), failure -> room.release());
        exchange.response().getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
        if (exchange.isHead()) {
            exchange.callback().succeeded();
        } else {
            executor.execute(new Client(exchange, watch)::tell);
        }
    }

    /** {@code POST /api/runs/title}: gives a run another title. */
    void rename(Exchange exchange) throws Refusal {
        Renamed asked = Answer.read(exchange, Renamed.class);
        try {
            List<RunsWatch.WatchedRun> found = new ArrayList<>();
            new RunsWatch(folder, Set.of(asked.run())).look(found::addAll);
            if (found.isEmpty()) {
                throw new Refusal(404, "run must be the name of one of the runs, but was '" + asked.run() + "'");
            }
            found.get(0).rename(asked.title());
        } catch (IllegalArgumentException e) {
            throw new Refusal(400, Answer.reason(e));
        } catch (IOException e) {
            throw new Refusal(409, Answer.reason(e));
        }
        Answer.json(exchange, asked);
    }

    /** {@return what a client watches: all runs, or if its query names some, only these, however many others are newer} */
    private RunsWatch watch(@Nullable String query) throws Refusal {
        if (query == null) {
            return all;
        }
        String[] parts = query.split("&", -1);
        if (parts.length > MOST_NAMED || !Stream.of(parts).allMatch(part -> part.startsWith(NAMED))) {
            throw new Refusal(
                    400, "the query must be run=NAME&run=NAME..., with the names of at most " + MOST_NAMED + " runs");
        }
        try {
            return new RunsWatch(
                    folder,
                    Stream.of(parts)
                            .map(part -> URLDecoder.decode(part.substring(NAMED.length()), StandardCharsets.UTF_8))
                            .collect(Collectors.toSet()));
        } catch (IllegalArgumentException e) {
            throw new Refusal(400, "the query must have names in which % begins a byte: " + Answer.reason(e));
        }
    }

    /** A client; it gets more once it has taken what came before. */
    private final class Client implements Callback {
        private final Exchange exchange;
        private final RunsWatch watch;
        private final Map<String, Sent> sent = new HashMap<>();
        private final Map<String, Info> known = new HashMap<>();
        private final List<String> events = new ArrayList<>();
        private int characters; // of the events
        private boolean ready;
        private int pauses; // since the last event

        Client(Exchange exchange, RunsWatch watch) {
            this.exchange = exchange;
            this.watch = watch;
        }

        private void tell() {
            deadlines.set(exchange.request(), WRITE_SECONDS);
            try {
                events.clear();
                characters = 0;
                watch.look(this::news);
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
