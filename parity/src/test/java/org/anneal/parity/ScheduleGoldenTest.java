package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.SchedulerCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the runner and every schedule to the rates that PyTorch set; the layout of the files is in generate.py. */
class ScheduleGoldenTest {
    private static final List<String> CLASSES = List.of(
            "StepLR",
            "MultiStepLR",
            "ExponentialLR",
            "MultiplicativeLR",
            "LambdaLR",
            "CosineAnnealingLR",
            "ReduceLROnPlateau");

    private record Edit(int row, int group, double lr) {}

    private record Case(
            String id, String schedule, double[] lr, List<Edit> edits, double[] metrics, List<double[]> rates) {
        @Override
        public String toString() {
            return id + " " + schedule;
        }

        double scale() {
            return Stream.concat(Arrays.stream(lr).boxed(), edits.stream().map(Edit::lr))
                    .mapToDouble(Math::abs)
                    .max()
                    .orElseThrow();
        }
    }

    static Stream<Case> cases() {
        return CLASSES.stream().flatMap(name -> read(name).stream());
    }
}
