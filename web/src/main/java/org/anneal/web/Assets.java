package org.anneal.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;

/** The files of the pages, read once from the jar. Nothing else is served. */
final class Assets {
    private static final List<String> FILES = List.of(
            "index.html",
            "runs.html",
            "style.css",
            "theme.js",
            "text.js",
            "gallery.json",
            "editor.js",
            "fields.js",
            "outside.js",
            "chart.js",
            "server.js",
            "link.js",
            "gallery.js",
            "takeaway.js",
            "playground.js",
            "runs.js",
            "copy.js",
            "favicon.svg",
            "uplot/uPlot.esm.js",
            "uplot/uPlot.min.css",
            "uplot/LICENSE");

    private static final List<String> FIND_FILES = List.of("find.html", "find.js");

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
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
     * @param find whether there is a search for a rate to show
     */
    Assets(boolean find) {
        FILES.forEach(this::add);
        List<Map<String, Object>> vocabulary =
                Policy.kinds().stream().map(Kind::toMap).toList();
        assets.put("/vocabulary.json", new Asset("application/json", Answer.JSON.writeValueAsBytes(vocabulary)));
        alias("/", "/index.html");
        alias("/runs", "/runs.html");
        alias("/favicon.ico", "/favicon.svg");
        if (find) {
            FIND_FILES.forEach(this::add);
            alias("/find", "/find.html");
        }
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
