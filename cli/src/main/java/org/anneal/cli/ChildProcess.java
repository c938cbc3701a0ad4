package org.anneal.cli;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How a command of Anneal starts another one in a process of its own, and how that one ends with its parent. */
final class ChildProcess {
    /** The exit code of a child that was told to end; a shell says so of a process that Ctrl-C ended. */
    static final int INTERRUPTED = 130;

    private static final String SPARK = "anneal.spark"; // set by the launcher: the folder of Spark's jars
    private static final String OPTIONS = "anneal.worker.options"; // more of Java's options for a child, as tests have
    private static final String BLAS = "org.bytedeco.openblas.load"; // set by the launcher for --blas mkl
    private static final String WATCHING = "anneal.parent";

    /** The option of Java with which a child ends, as by Ctrl-C, at the end of its standard input, which its parent holds open. */
    static final String ENDS_WITH_PARENT = "-D" + WATCHING + "=true";

    private ChildProcess() {}

    /**
     * {@return the words that start a child}
     *
     * @param options of Java
     * @param words the command and its arguments
     */
    static List<String> command(List<String> options, List<String> words) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.awt.headless=true",
                "--enable-native-access=ALL-UNNAMED"));
        Stream.of(System.getProperty(OPTIONS, "").split(" ", -1))
                .filter(option -> !option.isEmpty())
                .forEach(command::add);
        command.addAll(options);
        Optional.ofNullable(System.getProperty(BLAS)).ifPresent(library -> command.add("-D" + BLAS + "=" + library));
        String spark = System.getProperty(SPARK, "");
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> spark.isEmpty() || !Path.of(entry).startsWith(spark))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
        command.addAll(List.of("-cp", classPath, Anneal.class.getName()));
        command.addAll(words);
        return command;
    }

    /** In a child that was started so, watches the parent. Also a parent that was killed is noticed. */
    static void endWithParent() {
        if (!Boolean.getBoolean(WATCHING)) {
            return;
        }
        Thread watch = new Thread(
                () -> {
                    try {
                        System.in.transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        // as at the end
                    }
                    System.exit(INTERRUPTED);
                },
                "parent");
        watch.setDaemon(true);
        watch.start();
    }
}
