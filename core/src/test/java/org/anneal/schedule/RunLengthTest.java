package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.OptionalLong;
import org.anneal.text.Check;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunLengthTest {

    private static final RunLength BATCHES = RunLength.of(60_000, 128, 90); // 469 batches, the last one smaller
    private static final RunLength EPOCHS = BATCHES.withStepPer(StepPer.EPOCH);

    @Test
    void countsTheBatchesOfAnEpoch() {
        assertEquals(new RunLength(469, 90).withBatchSize(128), BATCHES);
        assertEquals(469 * 90, BATCHES.total());
        assertEquals(90, EPOCHS.total());
        assertEquals(1, RunLength.of(128, 128, 1).total());
        assertEquals(1, RunLength.of(1, Check.LAST_STEP, 1).total());
    }

    @ParameterizedTest
    @CsvSource({
        "30ep, 14070, 30",
        "500st, 500, refused",
        "938st, 938, 2",
        "10%, 4221, 9",
        "0.5ep, 235, refused", // 234.5
        "1e1ep, 4690, 10",
        "1_0ep, 4690, 10",
        "2.5%, 1055, 2", // 1055.25 and 2.25
        "100%, 42210, 90",
        "0.5st, refused, refused",
        "1e999ep, refused, refused",
        "1e300st, refused, refused",
        "9007199254740992st, 9007199254740992, refused",
        "9007199254740993st, refused, refused",
        "12, 12, 12",
    })
    void resolvesALength(String length, String batches, String epochs) {
        assertEquals(batches, stepSize(length, BATCHES));
        assertEquals(epochs, stepSize(length, EPOCHS));
    }

    private static String stepSize(String length, RunLength runLength) {
        try {
            return "" + ((StepLR) Schedule.parse("StepLR(" + length + ")", runLength)).stepSize();
        } catch (PythonSyntaxException e) {
            assertEquals(8, e.column());
            return "refused";
        }
    }

    @ParameterizedTest
    @CsvSource({
        "64000sp, 500, 1", // 1.07 epochs
        "60_032sp, 469, 1",
        "192sp, 2, 0", // 1.5, halves up
        "100sp, 1, 0",
        "1e6sp, 7813, 17", // 7812.5 and 16.66
        "1e9tok, 1907, 4", // 1907.35 and 4.07
        "524_288tok, 1, 0"
    })
    void resolvesSamplesAndTokens(String length, long batches, long epochs) {
        RunLength run = BATCHES.withTokensPerBatch(524_288);
        String text = "LinearLR(total_iters=" + length + ")";
        assertEquals(batches, ((LinearLR) Schedule.parse(text, run)).totalIters());
        assertEquals(epochs, ((LinearLR) Schedule.parse(text, run.withStepPer(StepPer.EPOCH))).totalIters());
        assertEquals(
                batches,
                ((LinearLR) Schedule.parse(
                                text, RunLength.contextOf(100, OptionalLong.of(128), OptionalLong.of(524_288))))
                        .totalIters());
    }

    @Test
    void resolvesEveryLengthOfACall() {
        assertEquals(
                "SequentialLR([StepLR(step_size=469, gamma=0.1), MultiStepLR(milestones=[7, 4221], gamma=0.1),"
                        + " CosineAnnealingLR(T_max=42210)], milestones=[2345, 21105])",
                Policy.parse(
                                "SequentialLR(o, [StepLR(o, 1ep), MultiStepLR(o, [10%, 7st]), CosineAnnealingLR(o, T_max=90ep)],"
                                        + " milestones=[5ep, 50%  # half\n])",
                                BATCHES)
                        .toString());
        assertEquals(
                new SchedulerCall(new StepLR(9), 4, List.of()),
                SchedulerCall.parse("StepLR(o, 10%, last_epoch=4)", EPOCHS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "StepLR(step_size=100)",
                "MultiStepLR(milestones=[100])",
                "CosineAnnealingLR(T_max=100)",
                "ConstantLR(total_iters=100)",
                "LinearLR(total_iters=100)",
                "PolynomialLR(total_iters=100)",
                "CosineAnnealingWarmRestarts(T_0=100)",
                "CyclicLR(base_lr=0, max_lr=1, step_size_up=100)",
                "CyclicLR(base_lr=0, max_lr=1, step_size_down=100)",
                "OneCycleLR(max_lr=1, total_steps=100)",
                "SWALR(swa_lr=1, anneal_epochs=100)",
                "SequentialLR([StepLR(1), StepLR(1)], milestones=[100])",
                "SequentialLR([StepLR(1), ReduceLROnPlateau()], milestones=[100])",
            })
    void everyLengthMayBeGivenInUnits(String text) {
        RunLength runLength = new RunLength(20, 50);
        for (String length : List.of("5ep", "100st", "10%")) {
            assertEquals(Policy.parse(text), Policy.parse(text.replace("100", length), runLength));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "StepLR(30, gamma=10%) | column 12: gamma must be a number, but was 10%",
                "StepLR(30, last_epoch=1ep) | column 12: last_epoch must be an integer, but was 1ep",
                "ReduceLROnPlateau(patience=10%) | column 19: patience must be an integer, but was 10%",
                "StepLR(2*3ep) | column 10: expected a number, but found 3ep",
                "StepLR(-10%) | column 12: expected a value, but found ')'",
                "StepLR(10%) % | column 14: expected a value, but found the end",
                "LambdaLR(lambda s: s % 10%) | column 27: expected a value, but found ')'",
                "LambdaLR(lambda s: 10%) | column 20: expected a number, but found 10%",
                "StepLR(30epochs) | column 8: malformed number '30epochs'",
                "StepLR(0ep) | column 8: step_size must be at least 1, but was 0",
                "StepLR(1e999%) | column 8: step_size is 1e999%, which must be finite",
                "MultiStepLR([1, 1.5st]) | column 17: milestones[1] is 1.5st, which must be a whole number of steps",
            })
    void saysWhereALengthIsWrong(String text, String message) {
        assertEquals(message, SequentialLRTest.refusal(() -> Policy.parse(text, BATCHES)));
    }

    @Test
    void countsPartsOfARunOfWhichOnlyTheStepsAreKnown() {
        assertEquals(
                new CosineAnnealingLR(250),
                SchedulerCall.parse("CosineAnnealingLR(T_max=100%)", 250).policy());
        assertEquals(
                Policy.parse("SequentialLR([LinearLR(0.1, total_iters=13), CosineAnnealingLR(237)], milestones=[13])"),
                SchedulerCall.parse(
                                "SequentialLR([LinearLR(0.1, total_iters=5%), CosineAnnealingLR(237st)], milestones=[5%])",
                                250)
                        .policy()); // 12.5, halves up
        assertEquals(
                "column 8: step_size is 3ep, which needs the run's epochs and its steps per epoch: give both, or write a number"
                        + " of steps",
                SequentialLRTest.refusal(() -> SchedulerCall.parse("StepLR(3ep)", 250)));
        assertEquals(
                "column 8: step_size is 1.5st, which must be a whole number of steps",
                SequentialLRTest.refusal(() -> SchedulerCall.parse("StepLR(1.5st)", 250)));
        assertEquals(
                "steps must be at least 1, but was 0",
                SequentialLRTest.refusal(() -> SchedulerCall.parse("StepLR(3)", 0)));
    }

    @Test
    void saysWhatAUnitNeeds() {
        assertEquals(
                "column 8: step_size is 30ep, which needs the run's epochs and its steps per epoch: give both, or write a number"
                        + " of steps",
                SequentialLRTest.refusal(() -> Policy.parse("StepLR(30ep)")));
        for (Runnable each : List.<Runnable>of(
                () -> Policy.parse("StepLR(64000sp)"),
                () -> Policy.parse("StepLR(64000sp)", new RunLength(10, 3)),
                () -> SchedulerCall.parse("StepLR(64000sp)", 250))) {
            assertEquals(
                    "column 8: step_size is 64000sp, which needs the batch size, the samples in a batch: give it, or write"
                            + " a number of steps",
                    SequentialLRTest.refusal(each::run));
        }
        assertEquals(
                "column 8: step_size is 4096tok, which needs the number of tokens in a batch: give it, or write a number of"
                        + " steps",
                SequentialLRTest.refusal(() -> Policy.parse("StepLR(4096tok)", BATCHES)));
        assertEquals(
                "column 8: step_size is 500st, which must be a whole number of epochs, of 469 steps each: the schedule is stepped once per"
                        + " epoch",
                SequentialLRTest.refusal(() -> Policy.parse("StepLR(500st)", EPOCHS)));
    }

    @Test
    void refusesARunThatIsNone() {
        assertEquals("batch_size must be at least 1, but was 0", SequentialLRTest.refusal(() -> RunLength.of(1, 0, 1)));
        assertEquals("samples must be at least 1, but was 0", SequentialLRTest.refusal(() -> RunLength.of(0, 1, 1)));
        assertEquals("epochs must be at least 1, but was 0", SequentialLRTest.refusal(() -> new RunLength(1, 0)));
        assertEquals(
                "tokens_per_batch must be at least 1, but was 0",
                SequentialLRTest.refusal(() -> BATCHES.withTokensPerBatch(0)));
        assertEquals(
                "steps_per_epoch * epochs must be at most 2^53, but was 9007199254740992 * 2",
                SequentialLRTest.refusal(() -> new RunLength(1L << 53, 2)));
    }
}
