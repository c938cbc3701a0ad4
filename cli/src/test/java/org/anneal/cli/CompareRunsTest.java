package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finished runs side by side. */
class CompareRunsTest {
    private static final String HEADER = "epoch,step,lr,train_loss,val_loss,val_accuracy,seconds\n";

    @TempDir
    Path folder;

    private String good = "";
    private String better = "";

    @BeforeEach
    void writeRuns() throws IOException {
        good = write("good", "1,10,0.1,2.0,1.5,0.25,30.0\n2,20,0.1,1.0,0.75,0.875,40.0\n3,30,0.1,0.5,1.0,0.5,50.5\n");
        better = write("better", "1,10,0.1,2.0,0.5,0.75,1.5\n2,20,0.1,1.0,0.625,0.5,1.5\n");
        Files.writeString(Path.of(better, "run.json"), """
                {"config": {"schedule": "StepLR(step_size=2, gamma=0.1)"}, "ended": true, "param_groups": []}
                """);
    }

    private String write(String name, String rows) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(run.resolve("metrics.csv"), HEADER + rows);
        return run.toString();
    }

    @Test
    void theBestComesFirstAndAllAreDrawn() {
        List<String> printed = lines("compare", good, better, "--size=80x30");
        assertEquals(
                List.of(
                        "run     epochs  best epoch  val_loss    last  val_accuracy    last      time  schedule",
                        "better       2           1    0.5000  0.6250        0.7500  0.5000     3.0 s"
                                + "  StepLR(step_size=2, gamma=0.1)",
                        "good         3           2    0.7500  1.0000        0.8750  0.5000  2:01 min"),
                printed.subList(0, 3));
        assertTrue(printed.contains("A good") && printed.contains("B better"), printed.toString());
        assertTrue(printed.stream().anyMatch(line -> line.strip().equals("validation accuracy")));
    }

    @Test
    void anotherColumnTellsTheBest() {
        List<String> printed = lines("compare", good, better, "--monitor=val_accuracy", "--format=csv");
        assertEquals(
                List.of(
                        "run,schedule,epochs,best_epoch,val_accuracy_best,val_accuracy_last,val_loss_best,val_loss_last,"
                                + "seconds",
                        "good,,3,2,0.875,0.5,0.75,1.0,120.5",
                        "better,\"StepLR(step_size=2, gamma=0.1)\",2,1,0.75,0.5,0.5,0.625,3.0"),
                printed);
        assertTrue(lines("compare", good, better, "--monitor=train_loss", "--format=csv")
                .get(1)
                .startsWith("good,,3,3,0.5,"));
    }

    @Test
    void whatTheRunsWatchThemselvesTellsTheBest() throws IOException {
        for (String run : List.of(good, better)) {
            Files.writeString(Path.of(run, "run.json"), """
                    {"config": {"schedule": "", "monitor": "val_accuracy"}, "ended": true, "param_groups": []}
                    """);
        }
        assertTrue(lines("compare", good, better, "--format=csv").get(1).startsWith("good,,3,2,0.875,"));
        // One that watches another number: then the loss, which both have.
        Files.delete(Path.of(good, "run.json"));
        assertTrue(lines("compare", good, better, "--format=csv").get(1).startsWith("better,,2,1,0.5,"));
    }

    @Test
    void printsJson() {
        assertEquals(
                List.of(
                        "{\"monitor\": \"val_loss\", \"runs\": [",
                        "  {\"run\": \"better\", \"schedule\": \"StepLR(step_size=2, gamma=0.1)\", \"epochs\": 2,"
                                + " \"best_epoch\": 1, \"val_loss_best\": 0.5, \"val_loss_last\": 0.625,"
                                + " \"val_accuracy_best\": 0.75, \"val_accuracy_last\": 0.5, \"seconds\": 3.0},",
                        "  {\"run\": \"good\", \"schedule\": \"\", \"epochs\": 3,"
                                + " \"best_epoch\": 2, \"val_loss_best\": 0.75, \"val_loss_last\": 1.0,"
                                + " \"val_accuracy_best\": 0.875, \"val_accuracy_last\": 0.5, \"seconds\": 120.5}]}"),
                lines("compare", good, better, "--format=json"));
    }

    @Test
    void drawsOnePictureOfAll() throws IOException {
        Path png = folder.resolve("both.png");
        List<String> printed = lines("compare", good, better, "-o", png.toString(), "--title=Both", "--log");
        assertEquals("Wrote " + png, printed.get(printed.size() - 1));
        assertEquals(4, printed.size(), "and none in the terminal");
        assertNotNull(ImageIO.read(png.toFile()));
        Path svg = folder.resolve("both.svg");
        lines("compare", good, better, "-o", svg.toString());
        String drawn = Files.readString(svg);
        assertTrue(drawn.contains("good") && drawn.contains("better") && drawn.contains("validation accuracy"));
    }

    @Test
    void aRunWithATitleHasThatForItsName() throws IOException {
        Files.writeString(Path.of(good, "title.txt"), "no warmup\n");
        Path svg = folder.resolve("titled.svg");
        List<String> printed = lines("compare", good, better, "-o", svg.toString());
        assertEquals(
                List.of("run", "better", "no warmup"),
                printed.subList(0, 3).stream()
                        .map(line -> line.split("  +", 2)[0])
                        .toList());
        String drawn = Files.readString(svg);
        assertTrue(drawn.contains("no warmup") && !drawn.contains("good"));
        Files.writeString(Path.of(better, "title.txt"), "no warmup");
        assertTrue(lines("compare", good, better, "--format=csv").get(1).startsWith(better + ","));
    }

    @Test
    void runsOfOneNameHaveTheirPathsAndAMissingNumberIsTheWorst() throws IOException {
        String same = write("elsewhere/good", "1,10,0.1,2.0,nan,0.25,1.0\n");
        List<String> printed = lines("compare", same, good, "--format=csv");
        assertTrue(printed.get(1).startsWith(good + ",,3,2,0.75,"), printed.toString());
        assertTrue(printed.get(2).startsWith(same + ",,1,,,,0.25,0.25,1.0"), printed.toString());
        assertEquals("-", lines("compare", same, good).get(2).split(" +", -1)[2]);
    }

    @Test
    void refusesWhatIsNoRunInOneLine() throws IOException {
        Path none = folder.resolve("none");
        assertFails(1, "anneal compare: there is no folder " + none, "compare", good, none.toString());
        assertFails(
                1,
                "anneal compare: " + folder + " must be the folder of a run, but has no metrics.csv",
                "compare",
                good,
                folder.toString());
        String begun = write("begun", "");
        assertFails(1, "anneal compare: the run in " + begun + " has no finished epoch", "compare", begun, good);
        assertFails(
                2,
                "anneal compare: EXPR must be schedules only, or folders of runs only, but 'StepLR(3)' is no folder",
                "compare",
                good,
                "StepLR(3)");
        assertFails(
                2,
                "anneal compare: --lr must be left out when runs are compared, which have their own",
                "compare",
                good,
                better,
                "--lr=1");
        assertFails(
                2,
                "anneal compare: --monitor must be one of val_loss, val_accuracy, train_loss, but was val_top5",
                "compare",
                good,
                better,
                "--monitor=val_top5");
        assertFails(
                2,
                "anneal compare: --monitor must be left out unless runs are compared",
                "compare",
                "StepLR(3)",
                "StepLR(4)",
                "--monitor=val_loss");
        assertFails(2, "anneal compare: runs must differ, but " + good + " was given twice", "compare", good, good);
        Ran one = Ran.anneal("compare", good);
        assertEquals(2, one.code());
        assertEquals(1, one.err().lines().count(), one.err());
    }
}
