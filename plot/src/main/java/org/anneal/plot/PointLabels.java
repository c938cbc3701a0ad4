package org.anneal.plot;

import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.util.List;

/** Places labels beside points. */
final class PointLabels {
    private static final double RADIUS = 4;

    private PointLabels() {}

    /** {@return the best place for a label: near its point, inside the panel, apart from other labels, off the curves} */
    static Rectangle2D place(
            Point2D point, double wide, Rectangle2D data, List<Rectangle2D> taken, List<Rectangle2D> curve) {
        double high = 1.2 * Picture.TEXT_SIZE;
        Rectangle2D best = new Rectangle2D.Double(point.getX() + 2 * RADIUS, point.getY() - high / 2, wide, high);
        double leastCost = Double.POSITIVE_INFINITY;
        for (int away = 1; away <= 6; away++) {
            for (int turn = 0; turn < 12; turn++) {
                double angle = Math.PI / 6 * turn;
                // The box's centre lies on an ellipse around the point.
                double x = point.getX() + Math.cos(angle) * (wide / 2 + 10 * away) - wide / 2;
                double y = point.getY() - Math.sin(angle) * (high / 2 + 10 * away) - high / 2;
                Rectangle2D box = new Rectangle2D.Double(x, y, wide, high);
                double cost = 2.0 * away
                        + curve.stream().filter(box::intersects).count()
                        + (data.contains(box) ? 0 : 1000)
                        + 1000 * taken.stream().filter(box::intersects).count();
                if (cost < leastCost) {
                    leastCost = cost;
                    best = box;
                }
            }
        }
        return best;
    }

    static Rectangle2D around(Point2D point, double radius) {
        return new Rectangle2D.Double(point.getX() - radius, point.getY() - radius, 2 * radius, 2 * radius);
    }

    static Shape circle(Point2D point, double radius) {
        return new Ellipse2D.Double(point.getX() - radius, point.getY() - radius, 2 * radius, 2 * radius);
    }
}
