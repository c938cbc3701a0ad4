package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class NamePatternsTest {
    private static final List<String> NAMES =
            List.of("conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "norm.weight");

    @Test
    void dividesNamesInTheirOrderWithTheRestFirst() {
        assertEquals(
                List.of(
                        List.of("conv1.weight", "norm.weight"),
                        List.of("fc2.weight", "fc2.bias"),
                        List.of("conv1.bias", "fc1.bias"),
                        List.of("fc1.weight")),
                NamePatterns.divide(List.of("fc2*", "{conv,fc}1.bias", "?c1.[vw]eight"), NAMES));
    }

    @Test
    void hasNoRestWherePatternsMatchEverything() {
        assertEquals(List.of(List.of(), NAMES), NamePatterns.divide(List.of("*"), NAMES));
        assertEquals(List.of(NAMES), NamePatterns.divide(List.of(), NAMES));
    }

    @Test
    void refusesAPatternThatMatchesNothing() {
        refuses(
                "group lstm* must match a parameter, which are conv1.weight, conv1.bias, fc1.weight, fc1.bias,"
                        + " fc2.weight, fc2.bias, norm.weight",
                "lstm*");
    }

    @Test
    void refusesAParameterInTwoGroups() {
        refuses(
                "group *.bias must take parameters that no other group has, but took fc1.bias, fc2.bias of fc*",
                "fc*",
                "*.bias");
        refuses(
                "group * must take parameters that no other group has, but took conv1.weight, conv1.bias, fc1.weight,"
                        + " fc1.bias, fc2.weight, fc2.bias and 1 more of *",
                "*",
                "*");
    }

    @Test
    void refusesWhatIsNoPattern() {
        refuses("group must have a pattern of names (*, ?, [12]), but had 'fc[1'", "fc[1");
    }

    private static void refuses(String message, String... patterns) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> NamePatterns.divide(List.of(patterns), NAMES))
                        .getMessage());
    }
}
