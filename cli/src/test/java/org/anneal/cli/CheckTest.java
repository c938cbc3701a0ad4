package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class CheckTest {

    @Test
    void printsWhatAScheduleGivesAndThatNothingIsWrong() {
        assertEquals(
                List.of(
                        "StepLR(step_size=30, gamma=0.1)",
                        "",
                        "100 steps from lr 0.1",
                        "  peak   0.1 at step 0",
                        "  mean   0.03331",
                        "  area   3.331",
                        "  below  0.01 from step 60",
                        "",
                        "Nothing found."),
                lines("check", "StepLR(30)", "--below", "0.01"));
        assertTrue(lines("check", "StepLR(30)", "--below", "1e-9").contains("  below  1e-09 never"));
    }

    @Test
    void printsEachFindingWithItsStepAndASuggestion() {
        Ran ran = Ran.anneal("check", "CosineAnnealingLR(T_max=50, verbose=True)");
        assertEquals(1, ran.code());
        assertEquals("", ran.err());
        List<String> lines = ran.out().lines().toList();
        assertEquals(
                List.of(
                        "step 0: verbose was dropped: it only prints, and PyTorch no longer has it",
                        "  -> leave it out",
                        "step 51: CosineAnnealingLR climbs again from here on: the run of 100 steps goes on past T_max=50",
                        "  -> set T_max=100, the length of the run",
                        "2 findings"),
                lines.subList(lines.size() - 5, lines.size()));
    }

    @Test
    void saysWhichGroupsAFindingIsIn() {
        Ran ran = Ran.anneal("check", "CyclicLR([0.01, 0], [0.1, 0.2], 20)", "--lr", "0.1,0.2");
        assertEquals(1, ran.code());
        assertTrue(ran.out().contains("step 0: group 1: the rate is zero in the first step"), ran.out());
        assertTrue(ran.out().contains("100 steps from lr 0.2, group 1"), ran.out());

        Ran both = Ran.anneal("check", "CyclicLR([0, 0], [0.1, 0.2], 20)", "--lr", "0.1,0.2");
        assertTrue(both.out().contains("step 0: the rate is zero in the first step"), both.out());
        assertTrue(both.out().endsWith("1 finding" + System.lineSeparator()), both.out());
    }

    @Test
    void notesWhatIsCommonAndExitsWithZero() {
        assertEquals(
                List.of(
                        "note, step 0: OneCycleLR never uses the group's own rate, 0.001: it goes from 0.004 to 0.1",
                        "  -> set max_lr=0.001 to make the group's own rate the highest",
                        "Nothing found."),
                lines("check", "OneCycleLR(0.1, 100)", "--lr", "0.001").subList(7, 10));
        JsonNode json = new ObjectMapper()
                .readTree(String.join(
                        "\n", lines("check", "OneCycleLR([0.1, 0.2], 100)", "--lr=0.001,0.2", "--format=json")));
        assertEquals(0, json.get("findings").size());
        assertEquals(1, json.get("notes").size());
        assertTrue(json.get("notes").get(0).get("problem").asString().startsWith("group 0: OneCycleLR never uses"));
    }

    @Test
    void findsARateThatIsForGroupsOfDifferentOnesOnce() {
        Ran ran = Ran.anneal("check", "OneCycleLR(max_lr=0.000357, total_steps=100)", "--lr", "1e-5,1e-4");
        assertEquals(1, ran.code());
        assertEquals(
                List.of(
                        "step 0: OneCycleLR gives the same rates to groups that start from 1e-05 to 0.0001:"
                                + " max_lr=0.000357 is for all groups",
                        "  -> give a rate for each group, such as max_lr=[3.57e-05, 0.000357]",
                        "1 finding"),
                ran.out().lines().skip(12).toList());
        Ran cosine = Ran.anneal("check", "CosineAnnealingLR(100, eta_min=0.01)", "--lr", "0.001,0.1");
        assertEquals(1, cosine.code());
        assertTrue(cosine.out().contains("step 0: group 0: CosineAnnealingLR raises the rate"), cosine.out());
    }

    @Test
    void printsNoPeakWhereThereIsNoRate() {
        Ran ran = Ran.anneal("check", "LambdaLR(lambda step: 1 / step)");
        assertEquals(1, ran.code());
        assertEquals(
                List.of(
                        "LambdaLR(lr_lambda=lambda step: 1 / step)",
                        "",
                        "100 steps from lr 0.1",
                        "  no rate",
                        "",
                        "step 0: the rate has no value: lambda step: 1 / step failed at step 0: division by zero",
                        "  -> change the lambda",
                        "1 finding"),
                ran.out().lines().toList());
        Ran json = Ran.anneal("check", "LambdaLR(lambda step: 1 / step)", "--format=json");
        JsonNode group = new ObjectMapper().readTree(json.out()).get("groups").get(0);
        assertTrue(group.get("peak").isNull()
                && group.get("peak_step").isNull()
                && group.get("mean").isNull());
    }

    @Test
    void countsPartsOfTheStepsOfARun() {
        assertEquals(
                0,
                Ran.anneal("check", "CosineAnnealingLR(T_max=100%)", "--steps=250")
                        .code());
        assertEquals(
                "CosineAnnealingLR(T_max=50)",
                lines("check", "CosineAnnealingLR(T_max=100%)", "--steps=50").get(0));
        assertEquals(
                "OneCycleLR(max_lr=0.1, total_steps=100)",
                lines("check", "OneCycleLR(0.1, 100%)").get(0));
    }

    @Test
    void printsJson() {
        Ran ran =
                Ran.anneal("check", "ExponentialLR(1e100)", "--lr=2,1", "--steps=7", "--below=0.5", "--format", "json");
        assertEquals(1, ran.code());
        JsonNode json = new ObjectMapper().readTree(ran.out());
        assertEquals("ExponentialLR(gamma=1e+100)", json.get("policy").asString());
        assertEquals(7, json.get("steps").asInt());
        assertEquals(2, json.get("groups").size());
        JsonNode group = json.get("groups").get(0);
        assertEquals(2.0, group.get("lr").asDouble());
        assertEquals(2e300, group.get("peak").asDouble(), 1e287);
        assertEquals(3, group.get("peak_step").asInt());
        assertEquals(0.5, group.get("below").asDouble());
        assertTrue(group.get("below_step").isNull());
        assertEquals(1, json.get("findings").size());
        assertEquals(4, json.get("findings").get(0).get("step").asInt());
        assertTrue(json.get("findings").get(0).get("problem").asString().contains("not finite"));
        assertTrue(json.get("findings").get(0).has("suggestion"));

        JsonNode clean = new ObjectMapper()
                .readTree(String.join("\n", lines("check", "StepLR(30)", "--below=0.05", "--format=json")));
        assertEquals(0, clean.get("findings").size());
        assertEquals(30, clean.get("groups").get(0).get("below_step").asInt());
        assertEquals(3.331, clean.get("groups").get(0).get("area").asDouble(), 1e-12);
        assertEquals(0.03331, clean.get("groups").get(0).get("mean").asDouble(), 1e-14);
    }

    @Test
    void knowsEpochsFromBatches() {
        String[] batches = {"--epochs", "100", "--steps-per-epoch", "500", "--step-per", "batch"};
        Ran ran = Ran.anneal(TableTest.with(new String[] {"check", "StepLR(30)"}, batches));
        assertEquals(1, ran.code());
        assertTrue(
                ran.out().contains("step 30: step_size=30 looks like epochs, but the schedule is stepped per batch"),
                ran.out());
        assertTrue(lines(TableTest.with(new String[] {"check", "StepLR(30ep)"}, batches))
                .contains("50000 steps from lr 0.1"));
        assertEquals(
                0,
                Ran.anneal("check", "StepLR(30)", "--epochs=100", "--steps-per-epoch=500")
                        .code());
    }

    @Test
    void checksAPlateauBeforeItReduces() {
        assertTrue(
                lines("check", "ReduceLROnPlateau()").contains("100 steps from lr 0.1, before the plateau reduces it"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            StepLR(0)|--steps=10
            StepsLR(3)|--steps=10
            StepLR(3|--steps=10
            StepLR(30ep)|--steps=10
            StepLR(3)|--steps=0
            StepLR(3)|--lr=-1
            StepLR(3)|--lr=nan
            StepLR(3)|--below=nan
            StepLR(3)|--below=x
            StepLR(3)|--format=csv
            StepLR(3)|--epochs=0
            StepLR(3)|--steps-per-epoch=3
            StepLR(3)|--step-per=batch
            'CyclicLR([0, 0], [1, 1])'|--lr=0.1,0.1,0.1
            """)
    void refusesAWrongCommandInOneLine(String expression, String option) {
        Ran ran = Ran.anneal("check", expression, option);
        assertEquals(2, ran.code(), ran::toString);
        assertEquals("", ran.out());
        assertEquals(1, ran.err().lines().count(), ran::toString);
        assertTrue(ran.err().startsWith("anneal check: "), ran::toString);
    }

    @Test
    void countsUpToTheLargestDouble() {
        List<String> constant = lines("check", "ExponentialLR(gamma=0.9999)", "--lr=1e308", "--steps=3");
        assertEquals(
                List.of("  peak   1e+308 at step 0", "  mean   9.999e+307", "  area   inf"), constant.subList(3, 6));
        Ran vanishes = Ran.anneal("check", "StepLR(1)", "--lr=1e308");
        assertEquals(1, vanishes.code());
        List<String> area = vanishes.out().lines().toList();
        assertEquals(List.of("  mean   1.11111e+306", "  area   1.11111e+308"), area.subList(4, 6));
        List<String> largest = lines("check", "CosineAnnealingLR(100)", "--lr=1.7976931348623157e308");
        assertEquals(
                List.of("  peak   1.79769e+308 at step 0", "  mean   9.07835e+307", "  area   inf"),
                largest.subList(3, 6)); // PyTorch's rates, added exactly
    }

    @Test
    void refusesALastEpochAndTwoLengths() {
        assertFails(
                2,
                "anneal check: EXPR must not have last_epoch, as a resumed run is not checked, but has last_epoch=3",
                "check",
                "StepLR(30, last_epoch=3)");
        assertFails(
                2,
                "anneal check: --steps must be left out with --epochs, which gives the run's length",
                "check",
                "StepLR(30)",
                "--steps=3",
                "--epochs=3",
                "--steps-per-epoch=3");
        assertFails(
                2,
                "anneal check: --steps-per-epoch must be given with --epochs, as the schedule is stepped per batch",
                "check",
                "StepLR(30)",
                "--step-per=batch",
                "--epochs=3");
    }
}
