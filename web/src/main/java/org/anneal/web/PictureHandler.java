package org.anneal.web;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.schedule.Python;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.StepPer;

/** {@code POST /api/picture}: the schedules of a page in one PNG or SVG, drawn as {@code anneal plot} draws them. */
final class PictureHandler {
    private static final Duration LIMIT = Duration.ofSeconds(6);
    private static final int MOST_SCHEDULES = 12;

    /** What a client asks. */
    record Question(List<String> expressions, Run run, Format format, boolean log, boolean momentum) {}

    /** What a picture is written as. */
    enum Format {
        PNG,
        SVG
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
                    400, "a picture must be of 1 to " + MOST_SCHEDULES + " expressions in a run, as PNG or SVG");
        }
        for (String expression : question.expressions()) {
            CurveHandler.check(new CurveHandler.Question(expression, question.run()));
        }
        long values = question.run().values() * question.expressions().size();
        if (values > Run.MOST_VALUES) {
            throw new Refusal(400, "steps times schedules must be at most " + Run.MOST_VALUES + " in a picture");
        }
        // What a picture holds on top of its values is for one at a time.
        int reserved = lanes.reserve(Math.max(values, Run.MOST_VALUES + 1));
        try {
            Chart chart = chart(question);
            if (question.format() == Format.PNG) {
                Answer.send(exchange, "image/png", chart.png());
            } else {
                Answer.send(exchange, "image/svg+xml", chart.svg());
            }
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            throw new Refusal(422, Answer.reason(e));
        } finally {
            lanes.release(reserved);
        }
    }

    private Chart chart(Question question) throws Refusal {
        Run run = question.run();
        List<Series> rates = new ArrayList<>();
        List<Series> momenta = new ArrayList<>();
        for (String expression : question.expressions()) {
            Curves curves = curves(expression, run);
            String policy = curves.call().policy().toString();
            for (int group = 0; group < run.lr().size(); group++) {
                String label = policy
                        + (run.lr().size() == 1
                                ? ""
                                : ", lr " + Python.repr(run.lr().get(group)));
                rates.add(Series.stairs(label, edges(run, curves.rows()), curves.rates(group)));
            }
            momenta.add(Series.stairs(policy, edges(run, curves.rows()), curves.momentum()));
        }
        List<Panel> panels = new ArrayList<>(List.of(new Panel("learning rate", question.log(), rates)));
        if (question.momentum()) {
            panels.add(new Panel(run.adam() ? "beta1" : "momentum", momenta));
        }
        String title = question.expressions().size() == 1 ? rates.get(0).label() : "";
        return new Chart(title, run.length().isPresent() ? "epoch" : "step", panels);
    }

    private Curves curves(String expression, Run run) throws Refusal {
        try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
            return Curves.of(expression, run, turn);
        }
    }

    /** Where the steps begin and end on the horizontal axis. */
    private static double[] edges(Run run, int rows) {
        double perEpoch = run.length()
                .filter(length -> length.stepPer() == StepPer.BATCH)
                .map(RunLength::stepsPerEpoch)
                .orElse(1L);
        double[] edges = new double[rows + 1];
        Arrays.setAll(edges, i -> i / perEpoch);
        return edges;
    }
}
