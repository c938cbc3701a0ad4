package org.anneal.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpCompliance.Violation;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;

/**
 * The web server: the playground, and the runs of a folder, a search for a learning rate and a sweep as they go on.
 *
 * <p>Its connections, the values that it computes, and the time and size of a request are bounded. It reads the files of the runs
 * in the given folder and no others, and writes none but the titles that users give to runs. It starts trainings only where {@link Content#trainings} are given.
 */
public final class WebServer implements AutoCloseable {
    private static final int CONNECTIONS = 4000;
    private static final int THREADS = 200; // at most half of them wait for heavy work
    private static final int BACKLOG = 512;
    private static final int HEADER_BYTES = 32 * 1024; // a browser sends the cookies of every server on localhost
    private static final long IDLE_MILLIS = 7_000; // then the connection is closed
    private static final long CROWDED_IDLE_MILLIS = 1_000;
    private static final long ANSWER_SECONDS = 60; // waiting, computing and sending
    private static final Pattern FROM = Pattern.compile("from=([0-9]{1,9})");
    private static final Pattern TRIALS = Pattern.compile("trial=[0-9]{1,9}(&trial=[0-9]{1,9}){0,19}");

    /**
     * What is served beside the playground.
     *
     * @param runs a folder of training runs, or of one run
     * @param search for a learning rate
     * @param sweep whose runs are in the folder
     * @param trainings what starts trainings that a page asks for, if it may; their runs are in the folder
     */
    public record Content(
            Optional<Path> runs,
            Optional<LiveRangeTest> search,
            Optional<LiveSweep> sweep,
            Optional<Trainings> trainings) {
        /** Nothing but the playground. */
        public static final Content NONE =
                new Content(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

        public Content {
            Objects.requireNonNull(runs, "runs");
            Objects.requireNonNull(search, "search");
            Objects.requireNonNull(sweep, "sweep");
            Objects.requireNonNull(trainings, "trainings");
        }

        /** {@return this with the runs of a folder} */
        public Content withRuns(Path folder) {
            return new Content(Optional.of(folder), search, sweep, trainings);
        }

        /** {@return this with a search for a learning rate} */
        public Content withSearch(LiveRangeTest test) {
            return new Content(runs, Optional.of(test), sweep, trainings);
        }

        /** {@return this with a sweep} */
        public Content withSweep(LiveSweep live) {
            return new Content(runs, search, Optional.of(live), trainings);
        }

        /** {@return this with pages that may start trainings} */
        public Content withTrainings(Trainings starting) {
            return new Content(runs, search, sweep, Optional.of(starting));
        }
    }

    /** Answers a request, or refuses it. */
    private interface Page {
        void answer(Exchange exchange) throws IOException, Refusal;
    }

    private final Server server;
    private final Deadlines deadlines;
    private final Optional<RunEvents> events;
    private final Content content;
    private final URI address;
    private final Assets assets;
    private final Map<String, Page> pages;

    private WebServer(String host, InetAddress at, int port, Content content) throws Exception {
        QueuedThreadPool threads = new QueuedThreadPool(THREADS);
        threads.setName("anneal-web");
        threads.setDaemon(true);
        ScheduledExecutorScheduler scheduler = new ScheduledExecutorScheduler("anneal-web-watch", true);
        server = new Server(threads, scheduler, null);
        deadlines = new Deadlines(scheduler);
        ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http()));
        connector.setHost(at.getHostAddress());
        connector.setPort(port);
        connector.setAcceptQueueSize(BACKLOG);
        connector.setIdleTimeout(IDLE_MILLIS);
        connector.addBean(deadlines);
        connector.open();
        server.addConnector(connector);
        NetworkConnectionLimit limit = new NetworkConnectionLimit(CONNECTIONS, connector);
        limit.setEndPointIdleTimeout(CROWDED_IDLE_MILLIS);
        server.addBean(limit);
        address = URI.create("http://" + authority(host) + ":" + connector.getLocalPort() + "/");
        this.content = content;
        events = content.runs().map(folder -> new RunEvents(folder, deadlines));
        assets = new Assets(Stream.of(
                        Optional.of(Assets.PLAYGROUND),
                        Optional.of("runs"),
                        content.search().map(search -> "find"),
                        content.sweep().map(sweep -> "sweep"))
                .flatMap(Optional::stream)
                .toList());
        Lanes lanes = new Lanes();
        TrainHandler train = new TrainHandler(content.trainings(), lanes, deadlines);
        pages = Map.of(
                "/api/curves", new CurveHandler(lanes)::handle,
                "/api/picture", new PictureHandler(lanes)::handle,
                "/api/server", this::about,
                "/api/runs", this::runs,
                "/api/runs/title", this::rename,
                "/api/train", train::start,
                "/api/train/stop", train::stop,
                "/api/find", this::find,
                "/api/sweep", this::sweep,
                "/api/sweep/curves", this::sweepCurves);
        server.setHandler(new Guard(host, at, connector.getLocalPort(), new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                receive(request, response, callback);
                return true;
            }
        }));
        server.setErrorHandler(Guard::refuse);
        server.start();
    }

    private static HttpConfiguration http() {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(HEADER_BYTES);
        // Only listed names are served, and the guard checks Host, so odd URIs and headers do no harm.
        http.setUriCompliance(UriCompliance.UNSAFE);
        http.setHttpCompliance(HttpCompliance.RFC9110.with(
                "anneal",
                Violation.DUPLICATE_HOST_HEADERS,
                Violation.MISMATCHED_AUTHORITY,
                Violation.UNSAFE_HOST_HEADER));
        return http;
    }

    /**
     * Serves the pages until {@link #close}.
     *
     * @param host the address to listen on: {@code 127.0.0.1} unless other computers may connect
     * @param port the port to listen on, or 0 for any free one
     * @param content what there is beside the playground
     * @throws IOException if nothing can listen there; the message names the address and the reason
     */
    public static WebServer start(String host, int port, Content content) throws IOException {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must be in [0, 65535], but was " + port);
        }
        String where = authority(host) + ":" + port;
        try {
            return new WebServer(host, InetAddress.getByName(host), port, content);
        } catch (UnknownHostException e) {
            throw new IOException("cannot listen on " + where + ": no such host", e);
        } catch (Exception e) {
            String reason = Optional.ofNullable(e.getCause()).orElse(e).getMessage(); // Jetty's own repeats the address
            throw new IOException("cannot listen on " + where + ": " + reason, e);
        }
    }

    /** {@return the address of the playground} */
    public URI address() {
        return address;
    }

    /** Stops the server; responses in progress are cut off. */
    @Override
    public void close() {
        events.ifPresent(RunEvents::close);
        LifeCycle.stop(server);
    }

    private static String authority(String host) {
        return host.contains(":") ? "[" + host + "]" : host;
    }

    private void receive(Request request, Response response, Callback callback) {
        request.addIdleTimeoutListener(
                timeout -> false); // sending nothing while an answer is computed is not a failure
        deadlines.await(request);
        Body.read(
                request,
                body -> answer(new Exchange(request, response, callback, body)),
                failure -> Answer.refuse(request, response, callback, failure));
    }

    private void answer(Exchange exchange) {
        deadlines.set(exchange.request(), ANSWER_SECONDS);
        try {
            pages.getOrDefault(exchange.request().getHttpURI().getPath(), this::asset)
                    .answer(exchange);
        } catch (Exception | Error e) {
            Answer.refuse(exchange.request(), exchange.response(), exchange.callback(), e);
        }
    }

    private void asset(Exchange exchange) throws Refusal {
        Assets.Asset asset = assets.at(
                        String.valueOf(exchange.request().getHttpURI().getPath()))
                .orElseThrow(() -> new Refusal(404, "there is nothing here"));
        Answer.require(exchange, "GET");
        Answer.send(exchange, asset.type(), asset.bytes());
    }

    private void about(Exchange exchange) throws Refusal {
        Answer.require(exchange, "GET");
        Answer.json(
                exchange,
                Map.of(
                        "runs",
                        events.isPresent(),
                        "find",
                        content.search().isPresent(),
                        "sweep",
                        content.sweep().isPresent(),
                        "train",
                        content.trainings().map(Trainings::running), // null where none may be started
                        "limits",
                        Map.of(
                                "steps",
                                Conditions.MOST_STEPS,
                                "groups",
                                Conditions.MOST_GROUPS,
                                "values",
                                Conditions.MOST_VALUES)));
    }

    private void runs(Exchange exchange) throws Refusal {
        Answer.require(exchange, "GET");
        watched().open(exchange);
    }

    private void rename(Exchange exchange) throws Refusal {
        Answer.require(exchange, "POST");
        watched().rename(exchange);
    }

    private RunEvents watched() throws Refusal {
        return events.orElseThrow(
                () -> new Refusal(404, "no folder of runs is served: start the server with anneal serve --runs DIR"));
    }

    private void find(Exchange exchange) throws Refusal {
        Answer.require(exchange, "GET");
        LiveRangeTest test = content.search()
                .orElseThrow(
                        () -> new Refusal(404, "no search for a rate is served: start one with anneal find --serve"));
        Answer.json(exchange, test.since((int) from(exchange, "points")));
    }

    private void sweep(Exchange exchange) throws Refusal {
        Answer.require(exchange, "GET");
        Answer.json(exchange, served().since(from(exchange, "changes")));
    }

    private void sweepCurves(Exchange exchange) throws Refusal {
        Answer.require(exchange, "GET");
        LiveSweep live = served();
        String query = query(exchange);
        if (!TRIALS.matcher(query).matches()) {
            throw new Refusal(400, "the query must be trial=N&trial=M..., with the numbers of at most 20 trials");
        }
        Answer.json(
                exchange,
                live.curves(Stream.of(query.split("&", -1))
                        .map(each -> Integer.parseInt(each.substring(each.indexOf('=') + 1)))
                        .distinct()
                        .toList()));
    }

    private LiveSweep served() throws Refusal {
        return content.sweep()
                .orElseThrow(() -> new Refusal(404, "no sweep is served: start one with anneal sweep --serve"));
    }

    private static String query(Exchange exchange) {
        return String.valueOf(exchange.request().getHttpURI().getQuery());
    }

    /** {@return how many points, or changes, a page has} */
    private static long from(Exchange exchange, String what) throws Refusal {
        Matcher query = FROM.matcher(query(exchange));
        if (!query.matches()) {
            throw new Refusal(400, "the query must be from=N, the number of " + what + " that are known");
        }
        return Long.parseLong(query.group(1));
    }
}
