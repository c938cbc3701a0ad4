package org.anneal.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.anneal.text.Context;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.UnknownNamesException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schedules of other libraries, as they stand in pasted programs and files. */
class ProgramsTest {

    private static final String WARMED = "SequentialLR([Warmup(steps=100), Polynomial(steps=900)], milestones=[100])";

    @Test
    void findsTheScheduleOfATransformersProgram() {
        SchedulerCall call = SchedulerCall.parse("""
                from transformers import get_linear_schedule_with_warmup
                from torch.optim import AdamW
                optimizer = AdamW(model.parameters(), lr=5e-5)
                total = 1000
                scheduler = get_linear_schedule_with_warmup(optimizer, num_warmup_steps=int(0.1 * total), num_training_steps=total)
                """);
        assertEquals(WARMED, call.policy().toString());
        assertEquals(Optional.empty(), call.notes().stream().findFirst());
        assertEquals(Optional.of(StepPer.BATCH), call.stepPer());
    }

    @Test
    void findsTheOptimizerOfAnotherLibrarysSchedule() {
        PythonProgram program = PythonProgram.read("""
                import transformers
                opt = torch.optim.AdamW(net.parameters(), lr=3e-4)
                sched = transformers.get_cosine_schedule_with_warmup(opt, 10, 100)
                """, Context.EMPTY);
        assertEquals(List.of(UpdateRule.parse("AdamW(lr=3e-4)")), UpdateRule.groups(program));
    }

    @Test
    void asksForAllUnknownNamesAtOnceButNotForThoseThatItPassesOver() {
        String text =
                "get_scheduler(args.type, optimizer, num_warmup_steps=args.warmup, num_training_steps=len(loader) * args.epochs)";
        assertEquals(
                List.of("args.warmup", "len(loader)", "args.epochs"),
                assertThrows(UnknownNamesException.class, () -> Policy.parse(text))
                        .names());
        Context known = Context.EMPTY
                .with("args.type", "'linear'")
                .with("args.warmup", "100")
                .with("len(loader)", "50")
                .with("args.epochs", "20");
        assertEquals(WARMED, Policy.parse(text, known).toString());
        assertEquals(
                Policy.parse("TrainingArguments(lr_scheduler_type='constant', max_steps=5)"),
                Policy.parse(
                        "TrainingArguments(args.out, lr_scheduler_type='constant', max_steps=5, fp16=args.fp16, seed=s)"));
    }

    @Test
    void takesAFunctionThatTheTextDefinesForWhatItIs() {
        assertEquals("StepLR(step_size=30, gamma=0.1)", Policy.parse("""
                def get_scheduler(optimizer, config):
                    print(config)
                    return lr_scheduler.StepLR(optimizer, 30)
                scheduler = get_scheduler(optimizer, cfg)
                """).toString());
    }

    @Test
    void readsLengthsInUnitsOfTheRun() {
        RunLength run = new RunLength(50, 20);
        assertEquals(
                WARMED,
                Policy.parse("get_linear_schedule_with_warmup(optimizer, 2ep, 100%)", run)
                        .toString());
        assertEquals(
                Policy.parse("From(SequentialLR([Warmup(75), Polynomial(675)], [75]), lr=1e-3)"),
                Policy.parse("TrainingArguments(learning_rate=1e-3, num_train_epochs=15, warmup_ratio=0.1)", run));
    }

    @Test
    void saysThatARunsStepsAreTheOptimizersWhereGradientsAreAccumulated() {
        String text = "TrainingArguments(num_train_epochs=3, gradient_accumulation_steps=%d)";
        RunLength run = new RunLength(100, 3);
        assertEquals(
                List.of(
                        "gradient_accumulation_steps=4 was dropped: the run's length must count steps of the optimizer, not"
                                + " batches"),
                SchedulerCall.parse(text.formatted(4), run).notes());
        assertEquals(List.of(), SchedulerCall.parse(text.formatted(1), run).notes());
    }

    @Test
    void keepsLastEpochForTheRunner() {
        SchedulerCall call = SchedulerCall.parse("get_constant_schedule_with_warmup(optimizer, 30, last_epoch=10)");
        assertEquals("Warmup(steps=30)", call.policy().toString());
        assertEquals(10, call.lastEpoch());
    }

    @ParameterizedTest
    @CsvSource({
        "'CosineLRScheduler(optimizer, 30)', EPOCH",
        "'CosineLRScheduler(optimizer, 30, t_in_epochs=False)', BATCH",
        "'StepLRScheduler(optimizer, 30, t_in_epochs=True)', EPOCH",
        "'create_scheduler_v2(optimizer, step_on_epochs=False, updates_per_epoch=10)', BATCH",
        "'PlateauLRScheduler(optimizer)', EPOCH",
        "'optax.cosine_decay_schedule(0.1, 30)', BATCH",
        "'TrainingArguments(max_steps=30)', BATCH",
        "'CosineDecay(0.1, 30)', BATCH"
    })
    void knowsWhatTheirSchedulesAreSteppedAfter(String text, StepPer per) {
        assertEquals(Optional.of(per), SchedulerCall.parse(text).stepPer());
    }

