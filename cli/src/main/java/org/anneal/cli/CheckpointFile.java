package org.anneal.cli;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.text.Python;
import org.anneal.train.CheckpointParts;

/** A checkpoint in either format, told apart by its first bytes. */
final class CheckpointFile implements Closeable {
    private static final int MOST_KEYS = 10; // in a message

    private final String kind;
    private final Object root;
    private final Closeable file;

    private CheckpointFile(String kind, Object root, Closeable file) {
        this.kind = kind;
        this.root = root;
        this.file = file;
    }

    static CheckpointFile open(Path path) throws IOException {
        if (isSafetensors(path)) {
            Safetensors file = Safetensors.open(path);
            Map<String, Object> root = new Python.OrderedDict<>();
            root.putAll(file.tensors());
            return new CheckpointFile("safetensors", root, file);
        }
        TorchFile file = TorchFile.open(path);
        Object root = file.root();
        return new CheckpointFile(root instanceof Map<?, ?> map ? kind(map) : "PyTorch file", root, file);
    }

    private static String kind(Map<?, ?> root) {
        if (new CheckpointParts(root).models().isEmpty()) {
            return "PyTorch file";
        }
        String by = root.get("anneal") instanceof Map<?, ?>
                ? " of Anneal"
                : root.containsKey("pytorch-lightning_version") ? " of Lightning" : "";
        return "training checkpoint" + by;
    }

    /** {@return whether a file begins as safetensors: with a JSON object after 8 bytes, which no zip archive can have there} */
    private static boolean isSafetensors(Path path) throws IOException {
        if (!Files.isRegularFile(path)) { // TorchFile says what it is; opening a pipe would wait for its writer
            return false;
        }
        try (InputStream in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(Long.BYTES + 1);
            return start.length == Long.BYTES + 1 && start[Long.BYTES] == '{';
        } catch (IOException e) {
            throw new IOException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    String kind() {
        return kind;
    }

    Object root() {
        return root;
    }

    /**
     * {@return the weights: a training checkpoint's model, else the whole file}
     *
     * @param key the key of the weights, if given; dots separate nested keys
     * @throws IOException if there is anything but tensors; the message says what
     */
    Map<String, TensorData> weights(Path path, Optional<String> key) throws IOException {
        Object model = key.isPresent() ? at(root, key.get()).orElseThrow(() -> none(path, key.get())) : model(path);
        if (!(model instanceof Map<?, ?> dict)) {
            throw new IOException(
                    path + " must have tensors by name, or a dict of them under a key such as model or state_dict,"
                            + " but has neither");
        }
        Map<String, TensorData> weights = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : dict.entrySet()) {
            if (!(entry.getKey() instanceof String name) || !(entry.getValue() instanceof TensorData data)) {
                throw new IOException(path + " must have tensors by name, but " + Tree.key(entry.getKey()) + " is "
                        + (entry.getValue() instanceof TensorData ? "not a name" : "not a tensor") + others(dict));
            }
            weights.put(name, data);
        }
        return weights;
    }

    private Object model(Path path) throws IOException {
        if (!(root instanceof Map<?, ?> map)) {
            return root;
        }
        List<String> keys = new CheckpointParts(map).models();
        if (keys.size() > 1) {
            throw new IOException(path + " has several networks: choose one with --key: " + String.join(", ", keys));
        }
        return keys.isEmpty()
                ? root
                : Optional.<Object>ofNullable(map.get(keys.get(0))).orElse(root);
    }

    private static Optional<Object> at(Object value, String key) {
        if (!(value instanceof Map<?, ?> map)) {
            return Optional.empty();
        } else if (map.containsKey(key)) {
            return Optional.ofNullable(map.get(key));
        }
        return IntStream.range(0, key.length())
                .filter(dot -> key.charAt(dot) == '.')
                .boxed()
                .flatMap(dot -> Optional.<Object>ofNullable(map.get(key.substring(0, dot)))
                        .flatMap(inner -> at(inner, key.substring(dot + 1)))
                        .stream())
                .findFirst();
    }

    private IOException none(Path path, String key) {
        return new IOException("--key must be a key in " + path + ", but was " + Tree.escaped(key)
                + (root instanceof Map<?, ?> map ? others(map) : ""));
    }

    /** {@return the keys of a dict that have tensors, for a message} */
    private static String others(Map<?, ?> dict) {
        List<String> keys = keys("", dict).limit(MOST_KEYS).toList();
        return keys.isEmpty() ? "" : "; --key may be " + String.join(", ", keys);
    }

    private static Stream<String> keys(String prefix, Map<?, ?> dict) {
        return dict.entrySet().stream().flatMap(entry -> {
            if (!(entry.getKey() instanceof String name) || !(entry.getValue() instanceof Map<?, ?> inner)) {
                return Stream.empty();
            }
            boolean weights = !inner.isEmpty()
                    && inner.entrySet().stream()
                            .allMatch(each -> each.getKey() instanceof String && each.getValue() instanceof TensorData);
            return weights ? Stream.of(Tree.escaped(prefix + name)) : keys(prefix + name + ".", inner);
        });
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
