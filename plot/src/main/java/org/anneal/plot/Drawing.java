package org.anneal.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.plot.Ticks.Tick;
import org.jfree.chart.axis.AxisSpace;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.CombinedDomainXYPlot;
import org.jfree.chart.plot.CrosshairState;
import org.jfree.chart.plot.DatasetRenderingOrder;
import org.jfree.chart.plot.PlotRenderingInfo;
import org.jfree.chart.plot.SeriesRenderingOrder;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYItemRendererState;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.Layer;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.Range;
import org.jfree.data.xy.DefaultXYDataset;
import org.jfree.data.xy.XYDataset;

/**
 * Draws one chart. JFreeChart draws the axes' grid and the curves; all text is drawn here, as outlines, in space reserved for
 * it, so that nothing overlaps.
 */
final class Drawing extends Picture {
    /** The default width, in units: text is 12 units high, and a PNG has two pixels per unit. */
    private static final int WIDTH = 960;
    /** A larger picture is laid out this wide and scaled up; a smaller one is not scaled down, so that its text stays legible. */
    private static final double LEAST_WIDTH = 960;

    private static final double LEAST_HEIGHT = 540;
    private static final double LEAST_PANEL = 60;
    private static final int ONLY_PANEL = 420;
    private static final int FIRST_PANEL = 280;
    private static final int NEXT_PANEL = 190;
    /** The gap between a vertical axis and its labels. */
    private static final double TICK = 8;
    /** The space above a panel for the name of its vertical axis. */
    private static final double ABOVE = 24;

    private static final int LEGEND_LINES = 3;
    private static final double LEGEND_SAMPLE = 40;
    private static final double LEGEND_GAP = 26;
    /** The space below the last panel for the ticks' labels, the name of the horizontal axis, and a gap before the legend. */
    private static final double AXIS_HEIGHT = 3.2 * TEXT_SIZE * LINE_HEIGHT;

    private static final int X_TICKS = 10;
    private static final double PIXELS_PER_Y_TICK = 30;
    private static final int LEAST_Y_TICKS = 3;
    private static final float LINE_WIDTH = 1.8f;
    private static final float[][] DASHES = {{}, {8, 4}, {2, 3}, {10, 3, 2, 3}, {14, 5}, {5, 2}, {10, 3, 2, 3, 2, 3}};
    /** A curve that goes up and down by more than this many picture widths is not dashed: dashes would be noise. */
    private static final double LONG = 10;
    /** The opacity of a band, of 255, so that other curves show through. */
    private static final int BAND_ALPHA = 100;

    private static final double MARKER = 6;
    private static final double MARK = 4; // radius
    private static final double RING = 9;
    private static final float FAINT_WIDTH = 1;
    /** From a curve's end to its label: dots, which no curve is made of. */
    private static final BasicStroke LEADER =
            new BasicStroke(1, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND, 1, new float[] {1, 4}, 0);

    private static final int FAINT_ALPHA = 150;
    private static final float[] FAINT_DASHES = {5, 3};
    private static final float[] DOTS = {2, 3};
    /** The height of a label at a curve's end. */
    private static final double LABEL_HEIGHT = 1.3 * TEXT_SIZE;

    /** So many labels make a panel higher; of more, some are left out. */
    private static final int MOST_LABELS = 24;

    private static final double LABEL_GAP = 16;
    private static final double NOTE_GAP = 6;
    /** The part of the picture's width that labels at curves' ends may take. */
    private static final double MOST_LABEL = 0.3;
    /** Where curves coincide, those below are this much wider on either side, for up to three above. */
    private static final float RIM = 1.2f;

    private static final int MOST_RIMS = 3;
    private static final int SAMPLES = 480;
    /** Curves that cross are close for fewer samples. */
    private static final int LEAST_COMMON = 12;

    private final Chart chart;
    private final Runnable look;
    private final Key key;
    /** Pixels of a picture of a given size, or units of an SVG, per unit of the drawing. */
    private final double scale;
    /** In units of the drawing, like what follows. */
    private final double width;

