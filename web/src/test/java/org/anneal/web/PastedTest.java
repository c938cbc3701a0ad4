package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.anneal.convert.Target;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;

/** What a pasted piece of a Python program says in a run. */
class PastedTest {
    private static final String PIECE = """
            optimizer = optim.SGD(net.parameters(), lr=args.lr, momentum=0.8)
            warmup = LinearLR(optimizer, start_factor=0.1, total_iters=len(train_loader))
            cosine = CosineAnnealingLR(optimizer, T_max=args.epochs * len(train_loader))
            scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[len(train_loader)])
            """;

    private static Conditions run(Conditions.Own... own) {
        return run(Optional.of(100L), Optional.empty(), own);
    }

    private static Conditions run(Optional<Long> steps, Optional<Long> epochs, Conditions.Own... own) {
        return new Conditions(
                List.of(0.3),
                0.95,
                false,
                steps,
                epochs,
                epochs.map(each -> 50L),
                Optional.of(StepPer.BATCH),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Set.of(own));
    }

    private static Reading read(String text, Map<String, String> set, Conditions run) throws Refusal {
        try (Lanes.Turn turn = new Lanes().new Turn(Duration.ofSeconds(6))) {
            return Reading.of(new Piece(text, set, Optional.empty()), run, turn);
        }
    }

    private static CurveHandler.Problem misread(String text, Map<String, String> set, Conditions run) {
        return assertThrows(Reading.Misread.class, () -> read(text, set, run)).problem();
    }

    @Test
    void anOptimizerThatIsNotKnownIsNoted() throws Refusal {
        Reading reading =
                read("opt = torch.optim.Adm(net.parameters(), lr=2e-3)\nCosineAnnealingLR(opt, 100)", Map.of(), run());
        assertEquals(
                List.of(
                        "SGD(lr=0.002, momentum=0.9) stands for Adm, an optimizer that is not known here: of its options, only"
                                + " lr is read, did you mean 'Adam'?"),
                reading.notes().stream().map(Reading.Note::text).toList());
    }

    @Test
    void allNamesFromOutsideAreSaidAtOnce() {
        CurveHandler.Problem problem = misread(PIECE, Map.of(), run());
        assertEquals(List.of("len(train_loader)", "args.epochs", "args.lr"), List.copyOf(problem.names()));
        assertEquals(Optional.of(2), problem.line());
        assertTrue(problem.message().contains("unknown names"), problem.message());
        assertEquals(
                List.of("args.epochs", "args.lr"),
                List.copyOf(
                        misread(PIECE, Map.of("len(train_loader)", "5"), run()).missing()));
    }

    @Test
    void theRunsStepsPerEpochAreTheLengthOfItsLoader() throws Refusal {
        Reading reading =
                read(PIECE, Map.of("args.epochs", "3", "args.lr", "0.2"), run(Optional.empty(), Optional.of(3L)));
        assertEquals(
                "SequentialLR([LinearLR(start_factor=0.1, total_iters=50), CosineAnnealingLR(T_max=150)], milestones=[50])",
                reading.call().policy().toString());
        assertEquals(List.of("args.epochs", "args.lr"), List.copyOf(reading.names()));
    }

    @Test
    void aNameThatIsOnlyMissedOnceAnotherIsKnownIsSaidToo() throws Refusal {
        String text = """
                if args.warm:
                    scheduler = LinearLR(optimizer, total_iters=args.warmup)
                else:
                    scheduler = StepLR(optimizer, args.step)
                """;
        assertEquals(
                List.of("args.warm"), List.copyOf(misread(text, Map.of(), run()).names()));
        assertEquals(
                List.of("args.warm", "args.warmup"),
                List.copyOf(misread(text, Map.of("args.warm", "True"), run()).names()));
        Reading reading = read(text, Map.of("args.warm", "0", "args.warmup", "9", "args.step", "7"), run());
        assertEquals("StepLR(step_size=7, gamma=0.1)", reading.call().policy().toString());
        assertEquals(List.of("args.warm", "args.step"), List.copyOf(reading.names()));
    }

    @Test
    void everyWrongValueIsSaidAtItsName() {
        String text = "StepLR(opt, args.step, gamma=cfg['gamma'])";
        CurveHandler.Problem problem = misread(text, Map.of("args.step", "3 +", "cfg['gamma']", "half"), run());
        assertEquals(Set.of("args.step", "cfg['gamma']"), problem.values().keySet());
        assertTrue(
                problem.values()
                        .getOrDefault("cfg['gamma']", "")
                        .startsWith("the value of cfg['gamma'] must be a number"),
                problem.toString());
        assertEquals(
                List.of("args.step", "cfg['gamma']"),
                List.copyOf(misread(text, Map.of("args.step", "-3", "cfg['gamma']", "0.5"), run())
                        .names()));
    }

