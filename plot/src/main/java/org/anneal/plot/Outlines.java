package org.anneal.plot;

import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Path2D;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Text as shapes, from the glyph outlines in this module. Java's own text differs between machines, and needs a font and native
 * libraries (fontconfig, FreeType) that a fresh machine lacks.
 */
final class Outlines {
    private static final double UNITS_PER_EM = 2048;
    private static final char MISSING = '\ufffd';
    private static final Map<Integer, Glyph> GLYPHS = read();

    /** A glyph; its path is parsed only when it is drawn, as few ever are. */
    private record Glyph(int advance, String line) {
        Path2D path() {
            return Outlines.path(line.split(" "));
        }
    }

    private Outlines() {}

    /** {@return the width of the text, at a size in pixels per em} */
    static double width(String text, double size) {
        return glyphs(text).mapToLong(Glyph::advance).sum() * size / UNITS_PER_EM;
    }

    /** {@return the text with its base line starting at (x, y)} */
    static Shape shape(String text, double size, double x, double y) {
        Path2D all = new Path2D.Double(Path2D.WIND_NON_ZERO);
        AffineTransform place = AffineTransform.getTranslateInstance(x, y);
        place.scale(size / UNITS_PER_EM, size / UNITS_PER_EM);
        glyphs(text).forEach(glyph -> {
            all.append(glyph.path().getPathIterator(place), false);
            place.translate(glyph.advance(), 0);
        });
        return all;
    }

    /** Composes letters with their accents, so that each is one glyph. */
    private static Stream<Glyph> glyphs(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFC).codePoints().mapToObj(Outlines::glyph);
    }

    private static Glyph glyph(int character) {
        return Optional.ofNullable(GLYPHS.get(character))
                .or(() -> Optional.ofNullable(GLYPHS.get((int) MISSING)))
                .orElseThrow();
    }

    private static Map<Integer, Glyph> read() {
        Map<Integer, Glyph> glyphs = new HashMap<>();
        try (InputStream in = Outlines.class.getResourceAsStream("outlines.txt");
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            lines.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                String[] words = line.split(" ", 3);
                glyphs.put(Integer.parseInt(words[0], 16), new Glyph(Integer.parseInt(words[1]), line));
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return glyphs;
    }

    /** The path from words[2] on: M x y, L x y, Q x y x y, Z. */
    private static Path2D path(String[] words) {
        Path2D path = new Path2D.Double(Path2D.WIND_NON_ZERO);
        int i = 2;
        while (i < words.length) {
            switch (words[i]) {
                case "M" -> path.moveTo(number(words, i + 1), number(words, i + 2));
                case "L" -> path.lineTo(number(words, i + 1), number(words, i + 2));
                case "Q" ->
                    path.quadTo(number(words, i + 1), number(words, i + 2), number(words, i + 3), number(words, i + 4));
                default -> path.closePath();
            }
            i += words[i].equals("Q") ? 5 : words[i].equals("Z") ? 1 : 3;
        }
        return path;
    }

    private static int number(String[] words, int i) {
        return Integer.parseInt(words[i]);
    }
}
