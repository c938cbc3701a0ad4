package org.anneal.cli;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.schedule.Python;

/** A checkpoint in either format, told apart by how it begins. */
final class CheckpointFile implements Closeable {
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
        boolean training = root instanceof Map<?, ?> map && map.get("model") instanceof Map<?, ?>;
        boolean ours = root instanceof Map<?, ?> map && map.get("anneal") instanceof Map<?, ?>;
        String kind = training ? (ours ? "training checkpoint of Anneal" : "training checkpoint") : "PyTorch file";
        return new CheckpointFile(kind, root, file);
    }

    /** Its header, a JSON object, begins after 8 bytes, in whose place a zip archive has how its first entry is packed. */
    private static boolean isSafetensors(Path path) throws IOException {
        if (!Files.isRegularFile(path)) { // TorchFile says what it is; to open a pipe would wait for its writer
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
     * {@return the weights: of a training checkpoint its model, else all of it}
     *
     * @throws IOException if there is something else than tensors
     */
    Map<String, TensorData> weights(Path path) throws IOException {
        Object model = root instanceof Map<?, ?> map && map.get("model") instanceof Map<?, ?> inner ? inner : root;
        if (!(model instanceof Map<?, ?> dict)) {
            throw new IOException(path + " must hold a dict of tensors, or one under the key model, but holds neither");
        }
        Map<String, TensorData> weights = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : dict.entrySet()) {
            if (!(entry.getKey() instanceof String name) || !(entry.getValue() instanceof TensorData data)) {
                throw new IOException(path + " must hold tensors by name, but " + Tree.key(entry.getKey()) + " is "
                        + (entry.getValue() instanceof TensorData ? "no name" : "no tensor"));
            }
            weights.put(name, data);
        }
        return weights;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