    @Test
    void theOptimizersLineGivesTheGroupsUnlessTheUserHasSetThem() throws Refusal {
        String text = """
                opt = AdamW([{'params': a, 'lr': 1e-4}, {'params': b}], lr=0.002, betas=(0.8, 0.95))
                sched = StepLR(opt, 30)
                """;
        Reading reading = read(text, Map.of(), run());
        assertEquals(
                "[AdamW(lr=0.0001, betas=(0.8, 0.95)), AdamW(lr=0.002, betas=(0.8, 0.95))]",
                reading.groups().toString());
        assertEquals(Optional.of(new Reading.Line("AdamW", List.of(1e-4, 0.002), 0.8, true)), reading.line());
        assertEquals(
                "[AdamW(lr=0.3, betas=(0.8, 0.95))]",
                read(text, Map.of(), run(Conditions.Own.LR)).groups().toString());
        assertEquals(
                List.of(0.95, 0.95),
                read(text, Map.of(), run(Conditions.Own.MOMENTUM)).groups().stream()
                        .map(UpdateRule::momentum)
                        .toList());
        assertEquals(
                "[SGD(lr=0.0001, momentum=0.8), SGD(lr=0.002, momentum=0.8)]",
                read(text, Map.of(), run(Conditions.Own.OPTIMIZER)).groups().toString());
        // Without momentum there is none to set.
        assertEquals(
                "[Adagrad(lr=0.05)]",
                read("o = Adagrad(p, lr=0.05)\nStepLR(o, 3)", Map.of(), run(Conditions.Own.MOMENTUM))
                        .groups()
                        .toString());
    }

    @Test
    void aRateThatTheUserHasSetIsNotAskedForByName() throws Refusal {
        Reading reading =
                read(PIECE, Map.of("args.epochs", "3"), run(Optional.empty(), Optional.of(3L), Conditions.Own.LR));
        assertEquals(List.of(0.3), reading.groups().stream().map(UpdateRule::lr).toList());
        assertEquals(List.of("args.epochs"), List.copyOf(reading.names()));
    }

    @Test
    void anotherScheduleOfTheTextIsPicked() throws Refusal {
        String text = "a = StepLR(opt, 3)\nself.b = StepLR(opt, 4)\nc = StepLR(opt, 5)";
        try (Lanes.Turn turn = new Lanes().new Turn(Duration.ofSeconds(6))) {
            Reading reading = Reading.of(new Piece(text, Map.of(), Optional.of("self.b")), run(), turn);
            assertEquals(
                    "StepLR(step_size=4, gamma=0.1)", reading.call().policy().toString());
        }
        Reading last = read(text, Map.of(), run());
        assertEquals("StepLR(step_size=5, gamma=0.1)", last.call().policy().toString());
        assertEquals(
                List.of("the last schedule of the text is taken; it also has a, self.b"),
                last.call().notes());
    }

    @Test
    void theGroupsOfALineAreBoundedToo() {
        String text = "o = SGD([{'params': p} for p in range(17)], lr=0.1)\nStepLR(o, 3)";
        assertEquals(
                "an optimizer must have at most 16 groups here, but has 17",
                assertThrows(Refusal.class, () -> read(text, Map.of(), run())).getMessage());
        String few = "o = SGD([{'params': p} for p in range(5)], lr=0.1)\nStepLR(o, 3)";
        Conditions longest = run(Optional.of(1_000_000L), Optional.empty());
        assertEquals(
                "steps times groups must be at most 4000000 here, but was 6000000",
                assertThrows(Refusal.class, () -> read(few, Map.of(), longest)).getMessage());
    }

    @Test
    void tooManyOrTooLongValuesAreRefused() {
        Map<String, String> many = IntStream.range(0, 65).boxed().collect(Collectors.toMap(i -> "n" + i, i -> "1"));
        assertEquals(
                "set must have at most 64 values, but has 65",
                assertThrows(Refusal.class, () -> new Piece("StepLR(n)", many, Optional.empty()).check())
                        .getMessage());
        assertTrue(misread("StepLR(opt, n)", Map.of("n", "9**9**9**9"), run())
                .values()
                .containsKey("n"));
    }

    @Test
    void aPictureTakesPiecesAndTheirValues() throws Exception {
        PictureHandler.Question question = Answer.JSON.readValue("""
                {"expressions": ["StepLR(30)", {"expression": "o = SGD([{'params': a}, {'params': b, 'lr': 0.2}], lr=0.1)\\nStepLR(o, n)", "set": {"n": "7"}}],
                 "run": {"lr": [0.5], "momentum": 0.9, "adam": false, "steps": 10}, "format": "svg"}
                """, PictureHandler.Question.class);
        Lanes.Turn turn = new Lanes().new Turn(Duration.ofSeconds(6));
        List<Reading> readings = PictureHandler.read(question, turn);
        String svg = new String(PictureHandler.draw(question, readings, turn), StandardCharsets.UTF_8);
        assertTrue(svg.contains("StepLR(step_size=7, gamma=0.1), lr 0.2"), svg);
        assertEquals(2 * 10 + 3 * 10 + 1_000_000 + 3 * 50_000, PictureHandler.needs(question, readings));
    }

    @Test
    void theExportedOptimizerHasWhatItsGroupsDifferIn() throws Refusal {
        Reading reading = read(
                "o = AdamW([{'params': a, 'weight_decay': 0.0}, {'params': b, 'lr': 1e-4}], lr=0.002)\nStepLR(o, 3)",
                Map.of(),
                run());
        assertTrue(
                Target.PYTORCH
                        .write(reading.call().policy(), -1, reading.rule(), reading.groups())
                        .contains(
                                "optimizer = torch.optim.AdamW([{'params': group0, 'lr': 0.002},"
                                        + " {'params': group1, 'lr': 0.0001, 'weight_decay': 0.01}], lr=0.002, weight_decay=0.0)\n"),
                () -> Target.PYTORCH.write(reading.call().policy(), -1, reading.rule(), reading.groups()));
    }
}