    @Test
    void findsTheScheduleInAnOptimizersLine() {
        assertEquals("From(HalfCosine(steps=100), lr=0.1)", Policy.parse("""
                import optax
                schedule = optax.cosine_decay_schedule(0.1, 100)
                tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(learning_rate=schedule, weight_decay=1e-4))
                """).toString());
        PythonProgram keras = PythonProgram.read("""
                from tensorflow import keras
                model.compile(optimizer=keras.optimizers.SGD(
                    learning_rate=keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5), momentum=0.9))
                """, Context.EMPTY);
        assertEquals(
                "From(Exponential(decay_steps=100, decay_rate=0.5), lr=0.1)",
                SchedulerCall.of(keras).policy().toString());
        assertEquals(List.of(), UpdateRule.groups(keras)); // Keras' SGD is not PyTorch's
    }

    @Test
    void readsAnOptimizersConfigThatKerasSaved() {
        String text = """
                {"module": "keras.optimizers", "class_name": "SGD", "config": {"name": "SGD", "learning_rate":
                  {"module": "keras.optimizers.schedules", "class_name": "CosineDecayRestarts", "config":
                    {"initial_learning_rate": 0.1, "first_decay_steps": 50, "t_mul": 2.0, "m_mul": 0.5, "alpha": 0.0, "name": "SGDRDecay"},
                   "registered_name": null},
                  "weight_decay": null, "nesterov": false}, "registered_name": null}
                """;
        assertEquals(
                "From(CosineCycles(steps=50, growth=2.0, shrink=0.5), lr=0.1)",
                Policy.parse(text).toString());
        assertEquals(
                "From(CosineCycles(steps=50, growth=2.0), lr=0.1)",
                Policy.parse("keras.optimizers.schedules.deserialize({'class_name': 'CosineDecayRestarts', 'config':"
                                + " {'initial_learning_rate': 0.1, 'first_decay_steps': 50}})")
                        .toString());
    }

