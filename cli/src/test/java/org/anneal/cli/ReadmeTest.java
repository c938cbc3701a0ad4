package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.anneal.schedule.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the README and the pages with programs and commands show is what happens. */
class ReadmeTest {
    private static final Path DOCS = Path.of("../docs");
    private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern SHOWN = Pattern.compile("```java\n([^`]*)```\n+```\n([^`]*)```");
    private static final Pattern ARTIFACT = Pattern.compile(
            "<artifactId>(anneal-\\w+)</artifactId>\\s*<version>(.*?)</version>|org\\.anneal:(anneal-\\w+):([^\"]+)\"");
    private static final Pattern NATIVES = Pattern.compile("\"org\\.bytedeco:(\\w+):([^:\"]+):");
    private static final Pattern VERSION = Pattern.compile("<([a-z0-9-]+\\.version)>(.*?)</\\1>");
    private static final Pattern SUMMARY =
            Pattern.compile("# .*\n\n(?:[^-#|\\d].*\n\n)?(?:(?:-|\\d+\\.) .*\n(?: .*\n)*){2,10}\n");
    private static final Pattern CLASS = Pattern.compile("^(?:public )?class (\\w+)", Pattern.MULTILINE);
    private static final Pattern COMMAND = Pattern.compile("^\\./anneal (.*?)(?: +#.*)?$", Pattern.MULTILINE);
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @TempDir
    Path folder;

    static Stream<String> programs() throws IOException {
        return PROGRAM.matcher(pages()).results().map(found -> found.group(1));
    }

    static Stream<String> commands() throws IOException {
        String pages = pages() + "\n" + Files.readString(DOCS.resolve("sweep.md"));
        return COMMAND.matcher(pages.replaceAll("\\\\\n *", ""))
                .results()
                .map(found -> found.group(1))
                .distinct();
    }

    @ParameterizedTest
    @MethodSource("programs")
    void programsCompileAndHaveAtMostTwentyLines(String program) throws Exception {
        assertTrue(program.lines().count() <= 20, program);
        compile(program, System.getProperty("java.class.path"), ReadmeTest.class.getClassLoader());
    }

    @Test
    void theCompleteProgramTrains() throws Exception {
        String rings = programs()
                .filter(program -> program.contains("class Rings "))
                .findFirst()
                .orElseThrow();
        String out = run(compile(rings, System.getProperty("java.class.path"), ReadmeTest.class.getClassLoader()));
        assertEquals(5, out.lines().count(), out);
    }

    @Test
    void theProgramOfCoreAlonePrintsWhatIsShown() throws Exception {
        MatchResult shown = SHOWN.matcher(Files.readString(Path.of("../README.md")))
                .results()
                .findFirst()
                .orElseThrow();
        URL core = Schedule.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader alone = new URLClassLoader(new URL[] {core}, ClassLoader.getPlatformClassLoader())) {
            String out = run(compile(shown.group(1), Path.of(core.toURI()).toString(), alone));
            assertEquals(shown.group(2), out.replace(System.lineSeparator(), "\n"));
        }
    }

    /** {@return what a program prints} */
    private static String run(Class<?> program) throws Exception {
        Method main = program.getDeclaredMethod("main", String[].class);
        main.setAccessible(true);
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            main.invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void dependenciesToCopyAreThoseOfTheBuild() throws IOException {
        String pom = Files.readString(Path.of("../pom.xml"));
        String version = first(Pattern.compile("<artifactId>anneal</artifactId>\\s*<version>(.*?)</version>"), pom);
        String pages = Files.readString(Path.of("../README.md"))
                + Files.readString(DOCS.resolve("dependencies.md"))
                + Files.readString(DOCS.resolve("engines.md"));
        List<MatchResult> artifacts = ARTIFACT.matcher(pages).results().toList();
        assertTrue(artifacts.size() > 4);
        for (MatchResult artifact : artifacts) {
            boolean maven = artifact.group(1) != null;
            assertTrue(
                    pom.contains("<artifactId>" + artifact.group(maven ? 1 : 3) + "</artifactId>"), artifact.group());
            assertEquals(version, artifact.group(maven ? 2 : 4), artifact.group());
        }
        List<MatchResult> natives = NATIVES.matcher(pages).results().toList();
        assertEquals(3, natives.size());
        for (MatchResult library : natives) {
            String property = library.group(1) + ".version";
            assertTrue(pom.contains("<" + property + ">" + library.group(2) + "</" + property + ">"), library.group());
        }
    }

    @Test
    void theTableOfDependenciesHasEveryVersionOfTheBuild() throws IOException {
        String page = Files.readString(DOCS.resolve("dependencies.md"));
        assertEquals(
                List.of(),
                VERSION.matcher(Files.readString(Path.of("../pom.xml")))
                        .results()
                        .filter(version -> !page.contains(version.group(2)))
                        .map(MatchResult::group)
                        .toList());
    }

    @Test
    void everyPageBeginsWithASummaryOfAtMostTenLines() throws IOException {
        try (Stream<Path> files = Files.list(DOCS)) {
            for (Path page :
                    files.filter(file -> file.toString().endsWith(".md")).toList()) {
                assertTrue(SUMMARY.matcher(Files.readString(page)).lookingAt(), page.toString());
            }
        }
    }

    private static String first(Pattern pattern, String text) {
        return pattern.matcher(text).results().findFirst().orElseThrow().group(1);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void commandsRun(String command) throws Exception {
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
            set(words, "--repeats", "1");
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
        if (words.get(0).equals("serve")) {
            assertServes(words);
            return;
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

    /** The page is there until the command is stopped. */
    private static void assertServes(List<String> words) throws Exception {
        words.addAll(List.of("--port", "0"));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Anneal anneal = new Anneal(new Properties(), () -> 0);
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            Future<Integer> served = executor.submit(
                    () -> anneal.run(new PrintWriter(out), new PrintWriter(err), words.toArray(String[]::new)));
            Pattern address = Pattern.compile("at (http://\\S+) until");
            while (!address.matcher(out.toString()).find()) {
                assertFalse(served.isDone(), err.toString());
                Thread.sleep(10);
            }
            HttpResponse<String> page = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(first(address, out.toString())))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(200, page.statusCode());
        } finally {
            executor.shutdownNow();
        }
        assertTrue(executor.awaitTermination(30, TimeUnit.SECONDS), "it does not end");
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

    /** {@return the first class of a program, loaded beside the classes of {@code parent}} */
    private Class<?> compile(String program, String classPath, ClassLoader parent) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject source =
                new SimpleJavaFileObject(
                        URI.create("memory:///" + first(CLASS, program) + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return program;
                    }
                };
        StringWriter messages = new StringWriter();
        List<String> options = List.of("-d", folder.toString(), "-cp", classPath);
        boolean compiled = compiler.getTask(messages, null, null, options, null, List.of(source))
                .call();
        assertTrue(compiled, messages.toString());
        URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, parent);
        return Class.forName(first(CLASS, program), true, loader);
    }

    /** {@return the README, and the pages whose programs and commands can be tried as they are} */
    private static String pages() throws IOException {
        StringBuilder pages = new StringBuilder(Files.readString(Path.of("../README.md")));
        for (String page : List.of("command-line", "numbers", "data", "find", "training")) {
            pages.append('\n').append(Files.readString(DOCS.resolve(page + ".md")));
        }
        return pages.toString();
    }
}
