package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnmatchedTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trian | anneal: unknown command 'trian', did you mean 'train'? (see anneal --help)",
                "tarin | anneal: unknown command 'tarin', did you mean 'train'? (see anneal --help)",
                "Train | anneal: unknown command 'Train', did you mean 'train'? (see anneal --help)",
                "tabel StepLR(1) | anneal: unknown command 'tabel', did you mean 'table'? (see anneal --help)",
                "serv --port 3 | anneal: unknown command 'serv', did you mean 'serve'? (see anneal --help)",
                "inspekt x | anneal: unknown command 'inspekt', did you mean 'inspect'? (see anneal --help)",
                "help | anneal: unknown command 'help' (see anneal --help)",
                "zzz | anneal: unknown command 'zzz' (see anneal --help)",
                "--versoin | anneal: unknown option '--versoin', did you mean '--version'? (see anneal --help)",
                "train --epoch 3 | anneal train: unknown option '--epoch', did you mean '--epochs'? (see anneal train --help)",
                "train --epcohs=3 | anneal train: unknown option '--epcohs', did you mean '--epochs'? (see anneal train --help)",
                "train -epochs 3 | anneal train: unknown option '-epochs', did you mean '--epochs'? (see anneal train --help)",
                "train --batchsize 3 | anneal train: unknown option '--batchsize', did you mean '--batch-size'?"
                        + " (see anneal train --help)",
                "train --zzz | anneal train: unknown option '--zzz' (see anneal train --help)",
                "train words | anneal train: unexpected argument 'words' (see anneal train --help)",
                "table StepLR(1) --stpes 3 | anneal table: unknown option '--stpes', did you mean '--steps'?"
                        + " (see anneal table --help)",
                "table StepLR(1) more | anneal table: unexpected argument 'more' (see anneal table --help)",
            })
    void asksForTheNearestAndForNoneIfNoneIsNear(String words, String error) {
        assertFails(2, error, words.split(" "));
    }
}
