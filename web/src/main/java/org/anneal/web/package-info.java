/**
 * The playground in a browser, and training runs as they go: one page each, served by Jetty.
 *
 * <pre>{@code
 * try (WebServer server = WebServer.start("127.0.0.1", 0, Optional.of(Path.of("runs")))) {
 *     System.out.println(server.address());
 * }
 * }</pre>
 */
@NullMarked
package org.anneal.web;

import org.jspecify.annotations.NullMarked;
