/**
 * Three web pages, served by Jetty: the playground, and training runs and a search for a learning rate as they go on.
 *
 * <pre>{@code
 * try (WebServer server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(Path.of("runs")))) {
 *     System.out.println(server.address());
 * }
 * }</pre>
 */
@NullMarked
package org.anneal.web;

import org.jspecify.annotations.NullMarked;
