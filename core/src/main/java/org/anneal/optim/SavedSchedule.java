package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.SavedCall;
import org.anneal.text.Check;

/**
 * The schedule that PyTorch's {@code scheduler.state_dict()} is of. The dict does not name it, but each kind has entries of
 * its own, and from these and the optimizer's groups all arguments follow, but for functions.
 *
 * @param text the constructor call without its optimizer; a name in capitals stands for what was not saved
 * @param gaps what each such name stands for, a clause each; empty if the text is the whole schedule
 */
public record SavedSchedule(String text, List<String> gaps) {
    public SavedSchedule {
        Objects.requireNonNull(text, "text");
        gaps = Check.list("gaps", gaps);
    }

    /**
     * Reads which schedule a state is of. Where several have the same rates, as with milestones in another order, it is one of
     * them. A CyclicLR's {@code scale_fn} that is a plain function leaves nothing in the state but the rate: it is known of
     * as soon as that is not the rate of the mode.
     *
     * @param state {@code scheduler.state_dict()}, of PyTorch 1.8 or later
     * @param groups {@code optimizer.state_dict()["param_groups"]}, in which OneCycleLR and SWALR keep their rates; they may
     *     be missing
     * @throws IllegalArgumentException if it is of none of PyTorch's schedulers, or is damaged
     */
    public static SavedSchedule of(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        SavedCall call = new SavedCall(
                SavedGroup.plain(Objects.requireNonNull(state, "state")),
                Check.list("groups", groups).stream().map(SavedGroup::plain).toList());
        return new SavedSchedule(call.text(), call.gaps());
    }

    /** {@return whether {@code dict} has entries that all of PyTorch's schedulers have, and is no optimizer's state} */
    public static boolean looksLike(Map<?, ?> dict) {
        return !Objects.requireNonNull(dict, "dict").containsKey("param_groups")
                && Stream.of("_last_lr", "last_epoch", "_step_count", "_schedulers", "num_bad_epochs")
                                .filter(dict::containsKey)
                                .count()
                        >= 2;
    }

    /** {@return how often the scheduler of {@code state} was stepped, if the state says it} */
    public static Optional<Long> steps(Map<?, ?> state) {
        return SavedCall.steps(Objects.requireNonNull(state, "state"));
    }

    /** Refuses a state that says it is of another schedule. */
    void check(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        SavedSchedule other = of(state, groups);
        if (gaps.isEmpty() && other.gaps.isEmpty() && !text.equals(other.text)) {
            throw new IllegalArgumentException("it is not " + text);
        }
    }

    /**
     * {@return the schedule}
     *
     * @throws IllegalArgumentException if something of it is missing
     */
    Policy whole() {
        return policy().orElseThrow(() ->
                new IllegalArgumentException("the state must say all of the schedule, but it is " + this));
    }

    /** {@return the schedule, if nothing of it is missing} */
    public Optional<Policy> policy() {
        return gaps.isEmpty() ? Optional.of(Policy.parse(text)) : Optional.empty();
    }

    @Override
    public String toString() {
        return text + (gaps.isEmpty() ? "" : ", where " + String.join(", and ", gaps));
    }
}
