package org.anneal.plot;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.anneal.schedule.Policy;

/**
 * The pictures of {@code docs/gallery.md}, and the page. Each picture is what its line of Java, as it stands on the page,
 * draws: the lines are compiled and run.
 */
final class Gallery {
    static final Path DOCS = Path.of("../docs");
    static final String PAGE = "gallery.md";
    static final String IMAGES = "images/gallery";

    /**
     * A picture.
     *
     * @param name of its file
     * @param java an expression that is a {@link Plot}
     */
    record Entry(String name, String heading, String about, String java) {
        String file() {
            return name + ".svg";
        }
    }

    private static final int LAST = 6; // of these, which a new kind stands before: SequentialLR and what is composed

    private static final List<Entry> ENTRIES = List.of(
            new Entry("several", "Several schedules", "Any number, told apart by colour and by dashes.", """
                    Plot.of(
                                    new StepLR(30, 0.5),
                                    new CosineAnnealingLR(90).afterWarmup(10, 0.1),
                                    new CosineAnnealingWarmRestarts(10, 2))"""),
            new Entry("StepLR", "StepLR", "", "Plot.of(new StepLR(50, 0.5)).withLr(1).withSteps(200)"),
            new Entry("MultiStepLR", "MultiStepLR", "", "Plot.of(MultiStepLR.of(30, 80)).withSteps(120).withLog(true)"),
            new Entry("ConstantLR", "ConstantLR", "", "Plot.of(new ConstantLR(0.5, 40))"),
            new Entry("LinearLR", "LinearLR", "", "Plot.of(new LinearLR(0.1, 1.0, 40))"),
            new Entry("ExponentialLR", "ExponentialLR", "", "Plot.of(new ExponentialLR(0.95)).withLr(1)"),
            new Entry("PolynomialLR", "PolynomialLR", "", "Plot.of(new PolynomialLR(80, 2.0))"),
            new Entry(
                    "CosineAnnealingLR",
                    "CosineAnnealingLR",
                    "The second starts as PyTorch's does with `last_epoch=10`.",
                    """
                    Plot.of(
                                    SchedulerCall.parse("CosineAnnealingLR(T_max=40, eta_min=0.2)"),
                                    SchedulerCall.parse("CosineAnnealingLR(T_max=40, eta_min=0.2, last_epoch=10)"))
                            .withLr(1)
                            .withSteps(200)"""),
            new Entry(
                    "CosineAnnealingWarmRestarts",
                    "CosineAnnealingWarmRestarts",
                    "",
                    "Plot.of(new CosineAnnealingWarmRestarts(10, 2)).withSteps(150)"),
            new Entry(
                    "CyclicLR",
                    "CyclicLR",
                    "Its three modes; it drives the momentum too, which is left out here.",
                    """
                    Plot.of(
                                    new CyclicLR(0.1, 1.0).withStepSize(20),
                                    new CyclicLR(0.1, 1.0).withStepSize(20).withMode(CyclicLR.Mode.TRIANGULAR2),
                                    new CyclicLR(0.1, 1.0).withStepSize(20).withMode(CyclicLR.Mode.EXP_RANGE).withGamma(0.99))
                            .withSteps(200)
                            .withMomentum(false)"""),
            new Entry(
                    "OneCycleLR",
                    "OneCycleLR",
                    "With the momentum that it drives.",
                    "Plot.of(new OneCycleLR(0.1, 100))"),
            new Entry(
                    "LambdaLR",
                    "LambdaLR",
                    "",
                    "Plot.of(LambdaLR.of(\"lambda step: step % 100 / 100\")).withLr(1).withSteps(300)"),
            new Entry(
                    "MultiplicativeLR",
                    "MultiplicativeLR",
                    "",
                    "Plot.of(MultiplicativeLR.of(\"lambda step: 0.5 if step % 20 == 0 else 1\"))"),
            new Entry("SWALR", "SWALR", "", "Plot.of(new SWALR(0.05)).withLr(0.2).withSteps(30)"),
            new Entry(
                    "SequentialLR",
                    "SequentialLR",
                    "A warmup, and what follows; `then` joins any two.",
                    "Plot.of(new CosineAnnealingLR(90).afterWarmup(10, 0.1))"),
            new Entry(
                    "ChainedScheduler",
                    "ChainedScheduler",
                    "",
                    "Plot.of(new CosineAnnealingWarmRestarts(25).times(new ExponentialLR(0.98)))"),
            new Entry("ReduceLROnPlateau", "ReduceLROnPlateau", "Driven by a metric, which has a panel.", """
                    Plot.of(new ReduceLROnPlateau().withPatience(5))
                            .withMetric(step -> Math.max(0.3, 1 - step / 40.0))
                            .withLog(true)"""),
            new Entry("GreedyLR", "GreedyLR", "It rises while its metric improves.", """
                    Plot.of(new GreedyLR().withPatience(2).withFactor(0.8).withBounds(0.01, 1))
                            .withMetric(step -> Math.max(0.3, 1 - step / 40.0))"""),
            new Entry("SmoothedMetric", "SmoothedMetric", "A plateau that takes the mean of some metrics.", """
                    Plot.of(new SmoothedMetric(new ReduceLROnPlateau().withPatience(5).withFactor(0.5)).withWindow(5))
                            .withMetric(step -> Math.max(0.3, 1 - step / 40.0) + step % 3 * 0.1)"""),
            new Entry("ChainedPlateau", "A plateau on top of a schedule", "", """
                    Plot.of(new CosineAnnealingLR(100).times(new ReduceLROnPlateau().withPatience(5).withFactor(0.5)))
                            .withMetric(step -> Math.max(0.3, 1 - step / 40.0))"""),
            new Entry("SequentialPlateau", "A plateau after a warmup", "", """
                    Plot.of(new LinearLR(0.1, 1.0, 10).then(10, new ReduceLROnPlateau().withPatience(5).withFactor(0.5)))
                            .withMetric(step -> Math.max(0.3, 1 - step / 40.0))"""),
            new Entry(
                    "groups",
                    "Several groups, in epochs, on a logarithmic axis",
                    "A run of 20 epochs of 50 batches, whose schedule is stepped after every batch; the text may then have units.",
                    """
                    Plot.of(Schedule.parse(
                                    "SequentialLR([LinearLR(0.01, 1, 2ep), CosineAnnealingLR(18ep, 1e-4)], [2ep])",
                                    new RunLength(50, 20)))
                            .withLr(0.1, 0.01)
                            .withRunLength(new RunLength(50, 20))
                            .withLog(true)"""));

