package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.UnknownNamesException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerCallTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "StepLR(30)",
                "StepLR(step_size=30, gamma=0.1)",
                "StepLR(30, 1/10,)",
                "StepLR(3e1, gamma=10**-1)",
                "StepLR(gamma=.1, step_size=3_0)",
                "torch.optim.lr_scheduler.StepLR(optimizer, 30)",
                "optim.lr_scheduler.StepLR(self.optimizer, 2*15)",
                "lr_scheduler.StepLR(opt, step_size=30, last_epoch=-1)",
                "scheduler = StepLR(optimizer=optimizer, step_size=30)  # decay",
                "self.scheduler = torch.optim.lr_scheduler.StepLR(\n    optimizer,  # Adam\n    step_size=30,\n    gamma=0.1,\n)\n",
                "\n  StepLR(get_optimizer(), step_size=(30), gamma=+0.1, verbose=True)",
                "StepLR(0x1e)",
            })
    void readsALinePastedFromPython(String text) {
        assertEquals(new StepLR(30, 0.1), Schedule.parse(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "MultiStepLR(o, [80, 1e1, 30]) | MultiStepLR(milestones=[10, 30, 80], gamma=0.1)",
                "MultiStepLR(milestones=(1,), gamma=1) | MultiStepLR(milestones=[1], gamma=1.0)",
                "ExponentialLR(math.exp(0)) | ExponentialLR(gamma=1.0)",
                "ExponentialLR(o, 0.9) | ExponentialLR(gamma=0.9)",
                "CosineAnnealingLR(o, T_max=9_500, eta_min=0) | CosineAnnealingLR(T_max=9500)",
                "CosineAnnealingLR(o, 10, 1e-6) | CosineAnnealingLR(T_max=10, eta_min=1e-06)",
                "LambdaLR(o, lr_lambda=lambda step: 0.5**(step//10000)) | LambdaLR(lr_lambda=lambda step: 0.5 ** (step // 10000))",
                "LambdaLR(o, [lambda e: e, (lambda e: 2)]) | LambdaLR(lr_lambda=[lambda e: e, lambda e: 2])",
                "LambdaLR(lambda step: {0: 1}[step]) | LambdaLR(lr_lambda=lambda step: {0: 1}[step])",
                "MultiplicativeLR(lambda e: .95) | MultiplicativeLR(lr_lambda=lambda e: 0.95)",
                "ConstantLR(optimizer) | ConstantLR()",
                "ConstantLR(o, 1/3, 4) | ConstantLR(total_iters=4)",
                "LinearLR(o, 0.01, 1, 500) | LinearLR(start_factor=0.01, total_iters=500)",
                "LinearLR(o, end_factor=0, start_factor=1) | LinearLR(start_factor=1.0, end_factor=0.0)",
                "PolynomialLR(o, 5, 1) | PolynomialLR()",
                "PolynomialLR(o, total_iters=1e4, power=0.9) | PolynomialLR(total_iters=10000, power=0.9)",
                "CosineAnnealingWarmRestarts(o, 10, 2, 1e-5) | CosineAnnealingWarmRestarts(T_0=10, T_mult=2, eta_min=1e-05)",
                "CosineAnnealingWarmRestarts(o, T_0=10, T_mult=1) | CosineAnnealingWarmRestarts(T_0=10)",
                "torch.optim.swa_utils.SWALR(o, 0.05) | SWALR(swa_lr=0.05)",
                "swa_utils.SWALR(o, swa_lr=[0.05, 1], anneal_epochs=5, anneal_strategy='linear') | SWALR(swa_lr=[0.05, 1.0], anneal_epochs=5, anneal_strategy='linear')",
                "CyclicLR(o, 0.001, 0.1) | CyclicLR(base_lr=0.001, max_lr=0.1)",
                "CyclicLR(o, [0.1], 1, 10, None) | CyclicLR(base_lr=[0.1], max_lr=1.0, step_size_up=10)",
                "CyclicLR(o, 0.1, [1, 2], 10, 2000, 'triangular2', 1., None, 'iterations', False) | CyclicLR(base_lr=0.1, max_lr=[1.0, 2.0], step_size_up=10, step_size_down=2000, mode='triangular2', scale_mode='iterations', cycle_momentum=False)",
                "CyclicLR(o, 0.1, 1, 2.5, mode='exp_range', base_momentum=0.7) | CyclicLR(base_lr=0.1, max_lr=1.0, step_size_up=2.5, mode='exp_range', gamma=1.0, base_momentum=0.7)",
                "CyclicLR(o, 0.1, 1, mode='mine', scale_fn=lambda x: 1/x, max_momentum=[0.5, 0.6]) | CyclicLR(base_lr=0.1, max_lr=1.0, scale_fn=lambda x: 1 / x, max_momentum=[0.5, 0.6])",
                "OneCycleLR(o, max_lr=0.01, steps_per_epoch=100, epochs=10) | OneCycleLR(max_lr=0.01, total_steps=1000)",
                "OneCycleLR(o, 1, None, 10, 100) | OneCycleLR(max_lr=1.0, total_steps=1000)",
                "OneCycleLR(o, [1, 2], 50, 7, 7, 1, 'linear', False, 0.8, 0.9, 10, 100, True) | OneCycleLR(max_lr=[1.0, 2.0], total_steps=50, pct_start=1.0, anneal_strategy='linear', cycle_momentum=False, base_momentum=0.8, max_momentum=0.9, div_factor=10.0, final_div_factor=100.0, three_phase=True)",
                "SequentialLR(o, schedulers=[StepLR(o, 3, verbose=True), torch.optim.lr_scheduler.ExponentialLR(o, .9)], milestones=[5]) | SequentialLR([StepLR(step_size=3, gamma=0.1), ExponentialLR(gamma=0.9)], milestones=[5])",
                "SequentialLR([ChainedScheduler([ExponentialLR(o, 1)])], milestones=[]) | SequentialLR([ChainedScheduler([ExponentialLR(gamma=1.0)])], milestones=[])",
                "SequentialLR(o, (StepLR(1), StepLR(2)), (0,), -1) | SequentialLR([StepLR(step_size=1, gamma=0.1), StepLR(step_size=2, gamma=0.1)], milestones=[0])",
                "ChainedScheduler([StepLR(o, 3), ExponentialLR(o, .9)]) | ChainedScheduler([StepLR(step_size=3, gamma=0.1), ExponentialLR(gamma=0.9)])",
                "ChainedScheduler([StepLR(o, 3)], optimizer=optimizer) | ChainedScheduler([StepLR(step_size=3, gamma=0.1)])",
                "s = lr_scheduler.ChainedScheduler(schedulers=[StepLR(o, 3)], optimizer=o) | ChainedScheduler([StepLR(step_size=3, gamma=0.1)])",
                "ChainedScheduler([SequentialLR(o, [StepLR(1), StepLR(2)], [4]), StepLR(3)], optimizer) | ChainedScheduler([SequentialLR([StepLR(step_size=1, gamma=0.1), StepLR(step_size=2, gamma=0.1)], milestones=[4]), StepLR(step_size=3, gamma=0.1)])",
                "ReduceLROnPlateau(optimizer, 'max', patience=5) | ReduceLROnPlateau(mode='max', patience=5)",
                "ReduceLROnPlateau(o, \"min\", 0.1, 10, 1e-4, \"abs\", 0, [0, 1], 1e-8) | ReduceLROnPlateau(threshold_mode='abs', min_lr=[0.0, 1.0])",
            })
    void printsPyTorchsCall(String text, String canonical) {
        assertEquals(canonical, Policy.parse(text).toString());
        assertEquals(Policy.parse(text), Policy.parse(canonical));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "StepLR(30,        gama=0.1) | column 19: unknown parameter 'gama' of StepLR, did you mean 'gamma'?",
                "StepLR(30, gamma=-1) | column 12: gamma must be finite and >= 0, but was -1.0",
                "StepLR(0) | column 8: step_size must be at least 1, but was 0",
                "StepLR(2.5) | column 8: step_size must be an integer, but was 2.5",
                "StepLR(1e300) | column 8: step_size must be at most 2^53, but was 1e+300",
                "StepLR(True) | column 8: step_size must be an integer, but was True",
                "StepLR(None) | column 8: step_size must be an integer, but was None",
                "StepLR('30') | column 8: step_size must be an integer, but was '30'",
                "StepLR(1/0) | column 9: step_size must be an integer, but failed: division by zero",
                "StepLR(30, x) | column 12: unknown name 'x'",
                "StepLR(30, 0.1, -1, False, 5) | column 28: StepLR takes at most 4 positional arguments, but got 5",
                "StepLR(30, step_size=3) | column 12: step_size is given twice",
                "StepLR(o, 30, optimizer=o) | column 15: optimizer is given twice",
                "StepLR(gamma=0.1, 30) | column 19: a positional argument cannot follow a keyword argument",
                "StepLR() | column 1: StepLR needs step_size",
                "StepLR(30 | column 10: expected ',' or ')', but found the end",
                "StepLR(30) x | column 12: expected the end, but found 'x'",
                "StepLR | column 1: expected a call, such as 'StepLR(step_size=30)', but found StepLR",
                "StepLR(30, gamma=0.1.2) | column 21: expected ',' or ')', but found '.2'",
                "CosineLR(10) | column 1: unknown schedule 'CosineLR', did you mean 'CosineAnnealingLR'?",
                "self.scheduler.step() | column 1: the text makes no schedule: it lacks the line that makes 'self.scheduler', such as"
                        + " 'self.scheduler = StepLR(optimizer, step_size=30)'",
                "for x in y: optimizer.step() | column 13: the text makes no schedule, such as 'StepLR(step_size=30)', but calls step",
                "MultistepLR([1]) | column 1: unknown schedule 'MultistepLR', did you mean 'MultiStepLR'?",
                "keras.StepLR(1) | column 1: unknown module 'keras', expected torch.optim or torch.optim.lr_scheduler",
                "s = OneCycleLR(o, 1) | column 5: OneCycleLR needs total_steps, or epochs and steps_per_epoch",
                "OneCycleLR(o, 1, epochs=3) | column 1: OneCycleLR needs total_steps, or epochs and steps_per_epoch",
                "OneCycleLR(1, epochs=0, steps_per_epoch=9) | column 15: epochs must be at least 1, but was 0",
                "OneCycleLR(1, 9, pct_start=30) | column 18: pct_start must be >= 0 and <= 1, but was 30.0",
                "OneCycleLR([], 9) | column 12: max_lr must have at least 1 entry, but had none",
                "OneCycleLR([1, -1], 9) | column 12: max_lr must be finite and >= 0, but was -1.0",
                "SWALR(0.1, 5, 'cosine') | column 15: anneal_strategy must be 'cos' or 'linear', but was 'cosine'",
                "CyclicLR(0.1) | column 1: CyclicLR needs max_lr",
                "CyclicLR(0.1, 1, mode='exp') | column 18: mode must be 'triangular' or 'triangular2' or 'exp_range', but was 'exp'",
                "CyclicLR(0.1, 1, mode='EXP_RANGE') | column 18: mode must be 'triangular' or 'triangular2' or 'exp_range', but was 'EXP_RANGE'",
                "CyclicLR(0.1, 1, scale_fn=f) | column 18: unknown name 'f'",
                "CyclicLR(0.1, 1, step_size_down=0) | column 18: step_size_down must be > 0 and at most 2^53, but was 0.0",
                "CosineAnnealingWarmRestarts(o, 10.5) | column 32: T_0 must be an integer, but was 10.5",
                "MultiStepLR([1, 2.5]) | column 17: milestones[1] must be an integer, but was 2.5",
                "MultiStepLR([1, -2]) | column 13: milestones must be at least 0, but was -2",
                "MultiStepLR(30) | column 13: milestones must be a list of integers, but was 30",
                "LambdaLR(o, lr_lambda=fn) | column 13: unknown name 'fn'",
                "LambdaLR(o, lr_lambda=3) | column 13: expected a lambda, such as 'lambda step: 0.95 ** step', but found 3",
                "LambdaLR(o, lambda e: ep) | column 23: unknown name 'ep', did you mean 'e'?",
                "LambdaLR(o, []) | column 13: lr_lambda must have at least 1 entry, but had none",
                "SequentialLR([StepLR(1), StepLR(2)]) | column 1: SequentialLR needs milestones",
                "SequentialLR([], []) | column 14: schedulers must have at least 1 entry, but had none",
                "SequentialLR(o, [StepLR(1)], [5, 6]) | column 30: milestones must have one entry fewer than schedulers, 0 for 1, but had 2",
                "SequentialLR([StepLR(1), StepLR(2), StepLR(3)], [6, 5]) | column 49: milestones must increase, but had 5 after 6",
                "SequentialLR(o, [StepLR(1), warmup], [5]) | column 29: unknown name 'warmup'",
                "SequentialLR(o, [StepLR(1), 3], [5]) | column 29: schedulers[1] must be a call, such as 'StepLR(step_size=30)', but was 3",
                "SequentialLR(o, StepLR(1), [5]) | column 17: schedulers must be a list of calls, but was StepLR(1)",
                "SequentialLR(o, [StepLR(1), StepLR(2, gama=3)], [5]) | column 39: unknown parameter 'gama' of StepLR, did you mean 'gamma'?",
                "SequentialLR(o, [StepLR(1), StepLR(2, last_epoch=3)], [5]) | column 29: last_epoch must be -1 in a member, but was 3: give it once, to the outermost scheduler",
                "ChainedScheduler([StepLR(1), keras.StepLR(1)]) | column 30: unknown module 'keras', expected torch.optim or torch.optim.lr_scheduler",
                "ChainedScheduler([StepLR(1), Step(1)]) | column 30: unknown schedule 'Step', did you mean 'StepLR'?",
                "ChainedScheduler([]) | column 18: schedulers must have at least 1 entry, but had none",
                "ChainedScheduler([StepLR(1)], last_epoch=3) | column 31: unknown parameter 'last_epoch' of ChainedScheduler",
                "ReduceLROnPlateau(o, 'mid') | column 22: mode must be 'min' or 'max', but was 'mid'",
                "ReduceLROnPlateau(mode=min) | column 19: mode must be a string, but was min",
                "ReduceLROnPlateau(o, factor=1.0) | column 22: factor must be >= 0 and < 1, but was 1.0",
                "StepLR(30, last_epoch=-2) | column 12: last_epoch must be at least -1, but was -2",
                "`` | column 1: expected a value, but found the end",
            })
    void saysWhereATextIsWrong(String text, String message) {
        PythonSyntaxException e = assertThrows(PythonSyntaxException.class, () -> Policy.parse(text));
        assertEquals(message, e.getMessage());
        assertEquals(1, e.line());
        assertTrue(message.startsWith("column " + e.column() + ": "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "opts[0]",
                "optimizers[\"g\"]",
                "optimizers['it\\'s']",
                "self.optimizers()[0]",
                "self.optimizers(use_pl_optimizer=False)",
                "opts[i % 2]",
                "opts[:1][0]",
                "[o for o in opts][0]",
                "{0: opt, 1: other}[0]",
                "(opts[0])",
                "(opt := make(net))",
                "a if flag else b",
                "opts[0] if len(opts) > 1 else opt",
                "opt if training else None",
                "opt or other",
                "(lambda: opt)()",
                "next(o for o in opts if o.name == ')')",
                "SGD([{'params': p}, {'params': q, 'lr': 1e-2}], lr=0.1)",
                "Adam([*a.parameters(), *b.parameters()], lr=0.1)",
                "cfg[\"\"\"a ' b\"\"\"]",
            })
    void dropsAnOptimizerWhateverExpressionItIs(String optimizer) {
        assertEquals(new StepLR(30), Schedule.parse("StepLR(" + optimizer + ", 30)"));
        assertEquals(new StepLR(30), Schedule.parse("StepLR(step_size=30, optimizer=" + optimizer + ")"));
        assertEquals(
                Schedule.parse("LambdaLR(lambda step: 0.5 ** step)"),
                Schedule.parse("LambdaLR(" + optimizer + ", lambda step: 0.5 ** step)"));
        assertEquals(
                Schedule.parse("MultiStepLR([3, 6], 0.5)"),
                Schedule.parse("MultiStepLR(" + optimizer + ", [3, 6], 0.5)"));
        assertEquals(
                Policy.parse("SequentialLR([LinearLR(0.1), ReduceLROnPlateau('max')], [5])"),
                Policy.parse("SequentialLR(" + optimizer + ", [LinearLR(" + optimizer + ", 0.1), ReduceLROnPlateau("
                        + optimizer + ", 'max')], [5])"));
        Schedule chain = Schedule.parse("ChainedScheduler([StepLR(3), ExponentialLR(0.9)])");
        String members = "[StepLR(" + optimizer + ", 3), ExponentialLR(optimizer=" + optimizer + ", gamma=0.9)]";
        assertEquals(chain, Schedule.parse("ChainedScheduler(" + members + ", " + optimizer + ")"));
        assertEquals(chain, Schedule.parse("ChainedScheduler(" + members + ", optimizer=" + optimizer + ")"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "StepLR([30]) | column 8: step_size must be an integer, but was [30]",
                "StepLR([opt], 30) | column 8: step_size must be an integer, but was [opt]",
                "StepLR(30 * n) | column 13: unknown name 'n'",
                "StepLR(30 if n else m) | column 14: unknown names 'n' and 'm'",
                "StepLR(x[0]) | column 8: unknown name 'x[0]'",
                "StepLR(x[0] * 30) | column 8: unknown name 'x[0]'",
                "StepLR(30 40) | column 11: expected ',' or ')', but found '40'",
                "StepLR(0x1g) | column 8: malformed number '0x1g'",
                "StepLR(*args) | column 9: unknown name 'args'",
                "StepLR(opt, 30, **options) | column 17: unknown name 'options'",
                "StepLR(opts[0), 30) | column 14: expected ']', but found ')'",
                "StepLR(opts[0, 30) | column 18: expected ']', but found ')'",
                "StepLR(opts['a], 30) | column 13: the string has no end",
                "StepLR(opts[0], sizes[0]) | column 17: unknown name 'sizes[0]'",
                "StepLR(opts[0], 30, optimizer=opts[0]) | column 21: optimizer is given twice",
                "LambdaLR(lambda step: {0: 1}) | column 23: expected a number, but found {0: 1}",
                "LambdaLR(opt, lambda step: min(sizes[0], step)) | column 32: unknown name 'sizes[0]'",
                "MultiStepLR([int(m * n) for m in ms]) | column 22: unknown names 'n' and 'ms'",
                "LinearLR(x[0] * 0.1) | column 10: unknown name 'x[0]'",
                "SequentialLR([o for o in schedulers], [5]) | column 26: unknown name 'schedulers'",
            })
    void takesNoValueForAnOptimizer(String text, String message) {
        assertEquals(
                message,
                assertThrows(PythonSyntaxException.class, () -> Policy.parse(text))
                        .getMessage());
    }

    @Test
    void readsALongHostileTextInTimeProportionalToIt() {
        String unread = "f(" + "@,".repeat(200_000) + ")";
        String nested = "f(".repeat(90) + "@ ".repeat(200_000);
        assertThrows(PythonSyntaxException.class, () -> Policy.parse("StepLR(" + unread + ", 30)"));
        assertThrows(PythonSyntaxException.class, () -> Policy.parse("StepLR(" + nested + ", 30)"));
        assertEquals(new StepLR(30), Schedule.parse("StepLR(o[" + "(".repeat(9_000) + ")".repeat(9_000) + "], 30)"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    CosineAnealingLR | CosineAnnealingLR
                    CosineAnnealingRL | CosineAnnealingLR
                    stepLR | StepLR
                    StepRL | StepLR
                    tepLR | StepLR
                    Step | StepLR
                    PolyLR | PolynomialLR
                    ConstLR | ConstantLR
                    CLR | CyclicLR
                    OneCycle | OneCycleLR
                    SequencialLR | SequentialLR
                    ReduceOnPlateau | ReduceLROnPlateau
                    ChainedSheduler | ChainedScheduler
                    CosineLRSheduler | CosineLRScheduler
                    PlateauScheduler | PlateauLRScheduler
                    get_cosine_schedule | get_cosine_schedule_with_warmup
                    CosineDecai | CosineDecay
                    LRScheduler | ''
                    WarmupLR | Warmup
                    NoamRL | NoamLR
                    LogLR | ''
                    LinearWarmupCosineAnnealingLR | ''
                    GradualWarmupScheduler | ''
                    HalfCosin | HalfCosine
                    Exponental | Exponential
                    """)
    void guessesAScheduleOfWhichANameIsAMisspellingOrAPart(String name, String meant) {
        assertEquals(
                "column 1: unknown schedule '" + name + "'"
                        + (meant.isEmpty() ? "" : ", did you mean '" + meant + "'?"),
                assertThrows(PythonSyntaxException.class, () -> Policy.parse(name + "(1)"))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    StepLR | gama | gamma
                    StepLR | amma | gamma
                    StepLR | stepsize | step_size
                    MultiStepLR | milestone | milestones
                    MultiStepLR | nilestones | milestones
                    CosineAnnealingLR | tmax | T_max
                    CosineAnnealingLR | eta_max | ''
                    CosineAnnealingLR | min_lr | ''
                    OneCycleLR | min_momentum | ''
                    OneCycleLR | steps | ''
                    OneCycleLR | warmup_steps | ''
                    OneCycleLR | total_step | total_steps
                    OneCycleLR | final_div_facotr | final_div_factor
                    LambdaLR | lr_lamda | lr_lambda
                    CyclicLR | step_size | step_size_up
                    ReduceLROnPlateau | patients | patience
                    """)
    void guessesAParameterOfWhichANameIsAMisspellingOrAPart(String schedule, String name, String meant) {
        PythonSyntaxException refused =
                assertThrows(PythonSyntaxException.class, () -> Policy.parse(schedule + "(" + name + "=1)"));
        assertEquals(
                "column " + (schedule.length() + 2) + ": unknown parameter '" + name + "' of " + schedule
                        + (meant.isEmpty() ? "" : ", did you mean '" + meant + "'?"),
                refused.getMessage());
    }

    @Test
    void countsLines() {
        PythonSyntaxException e =
                assertThrows(PythonSyntaxException.class, () -> Policy.parse("s = StepLR(\n    30,\n    gamme=1)"));
        assertEquals("line 3, column 5: unknown parameter 'gamme' of StepLR, did you mean 'gamma'?", e.getMessage());
        assertEquals(3, e.line());
        assertEquals(5, e.column());
    }

    @Test
    void keepsLastEpochForTheRunner() {
        String text = "ExponentialLR(optimizer, 0.9, last_epoch=41)";
        assertEquals(new SchedulerCall(new ExponentialLR(0.9), 41, List.of()), SchedulerCall.parse(text));
        assertEquals(
                "column 31: last_epoch=41 belongs to the runner: read this line with SchedulerCall.parse and pass the"
                        + " result to LRScheduler",
                assertThrows(PythonSyntaxException.class, () -> Schedule.parse(text))
                        .getMessage());
    }

    @Test
    void takesNoValueThatALoopChangesOnceForItsLast() {
        String text = "lr = 0.1\nfor epoch in range(3):\n    with log():\n        lr = lr * 0.5\nSWALR(opt, lr)";
        UnknownNamesException e = assertThrows(UnknownNamesException.class, () -> Policy.parse(text));
        assertEquals(List.of("lr"), e.names());
    }

    @Test
    void notesThatVerboseIsDropped() {
        assertEquals(
                List.of("verbose was dropped: it only prints, and PyTorch no longer has it"),
                SchedulerCall.parse("ReduceLROnPlateau(optimizer, 'min', verbose=True)")
                        .notes());
    }

    @Test
    void collectsTheNotesOfMembers() {
        SchedulerCall call =
                SchedulerCall.parse("SequentialLR(o, [StepLR(1, verbose=True), StepLR(2, verbose=True)], [5],"
                        + " last_epoch=7, verbose=True)");
        assertEquals(7, call.lastEpoch());
        assertEquals(List.of("verbose was dropped: it only prints, and PyTorch no longer has it"), call.notes());
        assertEquals(
                call.notes(),
                SchedulerCall.parse("ChainedScheduler([StepLR(1), StepLR(2, verbose=True)])")
                        .notes());
    }

    @Test
    void readsNestsAsDeepAsATextMayBe() {
        String nested = "StepLR(1)";
        for (int i = 0; i < 10; i++) {
            nested = "ChainedScheduler([SequentialLR([" + nested + "], [])])";
        }
        Schedule schedule = Schedule.parse(nested);
        assertEquals(schedule, Schedule.parse(schedule.toString()));
        String deeper = "ChainedScheduler([".repeat(20_000) + "StepLR(1)" + "])".repeat(20_000);
        PythonSyntaxException e = assertThrows(PythonSyntaxException.class, () -> Schedule.parse(deeper));
        assertTrue(String.valueOf(e.getMessage()).endsWith("nested deeper than 100"), e.getMessage());
    }

    @Test
    void aPlateauIsNoSchedule() {
        assertEquals(
                "column 1: expected a schedule, but ReduceLROnPlateau() is driven by a metric: read it with Policy.parse",
                assertThrows(PythonSyntaxException.class, () -> Schedule.parse("ReduceLROnPlateau()"))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(longs = {20261121})
    void readsAnyTextAsAPolicyOrRefusesItOnOneLine(long seed) {
        List<String> pieces = List.of(
                "StepLR(",
                "30",
                "gamma=",
                "0.1",
                ")",
                "(",
                "[",
                "]",
                ",",
                "lambda e: ",
                "e",
                "**",
                "-",
                "1e400",
                "None",
                "'min'",
                "\"",
                "'",
                "\n",
                "#",
                "=",
                ".",
                "math.pi",
                "math.cos(",
                " if ",
                " else ",
                "not ",
                "9**9**9**9",
                "MultiStepLR([",
                "LambdaLR(",
                "ReduceLROnPlateau(",
                "CosineAnnealingLR(T_max=",
                "optimizer",
                "//",
                "%0",
                "\\",
                "\u0000",
                "\ud83d",
                "\u00b2",
                "1_0",
                "_",
                "1e",
                "last_epoch=",
                "verbose=",
                "min_lr=",
                "SequentialLR([",
                "ChainedScheduler([",
                "], milestones=[",
                "])",
                "StepLR(1)",
                "ReduceLROnPlateau()",
                "30ep",
                "500st",
                "10%",
                "%",
                "ep");
        List<String> valid = Stream.concat(
                        ScheduleContractTest.examples().map(Schedule::toString),
                        Stream.of(
                                "SequentialLR(o, [StepLR(10%), ReduceLROnPlateau()], milestones=[5ep])",
                                "ChainedScheduler([StepLR(500st), CosineAnnealingLR(90ep), ReduceLROnPlateau()])"))
                .toList();
        RunLength runLength = new RunLength(100, 90);
        Random random = new Random(seed);
        int accepted = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder text = new StringBuilder();
            if (i % 2 == 0) {
                for (int n = random.nextInt(12); n >= 0; n--) {
                    text.append(pieces.get(random.nextInt(pieces.size())));
                }
            } else {
                text.append(valid.get(random.nextInt(valid.size())));
                for (int n = random.nextInt(3); n >= 0; n--) {
                    int at = random.nextInt(text.length() + 1);
                    int end = Math.min(text.length(), at + random.nextInt(3));
                    text.replace(at, end, random.nextBoolean() ? "" : pieces.get(random.nextInt(pieces.size())));
                }
            }
            try {
                Policy policy = i % 4 < 2 ? Policy.parse(text.toString()) : Policy.parse(text.toString(), runLength);
                assertEquals(policy, Policy.parse(policy.toString()));
                accepted++;
            } catch (PythonSyntaxException e) {
                String message = String.valueOf(e.getMessage());
                assertFalse(message.isBlank() || message.contains("\n"), () -> "seed " + seed + ": " + text);
            }
        }
        assertTrue(accepted > 3000, accepted + " accepted");
    }
}
