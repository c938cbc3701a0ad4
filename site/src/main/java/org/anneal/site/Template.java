package org.anneal.site;

import java.util.List;
import java.util.Objects;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/** What is around every page: the search, and the list of pages, with the headings of the one that is open. */
final class Template {
    private final String html;

    Template(String html) {
        this.html = html;
    }

    /** {@return a page of the site at {@code address}, with links that go from there} */
    String fill(String address, Document body, List<Markdown.Group> contents) {
        Document page = Jsoup.parse(html);
        page.outputSettings().prettyPrint(false);
        String title = Objects.requireNonNull(body.selectFirst("h1"), address).text();
        page.title(title.equals("Anneal") ? title : title + " · Anneal");
        only(page, "main").html(body.body().html());
        Element nav = only(page, "#pages");
        for (Markdown.Group group : contents) {
            nav.appendElement("h2").text(group.name());
            Element list = nav.appendElement("ul");
            for (Markdown.Entry entry : group.links()) {
                Element item = list.appendElement("li");
                Element link =
                        item.appendElement("a").attr("href", entry.address()).text(entry.text());
                if (entry.address().equals(address)) {
                    link.attr("aria-current", "page");
                    Element headings = item.appendElement("ul");
                    for (Element heading : body.select("h2[id]")) {
                        headings.appendElement("li")
                                .appendElement("a")
                                .attr("href", "#" + heading.id())
                                .text(heading.text());
                    }
                }
            }
        }
        String up = "../".repeat((int) address.chars().filter(c -> c == '/').count());
        for (String attribute : List.of("href", "src")) {
            for (Element element : page.select("[" + attribute + "]")) {
                String value = element.attr(attribute);
                if (!value.startsWith("#") && !value.matches("[a-z]+:.*")) {
                    element.attr(attribute, up + value);
                }
            }
        }
        page.body().attr("data-root", up);
        return page.html();
    }

    private static Element only(Document page, String selector) {
        return Objects.requireNonNull(page.selectFirst(selector), selector);
    }
}
