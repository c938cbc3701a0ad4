package org.anneal.plot;

import java.awt.Dimension;
import java.awt.Graphics2D;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** An SVG file to draw into: only shapes, no fonts, no time stamp, coordinates rounded to hundredths. */
final class SvgFile {
    private static final String NAMESPACE = "http://www.w3.org/2000/svg";
    private static final int DECIMALS = 2;
    /** Characters that XML does not allow. */
    private static final Pattern NOT_XML =
            Pattern.compile("[^\\t\\n\\r\\x20-\\uD7FF\\uE000-\\uFFFD\\x{10000}-\\x{10FFFF}]");

    private static final Pattern DOCUMENT_TYPE = Pattern.compile("<!DOCTYPE[^>]*>\\s*");

    private final SVGGraphics2D graphics;
    private final String viewBox;

    /** A drawing of width x height, shown {@code scale} times as large. */
    SvgFile(double width, double height, double scale) throws IOException {
        Document document;
        try {
            document = DocumentBuilderFactory.newDefaultInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument(NAMESPACE, "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IOException("this Java cannot write XML: " + e.getMessage(), e);
        }
        SVGGeneratorContext context = SVGGeneratorContext.createDefault(document);
        context.setComment("Drawn by Anneal");
        context.setPrecision(DECIMALS);
        graphics = new SVGGraphics2D(context, true);
        graphics.setSVGCanvasSize(new Dimension((int) Math.round(width * scale), (int) Math.round(height * scale)));
        viewBox = "0 0 " + context.doubleString(width) + " " + context.doubleString(height);
    }

    Graphics2D graphics() {
        return graphics;
    }

    /** {@return the file, with a title and a description for screen readers} */
    byte[] bytes(String title, String description) throws IOException {
        Element root = graphics.getRoot();
        root.setAttribute("viewBox", viewBox);
        root.setAttribute("role", "img");
        root.insertBefore(element(root, "desc", description), root.getFirstChild());
        root.insertBefore(element(root, "title", title), root.getFirstChild());
        StringWriter out = new StringWriter();
        graphics.stream(root, out, false, false);
        // Without a DOCTYPE, which some readers would fetch from the network.
        String text = DOCUMENT_TYPE.matcher(out.toString()).replaceFirst("");
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Element element(Element root, String name, String text) {
        Element element = root.getOwnerDocument().createElementNS(NAMESPACE, name);
        element.setTextContent(NOT_XML.matcher(text).replaceAll("\ufffd"));
        return element;
    }
}
