package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, {@code ./anneal}, beside a Java and a Maven that print what they are asked. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LauncherTest {
    private static final List<String> MODULES =
            List.of("core", "torch", "plot", "runs", "samples", "train", "web", "sweep", "cli");

    @TempDir
    Path home;

    @BeforeEach
    void install() throws IOException {
        assumeTrue(File.separatorChar == '/', "skipped: the launcher needs a Unix shell");
        Files.copy(Path.of("../anneal"), home.resolve("anneal"));
        script("mvnw", "echo \"[ERROR] mvnw $*\"; exit 1");
        java("17.0.1");
        Files.createFile(home.resolve("pom.xml"));
        for (String module : MODULES) {
            Files.createDirectories(home.resolve(module).resolve("src/main"));
            Files.createFile(home.resolve(module).resolve("pom.xml"));
        }
        built();
    }

    private void java(String version) throws IOException {
        Files.createDirectories(home.resolve("jdk/bin"));
        script(
                "jdk/bin/java",
                "if [ \"$1\" = -version ]; then echo 'openjdk version \"" + version + "\"' >&2; exit; fi",
                "printf '<%s> ' \"$@\"");
    }

    private void script(String name, String... lines) throws IOException {
        Path file = Files.writeString(home.resolve(name), "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        assertTrue(file.toFile().setExecutable(true));
    }

    /** Has the jar be newer than the sources. */
    private void built() throws IOException {
        Files.createDirectories(home.resolve("cli/target/lib"));
        Path jar = home.resolve("cli/target/anneal.jar");
        Files.writeString(jar, "");
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(60)));
    }

    private void natives() throws IOException {
        Files.createFile(home.resolve("cli/target/lib/pytorch-2.10.0-1.5.13-linux-x86_64.jar"));
    }

    /** Runs a command in a shell, and {@return its exit code and what it printed} */
    private Ran shell(String command) throws IOException, InterruptedException {
        Path err = home.resolve("err");
        ProcessBuilder shell = new ProcessBuilder("bash", "-c", command).directory(home.toFile());
        shell.environment().put("JAVA_HOME", home.resolve("jdk").toString());
        Process process = shell.redirectError(err.toFile()).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it does not end");
        return new Ran(process.exitValue(), out, Files.readString(err));
    }

    /** {@return what a command in a terminal of 30 rows and 100 columns shows} */
    private String terminal(String command) throws IOException, InterruptedException {
        assumeTrue(
                Stream.of("/usr/bin/script", "/bin/script").map(Path::of).anyMatch(Files::isExecutable),
                "skipped: no script command, which makes a terminal");
        return shell("script -qec 'stty rows 30 cols 100; " + command + "' /dev/null")
                .out()
                .replace("\r", "");
    }

    private static String arguments(String columns, String screen, boolean pipe, String jar, String... arguments) {
        return "<-Djava.awt.headless=true> <-Danneal.columns=" + columns + "> <-Danneal.screen=" + screen
                + "> <-Danneal.pipe=" + pipe + "> <-jar> <" + jar + "> <" + String.join("> <", arguments) + "> ";
    }

    private String jar() throws IOException {
        return home.toRealPath().resolve("cli/target/anneal.jar").toString();
    }

    @Test
    void passesOnWhatItIsGivenAndSaysThatNothingIsATerminal() throws IOException, InterruptedException {
        Ran ran = shell("./anneal table 'StepLR(step_size=30, gamma=0.1)' --title ''");
        assertEquals(
                new Ran(
                        0,
                        arguments("0", "", true, jar(), "table", "StepLR(step_size=30, gamma=0.1)", "--title", ""),
                        ""),
                ran);
        shell("./anneal table > out");
        assertEquals(arguments("0", "", false, jar(), "table"), Files.readString(home.resolve("out")));
    }

    @Test
    void saysWhatIsATerminal() throws IOException, InterruptedException {
        assertEquals(arguments("100", "30 100", false, jar(), "table"), terminal("./anneal table"));
        assertEquals(arguments("0", "30 100", false, jar(), "table"), terminal("./anneal table 2> log"));
        assertEquals(arguments("100", "", true, jar(), "table"), terminal("./anneal table | cat"));
        terminal("./anneal table > out");
        assertEquals(arguments("100", "", false, jar(), "table"), Files.readString(home.resolve("out")));
    }

    @Test
    void isFoundThroughALink() throws IOException, InterruptedException {
        Files.createDirectories(home.resolve("bin"));
        Files.createSymbolicLink(home.resolve("bin/anneal"), home.resolve("anneal"));
        assertEquals(
                arguments("0", "", true, jar(), "check"),
                shell("cd bin && ./anneal check").out());
    }

    @Test
    void refusesAJavaThatIsTooOldOrNotThere() throws IOException, InterruptedException {
        java("11.0.2");
        Ran old = shell("./anneal table");
        assertEquals(1, old.code());
        assertEquals("anneal: Java must be 17 or later, but '" + home + "/jdk/bin/java' is 11\n", old.err());
        java("25");
        assertEquals(0, shell("./anneal table").code());
        Files.delete(home.resolve("jdk/bin/java"));
        Ran none = shell("./anneal table");
        assertEquals(1, none.code());
        assertEquals(
                "anneal: a JDK, 17 or later, must be on the PATH or in JAVA_HOME, but '" + home
                        + "/jdk/bin/java' does not run\n",
                none.err());
    }

    @Test
    void buildsAfterAChangeAndSaysWhatFailed() throws IOException, InterruptedException {
        Path source = Files.createFile(home.resolve("core/src/main/New.java"));
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(120)));
        Ran failed = shell("./anneal table");
        assertEquals(1, failed.code());
        assertEquals(
                List.of(
                        "anneal: building; it takes half a minute, and more the first time, while Maven fetches what it needs",
                        "[ERROR] mvnw -B -ntp package -pl cli -am -Dquick -DskipTests -DskipNatives",
                        "anneal: the build failed; all of its output is in " + home.toRealPath()
                                + "/cli/target/build.log"),
                failed.err().lines().toList());
        script("mvnw", "echo '[INFO] Building Anneal core 0.1.0-SNAPSHOT                  [1/6]'");
        Ran built = shell("./anneal table");
        assertEquals(0, built.code(), built.err());
        assertEquals(
                "anneal: [1/6] Anneal core",
                built.err().lines().skip(1).findFirst().orElse(""));
        assertEquals(arguments("0", "", true, jar(), "table"), built.out());
    }

    @Test
    void hasJavaReadLettersThatAreNotAsciis() throws IOException, InterruptedException {
        assumeTrue(
                shell("LC_ALL=C locale charmap").out().equals("ANSI_X3.4-1968\n"),
                "skipped: no C locale as Linux has it");
        script("jdk/bin/java", "[ \"$1\" = -version ] && echo 'openjdk version \"17\"' >&2 && exit", "locale charmap");
        assertEquals("UTF-8\n", shell("LC_ALL=C ./anneal table").out());
        assertEquals(
                "UTF-8\n", shell("unset LANG LC_CTYPE LC_ALL; ./anneal table").out());
    }

    @Test
    void goesOnWhereWhatItSaysIsLost() throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "skipped: /dev/full is Linux's");
        for (String nowhere : List.of("2> /dev/full", "2>&-")) {
            assertEquals(
                    arguments("0", "", true, jar(), "table"),
                    shell("./anneal table " + nowhere).out());
            Path source = home.resolve("core/src/main/New.java");
            Files.writeString(source, "");
            Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(120)));
            script(
                    "mvnw",
                    "echo '[INFO] Building Anneal core 0.1.0-SNAPSHOT                  [1/6]'",
                    "yes | head -n 100000",
                    "touch built");
            Ran built = shell("./anneal table " + nowhere);
            assertEquals(new Ran(0, arguments("0", "", true, jar(), "table"), ""), built);
            assertTrue(Files.deleteIfExists(home.resolve("built")), "Maven was not let finish");
            Files.delete(source);
        }
        java("11.0.2");
        assertEquals(new Ran(1, "", ""), shell("./anneal table 2>&-"));
    }

    @Test
    void fetchesTheNativesForTheFirstRunThatTrains() throws IOException, InterruptedException {
        for (String command : List.of("table", "train --help", "plot train", "--version", "sweep --status sweep")) {
            assertEquals(0, shell("./anneal " + command).code(), command);
        }
        Ran first = shell("./anneal train --epochs 1");
        assertEquals(1, first.code());
        assertTrue(
                first.err().startsWith("anneal: building, and fetching libtorch (110 MB) through Maven"), first.err());
        assertTrue(first.err().contains("[ERROR] mvnw -B -ntp package -pl cli -am -Dquick -DskipTests\n"), first.err());
        natives();
        Ran next = shell("./anneal train --epochs 1");
        assertEquals(new Ran(0, arguments("0", "", true, jar(), "train", "--epochs", "1"), ""), next);
        Ran sweep = shell("./anneal sweep --trials 3");
        assertEquals(new Ran(0, arguments("0", "", true, jar(), "sweep", "--trials", "3"), ""), sweep);
    }

    @Test
    void fetchesTheNativesForAPageThatMayTrain() throws IOException, InterruptedException {
        assertEquals(0, shell("./anneal serve").code());
        Ran fetching = shell("./anneal serve --allow-train");
        assertEquals(1, fetching.code());
        assertTrue(
                fetching.err().startsWith("anneal: building, and fetching libtorch (110 MB) through Maven"),
                fetching.err());
        natives();
        assertEquals(
                new Ran(0, arguments("0", "", true, jar(), "serve", "--allow-train"), ""),
                shell("./anneal serve --allow-train"));
    }

    @Test
    void shortensTheWaitsOfIdleThreadsUnlessTheEnvironmentSaysHowLong() throws IOException, InterruptedException {
        script(
                "jdk/bin/java",
                "[ \"$1\" = -version ] && echo 'openjdk version \"17\"' >&2 && exit",
                "echo \"$OPENBLAS_THREAD_TIMEOUT $GOMP_SPINCOUNT\"");
        String none = "unset OPENBLAS_THREAD_TIMEOUT GOMP_SPINCOUNT; ";
        assertEquals("16 1000\n", shell(none + "./anneal table").out());
        assertEquals(
                "20 1000\n",
                shell(none + "OPENBLAS_THREAD_TIMEOUT=20 ./anneal table").out());
        assertEquals("16 7\n", shell(none + "GOMP_SPINCOUNT=7 ./anneal table").out());
    }

    /** Has the machine be of a kind, whatever it is. */
    private void machine(String kind) throws IOException {
        Files.createDirectories(home.resolve("bin"));
        script("bin/uname", "echo " + kind);
    }

    @Test
    void fetchesMklForTheFirstRunThatAsksForIt() throws IOException, InterruptedException {
        natives();
        machine("Linux x86_64");
        Ran failed = shell("PATH=$PWD/bin:$PATH ./anneal train --blas mkl");
        assertEquals(
                List.of(
                        "anneal: fetching Intel's MKL (183 MB, under the Intel Simplified Software License) through Maven; once",
                        "[ERROR] mvnw -B -ntp dependency:copy@mkl -pl cli -Pmkl",
                        "anneal: the download failed; all of its output is in " + home.toRealPath()
                                + "/cli/target/build.log"),
                failed.err().lines().toList());
        assertEquals(1, failed.code());
        script("mvnw", "mkdir cli/target/mkl; touch cli/target/mkl/mkl-1-linux-x86_64-redist.jar");
        String started = "<-Djava.awt.headless=true> <-Danneal.columns=0> <-Danneal.screen=> <-Danneal.pipe=true>"
                + " <-Dorg.bytedeco.openblas.load=mkl_rt> <--enable-native-access=ALL-UNNAMED> <-cp> <" + jar() + ":"
                + home.toRealPath() + "/cli/target/mkl/*> <org.anneal.cli.Anneal> <train> ";
        Ran first = shell("PATH=$PWD/bin:$PATH ./anneal train --blas mkl");
        assertEquals(started + "<--blas> <mkl> ", first.out());
        assertEquals(1, first.err().lines().count(), first.err());
        Ran next = shell("PATH=$PWD/bin:$PATH ./anneal train --blas=MKL");
        assertEquals(new Ran(0, started + "<--blas=MKL> ", ""), next);
        Ran without = shell("./anneal train --blas openblas");
        assertEquals(new Ran(0, arguments("0", "", true, jar(), "train", "--blas", "openblas"), ""), without);
    }

    @Test
    void fetchesSparkForTheFirstSweepWithAMaster() throws IOException, InterruptedException {
        natives();
        Ran failed = shell("./anneal sweep --master 'local[2]'");
        assertEquals(
                List.of(
                        "anneal: fetching Apache Spark (135 jars, 220 MB) through Maven; once",
                        "[ERROR] mvnw -B -ntp dependency:copy-dependencies@spark -N -Pspark",
                        "anneal: the download failed; all of its output is in " + home.toRealPath()
                                + "/cli/target/build.log"),
                failed.err().lines().toList());
        assertEquals(1, failed.code());
        script("mvnw", "mkdir cli/target/spark; touch cli/target/spark/spark-core_2.13-4.2.0.jar");
        String spark = home.toRealPath() + "/cli/target/spark";
        String options = "<-Djava.awt.headless=true> <-Danneal.columns=0> <-Danneal.screen=> <-Danneal.pipe=true>"
                + " <-Danneal.spark=" + spark + "> <-Dslf4j.internal.verbosity=WARN>"
                + " <-Dslf4j.provider=org.apache.logging.slf4j.SLF4JServiceProvider>";
        String started = " <--enable-native-access=ALL-UNNAMED> <-cp> <" + jar() + ":" + spark
                + "/*> <org.anneal.cli.Anneal> <sweep> ";
        Ran first = shell("./anneal sweep --master 'local[2]'");
        assertEquals(options + started + "<--master> <local[2]> ", first.out());
        assertEquals(1, first.err().lines().count(), first.err());
        java("25");
        Ran next = shell("./anneal sweep --master=spark://a:7077");
        assertEquals(
                new Ran(
                        0,
                        options + " <--sun-misc-unsafe-memory-access=allow>" + started + "<--master=spark://a:7077> ",
                        ""),
                next);
        for (String without : List.of("sweep", "train --master local")) { // which anneal train refuses
            assertEquals(
                    new Ran(0, arguments("0", "", true, jar(), without.split(" ")), ""), shell("./anneal " + without));
        }

        Files.setLastModifiedTime(
                home.resolve("pom.xml"), FileTime.from(Instant.now().plusSeconds(30)));
        Ran again = shell("./anneal sweep --master local"); // perhaps another version
        assertTrue(again.err().startsWith("anneal: fetching Apache Spark"), again.err());
    }

    @Test
    void refusesMklWhereThereIsNone() throws IOException, InterruptedException {
        natives();
        machine("Darwin arm64");
        assertEquals(
                new Ran(
                        2,
                        "",
                        "anneal: --blas must be openblas on Darwin arm64, but was mkl (MKL is for Linux x86_64)\n"),
                shell("PATH=$PWD/bin:$PATH ./anneal train --blas mkl"));
    }

    /** Has the JDK say its version in a file, and write the archive of classes as Java does; {@code dump} is how it ends. */
    private void jdkWithArchives(int dump) throws IOException {
        script(
                "jdk/bin/java",
                "case \"$*\" in",
                "*-version*) echo asked >&2; exit 1 ;;",
                "*-XX:DumpLoadedClassList=*) f=${2#*=}; printf 'A\n@lambda-proxy A b\n@lambda-proxy A b\nA\n' >\"$f\" ;;",
                "-Xshare:dump*) cat \"${2#*=}\" >\"${3#*=}\"; echo >>dumps; exit " + dump + " ;;",
                "*) printf '<%s> ' \"$@\" ;;",
                "esac");
        Files.writeString(home.resolve("jdk/release"), "JAVA_RUNTIME_VERSION=\"17.0.1+2\"\nJAVA_VERSION=\"17.0.1\"\n");
        Files.setLastModifiedTime(home.resolve("cli/target/anneal.jar"), FileTime.from(Instant.now()));
    }

    @Test
    void startsSoonerWithAnArchiveOfClassesThatItWritesOnce() throws IOException, InterruptedException {
        jdkWithArchives(0);
        natives();
        String archive = home.toRealPath() + "/cli/target/classes-17.0.1+2.jsa";
        String sooner = "<-XX:SharedArchiveFile=" + archive + "> <-Xlog:disable> ";
        String first = "<-XX:TieredStopAtLevel=1> <-Xss2m> ";
        for (int i = 0; i < 2; i++) {
            Ran ran = shell("./anneal table");
            assertEquals(new Ran(0, sooner + first + arguments("0", "", true, jar(), "table"), ""), ran);
        }
        assertEquals(1, Files.readAllLines(home.resolve("dumps")).size());
        assertEquals("A\n@lambda-proxy A b\nA\n", Files.readString(Path.of(archive)));
        assertEquals(
                sooner + arguments("0", "", true, jar(), "serve"),
                shell("./anneal serve").out());
        assertEquals(
                arguments("0", "", true, jar(), "train"),
                shell("./anneal train").out());

        Files.setLastModifiedTime(
                home.resolve("cli/target/anneal.jar"),
                FileTime.from(Instant.now().plusSeconds(1)));
        assertEquals(0, shell("./anneal table").code());
        assertEquals(2, Files.readAllLines(home.resolve("dumps")).size(), "the archive is not of the new jar");
        try (Stream<Path> files = Files.list(home.resolve("cli/target"))) {
            assertEquals(
                    List.of("anneal.jar", "classes-17.0.1+2.jsa", "lib"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void startsAsEverWhereNoArchiveOfClassesCanBeMade() throws IOException, InterruptedException {
        jdkWithArchives(134);
        String started = "<-XX:TieredStopAtLevel=1> <-Xss2m> " + arguments("0", "", true, jar(), "table");
        for (int i = 0; i < 2; i++) {
            assertEquals(new Ran(0, started, ""), shell("./anneal table"));
        }
        assertEquals(1, Files.readAllLines(home.resolve("dumps")).size(), "it tries again");
    }

    @Test
    void runsFromAnArchiveWithoutMaven() throws IOException, InterruptedException {
        Path archive = Files.createDirectories(home.resolve("an archive"));
        Files.copy(Path.of("../anneal"), archive.resolve("anneal"));
        Files.createFile(archive.resolve("anneal.jar"));
        machine("Linux x86_64");
        String folder = archive.toRealPath().toString();
        for (String command : List.of("table", "train")) {
            assertEquals(
                    new Ran(0, arguments("0", "", true, folder + "/anneal.jar", command), ""),
                    shell("'an archive/anneal' " + command));
        }
        assertEquals(
                new Ran(
                        1,
                        "",
                        "anneal: --blas mkl needs jars that are not in this archive: put org.bytedeco:mkl, plain and with the"
                                + " classifiers linux-x86_64 and linux-x86_64-redist, into " + folder + "/mkl\n"),
                shell("PATH=$PWD/bin:$PATH 'an archive/anneal' train --blas mkl"));
        assertEquals(
                new Ran(
                        1,
                        "",
                        "anneal: --master needs jars that are not in this archive: put org.apache.spark:spark-core_2.13 and all it"
                                + " needs into " + folder + "/spark\n"),
                shell("'an archive/anneal' sweep --master local"));
    }
}
