package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConvertTest {

    @Test
    void writesCodeForTheRateAndTheOptimizerOfTheText() {
        assertEquals(
                List.of(
                        "import optax",
                        "",
                        "schedule = optax.exponential_decay(init_value=0.002, transition_steps=30, decay_rate=0.5, staircase=True)",
                        "optimizer = optax.adam(learning_rate=schedule, b1=0.8, b2=0.999, eps=1e-08)"),
                lines(
                        "convert",
                        "o = Adam(net.parameters(), lr=args.lr, betas=(0.8, 0.999)); StepLR(o, 30, gamma=0.5)",
                        "--set",
                        "args.lr=0.002",
                        "--to",
                        "optax"));
        assertTrue(lines("convert", "StepLR(30)", "--to", "Java").contains("StepLR schedule = new StepLR(30, 0.1);"));
        assertEquals(
                "schedule = keras.optimizers.schedules.PolynomialDecay(initial_learning_rate=0.1, decay_steps=50,"
                        + " end_learning_rate=0.0, power=2.0, cycle=False)",
                lines("convert", "PolynomialLR(50%, power=2.0)", "--to", "keras")
                        .get(2));
    }

    @Test
    void refusesWhatCannotBeSaidThereWithTheReason() {
        assertFails(
                Anneal.USAGE,
                "anneal convert: ReduceLROnPlateau follows a metric, which no schedule of Keras gets: it cannot be written for"
                        + " Keras",
                "convert",
                "ReduceLROnPlateau()",
                "--to",
                "keras");
    }

    @Test
    void asksForALibraryThatItKnows() {
        assertEquals(Anneal.USAGE, Ran.anneal("convert", "StepLR(30)").code());
        assertTrue(Ran.anneal("convert", "StepLR(30)", "--to", "jax").err().contains("'jax'"));
        assertTrue(Ran.anneal("convert", "--help").out().contains("pytorch, transformers, optax, keras, java"));
    }
}
