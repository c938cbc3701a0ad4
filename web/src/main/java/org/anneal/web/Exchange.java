package org.anneal.web;

import java.io.InputStream;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * A request that has arrived whole, and its answer.
 *
 * @param callback completed once, when all is written or when it failed
 * @param body what the client sent
 */
record Exchange(Request request, Response response, Callback callback, InputStream body) {
    boolean isHead() {
        return HttpMethod.HEAD.is(request.getMethod());
    }
}
