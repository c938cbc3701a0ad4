package org.anneal.web;

import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.anneal.optim.LRScheduler;
import org.anneal.schedule.AnnealStrategy;
import org.anneal.schedule.ChainedPlateau;
import org.anneal.schedule.ChainedScheduler;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CosineAnnealingWarmRestarts;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.LrLambda;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.MultiplicativeLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.SWALR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;
import org.anneal.schedule.SequentialPlateau;
import org.anneal.schedule.StepLR;

/** Writes a policy as a Java expression that builds an equal one, and notes which classes it names. */
final class JavaCode {
    private final TreeSet<String> imports = new TreeSet<>();

    private JavaCode() {}

    /** {@return lines of Java that build {@code policy} and run it} */
    static String of(Policy policy, long lastEpoch) {
        JavaCode code = new JavaCode();
        String expression = code.policy(policy);
        String type = code.name(policy.getClass());
        code.imports.add(LRScheduler.class.getName());
        String imports =
                code.imports.stream().map(name -> "import " + name + ";\n").collect(Collectors.joining());
        return imports + "\n" + type + " schedule = " + expression + ";\n"
                + "LRScheduler scheduler = new LRScheduler(optimizer, schedule"
                + (lastEpoch == -1 ? "" : ", " + lastEpoch)
                + ");\n";
    }

    private String policy(Policy policy) {
        if (policy instanceof Schedule schedule) {
            return schedule(schedule);
        } else if (policy instanceof ReduceLROnPlateau plateau) {
            return plateau(plateau);
        } else if (policy instanceof ChainedPlateau chained) {
            return schedule(chained.schedule()) + ".times(" + plateau(chained.plateau()) + ")";
        } else if (policy instanceof SequentialPlateau sequence) {
            return make(SequentialPlateau.class)
                    + schedules(sequence.schedules()) + ", " + plateau(sequence.plateau()) + ", "
                    + longs(sequence.milestones()) + ")";
        }
        throw new IllegalArgumentException("no Java for " + policy);
    }

    private String schedule(Schedule schedule) {
        if (schedule instanceof StepLR step) {
            return make(StepLR.class) + integer(step.stepSize()) + ", " + step.gamma() + ")";
        } else if (schedule instanceof MultiStepLR steps) {
            return name(MultiStepLR.class) + ".of(" + commas(steps.milestones()) + ")"
                    + (steps.gamma() == 0.1 ? "" : ".withGamma(" + steps.gamma() + ")");
        } else if (schedule instanceof ExponentialLR exponential) {
            return make(ExponentialLR.class) + exponential.gamma() + ")";
        } else if (schedule instanceof MultiplicativeLR multiplicative) {
            return lambdas(MultiplicativeLR.class, multiplicative.lrLambdas());
        } else if (schedule instanceof LambdaLR lambda) {
            return lambdas(LambdaLR.class, lambda.lrLambdas());
        } else if (schedule instanceof CosineAnnealingLR cosine) {
            return make(CosineAnnealingLR.class) + integer(cosine.tMax()) + ", " + cosine.etaMin() + ")";
        } else if (schedule instanceof ConstantLR constant) {
            return make(ConstantLR.class) + constant.factor() + ", " + integer(constant.totalIters()) + ")";
        } else if (schedule instanceof LinearLR linear) {
            return make(LinearLR.class) + linear.startFactor() + ", " + linear.endFactor() + ", "
                    + integer(linear.totalIters()) + ")";
        } else if (schedule instanceof PolynomialLR polynomial) {
            return make(PolynomialLR.class) + integer(polynomial.totalIters()) + ", " + polynomial.power() + ")";
        } else if (schedule instanceof CosineAnnealingWarmRestarts restarts) {
            return make(CosineAnnealingWarmRestarts.class) + integer(restarts.t0()) + ", " + integer(restarts.tMult())
                    + ", " + restarts.etaMin() + ")";
        } else if (schedule instanceof CyclicLR cyclic) {
            return cyclic(cyclic);
        } else if (schedule instanceof OneCycleLR cycle) {
            return oneCycle(cycle);
        } else if (schedule instanceof SWALR swa) {
            return make(SWALR.class) + doubles(swa.swaLr()) + ", " + integer(swa.annealEpochs()) + ", "
                    + strategy(swa.annealStrategy()) + ")";
        } else if (schedule instanceof SequentialLR sequence) {
            return make(SequentialLR.class) + schedules(sequence.schedules()) + ", " + longs(sequence.milestones())
                    + ")";
        } else if (schedule instanceof ChainedScheduler chain) {
            return make(ChainedScheduler.class) + schedules(chain.schedules()) + ")";
        }
        throw new IllegalArgumentException("no Java for " + schedule);
    }

    private String cyclic(CyclicLR cyclic) {
        boolean single = cyclic.baseLr().size() == 1 && cyclic.maxLr().size() == 1;
        StringBuilder code = new StringBuilder(make(CyclicLR.class))
                .append(single ? String.valueOf(cyclic.baseLr().get(0)) : doubles(cyclic.baseLr()))
                .append(", ")
                .append(single ? String.valueOf(cyclic.maxLr().get(0)) : doubles(cyclic.maxLr()))
                .append(")");
        code.append(".withStepSizes(")
                .append(cyclic.stepSizeUp())
                .append(", ")
                .append(cyclic.stepSizeDown())
                .append(")");
        if (cyclic.mode() != CyclicLR.Mode.TRIANGULAR) {
            code.append(".withMode(CyclicLR.Mode.").append(cyclic.mode()).append(")");
        }
        if (cyclic.gamma() != 1) {
            code.append(".withGamma(").append(cyclic.gamma()).append(")");
        }
        cyclic.scaleFn()
                .ifPresent(function -> code.append(".withScaleFn(")
                        .append(lambda(function))
                        .append(", CyclicLR.ScaleMode.")
                        .append(cyclic.scaleMode())
                        .append(")"));
        if (!cyclic.cycleMomentum()) {
            code.append(".withCycleMomentum(false)");
        }
        if (!cyclic.baseMomentum().equals(List.of(0.8)) || !cyclic.maxMomentum().equals(List.of(0.9))) {
            code.append(momentum(cyclic.baseMomentum(), cyclic.maxMomentum()));
        }
        return code.toString();
    }

