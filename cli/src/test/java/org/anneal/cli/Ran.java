package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** What a command line, run in this process, printed and exited with. */
record Ran(int code, String out, String err) {

    static Ran anneal(String... args) {
        return anneal(new Anneal(new Properties(), () -> 0), args); // in no time, so no progress is shown
    }

    static Ran anneal(Anneal anneal, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = anneal.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Ran(code, out.toString(), err.toString());
    }

    /** {@return the words that start a command line in a process of its own, which ends too soon to be compiled well} */
    static List<String> process(List<String> options, String... args) {
        Stream<String> java = Stream.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.awt.headless=true",
                "--enable-native-access=ALL-UNNAMED", // as the jar's manifest says
                "-XX:TieredStopAtLevel=1");
        Stream<String> program = Stream.of("-cp", System.getProperty("java.class.path"), "org.anneal.cli.Anneal");
        return Stream.of(java, options.stream(), program, Stream.of(args))
                .flatMap(words -> words)
                .toList();
    }

    /** Runs a command that must succeed without a word on standard error, and {@return its lines} */
    static List<String> lines(String... args) {
        Ran ran = anneal(args);
        assertEquals("", ran.err);
        assertEquals(0, ran.code);
        return ran.out.lines().toList();
    }

    /** Checks that a command fails with one line, exactly, and nothing printed before it. */
    static void assertFails(int code, String error, String... args) {
        Ran ran = anneal(args);
        assertEquals(error + System.lineSeparator(), ran.err);
        assertEquals(code, ran.code);
        assertEquals("", ran.out);
    }
}
