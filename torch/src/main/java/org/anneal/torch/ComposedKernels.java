package org.anneal.torch;

import java.util.List;
import java.util.function.Supplier;
import org.anneal.optim.ASGD;
import org.anneal.optim.Adadelta;
import org.anneal.optim.Adafactor;
import org.anneal.optim.Adamax;
import org.anneal.optim.Batch;
import org.anneal.optim.Kernels;
import org.anneal.optim.Muon;
import org.anneal.optim.NAdam;
import org.anneal.optim.RAdam;
import org.anneal.optim.RMSprop;
import org.anneal.optim.Rprop;
import org.anneal.optim.UpdateRule;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The update rules without a fused kernel in ATen, as operations on whole tensors, in PyTorch's order, one parameter after
 * another. Temporary tensors are freed after each parameter. A rule's own form over {@link TorchVectors} gives the same numbers for
 * some of these rules, but takes two to three times as long on small parameters.
 */
abstract class ComposedKernels implements Kernels<Tensor> {

    /** A rule's update of parameter {@code i} of a batch. */
    interface Update {
        void apply(int i, Tensor param, Tensor grad);
    }

    /**
     * Updates each parameter of {@code batch}.
     *
     * @param update created once, so that all parameters share its numbers
     */
    static void update(UpdateRule rule, Batch<Tensor> batch, Supplier<Update> update) {
        try (PointerScope numbers = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Update each = update.get();
            for (int i = 0; i < batch.params().size(); i++) {
                try (PointerScope temporaries = new PointerScope()) {
                    each.apply(i, batch.params().get(i), batch.grads().get(i));
                }
            }
        } catch (RuntimeException e) {
            throw refusal(rule, e);
        }
    }

    /** {@return an exception with the first line of {@code e}, whose message has a backtrace of libtorch} */
    static IllegalStateException refusal(UpdateRule rule, RuntimeException e) {
        return refusal(rule.getClass().getSimpleName() + " could not be applied", e);
    }

    static IllegalStateException refusal(String what, RuntimeException e) {
        String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("libtorch gave no reason");
        return new IllegalStateException(what + ": " + line, e);
    }

    @Override
    public void rmsprop(RMSprop rule, Batch<Tensor> batch) {
        List<Tensor> squares = batch.slot(0);
        boolean hasMomentum = rule.momentum() > 0;
        update(rule, batch, () -> {
            Tensor alpha = factor(rule.alpha());
            Scalar rest = number(1 - rule.alpha());
            Scalar eps = number(rule.eps());
            Tensor momentum = factor(rule.momentum());
            Scalar minusLr = number(-batch.lr());
            return (i, param, grad) -> {
                Tensor g = effectiveGrad(grad, param, rule.maximize(), rule.weightDecay());
                Tensor square = squares.get(i).mul_(alpha).addcmul_(g, g, rest);
                Tensor root;
                if (rule.centered()) {
                    Tensor mean = batch.slot(hasMomentum ? 2 : 1).get(i).lerp_(g, rest);
                    root = square.addcmul(mean, mean, number(-1)).sqrt_().add_(eps);
                } else {
                    root = square.sqrt().add_(eps);
                }
                if (hasMomentum) {
                    Tensor buffer = batch.slot(1).get(i).mul_(momentum).addcdiv_(g, root);
                    param.add_(buffer, minusLr);
                } else {
                    param.addcdiv_(g, root, minusLr);
                }
            };
        });
    }

    @Override
    public void adadelta(Adadelta rule, Batch<Tensor> batch) {
        List<Tensor> squares = batch.slot(0);
        List<Tensor> deltas = batch.slot(1);
        update(rule, batch, () -> {
            Tensor rho = factor(rule.rho());
            Scalar rest = number(1 - rule.rho());
            Scalar eps = number(rule.eps());
            Scalar minusLr = number(-batch.lr());
            return (i, param, grad) -> {
                Tensor g = effectiveGrad(grad, param, rule.maximize(), rule.weightDecay());
                Tensor square = squares.get(i).mul_(rho).addcmul_(g, g, rest);
                Tensor root = square.add(eps).sqrt_();
                Tensor delta = deltas.get(i).add(eps).sqrt_().div_(root).mul_(g);
                deltas.get(i).mul_(rho).addcmul_(delta, delta, rest);
                param.add_(delta, minusLr);
            };
        });
    }

