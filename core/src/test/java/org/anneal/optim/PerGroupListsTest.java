package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.Policy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What PyTorch 2.13 refuses, and takes, of lists with an entry per group. */
class PerGroupListsTest {

    private static Optimizer<FloatArray> optimizer(double... rates) {
        return FloatArrays.optimizer(Arrays.stream(rates)
                .mapToObj(rate ->
                        new ParamGroup<>("lr " + rate, new SGD(rate).withMomentum(0.5), List.of(new FloatArray(1f))))
                .toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    LambdaLR([lambda e: 0.5]) | lr_lambda | LambdaLR(lambda e: 0.5)
                    LambdaLR((lambda e: 0.5,)) | lr_lambda | LambdaLR(lambda e: 0.5)
                    MultiplicativeLR(lr_lambda=[lambda e: 0.5]) | lr_lambda | MultiplicativeLR(lambda e: 0.5)
                    CyclicLR([0.1], 0.2) | base_lr | CyclicLR(0.1, 0.2)
                    CyclicLR((0.1,), 0.2) | base_lr | CyclicLR(0.1, 0.2)
                    CyclicLR(0.1, [0.2]) | max_lr | CyclicLR(0.1, 0.2)
                    CyclicLR(0.1, 0.2, base_momentum=[0.8]) | base_momentum | CyclicLR(0.1, 0.2, base_momentum=0.8)
                    CyclicLR(0.1, 0.2, max_momentum=[0.9]) | max_momentum | CyclicLR(0.1, 0.2, max_momentum=0.9)
                    OneCycleLR([0.1], 10) | max_lr | OneCycleLR(0.1, 10)
                    OneCycleLR(0.1, 10, base_momentum=[0.85]) | base_momentum | OneCycleLR(0.1, 10)
                    OneCycleLR(0.1, 10, max_momentum=(0.95,)) | max_momentum | OneCycleLR(0.1, 10)
                    SWALR([0.1]) | swa_lr | SWALR(0.1)
                    ReduceLROnPlateau(min_lr=[0]) | min_lr | ReduceLROnPlateau(min_lr=0)
                    ReduceLROnPlateau(min_lr=(0.1,)) | min_lr | ReduceLROnPlateau(min_lr=0.1)
                    SequentialLR([StepLR(3), SWALR([0.1])], [2]) | swa_lr | SequentialLR([StepLR(3), SWALR(0.1)], [2])
                    SequentialLR([StepLR(3), ReduceLROnPlateau(min_lr=[0.1])], [2]) | min_lr | StepLR(3)
                    ChainedScheduler([StepLR(3), OneCycleLR([0.1], 10)]) | max_lr | ChainedScheduler([StepLR(3), OneCycleLR(0.1, 10)])
                    ChainedScheduler([StepLR(3), ReduceLROnPlateau(min_lr=[0.1])]) | min_lr | StepLR(3)
                    """)
    void refusesAPythonListOfOneForTwoGroups(String list, String argument, String number) {
        String refusal = argument + " must have 2 entries, one per group, but had 1";
        Policy policy = Policy.parse(list);
        for (Policy read : List.of(policy, Policy.parse(policy.toString()))) {
            assertEquals(
                    refusal,
                    assertThrows(IllegalArgumentException.class, () -> new LRScheduler(optimizer(0.1, 0.2), read))
                            .getMessage());
        }
        assertEquals(1, new LRScheduler(optimizer(0.1), policy).lastLr().size());
        assertEquals(
                2,
                new LRScheduler(optimizer(0.1, 0.2), Policy.parse(number))
                        .lastLr()
                        .size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CyclicLR(0.1, 0.2, max_momentum=[0.9], cycle_momentum=False)",
                "OneCycleLR(0.1, 10, base_momentum=[0.8, 0.8, 0.8], cycle_momentum=False)"
            })
    void passesOverAListOfMomentaThatItDoesNotDrive(String text) {
        Optimizer<FloatArray> optimizer = optimizer(0.1, 0.2);
        LRScheduler scheduler = new LRScheduler(optimizer, Policy.parse(text));
        scheduler.step();
        assertEquals(0.5, optimizer.groups().get(1).momentum());
    }

    @Test
    void refusesAGroupThatJoinsAListOfOne() {
        Optimizer<FloatArray> optimizer = optimizer(0.1);
        LRScheduler scheduler = new LRScheduler(optimizer, Policy.parse("SWALR([0.05])"));
        ParamGroup<FloatArray> late = new ParamGroup<>("late", new SGD(0.2), List.of(new FloatArray(1f)));
        optimizer.addParamGroup(late);
        assertEquals(
                "swa_lr must have 2 entries, one per group, but had 1",
                assertThrows(IllegalArgumentException.class, () -> scheduler.join(late))
                        .getMessage());
    }
}
