package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code --drive}: schedules of other numbers than the rate. */
class DriveTest {
    private static final String ADAMW =
            "opt = AdamW(net.parameters(), lr=0.1, weight_decay=0.4)\nStepLR(opt, 2, gamma=0.5)";

    @TempDir
    Path folder;

    @Test
    void printsAColumnForEachNumber() {
        assertEquals(
                List.of(
                        "step,lr,momentum,weight_decay,beta2",
                        "0,0.1,0.9,0.4,0.5",
                        "1,0.1,0.9,0.2,0.5",
                        "2,0.05,0.9,0.1,0.25",
                        "3,0.05,0.9,0.05,0.25"),
                lines(
                        "table",
                        ADAMW.replace("0.4)", "0.4, betas=(0.9, 0.5))"),
                        "--steps",
                        "4",
                        "--format",
                        "csv",
                        "--drive",
                        "weight_decay=ExponentialLR(0.5)",
                        "--drive",
                        "beta2=StepLR(2, 0.5)"));
    }

    @Test
    void printsAColumnForEachGroup() {
        assertEquals(
                List.of(
                        "step,lr0,lr1,momentum,momentum0,momentum1",
                        "0,0.1,0.2,0.45,0.45,0.45",
                        "1,0.1,0.2,0.9,0.9,0.9"),
                lines(
                        "table",
                        "StepLR(2)",
                        "--lr",
                        "0.1,0.2",
                        "--steps",
                        "2",
                        "--format",
                        "csv",
                        "--drive",
                        "momentum=ConstantLR(0.5, 1)"));
    }

    /** Yolov5: np.interp(step, [0, 3 * nb], [0.8, 0.937]). */
    @Test
    void readsLengthsInUnitsOfTheRun() {
        List<String> rows = lines(
                "table",
                "StepLR(1000)",
                "--momentum",
                "0.937",
                "--epochs",
                "4",
                "--steps-per-epoch",
                "10",
                "--step-per",
                "batch",
                "--format",
                "csv",
                "--drive",
                "momentum=LinearLR(start_factor=0.8/0.937, total_iters=3ep)");
        assertEquals("step,lr,momentum", rows.get(0));
        for (int step = 0; step < 40; step++) {
            double momentum = Double.parseDouble(rows.get(step + 1).split(",", -1)[2]);
            assertEquals(0.8 + 0.137 * Math.min(1, step / 30.0), momentum, 1e-14);
        }
    }

    @Test
    void takesValuesOfNamesAndPicksTheScheduleOfTheRateOnly() {
        List<String> rows = lines(
                "table",
                "a = StepLR(SGD(lr=1), 1, gamma=0.5)\nb = StepLR(SGD(lr=1), 1)",
                "--pick",
                "a",
                "--steps",
                "2",
                "--format",
                "csv",
                "--set",
                "args.wd=0.25",
                "--drive",
                "momentum=ExponentialLR(args.wd)");
        assertEquals(List.of("step,lr,momentum", "0,1.0,0.0", "1,0.5,0.0"), rows);
        assertFails(
                2,
                "anneal table: --drive momentum, column 15: unknown name 'args.wd': say what it is:\n  --set args.wd=VALUE",
                "table",
                "StepLR(2)",
                "--drive",
                "momentum=ExponentialLR(args.wd)");
    }

