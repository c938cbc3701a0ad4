package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Context;
import org.anneal.text.Kind;
import org.anneal.text.Python;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.UnknownNamesException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules as values: defaults, text, and what they refuse. */
class UpdateRuleTest {

    static Stream<UpdateRule> examples() {
        return Stream.of(
                new SGD(0.1),
                new SGD(0),
                new SGD(1.0 / 3).withMomentum(0.9),
                new SGD(1e-5).withMomentum(0.9).withDampening(-0.1).withWeightDecay(5e-4),
                new SGD(0.1).withMomentum(0.9).withNesterov(true).withMaximize(true),
                new SGD(-0.0, -0.0, -0.0, -0.0, false, false),
                new Adam(1e-3),
                new Adam(3e-4).withBetas(0.8, 0.99).withEps(0).withWeightDecay(0.01),
                new Adam(-0.0).withBetas(-0.0, 0).withEps(-0.0).withWeightDecay(-0.0),
                new Adam(1e-3).withAmsgrad(true).withMaximize(true).withDecoupledWeightDecay(true),
                new AdamW(1e-3),
                new AdamW(3e-4).withBetas(0.8, 0.99).withEps(1e-6).withWeightDecay(0),
                new AdamW(-0.0, -0.0, -0.0, -0.0, -0.0, true, true),
                new Adagrad(0.01),
                new Adagrad(0.1).withLrDecay(0.01).withWeightDecay(0.1).withInitialAccumulatorValue(0.5),
                new Adagrad(-0.0, -0.0, -0.0, -0.0, -0.0, true),
                new RMSprop(0.01),
                new RMSprop(0.1).withAlpha(0.9).withMomentum(0.9).withCentered(true),
                new RMSprop(-0.0, -0.0, -0.0, -0.0, -0.0, true, true),
                new Adadelta(1),
                new Adadelta(0.5).withRho(1).withEps(1e-3).withWeightDecay(0.1),
                new Adadelta(-0.0, -0.0, -0.0, -0.0, true),
                new Adamax(2e-3),
                new Adamax(0.1).withBetas(0.8, 0.99).withEps(1e-3).withWeightDecay(0.1),
                new Adamax(-0.0, -0.0, -0.0, -0.0, -0.0, true),
                new NAdam(2e-3),
                new NAdam(0.1).withBetas(0.8, 0.99).withMomentumDecay(0.1).withDecoupledWeightDecay(true),
                new NAdam(-0.0, -0.0, -0.0, -0.0, -0.0, -0.0, true, true),
                new RAdam(1e-3),
                new RAdam(0.1).withBetas(0.8, 0.99).withWeightDecay(0.1).withDecoupledWeightDecay(true),
                new RAdam(-0.0, -0.0, -0.0, -0.0, -0.0, true, true),
                new ASGD(0.01),
                new ASGD(0.1).withLambd(0.1).withAlpha(0.5).withT0(10).withWeightDecay(0.1),
                new ASGD(-0.0, -0.0, -0.0, -0.0, -0.0, true),
                new Rprop(0.01),
                new Rprop(0.1).withEtas(0.3, 1.5).withStepSizes(0, 1),
                new Rprop(-0.0, 0.5, 1.2, -0.0, -0.0, true),
                new Adafactor(0.01),
                new Adafactor(0.1).withBeta2Decay(-0.5).withD(2).withWeightDecay(0.1),
                new Adafactor(0.1).withEps(1e-30, 1e-2),
                new Adafactor(-0.0, -0.0, OptionalDouble.of(-0.0), -0.0, 1, -0.0, true),
                new Muon(1e-3),
                new Muon(0.02)
                        .withMomentum(0.9)
                        .withNesterov(false)
                        .withEps(1e-3)
                        .withWeightDecay(0),
                new Muon(0.02).withNsCoefficients(List.of(2.0, -1.5, -0.0)).withNsSteps(3),
                new Muon(0.02).withAdjustLr(Muon.AdjustLr.ORIGINAL),
                new Muon(-0.0, -0.0, -0.0, true, List.of(3.4445, -4.775, 2.0315), -0.0, 0, Optional.empty())
                        .withAdjustLr(Muon.AdjustLr.MATCH_RMS_ADAMW),
                new Lion(1e-4),
                new Lion(0.01).withBetas(0.95, 0.98).withWeightDecay(0.1),
                new Lion(-0.0, -0.0, -0.0, -0.0),
                new Lamb(1e-3),
                new Lamb(0.1)
                        .withBetas(0.8, 0.9)
                        .withEps(0.1)
                        .withWeightDecay(0)
                        .withMaxGradNorm(2),
                new Lamb(0.1).withBiasCorrection(false).withGradAveraging(false).withoutMaxGradNorm(),
                new Lamb(0.1).withTrustClip(true).withAlwaysAdapt(true).withDecoupledDecay(true),
                new Lamb(-0.0, true, -0.0, -0.0, -0.0, -0.0, true, OptionalDouble.of(0.5), false, false, false),
                new SGDScheduleFree(1),
                new SGDScheduleFree(0.5).withMomentum(0.8).withWeightDecay(0.1).withWarmupSteps(10),
                new SGDScheduleFree(-0.0, 0.5, -0.0, 0, -0.0, -0.0).withR(-1).withWeightLrPower(1),
                new AdamWScheduleFree(0.0025),
                new AdamWScheduleFree(0.1).withBetas(0.8, 0.9).withEps(0.1).withWeightDecay(0.1),
                new AdamWScheduleFree(-0.0, 0.5, -0.0, -0.0, -0.0, 0, -0.0, -0.0)
                        .withWarmupSteps(5)
                        .withR(1)
                        .withWeightLrPower(0),
                new Prodigy(1),
                new Prodigy(0.5).withBetas(0.8, 0.9).withBeta3(0.7).withEps(0.1).withWeightDecay(0.1),
                new Prodigy(1).withDecouple(false).withUseBiasCorrection(true).withSafeguardWarmup(true),
                new Prodigy(1).withD0(0.1).withDCoef(2).withGrowthRate(1.02),
                new DAdaptSGD(1),
                new DAdaptSGD(0.5)
                        .withMomentum(0.9)
                        .withWeightDecay(0.1)
                        .withD0(0.1)
                        .withGrowthRate(2),
                new DAdaptAdam(1),
                new DAdaptAdam(0.5).withBetas(0.8, 0.9).withEps(0.1).withWeightDecay(0.1),
                new DAdaptAdam(1)
                        .withDecouple(true)
                        .withUseBiasCorrection(true)
                        .withD0(0.1)
                        .withGrowthRate(2),
                new LBFGS(1),
                new LBFGS(0.5).withMaxIter(10).withHistorySize(5));
    }