    private final double height;
    private final Range xRange;
    private final List<Tick> xTicks;
    private final List<Frame> frames = new ArrayList<>();
    private final double left;
    private final double right;
    private final double labelWidth;
    private final List<String> title;
    private final List<Entry> legend;
    private final double top;
    private final double plotHeight;

    /** Draws lines or points, and calls {@code look} before each curve. */
    private final class Renderer extends XYLineAndShapeRenderer {
        private static final long serialVersionUID = 1;

        Renderer(boolean lines, boolean shapes) {
            super(lines, shapes);
        }

        @Override
        public void drawItem(
                Graphics2D g,
                XYItemRendererState state,
                Rectangle2D area,
                PlotRenderingInfo info,
                XYPlot plot,
                ValueAxis xAxis,
                ValueAxis yAxis,
                XYDataset dataset,
                int series,
                int item,
                CrosshairState crosshair,
                int pass) {
            if (item == 0) {
                look.run();
            }
            super.drawItem(g, state, area, info, plot, xAxis, yAxis, dataset, series, item, crosshair, pass);
        }
    }

    /**
     * What stands at a curve's end.
     *
     * @param label shortened
     * @param x of the curve's last point
     * @param height of that
     */
    private record EndLabel(Color colour, String label, String note, double x, double height) {}

    /** A legend's entry: its lines of text, and its position below the legend's top. */
    private record Entry(Key.Entry key, List<String> lines, double x, double y) {
        double bottom() {
            return y + lines.size() * TEXT_SIZE * LINE_HEIGHT;
        }
    }

    /**
     * Lays out the chart.
     *
     * @param look called before each curve; an exception that it throws ends the drawing
     */
    Drawing(Chart chart, Runnable look) {
        this.chart = chart;
        this.look = look;
        this.key = new Key(chart);
        this.scale = chart.size()
                .map(size -> Math.max(1, Math.min(size.width() / LEAST_WIDTH, size.height() / LEAST_HEIGHT)))
                .orElse(1.0);
        this.width = chart.size().map(size -> size.width() / scale).orElse((double) WIDTH);
        this.title = titleLines(chart.title(), width);
        this.top = BORDER + title.size() * TITLE_SIZE * LINE_HEIGHT;
        this.legend = legend();
        double legendHeight = legend.stream().mapToDouble(Entry::bottom).max().orElse(0);
        double aroundPlots = top + AXIS_HEIGHT + legendHeight + BORDER;

        int panels = chart.panels().size();
        double[] heights = IntStream.range(0, panels)
                .mapToDouble(i -> Math.max(
                        panels == 1 ? ONLY_PANEL : i == 0 ? FIRST_PANEL : NEXT_PANEL,
                        Math.min(MOST_LABELS, atEnds(chart.panels().get(i)).count()) * LABEL_HEIGHT))
                .toArray();
        double natural = Arrays.stream(heights).sum();
        double room = chart.size()
                .map(size -> size.height() / scale - aroundPlots - panels * ABOVE)
                .orElse(natural);
        double least = LEAST_PANEL * natural / Arrays.stream(heights).min().orElseThrow();
        if (room < least) {
            throw new IllegalArgumentException(
                    "size must be at least " + chart.size().orElseThrow().width() + "x"
                            + (int) Math.ceil(scale * (aroundPlots + panels * ABOVE + least))
                            + " to fit the panels above the legend, but was "
                            + chart.size().orElseThrow());
        }
        this.plotHeight = room + panels * ABOVE;
        this.height = chart.size().map(size -> size.height() / scale).orElse(Math.ceil(aroundPlots + plotHeight));

        int columns = (int) Math.ceil(width * Math.max(PNG_SCALE, scale));
        for (int i = 0; i < panels; i++) {
            double panelHeight = heights[i] * room / natural;
            int mostTicks = Math.max(LEAST_Y_TICKS, (int) (panelHeight / PIXELS_PER_Y_TICK));
            frames.add(Frame.of(chart, chart.panels().get(i), key.panel(i), columns, panelHeight, mostTicks, look));
        }
        double yLabels = frames.stream()
                .mapToDouble(frame -> Ticks.widest(frame.ticks(), Drawing::width))
                .max()
                .orElse(0);
        this.xRange = Frame.widened(Frame.xRange(chart), 0.015, 0.015);
        double low = xRange.getLowerBound();
        double high = xRange.getUpperBound();
        double xLabels = width - 2 * BORDER - TICK - yLabels;
        this.xTicks = chart.logX()
                ? Ticks.fittingLog(low, high, X_TICKS, label -> width(label) + 2 * TEXT_SIZE, xLabels)
                : Ticks.fitting(low, high, X_TICKS, label -> width(label) + 2 * TEXT_SIZE, xLabels);
        // Labels are centred below their ticks, and the outermost ones must fit into the picture.
        double halfLabel = Ticks.widest(xTicks, Drawing::width) / 2;
        this.left = Math.max(BORDER + TICK + yLabels, halfLabel);
        double labels = chart.panels().stream()
                .flatMap(Drawing::atEnds)
                .mapToDouble(series -> width(series.label()) + noteWidth(series))
                .max()
                .orElse(0);
        this.labelWidth = Math.min(labels, MOST_LABEL * width);
        this.right = Math.max(labels == 0 ? BORDER : BORDER + LABEL_GAP + labelWidth, halfLabel);
    }

