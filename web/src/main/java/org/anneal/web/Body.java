package org.anneal.web;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/** Reads a request's body, of limited size, as it arrives; no thread waits for it. */
final class Body {
    private static final int MOST_BYTES = 128 * 1024;
    private static final long MOST_DRAINED = 16L * 1024 * 1024;

    private final Request request;
    private final Consumer<InputStream> arrived;
    private final Consumer<Throwable> failed;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long all;

    private Body(Request request, Consumer<InputStream> arrived, Consumer<Throwable> failed) {
        this.request = request;
        this.arrived = arrived;
        this.failed = failed;
    }

    /** Calls {@code arrived} when the whole body is there, or {@code failed} if that cannot be. */
    static void read(Request request, Consumer<InputStream> arrived, Consumer<Throwable> failed) {
        new Body(request, arrived, failed).read();
    }

    private void read() {
        boolean last = false;
        // Read on for a while past the limit: a client reads the answer only when it has sent its body.
        while (!last && all <= MOST_DRAINED) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this::read);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                failed.accept(chunk.getFailure());
                return;
            }
            take(chunk);
            last = chunk.isLast();
            chunk.release();
        }
        if (all > MOST_BYTES) {
            failed.accept(new Refusal(
                    413,
                    "a request body must have at most " + MOST_BYTES + " bytes, but has "
                            + (all > MOST_DRAINED ? "more than " : "") + all));
        } else {
            arrived.accept(new ByteArrayInputStream(bytes.toByteArray()));
        }
    }

    private void take(Content.Chunk chunk) {
        all += chunk.remaining();
        if (all <= MOST_BYTES) {
            byte[] part = new byte[chunk.remaining()];
            chunk.get(part, 0, part.length);
            bytes.write(part, 0, part.length);
        }
    }
}
