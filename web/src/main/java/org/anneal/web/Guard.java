package org.anneal.web;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/**
 * What every request passes first: a check that it was meant for this server, headers that isolate the pages, and an error
 * response whatever goes wrong.
 *
 * <p>A web page elsewhere can point a name of its own at this server (DNS rebinding), but cannot choose the Host header. So Host
 * must be an address, {@code localhost} or the name that the server was started with, and Origin, if a browser sends it, must be
 * this server.
 */
final class Guard extends Handler.Wrapper {
    private static final Pattern ADDRESS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:.]+\\]");
    private static final Pattern LOOPBACK = Pattern.compile("127(\\.[0-9]{1,3}){3}|\\[::1\\]");
    private static final HttpFields HEADERS = HttpFields.from(
            new HttpField(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
                            + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
            new HttpField("X-Content-Type-Options", "nosniff"),
            new HttpField("X-Frame-Options", "DENY"),
            new HttpField("Referrer-Policy", "no-referrer"),
            new HttpField("Cross-Origin-Opener-Policy", "same-origin"),
            new HttpField("Cross-Origin-Resource-Policy", "same-origin"),
            new HttpField("Cache-Control", "no-cache"));

    private final String host;
    private final int port;
    private final Pattern addresses;

    /**
     * @param host the name or address that the server was started with
     * @param address the address that it is bound to
     */
    Guard(String host, InetAddress address, int port, Handler handler) {
        super(handler);
        this.host = host.toLowerCase(Locale.ROOT);
        this.port = port;
        addresses = address.isLoopbackAddress() ? LOOPBACK : ADDRESS;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        response.getHeaders().add(HEADERS);
        try {
            check(request.getHeaders());
            return super.handle(request, response, callback);
        } catch (Exception | Error e) {
            Answer.refuse(request, response, callback, e);
            return true;
        }
    }

    /** Answers what Jetty cannot parse as a request, and failures within Jetty. */
    static boolean refuse(Request request, Response response, Callback callback) {
        response.getHeaders().add(HEADERS);
        Throwable reason = (Throwable) request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
        Answer.refuse(request, response, callback, reason instanceof HttpException known ? refusal(known) : reason);
        return true;
    }

    private static Refusal refusal(HttpException reason) {
        String said = Optional.ofNullable(reason.getReason()).orElse(HttpStatus.getMessage(reason.getCode()));
        if (said.equals("No Host")) {
            return new Refusal(403, "the Host header must name this server");
        }
        Throwable cause = ((Throwable) reason).getCause();
        if (cause != null && "Bad URI".equals(cause.getMessage())) { // the path leads above the root
            return new Refusal(404, "there is nothing here");
        }
        return new Refusal(reason.getCode(), "invalid request: " + said);
    }

    private void check(HttpFields headers) throws Refusal {
        List<String> hosts = headers.getValuesList(HttpHeader.HOST);
        if (hosts.size() != 1 || !isOurs(hosts.get(0).toLowerCase(Locale.ROOT))) {
            throw new Refusal(403, "the Host header must name this server, " + authority(host));
        }
        for (String origin : headers.getValuesList(HttpHeader.ORIGIN)) {
            if (!origin.equalsIgnoreCase("http://" + hosts.get(0))) {
                throw new Refusal(403, "pages of other sites must not use this server");
            }
        }
    }

    private boolean isOurs(String authority) {
        String name = authority;
        int asked = 80;
        int colon = authority.lastIndexOf(':');
        if (colon > authority.lastIndexOf(']')) {
            name = authority.substring(0, colon);
            try {
                asked = Integer.parseInt(authority.substring(colon + 1));
            } catch (NumberFormatException e) {
                return false;
            }
        }
        boolean known = name.equals("localhost") || name.equals(host) || name.equals("[" + host + "]");
        return asked == port && (known || addresses.matcher(name).matches());
    }

    private String authority(String name) {
        return (name.contains(":") ? "[" + name + "]" : name) + ":" + port;
    }
}