    /** {@return the curves that are named at their ends} */
    private static Stream<Series> atEnds(Panel panel) {
        return panel.series().stream()
                .filter(series -> series.colour().isPresent() && !panel.isExplained(series))
                .filter(series -> !(series.label() + series.note()).isBlank());
    }

    private static double noteWidth(Series series) {
        return series.note().isEmpty() ? 0 : (series.label().isBlank() ? 0 : NOTE_GAP) + width(series.note());
    }

    @Override
    double width() {
        return width;
    }

    @Override
    double height() {
        return height;
    }

    @Override
    double scale() {
        return scale;
    }

    @Override
    double pixels() {
        return chart.size().isPresent() ? scale : PNG_SCALE;
    }

    @Override
    String title() {
        return chart.title().isBlank() ? panels() : chart.title();
    }

    @Override
    String about() {
        String curves = key.entries().stream()
                .map(key::text)
                .filter(label -> !label.isBlank())
                .collect(Collectors.joining("; "));
        return panels() + " over " + chart.xLabel() + (curves.isEmpty() ? "" : ": " + curves);
    }

    private String panels() {
        return chart.panels().stream().map(Panel::yLabel).collect(Collectors.joining(", "));
    }

    @Override
    void draw(Graphics2D g) {
        g.setPaint(Color.WHITE);
        g.fill(new Rectangle2D.Double(0, 0, width, height));
        drawTitle(g, title);
        drawPlots(g);
        legend.forEach(entry -> drawEntry(g, entry));
    }

    private List<Entry> legend() {
        List<Entry> entries = new ArrayList<>();
        double room = width - 2 * BORDER - LEGEND_SAMPLE;
        double x = BORDER;
        double y = 0;
        double rowHeight = 0;
        List<Key.Entry> named = key.legend().stream()
                .filter(entry -> entry.series().colour().isEmpty())
                .toList();
        for (Key.Entry entry : named) {
            look.run();
            List<String> lines = Wrapping.wrap(key.text(entry), Drawing::width, room, LEGEND_LINES);
            double wide = LEGEND_SAMPLE
                    + lines.stream().mapToDouble(Drawing::width).max().orElse(0);
            if (x > BORDER && x + wide > width - BORDER) {
                x = BORDER;
                y += rowHeight;
                rowHeight = 0;
            }
            entries.add(new Entry(entry, lines, x, y));
            x += wide + LEGEND_GAP;
            rowHeight = Math.max(rowHeight, lines.size() * TEXT_SIZE * LINE_HEIGHT + 4);
        }
        return entries;
    }

