package org.anneal.web;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anneal.optim.UpdateRule;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;

/** {@code POST /api/picture}: a page's schedules in one PNG or SVG, as {@code anneal plot} draws them. */
final class PictureHandler {
    private static final Duration LIMIT = Duration.ofSeconds(6);
    private static final int MOST_SCHEDULES = 12;
    /** The memory that a picture needs beside its curves' values, counted in values: its pixels, and those of a legend entry. */
    private static final long PIXELS = 1_000_000;

    private static final long LEGEND_PIXELS = 50_000;

    /** A client's request. */
    record Question(List<Piece> expressions, Conditions run, Format format, boolean log, boolean momentum) {}

    /** A file format. */
    enum Format {
        PNG,
        SVG
    }

    /** Ends a drawing that takes too long. */
    private static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient Refusal refusal;

        Ended(Refusal refusal) {
            super(refusal);
            this.refusal = refusal;
        }
    }

    private final Lanes lanes;

    PictureHandler(Lanes lanes) {
        this.lanes = lanes;
    }

    void handle(Exchange exchange) throws IOException, Refusal {
        Question question = Answer.read(exchange, Question.class);
        if (question.expressions() == null
                || question.run() == null
                || question.format() == null
                || question.expressions().isEmpty()
                || question.expressions().size() > MOST_SCHEDULES) {
            throw new Refusal(
                    400,
                    "a picture must have 1 to " + MOST_SCHEDULES + " expressions, a run, and the format PNG or SVG");
        }
        question.run().check();
        for (Piece piece : question.expressions()) {
            if (piece == null || piece.expression() == null) {
                throw new Refusal(400, "the expressions of a picture must be strings, or objects with an expression");
            }
            piece.check();
        }
        List<Reading> readings;
        try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
            readings = read(question, turn);
        }
        if (values(question, readings) > Conditions.MOST_VALUES) {
            throw new Refusal(400, "steps times schedules must be at most " + Conditions.MOST_VALUES + " in a picture");
        }
        int reserved = lanes.reserve(needs(question, readings));
        try {
            byte[] picture;
            try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
                picture = draw(question, readings, turn);
            }
            Answer.send(exchange, question.format() == Format.PNG ? "image/png" : "image/svg+xml", picture);
        } finally {
            lanes.release(reserved);
        }
    }

    /** {@return what the expressions say} */
    static List<Reading> read(Question question, Lanes.Turn turn) throws Refusal {
        List<Reading> readings = new ArrayList<>();
        for (Piece piece : question.expressions()) {
            try {
                readings.add(Reading.of(piece, question.run(), turn));
            } catch (Reading.Misread e) {
                throw new Refusal(422, Answer.reason(e));
            }
        }
        return readings;
    }

    private static long values(Question question, List<Reading> readings) {
        return readings.stream()
                .mapToLong(reading -> question.run().values(reading.groups().size()))
                .sum();
    }

    /** {@return the memory for a picture, in values} Only one that needs much is drawn at a time, beside others that need little. */
    static long needs(Question question, List<Reading> readings) {
        long series =
                readings.stream().mapToLong(reading -> reading.groups().size()).sum();
        return Math.min(values(question, readings) + PIXELS + LEGEND_PIXELS * series, Conditions.MOST_VALUES + 1);
    }

    /**
     * {@return the bytes of a picture}
     *
     * @throws Refusal if an expression does not fit the run or ends before it, or drawing takes longer than {@code turn} may
     */
    static byte[] draw(Question question, List<Reading> readings, Lanes.Turn turn) throws IOException, Refusal {
        Runnable look = () -> {
            try {
                turn.check(1);
            } catch (Refusal tooLong) {
                throw new Ended(tooLong);
            }
        };
        try {
            Chart chart = chart(question, readings, turn);
            return question.format() == Format.PNG ? chart.png(look) : chart.svg(look);
        } catch (Ended e) {
            throw e.refusal;
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            throw new Refusal(422, Answer.reason(e));
        }
    }

    private static Chart chart(Question question, List<Reading> readings, Lanes.Turn turn) throws Refusal {
        Conditions run = question.run();
        List<Series> rates = new ArrayList<>();
        List<Series> momenta = new ArrayList<>();
        boolean titled = readings.size() == 1;
        String title = "";
        for (Reading reading : readings) {
            Curves curves = Curves.of(reading, run, turn);
            List<UpdateRule> groups = reading.groups();
            String policy = curves.call.policy().toString();
            title = titled ? policy : "";
            for (int group = 0; group < groups.size(); group++) {
                String lr = "lr " + Python.repr(groups.get(group).lr());
                String label = groups.size() == 1 ? policy : titled ? lr : policy + ", " + lr;
                rates.add(Series.stairs(label, edges(run, curves.rows()), curves.rates[group]));
            }
            momenta.add(Series.stairs(policy, edges(run, curves.rows()), curves.momentum));
        }
        List<Panel> panels = new ArrayList<>(List.of(new Panel("learning rate", question.log(), rates)));
        if (question.momentum()) {
            panels.add(new Panel(run.adam() ? "beta1" : "momentum", momenta));
        }
        return new Chart(title, run.length().isPresent() ? "epoch" : "step", panels);
    }

    /** {@return the edges of the steps on the horizontal axis} */
    private static double[] edges(Conditions run, int rows) {
        double perEpoch = run.length()
                .filter(length -> length.stepPer() == StepPer.BATCH)
                .map(RunLength::stepsPerEpoch)
                .orElse(1L);
        double[] edges = new double[rows + 1];
        Arrays.setAll(edges, i -> i / perEpoch);
        return edges;
    }
}