    @Override
    public void adamax(Adamax rule, Batch<Tensor> batch) {
        double step = (double) batch.step();
        List<Tensor> means = batch.slot(0);
        List<Tensor> largest = batch.slot(1);
        update(rule, batch, () -> {
            Scalar rest1 = number(1 - rule.beta1());
            Tensor beta2 = factor(rule.beta2());
            Scalar eps = number(rule.eps());
            Scalar minusRate = number(-batch.lr() / (1 - Math.pow(rule.beta1(), step)));
            return (i, param, grad) -> {
                Tensor g = effectiveGrad(grad, param, rule.maximize(), rule.weightDecay());
                Tensor mean = means.get(i).lerp_(g, rest1);
                Tensor norm = largest.get(i).mul_(beta2);
                torch.maximum_out(norm, norm, g.abs().add_(eps));
                param.addcdiv_(mean, norm, minusRate);
            };
        });
    }

    @Override
    public void nadam(NAdam rule, Batch<Tensor> batch) {
        double step = (double) batch.step();
        List<Tensor> muProducts = batch.slot(0);
        List<Tensor> means = batch.slot(1);
        List<Tensor> squares = batch.slot(2);
        double lr = batch.lr();
        double mu = momentumAt(rule, step);
        double nextMu = momentumAt(rule, step + 1);
        update(rule, batch, () -> {
            Tensor muNow = factor(mu);
            Scalar rest1 = number(1 - rule.beta1());
            Tensor beta2 = factor(rule.beta2());
            Scalar rest2 = number(1 - rule.beta2());
            Scalar correction2 = number(1 - Math.pow(rule.beta2(), step));
            Scalar eps = number(rule.eps());
            return (i, param, grad) -> {
                Tensor g = effectiveGrad(
                        grad, param, rule.maximize(), rule.decoupledWeightDecay() ? 0 : rule.weightDecay());
                if (rule.decoupledWeightDecay()) {
                    decay(param, lr * rule.weightDecay());
                }
                double product = muProducts.get(i).mul_(muNow).item_float();
                Tensor mean = means.get(i).lerp_(g, rest1);
                Tensor square = squares.get(i).mul_(beta2).addcmul_(g, g, rest2);
                Tensor root = square.div(correction2).sqrt_().add_(eps);
                param.addcdiv_(g, root, number(-lr * (1 - mu) / (1 - product)));
                param.addcdiv_(mean, root, number(-lr * nextMu / (1 - product * nextMu)));
            };
        });
    }

    private static double momentumAt(NAdam rule, double step) {
        return rule.beta1() * (1 - 0.5 * Math.pow(0.96, step * rule.momentumDecay()));
    }

