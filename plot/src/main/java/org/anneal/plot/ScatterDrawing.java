package org.anneal.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.anneal.plot.Scatter.Horizontal;
import org.anneal.plot.Scatter.Panel;
import org.anneal.plot.Scatter.Point;
import org.anneal.plot.Scatter.Scale;
import org.anneal.plot.Ticks.Tick;
import org.jfree.data.Range;

/** Draws points, as {@link Drawing} does curves. */
final class ScatterDrawing extends Picture {
    private static final double WIDTH = 960;
    private static final int MOST_BESIDE = 3;
    private static final double ONLY_PANEL = 420;
    private static final double PANEL = 230;
    private static final double GAP = 28;
    private static final double ABOVE = 24; // for the name of the vertical axis
    private static final double TICK = 8;
    private static final int X_TICKS = 8;
    private static final double PIXELS_PER_Y_TICK = 30;
    /** The part of an axis beyond its outermost points. */
    private static final double MARGIN = 0.05;
    /** Names that do not fit side by side rise to the right, by this angle. */
    private static final double SLOPE = Math.toRadians(35);

    private static final double LONGEST_NAME = 130;
    private static final double NAME_GAP = 10;
    /** How far points of a name are spread, of the distance between names. */
    private static final double SPREAD = 0.66;
    /** The distance of successive points of a name, in that part: the golden ratio's multiples keep apart. */
    private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

    private static final double LEGEND_GAP = 26;
    private static final double SYMBOL = 14; // the room of one in the legend
    private static final int MOST_GROUPS = 40;
    private static final double LONGEST_GROUP = 260;
    private static final int FULL = 225; // opacities
    private static final int PALE = 75;
    private static final int FAINT = 90;
    /** Where points are more than this, the values that they are means of would be noise. */
    private static final int MOST_WITH_PARTS = 150;

    private static final double EDGE = 7;
    /** The part of the vertical axis that is added for points at an edge. */
    private static final double STRIP = 0.06;

    private static final int SHAPES = 4;
    /** The distance of places on the front that labels avoid. */
    private static final double LINE_PART = 3;

    private final Scatter scatter;
    private final List<String> title;
    private final List<String> groups;
    private final boolean pale;
    /** The edge at which there are points, as {@link #edge} has it; 0 if there are none. */
    private final int beyond;

    private final boolean ringed;
    private final Range yRange;
    private final List<Tick> yTicks;
    private final int columns;
    private final double panelHeight;
    private final double left;
    private final double panelWidth;
    private final List<Place> laid = new ArrayList<>();
    private final double legendTop;
    private final List<Entry> legend;
    private final double height;

    /**
     * A panel, laid out.
     *
     * @param area of the points
     * @param sloping whether the ticks' labels rise
     * @param below what the ticks' labels take below the area
     */
    private record Place(Panel panel, Range range, List<Tick> ticks, boolean sloping, double below, Rectangle2D area) {}

    private enum Symbol {
        GROUP,
        PALE,
        BEYOND,
        RING
    }

    private record Entry(Symbol symbol, int group, String text, double x, double y) {}

