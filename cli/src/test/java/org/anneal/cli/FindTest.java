package org.anneal.cli;

import static org.anneal.cli.Ran.anneal;
import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code anneal find}: the rate it suggests, the picture, and the line to copy. */
class FindTest {
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
    private static final List<String> RULES = List.of("minimum/10", "valley", "steepest", "slide");

    @TempDir
    Path folder;

    private Path data = Path.of("");

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
    }

    private String[] find(String... more) {
        return Stream.concat(Stream.of("find", "--data=" + data, "--batch-size=10"), Stream.of(more))
                .toArray(String[]::new);
    }

    private static String last(List<String> lines) {
        return lines.get(lines.size() - 1);
    }

    /** {@return the words of a line as a shell would read it} */
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line);
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }

    @Test
    void drawsTheCurveListsTheSuggestionsAndEndsWithACommandThatTrains() {
        List<String> lines = lines(find("--to=3", "--epochs=1", "--seed=5", "--optimizer=SGD(momentum=0.9)"));
        assertEquals("SGD(lr=0.001, momentum=0.9), batches of 10", lines.get(0));
        assertTrue(lines.stream().anyMatch(line -> line.strip().equals("learning rate")), lines.toString());
        assertTrue(
                lines.stream().anyMatch(line -> line.matches("\\d+ of 640 updates, from 1e-07 to \\S+: .*")),
                lines.toString());
        List<String> suggested = lines.stream()
                .filter(line -> RULES.stream().anyMatch(rule -> line.startsWith(rule + " ")))
                .toList();
        assertTrue(suggested.size() >= 2, lines.toString());
        String rate = suggested.get(0).split(" +", -1)[1];
        assertEquals(
                List.of(
                        "anneal",
                        "train",
                        "--data",
                        data.toString(),
                        "--batch-size",
                        "10",
                        "--epochs",
                        "1",
                        "--seed",
                        "5",
                        "--optimizer",
                        "SGD(lr=" + rate + ", momentum=0.9)"),
                words(last(lines)));
        List<String> train = words(last(lines) + " --out " + folder.resolve("run"));
        lines(train.subList(1, train.size()).toArray(String[]::new));
        assertTrue(Files.exists(folder.resolve("run/model.safetensors")));
    }

    @Test
    void drawsTheLossOfValidationWhichTrainDoesNotAskFor() throws IOException {
        Path picture = folder.resolve("find.svg");
        List<String> lines = lines(find("--steps=60", "--validate", "12", "-o", picture.toString()));
        assertEquals("SGD(lr=0.01, momentum=0.9), batches of 10, loss of 12 validation samples", lines.get(0));
        assertTrue(lines.stream().anyMatch(line -> line.strip().equals("validation loss")), lines.toString());
        assertTrue(
                Files.readString(picture).contains(">validation loss over learning rate: smoothed; validation loss<"));
        List<String> suggested = lines.stream()
                .filter(line -> RULES.stream().anyMatch(rule -> line.startsWith(rule + " ")))
                .toList();
        assertTrue(
                suggested.stream().allMatch(line -> line.matches("\\S+ +\\S+ +validation loss \\d\\.\\d{4}")),
                suggested.toString());
        assertEquals(List.of("anneal", "train", "--data"), words(last(lines)).subList(0, 3));
        assertTrue(words(last(lines)).stream().noneMatch(word -> word.contains("validate")), last(lines));
        List<String> usual = lines(find("--steps=60"));
        assertNotEquals(usual.subList(1, 20), lines.subList(1, 20));
        assertEquals(
                "SGD(lr=0.01, momentum=0.9), batches of 10, loss of 20 validation samples",
                lines(find("--steps=60", "--validate")).get(0),
                "all that there are");
    }

    @Test
    void findsTheSameAgainWithTheSameSeed() {
        assertEquals(lines(find("--steps=60")), lines(find("--steps=60")));
    }

    @Test
    void writesThePictureAsTheNameSays() throws IOException {
        for (String name : List.of("find.png", "find.svg")) {
            Path file = folder.resolve(name);
            List<String> lines = lines(find("--steps=60", "-o", file.toString()));
            assertTrue(lines.contains("Wrote " + file), lines.toString());
            byte[] bytes = Files.readAllBytes(file);
            byte[] magic = name.endsWith("png")
                    ? new byte[] {(byte) 0x89, 'P', 'N', 'G'}
                    : "<?xm".getBytes(StandardCharsets.US_ASCII);
            assertArrayEquals(magic, Arrays.copyOf(bytes, 4));
        }
    }

    @Test
    void scalesTheGroupsWithTheOptimizer() {
        List<String> words = words(last(lines(find(
                "--steps=60", "--group=fc3*:lr=0.002, weight_decay=0.5", "--optimizer=SGD(lr=0.01, momentum=0.9)"))));
        UpdateRule optimizer = UpdateRule.parse(last(words));
        String group = words.get(words.indexOf("--group") + 1);
        Matcher matcher = Pattern.compile("fc3\\*:lr=(\\S+), weight_decay=0.5").matcher(group);
        assertTrue(matcher.matches(), group);
        assertEquals(0.2 * optimizer.lr(), Double.parseDouble(matcher.group(1)), 1e-11 * optimizer.lr());
    }

    @Test
    void findsTheRateOfOneGroupAndKeepsTheOthers() {
        List<String> words = words(last(lines(find(
                "--steps=60",
                "--only=fc3*",
                "--group=fc3*:weight_decay=0.5",
                "--optimizer=SGD(lr=0.01, momentum=0.9)"))));
        assertEquals("SGD(lr=0.01, momentum=0.9)", last(words));
        String group = words.get(words.indexOf("--group") + 1);
        assertTrue(group.matches("fc3\\*:lr=\\S+, weight_decay=0.5"), group);
        String rest = last(lines(find(
                "--steps=60",
                "--only=rest",
                "--group=fc3*:weight_decay=0.5",
                "--optimizer=SGD(lr=0.01, momentum=0.9)")));
        assertTrue(rest.contains("'fc3*:lr=0.01, weight_decay=0.5'"), rest); // which it had from the optimizer
    }

    @Test
    void accumulatesOverBatches() {
        List<String> lines = lines(find("--accumulate=4"));
        assertTrue(lines.get(0).endsWith(", batches of 10 x 4"), lines.get(0));
        assertTrue(lines.stream().anyMatch(line -> line.contains(" of 200 updates, ")), lines.toString());
    }

    @Test
    void takesTheSettingsOfARunAndTheLossAndTheClippingOfTheOptions() {
        String run = folder.resolve("run").toString();
        lines(
                "train",
                "--data=" + data,
                "--batch-size=10",
                "--epochs=1",
                "--out",
                run,
                "--group=fc3*:lr=0.002",
                "--accumulate=2");
        String[] config = {
            "find", "--config", run + "/run.json", "--steps=60", "--clip-grad-norm=1", "--loss=cross_entropy"
        };
        List<String> lines = lines(config);
        assertEquals("SGD(lr=0.01, momentum=0.9), batches of 10 x 2", lines.get(0));
        List<String> words = words(last(lines));
        assertEquals(List.of("anneal", "train", "--config", run + "/run.json"), words.subList(0, 4));
        assertTrue(words.containsAll(List.of("--clip-grad-norm", "--loss", "cross_entropy")), words.toString());
        double rate = UpdateRule.parse(last(words)).lr();
        String group = words.get(words.indexOf("--group") + 1);
        assertEquals(0.2 * rate, Double.parseDouble(group.replace("fc3*:lr=", "")), 1e-11 * rate);
    }

    @Test
    void saysThatAScheduleHasRatesOfItsOwn() {
        String note =
                "Note: OneCycleLR(max_lr=0.1, total_steps=25) sets the rates itself, whatever the optimizer's: put the rate"
                        + " there";
        List<String> lines = lines(find("--steps=60", "--schedule=OneCycleLR(0.1, 25)", "--step-per=batch"));
        assertTrue(lines.contains(note), lines.toString());
    }

    @Test
    void failsIfThereIsNothingToSuggest() {
        Ran ran = anneal(find("--steps=10", "--from=50", "--to=100"));
        assertEquals(1, ran.code());
        assertTrue(ran.out().contains("Note: "), ran.out());
    }

    @Test
    void refusesWhatItCannotDo() {
        String name = "anneal find: ";
        assertFails(2, name + "--out must end in .png or .svg, but was x.jpg", find("--out=x.jpg"));
        assertFails(
                2,
                name + "--only must be left out with --layer-decay, which ties the rates of all layers",
                find("--only=rest", "--layer-decay=0.7"));
        assertFails(2, name + "--to must be > from, 1.0, but was 0.5", find("--from=1", "--to=0.5"));
        assertFails(2, name + "--steps must be at least 2, but was 1", find("--steps=1"));
        assertFails(2, name + "--validate must be at least 1, but was 0", find("--validate=0"));
        assertFails(2, name + "--serve must be in [0, 65535], but was 65536", find("--serve=65536"));
        assertFails(2, name + "--smoothing must be >= 0 and < 1, but was 1.0", find("--smoothing=1"));
        assertFails(2, name + "--only must be one of [all], but was fc*", find("--only=fc*"));
        assertFails(
                2, name + "--optimizer must take one step a batch, but was LBFGS(lr=1.0)", find("--optimizer=LBFGS()"));
    }
}
