package org.anneal.web;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * What every request passes: whether it was meant for this server, the headers that keep a page to itself, a limit on its
 * time, and an answer whatever goes wrong.
 *
 * <p>A web page elsewhere can have a name that it owns point at this server (DNS rebinding), but cannot choose the Host
 * header: so Host must be an address, {@code localhost} or the name that the server was started with. And Origin, where a
 * browser sends it, must be this server.
 */
final class Guard extends Filter {
    private static final System.Logger LOG = System.getLogger(Guard.class.getName());
    private static final Pattern ADDRESS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:.]+\\]");
    private static final Pattern LOOPBACK = Pattern.compile("127(\\.[0-9]{1,3}){3}|\\[::1\\]");
    private static final List<String[]> HEADERS = List.of(
            new String[] {
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
                        + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            },
            new String[] {"X-Content-Type-Options", "nosniff"},
            new String[] {"X-Frame-Options", "DENY"},
            new String[] {"Referrer-Policy", "no-referrer"},
            new String[] {"Cross-Origin-Opener-Policy", "same-origin"},
            new String[] {"Cross-Origin-Resource-Policy", "same-origin"},
            new String[] {"Cache-Control", "no-cache"});

    private final String host;
    private final InetSocketAddress address;
    private final ScheduledExecutorService watch;
    private final long seconds;

    /**
     * @param host that the server was started with
     * @param address that it is bound to
     * @param seconds after which an exchange that is not done is closed
     */
    Guard(String host, InetSocketAddress address, ScheduledExecutorService watch, long seconds) {
        this.host = host.toLowerCase(Locale.ROOT);
        this.address = address;
        this.watch = watch;
        this.seconds = seconds;
    }

    @Override
    public String description() {
        return "guards the server";
    }

    @Override
    public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        HEADERS.forEach(header -> headers.set(header[0], header[1]));
        ScheduledFuture<?> limit = watch.schedule(exchange::close, seconds, TimeUnit.SECONDS);
        exchange.setAttribute("limit", limit);
        try {
            check(exchange.getRequestHeaders());
            chain.doFilter(exchange);
        } catch (Refusal e) {
            Answer.refuse(exchange, e);
        } catch (IOException e) {
            // The client went away, or was too slow.
            exchange.close();
        } catch (RuntimeException | Error e) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "a request failed: " + exchange.getRequestURI().getPath(),
                    e);
            Answer.refuse(exchange, new Refusal(500, "the server failed; what went wrong is in its log"));
        } finally {
            limit.cancel(false);
        }
    }

    private void check(Headers headers) throws Refusal {
        List<String> hosts = Optional.ofNullable(headers.get("Host")).orElse(List.of());
        if (hosts.size() != 1 || !isOurs(hosts.get(0).toLowerCase(Locale.ROOT))) {
            throw new Refusal(403, "the Host header must name this server, " + authority(host));
        }
        for (String origin : Optional.ofNullable(headers.get("Origin")).orElse(List.of())) {
            if (!origin.equalsIgnoreCase("http://" + hosts.get(0))) {
                throw new Refusal(403, "another site's page must not use this server");
            }
        }
    }

    private boolean isOurs(String authority) {
        String name = authority;
        int port = 80;
        int colon = authority.lastIndexOf(':');
        if (colon > authority.lastIndexOf(']')) {
            name = authority.substring(0, colon);
            try {
                port = Integer.parseInt(authority.substring(colon + 1));
            } catch (NumberFormatException e) {
                return false;
            }
        }
        if (port != address.getPort()) {
            return false;
        }
        boolean known = name.equals("localhost") || name.equals(host) || name.equals("[" + host + "]");
        Pattern addresses = address.getAddress().isLoopbackAddress() ? LOOPBACK : ADDRESS;
        return known || addresses.matcher(name).matches();
    }

    private String authority(String name) {
        return (name.contains(":") ? "[" + name + "]" : name) + ":" + address.getPort();
    }

    /** Takes the limit off an exchange that is meant to stay open. */
    static void unlimited(HttpExchange exchange) {
        ((ScheduledFuture<?>) exchange.getAttribute("limit")).cancel(false);
    }
}
