package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.anneal.text.Context;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever a text asks for, there is an answer or a reason. */
class HostileTextsTest {
    private static final long SEED = 20261129;

    /** How many texts; {@code -Danneal.hostile=100000} tries more. */
    private static final int TEXTS = Integer.getInteger("anneal.hostile", 5_000);

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES) // a hang, on any machine
    void giveAnAnswerOrOneReason() {
        List<PastedPiecesTest.Piece> pieces = PastedPiecesTest.pieces();
        HostileTexts texts = new HostileTexts(
                pieces.stream().map(PastedPiecesTest.Piece::text).toList(), SEED);
        Context context = pieces.stream()
                .filter(piece -> piece.name().equals("torchvision-style"))
                .findFirst()
                .orElseThrow()
                .context();
        int answered = 0;
        for (int i = 0; i < TEXTS; i++) {
            String text = texts.next();
            try {
                Optional<RuntimeException> refused = HostileTexts.refused(text, context);
                answered += refused.isEmpty() ? 1 : 0;
                refused.map(RuntimeException::getMessage)
                        .ifPresent(message -> assertFalse(message.isBlank() || message.contains("\n"), message));
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                fail("text " + i + " of seed " + SEED + ": " + text, e);
            }
        }
        assertTrue(answered > TEXTS / 50, answered + " answers");
        assertTrue(answered < TEXTS * 0.9, answered + " answers");
    }
}
