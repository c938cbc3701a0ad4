package org.anneal.array;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;

/**
 * An optimizer for any library whose arrays can be read into {@code float[]} and written back, with every rule, groups, clipping,
 * averaging and saved state. The parameters are mirrored in {@link FloatArray}s, which the optimizer updates.
 *
 * <pre>{@code
 * Mirror<double[][]> mirror = new Mirror<>(library, new Adam(1e-3), Map.of("weight", w, "bias", b));
 * ...
 * mirror.readGrads(Map.of("weight", dw, "bias", db));
 * mirror.optimizer().clipGradNorm(1);
 * mirror.step();
 * }</pre>
 *
 * <p>Parameters are identified by name, as in the library's own files, so a saved state can be loaded whatever their order.
 * Elements are floats here: a wider type is rounded when it is written back. It belongs to one thread.
 *
 * @param <T> an array of the library
 */
public final class Mirror<T> implements AutoCloseable {
    private static final String NAMES = "param_names"; // PyTorch's entry of a group

    private final Library<T> library;
    private final Map<String, Image<T>> images = new LinkedHashMap<>();
    private final Optimizer<FloatArray> optimizer;

    /** What to implement for a library. */
    public interface Library<T> {

        /** {@return the size of each dimension} */
        List<Long> shape(T array);

        /** Copies the elements of {@code array}, in row-major order, into {@code into}, which is as long. */
        void read(T array, float[] into);

        /** Copies {@code from} into {@code array}, in row-major order. */
        void write(float[] from, T array);
    }

    /**
     * Parameters that share their options.
     *
     * @param name the group's name in messages
     * @param rule the options
     * @param params by name, at least one
     */
    public record Group<T>(String name, UpdateRule rule, Map<String, T> params) {
        public Group {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(rule, "rule");
            Objects.requireNonNull(params, "params").forEach((key, param) -> {
                Objects.requireNonNull(key, "params");
                Objects.requireNonNull(param, key);
            });
            params = Collections.unmodifiableMap(new LinkedHashMap<>(params));
        }
    }

    private static final class Image<T> {
        final T param;
        final FloatArray array;
        final float[] grad; // reused from step to step
        boolean checked; // whether the shape of a gradient was checked

        Image(T param, FloatArray array) {
            this.param = param;
            this.array = array;
            this.grad = new float[array.values().length];
        }
    }

    /** One group: {@code rule} over all of {@code params}, by name. */
    public Mirror(Library<T> library, UpdateRule rule, Map<String, T> params) {
        this(library, List.of(new Group<>("all", rule, params)));
    }

    /**
     * Several groups, each with its own options.
     *
     * @throws IllegalArgumentException if a name or a parameter is repeated, or if the optimizer refuses the groups
     */
    public Mirror(Library<T> library, List<Group<T>> groups) {
        this.library = Objects.requireNonNull(library, "library");
        List<ParamGroup<FloatArray>> mirrored = new ArrayList<>();
        for (Group<T> group : Objects.requireNonNull(groups, "groups")) {
            Map<String, Image<T>> made = images(Objects.requireNonNull(group, "groups"));
            images.putAll(made);
            mirrored.add(mirrored(group, made));
        }
        optimizer = FloatArrays.optimizer(mirrored);
    }

    /**
     * Adds parameters, such as layers that were frozen until now.
     *
     * @throws IllegalArgumentException as in the constructor; nothing has changed then
     */
    public void addParamGroup(Group<T> group) {
        Map<String, Image<T>> made = images(Objects.requireNonNull(group, "group"));
        optimizer.addParamGroup(mirrored(group, made));
        images.putAll(made);
    }

    private Map<String, Image<T>> images(Group<T> group) {
        Set<T> known = Collections.newSetFromMap(new IdentityHashMap<>());
        images.values().forEach(image -> known.add(image.param));
        Map<String, Image<T>> made = new LinkedHashMap<>();
        group.params.forEach((name, param) -> {
            if (images.containsKey(name) || !known.add(param)) {
                throw new IllegalArgumentException("a parameter must be in one group only, under one name, but group '"
                        + group.name + "' repeats " + name);
            }
            List<Long> shape = library.shape(param);
            int length = Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
            FloatArray array = new FloatArray(new float[length], shape);
            library.read(param, array.values());
            made.put(name, new Image<>(param, array));
        });
        return made;
    }

    private ParamGroup<FloatArray> mirrored(Group<T> group, Map<String, Image<T>> images) {
        return new ParamGroup<>(
                group.name,
                group.rule,
                images.values().stream().map(image -> image.array).toList());
    }

    /** {@return the optimizer of the mirrored parameters, for editing groups, scheduling and clipping} */
    public Optimizer<FloatArray> optimizer() {
        return optimizer;
    }

    /** {@return the mirrored parameter of that name} */
    public FloatArray array(String name) {
        return image(name).array;
    }

    private Image<T> image(String name) {
        Image<T> image = images.get(Objects.requireNonNull(name, "name"));
        if (image == null) {
            throw new IllegalArgumentException("name must be one of " + images.keySet() + ", but was " + name);
        }
        return image;
    }

    /**
     * Copies one gradient in. Gradients may come one at a time and in any order. Only the shape of a parameter's first gradient is
     * checked, since in a library of native arrays that takes about as long as reading it.
     *
     * @throws IllegalArgumentException if there is no parameter of that name, or it has another shape
     */
    public void readGrad(String name, T grad) {
        Image<T> image = image(name);
        Objects.requireNonNull(grad, "grad");
        if (!image.checked) {
            List<Long> shape = library.shape(grad);
            if (!shape.equals(image.array.shape())) {
                throw new IllegalArgumentException("the gradient of " + name + " must have the shape "
                        + image.array.shape() + ", as the parameter has, but had " + shape);
            }
            image.checked = true;
        }
        library.read(grad, image.grad);
        if (image.array.grad().isEmpty()) {
            image.array.setGrad(image.grad);
        }
    }