    ScatterDrawing(Scatter scatter) {
        this.scatter = scatter;
        this.title = titleLines(scatter.title(), WIDTH);
        List<Point> all = scatter.panels().stream()
                .flatMap(panel -> panel.points().stream())
                .toList();
        this.groups = all.stream().map(Point::group).distinct().toList();
        this.pale = all.stream().anyMatch(Point::pale);
        this.beyond = all.stream()
                .mapToInt(this::edge)
                .filter(edge -> edge != 0)
                .findFirst()
                .orElse(0);
        this.ringed = all.stream().anyMatch(point -> point.ringed() && isInside(point.y()));
        int count = scatter.panels().size();
        this.columns = count == 4 ? 2 : Math.min(MOST_BESIDE, count);
        this.panelHeight = count == 1 ? ONLY_PANEL : PANEL;

        double[] heights = all.stream()
                .flatMapToDouble(point -> DoubleStream.concat(
                        DoubleStream.of(point.y()),
                        all.size() > MOST_WITH_PARTS
                                ? DoubleStream.empty()
                                : point.parts().stream().mapToDouble(Double::doubleValue)))
                .filter(this::isInside)
                .map(this::up)
                .toArray();
        Range range = scatter.vertical().log() ? Frame.logRange(heights) : Frame.range(heights);
        this.yRange = Frame.widened(
                range,
                all.stream().anyMatch(point -> edge(point) < 0) ? STRIP : 0,
                all.stream().anyMatch(point -> edge(point) > 0) ? STRIP : 0);
        int mostTicks = (int) (panelHeight / PIXELS_PER_Y_TICK);
        // Where no value is shown, there are none to tell.
        this.yTicks = heights.length == 0
                ? List.of()
                : scatter.vertical().log()
                        ? Ticks.log(yRange.getLowerBound(), yRange.getUpperBound(), mostTicks)
                        : Ticks.linear(yRange.getLowerBound(), yRange.getUpperBound(), mostTicks);
        this.left = BORDER + TICK + Ticks.widest(yTicks, Picture::width);
        this.panelWidth = (WIDTH - left - BORDER - (columns - 1) * GAP) / columns;

        double y = BORDER + title.size() * TITLE_SIZE * LINE_HEIGHT;
        for (int first = 0; first < count; first += columns) {
            double top = y + ABOVE;
            double below = 0;
            for (int i = first; i < Math.min(count, first + columns); i++) {
                Place place = place(scatter.panels().get(i), left + (i - first) * (panelWidth + GAP), top);
                laid.add(place);
                below = Math.max(below, place.below());
            }
            y = top + panelHeight + below + 2 * LINE_HEIGHT * TEXT_SIZE;
        }
        this.legendTop = y;
        this.legend = legend();
        this.height = Math.ceil(
                legend.isEmpty() ? y : y + legend.get(legend.size() - 1).y() + LINE_HEIGHT * TEXT_SIZE + BORDER);
    }

    private Place place(Panel panel, double x, double y) {
        Horizontal horizontal = panel.horizontal();
        Rectangle2D area = new Rectangle2D.Double(x, y, panelWidth, panelHeight);
        if (horizontal.scale() == Scale.NAMES) {
            return names(panel, area);
        }
        boolean log = horizontal.scale() == Scale.LOG;
        double[] places = panel.points().stream()
                .mapToDouble(point -> log ? Math.log10(point.x()) : point.x())
                .toArray();
        double low = Arrays.stream(places).min().orElse(0);
        double high = Arrays.stream(places).max().orElse(1);
        Range range = Frame.widened(new Range(low, high), MARGIN, MARGIN);
        List<Tick> ticks = log
                ? Ticks.fittingLog(
                        range.getLowerBound(), range.getUpperBound(), X_TICKS, ScatterDrawing::room, panelWidth)
                : Ticks.fitting(
                        range.getLowerBound(), range.getUpperBound(), X_TICKS, ScatterDrawing::room, panelWidth);
        return new Place(panel, range, ticks, false, LINE_HEIGHT * TEXT_SIZE, area);
    }

    private static double room(String label) {
        return width(label) + 2 * TEXT_SIZE;
    }

    /** {@return how long a name may be that ends below a place of {@code area}: it does not begin far left of the area} */
    private static double room(Rectangle2D area, double across) {
        double start = Math.min(area.getX() - BORDER / 2, GAP);
        return Math.min(LONGEST_NAME, (start + across) / Math.cos(SLOPE));
    }

