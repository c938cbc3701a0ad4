package org.anneal.web;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * A deadline for each connection, which is closed when it has passed. Jetty's own idle timeout starts again with each byte, and so
 * never ends a client that sends or reads a byte now and then.
 */
final class Deadlines implements Connection.Listener {
    private static final long REQUEST_SECONDS = 8;

    private final Map<EndPoint, Scheduler.Task> deadlines = new ConcurrentHashMap<>();
    private final Scheduler scheduler;

    Deadlines(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    @Override
    public void onOpened(Connection connection) {
        set(connection.getEndPoint(), REQUEST_SECONDS);
    }

    @Override
    public void onClosed(Connection connection) {
        Scheduler.Task task = deadlines.remove(connection.getEndPoint());
        if (task != null) {
            task.cancel();
        }
    }

    /** Sets the deadline for a request's body, and once that is answered, for the next request. */
    void await(Request request) {
        EndPoint connection = endPoint(request);
        set(connection, REQUEST_SECONDS);
        Request.addCompletionListener(request, failure -> set(connection, REQUEST_SECONDS));
    }

    /** Sets the deadline for the response to a request, from now. */
    void set(Request request, long seconds) {
        set(endPoint(request), seconds);
    }

    private void set(EndPoint connection, long seconds) {
        Scheduler.Task task = scheduler.schedule(
                () -> {
                    deadlines.remove(connection);
                    connection.close(new TimeoutException("the client is too slow"));
                },
                seconds,
                TimeUnit.SECONDS);
        Scheduler.Task before = deadlines.put(connection, task);
        if (before != null) {
            before.cancel();
        }
    }

    private static EndPoint endPoint(Request request) {
        return request.getConnectionMetaData().getConnection().getEndPoint();
    }
}