    private void drawPlots(Graphics2D g) {
        NumberAxis xAxis = axis(xRange);
        CombinedDomainXYPlot all = new CombinedDomainXYPlot(xAxis);
        all.setInsets(RectangleInsets.ZERO_INSETS);
        all.setGap(ABOVE);
        all.setFixedDomainAxisSpace(new AxisSpace());
        for (Frame frame : frames) {
            all.add(plot(frame), (int) frame.height());
        }
        PlotRenderingInfo info = new PlotRenderingInfo(null);
        Rectangle2D area = new Rectangle2D.Double(left, top + ABOVE, width - right - left, plotHeight - ABOVE);
        all.draw(g, area, null, null, info);

        for (int i = 0; i < frames.size(); i++) {
            Rectangle2D data = info.getSubplotInfo(i).getDataArea();
            NumberAxis yAxis = axis(frames.get(i).range());
            String yLabel = oneLine(frames.get(i).panel().yLabel(), width - BORDER - data.getX());
            text(g, QUIET_INK, yLabel, TEXT_SIZE, data.getX(), data.getY() - 8);
            explain(g, frames.get(i).panel(), data.getX() + width(yLabel) + LEGEND_GAP, data.getY() - 8);
            label(g, frames.get(i), xAxis, yAxis, data);
            for (Tick tick : frames.get(i).ticks()) {
                double y = yAxis.valueToJava2D(tick.at(), data, RectangleEdge.LEFT);
                double x = data.getX() - TICK - width(tick.label());
                text(g, QUIET_INK, tick.label(), TEXT_SIZE, x, y + 0.36 * TEXT_SIZE);
            }
            g.setPaint(AXIS);
            g.setStroke(new BasicStroke(1));
            g.draw(new Line2D.Double(data.getX(), data.getMaxY(), data.getMaxX(), data.getMaxY()));
            marks(g, frames.get(i), data, xAxis, yAxis);
        }
        Rectangle2D data = info.getSubplotInfo(frames.size() - 1).getDataArea();
        for (Tick tick : xTicks) {
            double x = xAxis.valueToJava2D(tick.at(), data, RectangleEdge.BOTTOM);
            text(g, QUIET_INK, tick.label(), TEXT_SIZE, x - width(tick.label()) / 2, data.getMaxY() + 6 + TEXT_SIZE);
        }
        String xLabel = oneLine(chart.xLabel(), width - 2 * BORDER);
        double most = width - BORDER - width(xLabel);
        double x = Math.max(BORDER, Math.min(most, data.getCenterX() - width(xLabel) / 2));
        text(g, QUIET_INK, xLabel, TEXT_SIZE, x, data.getMaxY() + 10 + 2.3 * TEXT_SIZE);
    }

    /** Marks points, each with its label beside it, where it hides least of the curves and no other label. */
    private void marks(Graphics2D g, Frame frame, Rectangle2D data, NumberAxis xAxis, NumberAxis yAxis) {
        List<Point2D> points = new ArrayList<>();
        List<Panel.Mark> shown = frame.panel().marks().stream()
                .filter(mark -> xRange.contains(chart.across(mark.x())) && !Double.isNaN(frame.height(mark)))
                .toList();
        List<Rectangle2D> taken = new ArrayList<>();
        for (Panel.Mark mark : shown) {
            Point2D point = new Point2D.Double(
                    xAxis.valueToJava2D(chart.across(mark.x()), data, RectangleEdge.BOTTOM),
                    yAxis.valueToJava2D(frame.height(mark), data, RectangleEdge.LEFT));
            points.add(point);
            taken.add(PointLabels.around(point, MARK + 2));
        }
        List<Rectangle2D> curve = corners(frame, data, xAxis, yAxis);
        for (int i = 0; i < shown.size(); i++) {
            Point2D point = points.get(i);
            String label = oneLine(shown.get(i).label(), data.getWidth() / 2);
            Rectangle2D box = PointLabels.place(point, width(label), data, taken, curve);
            taken.add(box);
            Point2D near = new Point2D.Double(
                    Math.max(box.getX(), Math.min(box.getMaxX(), point.getX())),
                    Math.max(box.getY(), Math.min(box.getMaxY(), point.getY())));
            g.setPaint(AXIS);
            g.setStroke(new BasicStroke(1));
            g.draw(new Line2D.Double(point, near));
            g.setPaint(Color.WHITE);
            g.fill(PointLabels.circle(point, MARK + 1.5));
            g.setPaint(INK);
            g.fill(PointLabels.circle(point, MARK));
            text(g, INK, label, TEXT_SIZE, box.getX(), box.getMaxY() - 0.25 * TEXT_SIZE);
        }
    }

