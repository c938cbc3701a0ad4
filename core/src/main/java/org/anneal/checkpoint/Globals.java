package org.anneal.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.text.Python;

/**
 * The Python names that a checkpoint may use, and what Anneal reads them as. It is a fixed table: a file can never have a class
 * or function looked up, loaded or called. It also resolves what a pickle leaves to its reader: the storages, which are entries
 * of the archive.
 *
 * <p>Source: {@code torch/_weights_only_unpickler.py}, {@code torch/_utils.py} and {@code torch/serialization.py} of 2.13.
 */
final class Globals {
    private static final String REWRITE = ": load it in Python (map_location='cpu') and save it as a dense tensor (";
    private static final String PER_TENSOR = "torch.per_tensor_affine";
    private static final String PER_CHANNEL = "torch.per_channel_affine";
    private static final String PER_CHANNEL_FLOATS = "torch.per_channel_affine_float_qparams";
    private static final String LOAD = "torch.load(f, map_location='cpu', weights_only=False) (if you trust it)";
    private static final Map<String, Named> TABLE = table();

    private final Storages where;
    private final Map<String, StoredData> storages = new HashMap<>();
    private final Map<String, TensorData> views = new HashMap<>();

    /** Finds the storages of a file. */
    @FunctionalInterface
    interface Storages {
        /** {@return the storage of that name, which should have {@code bytes} bytes of elements of {@code dtype}} */
        Storage find(String key, long bytes, DType dtype) throws IOException;
    }

    /** Something that has a name in Python. */
    sealed interface Named {
        String name();
    }

    /** A function or a class that is called with arguments. */
    private record Function(String name, Call call) implements Named {}

    /** A class whose objects and methods are kept as names only. */
    private record Opaque(String name) implements Named {}

    /** The class of a storage, which determines its tensors' type unless it is untyped. */
    private record StorageType(String name, Optional<DType> dtype) implements Named {}

    /** A class of tensors; all are read as data. */
    private record TensorClass(String name) implements Named {}

    /** An element type, read as a {@link DType}. */
    private record TypeName(String name, DType dtype) implements Named {}

    /** A constant, read as its name. */
    private record Constant(String name) implements Named {}

    /** A storage: its class, and all its elements as a tensor, which is how a storage by itself is read. */
    private record StoredData(StorageType type, TensorData all) {}

    /** An object that only holds attributes, or a subclass of dict: read as a dict. */
    private static final class Attributes extends LinkedHashMap<Object, Object> {
        private static final long serialVersionUID = 1;
    }

    /** The class of {@link Attributes}. */
    private record AttributesType(String name) implements Named {}

    @FunctionalInterface
    private interface Call {
        Object apply(List<?> arguments) throws IOException;
    }

    Globals(Storages where) {
        this.where = where;
    }

