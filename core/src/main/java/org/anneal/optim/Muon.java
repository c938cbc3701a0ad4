package org.anneal.optim;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * Muon: momentum whose update of a matrix is made nearly orthogonal, so that every direction moves equally far. For the matrices of
 * hidden layers; what is no matrix, and the first and last layer, take AdamW.
 *
 * <pre>{@code
 *   b = momentum * b + (1 - momentum) * grad
 *   g = (1 - momentum) * grad + momentum * b        (b unless nesterov)
 *   X = g / max(norm(g), eps)                       (transposed if it has more rows than columns)
 *   X = c0 * X + (c1 * A + c2 * A A) X              with A = X X^T, nsSteps times
 *   p = p - lr * weightDecay * p
 *   p = p - lr * r * X                              (transposed back)
 * }</pre>
 *
 * <p>{@code r} is {@code sqrt(max(1, rows / columns))}, or {@code 0.2 * sqrt(max(rows, columns))} with
 * {@link AdjustLr#MATCH_RMS_ADAMW}. {@code X} is computed in bfloat16, as in PyTorch.
 *
 * <p>PyTorch: {@code Muon(params, lr, weight_decay, momentum, nesterov, ns_coefficients, eps, ns_steps, adjust_lr_fn)}; a parameter that is
 * no matrix is refused in every group. Source: Jordan et al., Muon, kellerjordan.github.io/posts/muon, 2024; match_rms_adamw: Liu et
 * al., arXiv 2502.16982.
 *
 * @param lr learning rate, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param momentum dimensionless, finite and at least 0
 * @param nesterov look ahead by one step of momentum
 * @param nsCoefficients of the Newton-Schulz iteration, three finite numbers
 * @param eps least norm that is divided by, finite and at least 0
 * @param nsSteps iterations, from 0 to 99
 * @param adjustLr how the rate follows the shape; if empty, {@link AdjustLr#ORIGINAL}
 */
public record Muon(
        double lr,
        double weightDecay,
        double momentum,
        boolean nesterov,
        List<Double> nsCoefficients,
        double eps,
        long nsSteps,
        Optional<AdjustLr> adjustLr)
        implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(new Slot("momentum_buffer"));

    /** How the rate follows a matrix' shape. */
    public enum AdjustLr {
        /** Larger for a matrix of more rows than columns. */
        ORIGINAL,
        /** As large as an update of AdamW, so that its rate and weight decay serve. */
        MATCH_RMS_ADAMW
    }

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Muon {
        lr = Check.atLeastZero("lr", lr);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
        momentum = Check.atLeastZero("momentum", momentum);
        nsCoefficients = Check.list("nsCoefficients", nsCoefficients);
        if (nsCoefficients.size() != 3) {
            throw new IllegalArgumentException("ns_coefficients must be 3 numbers, but was " + nsCoefficients);
        }
        for (int i = 0; i < 3; i++) {
            Check.finite("ns_coefficients[" + i + "]", nsCoefficients.get(i));
        }
        eps = Check.atLeastZero("eps", eps);
        if (nsSteps < 0 || nsSteps > 99) {
            throw new IllegalArgumentException("ns_steps must be from 0 to 99, but was " + nsSteps);
        }
        Objects.requireNonNull(adjustLr, "adjustLr");
    }

    /** PyTorch's defaults: weight decay 0.1, Nesterov's momentum 0.95, 5 iterations. */
    public Muon(double lr) {
        this(lr, 0.1, 0.95, true, List.of(3.4445, -4.775, 2.0315), 1e-7, 5, Optional.empty());
    }

    @Override
    public Muon withLr(double lr) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    @Override
    public Muon withMomentum(double momentum) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    public Muon withWeightDecay(double weightDecay) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    public Muon withNesterov(boolean nesterov) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    public Muon withNsCoefficients(List<Double> nsCoefficients) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    public Muon withEps(double eps) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    public Muon withNsSteps(long nsSteps) {
        return new Muon(lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLr);
    }

    public Muon withAdjustLr(AdjustLr adjustLr) {
        return new Muon(
                lr,
                weightDecay,
                momentum,
                nesterov,
                nsCoefficients,
                eps,
                nsSteps,
                Optional.of(Objects.requireNonNull(adjustLr, "adjustLr")));
    }

    @Override
    public void check(List<Long> shape) {
        if (shape.size() != 2) {
            throw new IllegalArgumentException(
                    "a parameter under Muon must be a matrix, of two dimensions, but had the shape " + shape
                            + ": give it to AdamW");
        }
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public boolean countsSteps() {
        return false;
    }

    @Override
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .with("weight_decay", weightDecay)
                .with("momentum", momentum)
                .with("nesterov", nesterov)
                .with("ns_coefficients", new Python.Tuple(nsCoefficients))
                .with("eps", eps)
                .with("ns_steps", nsSteps)
                .with("adjust_lr_fn", adjustLr.map(Muon::name))
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.muon(this, batch);
    }

    static Muon of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "weight_decay=",
                "momentum=",
                "nesterov=",
                "ns_coefficients=",
                "eps=",
                "ns_steps=",
                "adjust_lr_fn=");
        Muon defaults = new Muon(UpdateRule.LR);

        return a.build(() -> new Muon(
                a.number("lr", defaults.lr),
                a.number("weight_decay", defaults.weightDecay),
                a.number("momentum", defaults.momentum),
                a.truth("nesterov", true),
                a.has("ns_coefficients") ? a.numbers("ns_coefficients") : defaults.nsCoefficients,
                a.number("eps", defaults.eps),
                a.integer("ns_steps", defaults.nsSteps),
                adjustLr(a)));
    }

    private static Optional<AdjustLr> adjustLr(PythonCall.Arguments a) {
        if (!a.has("adjust_lr_fn")) {
            return Optional.empty();
        }
        String given = a.string("adjust_lr_fn", "");
        return Optional.of(Arrays.stream(AdjustLr.values())
                .filter(each -> name(each).equals(given))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "adjust_lr_fn must be 'original' or 'match_rms_adamw', but was '" + given + "'")));
    }

    private static String name(AdjustLr value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return Options.print(this, new Muon(lr));
    }
}