    private static final Path CARDS = Path.of("../web/src/main/resources/org/anneal/web/gallery.json");

    private final Map<Entry, Plot> plots = new LinkedHashMap<>();

    /** {@return the entries above, and one of each kind that only the playground's gallery has} */
    private static List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>(ENTRIES);
        Matcher card = Pattern.compile("\"expression\": \"(.*?)\", \"lr\": (.*?), \"steps\": (\\d+)")
                .matcher(Files.readString(CARDS));
        while (card.find()) {
            Policy policy = Policy.parse(card.group(1));
            String name = policy.kind().name();
            if (entries.stream().noneMatch(entry -> entry.name().equals(name))) {
                String java = "Plot.of(" + policy.java(Class::getSimpleName) + ").withLr(" + card.group(2)
                        + ").withSteps(" + card.group(3) + ")";
                entries.add(entries.size() - LAST, new Entry(name, name, "", java));
            }
        }
        return entries;
    }

    /** Compiles the lines, with the class files in {@code folder}, and runs them. */
    Gallery(Path folder) throws Exception {
        StringBuilder program = new StringBuilder(
                "import java.util.*;\nimport org.anneal.plot.*;\nimport org.anneal.schedule.*;\npublic final class Lines {\n");
        List<Entry> entries = entries();
        for (Entry entry : entries) {
            program.append(
                    "    public static Plot " + entry.name() + "() {\n        return " + entry.java() + ";\n    }\n");
        }
        JavaFileObject source =
                new SimpleJavaFileObject(URI.create("memory:///Lines.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return program + "}\n";
                    }
                };
        StringWriter messages = new StringWriter();
        List<String> options = List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
        if (!ToolProvider.getSystemJavaCompiler()
                .getTask(messages, null, null, options, null, List.of(source))
                .call()) {
            throw new IllegalStateException(messages.toString());
        }
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, Gallery.class.getClassLoader())) {
            Class<?> lines = loader.loadClass("Lines");
            for (Entry entry : entries) {
                plots.put(entry, (Plot) lines.getMethod(entry.name()).invoke(null));
            }
        }
    }

    /** {@return every policy that has a picture} */
    List<Policy> policies() {
        return plots.values().stream().flatMap(plot -> plot.policies().stream()).toList();
    }

    /** {@return the files of the gallery by their paths in {@code docs}} */
    Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        StringBuilder page = new StringBuilder("""
                # Gallery

                - Every schedule has a picture, its text, and the line of Java that draws it.
                - PyTorch's schedules come first, then those that it lacks, the operators, and what follows a metric.
                - The base rate is 0.1 and the run has 100 steps unless the line says otherwise.
                - This page and its pictures are made by `GalleryTest`: see [CONTRIBUTING.md](../CONTRIBUTING.md).

                On the command line; without `-o` the chart is drawn in the terminal:

                ```
                ./anneal plot 'StepLR(step_size=50, gamma=0.5)' --lr 1 --steps 200 -o StepLR.svg
                ```
                """);
        for (Map.Entry<Entry, Plot> drawn : plots.entrySet()) {
            Entry entry = drawn.getKey();
            files.put(IMAGES + "/" + entry.file(), drawn.getValue().chart().svg());
            String texts = String.join("\n", drawn.getValue().texts());
            page.append("\n## ").append(entry.heading()).append("\n\n");
            if (!entry.about().isEmpty()) {
                page.append(entry.about()).append("\n\n");
            }
            String save = ".save(Path.of(\"" + entry.file() + "\"));";
            boolean oneLine = entry.java().indexOf('\n') < 0 && (entry.java() + save).length() <= 100;
            page.append("![" + entry.heading() + "](" + IMAGES + "/" + entry.file() + ")\n\n");
            page.append("```\n" + texts + "\n```\n\n");
            page.append("```java\n" + entry.java() + (oneLine ? "" : "\n        ") + save + "\n```\n");
        }
        files.put(PAGE, page.toString().getBytes(StandardCharsets.UTF_8));
        return files;
    }

    /** Writes the gallery, and takes away pictures that are no longer in it. */
    void write() throws IOException {
        Map<String, byte[]> files = files();
        Path images = Files.createDirectories(DOCS.resolve(IMAGES));
        try (Stream<Path> old = Files.list(images)) {
            for (Path file : old.toList()) {
                if (!files.containsKey(IMAGES + "/" + file.getFileName())) {
                    Files.delete(file);
                }
            }
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(DOCS.resolve(file.getKey()), file.getValue());
        }
    }
}
