package org.anneal.sweep;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.anneal.sweep.Parameter.Scale;
import org.anneal.sweep.Template.Choice;
import org.anneal.sweep.Template.Interval;
import org.anneal.sweep.Template.Part;
import org.anneal.sweep.Template.Text;

/**
 * What a sweep tries: settings whose values have choices and ranges in braces.
 *
 * <pre>{@code
 * Space.of()
 *     .and("optimizer", "SGD(lr={log 1e-3..1}, momentum={0,0.9})")
 *     .either("schedule", List.of("StepLR(step_size={5,10,20}, gamma={0.1,0.5})", "CosineAnnealingLR(T_max=100%)"))
 *     .and("batch-size", "{8,32}");
 * }</pre>
 *
 * <table>
 * <caption>What stands in braces</caption>
 * <tr><th>text</th><th>value</th></tr>
 * <tr><td>{@code {5,10,20}}, {@code {SGD(lr={0.1,0.2}), Adam()}}</td><td>one of these; each may vary in turn</td></tr>
 * <tr><td>{@code {0.1..0.5}}</td><td>a number between, evenly likely, with four significant digits</td></tr>
 * <tr><td>{@code {log 1e-3..1}}</td><td>a number between, whose logarithm is evenly likely</td></tr>
 * <tr><td>{@code {1..10}}, {@code {log 1..100}}</td><td>an integer, both ends included</td></tr>
 * <tr><td>{@code {log 1e-3..1 num=4}}</td><td>one of four, evenly spaced: 0.001, 0.01, 0.1, 1</td></tr>
 * <tr><td><code>{{</code> and <code>}}</code></td><td>plain braces</td></tr>
 * </table>
 *
 * <p>A value.
 */
public final class Space {
    /** One setting, and its values as they were given. */
    private record Setting(String name, List<String> given, Template template) {}

    private final List<Setting> settings;
    private final List<Varied> varied; // in the order of the text
    private final IdentityHashMap<Part, Integer> indices = new IdentityHashMap<>(); // of varied, by the part

    /**
     * A choice or a range.
     *
     * @param within the options of the choices around it, by these choices' indices
     * @param families whether its options are alternatives, which tell families of trials
     */
    private record Varied(Part part, Map<Integer, Integer> within, boolean families, List<String> labels) {
        List<String> names() {
            return part instanceof Choice choice
                    ? choice.place().names()
                    : ((Interval) part).place().names();
        }

        boolean isBeside(Varied other) {
            return within.entrySet().stream()
                    .noneMatch(choice -> other.within.containsKey(choice.getKey())
                            && !Objects.equals(other.within.get(choice.getKey()), choice.getValue()));
        }
    }

    private final List<String> names; // of varied

    private Space(List<Setting> settings) {
        this.settings = List.copyOf(settings);
        List<Varied> found = new ArrayList<>();
        settings.forEach(setting ->
                collect(setting.template(), Map.of(), setting.template().parts().size() == 1, found));
        varied = List.copyOf(found);
        names = names(varied);
    }

    /** {@return a space in which nothing varies} */
    public static Space of() {
        return new Space(List.of());
    }

    /**
     * {@return this space with one more setting}
     *
     * @param name of the setting; several may have one name
     * @param value with choices and ranges
     * @throws IllegalArgumentException if a brace is not closed, a choice is empty or a range is none
     */
    public Space and(String name, String value) {
        Objects.requireNonNull(name, "name");
        return either(name, List.of(Objects.requireNonNull(value, "value")));
    }

    /**
     * {@return this space with one more setting, which has one of several values: a family of trials each}
     *
     * @throws IllegalArgumentException as {@link #and} does, or if there is no value
     */
    public Space either(String name, List<String> values) {
        Objects.requireNonNull(name, "name");
        List<Template> options =
                values.stream().map(value -> Template.parse(name, value)).toList();
        if (options.isEmpty()) {
            throw new IllegalArgumentException(name + " must have at least 1 value, but has none");
        }
        return with(new Setting(
                name,
                List.copyOf(values),
                options.size() == 1
                        ? options.get(0)
                        : new Template(List.of(new Choice(new Template.Place(List.of(name)), options)))));
    }

    private Space with(Setting setting) {
        List<Setting> all = new ArrayList<>(settings);
        all.add(setting);
        return new Space(all);
    }

    private void collect(Template template, Map<Integer, Integer> within, boolean whole, List<Varied> found) {
        for (Part part : template.parts()) {
            if (part instanceof Text) {
                continue;
            }
            int index = found.size();
            indices.put(part, index);
            List<Template> options = part instanceof Choice choice ? choice.options() : List.of();
            boolean families = whole
                    && options.size() > 1
                    && options.stream().allMatch(option -> option.call().isPresent());
            found.add(new Varied(part, within, families, labels(options)));
            for (int i = 0; i < options.size(); i++) {
                Map<Integer, Integer> inside = new HashMap<>(within);
                inside.put(index, i);
                collect(options.get(i), inside, false, found);
            }
        }
    }

