package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {
    private static final String COSINE = "CosineAnnealingLR(T_max=100)";
    private static final String LAMBDA = "LambdaLR(lambda e: (1 + math.cos(math.pi * e / 100)) / 2)";

    @TempDir
    Path folder;

    private static List<String> differing(String... args) {
        Ran ran = Ran.anneal(args);
        assertEquals("", ran.err());
        assertEquals(1, ran.code());
        return ran.out().lines().toList();
    }

    /** 30 steps of 1, 30 of 0.1, 30 of 0.01 and 10 of 0.001; 50 of 1 and 50 of 0.1. */
    @Test
    void saysWhereTwoSchedulesDifferAndDrawsThem() {
        List<String> printed = differing("compare", "StepLR(30)", "StepLR(50)", "--lr=1", "--ascii");
        assertEquals(
                List.of(
                        "1  StepLR(step_size=30, gamma=0.1)",
                        "2  StepLR(step_size=50, gamma=0.1)",
                        "",
                        "1 and 2, lr, 100 steps",
                        "  first differ   step 30: 0.1 and 1.0, by 0.9",
                        "  most           step 30: 0.1 and 1.0, by 0.9",
                        "  at the end     step 99: 0.001 and 0.1, by 0.099",
                        "  area           33.31 and 55.0, ratio 1.65116"),
                printed.subList(0, 8));
        assertTrue(printed.size() > 20, printed.toString());
    }

    @Test
    void takesRatesThatDifferByRoundingForEqual() {
        List<String> printed = lines("compare", COSINE, LAMBDA);
        assertEquals(List.of("", "1 and 2, lr, 100 steps"), printed.subList(2, 4));
        assertTrue(printed.get(4).startsWith("  equal"), printed.toString());
        assertEquals("  area           5.05 and 5.05, ratio 1.0", printed.get(5));
        assertEquals(6, printed.size());
        assertEquals(1, Ran.anneal("compare", COSINE, LAMBDA, "--tolerance=0").code());
        assertEquals(
                "  equal", lines("compare", COSINE, COSINE, "--tolerance=0").get(4));
        assertEquals(
                0,
                Ran.anneal("compare", "StepLR(30)", "StepLR(30, 0.101)", "--tolerance=0.01")
                        .code());
        assertEquals(
                1,
                Ran.anneal("compare", "StepLR(30)", "StepLR(30, 0.101)", "--tolerance=0.0009")
                        .code());
    }

    @Test
    void comparesEachOfSeveralWithTheFirst() {
        List<String> printed = differing("compare", COSINE, LAMBDA, "StepLR(30)", "--size=60x12");
        assertTrue(printed.contains("1 and 2, lr, 100 steps"));
        assertTrue(printed.contains("1 and 3, lr, 100 steps"));
        assertEquals("3  StepLR(step_size=30, gamma=0.1)", printed.get(2));
    }

    @Test
    void comparesTheGroupsAndAMomentumThatDiffers() {
        assertEquals(
                List.of(
                        "run,value,equal,first_step,first_1,first_2,first_by,largest_step,largest_1,largest_2,largest_by,"
                                + "last_step,last_1,last_2,last_by,area_1,area_2,area_ratio",
                        "2,lr0,true,,,,,0,1.0,1.0,0.0,3,0.5,0.5,0.0,3.0,3.0,1.0",
                        "2,lr1,false,3,1.0,2.0,1.0,3,1.0,2.0,1.0,3,1.0,2.0,1.0,6.0,7.0,1.1666666666666667"),
                differing(
                        "compare",
                        "ContinueFrom(StepLR(2, 0.5), StepLR(4), 3, [0.5, 1])",
                        "ContinueFrom(StepLR(2, 0.5), StepLR(4), 3, [0.5, 2])",
                        "--lr=1,2",
                        "--steps=4",
                        "--format=csv"));
        List<String> momentum = differing(
                "compare",
                "OneCycleLR(0.1, 9)",
                "OneCycleLR(0.1, 9, cycle_momentum=False)",
                "--steps=9",
                "--format=csv");
        assertTrue(momentum.get(1).startsWith("2,lr,true,"), momentum.toString());
        assertTrue(momentum.get(2).startsWith("2,momentum,false,0,0.95,0.9,"), momentum.toString());
    }

    @Test
    void printsJson() {
        assertEquals(
                List.of(
                        "{\"policies\": [\"StepLR(step_size=2, gamma=0.5)\", \"StepLR(step_size=3, gamma=0.5)\"],"
                                + " \"steps\": 4, \"equal\": false, \"compared\": [",
                        "  {\"run\": 2, \"value\": \"lr\", \"equal\": false, \"first_step\": 2, \"first_1\": 0.5,"
                                + " \"first_2\": 1.0, \"first_by\": 0.5, \"largest_step\": 2, \"largest_1\": 0.5,"
                                + " \"largest_2\": 1.0, \"largest_by\": 0.5, \"last_step\": 3, \"last_1\": 0.5,"
                                + " \"last_2\": 0.5, \"last_by\": 0.0, \"area_1\": 3.0, \"area_2\": 3.5,"
                                + " \"area_ratio\": 1.1666666666666667}]}"),
                differing("compare", "StepLR(2, 0.5)", "StepLR(3, 0.5)", "--lr=1", "--steps=4", "--format=json"));
    }

    @Test
    void drawsAPictureIfAsked() throws IOException {
        Path picture = folder.resolve("two.svg");
        List<String> printed = differing("compare", "StepLR(30)", "StepLR(50)", "-o", picture.toString());
        assertEquals("Wrote " + picture, printed.get(printed.size() - 1));
        String svg = Files.readString(picture);
        assertTrue(svg.contains("StepLR(step_size=30") && svg.contains("StepLR(step_size=50"));
        Path equal = folder.resolve("equal.png");
        lines("compare", COSINE, LAMBDA, "-o", equal.toString());
        assertTrue(Files.size(equal) > 1000);
    }

    @Test
    void givesAPlateauItsMetrics() throws IOException {
        Path metrics = Files.writeString(folder.resolve("metrics.txt"), "1\n".repeat(9));
        String[] command = {
            "compare", "ReduceLROnPlateau(patience=2)", "ConstantLR(1, 0)", "--lr=1", "--steps=6", "--format=csv"
        };
        assertEquals(0, Ran.anneal(command).code());
        String[] given = java.util.Arrays.copyOf(command, command.length + 1);
        given[command.length] = "--metrics=" + metrics;
        assertTrue(differing(given).get(1).startsWith("2,lr,false,4,0.1,1.0,0.9,"));
    }

    @Test
    void comparesAsFarAsBothGoIfOneEnds() {
        Ran ran = Ran.anneal("compare", "OneCycleLR(0.1, 9)", "OneCycleLR(0.1, 9)", "--steps=20", "--format=csv");
        assertEquals(1, ran.code());
        assertTrue(ran.out().lines().toList().get(1).startsWith("2,lr,true,,,,,0,"), ran.out());
        assertTrue(ran.err().contains("ends with step 9"), ran.err());
    }

    @Test
    void takesNamesUnitsAndPieces() {
        assertFalse(lines(
                        "compare",
                        "CosineAnnealingLR(10ep)",
                        "CosineAnnealingLR(n)",
                        "--set=n=50",
                        "--epochs=10",
                        "--steps-per-epoch=5",
                        "--step-per=batch")
                .isEmpty());
    }

    @Test
    void refusesWhatItCannotCompare() {
        assertFails(
                2,
                "anneal compare: --tolerance must be at least 0, but was -1.0",
                "compare",
                COSINE,
                COSINE,
                "--tolerance=-1");
        assertFails(
                2,
                "anneal compare: EXPR 2 must have as many groups as EXPR 1, 1, but has 2",
                "compare",
                COSINE,
                "opt = SGD([{'params': a, 'lr': 1}, {'params': b, 'lr': 2}]); StepLR(opt, 3)");
        Ran one = Ran.anneal("compare", COSINE);
        assertEquals(2, one.code());
        assertEquals(1, one.err().lines().count(), one.err());
    }
}
