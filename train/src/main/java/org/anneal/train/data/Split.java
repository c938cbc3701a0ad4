package org.anneal.train.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/** Which samples are for training and which for validation, each in ascending order. */
final class Split {
    private final int[] train;
    private final int[] validation;

    private Split(int[] train, int[] validation) {
        this.train = train;
        this.validation = validation;
    }

    /**
     * Draws the samples for validation at random, from each group the same share, by largest remainders.
     *
     * @param group returns the group of a sample
     */
    static Split of(int size, double fraction, long seed, IntUnaryOperator group) {
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException("fraction must be > 0 and < 1, but was " + fraction);
        }
        if (size < 2) {
            throw new IllegalArgumentException(
                    "the data must have at least 2 samples, one for training and one for validation, but has " + size);
        }
        Map<Integer, List<Integer>> groups = new TreeMap<>();
        for (int i = 0; i < size; i++) {
            groups.computeIfAbsent(group.applyAsInt(i), none -> new ArrayList<>())
                    .add(i);
        }
        int wanted = Math.toIntExact(Math.min(size - 1, Math.max(1, Math.round(size * fraction))));
        Map<Integer, Integer> shares = shares(groups, (double) wanted / size, wanted);
        SplittableRandom random = new SplittableRandom(seed);
        boolean[] isForValidation = new boolean[size];
        groups.forEach((name, members) -> {
            for (int i = 0; i < shares.getOrDefault(name, 0); i++) {
                int drawn = i + random.nextInt(members.size() - i);
                int index = members.get(drawn);
                members.set(drawn, members.get(i));
                isForValidation[index] = true;
            }
        });
        return new Split(indices(isForValidation, false), indices(isForValidation, true));
    }

    /** {@return the samples for training; not a copy} */
    int[] train() {
        return train;
    }

    /** {@return the samples for validation; not a copy} */
    int[] validation() {
        return validation;
    }

    private static Map<Integer, Integer> shares(Map<Integer, List<Integer>> groups, double fraction, int wanted) {
        Map<Integer, Integer> shares = new TreeMap<>();
        groups.forEach((name, members) -> shares.put(name, (int) (members.size() * fraction)));
        int missing =
                wanted - shares.values().stream().mapToInt(Integer::intValue).sum();
        Comparator<Integer> byRemainder =
                Comparator.comparingDouble(name -> shares.getOrDefault(name, 0) - sizeOf(groups, name) * fraction);
        // A group gives its last sample only if no other has one more.
        Comparator<Integer> order = Comparator.<Integer, Boolean>comparing(
                        name -> shares.getOrDefault(name, 0) + 1 >= sizeOf(groups, name))
                .thenComparing(byRemainder);
        List<Integer> inOrder = groups.keySet().stream().sorted(order).toList();
        inOrder.subList(0, missing).forEach(name -> shares.merge(name, 1, Integer::sum));
        return shares;
    }

    private static int sizeOf(Map<Integer, List<Integer>> groups, int name) {
        return groups.getOrDefault(name, List.of()).size();
    }

    private static int[] indices(boolean[] isForValidation, boolean wanted) {
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < isForValidation.length; i++) {
            if (isForValidation[i] == wanted) {
                indices.add(i);
            }
        }
        return indices.stream().mapToInt(Integer::intValue).toArray();
    }
}