    private Place names(Panel panel, Rectangle2D area) {
        List<String> names = panel.horizontal().names();
        double apart = panelWidth / names.size();
        boolean sloping = names.stream().anyMatch(name -> width(name) + NAME_GAP > apart);
        // Of too many names, each second, third, ... is written.
        int each = (int) Math.max(1, Math.ceil(1.3 * TEXT_SIZE / apart));
        List<Tick> ticks = IntStream.range(0, names.size())
                .filter(i -> i % each == 0)
                .mapToObj(i -> new Tick(i, oneLine(names.get(i), sloping ? room(area, (i + 0.5) * apart) : apart)))
                .toList();
        double below = sloping
                ? Math.sin(SLOPE) * Ticks.widest(ticks, Picture::width) + LINE_HEIGHT * TEXT_SIZE
                : LINE_HEIGHT * TEXT_SIZE;
        return new Place(panel, new Range(-0.5, names.size() - 0.5), ticks, sloping, below, area);
    }

    private List<Entry> legend() {
        List<Entry> entries = new ArrayList<>();
        if (groups.size() > 1) {
            IntStream.range(0, Math.min(groups.size(), MOST_GROUPS))
                    .forEach(i -> add(entries, Symbol.GROUP, i, oneLine(groups.get(i), LONGEST_GROUP)));
            if (groups.size() > MOST_GROUPS) {
                add(entries, Symbol.GROUP, -1, "and " + (groups.size() - MOST_GROUPS) + " more");
            }
        }
        if (ringed) {
            add(entries, Symbol.RING, 0, "best");
        }
        if (pale && !scatter.pale().isBlank()) {
            add(entries, Symbol.PALE, 0, scatter.pale());
        }
        if (beyond != 0 && !scatter.beyond().isBlank()) {
            add(entries, Symbol.BEYOND, 0, scatter.beyond());
        }
        return entries;
    }

    private static void add(List<Entry> entries, Symbol symbol, int group, String text) {
        double x = BORDER;
        double y = 0;
        if (!entries.isEmpty()) {
            Entry last = entries.get(entries.size() - 1);
            x = last.x() + SYMBOL + width(last.text()) + LEGEND_GAP;
            y = last.y();
            if (x + SYMBOL + width(text) > WIDTH - BORDER) {
                x = BORDER;
                y += LINE_HEIGHT * TEXT_SIZE + 4;
            }
        }
        entries.add(new Entry(symbol, group, text, x, y));
    }

    private double up(double y) {
        return scatter.vertical().log() ? Math.log10(y) : y;
    }

    /** {@return 1 for a point at the upper edge, -1 at the lower, 0 elsewhere} */
    private int edge(Point point) {
        return point.y() > scatter.vertical().high() || point.y() == Double.POSITIVE_INFINITY
                ? 1
                : point.y() < scatter.vertical().low() || point.y() == Double.NEGATIVE_INFINITY ? -1 : 0;
    }

    private boolean isInside(double y) {
        return Double.isFinite(y)
                && y >= scatter.vertical().low()
                && y <= scatter.vertical().high()
                && (!scatter.vertical().log() || y > 0);
    }

    @Override
    double width() {
        return WIDTH;
    }

    @Override
    double height() {
        return height;
    }

    @Override
    double scale() {
        return 1;
    }

    @Override
    double pixels() {
        return PNG_SCALE;
    }

    @Override
    String title() {
        return scatter.title().isBlank() ? scatter.vertical().label() : scatter.title();
    }

    @Override
    String about() {
        String over = scatter.panels().stream()
                .map(panel -> panel.horizontal().label())
                .collect(Collectors.joining(", "));
        String said = legend.stream().map(Entry::text).collect(Collectors.joining("; "));
        return scatter.vertical().label() + " over " + over + (said.isEmpty() ? "" : ": " + said);
    }

    @Override
    void draw(Graphics2D g) {
        g.setPaint(Color.WHITE);
        g.fill(new Rectangle2D.Double(0, 0, WIDTH, height));
        drawTitle(g, title);
        for (int i = 0; i < laid.size(); i++) {
            drawAxes(g, laid.get(i), i % columns == 0);
            drawPoints(g, laid.get(i));
        }
        legend.forEach(entry -> drawEntry(g, entry));
    }

