package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * Adafactor: Adam without momentum that keeps, of a matrix of mean squares, only the means of its rows and columns.
 *
 * <pre>{@code
 *   g = grad                                 (-grad if maximize)
 *   w = t^beta2Decay
 *   a = max(eps2, rms(p)) * min(lr, 1 / sqrt(t))
 *   p = p - lr * weightDecay * p
 *   r = r + w * (mean of g * g over columns - r)      per row
 *   c = c + w * (mean of g * g over rows - c)         per column
 *   v = r * c / max(mean of r, eps1)
 *   u = g / sqrt(max(v, eps1 * eps1))
 *   p = p - a * u / max(1, rms(u) / d)       t = 1, 2, ...
 * }</pre>
 *
 * <p>Of a stack of matrices, each has its own {@code r} and {@code c}; a vector has {@code v = v + w * (g * g - v)} in full. The
 * {@code rms} is that of the whole parameter, before its decay.
 *
 * <p>PyTorch: {@code Adafactor(params, lr, beta2_decay, eps, d, weight_decay, maximize)}. Source: Shazeer and Stern, arXiv 1804.04235, with
 * {@code lr} in the place of the paper's 0.01, as in PyTorch.
 *
 * @param lr largest step relative to the parameter's size, finite and at least 0
 * @param beta2Decay power by which the weight of a new gradient falls, finite and at most 0
 * @param eps1 least root mean square that is divided by, finite and at least 0; if empty, the precision of the parameter's type
 * @param eps2 least size of a parameter that a step is relative to, finite and at least 0
 * @param d largest root mean square of an update before the rate, finite and at least 1
 * @param weightDecay finite and at least 0
 * @param maximize climb instead of descend
 */
public record Adafactor(
        double lr, double beta2Decay, OptionalDouble eps1, double eps2, double d, double weightDecay, boolean maximize)
        implements UpdateRule {

    private static final List<Slot> FACTORS =
            List.of(new Slot("row_var", Slot.Shape.ROWS, 0), new Slot("col_var", Slot.Shape.COLUMNS, 0));
    private static final List<Slot> VARIANCE = List.of(new Slot("variance"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adafactor {
        Objects.requireNonNull(eps1, "eps1");
        lr = Check.atLeastZero("lr", lr);
        beta2Decay = Check.that(
                beta2Decay <= 0 && Double.isFinite(beta2Decay), "beta2_decay", "finite and <= 0", beta2Decay);
        eps1 = eps1.isPresent() ? OptionalDouble.of(Check.atLeastZero("eps[0]", eps1.getAsDouble())) : eps1;
        eps2 = Check.atLeastZero("eps[1]", eps2);
        d = Check.that(d >= 1 && Double.isFinite(d), "d", "finite and >= 1", d);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: beta2 decay -0.8, eps none and 1e-3, d 1, no weight decay. Its default rate is 1e-2. */
    public Adafactor(double lr) {
        this(lr, -0.8, OptionalDouble.empty(), 1e-3, 1, 0, false);
    }

    @Override
    public Adafactor withLr(double lr) {
        return new Adafactor(lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
    }

    public Adafactor withBeta2Decay(double beta2Decay) {
        return new Adafactor(lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
    }

    public Adafactor withEps(OptionalDouble eps1, double eps2) {
        return new Adafactor(lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
    }

    public Adafactor withD(double d) {
        return new Adafactor(lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
    }

    public Adafactor withWeightDecay(double weightDecay) {
        return new Adafactor(lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
    }

    public Adafactor withMaximize(boolean maximize) {
        return new Adafactor(lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return dimensions > 1 ? FACTORS : VARIANCE;
    }

    @Override
    public boolean countsSteps() {
        return true;
    }

    @Override
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .with("beta2_decay", beta2Decay)
                .with("eps", Python.Tuple.of(eps1.isPresent() ? (Object) eps1.getAsDouble() : Optional.empty(), eps2))
                .with("d", d)
                .with("weight_decay", weightDecay)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adafactor(this, batch);
    }

    static Adafactor of(PythonCall call) {
        PythonCall.Arguments a =
                call.bind("params", "lr=", "beta2_decay=", "eps=", "d=", "weight_decay=", "*", "foreach=", "maximize=");
        Adafactor defaults = new Adafactor(1e-2);
        List<OptionalDouble> eps =
                a.has("eps") ? a.numbersOrNone("eps") : List.of(defaults.eps1, OptionalDouble.of(defaults.eps2));
        return a.build(() -> {
            if (eps.size() != 2 || eps.get(1).isEmpty()) {
                throw new IllegalArgumentException(
                        "eps must be a number or None, and a number, but was " + a.text("eps"));
            }
            return new Adafactor(
                    a.number("lr", defaults.lr),
                    a.number("beta2_decay", defaults.beta2Decay),
                    eps.get(0),
                    eps.get(1).getAsDouble(),
                    a.number("d", defaults.d),
                    a.number("weight_decay", defaults.weightDecay),
                    a.truth("maximize", false));
        });
    }

    @Override
    public String toString() {
        return Options.print(this, new Adafactor(lr));
    }
}
