package org.anneal.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.SavedSchedule;
import org.anneal.schedule.StepPer;

/**
 * The parts of a training checkpoint, found under the keys that programs use: Anneal's, those of PyTorch's tutorials and
 * examples, torchvision's references, Lightning, and others.
 */
public final class CheckpointParts {
    /** Keys of the weights. */
    public static final List<String> MODEL = List.of(
            "model",
            "state_dict",
            "model_state_dict",
            "model_state",
            "model_dict",
            "net",
            "net_state_dict",
            "network",
            "network_state_dict",
            "module", // DeepSpeed
            "weights",
            "params"); // BasicSR

    private static final List<String> OPTIMIZER = List.of(
            "optimizer",
            "optimizer_state_dict",
            "optimizer_state",
            "optimizer_dict",
            "optim",
            "optim_state_dict",
            "opt",
            "opt_state_dict",
            "optimizer_states", // Lightning, a list
            "optimizers");
    private static final List<String> SCHEDULER = List.of(
            "scheduler",
            "scheduler_state_dict",
            "scheduler_state",
            "scheduler_dict",
            "lr_scheduler", // torchvision
            "lr_scheduler_state_dict",
            "lr_scheduler_state",
            "sched",
            "lr_sched",
            "lr_schedulers", // Lightning, a list
            "schedulers");

    // Put before the names by DistributedDataParallel, torch.compile, and a class around the network.
    private static final List<String> PREFIXES = List.of("module.", "_orig_mod.", "model.");

    private final Dict root;

    /** The parts of a file's dict. */
    public CheckpointParts(Map<?, ?> root) {
        this.root = new Dict("", root);
    }

    /** {@return whether a checkpoint has something else than an average under {@code key}} */
    static boolean isKey(String key) {
        return Stream.of(MODEL, OPTIMIZER, SCHEDULER, List.of("epoch", "step", "global_step", "anneal"))
                .anyMatch(keys -> keys.contains(key));
    }

    /** {@return the keys of weights: {@code model} alone if it is there; several if the file has several networks} */
    public List<String> models() {
        List<String> keys = MODEL.stream()
                .filter(key -> root.entries().get(key) instanceof Map<?, ?> map
                        && map.values().stream().anyMatch(TensorData.class::isInstance))
                .toList();
        boolean model =
                keys.contains("model") || (keys.isEmpty() && root.entries().get("model") instanceof Map<?, ?>);
        return model ? List.of("model") : keys;
    }

    /** {@return the optimizers' states} */
    public List<Map<?, ?>> optimizers() {
        return root.entries().containsKey("param_groups") ? List.of(root.entries()) : dicts(OPTIMIZER);
    }

    /** {@return the schedulers' states; the file itself, if it is one} */
    public List<Map<?, ?>> schedulers() {
        return SavedSchedule.looksLike(root.entries()) ? List.of(root.entries()) : dicts(SCHEDULER);
    }

    /**
     * {@return the schedule of one of the {@link #schedulers}}
     *
     * @throws IllegalArgumentException if it is not the state of a PyTorch scheduler; the message says why
     */
    public SavedSchedule schedule(Map<?, ?> scheduler) {
        return SavedSchedule.of(scheduler, groupsOf(scheduler));
    }

    /** {@return the parameter groups of one of the {@link #schedulers}, if the file has them} */
    List<Map<?, ?>> groupsOf(Map<?, ?> scheduler) {
        List<Map<?, ?>> optimizers = optimizers();
        int i = schedulers().size() == optimizers.size() ? schedulers().indexOf(scheduler) : 0;
        return i < optimizers.size() ? groups(optimizers.get(i)) : List.of();
    }

    /** {@return the parameter groups in an optimizer's state} */
    static List<Map<?, ?>> groups(Map<?, ?> optimizer) {
        List<Map<?, ?>> groups = new ArrayList<>();
        if (optimizer.get("param_groups") instanceof List<?> list) {
            list.forEach(each -> {
                if (each instanceof Map<?, ?> group) {
                    groups.add(group);
                }
            });
        }
        return groups;
    }