    @Override
    public void radam(RAdam rule, Batch<Tensor> batch) {
        double step = (double) batch.step();
        List<Tensor> means = batch.slot(0);
        List<Tensor> squares = batch.slot(1);
        double decay2 = Math.pow(rule.beta2(), step);
        double limit = 2 / (1 - rule.beta2()) - 1;
        double length = limit - 2 * step * decay2 / (1 - decay2);
        update(rule, batch, () -> {
            Tensor lr = factor(batch.lr());
            Scalar rest1 = number(1 - rule.beta1());
            Tensor beta2 = factor(rule.beta2());
            Scalar rest2 = number(1 - rule.beta2());
            Scalar correction1 = number(1 - Math.pow(rule.beta1(), step));
            Tensor correction2 = factor(Math.sqrt(1 - decay2));
            Scalar eps = number(rule.eps());
            Tensor rectification =
                    factor(Math.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)));
            Scalar minusOne = number(-1);
            return (i, param, grad) -> {
                Tensor g = effectiveGrad(
                        grad, param, rule.maximize(), rule.decoupledWeightDecay() ? 0 : rule.weightDecay());
                if (rule.decoupledWeightDecay()) {
                    decay(param, batch.lr() * rule.weightDecay());
                }
                Tensor mean = means.get(i).lerp_(g, rest1);
                Tensor square = squares.get(i).mul_(beta2).addcmul_(g, g, rest2);
                Tensor change = mean.div(correction1).mul_(lr);
                if (length > 5) {
                    Tensor adaptive = square.sqrt().add_(eps).reciprocal_().mul_(correction2);
                    change.mul_(adaptive).mul_(rectification);
                }
                param.add_(change, minusOne);
            };
        });
    }

    /** In the order of PyTorch's foreach implementation: its eta in float32 differs by more than the last bits. */
    @Override
    public void asgd(ASGD rule, Batch<Tensor> batch) {
        List<Tensor> etas = batch.slot(0);
        List<Tensor> mus = batch.slot(1);
        List<Tensor> means = batch.slot(2);
        double step = (double) batch.step();
        double lr = batch.lr();
        update(rule, batch, () -> {
            Scalar lambd = number(rule.lambd());
            Scalar minusOne = number(-1);
            Tensor nextEta = torch.full(new long[0], number(step), new TensorOptions(ScalarType.Float))
                    .mul_(factor(rule.lambd() * lr))
                    .add_(number(1))
                    .pow_(number(rule.alpha()))
                    .reciprocal_()
                    .mul_(factor(lr));
            Scalar nextMu = number(1 / Math.max(1, step - rule.t0()));
            return (i, param, grad) -> {
                Tensor eta = etas.get(i);
                if (batch.fresh()) {
                    eta.fill_(number(lr));
                }
                Tensor g = effectiveGrad(grad, param, rule.maximize(), rule.weightDecay());
                // Not in place: g may be the gradient itself.
                param.addcmul_(g.add(param, lambd), on(param, eta), minusOne);
                Tensor mean = means.get(i);
                mean.addcmul_(param.sub(mean), on(param, mus.get(i)));
                eta.copy_(nextEta);
                mus.get(i).fill_(nextMu);
            };
        });
    }

    /** {@return {@code scalar} on the device of {@code param}; itself if it is there already} */
    private static Tensor on(Tensor param, Tensor scalar) {
        return scalar.to(param.device(), ScalarType.Float);
    }

    @Override
    public void rprop(Rprop rule, Batch<Tensor> batch) {
        List<Tensor> before = batch.slot(0);
        List<Tensor> stepSizes = batch.slot(1);
        update(rule, batch, () -> {
            Scalar zero = number(0);
            Scalar one = number(1);
            Scalar minusOne = number(-1);
            Scalar shrink = number(rule.etaMinus());
            Scalar grow = number(rule.etaPlus());
            ScalarOptional smallest = new ScalarOptional(number(rule.minStep()));
            ScalarOptional largest = new ScalarOptional(number(rule.maxStep()));
            Scalar first = number(batch.lr());
            return (i, param, grad) -> {
                Tensor stepSize = stepSizes.get(i);
                if (batch.fresh()) {
                    stepSize.fill_(first);
                }
                Tensor previous = before.get(i);
                Tensor g = effectiveGrad(grad, param, rule.maximize(), 0);
                Tensor factor = g.mul(previous).sign_();
                factor.masked_fill_(factor.gt(zero), grow);
                factor.masked_fill_(factor.lt(zero), shrink);
                factor.masked_fill_(factor.eq(zero), one);
                stepSize.mul_(factor).clamp_(smallest, largest);
                previous.copy_(g).masked_fill_(factor.eq(shrink), zero);
                param.addcmul_(previous.sign(), stepSize, minusOne);
            };
        });
    }

    @Override
    public void adafactor(Adafactor rule, Batch<Tensor> batch) {
        double step = (double) batch.step();
        double lr = batch.lr();
        double weight = Math.pow(step, rule.beta2Decay());
        double relativeRate = Math.min(lr, 1 / Math.sqrt(step));
        update(rule, batch, () -> {
            Scalar recent = number(weight);
            Scalar two = number(2);
            return (i, param, grad) -> {
                double eps1 = rule.eps1().orElseGet(() -> ulpOfOne(param));
                double size = Math.sqrt((double) param.numel());
                double rate = Math.max(rule.eps2(), param.norm(two).item_double() / size) * relativeRate;
                decay(param, lr * rule.weightDecay());
                Tensor g = effectiveGrad(grad, param, rule.maximize(), 0);
                Tensor variance;
                if (param.dim() > 1) {
                    Tensor rows = batch.slot(0).get(i).lerp_(meanSquare(g, -1), recent);
                    Tensor columns = batch.slot(1).get(i).lerp_(meanSquare(g, -2), recent);
                    Tensor scale = rows.mean(new long[] {-2}, true, noType()).clamp_min_(number(eps1));
                    variance = rows.matmul(columns).div_(scale);
                } else {
                    variance = batch.slot(0).get(i).lerp_(g.mul(g), recent).clone();
                }
                Tensor change =
                        variance.clamp_min_(number(eps1 * eps1)).rsqrt_().mul_(g);
                double clip = Math.max(1, change.norm(two).item_double() / (size * rule.d()));
                param.add_(change, number(-rate / clip));
            };
        });
    }

    private static Tensor meanSquare(Tensor tensor, long dimension) {
        return torch.linalg_vector_norm(tensor, number(2), new long[] {dimension}, true, noType())
                .square_()
                .div_(number((double) tensor.size(dimension)));
    }

    private static double ulpOfOne(Tensor param) {
        return switch (param.scalar_type().intern()) {
            case Double -> 0x1p-52;
            case Half -> 0x1p-10;
            case BFloat16 -> 0x1p-7;
            default -> 0x1p-23;
        };
    }

    @Override
    public void muon(Muon rule, Batch<Tensor> batch) {
        List<Tensor> buffers = batch.slot(0);
        update(rule, batch, () -> {
            Scalar rest = number(1 - rule.momentum());
            Scalar momentum = number(rule.momentum());
            return (i, param, grad) -> {
                Tensor buffer = buffers.get(i).lerp_(grad, rest);
                Tensor change = orthogonal(rule, rule.nesterov() ? grad.lerp(buffer, momentum) : buffer);
                param.mul_(factor(1 - batch.lr() * rule.weightDecay()));
                param.add_(change, number(-batch.lr() * ratio(rule, param)));
            };
        });
    }

    /** {@return the factor on the rate for a matrix of the size of {@code param}} */
    private static double ratio(Muon rule, Tensor param) {
        double rows = (double) param.size(0);
        double columns = (double) param.size(1);
        return switch (rule.adjustLr().orElse(Muon.AdjustLr.ORIGINAL)) {
            case ORIGINAL -> Math.sqrt(Math.max(1, rows / columns));
            case MATCH_RMS_ADAMW -> 0.2 * Math.sqrt(Math.max(rows, columns));
        };
    }

    /** {@return a nearly orthogonal matrix close to {@code matrix}, by Newton-Schulz iteration in bfloat16} */
    private static Tensor orthogonal(Muon rule, Tensor matrix) {
        Scalar a = number(rule.nsCoefficients().get(0));
        Scalar b = number(rule.nsCoefficients().get(1));
        Scalar c = number(rule.nsCoefficients().get(2));
        Scalar one = number(1);
        // Copies even a bfloat16 matrix, which may be the momentum buffer.
        Tensor x = matrix.to(ScalarType.BFloat16, false, true, new MemoryFormatOptional());
        boolean tall = matrix.size(0) > matrix.size(1);
        if (tall) {
            x = x.t();
        }
        x.div_(x.norm().clamp_min_(number(rule.eps())));
        for (int step = 0; step < rule.nsSteps(); step++) {
            try (Tensor before = x;
                    Tensor gram = before.mm(before.t());
                    Tensor polynomial = torch.addmm(gram, gram, gram, b, c)) {
                x = torch.addmm(before, polynomial, before, a, one);
            }
        }
        return tall ? x.t() : x;
    }

    /** {@return the effective gradient, {@code grad + weightDecay * param}, with {@code -grad} if {@code maximize}} */
    static Tensor effectiveGrad(Tensor grad, Tensor param, boolean maximize, double weightDecay) {
        if (weightDecay == 0) {
            return maximize ? grad.neg() : grad;
        }
        Scalar pull = number(weightDecay);
        return maximize ? grad.neg().add_(param, pull) : grad.add(param, pull);
    }

    private static void decay(Tensor param, double fraction) {
        if (fraction != 0) {
            param.mul_(factor(1 - fraction));
        }
    }

    private static Scalar number(double value) {
        return new Scalar(value);
    }

    /**
     * {@return a factor for an in-place product, as Python passes it} A Scalar would be rounded to bfloat16 or float16 before the
     * multiplication; a tensor without dimensions is not.
     */
    static Tensor factor(double value) {
        return torch.wrapped_scalar_tensor(number(value));
    }

    private static ScalarTypeOptional noType() {
        return new ScalarTypeOptional();
    }
}
