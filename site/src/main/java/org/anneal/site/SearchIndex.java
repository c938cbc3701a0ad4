package org.anneal.site;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/**
 * What can be found: each section of each page, each task of the API's overview, and each class. It is a script and not JSON, because a page that was opened from the
 * file system may load the one and not the other.
 */
final class SearchIndex {
    private final List<String> entries = new ArrayList<>();

    /** Adds the sections of a page, each of which begins with a heading. */
    void add(String address, Document page) {
        String title = Objects.requireNonNull(page.selectFirst("h1"), address).text();
        String at = address;
        String heading = title;
        StringBuilder text = new StringBuilder();
        for (Element element : page.body().children()) {
            if (element.tagName().matches("h[1-3]")) {
                add(at, heading, title, text);
                at = element.tagName().equals("h1") ? address : address + "#" + element.id();
                heading = element.text();
                text.setLength(0);
            } else {
                text.append(element.text()).append(' ');
            }
        }
        add(at, heading, title, text);
    }

    /** Adds the classes that the list of all classes has. */
    void addClasses(String folder, Document all) {
        int sections = entries.size();
        for (Element link : all.select(".col-first > a[title]:first-child")) {
            Element about =
                    Objects.requireNonNull(Objects.requireNonNull(link.parent()).nextElementSibling(), link.text());
            add(folder + link.attr("href"), link.text(), link.attr("title"), new StringBuilder(about.text()));
        }
        if (entries.size() == sections) {
            throw new IllegalStateException("no classes in " + folder);
        }
    }

    /** Adds the tasks that the overview of the API leads from, each as a way to the first class that serves it. */
    void addTasks(String folder, Document overview) {
        for (Element task : overview.select("dl > dt")) {
            Element classes = Objects.requireNonNull(task.nextElementSibling(), task.text());
            Element first = Objects.requireNonNull(classes.selectFirst("a"), task.text());
            add(folder + first.attr("href"), task.text(), first.text(), new StringBuilder(classes.text()));
        }
    }

    private void add(String address, String heading, String page, StringBuilder text) {
        if (!text.isEmpty()) {
            entries.add("{url:" + quoted(address) + ",title:" + quoted(heading) + ",page:" + quoted(page) + ",text:"
                    + quoted(text.toString().strip()) + "}");
        }
    }

    private static String quoted(String text) {
        return '"'
                + text.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                        .replace("\r", "")
                + '"';
    }

    String script() {
        return "globalThis.searchIndex = [\n" + String.join(",\n", entries) + "\n];\n";
    }
}