    @Test
    void saysWhereTimmIsOneStepEarly() {
        SchedulerCall call = SchedulerCall.parse("MultiStepLRScheduler(optimizer, [30, 60], 0.1)");
        assertEquals(
                "Piecewise(boundaries=[30, 60], factors=[1.0, 0.1, 0.010000000000000002])",
                call.policy().toString());
        assertEquals(
                List.of("timm decays one step before each of decay_t, first at 29; here it is at decay_t, first at 30"),
                call.notes());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.4})
    void givesEveryGroupItsOwnWayToTheSameFloor(double base) {
        for (String text : List.of(
                "get_polynomial_decay_schedule_with_warmup(optimizer, 0, 100, lr_end=0.01)",
                "get_cosine_with_min_lr_schedule_with_warmup(optimizer, 0, 100, min_lr=0.01)",
                "CosineLRScheduler(optimizer, 100, lr_min=0.01)")) {
            Schedule schedule = Schedule.parse(text);
            assertEquals(base, schedule.at(0, base), 1e-15, text);
            assertEquals(0.01, schedule.at(100, base), 1e-15, text);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "get_linear_schedule_with_warmup(opt, 10) | get_linear_schedule_with_warmup needs num_training_steps",
                "get_linear_schedule_with_warmup(opt, -1, 10) | num_warmup_steps must be at least 0, but was -1",
                "get_linear_schedule_with_warmup(opt, 10, num_train_steps=5) | unknown parameter 'num_train_steps' of"
                        + " get_linear_schedule_with_warmup, did you mean 'num_training_steps'?",
                "get_linear_schedule_with_warmpu(opt, 1, 2) | unknown schedule 'get_linear_schedule_with_warmpu', did you mean"
                        + " 'get_linear_schedule_with_warmup'?",
                "transformers.get_linear_schedule(opt, 1, 2) | unknown schedule 'get_linear_schedule', did you mean"
                        + " 'get_linear_schedule_with_warmup'?",
                "optax.schedules.step_decay(0.1) | unknown schedule 'step_decay'",
                "get_cosine_with_min_lr_schedule_with_warmup(opt, 1, 2) | one of min_lr and min_lr_rate must be given",
                "get_cosine_with_min_lr_schedule_with_warmup(opt, 1, 2, min_lr=0.1, min_lr_rate=0.1) | one of min_lr and"
                        + " min_lr_rate must be given",
                "get_wsd_schedule(opt, 1, 2) | num_training_steps or num_stable_steps must be given",
                "get_wsd_schedule(opt, 10, 20, 25) | num_training_steps must be at least 30, but was 25",
                "get_wsd_schedule(opt, 1, 2, 9, decay_type='exp') | decay_type must be 'linear' or 'cosine' or '1-sqrt', but was"
                        + " 'exp'",
                "get_scheduler('linea', opt, 1, 2) | name must be one of constant, constant_with_warmup, cosine,"
                        + " cosine_warmup_with_min_lr, cosine_with_min_lr, cosine_with_restarts, greedy, inverse_sqrt, linear,"
                        + " polynomial, reduce_lr_on_plateau, warmup_stable_decay, but was 'linea'",
                "get_scheduler('linear', opt, 1) | get_linear_schedule_with_warmup needs num_training_steps",
                "get_scheduler('linear', opt, 1, 2, {'power': 2}) | unknown parameter 'power' of"
                        + " get_linear_schedule_with_warmup",
                "get_adafactor_schedule(opt) | get_adafactor_schedule only shows the rates that Adafactor computes by itself:"
                        + " there is no schedule to read",
                "TrainingArguments('out') | num_train_epochs is 3ep, which needs the run's epochs and its steps per epoch: give"
                        + " both, or write a number of steps",
                "CosineLRScheduler(opt, 0) | t_initial must be at least 1, but was 0",
                "CosineLRScheduler(opt, 5, cycle_mul=0.5) | cycle_mul must be finite and >= 1, but was 0.5",
                "CosineLRScheduler(opt, 5, noise_range_t=3, noise_pct=0) | noise_pct must be >= 0.001, but was 0.0",
                "TanhLRScheduler(opt, 5, lb=3, ub=1) | ub must be above lb, 3.0, but was 1.0",
                "PlateauLRScheduler(opt, noise_range_t=3) | noise_range_t must be None with PlateauLRScheduler, whose noise is not"
                        + " supported",
                "create_scheduler(args, opt) | create_scheduler takes its values from args: write create_scheduler_v2(optimizer,"
                        + " **scheduler_kwargs(args)) with them, such as sched='cosine', num_epochs=300",
                "create_scheduler_v2(opt, 'cos') | sched must be 'cosine', 'tanh', 'step', 'multistep', 'plateau' or 'poly', but was"
                        + " 'cos'",
                "optax.cosine_decay_schedule(-0.1, 5) | init_value must be finite and >= 0, but was -0.1",
                "optax.cosine_decay_schedule(0.1, 5, alpha=2) | alpha must be >= 0 and <= 1, but was 2.0",
                "optax.warmup_cosine_decay_schedule(0, 1, 10, 10) | decay_steps must be at least 11, but was 10",
                "optax.piecewise_constant_schedule(0.1, [5]) | boundaries_and_scales must be a dict, but was [5]",
                "optax.piecewise_interpolate_schedule('cubic', 0.1) | interpolate_type must be 'linear' or 'cosine', but was"
                        + " 'cubic'",
                "optax.join_schedules([optax.constant_schedule(1)], [5]) | boundaries must have one entry fewer than schedules, but"
                        + " had 1 for 1",
                "optax.sgdr_schedule([]) | cosine_kwargs must have at least 1 entry, but had none",
                "optax.contrib.reduce_on_plateau(accumulation_size=4) | accumulation_size must be 1: give the mean of so many values"
                        + " as the metric",
                "keras.optimizers.schedules.CosineDecay(0.1) | CosineDecay needs decay_steps",
                "CosineDecay(0.1, 0) | decay_steps must be at least 1, but was 0",
                "PiecewiseConstantDecay([5], [0.1]) | values must have one entry more than boundaries, 2 for 1, but had 1",
                "keras.callbacks.ReduceLROnPlateau('val_accuracy') | mode must be 'min' or 'max', as monitor='val_accuracy' does not"
                        + " tell which"
            })
    void refusesWhatItCannotReadByNameAndValue(String text, String message) {
        String refusal = String.valueOf(assertThrows(PythonSyntaxException.class, () -> Policy.parse(text))
                .getMessage());
        assertEquals(message, refusal.replaceFirst("^column \\d+: ", ""));
    }

    @Test
    void readsPlateausThatReduceOneStepEarlierThanPyTorchs() {
        assertEquals(
                "ReduceLROnPlateau(factor=0.5, patience=4, threshold_mode='abs', cooldown=1, min_lr=0.001, eps=0.0)",
                Policy.parse(
                                "keras.callbacks.ReduceLROnPlateau(monitor='val_loss', factor=0.5, patience=5, cooldown=2, min_lr=0.001)")
                        .toString());
        assertEquals(
                "ReduceLROnPlateau(mode='max', patience=0, threshold=0.01, threshold_mode='abs', eps=0.0)",
                Policy.parse(
                                "tf.keras.callbacks.ReduceLROnPlateau('acc', patience=0, mode='max', min_delta=0.01, verbose=v)")
                        .toString());
        assertEquals(
                "ReduceLROnPlateau(factor=0.5, patience=4, cooldown=2, eps=0.0)",
                Policy.parse("optax.contrib.reduce_on_plateau(factor=0.5, patience=5, cooldown=2)")
                        .toString());
    }
}
