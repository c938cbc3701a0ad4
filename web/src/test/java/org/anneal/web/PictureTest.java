package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.anneal.web.PictureHandler.Format;
import org.junit.jupiter.api.Test;

/** Pictures for a page, without a server. */
class PictureTest {
    private static final String TOO_LONG = "this takes more than 6 seconds to compute: use fewer steps";

    private static PictureHandler.Question question(List<String> expressions, long steps, double... lr) {
        List<Double> rates = IntStream.range(0, lr.length).mapToObj(i -> lr[i]).toList();
        Conditions run = new Conditions(
                rates,
                0.9,
                false,
                Optional.of(steps),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Set.of());
        return new PictureHandler.Question(
                expressions.stream().map(Piece::valueOf).toList(), run, Format.SVG, false, true);
    }

    /** A limit of six seconds on a clock that goes on by so many milliseconds whenever somebody looks at it. */
    private static Lanes.Turn limit(long milliseconds) throws Refusal {
        AtomicLong clock = new AtomicLong();
        AtomicLong looks = new AtomicLong();
        return new Lanes()
        .new Turn(
                Duration.ofSeconds(6),
                () -> clock.getAndAdd(1_000_000 * milliseconds),
                () -> looks.getAndAdd(1_000_000_000));
    }

    private static byte[] draw(PictureHandler.Question question, Lanes.Turn limit) throws Exception {
        return PictureHandler.draw(question, PictureHandler.read(question, limit(0)), limit);
    }

    private static long needs(PictureHandler.Question question) throws Exception {
        return PictureHandler.needs(question, PictureHandler.read(question, limit(0)));
    }

    /** {@return what a picture says in its title or description} */
    private static String said(String element, PictureHandler.Question question) throws Exception {
        byte[] svg = draw(question, limit(0));
        return DocumentBuilderFactory.newDefaultNSInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg))
                .getElementsByTagName(element)
                .item(0)
                .getTextContent();
    }

    @Test
    void theTitleOfSeveralGroupsIsOfNoneOfThem() throws Exception {
        PictureHandler.Question groups = question(List.of("StepLR(30)"), 100, 0.1, 0.01);
        assertEquals("StepLR(step_size=30, gamma=0.1)", said("title", groups));
        assertEquals(
                "learning rate, momentum over step: lr 0.1; lr 0.01; StepLR(step_size=30, gamma=0.1)",
                said("desc", groups));
        assertEquals("StepLR(step_size=30, gamma=0.1)", said("title", question(List.of("StepLR(30)"), 100, 0.1)));
        PictureHandler.Question two = question(List.of("StepLR(30)", "StepLR(20)"), 100, 0.1, 0.01);
        assertEquals("learning rate, momentum", said("title", two));
        assertTrue(said("desc", two).contains("over step: StepLR(step_size=30, gamma=0.1), lr 0.1; StepLR("));
    }

    @Test
    void aChainOfFourThousandSchedulesIsDrawn() throws Exception {
        String chain = "ChainedScheduler([" + String.join(",", Collections.nCopies(4000, "StepLR(1)")) + "])";
        String title = said("title", question(List.of(chain), 100, 0.1));
        assertEquals(128_018, title.length());
        assertTrue(title.startsWith("ChainedScheduler([StepLR(step_size=1, gamma=0.1), StepLR("));
    }

    @Test
    void drawingEndsWithTheTime() throws Exception {
        PictureHandler.Question question = question(List.of("StepLR(30)"), 2, 0.1, 0.2, 0.3, 0.4);
        draw(question, limit(100));
        assertRefused(question, limit(1000));
    }

    @Test
    void allSchedulesOfAPictureShareItsTime() throws Exception {
        draw(question(List.of("StepLR(30)"), 100, 0.1), limit(200));
        assertRefused(question(List.of("StepLR(30)", "StepLR(20)", "StepLR(10)"), 100, 0.1), limit(200));
    }

    private static void assertRefused(PictureHandler.Question question, Lanes.Turn limit) {
        Refusal refusal = assertThrows(Refusal.class, () -> draw(question, limit));
        assertEquals(TOO_LONG, refusal.getMessage());
        assertEquals(422, refusal.status());
    }

    @Test
    void besideOneThatNeedsMuchThereIsRoomForOthers() throws Exception {
        double[] lr = IntStream.range(1, 17).mapToDouble(i -> i).toArray();
        PictureHandler.Question large = question(Collections.nCopies(12, "StepLR(30)"), 19_000, lr);
        PictureHandler.Question small = question(List.of("StepLR(30)", "StepLR(20)"), 1000, 0.1, 0.2);
        Lanes room = new Lanes();
        room.reserve(needs(large));
        for (int i = 0; i < 3; i++) {
            room.reserve(needs(small));
        }
        assertTrue(2 * needs(large) > 2 * Conditions.MOST_VALUES, "two large ones wait for one another");
    }
}
