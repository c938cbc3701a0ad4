package org.anneal.runs;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.anneal.schedule.ReduceLROnPlateau.Mode;

/**
 * The number of an epoch that early stopping, the best checkpoint, a plateau and pictures watch.
 *
 * @param name of its column: {@code train_loss}, or one of the epoch's metrics, such as {@code val_accuracy}
 * @param mode which way it gets better
 */
public record Monitor(String name, Mode mode) {
    /** The validation loss: the default. */
    public static final Monitor VAL_LOSS = new Monitor("val_loss", Mode.MIN);

    /** The column of the loss of training, which every epoch has. */
    public static final String TRAIN_LOSS = RunTable.TRAIN_LOSS;

    /** Words in the names of metrics of which more is better; digits behind them do not count, as in {@code top5}. */
    private static final Set<String> MORE_IS_BETTER = Set.of(
            "accuracy",
            "acc",
            "top",
            "auc",
            "auroc",
            "auprc",
            "ap",
            "map",
            "f",
            "precision",
            "recall",
            "sensitivity",
            "specificity",
            "iou",
            "miou",
            "dice",
            "kappa",
            "mcc",
            "r",
            "correlation",
            "pearson",
            "spearman",
            "bleu",
            "rouge",
            "psnr",
            "ssim",
            "ndcg",
            "mrr",
            "hits",
            "score",
            "reward",
            "likelihood");

    public Monitor {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(mode, "mode");
    }

    /**
     * {@return the column, of which more is better if its name says so, as that of {@code val_accuracy}, {@code top5} or
     * {@code val_f1} does, and else less}
     */
    public static Monitor named(String column) {
        boolean more = Stream.of(column.split("_", -1))
                .anyMatch(word -> MORE_IS_BETTER.contains(word.replaceAll("\\d+$", "")));
        return new Monitor(column, more ? Mode.MAX : Mode.MIN);
    }

    /**
     * {@return what tells the best epoch of a run: what its settings name; else {@code val_loss}, its first metric, or
     * {@code train_loss}, whichever it has}
     *
     * @param metrics the run's
     * @param summary its settings, if they are known
     */
    static Monitor of(Collection<String> metrics, Optional<RunConfig.Summary> summary) {
        return summary.flatMap(RunConfig.Summary::monitor)
                .filter(set -> set.name().equals(TRAIN_LOSS) || metrics.contains(set.name()))
                .or(() -> Optional.of(VAL_LOSS).filter(usual -> metrics.contains(usual.name())))
                .or(() -> metrics.stream().findFirst().map(Monitor::named))
                .orElseGet(() -> named(TRAIN_LOSS));
    }

    /** {@return the number of {@code epoch}; NaN if it has none} */
    public double of(RunListener.Epoch epoch) {
        return epoch.metric(name);
    }

    /** {@return whether {@code epoch} has the number, as it has an average's only once the average has begun} */
    public boolean isIn(RunListener.Epoch epoch) {
        return name.equals(TRAIN_LOSS) || epoch.metrics().containsKey(name);
    }

    /** {@return whether {@code value} is better than {@code than}; NaN is worse than any number} */
    public boolean isBetter(double value, double than) {
        if (Double.isNaN(value)) {
            return false;
        }
        return Double.isNaN(than) || (mode == Mode.MIN ? value < than : value > than);
    }

    /** {@return the epoch with the best number, the first of several; NaN never counts} */
    public Optional<RunListener.Epoch> best(List<RunListener.Epoch> epochs) {
        Optional<RunListener.Epoch> best = Optional.empty();
        for (RunListener.Epoch each : epochs) {
            if (isBetter(of(each), best.map(this::of).orElse(Double.NaN))) {
                best = Optional.of(each);
            }
        }
        return best;
    }

    /** {@return its name in words, such as validation loss} */
    public String inWords() {
        return name.replaceFirst("(^|_)val_", "$1validation_")
                .replaceFirst("^train_", "training_")
                .replace('_', ' ');
    }
}
