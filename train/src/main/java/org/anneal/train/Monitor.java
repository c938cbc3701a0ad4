package org.anneal.train;

import java.util.Objects;
import org.anneal.runs.RunListener;
import org.anneal.schedule.ReduceLROnPlateau.Mode;

/**
 * The number of an epoch that early stopping, the best checkpoint and a plateau watch.
 *
 * @param name of its column: {@code train_loss}, or one of the epoch's metrics, such as {@code val_accuracy}
 * @param mode which way it gets better
 */
public record Monitor(String name, Mode mode) {
    /** The validation loss: the default. */
    public static final Monitor VAL_LOSS = new Monitor("val_loss", Mode.MIN);

    public Monitor {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(mode, "mode");
    }

    /** {@return the number of {@code epoch}; NaN if it has none} */
    public double of(RunListener.Epoch epoch) {
        return epoch.metric(name);
    }

    /** {@return whether {@code value} is better than {@code than}; NaN is worse than any number} */
    boolean isBetter(double value, double than) {
        if (Double.isNaN(value)) {
            return false;
        }
        return Double.isNaN(than) || (mode == Mode.MIN ? value < than : value > than);
    }

    /** {@return its name in words, such as validation loss} */
    public String inWords() {
        return name.replaceFirst("(^|_)val_", "$1validation_")
                .replaceFirst("^train_", "training_")
                .replace('_', ' ');
    }
}
