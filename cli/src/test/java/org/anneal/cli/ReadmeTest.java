package org.anneal.cli;

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
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the README and the pages with programs and commands show is what happens. */
class ReadmeTest {
    private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern CLASS = Pattern.compile("^class (\\w+)", Pattern.MULTILINE);
    private static final Pattern COMMAND = Pattern.compile("^\\./anneal (.*?)(?: +#.*)?$", Pattern.MULTILINE);
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @TempDir
    Path folder;

    static Stream<String> programs() throws IOException {
        return PROGRAM.matcher(readme()).results().map(found -> found.group(1));
    }

    static Stream<String> commands() throws IOException {
        String pages = readme() + "\n" + Files.readString(Path.of("../docs/sweep.md"));
        return COMMAND.matcher(pages.replaceAll("\\\\\n *", "")).results().map(found -> found.group(1));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void programsCompileAndHaveAtMostTwentyLines(String program) throws Exception {
        assertTrue(program.lines().count() <= 20, program);
        compile(program);
    }

    @Test
    void theCompleteProgramTrains() throws Exception {
        Method main = compile(programs().findFirst().orElseThrow()).getDeclaredMethod("main", String[].class);
        main.setAccessible(true);
        main.invoke(null, (Object) new String[0]);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void commandsRun(String command) throws IOException {
        Path table = Files.writeString(
                folder.resolve("houses.csv"), "rooms,area,price\n1,20,3\n2,30,5\n3,40,9\n4,35,8\n5,90,21\n");
        List<String> words = new ArrayList<>();
        for (MatchResult word : WORD.matcher(command).results().toList()) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        if (words.get(0).equals("train")) {
            Path run = folder.resolve("run");
            boolean resumes = words.contains("--resume");
            if (resumes) {
                haveRun(run, words);
            } else if (words.contains("--config")) {
                haveRun(folder.resolve("before"), words);
            }
            set(words, "--epochs", resumes ? "2" : "1");
            set(words, "--limit", "2");
            if (words.contains("--swa")) {
                set(words, "--swa", "1");
            }
            set(words, "--out", run.toString());
        }
        if (words.get(0).equals("sweep")) {
            set(words, "--epochs", "2");
            set(words, "--trials", "2");
            set(words, "--workers", "1");
            words.addAll(
                    List.of("--limit", "2", "--out", folder.resolve("sweep").toString()));
        }
        if (words.get(0).equals("inspect") || words.get(0).equals("export")) {
            haveRun(folder.resolve("run"), words);
            words.replaceAll(
                    word -> word.endsWith(".safetensors") ? folder.resolve(word).toString() : word);
        }
        if (words.get(0).equals("compare")) {
            for (int i = 1; i < words.size(); i++) {
                if (words.get(i).startsWith("runs/")) {
                    Path run = folder.resolve(words.get(i));
                    haveRun(run, words);
                    words.set(i, run.toString());
                }
            }
        }
        Path cifar = Path.of("../../shared/data/cifar10");
        // Without the data the command is understood, and the data is what it misses.
        boolean noData = words.contains("cifar10:DIR") && !Files.isDirectory(cifar);
        words.replaceAll(word -> word.equals("houses.csv") ? table.toString() : word);
        words.replaceAll(word -> word.replace("cifar10:DIR", "cifar10:" + cifar));
        words.replaceAll(
                word -> word.matches(".*\\.(png|svg)") ? folder.resolve(word).toString() : word);
        Ran ran = Ran.anneal(words.toArray(String[]::new));
        assertEquals(noData ? Anneal.FAILED : 0, ran.code(), ran.err());
    }

    /** Makes a run in {@code folder}, and has the words name its checkpoints. */
    private static void haveRun(Path folder, List<String> words) {
        Ran.lines("train", "--epochs", "1", "--limit", "2", "--out", folder.toString());
        words.replaceAll(word -> word.endsWith(".pt") || word.endsWith(".json")
                ? folder.resolve(Path.of(word).getFileName()).toString()
                : word);
    }

    /** Gives an option another value. */
    private static void set(List<String> words, String option, String value) {
        int at = words.indexOf(option);
        if (at >= 0) {
            words.set(at + 1, value);
        } else {
            words.addAll(List.of(option, value));
        }
    }

    private Class<?> compile(String program) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject source =
                new SimpleJavaFileObject(URI.create("memory:///Program.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return program;
                    }
                };
        StringWriter messages = new StringWriter();
        List<String> options = List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
        boolean compiled = compiler.getTask(messages, null, null, options, null, List.of(source))
                .call();
        assertTrue(compiled, messages.toString());
        String name = CLASS.matcher(program).results().findFirst().orElseThrow().group(1);
        URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, ReadmeTest.class.getClassLoader());
        return Class.forName(name, true, loader);
    }

    private static String readme() throws IOException {
        return Files.readString(Path.of("../README.md")) + "\n" + Files.readString(Path.of("../docs/numbers.md")) + "\n"
                + Files.readString(Path.of("../docs/data.md")) + "\n" + Files.readString(Path.of("../docs/find.md"))
                + "\n"
                + Files.readString(Path.of("../docs/training.md"));
    }
}
