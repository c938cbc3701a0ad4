package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.SmallDisk;
import org.anneal.text.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainTest {
    @TempDir
    Path folder;

    private Path data = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
        out = folder.resolve("out");
    }

    private String[] train(String... more) {
        return Stream.concat(
                        Stream.of("train", "--data", data.toString(), "--out", out.toString(), "--threads", "1"),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    static Stream<String> rules() {
        return UpdateRule.kinds().stream().map(Kind::type).map(Class::getSimpleName);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void trainsUnderEveryRuleAndWithAGroupOfItsOwn(String rule) {
        boolean matricesOnly = rule.equals("Muon");
        boolean oneRate = List.of("Prodigy", "DAdaptSGD", "DAdaptAdam").contains(rule); // or 0
        boolean oneGroup = rule.equals("LBFGS");
        String[] arguments = train("--epochs=1", "--limit=2", "--batch-size=8", "--optimizer", rule + "(lr=0.002)");
        if (matricesOnly) {
            Ran refused = Ran.anneal(arguments);
            assertEquals(2, refused.code(), refused.err());
            assertTrue(refused.err().startsWith("anneal train: "), refused.err());
            return;
        }
        String[] group = oneGroup ? new String[0] : new String[] {"--group", "fc*:lr=" + (oneRate ? "0.002" : "0.001")};
        List<String> lines =
                Ran.lines(Stream.of(arguments, group).flatMap(Stream::of).toArray(String[]::new));
        assertTrue(
                oneGroup
                        || lines.stream()
                                .anyMatch(line -> line.contains(
                                        "fc*: " + rule + "(lr=" + (oneRate ? "0.002" : "0.001") + ") for fc1.weight")),
                () -> String.join("\n", lines));
        assertEquals("Finished Training", lines.get(lines.size() - 1));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            OneCycleLR(max_lr=[0.25, 0.5], total_steps=8) | 0.01 | 0.02
            CyclicLR(base_lr=[0.25, 0.5], max_lr=1)       | 0.25 | 0.5
            SWALR(swa_lr=[0.25, 0.5], anneal_epochs=0)    | 0.25 | 0.5
            LambdaLR([lambda s: 1.5, lambda s: 2])        | 0.75 | 0.2
            """)
    void aScheduleMayHaveAListOfValuesForTheGroups(String schedule, double first, double second) throws IOException {
        lines(train(
                "--epochs=1",
                "--limit=2",
                "--optimizer=SGD(lr=0.5, momentum=0.9)",
                "--group=*.bias:lr=0.1",
                "--schedule",
                schedule));
        List<String[]> rows = rows();
        assertEquals("lr0", rows.get(0)[2]);
        assertEquals(first, Double.parseDouble(rows.get(1)[2]), 1e-12);
        assertEquals(second, Double.parseDouble(rows.get(1)[3]), 1e-12);
    }

    private static void assertLine(String pattern, String line) {
        assertTrue(line.matches(pattern), () -> "'" + line + "' is not like '" + pattern + "'");
    }

    private static final List<String> FILES = List.of(
            "best.pt",
            "curve.png",
            "events.out.tfevents",
            "last.pt",
            "metrics.csv",
            "model.safetensors",
            "progress.csv",
            "run.json");

    private static final String SUBSET = "fashion-mnist-subset: 10,000 images to train on, 2,000 to validate";

    private static final String EPOCH =
            "Epoch %d, Train Loss: \\d\\.\\d{4}, Val Loss: \\d\\.\\d{4}, Val Acc: [01]\\.\\d{4}, LR: %s";

    @Test
    void trainsOnTheEmbeddedImagesAndSaysHow() throws IOException {
        List<String> printed =
                lines("train", "--epochs", "2", "--limit", "200", "--print-every", "100", "--out", out.toString());
        assertEquals(SUBSET, printed.get(0));
        assertLine("tutorial, 44,426 parameters, on (cpu|cuda:0) with 1 thread, seed 0", printed.get(1));
        assertEquals("SGD(lr=0.01, momentum=0.9), CosineAnnealingLR(T_max=2) stepped per epoch", printed.get(2));
        assertLine("\\[1,   100\\] loss: \\d\\.\\d{3}", printed.get(3));
        assertLine("\\[1,   200\\] loss: \\d\\.\\d{3}", printed.get(4));
        assertLine(EPOCH.formatted(1, "1\\.00e-02"), printed.get(5));
        assertLine("\\[2,   100\\] loss: \\d\\.\\d{3}", printed.get(6));
        assertLine(EPOCH.formatted(2, "5\\.00e-03"), printed.get(8));
        assertEquals(out + ": metrics.csv, curve.png, model.safetensors (epoch 2)", printed.get(9));
        assertEquals("Finished Training", printed.get(10));
        assertEquals(11, printed.size());

        assertEquals(FILES, names(out));
        assertNotNull(ImageIO.read(out.resolve("curve.png").toFile()));
        List<String[]> rows = rows();
        assertEquals("epoch,step,lr,train_loss,val_loss,val_accuracy,seconds", String.join(",", rows.get(0)));
        assertEquals(3, rows.size());
        assertEquals("400", rows.get(2)[1]);
        // What is printed is what is written, and the running losses are the epoch's, in halves.
        assertTrue(printed.get(5)
                .contains("Val Acc: "
                        + String.format(java.util.Locale.ROOT, "%.4f", Double.parseDouble(rows.get(1)[5]))));
        double halves = (loss(printed.get(3)) + loss(printed.get(4))) / 2;
        assertEquals(Double.parseDouble(rows.get(1)[3]), halves, 0.0011);
        assertTrue(Double.parseDouble(rows.get(2)[5]) > 0.4, "it learns");
    }

    private static double loss(String line) {
        return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    }

    @Test
    void theSameSeedPrintsTheSameLosses() throws IOException {
        List<String> first = epochs(lines(train("--epochs", "2", "--seed", "5", "--batch-size", "4")));
        out = folder.resolve("again");
        assertEquals(first, epochs(lines(train("--epochs", "2", "--seed", "5", "--batch-size", "4"))));
        out = folder.resolve("other");
        assertFalse(first.equals(epochs(lines(train("--epochs", "2", "--seed", "6", "--batch-size", "4")))));
        assertTrue(Arrays.equals(
                Files.readAllBytes(folder.resolve("out/model.safetensors")),
                Files.readAllBytes(folder.resolve("again/model.safetensors"))));
    }

    @Test
    void theSeedChangesTheOrderOfTheImages() throws IOException {
        // At the rate 0 a batch of one image has one of two losses: the black images' or the grey ones'.
        List<List<Boolean>> orders = new ArrayList<>();
        for (String seed : List.of("5", "6")) {
            out = folder.resolve(seed);
            List<String> losses = lines(train(
                            "--epochs=1", "--batch-size=1", "--print-every=1", "--optimizer=SGD(lr=0)", "--seed", seed))
                    .stream()
                    .filter(line -> line.startsWith("["))
                    .map(line -> line.substring(line.lastIndexOf(' ')))
                    .toList();
            assertEquals(50, losses.size());
            assertEquals(2, losses.stream().distinct().count());
            orders.add(losses.stream().map(losses.get(0)::equals).toList());
        }
        assertFalse(orders.get(0).equals(orders.get(1)));
    }

    private static List<String> epochs(List<String> printed) {
        return printed.stream().filter(line -> line.startsWith("Epoch ")).toList();
    }

    private List<String[]> rows() throws IOException {
        return Files.readAllLines(out.resolve("metrics.csv")).stream()
                .map(line -> line.split(",", -1))
                .toList();
    }

    private List<Double> rates() throws IOException {
        return rows().stream().skip(1).map(row -> Double.valueOf(row[2])).toList();
    }

    @Test
    void stepsAPastedLambdaPerBatch() throws IOException {
        List<String> printed = lines(train(
                "--epochs=3",
                "--batch-size=10",
                "--optimizer=optim.SGD(net.parameters(), lr=0.5)",
                "--schedule=LambdaLR(optimizer, lr_lambda=lambda step: 0.5 ** (step // 4))",
                "--step-per=batch"));
        // 5 batches an epoch: its last steps are 4, 9 and 14.
        assertEquals(List.of(0.25, 0.125, 0.0625), rates());
        assertEquals(
                "SGD(lr=0.5), LambdaLR(lr_lambda=lambda step: 0.5 ** (step // 4)) stepped per batch", printed.get(2));
        assertLine(EPOCH.formatted(3, "6\\.25e-02"), epochs(printed).get(2));
    }

    @Test
    void givesAPlateauWhatIsWatched() throws IOException {
        // Nothing is better by ten times: the first accuracy stays the best, and every one after it fires.
        List<String> printed = lines(train(
                "--epochs=3",
                "--monitor=val_accuracy",
                "--optimizer=SGD(0.5)",
                "--schedule=ReduceLROnPlateau(mode='max', factor=0.5, patience=0, threshold=10)"));
        assertEquals(List.of(0.5, 0.5, 0.25), rates());
        assertLine(EPOCH.formatted(3, "2\\.50e-01"), epochs(printed).get(2));
    }

    @Test
    void trainsWithAdamOnAFoldersImages() throws IOException {
        List<String> printed =
                lines(train("--epochs=12", "--optimizer=Adam(lr=0.003)", "--schedule=ExponentialLR(0.9)"));
        assertEquals(data + ": 50 images to train on, 20 to validate", printed.get(0));
        assertTrue(printed.get(2).startsWith("Adam(lr=0.003), ExponentialLR(gamma=0.9)"), printed.get(2));
        assertEquals("1.0", rows().get(12)[5], "black and grey are easily told apart");
    }

    @Test
    void printsWhatWasDroppedFromAPastedLine() {
        assertTrue(lines(train("--epochs=1", "--limit=1", "--schedule=StepLR(optimizer, 30, verbose=True)")).stream()
                .anyMatch(line -> line.startsWith("verbose was dropped")));
    }

    @Test
    void printsNoRunningLossOfAPartAtTheEpochsEnd() {
        List<String> printed = lines(train("--epochs=1", "--batch-size=10", "--print-every=2"));
        assertEquals(
                List.of("[1,     2]", "[1,     4]"),
                printed.stream()
                        .filter(line -> line.startsWith("["))
                        .map(line -> line.substring(0, 10))
                        .toList());
    }

    @Test
    void refusesWrongValuesBeforeAnythingIsWritten() {
        refuses("--epochs must be at least 1, but was 0", "--epochs=0");
        refuses("--batch-size must be at least 1, but was 0", "--batch-size=0");
        int most = Math.max(64, Runtime.getRuntime().availableProcessors());
        String threads = "--threads must be from 1 to " + most + " on this computer, but was ";
        refuses(threads + "0", "--threads=0");
        refuses(threads + "100000", "--threads=100000");
        refuses(threads + "2147483647", "--threads=2147483647");
        refuses("--blas must be openblas without the launcher ./anneal, which fetches MKL, but was mkl", "--blas=MKL");
        refuses("--blas must be openblas or mkl, but was 'atlas' (see anneal train --help)", "--blas=atlas");
        refuses("--limit must be at least 1, but was -1", "--limit=-1");
        refuses("--print-every must be at least 1, but was 0", "--print-every=0");
        refuses("--save-every must be at least 1, but was 0", "--save-every=0");
        refuses("--keep must be at least 1, but was 0", "--keep=0");
        refuses("--patience must be at least 1, but was 0", "--patience=0");
        refuses("--group must be PATTERN:OPTIONS, such as 'fc*:lr=0.01', but was 'fc*'", "--group=fc*");
        for (String pattern : List.of("[", "fc[12", "{a", "\\", "{a,{b}}", "[z-a]", "**[")) {
            refuses(
                    "--group must have a pattern of names (*, ?, [12]), but had '" + pattern + "'",
                    "--group=" + pattern + ":lr=1");
        }
        refuses(
                "--group x* must match a parameter, which are conv1.weight, conv1.bias, conv2.weight, conv2.bias,"
                        + " fc1.weight, fc1.bias, fc2.weight, fc2.bias, fc3.weight, fc3.bias",
                "--group=x*:lr=1");
        refuses(
                "--group fc3* must take parameters that no other group has, but took fc3.weight, fc3.bias of fc*",
                "--group=fc*:lr=1",
                "--group=fc3*:lr=2");
        refuses(
                "--schedule must not have last_epoch, as --resume resumes a run, but has last_epoch=3",
                "--schedule=StepLR(1, last_epoch=3)");
        refuses(
                "--step-per must be epoch for a plateau, which takes the validation loss, but was batch",
                "--schedule=ReduceLROnPlateau()",
                "--step-per=batch");
    }

    private void refuses(String message, String... arguments) {
        assertFails(2, "anneal train: " + message, with("--out", out.toString(), arguments));
        assertFalse(Files.exists(out));
    }

    private static String[] with(String option, String value, String... more) {
        return Stream.concat(Stream.of("train", option, value), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void refusesWrongTextInOneLineThatNamesTheOption() {
        refusesText("--optimizer", "RMSpropp(lr=0.1)", "RMSpropp");
        refusesText("--optimizer", "SGD(lr=-1)", "lr");
        refusesText("--optimizer", "SGD(momentum='x')", "momentum must be a number, but was 'x'");
        refusesText("--optimizer", "", "");
        refusesText("--schedule", "ExponentialLR(gamma=-1)", "gamma must be finite and >= 0, but was -1");
        refusesText("--schedule", "StepLR(30", "");
        refusesText("--schedule", "StepLR(30) StepLR(40)", "expected the end, but found 'StepLR'");
        refusesText("--schedule", "Nothing(3)", "Nothing");
        refusesText("--schedule", "LambdaLR(lambda step: step.x)", "the attribute 'x' is not supported");
        refusesText("--step-per", "x", "x");
        refusesText("--epochs", "many", "many");
        refusesText("--seed", "1e3", "1e3");
        refusesText("--group", "fc*:lrs=1", "unknown parameter 'lrs' of SGD");
        refusesText("--group", "fc*:lr=1, lr=2", "lr is given twice");
        refusesText("--group", "fc*:1", "");
        refusesText("--group", "[:lr=1", "'['");
        refusesText("--on-nan", "ignore", "ignore");
        refusesText("--on-change", "maybe", "must be keep-config, take-checkpoint or continue, but was 'maybe'");
        refusesText("--nonsense", "1", "--nonsense");
        refusesText("unexpected", "words", "unexpected");
    }

    @Test
    void asksForTheNamesOfScheduleAndOptimizerAtOnce() {
        String piece = "o = SGD(net.parameters(), lr=args.lr, weight_decay=args.wd)\nStepLR(o, args.size)";
        refusesToAsk(
                "--schedule, line 2, column 11: unknown names 'args.size', 'args.lr' and 'args.wd': say what they are:",
                "--set args.size=VALUE --set args.lr=VALUE --set args.wd=VALUE",
                "--schedule",
                piece);
        refusesToAsk(
                "--schedule, line 2, column 11: unknown name 'args.size'; --optimizer, column 6: unknown name 'lr':"
                        + " say what they are:",
                "--set args.size=VALUE --set lr=VALUE",
                "--schedule",
                piece,
                "--optimizer=Adam(lr=lr)");
        refusesToAsk(
                "--schedule, line 2, column 11: unknown name 'args.size': say what it is:",
                "--set args.size=VALUE",
                "--schedule",
                piece,
                "--optimizer=SGD(lr=0.5)");
        refusesToAsk(
                "--optimizer, column 26: unknown names 'low', 'm' and 'high': say what they are:",
                "--set low=VALUE --set m=VALUE --set high=VALUE",
                "--optimizer=SGD([{'params': a, 'lr': low}, {'params': b}], lr=high, momentum=m)");
    }

    private void refusesToAsk(String problem, String options, String... arguments) {
        Ran ran = Ran.anneal(Stream.concat(Stream.of("train", "--out", out.toString()), Stream.of(arguments))
                .toArray(String[]::new));
        assertEquals(2, ran.code());
        assertEquals(
                List.of("anneal train: " + problem, "  " + options),
                ran.err().lines().toList());
        assertFalse(Files.exists(out));
    }

    @Test
    void saysWhichGroupsAPastedOptimizerNeeds() {
        String groups = "SGD([{'params': a}, {'params': b, 'lr': 0.25}, {'params': c, 'weight_decay': 0}], lr=0.5,"
                + " weight_decay=0.125)";
        String problem = " has an optimizer of 3 groups: say which parameters each has but the first, --group"
                + " 'PATTERN:lr=0.25' --group 'PATTERN:weight_decay=0', with PATTERN for their names, such as fc*";
        assertFails(
                2,
                "anneal train: --schedule" + problem,
                "train",
                "--out=" + out,
                "--schedule",
                "o = " + groups + "; StepLR(o, 1)");
        assertFails(2, "anneal train: --optimizer" + problem, "train", "--out=" + out, "--optimizer", groups);
        List<String> printed = lines(
                "train",
                "--out=" + out,
                "--epochs=1",
                "--limit=1",
                "--schedule",
                "o = " + groups + "; StepLR(o, 1)",
                "--group=fc*:lr=0.25",
                "--group=conv1*:weight_decay=0");
        assertEquals(
                "SGD(lr=0.5, weight_decay=0.125), StepLR(step_size=1, gamma=0.1) stepped per epoch", printed.get(2));
        assertTrue(
                printed.get(4).startsWith("group 1, fc*: SGD(lr=0.25, weight_decay=0.125) for fc1.weight"),
                printed.get(4));
    }

    @Test
    void saysWhatDoesNotFitToWhatIsTrained() {
        assertFails(
                2,
                "anneal train: --pick must be left out without --schedule",
                "train",
                "--out=" + out,
                "--pick=scheduler");
        assertFails(
                2,
                "anneal train: --pick: c is no schedule of this text, which has a, b",
                "train",
                "--out=" + out,
                "--schedule=a = StepLR(o, 1); b = StepLR(o, 2)",
                "--pick=c");
        Ran ran = Ran.anneal("train", "--out=" + out, "--epochs=1", "--limit=1", "--set=args.epochs=3");
        assertEquals(0, ran.code());
        assertEquals(
                "anneal train: --set args.epochs changes nothing", ran.err().strip());
    }

    private void refusesText(String option, String value, String named) {
        Ran ran = Ran.anneal(with(option, value, "--out", out.toString()));
        String what = option + " " + value + ": " + ran;
        assertEquals(2, ran.code(), what);
        assertEquals("", ran.out(), what);
        assertEquals(1, ran.err().lines().count(), what);
        assertTrue(ran.err().startsWith("anneal train: "), what);
        assertTrue(ran.err().contains(option) && ran.err().contains(named), what);
        assertFalse(ran.err().contains("Exception"), what);
        assertFalse(Files.exists(out), what);
    }

    @Test
    void saysWhatIsWrongWithTheData() throws IOException {
        Path missing = folder.resolve("missing");
        fails("no folder " + missing, "--data", missing.toString());
        Path empty = Files.createDirectory(folder.resolve("empty"));
        fails(
                "no known data in " + empty + ": looked for train-images-idx3-ubyte (Fashion-MNIST), data_batch_1.bin"
                        + " and train.bin (CIFAR-10), each plain or with .gz",
                "--data",
                empty.toString());
        fails("no file " + empty.resolve("data_batch_1.bin") + " or data_batch_1.bin.gz", "--data", "cifar10:" + empty);
        Path file = Files.writeString(folder.resolve("file"), "");
        fails(file + " must be the folder with the data, but was a file", "--data", file.toString());

        Path images = data.resolve("train-images-idx3-ubyte");
        byte[] whole = Files.readAllBytes(images);
        Files.write(images, Arrays.copyOf(whole, whole.length - 1));
        fails(
                images + ": is cut off: the header says 50 items, which are 39200 bytes, but 39199 follow it",
                "--data",
                data.toString());
        whole[3] = 1;
        Files.write(images, whole);
        fails(
                images + ": is not the expected IDX file: the magic number must be 0x00000803, but was 0x00000801",
                "--data",
                data.toString());
        Files.delete(images);
        Files.delete(data.resolve("train-labels-idx1-ubyte"));
        Files.write(data.resolve("train.bin"), new byte[3072]);
        fails(
                data.resolve("train.bin")
                        + ": must be whole records of 3073 bytes (a label and an image), but has 3072 bytes",
                "--data",
                data.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cifar10:", "mnist", "cifar10"})
    void saysWhichDataThereIsIfThatIsNotKnown(String given) {
        assertFails(
                2,
                "anneal train: --data must be fashion-mnist-subset, fashion-mnist, cifar10:DIR, a CSV file or a folder, but was '"
                        + given + "'",
                with("--out", out.toString(), "--data", given));
        assertFalse(Files.exists(out));
    }

    @Test
    void aRunWithMklIsNotRepeatedWithoutItUnlessItIsTold() throws IOException {
        Path run = folder.resolve("mkl.json");
        Ran.lines("train", "--epochs=1", "--limit=1", "--out=" + out);
        String settings = Files.readString(out.resolve("run.json"));
        assertFalse(settings.contains("blas"), settings);
        Files.writeString(run, settings.replace("\"seed\"", "\"blas\": \"mkl\", \"seed\""));
        Path again = folder.resolve("again");
        assertFails(
                2,
                "anneal train: --blas must be mkl, as in the run saved in " + run
                        + ", or openblas, which rounds differently, but was left out",
                "train",
                "--config=" + run,
                "--out=" + again);
        Ran.lines("train", "--config=" + run, "--blas=openblas", "--out=" + again);
        assertFalse(Files.readString(again.resolve("run.json")).contains("blas"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--loss=mse | the targets must be numbers for MSELoss, but were classes",
                "--metric=mae | the targets must be numbers for mae, but were classes",
                "--loss=nn.CrossEntropyLoss([1, 2]) | weight must have a factor for each of the network's 10 outputs, but had 2",
                "--augment=RandomCrop(99) | size must be the side of the images, which are 28 x 28 and keep their size, but was 99"
            })
    void saysWhatDoesNotFitBeforeItBegins(String option, String message) {
        assertFails(2, "anneal train: " + message, "train", "--out", out.toString(), option);
        assertFails(
                2,
                "anneal train: " + message,
                "train",
                "--out",
                out.toString(),
                option,
                "--schedule=StepLR(2)",
                "--schedule=StepLR(3)");
        assertFalse(Files.exists(out));
    }

    private void fails(String message, String... arguments) {
        assertFails(1, "anneal train: " + message, with("--out", out.toString(), arguments));
        assertFalse(Files.exists(out));
    }

    @Test
    void refusesAFolderWithARun() throws IOException {
        Files.createDirectory(out);
        Files.writeString(out.resolve("metrics.csv"), "precious");
        assertFails(2, "anneal train: --out must not hold a run, but " + out + " does; --resume resumes it", train());
        assertEquals("precious", Files.readString(out.resolve("metrics.csv")));
        assertEquals(List.of("metrics.csv"), names(out));
    }

    @Test
    void saysWhenTheFolderCannotBeMade() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "precious");
        out = file;
        assertFailsAtTheEnd(file + " must be a folder, but was a file");
        out = file.resolve("run");
        assertFailsAtTheEnd("cannot write into folder " + out + ": Not a directory");
        assertEquals("precious", Files.readString(file));
        assertEquals(List.of("data", "file"), names(folder));
    }

    @Test
    void aFullDiskIsSaidInOneLineAndLeftAsItWas() throws IOException, InterruptedException {
        Path disk = folder.resolve("disk");
        // The weights take 178 KB, and a checkpoint at the start as much.
        try (SmallDisk small = new SmallDisk(disk, 20)) {
            out = disk.resolve("runs/today");
            assertFailsAtTheEnd("cannot write " + out.resolve("last.pt") + ": No space left on device");
            assertEquals(List.of(), names(disk));
            small.fill(0);
            assertFailsAtTheEnd("cannot write " + out.resolve("metrics.csv") + ": No space left on device");
            assertEquals(List.of("filler"), names(disk));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OneCycleLR(max_lr=0.1, total_steps=14) | 15 | OneCycleLR(max_lr=0.1, total_steps=14) ends with step 14",
                "LambdaLR(lambda step: 1 / (step - 15)) | 15 | ",
                "MultiplicativeLR(lambda step: 1 / (step - 9)) | 9 | ",
                "ExponentialLR(1e300) | 2 | the rate must be finite",
            })
    void refusesAScheduleThatWouldFailWithinTheRun(String schedule, int step, String why) {
        Ran ran = Ran.anneal(train("--epochs=3", "--batch-size=10", "--step-per=batch", "--schedule", schedule));
        assertEquals(2, ran.code(), ran.err());
        assertEquals("", ran.out());
        String start = "anneal train: --schedule must last for the run's 15 steps, but fails at step " + step + ": ";
        assertTrue(ran.err().startsWith(start + (why == null ? "" : why)), ran.err());
        assertEquals(1, ran.err().lines().count());
        assertFalse(Files.exists(out));
    }

    @Test
    void refusesAGroupsScheduleThatWouldFail() {
        Ran ran = Ran.anneal(
                train("--epochs=2", "--group=fc*:lr=1e10", "--schedule=LambdaLR(lambda step: 1e299 * step)"));
        assertEquals(2, ran.code(), ran.err());
        assertTrue(ran.err().contains("but fails at step 1: ") && ran.err().contains("group 1"), ran.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void aScheduleThatLastsToTheRunsLastStepIsRun() {
        assertEquals(
                "Finished Training",
                lines(train(
                                "--epochs=3",
                                "--batch-size=10",
                                "--step-per=batch",
                                "--schedule=OneCycleLR(0.1, total_steps=15)"))
                        .stream()
                        .reduce("", (before, line) -> line));
    }

    @Test
    void saysWhatCheckFindsBeforeTheFirstEpoch() {
        List<String> printed = lines(train("--epochs=4", "--limit=1", "--schedule=CosineAnnealingLR(T_max=2)"));
        Ran check = Ran.anneal("check", "CosineAnnealingLR(T_max=2)", "--epochs=4", "--steps-per-epoch=1", "--lr=0.01");
        List<String> found = check.out()
                .lines()
                .filter(line -> line.startsWith("step ") || line.startsWith("  -> "))
                .toList();
        assertEquals(2, found.size(), check.out());
        assertTrue(found.get(0).contains("climbs again"), check.out());
        assertEquals(found, printed.subList(3, 5));
        assertTrue(printed.get(5).startsWith("Epoch 1, "), printed.get(5));
    }

    @Test
    void theDefaultScheduleFallsOverTheWholeRun() throws IOException {
        lines(train("--epochs=4", "--batch-size=10"));
        assertEquals(
                List.of("0.01", "0.008536", "0.005000", "0.001464"),
                rates().stream()
                        .map(lr -> lr == 0.01 ? "0.01" : String.format(Locale.ROOT, "%.6f", lr))
                        .toList());
        out = folder.resolve("batches");
        lines(train("--epochs=4", "--batch-size=10", "--step-per=batch"));
        // The last step of all is the 19th of 20: 0.01 * (1 + cos(pi * 19 / 20)) / 2.
        assertEquals(6.155829702431115e-05, rates().get(3), 1e-15);
    }

    @Test
    void noLineOfARunIsWiderThanATerminal() {
        List<String> printed = lines(train(Stream.concat(
                        Stream.of("--epochs=1", "--limit=1"),
                        Stream.of(
                                        "conv1.w*",
                                        "conv1.b*",
                                        "conv2.w*",
                                        "conv2.b*",
                                        "fc1.w*",
                                        "fc1.b*",
                                        "fc2.w*",
                                        "fc2.b*")
                                .map(name -> "--group=" + name + ":lr=0.001"))
                .toArray(String[]::new)));
        List<String> epoch = printed.stream()
                .dropWhile(line -> !line.startsWith("Epoch 1, "))
                .limit(3)
                .toList();
        assertLine("Epoch 1, Train Loss: \\d\\.\\d{4}, Val Loss: \\d\\.\\d{4}, Val Acc: [01]\\.\\d{4},", epoch.get(0));
        assertEquals("    LR: 1.00e-02" + ", 1.00e-03".repeat(6) + ",", epoch.get(1));
        assertEquals("        1.00e-03, 1.00e-03", epoch.get(2));
        out = folder.resolve("one");
        lines(train("--epochs=3")).stream()
                .filter(line -> line.startsWith("Epoch "))
                .forEach(line -> assertTrue(line.length() <= 80, line));
    }

    @Test
    void namesTheBestEpochIfTheWeightsAreOfIt() {
        // A negative rate climbs the loss.
        List<String> printed = lines(train(
                "--epochs=2",
                "--restore-best",
                "--optimizer=SGD(lr=0.1)",
                "--schedule=LambdaLR(lambda epoch: 1 if epoch < 1 else -1)"));
        assertEquals(
                out + ": metrics.csv, curve.png, model.safetensors (best epoch, 1)", printed.get(printed.size() - 2));
    }

    @Test
    void theHeaderHasTheOptimizersSettingNotTheMomentumOfTheMoment() {
        List<String> printed = lines(train(
                "--epochs=1",
                "--limit=2",
                "--optimizer=SGD(lr=0.01, momentum=0.9)",
                "--group=fc*:momentum=0.8",
                "--schedule=OneCycleLR(0.1, 100%)",
                "--step-per=batch"));
        assertTrue(printed.get(3).startsWith("group 0, rest: SGD(lr=0.01, momentum=0.9) for "), printed.get(3));
        assertTrue(printed.get(4).startsWith("group 1, fc*: SGD(lr=0.01, momentum=0.8) for "), printed.get(4));
    }

    /** A rate under which every loss after a step is NaN or infinite, from the second epoch on. */
    private static final String DIVERGES = "--schedule=LambdaLR(lambda epoch: 1 if epoch < 1 else 1e35)";

    @Test
    void aLossThatIsNotFiniteEndsTheRunAndSpoilsNothing() throws IOException {
        Ran ran = Ran.anneal(train("--epochs=3", "--batch-size=10", "--save-every=1", "--seed=1", DIVERGES));
        assertEquals(1, ran.code());
        assertLine(
                "anneal train: the (training loss is (nan|inf)|parameter \\S+ is not finite) in epoch 2, at batch \\d of 5,"
                        + " with the rate 1e\\+33; the last good checkpoint is \\S*last\\.pt, after 1 epoch.*, \\d steps",
                ran.err().strip());
        assertEquals(2, rows().size());
        assertFinite(true, Safetensors.open(out.resolve("model.safetensors")).tensors());
        try (TorchFile last = TorchFile.open(out.resolve("last.pt"))) {
            assertFinite(true, (Map<?, ?>) Objects.requireNonNull(((Map<?, ?>) last.root()).get("model")));
        }
        // And what was good can be gone on with, more slowly.
        String best = out.resolve("best.pt").toString();
        Ran more = Ran.anneal(
                "train",
                "--resume",
                best,
                "--out",
                folder.resolve("more").toString(),
                "--schedule=StepLR(9)",
                "--on-change=keep-config");
        assertEquals(0, more.code(), more.err());
    }

    @Test
    void aLossThatIsNotFiniteInTheFirstEpochLeavesNothing() {
        Ran ran = Ran.anneal(train("--epochs=3", "--batch-size=10", "--optimizer=SGD(lr=1e35)"));
        assertEquals(1, ran.code());
        assertLine(
                "anneal train: the training loss is (nan|inf) in epoch 1, at batch 2 of 5, with the rate 1e\\+35; there is"
                        + " no earlier checkpoint",
                ran.err().strip());
        assertFalse(Files.exists(out));
    }

    @Test
    void goesOnAfterALossThatIsNotFiniteIfToldTo() throws IOException {
        Ran ran = Ran.anneal(train("--epochs=3", "--batch-size=10", "--on-nan=continue", DIVERGES));
        assertEquals(0, ran.code(), ran.err());
        assertLine(
                "anneal train: the training loss is (nan|inf) in epoch 2, .*; the run goes on, because of --on-nan continue",
                ran.err().strip());
        assertEquals(4, rows().size());
        assertFinite(false, Safetensors.open(out.resolve("model.safetensors")).tensors());
        Ran more = Ran.anneal("train", "--resume", "--out", out.toString(), "--epochs=4");
        assertEquals(0, more.code(), "as it was told before: " + more.err());
    }

    private static void assertFinite(boolean expected, Map<?, ?> tensors) {
        boolean finite = tensors.values().stream()
                .flatMapToDouble(tensor -> Arrays.stream(((TensorData) tensor).toDoubles()))
                .allMatch(Double::isFinite);
        assertEquals(expected, finite);
    }

    /** Checks that a run fails with one line, after it has said what it is about to do. */
    private void assertFailsAtTheEnd(String message) {
        Ran ran = Ran.anneal(train("--epochs=1"));
        assertEquals("anneal train: " + message + System.lineSeparator(), ran.err());
        assertEquals(1, ran.code());
        assertFalse(ran.out().contains("Finished"), ran.out());
    }

    /** {@return the names of the files, that of TensorBoard's without its time} */
    private static List<String> names(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.map(file -> file.getFileName().toString().replaceFirst("(tfevents)\\.\\d{10}\\.anneal", "$1"))
                    .sorted()
                    .forEach(names::add);
        }
        return names;
    }
}