    private static Map<String, Named> table() {
        List<Named> names = new ArrayList<>();
        for (DType dtype : DType.values()) {
            names.add(new TypeName("torch." + dtype, dtype));
            StorageTypes.of(dtype).ifPresent(type -> {
                names.add(new StorageType("torch." + type, Optional.of(dtype)));
                names.add(new StorageType("torch.cuda." + type, Optional.of(dtype)));
            });
        }
        names.add(new StorageType("torch.storage.UntypedStorage", Optional.empty()));
        names.add(new StorageType("torch.UntypedStorage", Optional.empty()));
        names.add(new StorageType("torch.QInt8Storage", Optional.of(DType.INT8)));
        names.add(new StorageType("torch.QUInt8Storage", Optional.of(DType.UINT8)));
        names.add(new StorageType("torch.QInt32Storage", Optional.of(DType.INT32)));
        for (String name : List.of(
                PER_TENSOR,
                PER_CHANNEL,
                PER_CHANNEL_FLOATS,
                "torch.per_tensor_symmetric",
                "torch.per_channel_symmetric",
                "torch.qint8",
                "torch.quint8",
                "torch.qint32",
                "torch.quint4x2",
                "torch.quint2x4")) {
            names.add(new Constant(name));
        }
        names.add(new Function("torch._utils._rebuild_tensor", arguments -> tensor(arguments, 4)));
        names.add(new Function("torch._utils._rebuild_tensor_v2", arguments -> tensor(arguments, 6)));
        names.add(new Function("torch._utils._rebuild_tensor_v3", arguments -> tensor(arguments, 7)));
        names.add(new Function("torch._utils._rebuild_qtensor", Globals::quantizedTensor));
        names.add(new Function("torch._utils._rebuild_device_tensor_from_cpu_tensor", Globals::deviceTensor));
        names.add(new Function("torch._utils._rebuild_parameter", arguments -> parameter(arguments, 3)));
        names.add(new Function("torch._utils._rebuild_parameter_with_state", arguments -> parameter(arguments, 4)));
        names.add(new Function("torch._tensor._rebuild_from_type_v2", Globals::tensorWithAttributes));
        names.add(new Function("torch._tensor._rebuild_from_type", Globals::tensorWithAttributes));
        names.add(new TensorClass("torch.Tensor"));
        names.add(new TensorClass("torch.nn.parameter.Parameter"));
        names.add(new Function("torch.serialization._get_layout", Globals::layout));
        names.add(new Function("torch.Size", Globals::size));
        names.add(new Function("torch.device", Globals::device));
        names.add(new Function("collections.OrderedDict", Globals::orderedDict));
        names.add(new Function("collections.Counter", Globals::counter));
        names.add(new Function("collections.defaultdict", arguments -> new LinkedHashMap<>()));
        names.add(new Function("builtins.set", Globals::set));
        names.add(new Function("builtins.frozenset", Globals::set));
        names.add(new Function("_codecs.encode", Globals::bytes)); // bytes in protocol 2
        names.add(new Function("builtins.bytes", Globals::bytes));
        names.add(new Function("builtins.bytearray", Globals::bytes));
        names.add(new Function("builtins.complex", Globals::complex));
        names.add(new Function("builtins.getattr", Globals::attribute));
        for (String module : List.of("copy_reg", "copyreg")) { // protocols 0 and 1 make objects so
            names.add(new Function(module + "._reconstructor", Globals::reconstructed));
        }
        for (String type : List.of(
                "argparse.Namespace",
                "types.SimpleNamespace",
                "pytorch_lightning.utilities.parsing.AttributeDict",
                "lightning.pytorch.utilities.parsing.AttributeDict",
                "lightning_fabric.utilities.data.AttributeDict",
                "lightning.fabric.utilities.data.AttributeDict")) { // which hold a program's arguments
            names.add(new AttributesType(type));
        }
        for (String module : List.of("pathlib", "pathlib._local")) {
            for (String type : List.of("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")) {
                names.add(new Function(module + "." + type, Globals::path));
            }
        }
        // Arguments of defaultdict, as are some above. Protocol 2 uses Python 2's names.
        for (String type :
                List.of("dict", "list", "tuple", "int", "long", "float", "bool", "str", "unicode", "object")) {
            names.add(new Opaque("builtins." + type));
        }
        for (String scheduler : List.of(
                "LRScheduler",
                "_LRScheduler",
                "LambdaLR",
                "MultiplicativeLR",
                "StepLR",
                "MultiStepLR",
                "ConstantLR",
                "LinearLR",
                "ExponentialLR",
                "SequentialLR",
                "PolynomialLR",
                "CosineAnnealingLR",
                "ChainedScheduler",
                "ReduceLROnPlateau",
                "CyclicLR",
                "CosineAnnealingWarmRestarts",
                "OneCycleLR")) {
            names.add(new Opaque("torch.optim.lr_scheduler." + scheduler));
        }
        names.add(new Opaque("torch.optim.swa_utils.SWALR"));
        for (String optimizer : List.of(
                "adadelta.Adadelta",
                "adagrad.Adagrad",
                "adam.Adam",
                "adamax.Adamax",
                "adamw.AdamW",
                "asgd.ASGD",
                "lbfgs.LBFGS",
                "nadam.NAdam",
                "radam.RAdam",
                "rmsprop.RMSprop",
                "rprop.Rprop",
                "sgd.SGD",
                "sparse_adam.SparseAdam")) {
            names.add(new Opaque("torch.optim." + optimizer));
        }
        Map<String, Named> table = new HashMap<>();
        names.forEach(name -> table.put(name.name(), name));
        return Map.copyOf(table);
    }

