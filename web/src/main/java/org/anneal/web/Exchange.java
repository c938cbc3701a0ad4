package org.anneal.web;

import java.io.InputStream;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * A request whose body has arrived, and its response.
 *
 * @param callback completed once: when everything is written, or when that failed
 * @param body what the client sent
 */
record Exchange(Request request, Response response, Callback callback, InputStream body) {
    boolean isHead() {
        return HttpMethod.HEAD.is(request.getMethod());
    }
}
