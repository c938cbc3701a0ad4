package org.anneal.web;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.anneal.schedule.StepPer;

/**
 * {@code POST /api/train} starts a training with a schedule of the playground, or only tells the command line that it would be;
 * {@code POST /api/train/stop} stops one. A page chooses from what is listed here: no other option, file or folder.
 */
final class TrainHandler {
    private static final Duration LIMIT = Duration.ofSeconds(6);
    private static final long BEGIN_SECONDS = 180; // libtorch is loaded and the data read
    private static final List<String> DATA = List.of("fashion-mnist-subset", "fashion-mnist");
    private static final List<String> MODELS = List.of("tutorial", "linear", "mlp:64,64", "resnet8", "resnet20");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.,:/-]+");

    /**
     * A training that a page asks for: a {@link Piece}, the run that the page shows it in, and what it is trained on.
     *
     * @param limit batches of an epoch
     * @param start whether to start it; otherwise only its command line is told
     */
    record Wanted(
            String expression,
            Map<String, String> set,
            Optional<String> pick,
            Conditions run,
            String data,
            String model,
            Optional<Long> epochs,
            Optional<Long> limit,
            Optional<Long> batchSize,
            Optional<Long> seed,
            boolean start) {
        Wanted {
            if (expression == null || run == null) {
                throw new IllegalArgumentException("the request must have an expression and a run");
            }
            checkListed("data", DATA, data);
            checkListed("model", MODELS, model);
        }

        private static void checkListed(String name, List<String> listed, String value) {
            if (!listed.contains(Objects.requireNonNullElse(value, ""))) {
                throw new IllegalArgumentException(
                        name + " must be one of " + String.join(", ", listed) + ", but was " + value);
            }
        }

        /**
         * {@return the options of {@code anneal train}, each with its value}
         *
         * @throws Refusal if the schedule cannot be read, or its optimizer has several groups
         */
        List<Option> options(Lanes lanes) throws Refusal {
            Piece piece = new Piece(expression, set, pick);
            run.check();
            piece.check();
            Reading reading;
            try (Lanes.Turn turn = lanes.new Turn(LIMIT)) {
                reading = Reading.of(piece, run, turn);
            } catch (Reading.Misread e) {
                throw new Refusal(400, e.problem().message());
            }
            if (reading.groups().size() > 1) {
                throw new Refusal(
                        400,
                        "a training from here must have one base lr, but there are "
                                + reading.groups().size());
            }
            StepPer unit =
                    run.steps().isPresent() ? StepPer.BATCH : run.stepPer().orElse(StepPer.BATCH);
            List<Option> options = new ArrayList<>();
            options.add(new Option("--schedule", expression));
            for (String name : reading.names()) {
                String value = piece.set().getOrDefault(name, "");
                if (!value.isBlank()) {
                    options.add(new Option("--set", name + "=" + value));
                }
            }
            pick.ifPresent(name -> options.add(new Option("--pick", name)));
            options.add(new Option("--optimizer", reading.groups().get(0).toString()));
            options.add(new Option("--step-per", unit == StepPer.EPOCH ? "epoch" : "batch"));
            epochs.ifPresent(n -> options.add(new Option("--epochs", n.toString())));
            limit.ifPresent(n -> options.add(new Option("--limit", n.toString())));
            batchSize.ifPresent(n -> options.add(new Option("--batch-size", n.toString())));
            options.add(new Option("--data", data));
            options.add(new Option("--model", model));
            seed.ifPresent(n -> options.add(new Option("--seed", n.toString())));
            return options;
        }
    }

    /** An option of {@code anneal train}. */
    record Option(String name, String value) {
        /** {@return this as one argument, of which a value can make no other} */
        String argument() {
            return name + "=" + value;
        }

        /** {@return this as a shell reads it} */
        String quoted() {
            return name + " " + (PLAIN.matcher(value).matches() ? value : "'" + value.replace("'", "'\\''") + "'");
        }
    }

    /**
     * What is or would be started.
     *
     * @param line the command line of it
     * @param folder in which it has a folder of its own
     * @param run its name, if it has begun
     */
    record Told(String line, String folder, Optional<String> run) {}

    /** A run to stop. */
    record Stopped(String run) {
        Stopped {
            if (run == null) {
                throw new IllegalArgumentException("the request must have a run");
            }
        }
    }

    private final Optional<Trainings> trainings;
    private final Lanes lanes;
    private final Deadlines deadlines;

    /**
     * @param trainings what starts them, if that is allowed
     */
    TrainHandler(Optional<Trainings> trainings, Lanes lanes, Deadlines deadlines) {
        this.trainings = trainings;
        this.lanes = lanes;
        this.deadlines = deadlines;
    }

    void start(Exchange exchange) throws Refusal {
        Answer.require(exchange, "POST");
        Trainings allowed = allowed();
        Wanted wanted = Answer.read(exchange, Wanted.class);
        List<Option> options = wanted.options(lanes);
        String line = "./anneal train " + options.stream().map(Option::quoted).collect(Collectors.joining(" "));
        Optional<String> run = Optional.empty();
        if (wanted.start()) {
            deadlines.set(exchange.request(), BEGIN_SECONDS);
            run = Optional.of(
                    begin(allowed, options.stream().map(Option::argument).toList()));
        }
        Answer.json(exchange, new Told(line, allowed.folder(), run));
    }

    private static String begin(Trainings trainings, List<String> arguments) throws Refusal {
        try {
            return trainings.start(arguments);
        } catch (IllegalArgumentException e) {
            throw new Refusal(400, Answer.reason(e));
        } catch (IllegalStateException e) {
            throw new Refusal(409, Answer.reason(e));
        } catch (IOException e) {
            throw new Refusal(500, Answer.reason(e));
        }
    }

    void stop(Exchange exchange) throws Refusal {
        Answer.require(exchange, "POST");
        Trainings allowed = allowed();
        Stopped asked = Answer.read(exchange, Stopped.class);
        if (!allowed.stop(asked.run())) {
            throw new Refusal(
                    409, "run must be one that this server started and that is running, but was '" + asked.run() + "'");
        }
        Answer.json(exchange, asked);
    }

    private Trainings allowed() throws Refusal {
        return trainings.orElseThrow(
                () -> new Refusal(403, "this server starts no trainings: start it with anneal serve --allow-train"));
    }
}