    private void drawAxes(Graphics2D g, Place place, boolean first) {
        Rectangle2D area = place.area();
        g.setStroke(new BasicStroke(1));
        for (Tick tick : yTicks) {
            double y = y(place, tick.at());
            g.setPaint(GRID);
            g.draw(new Line2D.Double(area.getX(), y, area.getMaxX(), y));
            if (first) {
                text(
                        g,
                        QUIET_INK,
                        tick.label(),
                        TEXT_SIZE,
                        area.getX() - TICK - width(tick.label()),
                        y + 0.36 * TEXT_SIZE);
            }
        }
        for (Tick tick : place.ticks()) {
            double x = x(place, tick.at());
            g.setPaint(GRID);
            g.draw(new Line2D.Double(x, area.getY(), x, area.getMaxY()));
            if (place.sloping()) {
                Shape label = Outlines.shape(tick.label(), TEXT_SIZE, -width(tick.label()), 0);
                AffineTransform turn =
                        AffineTransform.getTranslateInstance(x + 4, area.getMaxY() + 6 + 0.6 * TEXT_SIZE);
                turn.rotate(-SLOPE);
                g.setPaint(QUIET_INK);
                g.fill(turn.createTransformedShape(label));
            } else {
                text(
                        g,
                        QUIET_INK,
                        tick.label(),
                        TEXT_SIZE,
                        x - width(tick.label()) / 2,
                        area.getMaxY() + 6 + TEXT_SIZE);
            }
        }
        g.setPaint(AXIS);
        g.draw(new Line2D.Double(area.getX(), area.getMaxY(), area.getMaxX(), area.getMaxY()));
        if (first) {
            String label = oneLine(scatter.vertical().label(), WIDTH - BORDER - area.getX());
            text(g, QUIET_INK, label, TEXT_SIZE, area.getX(), area.getY() - 8);
        }
        String label = oneLine(place.panel().horizontal().label(), panelWidth);
        double base = area.getMaxY() + place.below() + LINE_HEIGHT * TEXT_SIZE;
        text(g, INK, label, TEXT_SIZE, area.getCenterX() - width(label) / 2, base);
    }

    private double x(Place place, double at) {
        Rectangle2D area = place.area();
        return area.getX()
                + (at - place.range().getLowerBound()) / place.range().getLength() * area.getWidth();
    }

    private double y(Place place, double at) {
        Rectangle2D area = place.area();
        return area.getMaxY() - (at - yRange.getLowerBound()) / yRange.getLength() * area.getHeight();
    }

    /** {@return where each point is; one that is not drawn is nowhere, at NaN} */
    private List<Point2D> places(Place place) {
        Scale scale = place.panel().horizontal().scale();
        double[] count = new double[place.panel().horizontal().names().size()];
        place.panel().points().stream()
                .filter(point -> scale == Scale.NAMES)
                .forEach(point -> count[(int) point.x()]++);
        Map<Double, Integer> before = new HashMap<>();
        List<Point2D> places = new ArrayList<>();
        for (Point point : place.panel().points()) {
            double at = scale == Scale.LOG ? Math.log10(point.x()) : point.x();
            if (scale == Scale.NAMES) {
                int nth = before.merge(at, 1, Integer::sum) - 1;
                double part = (0.5 + nth * GOLDEN) % 1 - 0.5;
                at += part * Math.min(SPREAD, 0.12 * (count[(int) point.x()] - 1));
            }
            int edge = edge(point);
            double height = edge > 0
                    ? place.area().getY() + EDGE
                    : edge < 0
                            ? place.area().getMaxY() - EDGE
                            : isInside(point.y()) ? y(place, up(point.y())) : Double.NaN;
            places.add(new Point2D.Double(x(place, at), height));
        }
        return places;
    }

