package org.anneal.text;

import java.io.Serial;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** Says which names a text takes from its surroundings, all at once: {@link Context#with} gives them a value. */
public final class UnknownNamesException extends PythonSyntaxException {
    @Serial
    private static final long serialVersionUID = 1;

    private final List<String> names;

    /**
     * @param place where the first of them stands
     * @param suggestion what the one of them may be meant to be
     */
    UnknownNamesException(PythonSyntaxException place, List<String> names, String suggestion) {
        super(place, place.getMessage() + problem(names) + suggestion);
        this.names = List.copyOf(names);
    }

    private UnknownNamesException(UnknownNamesException first, Set<String> names) {
        super(
                first,
                String.valueOf(first.getMessage()).replaceFirst("unknown names? .*", "") + problem(List.copyOf(names)));
        this.names = List.copyOf(names);
    }

    private static String problem(List<String> names) {
        List<String> quoted = names.stream()
                .map(name -> "'" + PythonText.shortened(name) + "'")
                .toList();
        int last = quoted.size() - 1;
        return last == 0
                ? "unknown name " + quoted.get(0)
                : "unknown names " + String.join(", ", quoted.subList(0, last)) + " and " + quoted.get(last);
    }

    /** {@return the names, as the text has them: {@code args.epochs}, {@code len(train_loader)}} */
    public List<String> names() {
        return names;
    }

    /**
     * {@return what {@code reading} makes of each of {@code items}}
     *
     * @throws UnknownNamesException if it needs unknown names of any: all of them
     */
    public static <T, R> List<R> all(List<T> items, Function<T, R> reading) {
        List<R> results = new ArrayList<>();
        Optional<UnknownNamesException> first = Optional.empty();
        Set<String> names = new LinkedHashSet<>();
        for (T item : items) {
            try {
                results.add(reading.apply(item));
            } catch (UnknownNamesException e) {
                first = first.isPresent() ? first : Optional.of(e);
                names.addAll(e.names());
            }
        }
        if (first.isPresent()) {
            throw names.size() == first.get().names().size()
                    ? first.get()
                    : new UnknownNamesException(first.get(), names);
        }
        return results;
    }

    /**
     * {@return what {@code result} makes of two readings}
     *
     * @throws UnknownNamesException if either needs unknown names: those of both
     */
    public static <A, B, R> R both(Supplier<A> first, Supplier<B> second, BiFunction<A, B, R> result) {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(second, "second");
        Objects.requireNonNull(result, "result");
        List<A> one = new ArrayList<>(1);
        List<B> other = new ArrayList<>(1);
        List<BooleanSupplier> readings = List.of(() -> one.add(first.get()), () -> other.add(second.get()));
        all(readings, BooleanSupplier::getAsBoolean);
        return result.apply(one.get(0), other.get(0));
    }
}