    @Test
    void printsANumberPerGroupInJson() throws Exception {
        String json = String.join(
                "\n",
                lines(
                        "table",
                        "StepLR(2)",
                        "--steps",
                        "2",
                        "--lr",
                        "0.1,0.2",
                        "--format",
                        "json",
                        "--drive",
                        "momentum=ExponentialLR(0.5)"));
        JsonNode row = new ObjectMapper().readTree(json).get(1);
        assertEquals("[0.45,0.45]", row.get("momentum").toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "weight_decay; --drive must be NAME=EXPR, such as 'weight_decay=LinearLR(0.1)', but was 'weight_decay'",
                "=StepLR(2); --drive must be NAME=EXPR, such as 'weight_decay=LinearLR(0.1)', but was '=StepLR(2)'",
                "weight_decy=StepLR(2); --drive 'weight_decy' must be momentum or dampening or weight_decay for group '0',"
                        + " which runs SGD, did you mean 'weight_decay'?",
                "lr=StepLR(2); --drive 'lr' must be momentum or dampening or weight_decay for group '0', which runs SGD:"
                        + " the schedule itself drives the rate",
                "momentum=ReduceLROnPlateau(); --drive momentum must be a schedule, but ReduceLROnPlateau() is driven by a"
                        + " metric",
                "momentum=StepLR(2, last_epoch=3); --drive momentum must not have last_epoch, but has last_epoch=3",
                "momentum=LambdaLR(lambda s: -1); --drive: momentum must be finite and >= 0, but was -0.9 at step 0 for"
                        + " group '0', from LambdaLR(lr_lambda=lambda s: -1)",
            })
    void refusesABadDriveInOneLine(String drive, String message) {
        assertFails(2, "anneal table: " + message, "table", "StepLR(2)", "--drive", drive);
    }

    @Test
    void refusesTwoSchedulesOfOneNumber() {
        assertFails(
                2,
                "anneal table: --drive must be given once for each number, but was twice for momentum",
                "table",
                "StepLR(2)",
                "--drive",
                "momentum=StepLR(2)",
                "--drive",
                "momentum=StepLR(3)");
        assertFails(
                2,
                "anneal plot: momentum of group '0' must be driven by one schedule, but OneCycleLR(max_lr=1.0, total_steps=100) and"
                        + " StepLR(step_size=2, gamma=0.1) both drive it: write cycle_momentum=False",
                "plot",
                "OneCycleLR(1.0, 100)",
                "--drive",
                "momentum=StepLR(2)");
    }

    @Test
    void checksTheSchedulesOfNumbersToo() {
        Ran ran = Ran.anneal("check", ADAMW, "--steps", "10", "--drive", "weight_decay=CosineAnnealingLR(T_max=100)");
        assertEquals(1, ran.code(), ran.out() + ran.err());
        assertTrue(ran.out().contains("weight_decay=CosineAnnealingLR(T_max=100)\n"), ran.out());
        assertTrue(
                ran.out()
                        .contains(
                                "weight_decay: CosineAnnealingLR is not finished: the run ends after 10 of its 100 steps"),
                ran.out());
        Ran zero = Ran.anneal("check", "StepLR(2)", "--steps", "10", "--drive", "weight_decay=ExponentialLR(0.9)");
        assertTrue(zero.out().contains("step 0: weight_decay: it is 0 in every step"), zero.out());
        Ran negative =
                Ran.anneal("check", ADAMW, "--steps", "10", "--drive", "weight_decay=LambdaLR(lambda s: 1 - s / 4)");
        assertTrue(
                negative.out()
                        .contains("step 5: weight_decay: weight_decay must be finite and >= 0, but was -0.1 at step 5"),
                negative.out());
        assertEquals(
                0,
                Ran.anneal("check", ADAMW, "--steps", "10", "--drive", "weight_decay=ExponentialLR(0.9)")
                        .code());
    }

    @Test
    void drawsAPanelForEachNumber() throws Exception {
        Path file = folder.resolve("curves.svg");
        lines("plot", ADAMW, "--drive", "weight_decay=ExponentialLR(0.9)", "-o", file.toString());
        String with = Files.readString(file);
        lines("plot", ADAMW, "-o", file.toString());
        assertTrue(with.contains("weight_decay"));
        assertTrue(with.length() > Files.readString(file).length());
        assertTrue(String.join("\n", lines("plot", ADAMW, "--drive", "weight_decay=ExponentialLR(0.9)"))
                .contains("weight_decay"));
    }
}