    /** {@return how the options of a choice are called: as they are, or if they vary, by the names of their calls} */
    private static List<String> labels(List<Template> options) {
        List<Optional<String>> calls = options.stream().map(Template::call).toList();
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < options.size(); i++) {
            Optional<String> call = calls.get(i);
            Optional<String> constant = options.get(i).constant();
            long alike = calls.subList(0, i + 1).stream().filter(call::equals).count();
            boolean unique = calls.stream().filter(call::equals).count() == 1;
            labels.add(
                    call.isPresent() && (unique || constant.isEmpty())
                            ? call.get() + (unique ? "" : " " + alike)
                            : constant.orElse(options.get(i).outline()));
        }
        return labels;
    }

    /** {@return the shortest names by which those can be told apart that stand beside one another} */
    private static List<String> names(List<Varied> varied) {
        int[] level = new int[varied.size()];
        Function<Integer, String> name = i -> {
            List<String> all = varied.get(i).names();
            return all.get(Math.min(level[i], all.size() - 1));
        };
        int deepest =
                varied.stream().mapToInt(each -> each.names().size()).max().orElse(0);
        for (int round = 1; round < deepest; round++) {
            Set<Integer> clash = new HashSet<>();
            for (int i = 0; i < varied.size(); i++) {
                for (int k = 0; k < i; k++) {
                    if (varied.get(i).isBeside(varied.get(k)) && name.apply(i).equals(name.apply(k))) {
                        clash.addAll(List.of(i, k));
                    }
                }
            }
            clash.forEach(i -> level[i]++);
        }
        List<String> names = new ArrayList<>();
        for (int i = 0; i < varied.size(); i++) {
            String wanted = name.apply(i);
            String own = wanted;
            for (int k = 2; isTaken(own, i, varied, names); k++) {
                own = wanted + "_" + k;
            }
            names.add(own);
        }
        return names;
    }

    private static boolean isTaken(String name, int by, List<Varied> varied, List<String> names) {
        for (int k = 0; k < names.size(); k++) {
            if (names.get(k).equals(name) && varied.get(k).isBeside(varied.get(by))) {
                return true;
            }
        }
        return false;
    }

    /** {@return what varies, each name once, in the order of the text} */
    public List<Parameter> parameters() {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (int i = 0; i < varied.size(); i++) {
            Parameter own = new Parameter(names.get(i), scale(varied.get(i).part()));
            parameters.merge(own.name(), own, (one, other) -> one.scale() == other.scale() ? one : wider(one, other));
        }
        return List.copyOf(parameters.values());
    }

    private static Parameter wider(Parameter one, Parameter other) {
        boolean named = one.scale() == Scale.CATEGORY || other.scale() == Scale.CATEGORY;
        return new Parameter(one.name(), named ? Scale.CATEGORY : Scale.LOG);
    }

    private static Scale scale(Part part) {
        if (part instanceof Interval interval) {
            return interval.log() ? Scale.LOG : Scale.LINEAR;
        }
        List<Optional<Double>> values = ((Choice) part)
                .options().stream()
                        .map(option -> option.constant().flatMap(Space::number))
                        .toList();
        if (values.stream().anyMatch(Optional::isEmpty)) {
            return Scale.CATEGORY;
        }
        double least = values.stream().mapToDouble(Optional::orElseThrow).min().orElse(0);
        double most = values.stream().mapToDouble(Optional::orElseThrow).max().orElse(0);
        return least > 0 && most / least >= 10 ? Scale.LOG : Scale.LINEAR;
    }

    private static Optional<Double> number(String text) {
        try {
            return Optional.of(Double.valueOf(text)).filter(Double::isFinite);
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /**
     * {@return how many configurations there are; empty if a range has a continuum of them, and at most {@link Long#MAX_VALUE}}
     */
    public OptionalLong size() {
        double size = 1;
        for (Setting setting : settings) {
            size *= size(setting.template());
        }
        return Double.isInfinite(size) || Double.isNaN(size) ? OptionalLong.empty() : OptionalLong.of((long) size);
    }

    private static double size(Template template) {
        double size = 1;
        for (Part part : template.parts()) {
            if (part instanceof Choice choice) {
                size *= choice.options().stream().mapToDouble(Space::size).sum();
            } else if (part instanceof Interval interval) {
                size *= interval.size().orElse(Double.POSITIVE_INFINITY);
            }
        }
        return size;
    }

    /** {@return the names of what has a continuum of values} */
    public List<String> continua() {
        Set<String> continua = new LinkedHashSet<>();
        for (int i = 0; i < varied.size(); i++) {
            if (varied.get(i).part() instanceof Interval interval && !interval.whole()) {
                continua.add(names.get(i));
            }
        }
        return List.copyOf(continua);
    }

    /** {@return how many numbers {@link #at(double[])} takes} */
    public int dimensions() {
        return varied.size();
    }

    /**
     * {@return the configuration at a point of the unit cube} Equal parts of an edge are equally likely choices, families too.
     *
     * @param units a number in [0, 1) for each dimension; those of families that the point is not in do nothing
     */
    public Configuration at(double[] units) {
        if (units.length != dimensions()) {
            throw new IllegalArgumentException("units must have " + dimensions() + " numbers, but has " + units.length);
        }
        Drawn drawn = new Drawn();
        settings.forEach(setting -> drawn.add(setting.name(), drawn.at(setting.template(), units)));
        return drawn.configuration();
    }

    /**
     * {@return a configuration of the grid} The last setting changes the fastest.
     *
     * @param index from 0 to below {@link #size}
     * @throws IllegalArgumentException if a range has a continuum of values
     */
    public Configuration grid(long index) {
        if (!continua().isEmpty()) {
            throw new IllegalArgumentException(String.join(", ", continua())
                    + " must have num= in a grid, as in {log 1e-3..1 num=4}, or choices, but has a range");
        }
        Objects.checkIndex(index, size().orElseThrow());
        Drawn drawn = new Drawn();
        long rest = index;
        List<String> texts = new ArrayList<>();
        for (int i = settings.size() - 1; i >= 0; i--) { // the last digit first
            Template template = settings.get(i).template();
            long size = (long) size(template);
            texts.add(0, drawn.grid(template, rest % size));
            rest /= size;
        }
        for (int i = 0; i < texts.size(); i++) {
            drawn.add(settings.get(i).name(), texts.get(i));
        }
        return drawn.configuration();
    }

    /** A configuration in the making. */
    private final class Drawn {
        private final List<Map.Entry<String, String>> texts = new ArrayList<>();
        private final Map<Integer, String> values = new HashMap<>();

        void add(String name, String text) {
            texts.add(Map.entry(name, text));
        }

        String at(Template template, double[] units) {
            StringBuilder text = new StringBuilder();
            for (Part part : template.parts()) {
                if (part instanceof Text constant) {
                    text.append(constant.text());
                    continue;
                }
                int index = index(part);
                double unit = units[index];
                if (part instanceof Choice choice) {
                    int option = (int) (unit * choice.options().size());
                    text.append(chosen(index, option, at(choice.options().get(option), units)));
                } else {
                    text.append(set(index, ((Interval) part).at(unit)));
                }
            }
            return text.toString();
        }

        String grid(Template template, long at) {
            List<String> texts = new ArrayList<>();
            long rest = at;
            for (int i = template.parts().size() - 1; i >= 0; i--) {
                Part part = template.parts().get(i);
                long size = (long) Space.size(new Template(List.of(part)));
                texts.add(0, part instanceof Text constant ? constant.text() : grid(part, rest % size));
                rest /= size;
            }
            return String.join("", texts);
        }

        private String grid(Part part, long at) {
            int index = index(part);
            if (part instanceof Interval interval) {
                return set(index, Long.toString((long) interval.low() + at));
            }
            List<Template> options = ((Choice) part).options();
            long rest = at;
            int option = 0;
            for (long size; rest >= (size = (long) Space.size(options.get(option))); option++) {
                rest -= size;
            }
            return chosen(index, option, grid(options.get(option), rest));
        }

        private String chosen(int index, int option, String text) {
            values.put(index, varied.get(index).labels().get(option));
            return text;
        }

        private String set(int index, String value) {
            values.put(index, value);
            return value;
        }

        private int index(Part part) {
            return Objects.requireNonNull(indices.get(part));
        }

        Configuration configuration() {
            Map<String, String> parameters = new LinkedHashMap<>();
            List<String> families = new ArrayList<>();
            for (int i = 0; i < varied.size(); i++) {
                Optional<String> value = Optional.ofNullable(values.get(i));
                if (value.isPresent()) {
                    parameters.put(names.get(i), value.get());
                    if (varied.get(i).families()) {
                        families.add(value.get());
                    }
                }
            }
            return new Configuration(String.join(", ", families), texts, parameters);
        }
    }

    /** {@return the settings as they were given: equal for equal spaces} */
    @Override
    public String toString() {
        return settings.stream()
                .flatMap(setting -> setting.given().stream().map(value -> setting.name() + "=" + value))
                .collect(Collectors.joining("\n"));
    }
}