    private void drawPoints(Graphics2D g, Place place) {
        List<Point> points = place.panel().points();
        List<Point2D> places = places(place);
        int count = points.size();
        double radius = count <= 60 ? 3.6 : count <= 300 ? 2.8 : count <= 1500 ? 2 : 1.4;
        List<Integer> order = IntStream.range(0, count)
                .filter(i -> !Double.isNaN(places.get(i).getY()))
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> points.get(i).ringed())
                        .thenComparing(i -> !points.get(i).pale()))
                .toList();
        drawFront(g, place);
        Set<List<Long>> drawn = new HashSet<>();
        for (int i : order) {
            Point point = points.get(i);
            Point2D at = places.get(i);
            int group = groups.indexOf(point.group());
            // Where points coincide, one is enough.
            if (!point.ringed()
                    && !drawn.add(List.of(Math.round(2 * at.getX()), Math.round(2 * at.getY()), (long) group))) {
                continue;
            }
            if (count <= MOST_WITH_PARTS && edge(point) == 0) {
                drawParts(g, place, point, at.getX());
            }
            Color colour = translucent(colour(group), point.pale() ? PALE : FULL);
            g.setPaint(colour);
            if (edge(point) != 0) {
                g.fill(triangle(at, edge(point)));
            } else {
                g.fill(shape(group, at, radius));
            }
            if (point.ringed() && edge(point) == 0) {
                drawRing(g, at, radius + 3.4);
            }
        }
        drawLabels(g, place, places, radius);
    }

    private static void drawRing(Graphics2D g, Point2D at, double radius) {
        g.setPaint(INK);
        g.setStroke(new BasicStroke(1.6f));
        g.draw(PointLabels.circle(at, radius));
    }

    private void drawParts(Graphics2D g, Place place, Point point, double x) {
        double[] heights = point.parts().stream()
                .mapToDouble(Double::doubleValue)
                .filter(this::isInside)
                .map(part -> y(place, up(part)))
                .toArray();
        if (heights.length > 1) {
            g.setPaint(translucent(colour(groups.indexOf(point.group())), point.pale() ? PALE : FAINT));
            g.setStroke(new BasicStroke(1));
            g.draw(new Line2D.Double(
                    x,
                    Arrays.stream(heights).min().orElseThrow(),
                    x,
                    Arrays.stream(heights).max().orElseThrow()));
        }
        for (double height : heights.length > 1 ? heights : new double[0]) {
            g.fill(PointLabels.circle(new Point2D.Double(x, height), 1.6));
        }
    }

    /** {@return the corners of the stairs along the front, to the panel's right edge} */
    private List<Point2D> corners(Place place) {
        List<Point2D> corners = new ArrayList<>();
        boolean log = place.panel().horizontal().scale() == Scale.LOG;
        for (Point point : place.panel().front()) {
            if (isInside(point.y())) {
                double x = x(place, log ? Math.log10(point.x()) : point.x());
                if (!corners.isEmpty()) {
                    corners.add(new Point2D.Double(
                            x, corners.get(corners.size() - 1).getY()));
                }
                corners.add(new Point2D.Double(x, y(place, up(point.y()))));
            }
        }
        if (!corners.isEmpty()) {
            corners.add(new Point2D.Double(
                    place.area().getMaxX(), corners.get(corners.size() - 1).getY()));
        }
        return corners;
    }

    private void drawFront(Graphics2D g, Place place) {
        Path2D stairs = new Path2D.Double();
        for (Point2D corner : corners(place)) {
            if (stairs.getCurrentPoint() == null) {
                stairs.moveTo(corner.getX(), corner.getY());
            } else {
                stairs.lineTo(corner.getX(), corner.getY());
            }
        }
        if (stairs.getCurrentPoint() != null) {
            g.setPaint(AXIS);
            g.setStroke(new BasicStroke(1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
            g.draw(stairs);
        }
    }

    private void drawLabels(Graphics2D g, Place place, List<Point2D> places, double radius) {
        List<Point> points = place.panel().points();
        List<Rectangle2D> others = new ArrayList<>();
        List<Point2D> corners = corners(place);
        for (int i = 1; i < corners.size(); i++) {
            Point2D from = corners.get(i - 1);
            Point2D to = corners.get(i);
            int parts = 1 + (int) (from.distance(to) / LINE_PART);
            for (int k = 0; k <= parts; k++) {
                double part = (double) k / parts;
                others.add(PointLabels.around(
                        new Point2D.Double(
                                from.getX() + part * (to.getX() - from.getX()),
                                from.getY() + part * (to.getY() - from.getY())),
                        1));
            }
        }
        places.stream()
                .filter(at -> !Double.isNaN(at.getY()))
                .forEach(at -> others.add(PointLabels.around(at, radius + 1)));
        List<Rectangle2D> taken = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            Point2D at = places.get(i);
            if (points.get(i).label().isBlank() || Double.isNaN(at.getY())) {
                continue;
            }
            String label = oneLine(points.get(i).label(), place.area().getWidth() / 2);
            Rectangle2D box = PointLabels.place(at, width(label), place.area(), taken, others);
            if (taken.stream().anyMatch(box::intersects)) {
                continue;
            }
            taken.add(box);
            Point2D near = new Point2D.Double(
                    Math.max(box.getX(), Math.min(box.getMaxX(), at.getX())),
                    Math.max(box.getY(), Math.min(box.getMaxY(), at.getY())));
            if (near.distance(at) > 3 * radius) {
                g.setPaint(AXIS);
                g.setStroke(new BasicStroke(1));
                g.draw(new Line2D.Double(at, near));
            }
            text(g, INK, label, TEXT_SIZE, box.getX(), box.getMaxY() - 0.25 * TEXT_SIZE);
        }
    }

    private void drawEntry(Graphics2D g, Entry entry) {
        double base = legendTop + entry.y() + TEXT_SIZE;
        Point2D at = new Point2D.Double(entry.x() + SYMBOL / 2 - 3, base - 0.36 * TEXT_SIZE);
        switch (entry.symbol()) {
            case GROUP -> {
                if (entry.group() >= 0) {
                    g.setPaint(translucent(colour(entry.group()), FULL));
                    g.fill(shape(entry.group(), at, 4));
                }
            }
            case PALE -> {
                g.setPaint(translucent(INK, PALE));
                g.fill(PointLabels.circle(at, 4));
            }
            case BEYOND -> {
                g.setPaint(translucent(QUIET_INK, FULL));
                g.fill(triangle(at, beyond));
            }
            case RING -> drawRing(g, at, 4);
        }
        text(g, INK, entry.text(), TEXT_SIZE, entry.x() + SYMBOL, base);
    }

    private static Color colour(int group) {
        return COLOURS.get(group % COLOURS.size());
    }

    /** {@return a group's shape; once the colours are used up, they repeat with another one} */
    private static Shape shape(int group, Point2D at, double radius) {
        double x = at.getX();
        double y = at.getY();
        return switch (group / COLOURS.size() % SHAPES) {
            case 0 -> new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
            case 1 -> new Rectangle2D.Double(x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius);
            case 2 -> polygon(x, y - 1.3 * radius, x + 1.3 * radius, y, x, y + 1.3 * radius, x - 1.3 * radius, y);
            default -> {
                double thin = 0.4 * radius;
                yield polygon(
                        x - thin,
                        y - radius,
                        x + thin,
                        y - radius,
                        x + thin,
                        y - thin,
                        x + radius,
                        y - thin,
                        x + radius,
                        y + thin,
                        x + thin,
                        y + thin,
                        x + thin,
                        y + radius,
                        x - thin,
                        y + radius,
                        x - thin,
                        y + thin,
                        x - radius,
                        y + thin,
                        x - radius,
                        y - thin,
                        x - thin,
                        y - thin);
            }
        };
    }

    /** {@return a triangle that points up, or down} */
    private static Shape triangle(Point2D at, int up) {
        double x = at.getX();
        double y = at.getY();
        return polygon(x - 4, y + 3.5 * up, x + 4, y + 3.5 * up, x, y - 3.5 * up);
    }

    private static Shape polygon(double... corners) {
        Path2D path = new Path2D.Double();
        path.moveTo(corners[0], corners[1]);
        for (int i = 2; i < corners.length; i += 2) {
            path.lineTo(corners[i], corners[i + 1]);
        }
        path.closePath();
        return path;
    }
}