    /** {@return what a name is read as} */
    Object named(String module, String name) throws IOException {
        boolean builtin = module.equals("__builtin__") || module.equals("exceptions"); // Python 2's names
        String full = (builtin ? "builtins" : module) + "." + name;
        Named named = TABLE.get(full);
        if (named == null) {
            throw new IOException(
                    "it names " + ZipReader.shown(full) + ", which a checkpoint must not contain" + hint(full));
        }
        return named instanceof TypeName type
                ? type.dtype
                : named instanceof Constant constant ? new PythonReference(constant.name) : named;
    }

    private static String hint(String name) {
        if (name.startsWith("numpy")) {
            return ": save NumPy values as Python numbers, float(x) or x.tolist(), or as tensors";
        } else if (name.contains("sparse")) {
            return REWRITE + "x.to_dense())";
        } else if (name.startsWith("torch.Q")) {
            return REWRITE + "x.dequantize())";
        } else if (name.contains("nested")) {
            return REWRITE + "x.to_padded_tensor(0))";
        } else if (name.contains("meta_tensor")) {
            return ": a meta tensor has no data";
        } else if (name.startsWith("torch.nn.")) {
            return ": save model.state_dict(), not the model, in Python with the model's code: m = " + LOAD
                    + "; torch.save(m.state_dict(), f2)";
        } else if (name.matches("datetime\\..*|builtins\\.(x?range|slice|\\p{Lu}\\w*)")) { // or an exception
            return ": save it as a str or as numbers";
        } else if (name.matches("(?!torch|builtins|os|subprocess).*\\.\\p{Lu}\\w*")) { // a class of the user's program
            return ": save plain values and model.state_dict(), not objects, in Python with the object's code: x = "
                    + LOAD;
        }
        return ""; // a function has no place in a checkpoint: loading it may do harm
    }

    /** {@return the value of {@code function(*arguments)}} */
    Object call(Object function, List<?> arguments) throws IOException {
        if (function instanceof Function known) {
            try {
                return known.call.apply(arguments);
            } catch (IllegalArgumentException e) { // from TensorData
                throw new IOException("it holds an invalid tensor: " + e.getMessage(), e);
            }
        }
        return create(function, arguments);
    }

    /** {@return a new object of a class} */
    Object create(Object type, List<?> arguments) throws IOException {
        return object(type, arguments);
    }

    private static Object object(Object type, List<?> arguments) throws IOException {
        if (type instanceof Opaque opaque) {
            return new PythonReference(opaque.name);
        } else if (type instanceof AttributesType && arguments.isEmpty()) {
            return new Attributes();
        }
        throw new IOException("its pickle is damaged: it calls " + Structure.named(type));
    }

    /** A class, the builtin that it extends, and what the object has of that: nothing of object, the entries of a dict. */
    private static Object reconstructed(List<?> arguments) throws IOException {
        if (arguments.size() != 3) {
            throw wrong("an object");
        }
        Object object = object(arguments.get(0), List.of());
        Object inherited = arguments.get(2);
        if (object instanceof Attributes entries && inherited instanceof Map<?, ?> dict) {
            entries.putAll(dict);
        } else if (!inherited.equals(Optional.empty())) {
            throw wrong("an object");
        }
        return object;
    }

    /** Gives an object its attributes. */
    void build(Object object, Object state) throws IOException {
        if (object instanceof PythonReference) {
            return;
        } else if (object instanceof Attributes entries && state instanceof Map<?, ?> attributes) {
            entries.putAll(attributes);
            return;
        }
        if (!(object instanceof Python.OrderedDict<?, ?> dict) || !(state instanceof Map<?, ?> attributes)) {
            throw new IOException("its pickle is damaged: it sets attributes of " + Structure.named(object));
        }
        for (Map.Entry<?, ?> attribute : attributes.entrySet()) {
            if (!(attribute.getKey() instanceof String name)) {
                throw new IOException("its pickle is damaged: an attribute's name is not a string");
            }
            dict.attributes().put(name, attribute.getValue());
        }
    }

