package org.anneal.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.StepPer;

/**
 * What a run was started with. Its checkpoints keep it, so that the run can be resumed without saying it again, and so that
 * nothing else is taken for it; {@code run.json} tells it whoever looks at the run.
 *
 * @param model name of the network
 * @param data what the samples were read from
 * @param trainSize how many samples there are to train on
 * @param validationSize how many there are to validate
 * @param optimizer text of the main options
 * @param groups texts of the groups with options of their own
 * @param schedule text, without units
 * @param scheduleGiven text that {@code schedule} was read from, whose lengths may be parts of the run, such as 100%: of a
 *     run that is made longer they are longer
 * @param stepPer when the schedule is stepped
 * @param epochs how often the data is to be gone through
 * @param batchSize samples of a batch
 * @param limit batches of an epoch, if not all
 * @param seed of the first weights and the order of the samples
 * @param threads of libtorch, on which the last bits depend
 * @param saveEvery batches between checkpoints, if there are any within an epoch
 * @param keep how many checkpoints stay
 * @param patience epochs without a better validation loss that end the run
 * @param restoreBest whether it goes back to the best weights at the end
 * @param onNan what it does about a loss that is not finite
 */
public record RunConfig(
        String model,
        String data,
        long trainSize,
        long validationSize,
        String optimizer,
        List<String> groups,
        String schedule,
        String scheduleGiven,
        StepPer stepPer,
        int epochs,
        int batchSize,
        OptionalInt limit,
        long seed,
        int threads,
        OptionalInt saveEvery,
        int keep,
        OptionalInt patience,
        boolean restoreBest,
        OnNan onNan) {

    public RunConfig {
        groups = List.copyOf(groups);
    }

    /** {@return the batches of an epoch, each of which is a step of the optimizer} */
    public long stepsPerEpoch() {
        long all = RunLength.of(trainSize, batchSize, epochs).stepsPerEpoch();
        return Math.min(all, limit.orElse(Integer.MAX_VALUE));
    }

    Map<String, Object> toDict() {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("model", model);
        dict.put("data", data);
        dict.put("train_size", trainSize);
        dict.put("validation_size", validationSize);
        dict.put("optimizer", optimizer);
        dict.put("groups", groups);
        dict.put("schedule", schedule);
        dict.put("schedule_given", scheduleGiven);
        dict.put("step_per", stepPer.name().toLowerCase(Locale.ROOT));
        dict.put("epochs", (long) epochs);
        dict.put("batch_size", (long) batchSize);
        dict.put("limit", Dict.orNone(limit));
        dict.put("seed", seed);
        dict.put("threads", (long) threads);
        dict.put("save_every", Dict.orNone(saveEvery));
        dict.put("keep", (long) keep);
        dict.put("patience", Dict.orNone(patience));
        dict.put("restore_best", restoreBest);
        dict.put("on_nan", onNan.name().toLowerCase(Locale.ROOT));
        return dict;
    }

    static RunConfig of(Dict dict) {
        return new RunConfig(
                dict.text("model"),
                dict.text("data"),
                dict.whole("train_size"),
                dict.whole("validation_size"),
                dict.text("optimizer"),
                dict.texts("groups"),
                dict.text("schedule"),
                // Earlier files have neither this one nor on_nan.
                dict.text(dict.find("schedule_given").isPresent() ? "schedule_given" : "schedule"),
                dict.text("step_per").equals("batch") ? StepPer.BATCH : StepPer.EPOCH,
                dict.count("epochs"),
                dict.count("batch_size"),
                dict.optionalCount("limit"),
                dict.whole("seed"),
                dict.count("threads"),
                dict.optionalCount("save_every"),
                dict.count("keep"),
                dict.optionalCount("patience"),
                dict.truth("restore_best"),
                dict.find("on_nan").equals(Optional.of("continue")) ? OnNan.CONTINUE : OnNan.STOP);
    }
}
