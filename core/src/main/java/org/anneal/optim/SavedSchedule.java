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
 * The schedule behind PyTorch's {@code scheduler.state_dict()}. The dict does not name it, but each kind has its own entries, and
 * these and the optimizer's groups determine all arguments except functions.
 *
 * @param text the constructor call without its optimizer; a name in capitals stands for an argument that was not saved
 * @param gaps a clause for each such name that explains it; empty if the text is complete
 */
public record SavedSchedule(String text, List<String> gaps) {
    public SavedSchedule {
        Objects.requireNonNull(text, "text");
        gaps = Check.list("gaps", gaps);
    }

    /**
     * Tells which schedule a state was saved from. If several have the same rates, as with milestones in another order, it is one
     * of them. A CyclicLR's {@code scale_fn} that is a plain function is not saved: it is noticed once the rate differs from that
     * of the mode.
     *
     * @param state {@code scheduler.state_dict()}, of PyTorch 1.8 or later
     * @param groups {@code optimizer.state_dict()["param_groups"]}, where OneCycleLR and SWALR keep their rates; may be empty
     * @throws IllegalArgumentException if it is not a state of PyTorch's schedulers, or is damaged
     */
    public static SavedSchedule of(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        SavedCall call = new SavedCall(
                SavedGroup.plain(Objects.requireNonNull(state, "state")),
                Check.list("groups", groups).stream().map(SavedGroup::plain).toList());
        return new SavedSchedule(call.text(), call.gaps());
    }

    /** {@return whether {@code dict} looks like a state of PyTorch's schedulers, and not like an optimizer's} */
    public static boolean looksLike(Map<?, ?> dict) {
        return !Objects.requireNonNull(dict, "dict").containsKey("param_groups")
                && Stream.of("_last_lr", "last_epoch", "_step_count", "_schedulers", "num_bad_epochs")
                                .filter(dict::containsKey)
                                .count()
                        >= 2;
    }

    /** {@return the step count of {@code state}, if it has one} */
    public static Optional<Long> steps(Map<?, ?> state) {
        return SavedCall.steps(Objects.requireNonNull(state, "state"));
    }

    /** Refuses a state that was saved from another schedule. */
    void check(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        SavedSchedule other = of(state, groups);
        if (gaps.isEmpty() && other.gaps.isEmpty() && !text.equals(other.text)) {
            throw new IllegalArgumentException("the state was saved under " + other.text + ", not under " + text);
        }
    }

    /**
     * {@return the schedule}
     *
     * @throws IllegalArgumentException if an argument was not saved
     */
    Policy whole() {
        return policy().orElseThrow(() ->
                new IllegalArgumentException("the state must hold every argument of the schedule, but it is " + this));
    }

    /** {@return the schedule, empty if an argument was not saved} */
    public Optional<Policy> policy() {
        return gaps.isEmpty() ? Optional.of(Policy.parse(text)) : Optional.empty();
    }

    @Override
    public String toString() {
        return text + (gaps.isEmpty() ? "" : ", where " + String.join(", and ", gaps));
    }
}
