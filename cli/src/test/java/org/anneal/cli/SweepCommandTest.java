package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.runs.RunRecord;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code anneal sweep}, with real training in real processes. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SweepCommandTest {
    @TempDir
    Path folder;

    private Path data = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
        out = folder.resolve("it's a sweep");
    }

    /** A sweep of 5 batches an epoch, on one worker, as each takes a second to start. */
    private String[] sweep(String... more) {
        return sweep(1, more);
    }

    private String[] sweep(int workers, String... more) {
        return Stream.concat(
                        Stream.of(
                                "sweep",
                                "--data=" + data,
                                "--batch-size=10",
                                "--workers=" + workers,
                                "--memory=1g",
                                "--out=" + out),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    private static final String[] TWO_FAMILIES = {
        "--epochs=2",
        "--repeats=2",
        "--seed=5",
        "--optimizer=SGD(lr={0.001, 0.1}, momentum=0.9)",
        "--schedule=StepLR(step_size=1, gamma={0.1,0.5})",
        "--schedule=CosineAnnealingLR(T_max=100%)"
    };

    private double last(int trial, int repeat) throws IOException {
        Path run = out.resolve(String.format(Locale.ROOT, "runs/%03d-%d", trial, repeat));
        List<String> rows = Files.readAllLines(run.resolve("metrics.csv"));
        int column = List.of(rows.get(0).split(",", -1)).indexOf("val_loss");
        return Double.parseDouble(rows.get(rows.size() - 1).split(",", -1)[column]);
    }

    @Test
    void ranksTheTrialsByTheMeanOverTheSeedsAndPrintsHowToRepeatTheBest() throws IOException {
        List<String> printed = lines(sweep(2, TWO_FAMILIES));
        assertTrue(
                printed.get(0)
                        .startsWith(
                                out + ": 6 trials with 2 seeds each, 2 epochs, on 2 processes of 1 thread, up to 1.0 GB"
                                        + " each"),
                printed.get(0));
        int head = printed.indexOf(printed.stream()
                .filter(line -> line.startsWith("rank "))
                .findFirst()
                .orElseThrow());
        assertTrue(
                printed.get(head)
                        .matches("rank  trial  family +val_loss  epochs  best val_loss  at epoch +time  parameters"),
                printed.get(head));
        // The last setting of the command changes the fastest: StepLR with two gammas, then the cosine.
        String[] what = {
            "StepLR 0.001 0.1", "StepLR 0.001 0.5", "Cosine 0.001", "StepLR 0.1 0.1", "StepLR 0.1 0.5", "Cosine 0.1"
        };
        List<Integer> best = new ArrayList<>(IntStream.range(0, 6).boxed().toList());
        List<Double> means = new ArrayList<>();
        for (int trial = 0; trial < 6; trial++) {
            means.add((last(trial, 0) + last(trial, 1)) / 2);
        }
        best.sort(Comparator.comparing(means::get));
        for (int rank = 1; rank <= 6; rank++) {
            int trial = best.get(rank - 1);
            String[] words = what[trial].split(" ", -1);
            double spread = Math.abs(last(trial, 0) - last(trial, 1)) / Math.sqrt(2);
            String row = printed.get(head + rank);
            assertTrue(
                    row.matches(" +" + rank + " +" + trial + "  " + words[0] + "\\w* +"
                            + String.format(Locale.ROOT, "%.4f", means.get(trial)) + " ± .* s  lr=" + words[1] + ".*"),
                    row);
            assertEquals(spread, spread(row), spread * 1e-3 + 5e-5, row); // as it is rounded
            assertTrue(words.length == 2 || row.endsWith(", gamma=" + words[2]), row);
        }
        assertEquals("6 of 6 trials done", printed.get(head + 7));
        int winner = best.get(0);
        Path run = out.resolve(String.format(Locale.ROOT, "runs/%03d-0", winner));
        assertTrue(
                printed.get(head + 9)
                        .matches("Best: trial " + winner
                                + ", val_loss [\\d.]+ ± \\S+ after 2 epochs, the mean of seeds 5, 6"),
                printed.get(head + 9));
        assertTrue(
                printed.stream()
                        .anyMatch(line ->
                                line.matches(" +Optimizer<Tensor> optimizer = Torch\\.optimizer\\(new SGD\\(.*")),
                printed.toString());
        assertEquals(Files.readString(run.resolve("run.json")), Files.readString(out.resolve("best-run.json")));
        assertEquals(
                out + ": sweep.csv, parameters.png, curves.png, front.png, best-run.json",
                printed.get(printed.size() - 1));
        List<String> csv = Files.readAllLines(out.resolve("sweep.csv"));
        assertEquals(7, csv.size());
        assertTrue(csv.get(1).startsWith("1," + winner + ","), csv.get(1));
        assertTrue(printed.contains("  import torch"), printed.toString());
        assertTrue(printed.contains("  import org.anneal.optim.LRScheduler;"), printed.toString());

        String line = printed.stream()
                .filter(each -> each.startsWith("./anneal train "))
                .findFirst()
                .orElseThrow();
        Path again = folder.resolve("again");
        Ran ran = Ran.anneal(Stream.concat(words(line).stream().skip(1), Stream.of("--out=" + again))
                .toArray(String[]::new));
        assertEquals(0, ran.code(), ran.err());
        assertSameRun(again, run);
    }

    private static double spread(String row) {
        return Double.parseDouble(row.replaceFirst(".* ± (\\S+) .*", "$1"));
    }

    /** {@return what a shell makes of a line} */
    private static List<String> words(String line) throws IOException {
        assumeTrue(File.separatorChar == '/', "skipped: needs a shell");
        Process shell = new ProcessBuilder("sh", "-c", "printf '%s\\n' " + line).start();
        try (BufferedReader out = shell.inputReader(UTF_8)) {
            return out.lines().toList();
        }
    }

    private static void assertSameRun(Path expected, Path run) throws IOException {
        assertEquals(withoutSeconds(expected), withoutSeconds(run));
        assertArrayEquals(
                Files.readAllBytes(expected.resolve("model.safetensors")),
                Files.readAllBytes(run.resolve("model.safetensors")));
    }

    private static List<String> withoutSeconds(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(row -> row.substring(0, row.lastIndexOf(',')))
                .toList();
    }

    @Test
    void aTrialThatIsPromotedGoesOnAsIfItHadNotBeenStopped() throws IOException {
        lines(sweep(
                "--epochs=4",
                "--halving=full",
                "--eta=2",
                "--optimizer=Adam(lr={log 1e-4..1e-2})",
                "--schedule=CosineAnnealingLR(T_max=100%)",
                "--trials=4"));
        SweepRecord sweep = SweepRecord.read(out);
        assertEquals(List.of(1, 2, 4), sweep.rungs());
        TrialRecord best = sweep.ranked().get(0);
        assertEquals(TrialRecord.State.DONE, best.state());
        Path run = out.resolve("runs").resolve(best.repeats().get(0).folder());
        List<String> log = Files.readAllLines(run.resolve("train.log"));
        assertEquals(3, log.stream().filter(line -> line.startsWith("$ ")).count(), "it was promoted twice");
        Path whole = folder.resolve("whole");
        lines(
                "train",
                "--data=" + data,
                "--batch-size=10",
                "--threads=1",
                "--epochs=4",
                "--optimizer=Adam(lr=" + best.parameters().get("lr") + ")",
                "--schedule=CosineAnnealingLR(T_max=100%)",
                "--out=" + whole);
        assertSameRun(whole, run);
        assertTrue(
                sweep.trials().stream().anyMatch(trial -> trial.state() == TrialRecord.State.STOPPED),
                sweep.trials().toString());
    }

    @Test
    void eachRungHasAScheduleOfItsOwnIfItIsToldSo() throws IOException {
        List<String> printed = lines(sweep(
                "--epochs=2",
                "--halving=rung",
                "--eta=2",
                "--optimizer=SGD(lr={0.01,0.05})",
                "--schedule=LinearLR(start_factor=1.0, end_factor=0.5, total_iters=100%)"));
        assertTrue(printed.get(0).contains("2 epochs (compared after 1, 2)"), printed.get(0));
        SweepRecord sweep = SweepRecord.read(out);
        TrialRecord best = sweep.ranked().get(0);
        assertEquals(1, best.rung());
        String number = String.format(Locale.ROOT, "%03d-0", best.number());
        assertTrue(Files.readString(out.resolve("runs/" + number + "/run.json")).contains("total_iters=1)"));
        assertTrue(Files.readString(out.resolve("runs/" + number + "-rung1/run.json"))
                .contains("total_iters=2)"));
        assertEquals(
                List.of(1, 2),
                RunRecord.read(out.resolve("runs/" + number + "-rung1")).epochs().stream()
                        .map(epoch -> epoch.epoch())
                        .toList());
    }

    /** Starts a sweep as a process of its own. */
    private Process start(String... arguments) throws IOException {
        return new ProcessBuilder(Ran.process(List.of("-Danneal.worker.options=-XX:TieredStopAtLevel=1"), arguments))
                .directory(folder.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
    }

    private static final String[] EIGHT_TRIALS = {
        "--epochs=4", "--optimizer=SGD(lr={0.01,0.02,0.03,0.04,0.05,0.06,0.07,0.08})", "--schedule=ExponentialLR(0.9)"
    };

    private static List<String> values(Path sweep) throws IOException {
        return SweepRecord.read(sweep).trials().stream()
                .map(trial -> trial.number() + " " + trial.state() + " " + trial.parameters() + " " + trial.value())
                .toList();
    }

    @Test
    void goesOnAfterKillAndAfterCtrlCWithoutRepeatingAFinishedTrial() throws Exception {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        Process killed = start(Stream.concat(Stream.of(sweep(2, EIGHT_TRIALS)), Stream.of("--serve=0"))
                .toArray(String[]::new));
        URI page = URI.create(
                readUntil(killed, "Watch this sweep at ").orElseThrow().replaceFirst("^.* ", ""));
        assertTrue(get(page).contains("<title>"), page.toString());
        shown(page); // the first time takes longer
        assertTrue(readUntil(killed, "Trial ").isPresent());
        JsonNode shown = shown(page);
        List<ProcessHandle> workers = killed.descendants().toList();
        killed.destroyForcibly().waitFor();
        for (ProcessHandle worker : workers) {
            worker.onExit().get(60, TimeUnit.SECONDS); // by itself
        }
        assertShowsTrials(shown);
        long finished = done(out);
        assertTrue(finished >= 1 && finished < 8, "it was killed in between: " + finished);
        List<String> before = values(out);

        Process interrupted = start("sweep", "--resume", out.toString(), "--workers=1");
        String next = readUntil(interrupted, "Trial ").orElseThrow();
        assertTrue(next.matches("Trial \\d done: val_loss \\S+ in .*; lr=0.0\\d"), next);
        new ProcessBuilder("kill", "-INT", Long.toString(interrupted.pid()))
                .start()
                .waitFor();
        String last = "";
        try (BufferedReader printed = interrupted.inputReader(UTF_8)) {
            last = printed.lines().reduce((first, second) -> second).orElse("");
        }
        interrupted.waitFor();
        assertEquals(130, interrupted.exitValue());
        assertTrue(last.matches("Interrupted: \\d of 8 trials done.*; anneal sweep --resume .*"), last);
        assertTrue(last.endsWith(" --resume \"" + out + "\" goes on"), last);

        Ran ran = Ran.anneal("sweep", "--resume", out.toString());
        assertEquals(0, ran.code(), ran.err());
        List<String> after = values(out);
        before.stream().filter(trial -> trial.contains(" DONE ")).forEach(trial -> assertTrue(after.contains(trial)));
        assertEquals(8, done(out));
        int resumed = 0;
        long trainings = 0;
        for (int trial = 0; trial < 8; trial++) {
            Path run = out.resolve("runs/00" + trial + "-0");
            List<String> log = Files.readAllLines(run.resolve("train.log"));
            trainings += log.stream()
                    .filter(line -> line.startsWith("Epoch "))
                    .filter(line -> line.contains("Train Loss"))
                    .count();
            if (log.stream().filter(line -> line.startsWith("$ ")).count() > 1) { // it was ended in between
                resumed++;
                Path whole = folder.resolve("whole" + trial);
                lines(
                        "train",
                        "--data=" + data,
                        "--batch-size=10",
                        "--epochs=4",
                        "--optimizer=SGD(lr=0.0" + (trial + 1) + ")",
                        "--schedule=ExponentialLR(0.9)",
                        "--out=" + whole);
                assertSameRun(whole, run);
            }
        }
        assertTrue(resumed > 0, "some went on");
        // An epoch that was trained and not yet saved is trained again: two by the kill, and none by Ctrl-C, which
        // saves.
        assertTrue(trainings >= 32 && trainings <= 34, "epochs: " + trainings);
    }

    /** {@return what a page is told of a sweep} */
    private static JsonNode shown(URI page) throws IOException, InterruptedException {
        return new JsonMapper().readTree(get(page.resolve("api/sweep?from=0")));
    }

    private static void assertShowsTrials(JsonNode sweep) {
        List<String> states = new ArrayList<>();
        sweep.get("trials").forEach(trial -> states.add(trial.get("state").asString()));
        assertEquals(8, states.size());
        assertTrue(states.contains("done"), states.toString());
        assertTrue(states.contains("running") || states.contains("waiting"), states.toString());
        String best = sweep.get("best").get("line").asString();
        assertTrue(best.startsWith("./anneal train "), best);
    }

    private static String get(URI address) throws IOException, InterruptedException {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(200, answer.statusCode(), address.toString());
        return answer.body();
    }

    private static long done(Path sweep) throws IOException {
        return SweepRecord.read(sweep).trials().stream()
                .filter(trial -> trial.state() == TrialRecord.State.DONE)
                .count();
    }

    // The reader is not closed, as that would close the process's output.
    private static Optional<String> readUntil(Process process, String start) throws IOException {
        BufferedReader out = process.inputReader(UTF_8);
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(start)) {
                return Optional.of(line);
            }
        }
        return Optional.empty();
    }

    @Test
    void trainsOnAWorkerThatIsKilledAndTellsHowItStandsMeanwhile() throws Exception {
        CompletableFuture<Ran> running =
                CompletableFuture.supplyAsync(() -> Ran.anneal(sweep("--epochs=40", "--optimizer=SGD(lr=0.01)")));
        Path table = out.resolve("runs/000-0/metrics.csv");
        while (!running.isDone()
                && (Files.notExists(table) || Files.readAllLines(table).size() < 3)) {
            Thread.sleep(20);
        }
        List<String> status = lines("sweep", "--status", out.toString());
        assertTrue(status.contains("0 of 1 trial done, 1 running"), status.toString());
        String going = status.get(status.size() - 1);
        assertTrue(going.matches("trial 0, seed 0: epoch \\d+ of 40, val_loss \\S+"), going);
        ProcessHandle worker = ProcessHandle.current()
                .descendants()
                .filter(ProcessHandle::isAlive)
                .findFirst()
                .orElseThrow();
        worker.destroyForcibly();
        Ran ran = running.get();
        assertEquals(0, ran.code(), ran.err());
        assertTrue(
                ran.err().matches("(?s)anneal sweep: trial 0, seed 0, attempt 1 was lost: .*killed \\(signal 9\\).*"),
                ran.err());
        assertTrue(ran.out().contains("1 of 1 trial done"), ran.out());
        assertEquals(2, SweepRecord.read(out).trials().get(0).repeats().get(0).attempts());
        Path whole = folder.resolve("whole");
        Ran hand = Ran.anneal(
                "train",
                "--data=" + data,
                "--batch-size=10",
                "--epochs=40",
                "--optimizer=SGD(lr=0.01)",
                "--out=" + whole);
        assertEquals(0, hand.code(), hand.err());
        assertSameRun(whole, out.resolve("runs/000-0"));
    }

    @Test
    void skipsWhatDoesNotFitTheRunAndGoesOnAfterATrialThatFails() {
        Ran ran = Ran.anneal(sweep(
                "--epochs=2",
                "--optimizer=SGD(lr={0.01,1e30}, momentum=0.9)",
                "--schedule=StepLR(step_size={1,30})",
                "--schedule=OneCycleLR(0.1, total_steps=1)"));
        assertEquals(0, ran.code(), ran.err());
        assertPrints(ran, "1 failed \\(trial 3\\): the .* (loss is|is not finite).*");
        assertPrints(ran, "2 skipped \\(trials 1, 4\\): step 1: step_size=30 looks like batches.*");
        assertPrints(ran, "2 skipped \\(trials 2, 5\\): --schedule must last for the run's 2.*");
        assertPrints(ran, "1 of 6 trials done, 1 failed, 4 skipped");
    }

    private static void assertPrints(Ran ran, String line) {
        assertTrue(ran.out().lines().anyMatch(each -> each.matches(line)), ran.out());
    }

    @Test
    void failsWithoutAFolderIfAllTrialsAreSkipped() {
        Ran none = Ran.anneal(sweep("--epochs=1", "--schedule=StepLR(step_size={30,40})"));
        assertEquals(1, none.code());
        assertEquals(
                "anneal sweep: no trial fits the run, so none was trained and nothing was written; --unchecked trains them"
                        + " all the same",
                none.err().strip());
        assertTrue(none.out().contains("step_size=40 looks like batches"), none.out());
        assertTrue(none.out().contains("0 of 2 trials done, 2 skipped"), none.out());
        assertTrue(Files.notExists(out));
    }

    @Test
    void aDryRunPrintsTheCommandsOfAllTrials() throws IOException {
        List<String> printed = lines(
                "sweep",
                "--dry-run",
                "--unchecked",
                "--epochs=3",
                "--repeats=2",
                "--optimizer={SGD(lr={0.1,0.2}),Adam()}",
                "--group=fc{{1,2}}*:lr=0.5",
                "--grey",
                "--restore-best={true,false}",
                "--set=name=\"it's\"",
                "--plugin=" + Files.createFile(folder.resolve("own{1}.jar")));
        assertEquals(24, printed.size());
        assertEquals("# trial 0, seed 0", printed.get(0));
        assertEquals(
                "./anneal train --optimizer='SGD(lr=0.1)' --group='fc{1,2}*:lr=0.5' --grey --restore-best --set='name=\"it'\\''s\"'"
                        + " --threads=1 --plugin='" + folder.resolve("own{1}.jar") + "' --epochs=3 --seed=0",
                printed.get(1));
        assertEquals(
                "./anneal train --optimizer='Adam()' --group='fc{1,2}*:lr=0.5' --grey --set='name=\"it'\\''s\"' --threads=1"
                        + " --plugin='" + folder.resolve("own{1}.jar") + "' --epochs=3 --seed=1",
                printed.get(23));
    }

    @Test
    void aDryRunTellsWhatWouldBeSkipped() {
        List<String> printed = lines(sweep("--dry-run", "--epochs=2", "--schedule=StepLR(step_size={1,30})"));
        assertEquals(3, printed.size(), printed.toString());
        assertEquals("# trial 0", printed.get(0));
        assertTrue(printed.get(1).contains(" --schedule='StepLR(step_size=1)' "), printed.get(1));
        assertEquals(
                "# trial 1 would be skipped: step 1: step_size=30 looks like batches, but the schedule is stepped per epoch,"
                        + " 2 times in the run",
                printed.get(2));
        assertTrue(Files.notExists(out));
    }

    @Test
    void refusesAWrongAlternativeThatOnlyAWorkerSees() {
        Ran ran = Ran.anneal(sweep("--epochs=1", "--schedule={StepLR(1),Foo(3)}"));
        assertEquals(2, ran.code());
        assertTrue(ran.err().startsWith("anneal sweep: --schedule, column 1: unknown schedule 'Foo'"), ran.err());
        assertEquals(1, ran.err().lines().count());
        assertTrue(Files.notExists(out));
    }

    @Test
    void refusesWhatIsWrongInOneLine() throws IOException {
        refuses("--batch-size must be at least 1, but was 0", "--batch-size={8,0}");
        refuses("--batch-size must be a whole number, but was 'many'", "--batch-size={8,many}");
        refuses("--step-per must be epoch or batch, but was 'step'", "--step-per={epoch,step}");
        refuses("--set must be NAME=VALUE, such as args.epochs=90, but was 'peak'", "--set=peak");
        refuses("--clip-grad-norm must be finite and above 0, but was 0.0", "--clip-grad-norm={1,0}");
        refuses("--dry-run must be left out with --resume; --status shows the trials", "--dry-run", "--resume=" + out);
        assertTrue(Files.notExists(out));
        refuses("--optimizer must have a value at each place of {}, but was '{}'", "--optimizer={}");
        refuses(
                "--batch-size must have a range that ascends, such as {1e-3..1}, but was '{8..1}'",
                "--batch-size={8..1}");
        refuses(
                "--optimizer must have a log range above 0, but was 'SGD(lr={log 0..1})'",
                "--optimizer=SGD(lr={log 0..1})");
        refuses("--optimizer must close every {, but was 'SGD(lr={0.1'", "--optimizer=SGD(lr={0.1");
        refuses(
                "--sampler must be random or sobol for a range without num=, such as that of lr, but was grid",
                "--optimizer=SGD(lr={0.1..1})",
                "--sampler=grid");
        refuses("--sampler must be grid, random or sobol, but was 'tpe' (see anneal sweep --help)", "--sampler=tpe");
        refuses(
                "unknown option '--optimiser', did you mean '--optimizer'? (see anneal sweep --help)",
                "--optimiser=SGD()");
        refuses("--eta must be left out without --halving", "--eta=3");
        refuses("--eta must be at least 2, but was 1", "--halving=full", "--eta=1");
        refuses("--min-epochs must be at most 5, the epochs of a run, but was 6", "--halving=full", "--min-epochs=6");
        refuses("--repeats must be at least 1, but was 0", "--repeats=0");
        refuses("--trials must be at least 1, but was 0", "--trials=0");
        refuses("--retries must be at least 0, but was -1", "--retries=-1");
        refuses("--epochs must be a whole number, but was '{1,2}' (see anneal sweep --help)", "--epochs={1,2}");
        refuses(
                "--memory must be a size, such as 900m or 2g, but was 'much' (see anneal sweep --help)",
                "--memory=much");
        refuses("--memory must be at least 512m, but was 100m (see anneal sweep --help)", "--memory=100m");
        refuses(
                "--monitor must be one column, which all trials are compared by, but was {val_loss,val_accuracy}",
                "--monitor={val_loss,val_accuracy}");
        refuses("--blas must be one library, which all trials have, but was {openblas,mkl}", "--blas={openblas,mkl}");
        refuses("--ship-data must be left out without --master", "--ship-data");
        refuses("--strict must be left out with --unchecked, which checks nothing", "--strict", "--unchecked");
        assertFails(1, "anneal sweep: cannot resume: there is no sweep in " + out, "sweep", "--resume", out.toString());
        assertFails(1, "anneal sweep: there is no folder " + out, "sweep", "--status", out.toString());
        Files.createDirectories(out);
        Files.writeString(out.resolve("metrics.csv"), "epoch,step\n");
        refuses("--out must not hold a run, but " + out + " does");
        Files.delete(out.resolve("metrics.csv"));
    }

    private void refuses(String message, String... arguments) {
        assertFails(2, "anneal sweep: " + message, sweep(arguments));
    }

    @Test
    void goesOnOnlyWithTheSameOptionsButForHowItIsTrained() throws IOException {
        List<String> unchecked = lines(sweep(
                "--epochs=1",
                "--optimizer=SGD(lr={0.01..0.02})",
                "--schedule=StepLR(step_size=30)",
                "--unchecked",
                "--trials=1"));
        assertTrue(unchecked.contains("1 of 1 trial done"), unchecked.toString());
        refuses("--out must not hold a sweep, but " + out + " does; --resume \"" + out + "\" goes on with it");
        String as = ", as in the sweep in " + out + ", but was ";
        refusesToResume("--epochs must be left out or 1" + as + "2", "--epochs=2");
        refusesToResume("--patience must be left out" + as + "3", "--patience=3");
        refusesToResume(
                "--optimizer must be left out or SGD(lr={0.01..0.02})" + as + "SGD(lr={0.01..0.03})",
                "--optimizer=SGD(lr={0.01..0.03})");
        List<String> before = values(out);
        List<String> printed =
                lines("sweep", "--resume", out.toString(), "--epochs=1", "--trials=2", "--retries=2", "--data=" + data);
        assertTrue(printed.contains("2 of 2 trials done"), printed.toString());
        assertEquals(before, values(out).subList(0, 1));
        assertTrue(lines("sweep", "--resume", out.toString()).contains("2 of 2 trials done"), "as it was changed to");
    }

    private void refusesToResume(String message, String... arguments) {
        assertFails(
                2,
                "anneal sweep: " + message,
                Stream.concat(Stream.of("sweep", "--resume", out.toString()), Stream.of(arguments))
                        .toArray(String[]::new));
    }

    @Test
    void theWorkersCommandIsNotInTheHelp() {
        List<String> help = lines("--help");
        assertTrue(help.stream().anyMatch(line -> line.contains("sweep")), help.toString());
        assertTrue(help.stream().noneMatch(line -> line.contains("worker")), help.toString());
        assertFails(2, "anneal: unknown command 'wroker' (see anneal --help)", "wroker");
    }
}