    @Test
    void adafactorTakesItsFirstEpsFromTheParametersTypeUnlessItIsGiven() {
        assertEquals(
                "Adafactor(lr=0.1, eps=(1e-30, 0.01))",
                new Adafactor(0.1).withEps(1e-30, 1e-2).toString());
        assertEquals(
                "Adafactor(lr=0.1, eps=(None, 0.01))",
                new Adafactor(0.1).withEps(1e-30, 1).withEps(1e-2).toString());
    }

    @Test
    void everyRuleHasAnExample() {
        Set<Class<?>> shown = examples().map(UpdateRule::getClass).collect(Collectors.toSet());
        assertEquals(UpdateRule.kinds().stream().map(Kind::type).collect(Collectors.toSet()), shown);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void takesItsOwnOptionsBackFromAStateDict(UpdateRule rule) {
        UpdateRule other = UpdateRule.parse(rule.getClass().getSimpleName() + "()");
        ParamGroup<Object> group = new ParamGroup<>("all", other, List.of("weight"));
        Map<String, Object> saved = new LinkedHashMap<>(rule.options());
        GroupState.start(rule, saved);
        assertEquals(rule, SavedGroup.of(group, saved, List.of(0L)).rule());
    }

    @ParameterizedTest
    @MethodSource("examples")
    void letsAScheduleDriveItsMomentumOrHasNone(UpdateRule rule) {
        if (rule.options().containsKey("momentum") || rule.options().containsKey("betas")) {
            assertEquals(0.25, rule.withMomentum(0.25).momentum());
            assertEquals(rule, rule.withMomentum(0.25).withMomentum(rule.momentum()));
        } else {
            assertEquals(0, rule.momentum());
            assertEquals(
                    "a rule must have momentum or betas to take momentum 0.25, but was " + rule,
                    assertThrows(IllegalArgumentException.class, () -> rule.withMomentum(0.25))
                            .getMessage());
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void readsBackFromItsText(UpdateRule rule) {
        assertEquals(rule, UpdateRule.parse(rule.toString()));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void changesNothingButItsRate(UpdateRule rule) {
        assertEquals(7, rule.withLr(7).lr());
        assertEquals(rule, rule.withLr(7).withLr(rule.lr()));
    }

    @Test
    void printsWhatDiffersFromTheDefaults() {
        assertEquals("SGD(lr=0.1)", new SGD(0.1).toString());
        assertEquals(
                "SGD(lr=1e-05, momentum=0.9, dampening=0.1, weight_decay=0.0005, maximize=True)",
                new SGD(1e-5, 0.9, 0.1, 5e-4, false, true).toString());
        assertEquals(
                "SGD(lr=0.1, momentum=0.9, nesterov=True)",
                new SGD(0.1).withMomentum(0.9).withNesterov(true).toString());
        assertEquals("Adam(lr=0.001)", new Adam(1e-3).toString());
        assertEquals(
                "Adam(lr=0.1, betas=(0.8, 0.99), eps=1e-06, weight_decay=0.01, amsgrad=True, maximize=True,"
                        + " decoupled_weight_decay=True)",
                new Adam(0.1, 0.8, 0.99, 1e-6, 0.01, true, true, true).toString());
    }

    @Test
    void hasPyTorchsDefaults() {
        assertEquals(new SGD(1e-3, 0, 0, 0, false, false), UpdateRule.parse("SGD()"));
        assertEquals(new SGD(0.1, 0, 0, 0, false, false), new SGD(0.1));
        assertEquals(new Adam(1e-3, 0.9, 0.999, 1e-8, 0, false, false, false), UpdateRule.parse("Adam()"));
        assertEquals(new Adam(0.1, 0.9, 0.999, 1e-8, 0, false, false, false), new Adam(0.1));
        assertEquals(new AdamW(1e-3, 0.9, 0.999, 1e-8, 0.01, false, false), UpdateRule.parse("AdamW()"));
        assertEquals(new Adagrad(0.01, 0, 0, 0, 1e-10, false), UpdateRule.parse("Adagrad()"));
        assertEquals(new RMSprop(0.01, 0.99, 1e-8, 0, 0, false, false), UpdateRule.parse("RMSprop()"));
        assertEquals(new Adadelta(1, 0.9, 1e-6, 0, false), UpdateRule.parse("Adadelta()"));
        assertEquals(new Adamax(2e-3, 0.9, 0.999, 1e-8, 0, false), UpdateRule.parse("Adamax()"));
        assertEquals(new NAdam(2e-3, 0.9, 0.999, 1e-8, 0, 4e-3, false, false), UpdateRule.parse("NAdam()"));
        assertEquals(new RAdam(1e-3, 0.9, 0.999, 1e-8, 0, false, false), UpdateRule.parse("RAdam()"));
        assertEquals(new ASGD(0.01, 1e-4, 0.75, 1e6, 0, false), UpdateRule.parse("ASGD()"));
        assertEquals(new Rprop(0.01, 0.5, 1.2, 1e-6, 50, false), UpdateRule.parse("Rprop()"));
        assertEquals(
                new Adafactor(0.01, -0.8, OptionalDouble.empty(), 1e-3, 1, 0, false), UpdateRule.parse("Adafactor()"));
        assertEquals(
                new Muon(1e-3, 0.1, 0.95, true, List.of(3.4445, -4.775, 2.0315), 1e-7, 5, Optional.empty()),
                UpdateRule.parse("Muon()"));
        assertEquals(new Lion(1e-4, 0.9, 0.99, 0), UpdateRule.parse("Lion()"));
        assertEquals(
                new Lamb(1e-3, true, 0.9, 0.999, 1e-6, 0.01, true, OptionalDouble.of(1), false, false, false),
                UpdateRule.parse("Lamb()"));
        assertEquals(new SGDScheduleFree(1, 0.9, 0, 0, 0, 2), UpdateRule.parse("SGDScheduleFree()"));
        assertEquals(
                new AdamWScheduleFree(0.0025, 0.9, 0.999, 1e-8, 0, 0, 0, 2), UpdateRule.parse("AdamWScheduleFree()"));
        double noLimit = Double.POSITIVE_INFINITY;
        assertEquals(
                new Prodigy(1, 0.9, 0.999, OptionalDouble.empty(), 1e-8, 0, true, false, false, 1e-6, 1, noLimit),
                UpdateRule.parse("Prodigy()"));
        assertEquals(new DAdaptSGD(1, 0, 0, 1e-6, noLimit), UpdateRule.parse("DAdaptSGD()"));
        assertEquals(
                new DAdaptAdam(1, 0.9, 0.999, 1e-8, 0, false, false, 1e-6, noLimit), UpdateRule.parse("DAdaptAdam()"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // What PyTorch 2.13 has in a state dict, without the flags of its engines.
                "SGD() | {'lr': 0.001, 'momentum': 0, 'dampening': 0, 'weight_decay': 0, 'nesterov': False,"
                        + " 'maximize': False}",
                "AdamW() | {'lr': 0.001, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0.01, 'amsgrad': False,"
                        + " 'maximize': False, 'decoupled_weight_decay': True}",
                "Adagrad() | {'lr': 0.01, 'lr_decay': 0, 'eps': 1e-10, 'weight_decay': 0,"
                        + " 'initial_accumulator_value': 0, 'maximize': False}",
                "RMSprop() | {'lr': 0.01, 'momentum': 0, 'alpha': 0.99, 'eps': 1e-08, 'centered': False,"
                        + " 'weight_decay': 0, 'maximize': False}",
                "Adadelta() | {'lr': 1.0, 'rho': 0.9, 'eps': 1e-06, 'weight_decay': 0, 'maximize': False}",
                "Adamax() | {'lr': 0.002, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0, 'maximize': False}",
                "NAdam() | {'lr': 0.002, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0,"
                        + " 'momentum_decay': 0.004, 'decoupled_weight_decay': False, 'maximize': False}",
                "RAdam() | {'lr': 0.001, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0, 'maximize': False,"
                        + " 'decoupled_weight_decay': False}",
                "ASGD() | {'lr': 0.01, 'lambd': 0.0001, 'alpha': 0.75, 't0': 1000000.0, 'weight_decay': 0,"
                        + " 'maximize': False}",
                "Rprop() | {'lr': 0.01, 'etas': (0.5, 1.2), 'step_sizes': (1e-06, 50), 'maximize': False}",
                "Adafactor() | {'lr': 0.01, 'beta2_decay': -0.8, 'eps': (None, 0.001), 'd': 1.0, 'weight_decay': 0.0,"
                        + " 'maximize': False}",
                "Muon() | {'lr': 0.001, 'weight_decay': 0.1, 'momentum': 0.95, 'nesterov': True,"
                        + " 'ns_coefficients': (3.4445, -4.775, 2.0315), 'eps': 1e-07, 'ns_steps': 5,"
                        + " 'adjust_lr_fn': None}",
                "Lion() | {'lr': 0.0001, 'betas': (0.9, 0.99), 'weight_decay': 0.0}",
                "Lamb() | {'lr': 0.001, 'bias_correction': True, 'betas': (0.9, 0.999), 'eps': 1e-06,"
                        + " 'weight_decay': 0.01, 'grad_averaging': True, 'max_grad_norm': 1.0, 'trust_clip': False,"
                        + " 'always_adapt': False, 'decoupled_decay': False}",
                "SGDScheduleFree() | {'lr': 1.0, 'momentum': 0.9, 'weight_decay': 0, 'warmup_steps': 0, 'r': 0.0,"
                        + " 'weight_lr_power': 2}",
                "AdamWScheduleFree() | {'lr': 0.0025, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0,"
                        + " 'warmup_steps': 0, 'r': 0.0, 'weight_lr_power': 2.0}",
                "Prodigy() | {'lr': 1.0, 'betas': (0.9, 0.999), 'beta3': None, 'eps': 1e-08, 'weight_decay': 0,"
                        + " 'decouple': True, 'use_bias_correction': False, 'safeguard_warmup': False, 'd0': 1e-06,"
                        + " 'd_coef': 1.0, 'growth_rate': inf}",
                "DAdaptSGD() | {'lr': 1.0, 'momentum': 0.0, 'weight_decay': 0, 'd0': 1e-06, 'growth_rate': inf}",
                "DAdaptAdam() | {'lr': 1.0, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0, 'decouple': False,"
                        + " 'use_bias_correction': False, 'd0': 1e-06, 'growth_rate': inf}"
            })
    void hasItsOptionsInPyTorchsOrderAndTypes(String text, String options) {
        assertEquals(options, Python.repr(UpdateRule.parse(text).options()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9) | SGD(lr=0.001, momentum=0.9)",
                "torch.optim.SGD(model.parameters(), 0.1, 0.9, 0, 5e-4, True)"
                        + " | SGD(lr=0.1, momentum=0.9, weight_decay=0.0005, nesterov=True)",
                "SGD(params=model.parameters(), lr=1/8)  # a comment | SGD(lr=0.125)",
                "SGD(lr=0.1, foreach=True, fused=None, differentiable=False) | SGD(lr=0.1)",
                "optim.Adam(net.parameters(), lr=3e-4, fused=True, foreach=None, capturable=False) | Adam(lr=0.0003)",
                "Adam(params, 1e-3, (0.8, 0.99)) | Adam(lr=0.001, betas=(0.8, 0.99))",
                "Adam(lr=1e-3, betas=[0.8, 0.99], eps=1e-6) | Adam(lr=0.001, betas=(0.8, 0.99), eps=1e-06)",
                "optim.AdamW(net.parameters(), 3e-4, (0.9, 0.95), 1e-8, 0.1, True, fused=True)"
                        + " | AdamW(lr=0.0003, betas=(0.9, 0.95), weight_decay=0.1, amsgrad=True)",
                "Adagrad(params, 0.1, 0.01, 0.2, 0.3, 1e-5) | Adagrad(lr=0.1, lr_decay=0.01, eps=1e-05,"
                        + " weight_decay=0.2, initial_accumulator_value=0.3)",
                "RMSprop(params, 0.1, 0.9, 1e-5, 0.2, 0.5, True, False, None, True) | RMSprop(lr=0.1, momentum=0.5,"
                        + " alpha=0.9, eps=1e-05, centered=True, weight_decay=0.2, maximize=True)",
                "Adadelta(params, 0.5, 0.8, 1e-5, 0.1, True) | Adadelta(lr=0.5, rho=0.8, eps=1e-05, weight_decay=0.1)",
                "NAdam(params, 1e-3, (0.8, 0.9), 1e-5, 0.1, 0.2, True) | NAdam(lr=0.001, betas=(0.8, 0.9), eps=1e-05,"
                        + " weight_decay=0.1, momentum_decay=0.2, decoupled_weight_decay=True)",
                "RAdam(params, 1e-3, (0.8, 0.9), 1e-5, 0.1, True) | RAdam(lr=0.001, betas=(0.8, 0.9), eps=1e-05,"
                        + " weight_decay=0.1, decoupled_weight_decay=True)",
                "ASGD(params, 0.1, 0.2, 0.3, 4, 0.5, True, True) | ASGD(lr=0.1, lambd=0.2, alpha=0.3, t0=4.0,"
                        + " weight_decay=0.5, maximize=True)",
                "Rprop(params, 0.1, (0.4, 1.3), (0, 50.0), capturable=True) | Rprop(lr=0.1, etas=(0.4, 1.3),"
                        + " step_sizes=(0.0, 50))",
                "Adafactor(params, 0.1, -0.5, (None, 0.1), 2) | Adafactor(lr=0.1, beta2_decay=-0.5, eps=(None, 0.1),"
                        + " d=2.0)",
                "Adafactor(eps=(1e-30, 0.001)) | Adafactor(lr=0.01, eps=(1e-30, 0.001))",
                "Muon(params, 0.02, 0.01, 0.9, False, (1, 2, 3), 1e-5, 7, 'match_rms_adamw') | Muon(lr=0.02,"
                        + " weight_decay=0.01, momentum=0.9, nesterov=False, ns_coefficients=(1.0, 2.0, 3.0), eps=1e-05,"
                        + " ns_steps=7, adjust_lr_fn='match_rms_adamw')",
                "Lion(net.parameters(), 3e-5, (0.95, 0.98), 0.1, use_triton=True)"
                        + " | Lion(lr=3e-05, betas=(0.95, 0.98), weight_decay=0.1)",
                "Lamb(params, 2e-3, False, max_grad_norm=None, decoupled_decay=True)"
                        + " | Lamb(lr=0.002, bias_correction=False, max_grad_norm=None, decoupled_decay=True)",
                "SGDScheduleFree(net.parameters(), 2, 0.95, 0.1, 100, 1, 1, foreach=False) | SGDScheduleFree(lr=2.0,"
                        + " momentum=0.95, weight_decay=0.1, warmup_steps=100, r=1.0, weight_lr_power=1.0)",
                "schedulefree.AdamWScheduleFree(params, 0.01, (0.95, 0.99), warmup_steps=100, foreach=True)"
                        + " | AdamWScheduleFree(lr=0.01, betas=(0.95, 0.99), warmup_steps=100)",
                "Prodigy(params, lr=1., d_coef=2, growth_rate=float('inf'), fsdp_in_use=True)"
                        + " | Prodigy(lr=1.0, d_coef=2.0)",
                "DAdaptSGD(params, 1.0, 0.9, 0.1, 10, 1e-5, 1.02)"
                        + " | DAdaptSGD(lr=1.0, momentum=0.9, weight_decay=0.1, d0=1e-05, growth_rate=1.02)",
                "DAdaptAdam(params, lr=1, log_every=5, decouple=True) | DAdaptAdam(lr=1.0, decouple=True)"
            })
    void readsAPastedLine(String pasted, String printed) {
        assertEquals(printed, UpdateRule.parse(pasted).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[w, b]",
                "(w, b)",
                "(w,)",
                "[]",
                "net",
                "nets[0].parameters()",
                "models['g'].parameters()",
                "models[f'{name}'].parameters()",
                "[p for n, p in net.named_parameters() if 'bias' not in n]",
                "(p for p in net.parameters() if p.ndim > 1)",
                "[{'params': net.base.parameters()}, {'params': net.head.parameters()}]",
                "{'params': w}",
                "list(a.parameters()) + list(b.parameters())",
                "[*a.parameters(), *b.parameters()]",
                "[w] + [b]",
                "[w] * 2",
                "-w",
                "groups if groups else net.parameters()",
                "filter(lambda p, all=True: p.requires_grad, net.parameters())",
                "(lambda: [w])()",
                "[('w', w), ('b', b)]",
                "[torch.zeros(3, requires_grad=True)]",
                "itertools.chain(*[m.parameters() for m in models])",
            })
    void dropsItsParametersWhateverExpressionTheyAre(String parameters) {
        assertEquals(new Adam(0.01), UpdateRule.parse("optim.Adam(" + parameters + ", lr=1e-2)"));
        assertEquals(new Adam(0.01), UpdateRule.parse("optim.Adam(lr=1e-2, params=" + parameters + ")"));
        assertEquals(new SGD(0.5).withMomentum(0.9), UpdateRule.parse("torch.optim.SGD(" + parameters + ", 0.5, 0.9)"));
        assertEquals(UpdateRule.parse("Muon()"), UpdateRule.parse("Muon(" + parameters + ")"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            create_optimizer_v2(model, opt='lamb', lr=5e-3, weight_decay=0.02)
            FusedAdam(model.parameters(), lr=1e-2 / 2)
            """)
    void takesTheRateOfAnOptimizerThatIsNotKnown(String optimizer) {
        PythonProgram program = PythonProgram.read("opt = " + optimizer + "\nsched = StepLR(opt, 10)", Context.EMPTY);
        assertEquals(List.of(new SGD(0.005).withMomentum(0.9)), UpdateRule.groups(program));
        String name = optimizer.substring(0, optimizer.indexOf('('));
        String note = "SGD(lr=0.005, momentum=0.9) stands for " + name
                + ", an optimizer that is not known here: of its options, only lr is read";
        assertEquals(1, program.notes().size());
        assertTrue(program.notes().get(0).startsWith(note), program.notes().toString());
        assertThrows(
                UnknownNamesException.class,
                () -> UpdateRule.groups(PythonProgram.read("StepLR(FusedAdam(w, lr=args.lr), 10)", Context.EMPTY)));
        assertEquals(List.of(), UpdateRule.groups(PythonProgram.read("StepLR(self.optimizers(), 10)", Context.EMPTY)));
    }

    @Test
    void givesEachGroupItsOptions() {
        String text = "Muon([{'params': a}, {'params': b, 'lr': 1e-2}], momentum=0.9)";
        assertEquals(
                List.of(UpdateRule.parse("Muon(momentum=0.9)"), UpdateRule.parse("Muon(lr=0.01, momentum=0.9)")),
                UpdateRule.groups(PythonProgram.read(text, Context.EMPTY)));
        assertEquals(
                "column 1: the groups of this optimizer have different options: read them with UpdateRule.groups",
                refused(text));
        assertEquals(new Adam(0.01), UpdateRule.parse("Adam(*[[w]], lr=0.01)"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "Adam([0.1]) | column 6: lr must be a number, but was [0.1]",
                "Adam((0.9, 0.99)) | column 6: lr must be a number, but was (0.9, 0.99)",
                "Adam(0.1 * scale) | column 12: unknown name 'scale'",
                "Adam('w') | column 6: lr must be a number, but was 'w'",
                "Adam(f'w', 0.1) | column 6: an f-string is not supported",
                "Adam(*[[w]], 0.1, lr=0.1) | column 19: lr is given twice",
                "Adam([w], **options) | column 11: unknown name 'options'",
                "Adam([w], lr=rates[0]) | column 11: unknown name 'rates[0]'",
                "Adam([w], lr=0.1, params=[b]) | column 19: params is given twice",
                "Adam(0.1, lr=0.2) | column 11: lr is given twice",
                "Adam([w, lr=0.1) | column 12: expected ',' or ']', but found '='",
                "Adan() | column 1: unknown optimizer 'Adan'",
                "AdamP() | column 1: unknown optimizer 'AdamP'",
                "SGDW() | column 1: unknown optimizer 'SGDW'",
                "AdaMod() | column 1: unknown optimizer 'AdaMod'",
                "Lyon() | column 1: unknown optimizer 'Lyon', did you mean 'Lion'?",
                "Adafactr() | column 1: unknown optimizer 'Adafactr', did you mean 'Adafactor'?",
                "LBFG() | column 1: unknown optimizer 'LBFG', did you mean 'LBFGS'?",
                "SGD(nestrov=True) | column 5: unknown parameter 'nestrov' of SGD, did you mean 'nesterov'?",
                "Adam(learning_rate=1) | column 6: unknown parameter 'learning_rate' of Adam",
            })
    void takesNoValueForItsParameters(String text, String message) {
        assertEquals(message, refused(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SDG(lr=0.1) | column 1: unknown optimizer 'SDG', did you mean 'SGD'?",
                "sgd(lr=0.1) | column 1: unknown optimizer 'sgd', did you mean 'SGD'?",
                "SGD(lr=0.1, momentun=0.9) | column 13: unknown parameter 'momentun' of SGD, did you mean 'momentum'?",
                "Adam(beta=(0.9, 0.99)) | column 6: unknown parameter 'beta' of Adam, did you mean 'betas'?",
                "SGD(lr=-1) | column 5: lr must be finite and >= 0, but was -1.0",
                "SGD(lr=math.inf) | column 5: lr must be finite and >= 0, but was Infinity",
                "SGD(lr=math.nan) | column 5: lr must be finite and >= 0, but was NaN",
                "SGD(momentum=-0.9) | column 5: momentum must be finite and >= 0, but was -0.9",
                "SGD(dampening=math.nan) | column 5: dampening must be finite, but was NaN",
                "SGD(weight_decay=-1) | column 5: weight_decay must be finite and >= 0, but was -1.0",
                "Adam(lr=-1) | column 6: lr must be finite and >= 0, but was -1.0",
                "Adam(betas=(1, 0.9)) | column 6: betas[0] must be >= 0 and < 1, but was 1.0",
                "Adam(betas=(0.9, -0.1)) | column 6: betas[1] must be >= 0 and < 1, but was -0.1",
                "Adam(betas=(0.9,)) | column 6: betas must be 2 numbers, but was [0.9]",
                "Adam(betas=(0.9, 0.99, 0.999)) | column 6: betas must be 2 numbers, but was [0.9, 0.99, 0.999]",
                "Adam(eps=-1e-8) | column 6: eps must be finite and >= 0, but was -1.0E-8",
                "Adam(weight_decay=math.inf) | column 6: weight_decay must be finite and >= 0, but was Infinity",
                "SGD(lr=0.1, nesterov=1) | column 13: nesterov must be True or False, but was 1",
                "SGD(0.1, 0.9, 0, 0, False, True) | column 28: SGD takes at most 5 positional arguments, but got 6"
            })
    void saysWhereAndWhyItRefusesAText(String text, String message) {
        assertEquals(
                message,
                assertThrows(PythonSyntaxException.class, () -> UpdateRule.parse(text))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "AdamW | lr",
                "AdamW | eps",
                "AdamW | weight_decay",
                "Adagrad | lr",
                "Adagrad | lr_decay",
                "Adagrad | weight_decay",
                "Adagrad | initial_accumulator_value",
                "Adagrad | eps",
                "RMSprop | lr",
                "RMSprop | alpha",
                "RMSprop | eps",
                "RMSprop | weight_decay",
                "RMSprop | momentum",
                "Adadelta | lr",
                "Adadelta | eps",
                "Adadelta | weight_decay",
                "Adamax | lr",
                "Adamax | eps",
                "Adamax | weight_decay",
                "NAdam | lr",
                "NAdam | eps",
                "NAdam | weight_decay",
                "NAdam | momentum_decay",
                "RAdam | lr",
                "RAdam | eps",
                "RAdam | weight_decay",
                "ASGD | lr",
                "ASGD | weight_decay",
                "Rprop | lr",
                "Adafactor | lr",
                "Adafactor | weight_decay",
                "Muon | lr",
                "Muon | weight_decay",
                "Muon | momentum",
                "Muon | eps"
            })
    void refusesWhatIsNegativeOrNotFinite(String rule, String option) {
        Map<String, String> values = Map.of("-1e-9", "-1.0E-9", "math.inf", "Infinity", "math.nan", "NaN");
        values.forEach((text, value) -> assertEquals(
                "column " + (rule.length() + 2) + ": " + option + " must be finite and >= 0, but was " + value,
                refused(rule + "(" + option + "=" + text + ")")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Adam", "AdamW", "Adamax", "NAdam", "RAdam"})
    void refusesBetasThatAreNoDecays(String rule) {
        String place = "column " + (rule.length() + 2) + ": ";
        assertEquals(place + "betas[0] must be >= 0 and < 1, but was 1.0", refused(rule + "(betas=(1, 0.9))"));
        assertEquals(place + "betas[1] must be >= 0 and < 1, but was -0.1", refused(rule + "(betas=(0.9, -0.1))"));
        assertEquals(place + "betas[1] must be >= 0 and < 1, but was NaN", refused(rule + "(betas=(0.9, math.nan))"));
        assertEquals(place + "betas must be 2 numbers, but was [0.9]", refused(rule + "(betas=(0.9,))"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "AdamX() | column 1: unknown optimizer 'AdamX', did you mean 'Adam'?",
                "Adelta() | column 1: unknown optimizer 'Adelta', did you mean 'Adadelta'?",
                "AdamW(decoupled_weight_decay=False) | column 7: unknown parameter 'decoupled_weight_decay' of AdamW",
                "Adadelta(rho=1.5) | column 10: rho must be >= 0 and <= 1, but was 1.5",
                "Adadelta(rho=math.nan) | column 10: rho must be >= 0 and <= 1, but was NaN",
                "ASGD(lambd=math.nan) | column 6: lambd must be finite, but was NaN",
                "ASGD(alpha=math.inf) | column 6: alpha must be finite, but was Infinity",
                "ASGD(t0=math.nan) | column 6: t0 must be finite, but was NaN",
                "Rprop(etas=(0, 1.2)) | column 7: etas[0] must be > 0 and < 1, but was 0.0",
                "Rprop(etas=(0.5, 1)) | column 7: etas[1] must be finite and > 1, but was 1.0",
                "Rprop(etas=(math.nan, 1.2)) | column 7: etas[0] must be > 0 and < 1, but was NaN",
                "Rprop(etas=0.5) | column 7: etas must be a list of numbers, but was 0.5",
                "Rprop(step_sizes=(-1, 1)) | column 7: step_sizes[0] must be finite and >= 0, but was -1.0",
                "Rprop(step_sizes=(2, 1)) | column 7: step_sizes[1] must be finite and >= step_sizes[0], 2.0, but was"
                        + " 1.0",
                "Rprop(step_sizes=(2,)) | column 7: step_sizes must be 2 numbers, but was [2.0]",
                "Adafactor(beta2_decay=0.1) | column 11: beta2_decay must be finite and <= 0, but was 0.1",
                "Adafactor(beta2_decay=math.nan) | column 11: beta2_decay must be finite and <= 0, but was NaN",
                "Adafactor(eps=(-1, 0)) | column 11: eps[0] must be finite and >= 0, but was -1.0",
                "Adafactor(eps=(None, math.nan)) | column 11: eps[1] must be finite and >= 0, but was NaN",
                "Adafactor(eps=(0.1, None)) | column 11: eps must be a number or None, and a number, but was (0.1, None)",
                "Adafactor(eps=(0.1,)) | column 11: eps must be a number or None, and a number, but was (0.1,)",
                "Adafactor(d=0.5) | column 11: d must be finite and >= 1, but was 0.5",
                "Adafactor(d=math.inf) | column 11: d must be finite and >= 1, but was Infinity",
                "Muon(ns_steps=-1) | column 6: ns_steps must be from 0 to 99, but was -1",
                "Muon(ns_steps=100) | column 6: ns_steps must be from 0 to 99, but was 100",
                "Muon(ns_steps=2.5) | column 6: ns_steps must be an integer, but was 2.5",
                "Muon(ns_coefficients=(1, 2)) | column 6: ns_coefficients must be 3 numbers, but was [1.0, 2.0]",
                "Muon(ns_coefficients=(1, 2, math.nan)) | column 6: ns_coefficients[2] must be finite, but was NaN",
                "Muon(adjust_lr_fn='none') | column 6: adjust_lr_fn must be 'original' or 'match_rms_adamw', but was"
                        + " 'none'",
                "Muon(adjust_lr_fn=1) | column 6: adjust_lr_fn must be a string, but was 1"
            })
    void saysWhereAndWhyItRefusesAnOption(String text, String message) {
        String refusal = refused(text);
        assertEquals(message, refusal.substring(0, Math.min(message.length(), refusal.length())));
    }

    private static String refused(String text) {
        return String.valueOf(assertThrows(PythonSyntaxException.class, () -> UpdateRule.parse(text))
                .getMessage());
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 0.1", "0.9, 0.1", "0.9, -0.1"})
    void refusesNesterovWithoutMomentumOrWithDampening(double momentum, double dampening) {
        assertEquals(
                "nesterov must be False unless there is momentum and no dampening, but was True with momentum "
                        + momentum + " and dampening " + dampening,
                assertThrows(IllegalArgumentException.class, () -> new SGD(0.1, momentum, dampening, 0, true, false))
                        .getMessage());
    }

    @Test
    void refusesEveryValueThatIsNotANumber() {
        List<Runnable> refused = List.of(
                () -> new SGD(Double.NaN),
                () -> new SGD(0.1).withMomentum(Double.NaN),
                () -> new SGD(0.1).withDampening(Double.NaN),
                () -> new SGD(0.1).withWeightDecay(Double.NaN),
                () -> new Adam(Double.NaN),
                () -> new Adam(0.1).withBetas(Double.NaN, 0.999),
                () -> new Adam(0.1).withBetas(0.9, Double.NaN),
                () -> new Adam(0.1).withEps(Double.NaN),
                () -> new Adam(0.1).withWeightDecay(Double.NaN));
        for (Runnable construction : refused) {
            assertThrows(IllegalArgumentException.class, construction::run);
        }
    }
}