    /** {@return small squares along the curves of a panel that are not faint, at most one a unit} */
    private List<Rectangle2D> corners(Frame frame, Rectangle2D data, NumberAxis xAxis, NumberAxis yAxis) {
        List<Rectangle2D> corners = new ArrayList<>();
        for (int i : series(frame, i -> !isFaint(frame, i))) {
            double[][] line = frame.lines().get(i).corners();
            for (int k = 0; k < line[0].length; k++) {
                if (!Double.isNaN(line[1][k])) {
                    Point2D corner = new Point2D.Double(
                            xAxis.valueToJava2D(line[0][k], data, RectangleEdge.BOTTOM),
                            yAxis.valueToJava2D(line[1][k], data, RectangleEdge.LEFT));
                    corners.add(PointLabels.around(corner, 1));
                }
            }
        }
        return corners;
    }

    private XYPlot plot(Frame frame) {
        DefaultXYDataset lines = new DefaultXYDataset();
        DefaultXYDataset points = new DefaultXYDataset();
        Renderer lineRenderer = new Renderer(true, false);
        Renderer pointRenderer = new Renderer(false, true);
        // As one path, so that dashes continue around corners.
        lineRenderer.setDrawSeriesLineAsPath(true);
        List<Integer> bands = series(frame, i -> isBehind(frame, i));
        List<Integer> order = new ArrayList<>(bands); // behind the others
        order.addAll(series(frame, i -> !bands.contains(i)));
        for (int i : order) {
            Rims rims = rims(frame, i);
            if (rims.depth() > 0) {
                lineRenderer.setSeriesPaint(
                        lines.getSeriesCount(), colour(frame.key().get(i)));
                lineRenderer.setSeriesStroke(
                        lines.getSeriesCount(),
                        new BasicStroke(
                                LINE_WIDTH + 2 * RIM * rims.depth(), BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
                lines.addSeries("rims of " + i, rims.corners().toArray(double[][]::new));
            }
        }
        for (int drawn = 0; drawn < order.size(); drawn++) {
            int i = order.get(drawn);
            Color colour = colour(frame.key().get(i));
            Polyline line = frame.lines().get(i);
            Series series = frame.panel().series().get(i);
            lineRenderer.setSeriesPaint(
                    lines.getSeriesCount(),
                    bands.contains(i)
                            ? translucent(colour, series.colour().isPresent() ? FAINT_ALPHA : BAND_ALPHA)
                            : colour);
            lineRenderer.setSeriesStroke(lines.getSeriesCount(), stroke(frame, i));
            lines.addSeries(i, line.corners());
            boolean everyPoint = frame.panel().series().get(i).marksEveryPoint();
            points.addSeries(
                    i,
                    isFaint(frame, i) && series.colour().isEmpty()
                            ? new double[2][0]
                            : everyPoint ? line.corners() : line.lonelyCorners());
            pointRenderer.setSeriesPaint(drawn, colour);
            pointRenderer.setSeriesShape(drawn, marker(0, 0));
        }
        XYPlot plot = new XYPlot(lines, null, axis(frame.range()), lineRenderer);
        plot.setDataset(1, points);
        plot.setRenderer(1, pointRenderer);
        plot.setDatasetRenderingOrder(DatasetRenderingOrder.FORWARD);
        plot.setSeriesRenderingOrder(SeriesRenderingOrder.FORWARD);
        plot.setBackgroundPaint(null);
        plot.setOutlineVisible(false);
        plot.setFixedRangeAxisSpace(new AxisSpace());
        plot.setDomainGridlinesVisible(false);
        plot.setRangeGridlinesVisible(false);
        for (Tick tick : xTicks) {
            plot.addDomainMarker(gridLine(tick), Layer.BACKGROUND);
        }
        for (Tick tick : frame.ticks()) {
            plot.addRangeMarker(gridLine(tick), Layer.BACKGROUND);
        }
        return plot;
    }

    /**
     * The stretches of a curve on which others lie.
     *
     * @param depth how many others, up to {@link #MOST_RIMS}
     */
    private record Rims(int depth, List<double[]> corners) {}

    /** {@return where later curves hide this one, if it is neither faint nor dotted} */
    private Rims rims(Frame frame, int curve) {
        Series below = frame.panel().series().get(curve);
        int[] above = new int[SAMPLES];
        boolean few = frame.lines().size() <= MOST_LABELS; // of many, most are hidden anyway
        for (int other = curve + 1;
                few && below.isStrong() && other < frame.lines().size();
                other++) {
            if (frame.panel().series().get(other).isStrong()) {
                addCommon(frame, frame.lines().get(curve), frame.lines().get(other), above);
            }
        }
        double[] x = new double[SAMPLES];
        double[] y = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            x[i] = sample(i);
            y[i] = above[i] > 0 ? frame.lines().get(curve).at(x[i]) : Double.NaN;
        }
        return new Rims(Math.min(MOST_RIMS, Arrays.stream(above).max().orElse(0)), List.of(x, y));
    }

    private double sample(int i) {
        return xRange.getLowerBound() + (i + 0.5) / SAMPLES * xRange.getLength();
    }

    /** Counts the samples of the stretches on which two curves are so close that one hides the other, unless they only cross. */
    private void addCommon(Frame frame, Polyline one, Polyline other, int[] counts) {
        double thick = LINE_WIDTH / 8 / frame.height() * frame.range().getLength();
        int from = 0;
        for (int i = 0; i <= SAMPLES; i++) {
            if (i < SAMPLES && Math.abs(difference(one, other, i)) < thick) {
                continue;
            }
            if (i - from >= LEAST_COMMON && !cross(one, other, from, i, thick)) {
                for (int common = from; common < i; common++) {
                    counts[common]++;
                }
            }
            from = i + 1;
        }
    }

    private double difference(Polyline one, Polyline other, int i) {
        return one.at(sample(i)) - other.at(sample(i));
    }

    /**
     * {@return whether two curves that are close only cross, if at a small angle: after it the other one is above, and they are
     * hardly the same in between}
     */
    private boolean cross(Polyline one, Polyline other, int from, int to, double thick) {
        long same = IntStream.range(from, to)
                .filter(i -> Math.abs(difference(one, other, i)) < thick / 8)
                .count();
        return difference(one, other, from - 1) * difference(one, other, to) < 0 && 2 * same < to - from;
    }

    /** Says once what curves of several runs have in common that are not named at their ends. */
    private static void explain(Graphics2D g, Panel panel, double x, double base) {
        double at = x;
        Set<String> said = new HashSet<>();
        for (Series series : panel.series()) {
            if (panel.isExplained(series) && said.add(series.label())) {
                g.setPaint(QUIET_INK);
                g.setStroke(ownStroke(series));
                g.draw(new Line2D.Double(at, base - 0.36 * TEXT_SIZE, at + LEGEND_SAMPLE - 8, base - 0.36 * TEXT_SIZE));
                text(g, QUIET_INK, series.label(), TEXT_SIZE, at + LEGEND_SAMPLE, base);
                at += LEGEND_SAMPLE + width(series.label()) + LEGEND_GAP;
            }
        }
    }

    /** Draws the rings, and the labels at the curves' ends. */
    private void label(Graphics2D g, Frame frame, NumberAxis xAxis, NumberAxis yAxis, Rectangle2D data) {
        List<EndLabel> labels = new ArrayList<>();
        List<Series> named = atEnds(frame.panel()).toList();
        for (int i = 0; i < frame.lines().size(); i++) {
            Series series = frame.panel().series().get(i);
            Color colour = colour(frame.key().get(i));
            series.ringed(chart, frame.panel().log()).ifPresent(point -> {
                double x = xAxis.valueToJava2D(point[0], data, RectangleEdge.BOTTOM);
                double y = yAxis.valueToJava2D(point[1], data, RectangleEdge.LEFT);
                Shape ring = new Ellipse2D.Double(x - RING / 2, y - RING / 2, RING, RING);
                g.setPaint(Color.WHITE);
                g.fill(ring);
                g.setPaint(colour);
                g.setStroke(new BasicStroke(LINE_WIDTH));
                g.draw(ring);
            });
            double[] end = frame.lines().get(i).end();
            if (named.contains(series) && !Double.isNaN(end[1])) {
                String label = series.label().isBlank()
                        ? ""
                        : oneLine(series.label(), Math.max(TEXT_SIZE, labelWidth - noteWidth(series)));
                labels.add(new EndLabel(
                        colour,
                        label,
                        series.note(),
                        xAxis.valueToJava2D(end[0], data, RectangleEdge.BOTTOM),
                        yAxis.valueToJava2D(end[1], data, RectangleEdge.LEFT)));
            }
        }
        double x = data.getMaxX() + LABEL_GAP;
        int room = 1 + (int) (data.getHeight() / LABEL_HEIGHT);
        double bottom = data.getMaxY();
        if (labels.size() > room) {
            List<EndLabel> left = labels.subList(Math.max(0, room - 1), labels.size());
            text(g, QUIET_INK, "and " + left.size() + " more", TEXT_SIZE, x, bottom + 0.36 * TEXT_SIZE);
            left.clear();
            bottom -= LABEL_HEIGHT;
        }
        labels.sort(Comparator.comparingDouble(EndLabel::height));
        double[] places = EndLabels.place(
                labels.stream().mapToDouble(EndLabel::height).toArray(), LABEL_HEIGHT, data.getY(), bottom);
        for (int i = 0; i < places.length; i++) {
            EndLabel label = labels.get(i);
            g.setPaint(translucent(label.colour(), FAINT_ALPHA));
            g.setStroke(LEADER);
            Path2D leader = new Path2D.Double();
            leader.moveTo(label.x() + MARKER, label.height());
            leader.lineTo(Math.max(label.x() + MARKER, data.getMaxX()), label.height());
            leader.lineTo(x - 4, places[i]);
            g.draw(leader);
            double base = places[i] + 0.36 * TEXT_SIZE;
            text(g, label.colour(), label.label(), TEXT_SIZE, x, base);
            double after = label.label().isEmpty() ? x : x + width(label.label()) + NOTE_GAP;
            text(g, QUIET_INK, label.note(), TEXT_SIZE, after, base);
        }
    }

    /** The stroke of a curve with a colour of its own. */
    private static BasicStroke ownStroke(Series series) {
        int colour = series.colour().orElse(0);
        return series.isFaint()
                ? new BasicStroke(
                        FAINT_WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, FAINT_DASHES, 3 * colour)
                : series.isDotted()
                        ? new BasicStroke(LINE_WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, DOTS, 0)
                        : stroke(0, colour);
    }

    private static List<Integer> series(Frame frame, IntPredicate which) {
        return IntStream.range(0, frame.lines().size()).filter(which).boxed().toList();
    }

    private static ValueMarker gridLine(Tick tick) {
        ValueMarker line = new ValueMarker(tick.at(), GRID, new BasicStroke(1));
        line.setAlpha(1);
        return line;
    }

    /** An axis that only maps values to positions. */
    private static NumberAxis axis(Range range) {
        NumberAxis axis = new NumberAxis();
        axis.setVisible(false);
        axis.setAutoTickUnitSelection(false);
        axis.setTickUnit(new NumberTickUnit(range.getLength()));
        axis.setRange(range);
        return axis;
    }

    private void drawEntry(Graphics2D g, Entry entry) {
        double base = top + plotHeight + AXIS_HEIGHT + entry.y() + TEXT_SIZE;
        double middle = base - 0.36 * TEXT_SIZE;
        g.setPaint(colour(entry.key()));
        g.setStroke(stroke(entry.key()));
        if (entry.key().series().isFaint()) {
            g.setPaint(translucent(colour(entry.key()), BAND_ALPHA));
            g.setStroke(new BasicStroke(FAINT_WIDTH));
            g.draw(new Line2D.Double(entry.x(), middle, entry.x() + LEGEND_SAMPLE - 8, middle));
        } else if (anywhere(entry.key(), this::isBand)) {
            g.setPaint(translucent(colour(entry.key()), BAND_ALPHA));
            g.fill(new Rectangle2D.Double(entry.x(), base - TEXT_SIZE, LEGEND_SAMPLE - 8, 1.2 * TEXT_SIZE));
        } else {
            g.draw(new Line2D.Double(entry.x(), middle, entry.x() + LEGEND_SAMPLE - 8, middle));
        }
        if (entry.key().series().marksEveryPoint()) {
            g.fill(marker(entry.x() + (LEGEND_SAMPLE - 8) / 2, middle));
        }
        for (String line : entry.lines()) {
            text(g, INK, line, TEXT_SIZE, entry.x() + LEGEND_SAMPLE, base);
            base += TEXT_SIZE * LINE_HEIGHT;
        }
    }

    private static Color colour(Key.Entry entry) {
        return COLOURS.get(entry.colour() % COLOURS.size());
    }

    /** The stroke of a legend's sample: dashed if the curve is dashed in any panel. */
    private BasicStroke stroke(Key.Entry entry) {
        return anywhere(entry, (frame, series) -> !isLong(frame, series))
                ? stroke(entry.dash(), entry.colour())
                : stroke(0, 0);
    }

    private BasicStroke stroke(Frame frame, int series) {
        Key.Entry entry = frame.key().get(series);
        Series curve = frame.panel().series().get(series);
        if (curve.colour().isPresent()) {
            return ownStroke(curve);
        } else if (curve.isFaint()) {
            return new BasicStroke(FAINT_WIDTH);
        }
        return isLong(frame, series) ? stroke(0, 0) : stroke(entry.dash(), entry.colour());
    }

    private boolean isLong(Frame frame, int series) {
        return frame.lines().get(series).climb() / frame.range().getLength() * frame.height() > LONG * width;
    }

    private boolean isBehind(Frame frame, int series) {
        return isFaint(frame, series) || isBand(frame, series);
    }

    private static boolean isFaint(Frame frame, int series) {
        return frame.panel().series().get(series).isFaint();
    }

    /** {@return whether a curve is so dense that it would hide others in its panel} */
    private boolean isBand(Frame frame, int series) {
        return frame.lines().size() > 1
                && frame.lines()
                        .get(series)
                        .isBand(
                                xRange,
                                width / LINE_WIDTH,
                                LINE_WIDTH / frame.height() * frame.range().getLength());
    }

    private boolean anywhere(Key.Entry entry, BiPredicate<Frame, Integer> test) {
        return frames.stream()
                .anyMatch(frame -> IntStream.range(0, frame.key().size())
                        .anyMatch(i -> frame.key().get(i).equals(entry) && test.test(frame, i)));
    }

    /** Dashes differ within a panel; once the colours are used up, they repeat with other dashes. */
    private static BasicStroke stroke(int dash, int colour) {
        float[] pattern = DASHES[(dash + colour / COLOURS.size()) % DASHES.length];
        return pattern.length == 0
                ? new BasicStroke(LINE_WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND)
                : new BasicStroke(LINE_WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, pattern, 0);
    }

    private static Shape marker(double x, double y) {
        return new Ellipse2D.Double(x - MARKER / 2, y - MARKER / 2, MARKER, MARKER);
    }
}
