package org.anneal.sweep;

import java.util.Objects;

/**
 * What varies from trial to trial: a choice or a range of the {@link Space}.
 *
 * @param name unique among the parameters that a trial can have together, such as {@code gamma}, or {@code StepLR.gamma} if another
 *     part of the same trial has a gamma too; two families may each have a {@code gamma}
 * @param scale of an axis for its values
 */
public record Parameter(String name, Scale scale) {

    /** How values are laid out on an axis. */
    public enum Scale {
        LINEAR,
        LOG,
        /** Names, or numbers that stand for themselves: one after another. */
        CATEGORY
    }

    public Parameter {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(scale, "scale");
    }
}
