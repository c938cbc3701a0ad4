package org.anneal.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;

/** The files of the pages, read once from the jar. Nothing else is served. */
final class Assets {
    private static final List<String> FILES = List.of(
            "style.css",
            "theme.js",
            "text.js",
            "gallery.json",
            "editor.js",
            "fields.js",
            "outside.js",
            "edits.js",
            "lengths.js",
            "handles.js",
            "numbers.js",
            "findings.js",
            "chart.js",
            "server.js",
            "link.js",
            "gallery.js",
            "takeaway.js",
            "trainfrom.js",
            "stopping.js",
            "copy.js",
            "highlight.js",
            "undo.js",
            "parallel.js",
            "plan.js",
            "positions.js",
            "runtable.js",
            "favicon.svg",
            "uplot/uPlot.esm.js",
            "uplot/uPlot.min.css",
            "uplot/LICENSE");

    /** What stands around the content of each page. */
    private static final String FRAME = "frame.html";

    /** The page that there always is. */
    static final String PLAYGROUND = "playground";

    private static final Map<String, String> TYPES = Map.of(
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "json", "application/json",
            "svg", "image/svg+xml",
            "LICENSE", "text/plain; charset=utf-8");

    /** A file and its type. */
    static final class Asset {
        private final String type;
        private final byte[] bytes;

        private Asset(String type, byte[] bytes) {
            this.type = type;
            this.bytes = bytes;
        }

        String type() {
            return type;
        }

        byte[] bytes() {
            return bytes.clone();
        }
    }

    private final Map<String, Asset> assets = new HashMap<>();

    /**
     * Reads the files.
     *
     * @param pages the names of the pages that there are
     */
    Assets(List<String> pages) {
        FILES.forEach(this::add);
        List<Map<String, Object>> vocabulary =
                Policy.kinds().stream().map(Kind::toMap).toList();
        assets.put("/vocabulary.json", new Asset("application/json", Answer.JSON.writeValueAsBytes(vocabulary)));
        alias("/favicon.ico", "/favicon.svg");
        for (String page : pages) {
            add(page + ".js");
            assets.put("/" + page, page(page));
            alias("/" + page + ".html", "/" + page);
        }
        alias("/", "/" + PLAYGROUND);
        alias("/index.html", "/" + PLAYGROUND);
    }

    /** {@return a page: its own content in the frame of all pages, in which its link is the current one} */
    private static Asset page(String name) {
        String frame = new String(read(FRAME), StandardCharsets.UTF_8);
        String content = new String(read(name + ".html"), StandardCharsets.UTF_8);
        String page = frame.replaceFirst("data-" + name + "( hidden)?", "aria-current=\"page\"")
                .replace("{page}", name)
                .replace("{content}", content);
        return new Asset("text/html; charset=utf-8", page.getBytes(StandardCharsets.UTF_8));
    }

    private void add(String file) {
        String extension = file.substring(Math.max(file.lastIndexOf('.'), file.lastIndexOf('/')) + 1);
        String type = Optional.ofNullable(TYPES.get(extension))
                .orElseThrow(() -> new IllegalStateException("no type for " + file));
        assets.put("/" + file, new Asset(type, read(file)));
    }

    private void alias(String path, String file) {
        assets.put(path, Optional.ofNullable(assets.get(file)).orElseThrow());
    }

    /** {@return the file that is served at {@code path}} */
    Optional<Asset> at(String path) {
        return Optional.ofNullable(assets.get(path));
    }

    private static byte[] read(String file) {
        try (InputStream in = Assets.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the jar has no " + file);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
