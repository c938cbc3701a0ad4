package org.anneal.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.StepPer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What a run says of itself in {@code run.json}, as far as a page shows it. The file may have been made by anyone: what is
 * not as a run writes it says nothing.
 *
 * @param groups texts of the groups with options of their own
 * @param groupNames what the rates of the groups are called, if the run says it of all of them
 * @param run that the playground shows the schedule in, if it can
 */
record RunInfo(
        String optimizer,
        List<String> groups,
        List<String> groupNames,
        String schedule,
        StepPer stepPer,
        Optional<Run> run) {
    private static final int MOST_BYTES = 64 * 1024;

    /** {@return what the file says, unless it is missing, too long or something else} */
    static Optional<RunInfo> read(Path file) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            return bytes.length > MOST_BYTES ? Optional.empty() : Optional.of(of(Answer.JSON.readTree(bytes)));
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static RunInfo of(JsonNode json) {
        JsonNode config = json.required("config");
        List<String> groups = new ArrayList<>();
        config.required("groups").forEach(group -> groups.add(group.stringValue()));
        String schedule = config.required("schedule").stringValue();
        StepPer stepPer =
                StepPer.valueOf(config.required("step_per").stringValue().toUpperCase(Locale.ROOT));
        String optimizer = config.required("optimizer").stringValue();
        return new RunInfo(
                optimizer, groups, groupNames(json), schedule, stepPer, run(json, optimizer, schedule, stepPer));
    }

    private static List<String> groupNames(JsonNode json) {
        List<String> names = new ArrayList<>();
        for (JsonNode group : json.required("param_groups")) {
            if (!group.path("name").isString()) {
                return List.of();
            }
            names.add(group.path("name").stringValue());
        }
        return names;
    }

    private static Optional<Run> run(JsonNode json, String optimizer, String schedule, StepPer stepPer) {
        List<Double> lr = new ArrayList<>();
        json.required("param_groups")
                .forEach(group -> lr.add(group.required("initial_lr").doubleValue()));
        long epochs = json.required("config").required("epochs").longValue();
        long stepsPerEpoch = json.required("steps_per_epoch").longValue();
        try {
            UpdateRule rule = UpdateRule.parse(optimizer);
            Run run = new Run(
                    lr,
                    rule.momentum(),
                    rule.options().containsKey("betas"),
                    Optional.empty(),
                    Optional.of(epochs),
                    Optional.of(stepsPerEpoch),
                    Optional.of(stepPer),
                    List.of());
            CurveHandler.check(new CurveHandler.Question(schedule, run));
            return Optional.of(run);
        } catch (IllegalArgumentException | Refusal e) {
            return Optional.empty(); // too long a run, too many groups, an optimizer of someone's own
        }
    }
}