    /**
     * {@return how many epochs were finished} Some programs save this count, others the index of the last epoch, from 0. Lightning
     * keeps the count elsewhere; otherwise the scheduler's counter decides, if it was stepped per epoch or per batch.
     *
     * @param batches per epoch, or 0 if unknown
     * @throws IllegalArgumentException if there is no {@code epoch}
     */
    int epochs(long batches) {
        int epoch = root.number("epoch");
        if (root.find("anneal").isPresent()) {
            return epoch;
        }
        Optional<Object> processed = Optional.of(root.entries());
        for (String key : List.of("loops", "fit_loop", "epoch_progress", "current", "processed")) {
            processed = processed.flatMap(
                    each -> each instanceof Map<?, ?> map ? Optional.ofNullable(map.get(key)) : Optional.empty());
        }
        if (processed.isPresent() && processed.get() instanceof Long count && count >= 0 && count <= epoch + 1L) {
            return count.intValue();
        }
        long steps = steps().orElse((long) epoch);
        boolean counted = !isTorchvisions() && (steps == epoch || (batches > 0 && steps == epoch * batches));
        boolean index = steps == epoch + 1L || (batches > 0 && steps == (epoch + 1L) * batches) || isTorchvisions();
        return !counted && index && epoch < Integer.MAX_VALUE ? epoch + 1 : epoch;
    }

    /** {@return whether the file's epoch is the index of the last epoch, from 0, rather than a count} */
    public boolean countsFromZero() {
        return root.entries().get("epoch") instanceof Long epoch && epoch >= 0 && epoch < epochs(0);
    }

    /** {@return whether the keys are those of torchvision's references, which count epochs from 0} */
    private boolean isTorchvisions() {
        return Stream.of("model", "optimizer", "lr_scheduler", "args")
                .allMatch(key -> root.entries().get(key) instanceof Map<?, ?>);
    }

    /** {@return how many optimizer steps were made, if the file has that} */
    Optional<Long> optimizerSteps() {
        return Stream.of("step", "global_step")
                .filter(key -> root.entries().get(key) instanceof Long steps && steps >= 0)
                .findFirst()
                .map(root::whole);
    }

    /** {@return how often the scheduler was stepped, if there is exactly one} */
    private Optional<Long> steps() {
        List<Map<?, ?>> schedulers = schedulers();
        return schedulers.size() == 1 ? SavedSchedule.steps(schedulers.get(0)) : Optional.empty();
    }

    /** {@return when the scheduler was stepped, if there is one: more steps than epochs mean per batch} */
    Optional<StepPer> stepPer() {
        boolean plateau = schedulers().stream().anyMatch(state -> state.containsKey("num_bad_epochs"));
        return steps().map(steps -> steps > epochs(0) && !plateau ? StepPer.BATCH : StepPer.EPOCH);
    }

    /** {@return the dicts under the first key of {@code names} that has any} */
    private List<Map<?, ?>> dicts(List<String> names) {
        List<Map<?, ?>> dicts = new ArrayList<>();
        for (String name : names) {
            Object value = root.find(name).orElse(List.of());
            for (Object each : value instanceof List<?> list ? list : List.of(value)) {
                if (each instanceof Map<?, ?> dict && !dict.isEmpty()) {
                    dicts.add(dict);
                }
            }
            if (!dicts.isEmpty()) {
                break;
            }
        }
        return dicts;
    }

    /** {@return the wrapper prefixes that all {@code names} begin with, such as {@code module.}; may be empty} */
    public static String prefix(Iterable<?> names) {
        String prefix = "";
        while (true) {
            String before = prefix;
            Optional<String> next =
                    PREFIXES.stream().filter(each -> all(names, before + each)).findFirst();
            if (next.isEmpty()) {
                return prefix;
            }
            prefix += next.get();
        }
    }

    private static boolean all(Iterable<?> names, String prefix) {
        int count = 0;
        for (Object each : names) {
            if (!(each instanceof String name) || !name.startsWith(prefix) || name.length() == prefix.length()) {
                return false;
            }
            count++;
        }
        return count > 0;
    }

    /** {@return {@code dict} with {@code prefix} removed from its names, which must all have it} */
    public static <T> Map<String, T> without(String prefix, Map<?, T> dict) {
        Map<String, T> shorter = new LinkedHashMap<>();
        dict.forEach((name, value) -> shorter.put(String.valueOf(name).substring(prefix.length()), value));
        return shorter;
    }
}
