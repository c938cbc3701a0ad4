package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pieces of Python programs as EXPR, {@code --set} and {@code --pick}. */
class PastedTest {
    private static final String ARGUED = """
            optimizer = torch.optim.SGD(model.parameters(), args.lr, momentum=args.momentum, weight_decay=args.wd)
            scheduler = CosineAnnealingLR(optimizer, T_max=args.epochs * len(train_loader), eta_min=cfg["min"])
            """;
    private static final String GAN = """
            import torch.optim as optim
            opt_g = optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
            opt_d = optim.SGD([{'params': a, 'lr': 0.5}, {'params': b}], lr=0.25, momentum=0.75)
            sched_g = StepLR(opt_g, 1, gamma=0.5)
            sched_d = StepLR(opt_d, 2)
            """;
    private static final String LIGHTNING = """
            def configure_optimizers(self):
                optimizer = Adam(self.parameters(), lr=0.5)
                scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
                return {'optimizer': optimizer, 'lr_scheduler': {'scheduler': scheduler, 'interval': 'step'}}
            """;

    @TempDir
    Path folder;

    private static String[] csv(String expression, String... more) {
        return Stream.concat(Stream.of("table", "--format=csv", expression), Stream.of(more))
                .toArray(String[]::new);
    }

    /** Runs a command that reads {@code input}. */
    private static Ran piped(String input, String... command) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            return Ran.anneal(command);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void takesTheOptimizerOfTheScheduleThatAnOperatorBeginsWith() {
        assertEquals(
                List.of("step,lr,momentum", "0,0.5,0.25"),
                lines(
                        "table",
                        "Scale(Clip(StepLR(SGD(p, lr=1, momentum=0.25), 3)), 0.5)",
                        "--steps=1",
                        "--format=csv"));
        assertEquals(
                List.of("step,lr,momentum", "0,0.05,0.9"),
                lines("table", "Scale(StepLR(3), 0.5)", "--steps=1", "--format=csv"));
        assertTrue(lines("check", "Scale(CosineAnnealingLR(100), 0.5)").contains("Nothing found."));
    }

    @Test
    void asksForAllUnknownNamesAtOnceWithOptionsToCopy() {
        Ran ran = Ran.anneal("table", ARGUED);
        assertEquals(2, ran.code());
        assertEquals("", ran.out());
        assertEquals(
                List.of(
                        "anneal table: EXPR, line 2, column 48: unknown names 'args.epochs', 'len(train_loader)',"
                                + " 'cfg['min']', 'args.lr' and 'args.momentum': say what they are:",
                        "  --set args.epochs=VALUE --set 'len(train_loader)=VALUE' --set \"cfg['min']=VALUE\""
                                + " --set args.lr=VALUE --set args.momentum=VALUE"),
                ran.err().lines().toList());

        Ran one = Ran.anneal("check", "StepLR(optimizer, step_size)");
        assertEquals(
                List.of(
                        "anneal check: EXPR, column 19: unknown name 'step_size': say what it is:",
                        "  --set step_size=VALUE"),
                one.err().lines().toList());

        Ran two = Ran.anneal("plot", "StepLR(args.s)", "StepLR(3)", "StepLR(size, gamma=args.s)");
        assertEquals(
                List.of(
                        "anneal plot: EXPR 1, column 8: unknown name 'args.s'; EXPR 3, column 8: unknown names 'size' and"
                                + " 'args.s': say what they are:",
                        "  --set args.s=VALUE --set size=VALUE"),
                two.err().lines().toList());
    }

