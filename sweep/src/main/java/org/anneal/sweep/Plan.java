package org.anneal.sweep;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.runs.Monitor;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.sweep.Parameter.Scale;
import org.anneal.text.Python;

/**
 * What a sweep does, as its file keeps it.
 *
 * @param space as text
 * @param width digits of a trial's number in a folder's name
 */
record Plan(
        String title,
        String space,
        List<Parameter> parameters,
        Sampler sampler,
        long samplerSeed,
        int repeats,
        long seed,
        int epochs,
        Optional<Halving> halving,
        Monitor monitor,
        int width) {

    List<Integer> rungs() {
        return halving.map(each -> each.rungs(epochs)).orElse(List.of(epochs));
    }

    /** {@return whether a rung begins at epoch 1 again} */
    boolean trainsAnew() {
        return halving.map(Halving::schedule).equals(Optional.of(Halving.Span.RUNG));
    }

    String folder(int trial, int repeat, int rung) {
        String name = String.format(Locale.ROOT, "%0" + width + "d-%d", trial, repeat);
        return trainsAnew() && rung > 0 ? name + "-rung" + rung : name;
    }

    Job job(int trial, List<Map.Entry<String, String>> settings, int repeat, int rung, int attempt) {
        int until = rungs().get(rung);
        return new Job(
                trial,
                repeat,
                rung,
                settings,
                seed + repeat,
                folder(trial, repeat, rung),
                trainsAnew() || rung == 0 ? 0 : rungs().get(rung - 1),
                until,
                trainsAnew() ? until : epochs,
                attempt);
    }

    /** {@return what a sweep that goes on must have in common with this, by the names of the arguments} */
    private Map<String, String> fixed() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("space", space);
        facts.put("sampler", Python.lower(sampler));
        facts.put("sampler_seed", Long.toString(samplerSeed));
        facts.put("repeats", Integer.toString(repeats));
        facts.put("seed", Long.toString(seed));
        facts.put("epochs", Integer.toString(epochs));
        facts.put("halving", halving.map(Halving::toString).orElse("none"));
        facts.put("monitor", monitor.name());
        facts.put("monitor_mode", Python.lower(monitor.mode()));
        return facts;
    }

    /** {@return the facts that a sweep's file keeps} */
    Map<String, String> facts() {
        Map<String, String> facts = fixed();
        facts.put("title", title);
        facts.put("width", Integer.toString(width));
        facts.put(
                "parameters",
                parameters.stream()
                        .map(each -> each.scale().name() + " " + each.name())
                        .collect(Collectors.joining("\n")));
        halving.ifPresent(
                each -> facts.put("halving_numbers", each.eta() + " " + each.minEpochs() + " " + each.schedule()));
        return facts;
    }

    /**
     * Refuses to go on with another sweep's file.
     *
     * @throws IllegalArgumentException if an argument differs from that of the file
     */
    void checkContinues(Plan before, String where) {
        Map<String, String> own = fixed();
        before.fixed().forEach((name, value) -> {
            if (!value.equals(own.get(name))) {
                throw new IllegalArgumentException(
                        name + " must be " + value.replace("\n", ", ") + ", as in the sweep in "
                                + where + ", but was "
                                + Objects.requireNonNull(own.get(name)).replace("\n", ", "));
            }
        });
    }

    /**
     * {@return the plan of a sweep's file}
     *
     * @throws IOException if it lacks a fact
     */
    static Plan of(Map<String, String> facts) throws IOException {
        try {
            List<String> halving = Stream.of(
                            facts.getOrDefault("halving_numbers", "").split(" "))
                    .filter(word -> !word.isEmpty())
                    .toList();
            List<Parameter> parameters = new ArrayList<>();
            SweepStore.fact(facts, "parameters")
                    .lines()
                    .map(line -> line.split(" ", 2))
                    .forEach(words -> parameters.add(new Parameter(words[1], Scale.valueOf(words[0]))));
            return new Plan(
                    SweepStore.fact(facts, "title"),
                    SweepStore.fact(facts, "space"),
                    parameters,
                    Sampler.valueOf(SweepStore.fact(facts, "sampler").toUpperCase(Locale.ROOT)),
                    Long.parseLong(SweepStore.fact(facts, "sampler_seed")),
                    Integer.parseInt(SweepStore.fact(facts, "repeats")),
                    Long.parseLong(SweepStore.fact(facts, "seed")),
                    Integer.parseInt(SweepStore.fact(facts, "epochs")),
                    halving.isEmpty()
                            ? Optional.empty()
                            : Optional.of(new Halving(
                                    Integer.parseInt(halving.get(0)),
                                    Integer.parseInt(halving.get(1)),
                                    Halving.Span.valueOf(halving.get(2)))),
                    new Monitor(
                            SweepStore.fact(facts, "monitor"),
                            Mode.valueOf(SweepStore.fact(facts, "monitor_mode").toUpperCase(Locale.ROOT))),
                    Integer.parseInt(SweepStore.fact(facts, "width")));
        } catch (NullPointerException | IllegalArgumentException e) {
            throw new IOException(SweepStore.FILE + " lacks a fact of its sweep: " + e.getMessage(), e);
        }
    }
}
