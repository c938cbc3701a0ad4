package org.anneal.plot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.anneal.plot.Ticks.Tick;
import org.jfree.data.Range;

/**
 * Draws one chart with characters: in braille, with two by four dots in each, or in ASCII. To tell several curves apart
 * without colours, each carries its letter at intervals; in ASCII it is drawn with a mark of its own.
 */
final class TextDrawing {
    private static final int TITLE_LINES = 2;
    private static final int LEGEND_LINES = 3;
    private static final int LEAST_PANEL_ROWS = 4;
    private static final int LEAST_PLOT_COLUMNS = 8;
    private static final int ROWS_PER_Y_TICK = 3;
    private static final int X_TICKS = 10;
    private static final int COLUMNS_PER_LETTER = 24;
    /** Columns of corners per dot: enough that a spike falls on one dot rather than between two. */
    private static final int CORNER_COLUMNS = 16;

    private static final char BRAILLE = '\u2800';
    /** The bit of each dot of a braille character, by its column and row. */
    private static final int[][] DOTS = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final String MARKS = "*+ox#@%&=s";
    /** The pictures' colours, as close as a terminal's 256 come; the last is the terminal's own foreground. */
    private static final String[] COLOURS = {
        "38;5;32",
        "38;5;166",
        "38;5;36",
        "38;5;175",
        "38;5;178",
        "38;5;74",
        "39",
        "38;5;160",
        "38;5;99",
        "38;5;70",
        "38;5;199",
        "38;5;63"
    };

    private final Chart chart;
    private final Terminal terminal;
    private final Key key;
    private final Range xRange;
    private final int dotsAcross;
    private final int dotsDown;
    private final StringBuilder text = new StringBuilder();

    TextDrawing(Chart chart, Terminal terminal) {
        this.chart = withoutExplained(chart);
        this.terminal = terminal;
        this.key = new Key(this.chart);
        Range x = Frame.xRange(chart);
        this.xRange = x.getLength() > 0 ? x : Frame.widened(x, 0.5, 0.5);
        this.dotsAcross = terminal.ascii() ? 1 : 2;
        this.dotsDown = terminal.ascii() ? 1 : 4;
    }

    /** {@return the chart without curves that would need strokes of their own to be told apart} */
    private static Chart withoutExplained(Chart chart) {
        return new Chart(
                chart.title(),
                chart.xLabel(),
                chart.panels().stream().map(TextDrawing::withoutExplained).toList(),
                chart.size(),
                chart.logX());
    }

    private static Panel withoutExplained(Panel panel) {
        List<Series> others = panel.series().stream()
                .filter(series -> !panel.isExplained(series))
                .toList();
        return others.isEmpty() ? panel : new Panel(panel.yLabel(), panel.log(), others, panel.marks());
    }

    /** {@return the chart as lines, each with its line end} */
    String draw() {
        int room = terminal.columns() - 1; // some terminals wrap a line that fills the width
        List<String> title = chart.title().isBlank() ? List.of() : wrapped(chart.title(), room, TITLE_LINES);
        List<List<String>> legend = key.legend().stream()
                .map(entry -> wrapped(key.text(entry), room - 2, LEGEND_LINES))
                .toList();
        int panels = chart.panels().size();
        // Under the plots: the axis, its labels and its name. A row is left for the prompt.
        int around =
                title.size() + panels + 3 + legend.stream().mapToInt(List::size).sum() + 1;
        int rows = Math.max(panels * LEAST_PANEL_ROWS, terminal.rows() - around);
        int others = panels == 1 ? 0 : Math.max(LEAST_PANEL_ROWS, rows * 2 / 5 / (panels - 1));

        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < panels; i++) {
            int height = i == 0 ? Math.max(LEAST_PANEL_ROWS, rows - others * (panels - 1)) : others;
            frames.add(Frame.of(
                    chart,
                    chart.panels().get(i),
                    key.panel(i),
                    CORNER_COLUMNS * room * dotsAcross,
                    height,
                    Math.max(3, height / ROWS_PER_Y_TICK),
                    () -> {}));
        }
        int left = frames.stream()
                .flatMap(frame -> frame.ticks().stream())
                .mapToInt(tick -> tick.label().length())
                .max()
                .orElse(0);
        int columns = Math.max(LEAST_PLOT_COLUMNS, room - left - 2);