    @Test
    void doesNotAskForWhatAnOptionOverrides() {
        String asked =
                Ran.anneal("table", ARGUED, "--lr=0.5", "--momentum=0.25").err();
        assertEquals(
                "  --set args.epochs=VALUE --set 'len(train_loader)=VALUE' --set \"cfg['min']=VALUE\"",
                asked.lines().toList().get(1));
        String adam = Ran.anneal("table", "o = SGD(p, lr=a.lr, momentum=a.m); StepLR(o, 3)", "--adam")
                .err();
        assertEquals("  --set a.lr=VALUE", adam.lines().toList().get(1));
        String groups =
                "o = AdamW([{'params': p, 'lr': a.x}, {'params': q}], lr=a.y, betas=(a.b, 0.9), eps=a.e); StepLR(o, 1)";
        assertEquals(
                "  --set a.x=VALUE --set a.b=VALUE --set a.y=VALUE",
                Ran.anneal("table", groups).err().lines().toList().get(1));
        assertEquals(
                List.of("step,lr0,lr1,momentum", "0,0.5,0.25,0.75", "1,0.05,0.025,0.75"),
                lines(csv(groups, "--steps=2", "--set", "a.b=0.75", "--lr=0.5,0.25")));
    }

    @Test
    void takesTheNamesThatAreSet() {
        List<String> printed = lines(csv(
                ARGUED,
                "--steps=7",
                "--set=args.epochs=3",
                "--set",
                "len(train_loader)=2",
                "--set",
                "cfg['min'] = 0.25",
                "--set=args.lr=0.75",
                "--set=args.momentum=0.5"));
        for (int step = 0; step < 7; step++) {
            String[] row = printed.get(step + 1).split(",", -1);
            double expected = 0.25 + 0.5 * (1 + Math.cos(Math.PI * step / 6)) / 2;
            assertEquals(expected, Double.parseDouble(row[1]), 1e-12, "step " + step);
            assertEquals("0.5", row[2]);
        }
        // The batches of an epoch are known, and so the loader's length.
        assertEquals(
                printed.subList(0, 7),
                lines(csv(
                        ARGUED,
                        "--epochs=3",
                        "--steps-per-epoch=2",
                        "--step-per=batch",
                        "--set=args.epochs=3",
                        "--set",
                        "cfg['min']=0.25",
                        "--set=args.lr=0.75",
                        "--set=args.momentum=0.5")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "LambdaLR(opt, f)                | f=lambda e: 0.5 ** e        | 0.1, 0.05, 0.025",
                "LambdaLR(opt, f)                | f=lambda e: e == 1          | 0.0, 0.1, 0.0",
                "MultiStepLR(opt, MILES, 0.5)    | MILES=[1, 2]                | 0.1, 0.05, 0.025",
                "StepLR(opt, c[\"a=b\"], 0.5)    | c['a=b']=2                  | 0.1, 0.1, 0.05",
                "StepLR(opt, f(x=1), 0.5)        | f(x=1)=2                    | 0.1, 0.1, 0.05",
                "StepLR(opt, c['n'], 0.5)        | c={'n': 2, 'm': 'a=b'}      | 0.1, 0.1, 0.05",
                "StepLR(opt, g.n, 0.5)           | g.n=2                       | 0.1, 0.1, 0.05"
            })
    void readsANameAndAValueWithBracketsAndEqualsSigns(String expression, String set, String rates) {
        List<String> printed = lines(csv(expression, "--steps=3", "--set", set));
        assertEquals(
                rates,
                String.join(
                        ", ",
                        printed.stream()
                                .skip(1)
                                .map(row -> row.split(",", -1)[1])
                                .toList()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "--set | x       | --set must be NAME=VALUE, such as args.epochs=90, but was 'x'",
                "--set | c['x=3  | --set must be NAME=VALUE, such as args.epochs=90, but was 'c['x=3'",
                "--set | a b=3   | --set: a name must be one, such as args.epochs, cfg['gamma'] or len(train_loader), but was 'a b'",
                "--set | =3      | --set: a name must be one, such as args.epochs, cfg['gamma'] or len(train_loader), but was ''",
                "--set | x=      | --set: the value of x, column 1: expected a value, but found the end",
                "--set | x=cos   | --set: the value of x must be a number, a list, a lambda or a schedule, or a string in quotes, 'cos', but was cos",
                "--pick | c      | --pick: c is no schedule of this text, which has a, b",
                "--pick | opt    | --pick: opt is no schedule of this text, which has a, b",
                "--pick | c d    | --pick: a name must be one, such as args.epochs, cfg['gamma'] or len(train_loader), but was 'c d'"
            })
    void refusesABadOptionByItsName(String option, String value, String error) {
        String text = "opt = SGD(p, lr=0.1); a = StepLR(opt, 1); b = StepLR(opt, 2)";
        assertFails(2, "anneal table: " + error, "table", text, option, value);
    }

    @Test
    void saysWhichNameChangesNothing() {
        String text = "epochs = 3\nStepLR(optimizer, args.size)";
        Ran ran = Ran.anneal(csv(text, "--steps=2", "--set=args.size=1", "--set=args.sise=2", "--set=epochs=4"));
        assertEquals(0, ran.code());
        assertEquals(
                List.of("anneal table: --set args.sise changes nothing", "anneal table: --set epochs changes nothing"),
                ran.err().lines().toList());
        assertEquals("1,0.010000000000000002,0.9", ran.out().lines().toList().get(2));
        // Here it is another text's, and there it replaces what the text assigns.
        lines(csv("StepLR(optimizer, args.size)", "--set=args.size=1"));
        assertEquals(
                "2,0.1,0.9",
                lines(csv("n = 1\nStepLR(optimizer, n)", "--steps=4", "--set=n=3"))
                        .get(3));
        Ran plotted = Ran.anneal("plot", "StepLR(a)", "StepLR(b)", "--set=a=1", "--set=b=2", "--size=60x12");
        assertEquals("", plotted.err());
    }

    @Test
    void takesRatesMomentumAndGroupsFromTheSchedulesOptimizer() {
        Ran last = Ran.anneal(csv(GAN, "--steps=3"));
        assertEquals(
                "anneal table: the last schedule of the text is taken; it also has sched_g (--pick NAME takes another)",
                last.err().strip());
        assertEquals(
                List.of("step,lr0,lr1,momentum", "0,0.5,0.25,0.75", "1,0.5,0.25,0.75", "2,0.05,0.025,0.75"),
                last.out().lines().toList());
        assertEquals(
                List.of("step,lr,momentum", "0,0.0002,0.5", "1,0.0001,0.5"),
                lines(csv(GAN, "--steps=2", "--pick=sched_g")));
    }

    @Test
    void prefersTheOptionsToTheOptimizersLine() {
        String[] text = csv(GAN, "--pick=sched_d", "--steps=1");
        assertEquals(
                "0,0.75,0.75,0.75", lines(TableTest.with(text, "--lr=0.75")).get(1));
        assertEquals("0,1.0,2.0,0.75", lines(TableTest.with(text, "--lr=1,2")).get(1));
        assertEquals(
                "0,0.5,0.25,0.125",
                lines(TableTest.with(text, "--momentum=0.125")).get(1));
        assertEquals("0,0.5,0.25,0.9", lines(TableTest.with(text, "--adam")).get(1));
        String[] one = csv("o = Adam(p, 0.5, (0.75, 0.9)); StepLR(o, 3)", "--steps=1", "--lr=1,2,3");
        assertEquals("0,1.0,2.0,3.0,0.75", lines(one).get(1));
        assertFails(
                2,
                "anneal table: --lr must be 1 rate or 2, one per group of the optimizer in EXPR, but was 3",
                TableTest.with(text, "--lr=1,2,3"));
        assertFails(
                2,
                "anneal table: --momentum must be left out, as Adagrad, the optimizer in EXPR, has neither momentum nor"
                        + " betas",
                csv("o = Adagrad(p, 0.5); StepLR(o, 3)", "--momentum=0.5"));
        assertFails(
                2,
                "anneal table: --momentum must be in [0, 1) with AdamW, but was 1.0",
                csv("o = AdamW(p, 0.5); StepLR(o, 3)", "--momentum=1"));
    }

    @Test
    void stepsAsLightningsIntervalSaysUnlessToldOtherwise() {
        String[] text = csv(LIGHTNING, "--epochs=2", "--steps-per-epoch=2");
        assertEquals(
                List.of("0,0.5,0.9", "1,0.5,0.9", "2,0.25,0.9", "3,0.25,0.9"),
                lines(text).subList(1, 5));
        assertEquals(3, lines(TableTest.with(text, "--step-per=epoch")).size());
        assertEquals(
                3,
                lines(csv(LIGHTNING.replace("'step'", "'epoch'"), "--epochs=2", "--steps-per-epoch=2"))
                        .size());
        // A length in units depends on it.
        String units = "{'scheduler': StepLR(o, 3st), 'interval': 'step'}";
        assertEquals(
                "3,0.010000000000000002,0.9",
                lines(csv(units, "--epochs=2", "--steps-per-epoch=2")).get(4));
        assertFails(
                2,
                "anneal plot: --step-per must be given, as the 'interval' is step in EXPR 1, but epoch in EXPR 3",
                "plot",
                LIGHTNING,
                "StepLR(2)",
                LIGHTNING.replace("'step'", "'epoch'"),
                "--epochs=2",
                "--steps-per-epoch=2");
    }

    @Test
    void readsStandardInput() {
        Ran ran = piped(GAN, csv("-", "--steps=2", "--pick", "sched_g"));
        assertEquals("", ran.err());
        assertEquals("1,0.0001,0.5", ran.out().lines().toList().get(2));
        Ran windows = piped("\ufeffo = SGD(p, lr=0.5)\r\nStepLR(o, 2)\r\n", csv("-", "--steps=1"));
        assertEquals("0,0.5,0.0", windows.out().lines().toList().get(1));
        Ran wrong = piped("import torch\nStepLR(optimizer, step_size=-1)\n", "check", "-");
        assertEquals(
                "anneal check: EXPR, line 2, column 19: step_size must be at least 1, but was -1",
                wrong.err().strip());
        Ran twice = piped("StepLR(3)", "plot", "-", "-");
        assertEquals(
                "anneal plot: EXPR 2 must not be -, as standard input is read already",
                twice.err().strip());
        Ran long_ = piped("#".repeat(2 << 20), "table", "-");
        assertEquals(
                "anneal table: EXPR must be at most 1 MB of standard input, but was more",
                long_.err().strip());
    }

    @Test
    void writesOptionsThatAShellReadsAsTheyAre() throws IOException, InterruptedException {
        for (String name : List.of("args.epochs", "c['a']", "len(x)", "c['$HOME']", "c['a\"b']", "x[i]", "f(`a`)")) {
            String quoted = Surroundings.quoted(name + "=VALUE");
            Process shell = new ProcessBuilder("sh", "-c", "printf %s " + quoted).start();
            String read = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(name + "=VALUE", read, quoted);
            assertEquals(0, shell.waitFor());
        }
    }

    @Test
    void plotsEachTextWithItsOwnOptimizer() throws IOException {
        Path picture = folder.resolve("two.svg");
        lines(
                "plot",
                "o = SGD(p, lr=0.5); StepLR(o, 30)",
                "o = Adam(p, lr=0.25); StepLR(o, 30)",
                "-o",
                picture.toString());
        String drawn = Files.readString(picture);
        assertTrue(drawn.contains("StepLR(step_size=30, gamma=0.1), lr 0.5"), drawn);
        assertTrue(drawn.contains("StepLR(step_size=30, gamma=0.1), lr 0.25"), drawn);
    }

    @Test
    void notesInACheckThatAnotherScheduleCanBePicked() {
        List<String> printed = lines("check", GAN.replace("StepLR(opt_d, 2)", "StepLR(opt_d, 30)"));
        assertEquals(
                List.of(
                        "note, step 0: the last schedule of the text is taken; it also has sched_g",
                        "  -> --pick NAME takes another",
                        "Nothing found."),
                printed.subList(printed.size() - 3, printed.size()));
        assertTrue(printed.contains("100 steps from lr 0.25, group 1"));
    }
}
