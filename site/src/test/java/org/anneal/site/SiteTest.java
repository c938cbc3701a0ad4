package org.anneal.site;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.web.Browser;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The site in {@code target/site}, as it was made before: its links, and its search in a browser, from the file system. */
class SiteTest {
    private static final Path SITE = Path.of("target/site").toAbsolutePath();

    @Test
    void everyLinkHasATarget() throws IOException {
        Map<Path, Document> pages = new HashMap<>();
        try (Stream<Path> files = Files.walk(SITE)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".html")).toList()) {
                pages.put(file, Jsoup.parse(file));
            }
        }
        Map<Path, Set<String>> places = pages.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        page -> page.getValue().select("[id], a[name]").stream()
                                .flatMap(element -> Stream.of(element.id(), element.attr("name")))
                                .collect(Collectors.toSet())));
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Map.Entry<Path, Document> page : pages.entrySet()) {
            for (Element element : page.getValue().select("a[href], link[href], img[src], script[src]")) {
                String link = element.hasAttr("href") ? element.attr("href") : element.attr("src");
                if (link.matches("(https?|mailto|javascript):.*")) {
                    continue;
                }
                links++;
                URI target = page.getKey().toUri().resolve(link.replace(" ", "%20"));
                Path file = Path.of(URI.create(target.toString().replaceFirst("#.*", "")));
                String place = Objects.requireNonNullElse(target.getRawFragment(), "");
                // Javadoc checks what a comment links to, and makes links of its own to places that it leaves out, in
                // 17 and in 25.
                boolean placed = place.isEmpty()
                        || page.getKey().startsWith(SITE.resolve("apidocs"))
                        || places.getOrDefault(file, Set.of())
                                .contains(URLDecoder.decode(place.replace("+", "%2B"), StandardCharsets.UTF_8));
                if (!Files.isRegularFile(file) || !placed) {
                    broken.add(SITE.relativize(page.getKey()) + ": " + link);
                }
            }
        }
        assertEquals(List.of(), broken);
        assertTrue(links > 10_000, () -> "not all of the site is there");
    }

    @Test
    void theSearchFindsPagesAndClassesFromTheFileSystem() throws Exception {
        try (Browser browser = Browser.start()) {
            browser.open(SITE.resolve("source/examples/src/main/java/org/anneal/examples.html")
                    .toUri()
                    .toString());
            assertFinds(browser, "warm restarts", "gallery.html#cosineannealingwarmrestarts");
            assertFinds(browser, "warm restarts", "apidocs/org/anneal/schedule/CosineAnnealingWarmRestarts.html");
            browser.screenshot("search");
            assertFinds(browser, "torchfile", "apidocs/org/anneal/checkpoint/TorchFile.html");
            assertFinds(browser, "resume", "apidocs/org/anneal/train/TrainingState.html");
            assertFinds(browser, "spark", "sweep.html#workers");
            browser.find("input").sendKeys(Keys.ENTER);
            browser.await(
                    "the first that was found",
                    () -> !String.valueOf(browser.run("return location.pathname"))
                            .contains("/source/"));
            for (String scheme : List.of("light", "dark")) {
                browser.prefer(scheme);
                for (int width : List.of(400, 1400)) {
                    browser.size(width, 1000);
                    for (String page : List.of(
                            "index",
                            "cheatsheet",
                            "training",
                            "gallery",
                            "apidocs/index",
                            "apidocs/org/anneal/schedule/StepLR")) {
                        browser.open(SITE.resolve(page + ".html").toUri().toString());
                        browser.screenshot(page.replace('/', '-') + "-" + width + "-" + scheme);
                        if (!page.startsWith("apidocs/")) {
                            assertEquals(
                                    (long) width, browser.run("return document.documentElement.scrollWidth"), page);
                        }
                    }
                }
            }
            assertEquals(
                    List.of(),
                    browser.console().stream()
                            .filter(line -> !line.contains("dejavu.css")) // fonts that Debian's javadoc leaves out
                            .toList());
            for (String page : List.of("index", "cheatsheet", "training", "gallery")) {
                browser.open(SITE.resolve(page + ".html").toUri().toString());
                assertEquals(List.of(), browser.violations(), page);
            }
        }
    }

    private static void assertFinds(Browser browser, String words, String address) {
        browser.run("document.querySelector('input').value = ''");
        browser.find("input").sendKeys(words);
        browser.await(
                "'" + words + "' finds " + address,
                () -> browser.all("#found a").stream()
                        .anyMatch(link ->
                                String.valueOf(link.getAttribute("href")).endsWith("/" + address)));
    }
}
