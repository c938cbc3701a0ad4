package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.anneal.sweep.Parameter.Scale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpaceTest {
    private static List<String> grid(Space space, String setting) {
        return LongStream.range(0, space.size().orElseThrow())
                .mapToObj(i -> value(space.grid(i), setting))
                .toList();
    }

    private static String value(Configuration configuration, String setting) {
        return configuration.settings().stream()
                .filter(each -> each.getKey().equals(setting))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    private static List<String> names(Space space) {
        return space.parameters().stream().map(Parameter::name).toList();
    }

    @Test
    void choosesWithinACall() {
        Space space = Space.of().and("schedule", "StepLR(step_size={5,10}, gamma={0.1, 0.5})");
        assertEquals(
                List.of(
                        "StepLR(step_size=5, gamma=0.1)",
                        "StepLR(step_size=5, gamma=0.5)",
                        "StepLR(step_size=10, gamma=0.1)",
                        "StepLR(step_size=10, gamma=0.5)"),
                grid(space, "schedule"));
        assertEquals(List.of("step_size", "gamma"), names(space));
        assertEquals(Map.of("step_size", "10", "gamma", "0.1"), space.grid(2).parameters());
    }

    @Test
    void countsFamiliesBySumAndSettingsByProduct() {
        Space space = Space.of()
                .either(
                        "schedule",
                        List.of("StepLR(step_size={5,10,20}, gamma={0.1,0.5})", "CosineAnnealingLR(T_max=100%)"))
                .and("batch-size", "{8,32}");
        assertEquals(OptionalLong.of((3 * 2 + 1) * 2), space.size());
        List<Configuration> all = LongStream.range(0, 14).mapToObj(space::grid).toList();
        assertEquals(14, new HashSet<>(all).size());
        assertEquals(
                12, all.stream().filter(each -> each.family().equals("StepLR")).count());
        Configuration last = all.get(13);
        assertEquals("CosineAnnealingLR", last.family());
        assertEquals(Map.of("schedule", "CosineAnnealingLR", "batch-size", "32"), last.parameters());
    }

    @Test
    void aChoiceOfCallsIsAFamilyAsSeveralValuesAre() {
        Space one = Space.of().and("optimizer", "{SGD(lr={0.1,0.2}, momentum=0.9), Adam(lr=0.001)}");
        Space other = Space.of().either("optimizer", List.of("SGD(lr={0.1,0.2}, momentum=0.9)", "Adam(lr=0.001)"));
        assertEquals(grid(other, "optimizer"), grid(one, "optimizer"));
        assertEquals("SGD", one.grid(1).family());
        assertEquals("SGD", other.grid(1).family());
        assertEquals("0.2", one.grid(1).parameters().get("lr"));
    }

    @Test
    void namesAreAsShortAsTellsThemApart() {
        assertEquals(
                List.of("schedule", "gamma", "T_max"),
                names(Space.of()
                        .either(
                                "schedule",
                                List.of(
                                        "StepLR(5, gamma={0.1,0.5})",
                                        "ExponentialLR(gamma={0.9,0.99})",
                                        "CosineAnnealingLR(T_max={5,10})"))));
        assertEquals(
                List.of("start_factor", "StepLR.gamma", "ExponentialLR.gamma", "milestones[0]"),
                names(Space.of()
                        .and(
                                "schedule",
                                "SequentialLR([LinearLR(start_factor={0.1,0.2}), StepLR(5, gamma={0.1,0.5}),"
                                        + " ExponentialLR({0.9})], milestones=[3, 6])")
                        .and("drive", "weight_decay=ExponentialLR(gamma={0.5,0.9})")
                        .and("set", "milestones=[{3,4}, 6]")));
        assertEquals(
                List.of("StepLR[0]", "batch-size"),
                names(Space.of().and("schedule", "StepLR({5,10})").and("batch-size", "{8,32}")));
        assertEquals(
                List.of("SGD.lr", "group.lr"),
                names(Space.of().and("optimizer", "SGD(lr={0.1,0.2})").and("group", "fc*:lr={0.1,0.2}")));
    }

    @Test
    void doubledBracesArePlain() {
        Space space = Space.of().and("group", "{{fc,conv}}*:lr={0.1,0.2}");
        assertEquals(List.of("{fc,conv}*:lr=0.1", "{fc,conv}*:lr=0.2"), grid(space, "group"));
        Space nested = Space.of().and("x", "{a{{1,2}},f(k={3,4})}");
        assertEquals(List.of("a{1,2}", "f(k=3)", "f(k=4)"), grid(nested, "x"));
    }

    @Test
    void whatIsQuotedOrInBracketsIsOneValue() {
        assertEquals(List.of("[3, 6]", "'a,b'", "f(1, 2)"), grid(Space.of().and("x", "{[3, 6], 'a,b', f(1, 2)}"), "x"));
    }

    @Test
    void rangesOfIntegersHaveBothEnds() {
        Space space = Space.of().and("step", "StepLR({1..4})");
        assertEquals(OptionalLong.of(4), space.size());
        assertEquals(List.of("StepLR(1)", "StepLR(2)", "StepLR(3)", "StepLR(4)"), grid(space, "step"));
        assertEquals("StepLR(1)", value(space.at(new double[] {0}), "step"));
        assertEquals("StepLR(4)", value(space.at(new double[] {Math.nextDown(1.0)}), "step"));
        assertEquals("StepLR(3)", value(space.at(new double[] {0.5}), "step"));
    }

    @Test
    void aLogRangeIsEvenInItsLogarithm() {
        Space space = Space.of().and("lr", "{log 1e-4..1}");
        assertEquals(OptionalLong.empty(), space.size());
        assertEquals("0.0001", value(space.at(new double[] {0}), "lr"));
        assertEquals("0.01", value(space.at(new double[] {0.5}), "lr"));
        assertEquals("0.1", value(space.at(new double[] {0.75}), "lr"));
        assertEquals(Scale.LOG, space.parameters().get(0).scale());
    }

    @Test
    void spacedNumbersIncludeTheEnds() {
        assertEquals(List.of("0.001", "0.01", "0.1", "1.0"), grid(Space.of().and("lr", "{log 1e-3..1 num=4}"), "lr"));
        assertEquals(List.of("0.1", "0.3", "0.5"), grid(Space.of().and("p", "{0.1..0.5 num=3}"), "p"));
        assertEquals(List.of("1", "6", "10"), grid(Space.of().and("n", "{1..10 num=3}"), "n"));
    }

    @Test
    void fractionsKeepFourDigits() {
        assertEquals("0.1333", value(Space.of().and("p", "{0.1..0.2}").at(new double[] {1 / 3.0}), "p"));
    }

    @Test
    void onePlaceOfTheCubeIsOneChoice() {
        Space space = Space.of()
                .either("schedule", List.of("A(x={1,2})", "B(y={log 1e-2..1})"))
                .and("n", "{1..3}");
        assertEquals(4, space.dimensions());
        Configuration b = space.at(new double[] {0.9, 0.9, 0.5, 0});
        assertEquals("B(y=0.1)", value(b, "schedule"));
        assertEquals(Map.of("schedule", "B", "y", "0.1", "n", "1"), b.parameters());
    }

    @Test
    void numbersFarApartHaveALogAxisAndWordsNone() {
        Space space = Space.of()
                .and("lr", "{1e-4, 1e-2}")
                .and("momentum", "{0, 0.9}")
                .and("model", "{resnet8, mlp}")
                .and("p", "{0.1..0.5}");
        assertEquals(
                List.of(Scale.LOG, Scale.LINEAR, Scale.CATEGORY, Scale.LINEAR),
                space.parameters().stream().map(Parameter::scale).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {}             | lr must have a value at each place of {}, but was '{}'
                    {0.1,}         | lr must have a value at each place of {0.1,}, but was '{0.1,}'
                    SGD(lr={0.1    | lr must close every {, but was 'SGD(lr={0.1'
                    0.1}           | lr must open every { that } closes, but was '0.1}'
                    {1..0}         | lr must have a range that ascends, such as {1e-3..1}, but was '{1..0}'
                    {1..1}         | lr must have a range that ascends, such as {1e-3..1}, but was '{1..1}'
                    {log 0..1}     | lr must have a log range above 0, but was '{log 0..1}'
                    {log -1..1}    | lr must have a log range above 0, but was '{log -1..1}'
                    {a..b}         | lr must have finite numbers in {a..b}, but was '{a..b}'
                    {0.1..}        | lr must have a range of two numbers, such as {1e-3..1}, in {0.1..}, but was '{0.1..}'
                    {0..inf}       | lr must have finite numbers in {0..inf}, but was '{0..inf}'
                    {0..1 num=1}   | lr must have num from 2 to 1,000,000 in {0..1 num=1}, but was '{0..1 num=1}'
                    {0..1 num=2.5} | lr must have num from 2 to 1,000,000 in {0..1 num=2.5}, but was '{0..1 num=2.5}'
                    """)
    void refusesWhatIsNoSpace(String text, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Space.of().and("lr", text))
                        .getMessage());
    }

    @Test
    void aGridHasNoContinuum() {
        Space space = Space.of().and("lr", "{log 1e-3..1}");
        assertEquals(
                "lr must have num= in a grid, as in {log 1e-3..1 num=4}, or choices, but has a range",
                assertThrows(IllegalArgumentException.class, () -> Sampler.GRID.draw(space, 5, 0))
                        .getMessage());
    }

    @Test
    void drawsNoConfigurationTwiceAndAllOfAFiniteSpace() {
        Space space = Space.of().and("a", "{1..10}").and("b", "{x,y,z}");
        for (Sampler sampler : Sampler.values()) {
            List<Configuration> drawn = sampler.draw(space, 1_000, 7);
            assertEquals(30, drawn.size());
            assertEquals(30, new HashSet<>(drawn).size());
        }
    }

    @Test
    void fewerTrialsAreTheFirstOfMore() {
        Space space = Space.of().and("lr", "{log 1e-3..1}").and("m", "{0,0.9}");
        for (Sampler sampler : List.of(Sampler.RANDOM, Sampler.SOBOL)) {
            assertEquals(sampler.draw(space, 20, 3).subList(0, 5), sampler.draw(space, 5, 3));
            assertTrue(!sampler.draw(space, 5, 3).equals(sampler.draw(space, 5, 4)), "the seed counts");
        }
    }

    /** Of 2^k points of a (t, m, s)-net in base 2 with t = 0 in each dimension alone, every 2^-k of an edge has exactly one. */
    @Test
    void sobolPointsAreSpreadEvenlyAlongEachEdge() {
        Space space = Space.of().and("a", "{0..1.0}").and("b", "{0..1.0}").and("c", "{0..1.0}");
        List<Configuration> drawn = Sampler.SOBOL.draw(space, 64, 11);
        for (String name : List.of("a", "b", "c")) {
            int[] points = new int[16];
            drawn.forEach(
                    each -> points[(int) (Double.parseDouble(each.parameters().get(name)) * 16)]++);
            assertArrayEquals(IntStream.generate(() -> 4).limit(16).toArray(), points, name);
        }
    }
}
