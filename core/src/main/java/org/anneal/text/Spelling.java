package org.anneal.text;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Guesses which known name a misspelled one was meant to be. */
public final class Spelling {
    private static final int LONGEST_MISSPELLED = 100;
    private static final int FAR = 2 * LONGEST_MISSPELLED;

    /** Where Python has the functions and constants of {@link PythonFunction}, and more. */
    private static final Set<String> MODULES = Set.of("math.", "np.", "numpy.", "torch.", "cmath.");

    /** What Python, NumPy, PyTorch or other optimizers have under a name that is near one of ours: no misspellings. */
    private static final Set<String> OTHERS = Set.of("input", "adan", "adamp", "sgdp", "sgdw", "radamw", "lrscheduler");

    private Spelling() {}

    /**
     * Returns {@code , did you mean 'x'?} for the one of {@code known} that {@code name} is a misspelling or a part of, or
     * nothing: a wrong guess is worse than none. Of two that are equally near it is the shorter, the one of the same module, or neither.
     */
    public static String suggestion(String name, Collection<String> known) {
        String wanted = bare(Objects.requireNonNull(name, "name"));
        if (wanted.length() > LONGEST_MISSPELLED || wanted.indexOf('.') >= 0 || OTHERS.contains(wanted)) {
            return "";
        }
        Map<String, String> nearest = new LinkedHashMap<>(); // by bare name: a parameter may be called as a constant is
        int least = Integer.MAX_VALUE;
        for (String candidate : Objects.requireNonNull(known, "known")) {
            String right = bare(Objects.requireNonNull(candidate, "known"));
            int distance = right.length() > LONGEST_MISSPELLED ? FAR : distance(wanted, right);
            int rank = distance * (LONGEST_MISSPELLED + 1) + right.length();
            if (distance < FAR && rank <= least) {
                if (rank < least) {
                    nearest.clear();
                }
                least = rank;
                nearest.merge(right, candidate, (one, other) -> module(other).equals(module(name)) ? other : one);
            }
        }
        return nearest.size() == 1
                ? ", did you mean '" + nearest.values().iterator().next() + "'?"
                : "";
    }

    /** Returns {@code a, b or c} for the names a, b and c. */
    public static String choice(List<String> names) {
        List<String> all = Check.list("names", names);
        int last = all.size() - 1;
        return last < 1 ? String.join("", all) : String.join(", ", all.subList(0, last)) + " or " + all.get(last);
    }

    /** Returns a name in small letters, without the module of its function. */
    private static String bare(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return MODULES.contains(module(lower)) ? lower.substring(module(lower).length()) : lower;
    }

    private static String module(String name) {
        return name.substring(0, name.indexOf('.') + 1);
    }

    /**
     * Returns how far {@code wanted} is from {@code right}, {@link #FAR} if nobody means the one who writes the other.
     * Either a few mistakes are between them, not in the first letter of a short word, or one is a part of the other: its
     * beginning, at least half of it, or what is left of it, at least a third, without letters from the middle.
     */
    private static int distance(String wanted, String right) {
        int shorter = Math.min(wanted.length(), right.length());
        int longer = Math.max(wanted.length(), right.length());
        if (shorter == 0) {
            return FAR;
        }
        boolean beginsAlike = wanted.charAt(0) == right.charAt(0);
        int mistakes = mistakes(wanted, right);
        boolean cut = right.substring(1).equals(wanted);
        if ((beginsAlike || cut || shorter > 6) && mistakes <= mostMistakes(wanted)) {
            return mistakes;
        }
        boolean beginning = right.startsWith(wanted) && 2 * shorter >= longer;
        boolean endsAlike = wanted.charAt(wanted.length() - 1) == right.charAt(right.length() - 1);
        boolean part =
                endsAlike && 3 * shorter >= longer && (isSubsequence(wanted, right) || isSubsequence(right, wanted));
        return shorter > 2 && beginsAlike && (beginning || part) ? longer : FAR;
    }

    /** Returns how many mistakes one makes in a word of that length. */
    private static int mostMistakes(String word) {
        int length = word.length();
        return length < 2 ? 0 : length < 7 ? 1 : length < 13 ? 2 : 3;
    }

    /** Returns the mistakes in {@code wanted}; {@link #FAR} where a word has too many. */
    private static int mistakes(String wanted, String right) {
        String[] words = wanted.split("_", -1);
        String[] rightWords = right.split("_", -1);
        if (words.length == rightWords.length) { // max is no misspelling of min, and eta_max none of eta_min
            for (int i = 0; i < words.length; i++) {
                if (edits(words[i], rightWords[i]) > mostMistakes(words[i])) {
                    return FAR;
                }
            }
        }
        return edits(wanted, right);
    }

    /** Returns how many insertions, deletions, substitutions and swaps of neighbours make {@code b} of {@code a}. */
    private static int edits(String a, String b) {
        int[][] rows = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    rows[i][j] = i + j;
                    continue;
                }
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                rows[i][j] = Math.min(rows[i - 1][j - 1] + same, Math.min(rows[i - 1][j], rows[i][j - 1]) + 1);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }
        return rows[a.length()][b.length()];
    }

    private static boolean isSubsequence(String part, String whole) {
        int found = 0;
        for (int i = 0; i < whole.length() && found < part.length(); i++) {
            found += whole.charAt(i) == part.charAt(found) ? 1 : 0;
        }
        return found == part.length();
    }
}
