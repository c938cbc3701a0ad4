package org.anneal.site;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/**
 * Writes the site into the folder that has the API pages in {@code apidocs/}: a page for the README, which is the first one, for each
 * other Markdown file beside it and for each of {@code docs/}; one for each file of the repository that a page links to; and the
 * index of the search. No page asks a server for anything, so that all of it works from the file system.
 */
public final class Site {
    private static final String API = "apidocs/";
    private static final String SOURCES = "source/";
    private static final List<String> FILES = List.of(
            "site.css",
            "code.js",
            "search.js",
            "minisearch.js",
            "minisearch-LICENSE.txt",
            "highlight.js",
            "highlight-LICENSE.txt");
    private static final Map<String, String> LANGUAGES =
            Map.of("java", "java", "py", "python", "xml", "xml", "js", "javascript", "css", "css", "md", "markdown");
    private static final long LONGEST_SOURCE = 200_000;

    private final Path root;
    private final Path out;
    private final Map<Path, String> pages = new TreeMap<>();
    private final Set<Path> linked = new TreeSet<>();
    private final List<String> problems = new ArrayList<>();
    private final SearchIndex index = new SearchIndex();

    private Site(Path root, Path out) {
        this.root = root.toAbsolutePath().normalize();
        this.out = out;
    }

    /**
     * Writes the site.
     *
     * @param args the repository's folder, and the folder of the site
     */
    public static void main(String[] args) throws IOException {
        new Site(Path.of(args[0]), Path.of(args[1])).write();
    }

    private void write() throws IOException {
        for (Path folder : List.of(root, root.resolve("docs"))) {
            for (Path file : list(folder)) {
                if (file.toString().endsWith(".md")) {
                    pages.put(file, address(file));
                }
            }
        }
        Map<Path, Markdown> texts = new TreeMap<>();
        for (Path file : pages.keySet()) {
            texts.put(file, new Markdown(Files.readString(file)));
        }
        Path readme = root.resolve("README.md");
        List<Markdown.Group> contents =
                Objects.requireNonNull(texts.get(readme), "README.md").contents("Documentation");
        checkContents(readme, contents);
        Template template = new Template(resource("page.html"));
        for (Map.Entry<Path, String> page : pages.entrySet()) {
            Path file = page.getKey();
            Document body = Objects.requireNonNull(texts.get(file)).html(link -> target(file, link));
            index.add(page.getValue(), body);
            write(page.getValue(), template.fill(page.getValue(), body, groups(readme, contents)));
        }
        writeSources(template, groups(readme, contents));
        index.addTasks(API, Jsoup.parse(out.resolve(API + "index.html")));
        index.addClasses(API, Jsoup.parse(out.resolve(API + "allclasses-index.html")));
        write("search-index.js", index.script());
        for (String file : FILES) {
            write(file, resource(file));
        }
        if (!problems.isEmpty()) {
            throw new IllegalStateException(String.join("\n", problems));
        }
    }

    /** {@return where the page of a Markdown file is in the site} */
    private static String address(Path file) {
        String name = file.getFileName().toString().replaceFirst("\\.md$", "").toLowerCase(Locale.ROOT);
        return (name.equals("readme") ? "index" : name) + ".html";
    }

    private void checkContents(Path readme, List<Markdown.Group> contents) {
        Set<Path> listed = contents.stream()
                .flatMap(group -> group.links().stream())
                .map(link -> readme.resolveSibling(link.address()).normalize())
                .collect(Collectors.toSet());
        pages.keySet().stream()
                .filter(page -> page.startsWith(root.resolve("docs")) && !listed.contains(page))
                .forEach(page ->
                        problems.add(root.relativize(page) + " is not listed in README.md under Documentation"));
    }

    private List<Markdown.Group> groups(Path readme, List<Markdown.Group> contents) {
        return contents.stream()
                .map(group -> new Markdown.Group(
                        group.name(),
                        group.links().stream()
                                .map(link -> new Markdown.Entry(link.text(), target(readme, link.address())))
                                .toList()))
                .toList();
    }

    /**
     * {@return where a link of a Markdown file goes in the site} What is linked in {@code docs/} is copied, such as an image; what is
     * linked elsewhere in the repository becomes a page of its own.
     */
    private String target(Path from, String link) {
        if (link.matches("[a-z]+:.*") || link.startsWith("#")) {
            return link;
        }
        String anchor = link.contains("#") ? link.substring(link.indexOf('#')) : "";
        Path file = from.resolveSibling(link.substring(0, link.length() - anchor.length()))
                .normalize();
        String page = pages.get(file);
        if (page != null) {
            return page + anchor;
        }
        if (!Files.exists(file) || !file.startsWith(root)) {
            problems.add(root.relativize(from) + " links to " + link + ", which does not exist");
            return link;
        }
        if (file.startsWith(root.resolve("docs"))) {
            return copy(file);
        }
        linked.add(file);
        return source(file);
    }

    private String copy(Path file) {
        String to = root.resolve("docs").relativize(file).toString().replace('\\', '/');
        try {
            Path copy = out.resolve(to);
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            problems.add(file + ": " + e);
        }
        return to;
    }

    private String source(Path file) {
        return SOURCES + root.relativize(file).toString().replace('\\', '/') + ".html";
    }

    private void writeSources(Template template, List<Markdown.Group> contents) throws IOException {
        for (Path file : linked) {
            Document body = Document.createShell("");
            body.body().appendElement("h1").text(root.relativize(file).toString());
            if (Files.isDirectory(file)) {
                Element list = body.body().appendElement("ul");
                for (Path each : files(file)) {
                    Element item = list.appendElement("li");
                    String name = file.relativize(each).toString();
                    if (writeSource(each, template, contents)) {
                        item.appendElement("a").attr("href", source(each)).text(name);
                    } else {
                        item.text(name);
                    }
                }
                write(source(file), template.fill(source(file), body, contents));
            } else if (!writeSource(file, template, contents)) {
                problems.add(root.relativize(file) + " is linked to, but is not text");
            }
        }
    }

    /** {@return whether a file is text, and so has a page} */
    private boolean writeSource(Path file, Template template, List<Markdown.Group> contents) throws IOException {
        String text;
        try {
            if (Files.size(file) > LONGEST_SOURCE) {
                return false;
            }
            text = Files.readString(file);
        } catch (CharacterCodingException e) {
            return false;
        }
        Document body = Document.createShell("");
        String name = file.getFileName().toString();
        body.body().appendElement("h1").text(name);
        Element code = body.body()
                .appendElement("pre")
                .attr("tabindex", "0")
                .appendElement("code")
                .text(text);
        String language = LANGUAGES.get(name.substring(name.lastIndexOf('.') + 1));
        if (language != null) {
            code.addClass("language-" + language);
        }
        write(source(file), template.fill(source(file), body, contents));
        return true;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !folder.relativize(file).startsWith("target"))
                    .sorted()
                    .toList();
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private void write(String file, String text) throws IOException {
        Path to = out.resolve(file);
        Files.createDirectories(to.getParent());
        Files.writeString(to, text);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Site.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
