package org.anneal.checkpoint;

import java.io.IOException;
import java.math.BigInteger;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.anneal.text.Python;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The files that parity/checkpoints.py wrote, and values in the JSON form that is described there. */
final class Golden {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNodeFactory nodes = JsonNodeFactory.instance;
    private final IdentityHashMap<Storage, Integer> storages = new IdentityHashMap<>();
    private final boolean places; // whether a tensor's strides and storage count, as they do not in safetensors

    private Golden(boolean places) {
        this.places = places;
    }

    static Path folder() {
        try {
            return Path.of(Objects.requireNonNull(Golden.class.getResource("/golden/checkpoints"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@return the names of the files that end so} */
    static List<String> names(String end) throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(end))
                    .sorted()
                    .toList();
        }
    }

    /** {@return what PyTorch sees in a file} */
    static JsonNode expected(String name) throws IOException {
        return content(name).path("value");
    }

    private static JsonNode content(String name) throws IOException {
        return JSON.readTree(Files.readString(folder().resolve(name + ".json")));
    }

    /** {@return what Anneal sees, with tensors' places if they count in what PyTorch sees in a file} */
    static JsonNode view(String name, Object value) throws IOException {
        return new Golden(content(name).path("places").asBoolean(true)).of(value);
    }

    /** {@return what Anneal sees, where a tensor is its elements, wherever they are} */
    static JsonNode viewOfElements(Object value) {
        return new Golden(false).of(value);
    }

    /** Where the files that Anneal writes are left for parity/checkpoints.py --check. */
    static Path written(String name) throws IOException {
        return Files.createDirectories(Path.of("target", "checkpoints")).resolve(name);
    }

    private JsonNode of(Object value) {
        if (value instanceof Optional<?> none && none.isEmpty()) {
            return nodes.nullNode();
        } else if (value instanceof Boolean truth) {
            return nodes.booleanNode(truth);
        } else if (value instanceof String text) {
            return nodes.stringNode(text);
        } else if (value instanceof Long number) { // as Jackson reads them
            return number.intValue() == number ? nodes.numberNode(number.intValue()) : nodes.numberNode((long) number);
        } else if (value instanceof BigInteger number) {
            return tagged("int", nodes.stringNode(number.toString()));
        } else if (value instanceof Double number) {
            return Double.isFinite(number)
                    ? nodes.numberNode((double) number)
                    : tagged("float", nodes.stringNode(Python.repr((double) number)));
        } else if (value instanceof Python.Complex number) {
            return tagged("complex", array(List.of(number.real(), number.imag())));
        } else if (value instanceof byte[] bytes) {
            return tagged("bytes", nodes.stringNode(HexFormat.of().formatHex(bytes)));
        } else if (value instanceof DType dtype) {
            return tagged("dtype", nodes.stringNode(dtype.toString()));
        } else if (value instanceof TorchDevice device) {
            return tagged("device", nodes.stringNode(device.toString()));
        } else if (value instanceof PythonReference reference) {
            return tagged("object", nodes.stringNode(reference.name()));
        } else if (value instanceof TensorData tensor) {
            return tagged("tensor", tensor(tensor));
        } else if (value instanceof List<?> list) {
            return array(list);
        } else if (value instanceof Python.Tuple tuple) {
            return tagged("tuple", array(tuple.items()));
        } else if (value instanceof Set<?> set) {
            return tagged("set", array(set.stream().sorted().toList()));
        } else if (value instanceof Python.OrderedDict<?, ?> dict) {
            return tagged("OrderedDict", pairs(dict)).set("attributes", of(dict.attributes()));
        } else if (value instanceof Python.Counter<?> counter) {
            return tagged("Counter", pairs(counter));
        } else if (value instanceof Map<?, ?> map) {
            return tagged("dict", pairs(map));
        }
        throw new AssertionError("not as the reader gives it: " + value);
    }

    private ObjectNode tagged(String tag, JsonNode node) {
        return nodes.objectNode().set(tag, node);
    }

    private ArrayNode array(Iterable<?> items) {
        ArrayNode array = nodes.arrayNode();
        items.forEach(item -> array.add(of(item)));
        return array;
    }

    private ArrayNode pairs(Map<?, ?> map) {
        ArrayNode pairs = nodes.arrayNode();
        map.forEach((key, value) -> pairs.add(nodes.arrayNode().add(of(key)).add(of(value))));
        return pairs;
    }

    private ObjectNode tensor(TensorData tensor) {
        ObjectNode node = nodes.objectNode();
        node.put("dtype", tensor.dtype().toString());
        node.set("shape", array(tensor.shape()));
        if (places) {
            node.set("strides", array(tensor.strides()));
            node.set("offset", of(tensor.offset()));
            storages.putIfAbsent(tensor.storage(), storages.size());
            node.put("storage", storages.get(tensor.storage()));
        }
        node.put("bytes", HexFormat.of().formatHex(bytes(tensor)));
        return node;
    }

    static byte[] bytes(TensorData tensor) {
        ByteBuffer bytes = ByteBuffer.allocate(
                Math.toIntExact(tensor.count() * tensor.dtype().size()));
        tensor.forEachChunk(bytes::put);
        return bytes.array();
    }
}
