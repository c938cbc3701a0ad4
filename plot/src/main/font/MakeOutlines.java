import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.awt.font.GlyphVector;
import java.awt.geom.AffineTransform;
import java.awt.geom.PathIterator;
import java.io.File;
import java.io.PrintStream;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/**
 * Prints the glyph outlines that the charts draw their text with. Needs fonts-dejavu-core and Debian's JDK 17:
 *
 * <pre>java MakeOutlines.java /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf &gt; ../resources/org/anneal/plot/outlines.txt</pre>
 */
public final class MakeOutlines {
    private static final int UNITS_PER_EM = 2048;
    /** Latin, Greek and Cyrillic with all that Unicode puts beside them, and signs. */
    private static final int[][] RANGES = {
        {0x20, 0x7e}, {0xa0, 0x36f}, {0x370, 0x3ff}, {0x400, 0x52f}, {0x1e00, 0x1eff}, {0x1f00, 0x1fff},
        {0x2010, 0x2027}, {0x2030, 0x205e}, {0x2070, 0x209c}, {0x20a0, 0x20bf}, {0x2100, 0x214f},
        {0x2190, 0x2199}, {0x21d0, 0x21d9}, {0x2200, 0x2265}, {0xfffd, 0xfffd}
    };

    public static void main(String[] args) throws Exception {
        Font font = Font.createFont(Font.TRUETYPE_FONT, new File(args[0])).deriveFont((float) UNITS_PER_EM);
        FontRenderContext context = new FontRenderContext(new AffineTransform(), true, true);
        PrintStream out = new PrintStream(System.out, false, "US-ASCII");
        out.println("# Glyph outlines of DejaVu Sans, made by plot/src/main/font/MakeOutlines.java. Licence: outlines-LICENSE");
        out.println("# character advance path; 2048 units to the em, y downwards");
        for (int[] range : RANGES) {
            IntStream.rangeClosed(range[0], range[1]).filter(font::canDisplay).forEach(character -> {
                GlyphVector glyph = font.createGlyphVector(context, Character.toString(character));
                out.println(Integer.toHexString(character) + " " + Math.round(glyph.getGlyphMetrics(0).getAdvance()) + path(glyph));
            });
        }
        out.flush();
    }

    private static String path(GlyphVector glyph) {
        StringJoiner text = new StringJoiner(" ", " ", "").setEmptyValue("");
        double[] at = new double[6];
        for (PathIterator path = glyph.getOutline().getPathIterator(null); !path.isDone(); path.next()) {
            int kind = path.currentSegment(at);
            text.add(String.valueOf("MLQCZ".charAt(kind)));
            int coordinates = new int[] {2, 2, 4, 6, 0}[kind];
            for (int i = 0; i < coordinates; i++) {
                text.add(Long.toString(Math.round(at[i])));
            }
        }
        return text.toString();
    }
}