    private String oneCycle(OneCycleLR cycle) {
        StringBuilder code = new StringBuilder(make(OneCycleLR.class))
                .append(oneOrMore(cycle.maxLr()))
                .append(", ")
                .append(integer(cycle.totalSteps()))
                .append(")");
        OneCycleLR absent = new OneCycleLR(cycle.maxLr(), cycle.totalSteps());
        if (cycle.pctStart() != absent.pctStart()) {
            code.append(".withPctStart(").append(cycle.pctStart()).append(")");
        }
        if (cycle.annealStrategy() != absent.annealStrategy()) {
            code.append(".withAnnealStrategy(")
                    .append(strategy(cycle.annealStrategy()))
                    .append(")");
        }
        if (!cycle.cycleMomentum()) {
            code.append(".withCycleMomentum(false)");
        }
        if (!cycle.baseMomentum().equals(absent.baseMomentum())
                || !cycle.maxMomentum().equals(absent.maxMomentum())) {
            code.append(momentum(cycle.baseMomentum(), cycle.maxMomentum()));
        }
        if (cycle.divFactor() != absent.divFactor()) {
            code.append(".withDivFactor(").append(cycle.divFactor()).append(")");
        }
        if (cycle.finalDivFactor() != absent.finalDivFactor()) {
            code.append(".withFinalDivFactor(").append(cycle.finalDivFactor()).append(")");
        }
        if (cycle.threePhase()) {
            code.append(".withThreePhase(true)");
        }
        return code.toString();
    }

    private String plateau(ReduceLROnPlateau plateau) {
        StringBuilder code = new StringBuilder(make(ReduceLROnPlateau.class)).append(")");
        ReduceLROnPlateau absent = new ReduceLROnPlateau();
        if (plateau.mode() != absent.mode()) {
            code.append(".withMode(ReduceLROnPlateau.Mode.")
                    .append(plateau.mode())
                    .append(")");
        }
        if (plateau.factor() != absent.factor()) {
            code.append(".withFactor(").append(plateau.factor()).append(")");
        }
        if (plateau.patience() != absent.patience()) {
            code.append(".withPatience(").append(integer(plateau.patience())).append(")");
        }
        if (plateau.threshold() != absent.threshold() || plateau.thresholdMode() != absent.thresholdMode()) {
            code.append(".withThreshold(")
                    .append(plateau.threshold())
                    .append(", ReduceLROnPlateau.ThresholdMode.")
                    .append(plateau.thresholdMode())
                    .append(")");
        }
        if (plateau.cooldown() != absent.cooldown()) {
            code.append(".withCooldown(").append(integer(plateau.cooldown())).append(")");
        }
        if (!plateau.minLr().equals(absent.minLr())) {
            code.append(".withMinLr(").append(oneOrMore(plateau.minLr())).append(")");
        }
        if (plateau.eps() != absent.eps()) {
            code.append(".withEps(").append(plateau.eps()).append(")");
        }
        return code.toString();
    }

    private String momentum(List<Double> base, List<Double> max) {
        return base.size() == 1 && max.size() == 1
                ? ".withMomentum(" + base.get(0) + ", " + max.get(0) + ")"
                : ".withMomentum(" + doubles(base) + ", " + doubles(max) + ")";
    }

    private String lambdas(Class<?> type, List<LrLambda> lambdas) {
        if (lambdas.size() == 1) {
            return name(type) + ".of(" + quoted(lambdas.get(0).toString()) + ")";
        }
        return make(type) + list(lambdas.stream().map(this::lambda).toList()) + ")";
    }

    private String lambda(LrLambda lambda) {
        return name(LrLambda.class) + ".parse(" + quoted(lambda.toString()) + ")";
    }

    private String strategy(AnnealStrategy strategy) {
        return name(AnnealStrategy.class) + "." + strategy.name().toUpperCase(Locale.ROOT);
    }

    private String schedules(List<Schedule> schedules) {
        return list(schedules.stream().map(this::schedule).toList());
    }

    private String longs(List<Long> values) {
        return list(values.stream().map(value -> value + "L").toList());
    }

    private String doubles(List<Double> values) {
        return list(values.stream().map(String::valueOf).toList());
    }

    private String oneOrMore(List<Double> values) {
        return values.size() == 1 ? String.valueOf(values.get(0)) : doubles(values);
    }

    private String list(List<String> items) {
        imports.add("java.util.List");
        return "List.of(" + String.join(", ", items) + ")";
    }

    private static String commas(List<Long> values) {
        return values.stream().map(JavaCode::integer).collect(Collectors.joining(", "));
    }

    private static String integer(long value) {
        return value == (int) value ? Long.toString(value) : value + "L";
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private String make(Class<?> type) {
        return "new " + name(type) + "(";
    }

    private String name(Class<?> type) {
        imports.add(type.getName());
        return type.getSimpleName();
    }
}
