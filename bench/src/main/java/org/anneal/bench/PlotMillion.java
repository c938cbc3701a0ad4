package org.anneal.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.plot.Terminal;
import org.anneal.schedule.Schedule;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.xy.DefaultXYDataset;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Times a picture of a million steps, of which the chart keeps each pixel column's extremes, against the same library drawing
 * every corner of the stairs; and the same chart as SVG and in a terminal.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Djava.awt.headless=true")
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public class PlotMillion {
    private static final int STEPS = 1_000_000;

    @Param({
        "CosineAnnealingLR(T_max=1000000)",
        "CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=5000)",
        "CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=50)"
    })
    String expression = "";

    private double[] rates = {};

    @Setup
    public void run() {
        rates = Schedule.parse(expression).curve(STEPS, 0.1).toArray();
    }

    private Chart chart() {
        return new Chart("", "step", List.of(new Panel("learning rate", List.of(Series.perStep(expression, rates)))));
    }

    @Benchmark
    public byte[] png() throws IOException {
        return chart().png();
    }

    @Benchmark
    public byte[] svg() throws IOException {
        return chart().svg();
    }

    @Benchmark
    public String text() {
        return chart().text(new Terminal(80, 24, true, false));
    }

    /** Draws the curve with the size, quality and line width of {@link #png}, but without text. */
    @Benchmark
    public byte[] pngOfEveryStep() throws IOException {
        double[][] corners = new double[2][2 * STEPS];
        for (int i = 0; i < STEPS; i++) {
            corners[0][2 * i] = i;
            corners[0][2 * i + 1] = i + 1;
            corners[1][2 * i] = rates[i];
            corners[1][2 * i + 1] = rates[i];
        }
        DefaultXYDataset data = new DefaultXYDataset();
        data.addSeries(expression, corners);
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
        renderer.setDrawSeriesLineAsPath(true);
        renderer.setSeriesPaint(0, Color.BLUE);
        renderer.setSeriesStroke(0, new BasicStroke(1.8f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
        NumberAxis x = new NumberAxis();
        x.setVisible(false);
        NumberAxis y = new NumberAxis();
        y.setVisible(false);
        BufferedImage image = new BufferedImage(1920, 1100, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        g.scale(2, 2);
        new XYPlot(data, x, y, renderer).draw(g, new Rectangle2D.Double(0, 0, 960, 550), null, null, null);
        g.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }
}
