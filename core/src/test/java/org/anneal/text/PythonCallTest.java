package org.anneal.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonCallTest {

    private static PythonCall.Arguments adam(String text) {
        PythonCall call = PythonCall.parse(text);
        assertEquals("Adam", call.name());
        return call.bind("params", "lr=", "betas=", "eps=", "*", "foreach=", "maximize=");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Adam(lr=1e-3, betas=(0.9, 0.999))",
                "Adam(0.001, [0.9, 1 - 0.001])",
                "optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.9, 0.999))",
                "optim.Adam(params=self.net.parameters(), betas=(0.9, 0.999), lr=1e-3)",
                "Adam(filter(lambda p: p.requires_grad, net.parameters()), 1e-3, (0.9, 0.999))",
                "Adam(params, 1e-3, (0.9, 0.999), foreach=None)",
            })
    void readsAnOptimizer(String text) {
        PythonCall.Arguments arguments = adam(text);
        assertEquals(0.001, arguments.number("lr", 5));
        assertEquals(List.of(0.9, 0.999), arguments.numbers("betas"));
        assertTrue(arguments.isList("betas"));
        assertFalse(arguments.has("foreach"));
        assertEquals(1e-8, arguments.number("eps", 1e-8));
        assertTrue(arguments.truth("maximize", true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "Adam(0.1, (0.9, 0.9), 1e-8, True) | column 29: Adam takes at most 3 positional arguments, but got 4",
                "Adam(beta=0.1) | column 6: unknown parameter 'beta' of Adam, did you mean 'betas'?",
                "Adam(lr=1, lr=2) | column 12: lr is given twice",
            })
    void bindsByPythonsRules(String text, String message) {
        assertEquals(
                message,
                assertThrows(PythonSyntaxException.class, () -> adam(text)).getMessage());
    }

    @Test
    void saysWhatAnArgumentMustBe() {
        PythonCall.Arguments arguments = adam("Adam(lr='x', betas=0.9, maximize=1)");
        assertEquals("column 6: lr must be a number, but was 'x'", refusal(() -> arguments.number("lr")));
        assertEquals(
                "column 14: betas must be a list of numbers, but was 0.9", refusal(() -> arguments.numbers("betas")));
        assertEquals(
                "column 25: maximize must be True or False, but was 1",
                refusal(() -> arguments.truth("maximize", true)));
        assertEquals("column 1: Adam needs eps", refusal(() -> arguments.number("eps")));
    }

    @Test
    void namesTheNearestKnownName() {
        assertEquals(
                "column 1: unknown optimizer 'Adma', did you mean 'Adam'?",
                PythonCall.parse("Adma()")
                        .unknown("optimizer", List.of("SGD", "Adam"))
                        .getMessage());
        assertEquals(
                "column 1: unknown optimizer 'X', expected SGD or Adam",
                PythonCall.parse("X()")
                        .unknown("optimizer", List.of("SGD", "Adam"))
                        .getMessage());
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(PythonSyntaxException.class, code).getMessage());
    }
}
