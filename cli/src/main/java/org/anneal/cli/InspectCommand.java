package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.SavedSchedule;
import org.anneal.text.Python;
import org.anneal.train.CheckpointParts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal inspect}: what is in a checkpoint. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Print what is in a checkpoint: a .pt file of PyTorch or Anneal, or a safetensors file.")
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "the checkpoint")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (CheckpointFile checkpoint = CheckpointFile.open(file)) {
            List<TensorData> tensors = tensors(checkpoint.root()).toList();
            out.println(String.format(
                    Locale.ROOT,
                    "%s: %s, %,d bytes; %,d tensors of %,d elements",
                    Anneal.printable(file.toString()),
                    checkpoint.kind(),
                    Files.size(file),
                    tensors.size(),
                    tensors.stream().mapToLong(TensorData::count).sum()));
            summary(checkpoint.root()).forEach(out::println);
            if (checkpoint.root() instanceof Map<?, ?> map
                    && !map.values().stream().allMatch(TensorData.class::isInstance)) {
                map.forEach((key, value) -> {
                    out.println();
                    Tree.of(Tree.key(key), value).forEach(out::println);
                });
            } else {
                Tree.of("holds", checkpoint.root()).forEach(out::println);
            }
        }
        return 0;
    }

    /** {@return the key facts of a training checkpoint, as far as they are there in the types that Anneal and PyTorch write} */
    private static Stream<String> summary(Object root) {
        Optional<Object> epoch = find(root, "epoch").filter(Long.class::isInstance);
        Optional<Object> step =
                find(root, "step").or(() -> find(root, "global_step")).filter(Long.class::isInstance);
        Optional<Object> batch = find(root, "anneal", "batch").filter(n -> n instanceof Long count && count != 0);
        Optional<Object> policies =
                find(root, "anneal", "scheduler", "policies").filter(texts -> isListOf(String.class, texts));
        Optional<CheckpointParts> parts =
                root instanceof Map<?, ?> map ? Optional.of(new CheckpointParts(map)) : Optional.empty();
        List<Map<?, ?>> schedulers = parts.map(CheckpointParts::schedulers).orElse(List.of());
        Optional<Object> rates = schedulers.stream()
                .flatMap(scheduler -> find(scheduler, "_last_lr").stream())
                .findFirst()
                .filter(lr -> isListOf(Double.class, lr));
        Stream<Optional<String>> schedules = policies.isPresent()
                ? Stream.of(policies.map(texts -> "schedule:  "
                        + String.join(
                                "; ",
                                ((Collection<?>) texts)
                                        .stream()
                                                .map(text -> Tree.escaped((String) text))
                                                .toList())))
                : schedulers.stream()
                        .filter(SavedSchedule::looksLike)
                        .map(scheduler -> Optional.of("schedule:  " + schedule(parts.orElseThrow(), scheduler)));
        return Stream.of(
                        Stream.of(epoch.map(n -> "progress:  epoch " + n + " finished"
                                + (parts.orElseThrow().countsFromZero() ? ", counted from 0" : "")
                                + batch.map(b -> ", " + b + " batches of the next")
                                        .orElse("")
                                + step.map(s -> ", optimizer step " + s).orElse(""))),
                        schedules,
                        Stream.of(rates.map(lr -> "rates:     " + Python.repr(lr))))
                .flatMap(lines -> lines)
                .flatMap(Optional::stream);
    }

    private static String schedule(CheckpointParts parts, Map<?, ?> scheduler) {
        try {
            return parts.schedule(scheduler).toString();
        } catch (IllegalArgumentException e) {
            return "unknown: " + e.getMessage();
        }
    }

    private static boolean isListOf(Class<?> type, Object value) {
        return value instanceof List<?> items && items.stream().allMatch(type::isInstance);
    }

    private static Optional<Object> find(Object root, String... path) {
        Optional<Object> found = Optional.of(root);
        for (String key : path) {
            found = found.flatMap(
                    each -> each instanceof Map<?, ?> map ? Optional.ofNullable(map.get(key)) : Optional.empty());
        }
        return found;
    }

    private static Stream<TensorData> tensors(Object value) {
        if (value instanceof TensorData data) {
            return Stream.of(data);
        } else if (value instanceof Map<?, ?> map) {
            return Stream.concat(map.keySet().stream(), map.values().stream()).flatMap(InspectCommand::tensors);
        } else if (value instanceof Python.Tuple tuple) {
            return tuple.items().stream().flatMap(InspectCommand::tensors);
        }
        return value instanceof Collection<?> items ? items.stream().flatMap(InspectCommand::tensors) : Stream.empty();
    }
}