    /**
     * {@return all elements of the storage described by {@code ("storage", type, key, location, elements)}} The location is
     * ignored. Files from before PyTorch 1.6 have a sixth entry: None, or a part of the storage, {@code (key, offset, elements)}.
     */
    Object persistent(Object id) throws IOException {
        if (!(id instanceof Python.Tuple tuple)
                || tuple.items().size() < 5
                || tuple.items().size() > 6
                || !tuple.items().get(0).equals("storage")
                || !(tuple.items().get(1) instanceof StorageType type)
                || !(tuple.items().get(2) instanceof String key)
                || !(tuple.items().get(4) instanceof Long elements)) {
            throw wrong("a storage");
        }
        DType dtype = type.dtype.orElse(DType.UINT8);
        int size = dtype.size();
        if (elements < 0 || elements > Long.MAX_VALUE / size) {
            throw wrong("a storage");
        }
        StoredData known = storages.get(key);
        if (known == null) {
            known = new StoredData(type, all(dtype, where.find(key, elements * size, dtype)));
            storages.put(key, known);
        }
        long bytes = known.all.storage().size();
        if (bytes != elements * size) {
            throw new IOException("its storage " + ZipReader.shown(key) + " must have " + elements + " elements of "
                    + size + " bytes, but has " + bytes + " bytes");
        }
        if (known.all.dtype() != dtype) {
            if (bytes > 0) {
                throw new IOException("it holds storage " + ZipReader.shown(key) + " both as " + known.type.name
                        + " and as " + type.name);
            }
            known = new StoredData(type, all(dtype, known.all.storage()));
        }
        Object part = tuple.items().get(tuple.items().size() - 1);
        return tuple.items().size() == 5 || part.equals(Optional.empty()) ? known.all : part(known.all, part);
    }

    private static TensorData all(DType dtype, Storage storage) {
        return TensorData.of(dtype, storage, List.of(storage.size() / dtype.size()));
    }

    private TensorData part(TensorData all, Object part) throws IOException {
        if (!(part instanceof Python.Tuple tuple)
                || tuple.items().size() != 3
                || !(tuple.items().get(0) instanceof String key)
                || !(tuple.items().get(1) instanceof Long offset)
                || !(tuple.items().get(2) instanceof Long elements)
                || offset < 0
                || elements < 0
                || offset > all.count()
                || elements > all.count() - offset) {
            throw wrong("a part of a storage");
        }
        TensorData known = views.get(key);
        if (known == null) {
            int size = all.dtype().size();
            known = all(all.dtype(), new SlicedStorage(all.storage(), offset * size, elements * size));
            views.put(key, known);
        }
        return known;
    }

    /** {@return a tensor's data, without {@code requires_grad} and hooks} */
    private static Object tensor(List<?> arguments, int count) throws IOException {
        boolean known = arguments.size() == count || (count > 4 && arguments.size() == count + 1);
        if (!known || !(arguments.get(0) instanceof TensorData all)) {
            throw wrong("a tensor");
        }
        DType dtype = all.dtype();
        if (count == 7) {
            if (!(arguments.get(6) instanceof DType own)) {
                throw new IOException("it holds a tensor of "
                        + (arguments.get(6) instanceof PythonReference type ? type.name() : "an unknown type")
                        + ", which Anneal cannot read: save x.view(torch.uint8)");
            }
            dtype = own;
        }
        TensorData tensor = view(dtype, arguments);
        return arguments.size() == count ? tensor : resolved(tensor, arguments.get(count));
    }

    /** {@return the view described by {@code (storage, offset, shape, strides)}} */
    private static TensorData view(DType dtype, List<?> arguments) throws IOException {
        if (arguments.size() < 4
                || !(arguments.get(0) instanceof TensorData all)
                || all.storage().size() != all.count() * all.dtype().size() // not a whole storage
                || !(arguments.get(1) instanceof Long offset)
                || !(arguments.get(2) instanceof Python.Tuple shape)
                || !(arguments.get(3) instanceof Python.Tuple strides)) {
            throw wrong("a tensor");
        }
        return new TensorData(dtype, all.storage(), offset, longs(shape), longs(strides));
    }