    /** Copies gradients in, by the parameters' names. The next step skips parameters that have none. */
    public void readGrads(Map<String, T> grads) {
        Objects.requireNonNull(grads, "grads").forEach(this::readGrad);
    }

    /** Copies every parameter in, for instance after the library changed them. */
    public void readParams() {
        images.values().forEach(image -> library.read(image.param, image.array.values()));
    }

    /** Copies every parameter out, for instance after averages were swapped in. */
    public void writeParams() {
        images.values().forEach(this::write);
    }

    private void write(Image<T> image) {
        library.write(image.array.values(), image.param);
    }

    /** Makes a step with the gradients that were read since the last one, and copies the changed parameters out. */
    public void step() {
        optimizer.step();
        for (Image<T> image : images.values()) {
            if (image.array.grad().isPresent()) {
                write(image);
            }
        }
        optimizer.zeroGrad();
    }

    /**
     * Copies the gradients in, makes a step, and copies the changed parameters out.
     *
     * @param grads by the parameters' names; a parameter that is left out is skipped
     */
    public void step(Map<String, T> grads) {
        readGrads(grads);
        step();
    }

    /**
     * Makes a step of a rule that evaluates the loss itself, such as LBFGS; other rules evaluate it once. The library's parameters
     * are up to date at each evaluation and afterwards.
     *
     * @param closure computes the loss, reads the gradients with {@link #readGrads}, and returns the loss
     * @return the loss of the first evaluation, before the update
     */
    public double step(DoubleSupplier closure) {
        Objects.requireNonNull(closure, "closure");
        double loss = optimizer.step(() -> {
            writeParams();
            optimizer.zeroGrad();
            return closure.getAsDouble();
        });
        writeParams();
        optimizer.zeroGrad();
        return loss;
    }

    /**
     * {@return an average of all current parameters, under their names} To evaluate it in the library, call
     * {@link AveragedModel#swap} and {@link #writeParams}; call both again to continue training.
     */
    public AveragedModel<FloatArray> averagedModel(Averaging averaging) {
        Map<String, FloatArray> arrays = new LinkedHashMap<>();
        images.forEach((name, image) -> arrays.put(name, image.array));
        return FloatArrays.averagedModel(arrays, averaging);
    }

    /** Turns the library's parameters into the weights to evaluate and to save: {@link Optimizer#eval}. */
    public void eval() {
        optimizer.eval();
        writeParams();
    }

    /** Turns the library's parameters back into the weights to train: {@link Optimizer#train}. */
    public void train() {
        optimizer.train();
        writeParams();
    }

    private IdentityHashMap<FloatArray, String> names() {
        IdentityHashMap<FloatArray, String> names = new IdentityHashMap<>();
        images.forEach((name, image) -> names.put(image.array, name));
        return names;
    }

    /** {@return the optimizer's state, with the parameters' names in each group as PyTorch's {@code param_names}} */
    public Map<String, Object> stateDict() {
        Map<String, Object> dict = optimizer.stateDict();
        IdentityHashMap<FloatArray, String> names = names();
        List<Object> groups = new ArrayList<>();
        for (Object each : (List<?>) Objects.requireNonNull(dict.get("param_groups"))) {
            Map<Object, Object> group = new LinkedHashMap<>((Map<?, ?>) each);
            group.put(
                    NAMES,
                    optimizer.groups().get(groups.size()).params().stream()
                            .map(names::get)
                            .toList());
            groups.add(group);
        }
        dict.put("param_groups", groups);
        return dict;
    }

    /**
     * Loads a state from {@link #stateDict}, whose groups may have their parameters in another order, or from
     * {@link Optimizer#stateDict} or PyTorch, whose parameters, if they have no names, must be in this order.
     *
     * @throws IllegalArgumentException if a group has other names, or if the optimizer refuses the state; nothing has changed then
     */
    public void loadStateDict(Map<String, Object> dict) {
        Map<String, Object> sorted = new HashMap<>(Objects.requireNonNull(dict, "dict"));
        if (dict.get("param_groups") instanceof List<?> groups
                && groups.size() == optimizer.groups().size()) {
            IdentityHashMap<FloatArray, String> names = names();
            List<Object> ordered = new ArrayList<>();
            for (Object group : groups) {
                ParamGroup<FloatArray> own = optimizer.groups().get(ordered.size());
                ordered.add(sorted(group, own.params().stream().map(names::get).toList(), own.name()));
            }
            sorted.put("param_groups", ordered);
        }
        optimizer.loadStateDict(sorted);
    }

    /** {@return a group of a state with its parameters in the order of {@code names}, if it has their names} */
    private static Object sorted(Object group, List<String> names, String called) {
        if (!(group instanceof Map<?, ?> map
                && map.get(NAMES) instanceof List<?> saved
                && map.get("params") instanceof List<?> params
                && saved.size() == params.size())) {
            return group;
        }
        if (saved.size() != names.size() || !saved.containsAll(names)) {
            throw new IllegalArgumentException(
                    NAMES + " of group '" + called + "' must be " + names + " in any order, but was " + saved);
        }
        Map<Object, Object> sorted = new LinkedHashMap<>(map);
        sorted.put(
                "params",
                names.stream()
                        .<Object>map(name -> params.get(saved.indexOf(name)))
                        .toList());
        return sorted;
    }

    /** Frees the optimizer's state. The library's parameters stay as they are. */
    @Override
    public void close() {
        optimizer.close();
    }
}
