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
    private static final int[][] RANGES = {
        {0x20, 0x7e}, {0xa0, 0x17f}, {0x391, 0x3c9}, {0x410, 0x44f}, {0x2010, 0x2026}, {0x2070, 0x208e},
        {0x2190, 0x2195}, {0x2200, 0x2212}, {0x221a, 0x221e}, {0x2248, 0x2248}, {0x2260, 0x2265}, {0xfffd, 0xfffd}
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
