package org.anneal.site;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.ext.heading.anchor.HeadingAnchorExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.BulletList;
import org.commonmark.node.Heading;
import org.commonmark.node.Image;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;
import org.commonmark.renderer.text.TextContentRenderer;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;

/** A Markdown file, as GitHub reads it. */
final class Markdown {
    private static final List<Extension> EXTENSIONS =
            List.of(TablesExtension.create(), HeadingAnchorExtension.create());
    private static final Parser PARSER = Parser.builder().extensions(EXTENSIONS).build();
    private static final HtmlRenderer HTML =
            HtmlRenderer.builder().extensions(EXTENSIONS).build();
    private static final TextContentRenderer TEXT =
            TextContentRenderer.builder().build();

    /** A link of the contents. */
    record Entry(String text, String address) {}

    /** Pages that belong together. */
    record Group(String name, List<Entry> links) {}

    private final Node document;

    Markdown(String text) {
        document = PARSER.parse(text);
    }

    /** {@return the page, its links and images changed by {@code target}; what may be wider than a telephone can be scrolled} */
    Document html(UnaryOperator<String> target) {
        document.accept(new AbstractVisitor() {
            @Override
            public void visit(Link link) {
                link.setDestination(target.apply(link.getDestination()));
                visitChildren(link);
            }

            @Override
            public void visit(Image image) {
                image.setDestination(target.apply(image.getDestination()));
            }
        });
        Document html = Jsoup.parseBodyFragment(HTML.render(document));
        html.outputSettings().prettyPrint(false);
        html.select("table").wrap("<div class=\"table\" tabindex=\"0\"></div>");
        html.select("pre").attr("tabindex", "0");
        html.select("img").attr("loading", "lazy");
        return html;
    }

    /** {@return the groups that are listed under a heading: the words before a colon, then links} */
    List<Group> contents(String heading) {
        List<Group> groups = new ArrayList<>();
        boolean under = false;
        for (Node node = document.getFirstChild(); node != null; node = node.getNext()) {
            if (node instanceof Heading) {
                under = TEXT.render(node).strip().equals(heading);
            } else if (under && node instanceof BulletList list) {
                for (Node item = list.getFirstChild(); item != null; item = item.getNext()) {
                    groups.add(group(item));
                }
            }
        }
        return groups;
    }

    private static Group group(Node item) {
        StringBuilder name = new StringBuilder();
        List<Entry> links = new ArrayList<>();
        item.accept(new AbstractVisitor() {
            @Override
            public void visit(Text text) {
                if (links.isEmpty()) {
                    name.append(text.getLiteral());
                }
            }

            @Override
            public void visit(Link link) {
                links.add(new Entry(TEXT.render(link.getFirstChild()).strip(), link.getDestination()));
            }
        });
        return new Group(name.toString().replaceFirst(":\\s*$", ""), List.copyOf(links));
    }
}
