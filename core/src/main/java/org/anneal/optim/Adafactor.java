package org.anneal.optim;

import java.io.Serial;
import java.util.List;
import java.util.OptionalDouble;
import org.anneal.text.Kind;
import org.anneal.text.Param;

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
        @Param(or = "1e-2", always = true, atLeast = 0) double lr,
        @Param(or = "-0.8", atMost = 0) double beta2Decay,
        @Param(name = "eps[0]", or = "None", atLeast = 0) OptionalDouble eps1,
        @Param(name = "eps[1]", or = "1e-3", atLeast = 0) double eps2,
        @Param(or = "1.0", atLeast = 1) double d,
        @Param(or = "0.0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<Adafactor> KIND = Kind.of(
                    Adafactor.class, "is Adam with the squares of a matrix kept by row and column")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("weight_decay", "*", "foreach");

    private static final List<Slot> FACTORS =
            List.of(new Slot("row_var", Slot.Shape.ROWS, 0), new Slot("col_var", Slot.Shape.COLUMNS, 0));
    private static final List<Slot> VARIANCE = List.of(new Slot("variance"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adafactor {
        lr = KIND.check("lr", lr);
        beta2Decay = KIND.check("beta2_decay", beta2Decay);
        eps1 = KIND.check("eps[0]", eps1);
        eps2 = KIND.check("eps[1]", eps2);
        d = KIND.check("d", d);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: beta2 decay -0.8, eps none and 1e-3, d 1, no weight decay. Its default rate is 1e-2. */
    public Adafactor(double lr) {
        this(
                lr,
                KIND.absent("beta2_decay"),
                KIND.absent("eps[0]"),
                KIND.absent("eps[1]"),
                KIND.absent("d"),
                KIND.absent("weight_decay"),
                KIND.absent("maximize"));
    }

    @Override
    public Adafactor withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    public Adafactor withBeta2Decay(double beta2Decay) {
        return KIND.with(this, "beta2_decay", beta2Decay);
    }

    /** {@return this rule whose first epsilon is PyTorch's None: the machine epsilon of the parameter's type} */
    public Adafactor withEps(double eps2) {
        return KIND.with(KIND.with(this, "eps[0]", OptionalDouble.empty()), "eps[1]", eps2);
    }

    public Adafactor withEps(double eps1, double eps2) {
        return KIND.with(KIND.with(this, "eps[0]", OptionalDouble.of(eps1)), "eps[1]", eps2);
    }

    public Adafactor withD(double d) {
        return KIND.with(this, "d", d);
    }

    public Adafactor withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Adafactor withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
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
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adafactor(this, batch);
    }

    @Override
    public Kind<Adafactor> kind() {
        return KIND;
    }

    @Serial
    private Object writeReplace() {
        return UpdateRule.serialized(this);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
