package org.anneal.optim;

import java.io.Serial;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Muon: momentum whose update is made nearly orthogonal, so that it moves a matrix equally far in every direction. It is meant for
 * the matrices of hidden layers; use AdamW for other parameters, and for the first and last layer.
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
 * not a matrix is refused in every group. Source: Jordan et al., Muon, kellerjordan.github.io/posts/muon, 2024; match_rms_adamw: Liu et
 * al., arXiv 2502.16982.
 *
 * @param lr learning rate, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param momentum dimensionless, finite and at least 0
 * @param nesterov look ahead by one step of momentum
 * @param nsCoefficients of the Newton-Schulz iteration, three finite numbers
 * @param eps least norm to divide by, finite and at least 0
 * @param nsSteps iterations, from 0 to 99
 * @param adjustLr how the rate follows the shape; if empty, {@link AdjustLr#ORIGINAL}
 */
public record Muon(
        @Param(or = "1e-3", always = true, atLeast = 0) double lr,
        @Param(or = "0.1", atLeast = 0) double weightDecay,
        @Param(or = "0.95", atLeast = 0) double momentum,
        @Param(or = "True") boolean nesterov,
        @Param(or = "(3.4445, -4.775, 2.0315)", size = 3) List<Double> nsCoefficients,
        @Param(or = "1e-7", atLeast = 0) double eps,
        @Param(or = "5", atLeast = 0, atMost = 99) long nsSteps,
        @Param(name = "adjust_lr_fn", or = "None") Optional<AdjustLr> adjustLr)
        implements UpdateRule {

    static final Kind<Muon> KIND = Kind.of(Muon.class, "makes each step of a matrix orthogonal")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE);

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
        lr = KIND.check("lr", lr);
        weightDecay = KIND.check("weight_decay", weightDecay);
        momentum = KIND.check("momentum", momentum);
        nsCoefficients = KIND.check("ns_coefficients", nsCoefficients);
        eps = KIND.check("eps", eps);
        nsSteps = KIND.check("ns_steps", nsSteps);
        adjustLr = KIND.check("adjust_lr_fn", adjustLr);
    }

    /** PyTorch's defaults: weight decay 0.1, Nesterov's momentum 0.95, 5 iterations. */
    public Muon(double lr) {
        this(
                lr,
                KIND.absent("weight_decay"),
                KIND.absent("momentum"),
                KIND.absent("nesterov"),
                KIND.absent("ns_coefficients"),
                KIND.absent("eps"),
                KIND.absent("ns_steps"),
                KIND.absent("adjust_lr_fn"));
    }

    @Override
    public Muon withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    @Override
    public Muon withMomentum(double momentum) {
        return KIND.with(this, "momentum", momentum);
    }

    public Muon withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Muon withNesterov(boolean nesterov) {
        return KIND.with(this, "nesterov", nesterov);
    }

    public Muon withNsCoefficients(List<Double> nsCoefficients) {
        return KIND.with(this, "ns_coefficients", nsCoefficients);
    }

    public Muon withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Muon withNsSteps(long nsSteps) {
        return KIND.with(this, "ns_steps", nsSteps);
    }

    public Muon withAdjustLr(AdjustLr adjustLr) {
        return KIND.with(this, "adjust_lr_fn", Optional.of(Objects.requireNonNull(adjustLr, "adjustLr")));
    }

    @Override
    public void check(List<Long> shape) {
        if (shape.size() != 2) {
            throw new IllegalArgumentException(
                    "a parameter under Muon must be a matrix, with two dimensions, but had the shape " + shape
                            + ": use AdamW for it");
        }
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.muon(this, batch);
    }

    @Override
    public Kind<Muon> kind() {
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
