package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.runs.Monitor;
import org.anneal.runs.Position;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.StepPer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.learning.config.Sgd;

/** What docs/engines.md shows of DL4J compiles and trains. */
class EnginesPageTest {
    private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern CLASS = Pattern.compile("^class (\\w+)", Pattern.MULTILINE);

    @TempDir
    Path folder;

    private static List<String> programs() throws IOException {
        String page = Files.readString(Path.of("../docs/engines.md"));
        String section = page.substring(page.indexOf("## DL4J")).split("\n## ", -1)[0];
        return PROGRAM.matcher(section).results().map(found -> found.group(1)).toList();
    }

    /** {@return the method {@code train} of a program} */
    private Method train(String program) throws Exception {
        JavaFileObject source =
                new SimpleJavaFileObject(URI.create("memory:///Program.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return program;
                    }
                };
        StringWriter messages = new StringWriter();
        List<String> options = List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
        boolean compiled = ToolProvider.getSystemJavaCompiler()
                .getTask(messages, null, null, options, null, List.of(source))
                .call();
        assertTrue(compiled, messages.toString());
        String name = CLASS.matcher(program).results().findFirst().orElseThrow().group(1);
        URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, EnginesPageTest.class.getClassLoader());
        Method train = Arrays.stream(Class.forName(name, true, loader).getDeclaredMethods())
                .filter(method -> method.getName().equals("train"))
                .findFirst()
                .orElseThrow();
        train.setAccessible(true);
        return train;
    }

    @Test
    void theProgramsBeforeAndAfterTrain() throws Exception {
        List<String> programs = programs();
        assertEquals(3, programs.size());
        MultiLayerNetwork before =
                (MultiLayerNetwork) train(programs.get(0)).invoke(null, Nets.fashionMnist("train", 500), 1);
        assertEquals(10, before.getIterationCount());
        MultiLayerNetwork after =
                (MultiLayerNetwork) train(programs.get(1)).invoke(null, Nets.fashionMnist("train", 500), 2, 10);
        assertEquals(0.01 / 25 / 1e4, after.getLearningRate(0), 1e-12); // OneCycleLR's last rate
    }

    /** What the section says of a program's parts, in the order that it gives. */
    @Test
    void aPlateauWatchesTheAccuracyAndIsRestoredAsChosen() throws Exception {
        String section = Files.readString(Path.of("../docs/engines.md"));
        for (String call : List.of(
                "listener.monitor(Monitor.named(\"val_accuracy\"))",
                "mode='max'",
                "scheduler.stepPer(StepPer.BATCH)",
                "Dl4j.restore(last, scheduler, OnChange.KEEP_CONFIG)")) {
            assertTrue(section.substring(section.indexOf("## DL4J")).contains(call), call);
        }
        Path last = folder.resolve("last.zip");
        for (String text : List.of("ReduceLROnPlateau(mode='max', patience=0)", "StepLR(step_size=2)")) {
            boolean resumed = Files.exists(last);
            MultiLayerNetwork net = resumed
                    ? ModelSerializer.restoreMultiLayerNetwork(last.toFile(), true)
                    : Nets.forImages(new NeuralNetConfiguration.Builder().updater(new Sgd(0.1)));
            LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), Policy.parse(text)).stepPer(StepPer.BATCH);
            if (resumed) {
                Dl4j.restore(last, scheduler, OnChange.KEEP_CONFIG);
            }
            double[] accuracies = {0.5, 0.4}; // worse, though a lower loss would be better
            int[] epoch = new int[1];
            net.addListeners(new AnnealListener()
                    .scheduler(scheduler)
                    .validation(model -> Map.of("val_accuracy", accuracies[epoch[0]++ % 2]))
                    .monitor(Monitor.named("val_accuracy")));
            net.fit(Nets.fashionMnist("train", 50), 2);
            // The plateau's one decay; then, from that rate, the schedule's two up to step 2 + 2.
            assertEquals(resumed ? 0.01 * 0.1 * 0.1 : 0.1 * 0.1, net.getLearningRate(0), 1e-15, text);
            Dl4j.save(last, net, scheduler, Position.START);
        }
    }

    @Test
    void theProgramThatGoesOnDoes() throws Exception {
        Method train = train(programs().get(2));
        Path run = Files.createDirectory(folder.resolve("runs"));
        for (int i = 0; i < 2; i++) { // the second time it has nothing to do
            MultiLayerNetwork net = Nets.forImages(new NeuralNetConfiguration.Builder().updater(new Sgd(0.1)));
            train.invoke(null, net, Nets.fashionMnist("train", 200), Nets.fashionMnist("t10k", 100), run);
            assertEquals(11, Files.readAllLines(run.resolve("metrics.csv")).size());
        }
        assertTrue(Files.readString(run.resolve("run.json")).contains(new ReduceLROnPlateau().toString()));
    }
}