    /** {@return the view with its pending negation or conjugation applied when it is read} */
    private static TensorData resolved(TensorData view, Object metadata) throws IOException {
        if (!(metadata instanceof Map<?, ?> map)) {
            throw wrong("a tensor");
        }
        Storage storage = view.storage();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            boolean conjugated = entry.getKey().equals("conj");
            if ((!conjugated && !entry.getKey().equals("neg")) || !(entry.getValue() instanceof Boolean pending)) {
                throw wrong("a tensor");
            }
            if (pending) {
                storage = conjugated
                        ? ConvertedStorage.conjugated(view.dtype(), storage)
                        : ConvertedStorage.negated(view.dtype(), storage);
            }
        }
        return new TensorData(view.dtype(), storage, view.offset(), view.shape(), view.strides());
    }

    /** {@return the numbers described by {@code (storage, offset, shape, strides, quantizer, ...)}} */
    private static Object quantizedTensor(List<?> arguments) throws IOException {
        if (arguments.size() != 7
                || !(arguments.get(0) instanceof TensorData all)
                || !(arguments.get(4) instanceof Python.Tuple quantizer)
                || quantizer.items().isEmpty()
                || !(quantizer.items().get(0) instanceof PythonReference scheme)) {
            throw wrong("a quantized tensor");
        }
        TensorData integers = view(all.dtype(), arguments);
        List<?> parameters = quantizer.items();
        DequantizedStorage.Scheme numbers;
        if (scheme.name().equals(PER_TENSOR)
                && parameters.size() == 3
                && parameters.get(1) instanceof Double scale
                && parameters.get(2) instanceof Long zeroPoint) {
            numbers = DequantizedStorage.perTensor(scale, zeroPoint);
        } else if ((scheme.name().equals(PER_CHANNEL) || scheme.name().equals(PER_CHANNEL_FLOATS))
                && parameters.size() == 4
                && parameters.get(1) instanceof TensorData scales
                && parameters.get(2) instanceof TensorData zeroPoints
                && parameters.get(3) instanceof Long axis) {
            boolean floats = scheme.name().equals(PER_CHANNEL_FLOATS);
            numbers = new DequantizedStorage.PerChannel(integers, scales, zeroPoints, axis, floats);
        } else {
            throw wrong("a quantized tensor");
        }
        return new TensorData(
                DType.FLOAT32,
                new DequantizedStorage(integers, numbers),
                integers.offset(),
                integers.shape(),
                integers.strides());
    }

    /** {@code (tensor, dtype, device, requires_grad)}, of a device whose memory PyTorch saves as a CPU tensor. */
    private static Object deviceTensor(List<?> arguments) throws IOException {
        if (arguments.size() == 4
                && arguments.get(0) instanceof TensorData tensor
                && tensor.dtype().equals(arguments.get(1))) {
            return tensor;
        }
        throw wrong("a tensor of a device");
    }

    private static Object complex(List<?> arguments) throws IOException {
        if (arguments.size() == 2
                && arguments.get(0) instanceof Double real
                && arguments.get(1) instanceof Double imag) {
            return new Python.Complex(real, imag);
        }
        throw wrong("a complex");
    }

    private static List<Long> longs(Python.Tuple tuple) throws IOException {
        List<Long> longs = new ArrayList<>();
        for (Object item : tuple.items()) {
            if (!(item instanceof Long value)) {
                throw wrong("a tensor");
            }
            longs.add(value);
        }
        return longs;
    }

    private static IOException wrong(String what) {
        return new IOException("its pickle is damaged: " + what + " is not described as PyTorch describes it");
    }

    private static Object parameter(List<?> arguments, int count) throws IOException {
        if (arguments.size() == count && arguments.get(0) instanceof TensorData tensor) {
            return tensor;
        }
        throw wrong("a parameter");
    }

    /** {@code (function, class, arguments of the function, attributes)}; the attributes are ignored. */
    private static Object tensorWithAttributes(List<?> arguments) throws IOException {
        if (arguments.size() == 4
                && arguments.get(0) instanceof Function rebuild
                && rebuild.name.matches("torch\\._utils\\._rebuild_q?tensor.*") // not this function itself, without end
                && arguments.get(1) instanceof TensorClass
                && arguments.get(2) instanceof Python.Tuple tuple) {
            return rebuild.call.apply(tuple.items());
        }
        throw wrong("a tensor with attributes");
    }

    private static Object layout(List<?> arguments) throws IOException {
        if (arguments.size() == 1 && arguments.get(0) instanceof String name && name.matches("torch\\.[a-z_]{1,20}")) {
            return new PythonReference(name);
        }
        throw wrong("a layout");
    }

    private static Object size(List<?> arguments) throws IOException {
        if (arguments.size() == 1 && arguments.get(0) instanceof Python.Tuple tuple) {
            return tuple;
        }
        throw wrong("a torch.Size");
    }

    private static Object device(List<?> arguments) throws IOException {
        if (arguments.size() == 1 && arguments.get(0) instanceof String type) {
            return new TorchDevice(type, Optional.empty());
        } else if (arguments.size() == 2
                && arguments.get(0) instanceof String type
                && arguments.get(1) instanceof Long index) {
            return new TorchDevice(type, Optional.of(index));
        }
        throw wrong("a torch.device");
    }

    /** No argument, or a list of {@code [key, value]}, as Python 2 writes it. */
    private static Object orderedDict(List<?> arguments) throws IOException {
        Python.OrderedDict<Object, Object> dict = new Python.OrderedDict<>();
        if (arguments.size() == 1 && arguments.get(0) instanceof List<?> pairs) {
            for (Object item : pairs) {
                List<?> pair = item instanceof Python.Tuple tuple
                        ? tuple.items()
                        : item instanceof List<?> list ? list : List.of();
                if (pair.size() != 2) {
                    throw wrong("an OrderedDict");
                }
                PickleReader.checkKey(pair.get(0), dict.keySet());
                dict.put(pair.get(0), pair.get(1));
            }
        } else if (!arguments.isEmpty()) {
            throw wrong("an OrderedDict");
        }
        return dict;
    }

    private static Object counter(List<?> arguments) throws IOException {
        Python.Counter<Object> counter = new Python.Counter<>();
        if (arguments.size() == 1 && arguments.get(0) instanceof Map<?, ?> counts) {
            for (Map.Entry<?, ?> entry : counts.entrySet()) {
                if (!(entry.getValue() instanceof Long count)) {
                    throw wrong("a Counter");
                }
                counter.put(entry.getKey(), count);
            }
        } else if (!arguments.isEmpty()) {
            throw wrong("a Counter");
        }
        return counter;
    }

    private static Object set(List<?> arguments) throws IOException {
        LinkedHashSet<Object> set = new LinkedHashSet<>();
        if (arguments.size() == 1 && arguments.get(0) instanceof List<?> items) {
            for (Object item : items) {
                PickleReader.checkKey(item, set);
                set.add(item);
            }
        } else if (!arguments.isEmpty()) {
            throw wrong("a set");
        }
        return set;
    }

    /** No argument, bytes, or a string whose characters are bytes. */
    private static Object bytes(List<?> arguments) throws IOException {
        if (arguments.isEmpty()) {
            return new byte[0];
        } else if (arguments.size() == 1 && arguments.get(0) instanceof byte[] bytes) {
            return bytes;
        } else if (arguments.size() == 2
                && arguments.get(0) instanceof String text
                && (arguments.get(1).equals("latin1") || arguments.get(1).equals("latin-1"))
                && text.chars().allMatch(c -> c <= 0xff)) {
            return text.getBytes(StandardCharsets.ISO_8859_1);
        }
        throw wrong("a bytes object");
    }

    /** {@return a path as a string} */
    private static Object path(List<?> parts) throws IOException {
        StringBuilder path = new StringBuilder();
        for (Object part : parts) {
            if (!(part instanceof String name)) {
                throw wrong("a path");
            }
            boolean follows = !path.isEmpty() && path.charAt(path.length() - 1) != '/';
            path.append(follows ? "/" : "").append(name);
        }
        return path.isEmpty() ? "." : path.toString();
    }

    private static Object attribute(List<?> arguments) throws IOException {
        if (arguments.size() == 2 && arguments.get(1) instanceof String name) {
            if (arguments.get(0) instanceof PythonReference object) {
                return new PythonReference(object.name() + "." + name);
            } else if (arguments.get(0) instanceof Opaque type) {
                return new PythonReference(type.name + "." + name);
            }
        }
        throw wrong("a method");
    }
}
