package org.anneal.cli;

import java.util.Collection;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The message for a word that is not a command, option or argument; picocli's own guesses are too wild. */
final class Unmatched {
    private Unmatched() {}

    static String message(UnmatchedArgumentException exception) {
        CommandSpec command = exception.getCommandLine().getCommandSpec();
        String word = exception.getUnmatched().get(0);
        if (exception.isUnknownOption()) {
            String option = word.replaceFirst("(?s)=.*", "");
            Stream<String> options = command.options().stream().flatMap(each -> Stream.of(each.names()));
            return "unknown option '" + option + "'" + suggestion(option, options.toList());
        }
        Collection<String> commands = Anneal.shown(command);
        return commands.isEmpty()
                ? "unexpected argument '" + word + "'"
                : "unknown command '" + word + "'" + suggestion(word, commands);
    }

    /** {@return a question for the nearest of {@code known}, or nothing if none is near} */
    private static String suggestion(String word, Collection<String> known) {
        String lower = word.toLowerCase(Locale.ROOT);
        String nearest = "";
        int least = Math.max(1, word.length() / 3) + 1;
        for (String candidate : known) {
            int distance = Math.abs(candidate.length() - lower.length()) < least ? distance(lower, candidate) : least;
            if (distance < least) {
                nearest = candidate;
                least = distance;
            }
        }
        return nearest.isEmpty() ? "" : ", did you mean '" + nearest + "'?";
    }

    /** {@return how many letters must be inserted, deleted, replaced or swapped with the next} */
    private static int distance(String a, String b) {
        int[][] table = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    table[i][j] = i + j;
                    continue;
                }
                int replaced = table[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                int least = Math.min(replaced, 1 + Math.min(table[i - 1][j], table[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    least = Math.min(least, 1 + table[i - 2][j - 2]);
                }
                table[i][j] = least;
            }
        }
        return table[a.length()][b.length()];
    }
}