        title.forEach(this::line);
        for (Frame frame : frames) {
            line(" ".repeat(left + 2)
                    + wrapped(frame.panel().yLabel(), room - left - 2, 1).get(0));
            plot(frame, left, columns);
        }
        xAxis(left, columns);
        for (int i = 0; i < legend.size(); i++) {
            Key.Entry entry = key.legend().get(i);
            for (int j = 0; j < legend.get(i).size(); j++) {
                colour(j == 0 ? entry.colour() : -1);
                text.append(j == 0 ? mark(entry) : ' ');
                colour(-1);
                line(" " + legend.get(i).get(j));
            }
        }
        return text.toString();
    }

    private void plot(Frame frame, int left, int columns) {
        int rows = (int) frame.height();
        List<int[][]> curves = frame.lines().stream()
                .map(line -> dots(line, frame.range(), columns, rows))
                .toList();
        putBandsBehind(frame, curves, columns, rows);
        char[][] cells = new char[rows][columns];
        int[][] colours = new int[rows][columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                cell(frame.key(), curves, cells, colours, row, column);
            }
        }
        if (!terminal.ascii() && key.legend().size() > 1) {
            for (int curve = 0; curve < curves.size(); curve++) {
                letters(frame.key(), curves, cells, colours, curve);
            }
        }
        marks(frame, cells, colours);
        String[] labels = new String[rows];
        Arrays.fill(labels, "");
        for (Tick tick : frame.ticks()) {
            labels[place(frame.range().getUpperBound() - tick.at(), frame.range(), rows * dotsDown) / dotsDown] =
                    clean(tick.label());
        }
        for (int row = 0; row < rows; row++) {
            text.append(" ".repeat(left - labels[row].length())).append(labels[row]);
            text.append(
                    labels[row].isEmpty()
                            ? (terminal.ascii() ? " |" : " \u2502")
                            : terminal.ascii() ? " +" : " \u2524");
            int end = columns;
            while (end > 0 && cells[row][end - 1] == ' ') {
                end--;
            }
            int shown = -1;
            for (int column = 0; column < end; column++) {
                if (cells[row][column] != ' ' && colours[row][column] != shown) {
                    shown = colours[row][column];
                    colour(shown);
                }
                text.append(cells[row][column]);
            }
            colour(-1);
            line("");
        }
    }

    /** Removes the dots of a curve that would hide others wherever the others have dots. */
    private void putBandsBehind(Frame frame, List<int[][]> curves, int columns, int rows) {
        double thick = frame.range().getLength() / rows;
        List<int[][]> bands = new ArrayList<>();
        List<int[][]> others = new ArrayList<>();
        for (int i = 0; i < curves.size(); i++) {
            boolean band = frame.panel().series().get(i).isFaint()
                    || frame.lines().get(i).isBand(xRange, columns, thick);
            (band ? bands : others).add(curves.get(i));
        }
        for (int cell = 0; cell < rows * columns; cell++) {
            int row = cell / columns;
            int column = cell % columns;
            if (others.stream().anyMatch(dots -> dots[row][column] != 0)) {
                bands.forEach(dots -> dots[row][column] = 0);
            }
        }
    }

    /** The dots of one curve in each character. */
    private int[][] dots(Polyline line, Range range, int columns, int rows) {
        int[][] bits = new int[rows][columns];
        int across = columns * dotsAcross;
        int down = rows * dotsDown;
        double[] x = line.corners()[0];
        double[] y = line.corners()[1];
        for (int i = 0; i < x.length; i++) {
            if (Double.isNaN(y[i])) {
                continue;
            }
            int toX = place(x[i] - xRange.getLowerBound(), xRange, across);
            int toY = place(range.getUpperBound() - y[i], range, down);
            boolean joined = i > 0 && !Double.isNaN(y[i - 1]);
            int fromX = joined ? place(x[i - 1] - xRange.getLowerBound(), xRange, across) : toX;
            int fromY = joined ? place(range.getUpperBound() - y[i - 1], range, down) : toY;
            int steps = Math.max(1, Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY)));
            for (int step = 0; step <= steps; step++) {
                int dotX = Math.round(fromX + (toX - fromX) * (float) step / steps);
                int dotY = Math.round(fromY + (toY - fromY) * (float) step / steps);
                bits[dotY / dotsDown][dotX / dotsAcross] |= DOTS[dotX % dotsAcross][dotY % dotsDown];
            }
        }
        return bits;
    }

    /** {@return which of {@code places} equal parts of a range a distance from its start falls into} */
    private static int place(double distance, Range range, int places) {
        return (int) Math.max(0, Math.min(places - 1, Math.round(distance / range.getLength() * (places - 1))));
    }

    private void cell(
            List<Key.Entry> look, List<int[][]> curves, char[][] cells, int[][] colours, int row, int column) {
        int[] here = IntStream.range(0, curves.size())
                .filter(curve -> curves.get(curve)[row][column] != 0)
                .toArray();
        if (here.length == 0) {
            cells[row][column] = ' ';
            return;
        }
        // Where curves overlap, they are shown in turn.
        int shown = here[column % here.length];
        int bits =
                Arrays.stream(here).map(curve -> curves.get(curve)[row][column]).reduce(0, (a, b) -> a | b);
        cells[row][column] = terminal.ascii() ? mark(look.get(shown)) : (char) (BRAILLE + bits);
        colours[row][column] = look.get(shown).colour();
    }

    /** Writes a curve's letter along it: evenly spread, apart from other letters, and where possible away from other curves. */
    private void letters(List<Key.Entry> look, List<int[][]> curves, char[][] cells, int[][] colours, int curve) {
        int rows = cells.length;
        int columns = cells[0].length;
        int count = Math.max(1, columns / COLUMNS_PER_LETTER);
        double apart = (double) columns / count;
        for (int i = 0; i < count; i++) {
            int wanted = (int) (apart * (i + (curve + 0.5) / curves.size()));
            int best = -1;
            double leastCost = Double.POSITIVE_INFINITY;
            for (int place = 0; place < rows * columns; place++) {
                int row = place / columns;
                int column = place % columns;
                if (curves.get(curve)[row][column] == 0 || cells[row][column] < BRAILLE) {
                    continue; // off the curve, or already a letter
                }
                boolean alone = IntStream.range(0, curves.size())
                        .noneMatch(other -> other != curve && curves.get(other)[row][column] != 0);
                double cost = Math.abs(column - wanted) + (alone ? 0 : apart / 2);
                if (cost < leastCost) {
                    leastCost = cost;
                    best = place;
                }
            }
            if (best >= 0 && leastCost <= apart) {
                cells[best / columns][best % columns] = mark(look.get(curve));
                colours[best / columns][best % columns] = look.get(curve).colour();
            }
        }
    }

    /** Marks points, each with its label beside it, where it hides least of the curves and no other label. */
    private void marks(Frame frame, char[][] cells, int[][] colours) {
        boolean[][] taken = new boolean[cells.length][cells[0].length];
        List<int[]> places = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        for (Panel.Mark mark : frame.panel().marks()) {
            double x = chart.across(mark.x());
            double y = frame.height(mark);
            if (xRange.contains(x) && !Double.isNaN(y)) {
                int column = place(x - xRange.getLowerBound(), xRange, cells[0].length * dotsAcross) / dotsAcross;
                int row = place(frame.range().getUpperBound() - y, frame.range(), cells.length * dotsDown) / dotsDown;
                put(terminal.ascii() ? "O" : "\u25cf", row, column, cells, colours, taken);
                places.add(new int[] {row, column});
                labels.add(clean(mark.label()));
            }
        }
        for (int i = 0; i < places.size(); i++) {
            String label = labels.get(i);
            int[] best = {-1, -1};
            int leastCost = Integer.MAX_VALUE;
            for (int row = 0; row < cells.length; row++) {
                for (int column = 0; column + label.length() <= cells[0].length; column++) {
                    int cost = cost(places.get(i), row, column, label.length(), cells, taken);
                    if (cost < leastCost) {
                        leastCost = cost;
                        best = new int[] {row, column};
                    }
                }
            }
            if (best[0] >= 0) {
                put(label, best[0], best[1], cells, colours, taken);
            }
        }
    }

    /** {@return how bad a place is for a label: how far from its mark, and how much of the curves it hides} */
    private static int cost(int[] mark, int row, int column, int length, char[][] cells, boolean[][] taken) {
        int hidden = 0;
        for (int i = Math.max(0, column - 1); i < Math.min(cells[0].length, column + length + 1); i++) {
            boolean within = i >= column && i < column + length;
            if (taken[row][i] && (within || i != mark[1] || row != mark[0])) {
                return Integer.MAX_VALUE;
            }
            hidden += within && cells[row][i] != ' ' ? 1 : 0;
        }
        int across = Math.max(0, Math.max(column - mark[1], mark[1] - (column + length - 1)));
        return hidden + 2 * across + 5 * Math.abs(row - mark[0]);
    }

    private static void put(String label, int row, int column, char[][] cells, int[][] colours, boolean[][] taken) {
        for (int i = 0; i < label.length(); i++) {
            cells[row][column + i] = label.charAt(i);
            colours[row][column + i] = -1;
            taken[row][column + i] = true;
        }
    }

    private void xAxis(int left, int columns) {
        double low = xRange.getLowerBound();
        double high = xRange.getUpperBound();
        List<Tick> ticks = chart.logX()
                ? Ticks.fittingLog(low, high, X_TICKS, label -> label.length() + 3, columns)
                : Ticks.fitting(low, high, X_TICKS, label -> label.length() + 3, columns);
        char[] axis = new char[columns];
        Arrays.fill(axis, terminal.ascii() ? '-' : '\u2500');
        StringBuilder labels = new StringBuilder();
        int last = left + 2 + columns;
        for (Tick tick : ticks) {
            int at = place(tick.at() - xRange.getLowerBound(), xRange, columns * dotsAcross) / dotsAcross;
            axis[at] = terminal.ascii() ? '+' : '\u252c';
            String label = clean(tick.label());
            int start = Math.min(left + 2 + at - label.length() / 2, last - label.length());
            if (start > labels.length() || labels.isEmpty()) {
                labels.append(" ".repeat(Math.max(0, start - labels.length()))).append(label);
            }
        }
        line(" ".repeat(left + 1) + (terminal.ascii() ? '+' : '\u2514') + new String(axis));
        line(labels.toString());
        String name = wrapped(chart.xLabel(), columns, 1).get(0);
        line(" ".repeat(Math.max(0, left + 2 + (columns - name.length()) / 2)) + name);
    }

    private char mark(Key.Entry entry) {
        String marks = terminal.ascii() ? MARKS : LETTERS;
        return marks.charAt(entry.colour() % marks.length());
    }

    private List<String> wrapped(String label, int room, int most) {
        return Wrapping.wrap(label, String::length, room, most).stream()
                .map(this::clean)
                .toList();
    }

    /** {@return the text without control characters, and in ASCII if the terminal needs that} */
    private String clean(String label) {
        String printable = label.replaceAll("\\p{Cntrl}", "?");
        return terminal.ascii()
                ? printable.replace('\u2212', '-').replace('\u2026', '~').replaceAll("[^ -~]", "?")
                : printable;
    }

    private void line(String end) {
        text.append(end).append('\n');
    }

    /** Switches to a curve's colour, or with -1 back to the text's. */
    private void colour(int number) {
        if (terminal.colour()) {
            text.append("\u001b[")
                    .append(number < 0 ? "0" : COLOURS[number % COLOURS.length])
                    .append('m');
        }
    }
}
