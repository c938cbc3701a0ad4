package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Stream;
import org.anneal.schedule.ScheduleSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules as values: defaults, text, and what they refuse. */
class UpdateRuleTest {

    static Stream<UpdateRule> examples() {
        return Stream.of(
                new SGD(0.1),
                new SGD(0),
                new SGD(1.0 / 3).withMomentum(0.9),
                new SGD(1e-5).withMomentum(0.9).withDampening(-0.1).withWeightDecay(5e-4),
                new SGD(0.1).withMomentum(0.9).withNesterov(true).withMaximize(true),
                new SGD(-0.0, -0.0, -0.0, -0.0, false, false),
                new Adam(1e-3),
                new Adam(3e-4).withBetas(0.8, 0.99).withEps(0).withWeightDecay(0.01),
                new Adam(-0.0).withBetas(-0.0, 0).withEps(-0.0).withWeightDecay(-0.0),
                new Adam(1e-3).withAmsgrad(true).withMaximize(true).withDecoupledWeightDecay(true));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void readsBackFromItsText(UpdateRule rule) {
        assertEquals(rule, UpdateRule.parse(rule.toString()));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void changesNothingButItsRate(UpdateRule rule) {
        assertEquals(7, rule.withLr(7).lr());
        assertEquals(rule, rule.withLr(7).withLr(rule.lr()));
    }

    @Test
    void printsWhatDiffersFromTheDefaults() {
        assertEquals("SGD(lr=0.1)", new SGD(0.1).toString());
        assertEquals(
                "SGD(lr=1e-05, momentum=0.9, dampening=0.1, weight_decay=0.0005, maximize=True)",
                new SGD(1e-5, 0.9, 0.1, 5e-4, false, true).toString());
        assertEquals(
                "SGD(lr=0.1, momentum=0.9, nesterov=True)",
                new SGD(0.1).withMomentum(0.9).withNesterov(true).toString());
        assertEquals("Adam(lr=0.001)", new Adam(1e-3).toString());
        assertEquals(
                "Adam(lr=0.1, betas=(0.8, 0.99), eps=1e-06, weight_decay=0.01, amsgrad=True, maximize=True,"
                        + " decoupled_weight_decay=True)",
                new Adam(0.1, 0.8, 0.99, 1e-6, 0.01, true, true, true).toString());
    }

    @Test
    void hasPyTorchsDefaults() {
        assertEquals(new SGD(1e-3, 0, 0, 0, false, false), UpdateRule.parse("SGD()"));
        assertEquals(new SGD(0.1, 0, 0, 0, false, false), new SGD(0.1));
        assertEquals(new Adam(1e-3, 0.9, 0.999, 1e-8, 0, false, false, false), UpdateRule.parse("Adam()"));
        assertEquals(new Adam(0.1, 0.9, 0.999, 1e-8, 0, false, false, false), new Adam(0.1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9) | SGD(lr=0.001, momentum=0.9)",
                "torch.optim.SGD(model.parameters(), 0.1, 0.9, 0, 5e-4, True)"
                        + " | SGD(lr=0.1, momentum=0.9, weight_decay=0.0005, nesterov=True)",
                "SGD(params=model.parameters(), lr=1/8)  # a comment | SGD(lr=0.125)",
                "SGD(lr=0.1, foreach=True, fused=None, differentiable=False) | SGD(lr=0.1)",
                "optim.Adam(net.parameters(), lr=3e-4, fused=True, foreach=None, capturable=False) | Adam(lr=0.0003)",
                "Adam(params, 1e-3, (0.8, 0.99)) | Adam(lr=0.001, betas=(0.8, 0.99))",
                "Adam(lr=1e-3, betas=[0.8, 0.99], eps=1e-6) | Adam(lr=0.001, betas=(0.8, 0.99), eps=1e-06)"
            })
    void readsAPastedLine(String pasted, String printed) {
        assertEquals(printed, UpdateRule.parse(pasted).toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SDG(lr=0.1) | column 1: unknown optimizer 'SDG', did you mean 'SGD'?",
                "sgd(lr=0.1) | column 1: unknown optimizer 'sgd', did you mean 'SGD'?",
                "SGD(lr=0.1, momentun=0.9) | column 13: unknown parameter 'momentun' of SGD, did you mean 'momentum'?",
                "Adam(beta=(0.9, 0.99)) | column 6: unknown parameter 'beta' of Adam, did you mean 'betas'?",
                "SGD(lr=-1) | column 5: lr must be finite and >= 0, but was -1.0",
                "SGD(lr=math.inf) | column 5: lr must be finite and >= 0, but was Infinity",
                "SGD(lr=math.nan) | column 5: lr must be finite and >= 0, but was NaN",
                "SGD(momentum=-0.9) | column 5: momentum must be finite and >= 0, but was -0.9",
                "SGD(dampening=math.nan) | column 5: dampening must be finite, but was NaN",
                "SGD(weight_decay=-1) | column 5: weight_decay must be finite and >= 0, but was -1.0",
                "Adam(lr=-1) | column 6: lr must be finite and >= 0, but was -1.0",
                "Adam(betas=(1, 0.9)) | column 6: betas[0] must be >= 0 and < 1, but was 1.0",
                "Adam(betas=(0.9, -0.1)) | column 6: betas[1] must be >= 0 and < 1, but was -0.1",
                "Adam(betas=(0.9,)) | column 6: betas must be 2 numbers, but was [0.9]",
                "Adam(betas=(0.9, 0.99, 0.999)) | column 6: betas must be 2 numbers, but was [0.9, 0.99, 0.999]",
                "Adam(eps=-1e-8) | column 6: eps must be finite and >= 0, but was -1.0E-8",
                "Adam(weight_decay=math.inf) | column 6: weight_decay must be finite and >= 0, but was Infinity",
                "SGD(lr=0.1, nesterov=1) | column 13: nesterov must be True or False, but was 1",
                "SGD(0.1, 0.9, 0, 0, False, True) | column 28: SGD takes at most 5 positional arguments, but got 6"
            })
    void saysWhereAndWhyItRefusesAText(String text, String message) {
        assertEquals(
                message,
                assertThrows(ScheduleSyntaxException.class, () -> UpdateRule.parse(text))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 0.1", "0.9, 0.1", "0.9, -0.1"})
    void refusesNesterovWithoutMomentumOrWithDampening(double momentum, double dampening) {
        assertEquals(
                "nesterov must be False unless there is momentum and no dampening, but was True with momentum "
                        + momentum + " and dampening " + dampening,
                assertThrows(IllegalArgumentException.class, () -> new SGD(0.1, momentum, dampening, 0, true, false))
                        .getMessage());
    }

    @Test
    void refusesEveryValueThatIsNotANumber() {
        List<Runnable> refused = List.of(
                () -> new SGD(Double.NaN),
                () -> new SGD(0.1).withMomentum(Double.NaN),
                () -> new SGD(0.1).withDampening(Double.NaN),
                () -> new SGD(0.1).withWeightDecay(Double.NaN),
                () -> new Adam(Double.NaN),
                () -> new Adam(0.1).withBetas(Double.NaN, 0.999),
                () -> new Adam(0.1).withBetas(0.9, Double.NaN),
                () -> new Adam(0.1).withEps(Double.NaN),
                () -> new Adam(0.1).withWeightDecay(Double.NaN));
        for (Runnable construction : refused) {
            assertThrows(IllegalArgumentException.class, construction::run);
        }
    }
}
