package org.anneal.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.Examples;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The code that is taken away builds the schedule that it was taken from. */
class CodeTest {
    @TempDir
    Path folder;

    private static final List<String> MORE = List.of(
            "CyclicLR(base_lr=[0.1, 0.01], max_lr=1.0, step_size_up=5, step_size_down=7.5, mode='exp_range', gamma=0.99)",
            "CyclicLR(0.1, 1.0, scale_fn=lambda x: 1 / (2 ** (x - 1)), scale_mode='iterations', cycle_momentum=False)",
            "CyclicLR(0.1, 1.0, base_momentum=[0.7, 0.8], max_momentum=0.95)",
            "OneCycleLR([0.1, 0.2], 100, pct_start=0.2, anneal_strategy='linear', cycle_momentum=False, base_momentum=0.7,"
                    + " max_momentum=0.8, div_factor=10, final_div_factor=100, three_phase=True)",
            "LambdaLR([lambda e: 0.95 ** e, lambda epoch: 1 if epoch < 5 else 0.1])",
            "MultiplicativeLR(lambda e: 0.95)",
            "LambdaLR(opt, lambda e: np.interp(e, [0, 5, 20], [0, 1, 0]) * 0.1 ** bisect.bisect([30, 60], e))",
            """
            def warm(step):
                if step < 10:
                    return (step + 1) / 10
                p = (step - 10) / 90
                return 0.5 * (1 + math.cos(math.pi * p))
            sched = LambdaLR(opt, lr_lambda=[warm, lambda e: {0: 1.0}.get(e, [0.5, 0.1][min(e // 30, 1)])])
            """,
            "MultiStepLR([30, 3000000000], gamma=0.5)",
            "SWALR([0.05, 0.1], anneal_epochs=5, anneal_strategy='linear')",
            "ReduceLROnPlateau('max', 0.5, 3, 0.01, 'abs', 2, [0.1, 0.01], 1e-9)",
            "ChainedScheduler([ConstantLR(0.5, 4), SequentialLR([StepLR(3), PolynomialLR(9, 2.0)], [7])])",
            "ChainedScheduler([StepLR(3), ReduceLROnPlateau()])",
            "SequentialLR([LinearLR(), ReduceLROnPlateau(patience=2)], [5])");

    private static List<String> expressions() {
        return Stream.concat(Examples.policies().map(Policy::toString), MORE.stream())
                .toList();
    }

    /** So that a kind that is new is tried too. */
    @Test
    void everyKindOfPolicyIsTried() {
        Set<Class<?>> tried = new HashSet<>();
        expressions().forEach(expression -> tried.add(Policy.parse(expression).getClass()));
        assertEquals(kinds().collect(Collectors.toSet()), tried);
    }

    private static Stream<Class<?>> kinds() {
        return Stream.concat(
                Policy.kinds().stream().map(Kind::type), Arrays.stream(ComposedPlateau.class.getPermittedSubclasses()));
    }

    @Test
    void javaCompilesAndBuildsAnEqualSchedule() throws Exception {
        List<String> expressions = expressions();
        for (int i = 0; i < expressions.size(); i++) {
            Policy policy = Policy.parse(expressions.get(i));
            assertEquals(
                    policy,
                    built("Taken" + i, Target.JAVA.write(policy, -1, new SGD(0.1), List.of(new SGD(0.1)))),
                    expressions.get(i));
        }
    }

    /** Compiles code as the body of a method, and {@return its schedule} */
    private Object built(String name, String code) throws Exception {
        int body = code.indexOf("\n\n");
        String program =
                code.substring(0, body) + "\nclass " + name + " { static Object build(org.anneal.optim.Optimizer<?>"
                        + " optimizer) {\n"
                        + code.substring(body).replaceFirst("LRScheduler scheduler = .*", "return schedule;")
                        + "}\nvoid run(org.anneal.optim.Optimizer<?> optimizer) {" + code.substring(body) + "}}";
        try (URLClassLoader loader = compiled(name, program)) {
            var build = Class.forName(name, true, loader)
                    .getDeclaredMethod("build", Class.forName("org.anneal.optim.Optimizer"));
            build.setAccessible(true);
            return build.invoke(null, (Object) null);
        }
    }

    /** Compiles a program, and {@return what loads its class} */
    private URLClassLoader compiled(String name, String program) throws IOException {
        JavaFileObject source =
                new SimpleJavaFileObject(URI.create("memory:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return program;
                    }
                };
        StringWriter messages = new StringWriter();
        List<String> options = List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
        boolean compiled = ToolProvider.getSystemJavaCompiler()
                .getTask(messages, null, null, options, null, List.of(source))
                .call();
        assertTrue(compiled, messages + program);
        return new URLClassLoader(new URL[] {folder.toUri().toURL()}, CodeTest.class.getClassLoader());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            StepLR(step_size=3, gamma=0.5) | 0.1 | 0.0125
            ReduceLROnPlateau(mode='max', factor=0.5, patience=0) | 0.1 | 0.000390625
            SequentialLR([LinearLR(start_factor=0.5, total_iters=2), ReduceLROnPlateau(mode='max', factor=0.5, patience=0)], milestones=[2]) | 0.1 | 0.0015625
            OneCycleLR(max_lr=0.5, total_steps=10) | 0.1, 0.2 | 0.000002
            """)
    void javasProgramTrainsWithTheSchedule(String text, String rates, double last) throws Exception {
        List<UpdateRule> groups = Stream.of(rates.split(", ", -1))
                .map(rate -> (UpdateRule) new SGD(Double.parseDouble(rate)).withMomentum(0.5))
                .toList();
        String program = Target.JAVA.program(Policy.parse(text), -1, groups.get(0), groups, 10);
        assertTrue(program.contains("new SGD(0.1).withMomentum(0.5)"), program);
        PrintStream before = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (URLClassLoader loader = compiled("Program", program)) {
            var main = Class.forName("Program", true, loader).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
            main.invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(before);
        }
        List<String> lines = said.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(10, lines.size(), program);
        assertEquals(last, Double.parseDouble(lines.get(9).replaceFirst(".* lr ", "")), 1e-12, lines::toString);
    }

    @Test
    void pythonsProgramHasAModelTheOptimizerAndTheLoop() {
        String program = Target.PYTORCH.program(
                Policy.parse("ReduceLROnPlateau(patience=3)"), -1, new SGD(0.1), List.of(new SGD(0.1)), 500);
        assertEquals("""
                import torch
                from torch.optim.lr_scheduler import ReduceLROnPlateau

                model = torch.nn.Linear(10, 1)  # yours
                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
                scheduler = ReduceLROnPlateau(optimizer, patience=3)

                for step in range(500):
                    optimizer.zero_grad()
                    loss = model(torch.randn(32, 10)).square().mean()  # yours
                    loss.backward()
                    if step % 50 == 0:
                        print(f"step {step}: loss {loss.item():.4g}, lr {optimizer.param_groups[0]['lr']:.4g}")
                    optimizer.step()
                    scheduler.step(loss.item())
                """, program);
    }

    @Test
    void pythonIsAProgramsLines() {
        Policy policy = Policy.parse("SequentialLR([LinearLR(total_iters=10), LambdaLR(lambda e: math.cos(e))], [10])");
        assertEquals(
                """
                import math

                import torch
                from torch.optim.lr_scheduler import LambdaLR, LinearLR, SequentialLR

                optimizer = torch.optim.SGD([{'params': group0, 'lr': 0.1}, {'params': group1, 'lr': 0.01}], lr=0.0, momentum=0.9)
                scheduler = SequentialLR(optimizer, [LinearLR(optimizer, total_iters=10), LambdaLR(optimizer, lr_lambda=lambda e: math.cos(e))], milestones=[10])
                """,
                PyTorchCode.of(
                        policy,
                        -1,
                        new SGD(0).withMomentum(0.9),
                        List.of(new SGD(0.1).withMomentum(0.9), new SGD(0.01).withMomentum(0.9))));
        assertEquals("""
                import torch
                from torch.optim.swa_utils import SWALR

                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
                scheduler = SWALR(optimizer, swa_lr=0.05)
                """, PyTorchCode.of(Policy.parse("SWALR(swa_lr=0.05)"), -1, new SGD(0), List.of(new SGD(0.1))));
        assertTrue(PyTorchCode.of(Policy.parse("ReduceLROnPlateau()"), -1, new SGD(0), List.of(new SGD(0.1)))
                .endsWith("scheduler = ReduceLROnPlateau(optimizer)\n"));
    }

    @Test
    void pythonImportsTheModulesOfItsLambdas() {
        Policy policy = Policy.parse(
                "LambdaLR(lambda e: math.exp(-e) * np.interp(e, [0, 9], [0, 1]) * 0.1 ** bisect.bisect([30, 60], e))");
        assertEquals("""
                import bisect
                import math

                import numpy as np
                import torch
                from torch.optim.lr_scheduler import LambdaLR

                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
                scheduler = LambdaLR(optimizer, lr_lambda=lambda e: math.exp(-e) * np.interp(e, [0, 9], [0, 1]) * 0.1 ** bisect.bisect([30, 60], e))
                """, PyTorchCode.of(policy, -1, new SGD(0), List.of(new SGD(0.1))));
    }

    /** PyTorch refuses a last_epoch without {@code initial_lr}, and OneCycleLR's altogether. */
    @Test
    void pythonThatResumesHasWhatPyTorchNeeds() {
        assertEquals("""
                import torch
                from torch.optim.lr_scheduler import CosineAnnealingLR

                optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
                for group in optimizer.param_groups:
                    group['initial_lr'] = group['lr']
                scheduler = CosineAnnealingLR(optimizer, T_max=40, eta_min=0.2, last_epoch=10)
                """, resumed("CosineAnnealingLR(T_max=40, eta_min=0.2)"));
        assertTrue(resumed("SWALR(swa_lr=0.05)").endsWith("""
                    group['initial_lr'] = group['lr']
                # From last_epoch on, PyTorch's rates may differ from Anneal's, which keeps the rate in force.
                scheduler = SWALR(optimizer, swa_lr=0.05, last_epoch=10)
                """), resumed("SWALR(swa_lr=0.05)"));
        assertEquals("""
                import torch
                from torch.optim.lr_scheduler import OneCycleLR

                optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
                scheduler = OneCycleLR(optimizer, max_lr=0.1, total_steps=100)
                for _ in range(11):
                    optimizer.step()
                    scheduler.step()
                """, resumed("OneCycleLR(max_lr=0.1, total_steps=100)"));
    }

    private static String resumed(String expression) {
        return PyTorchCode.of(Policy.parse(expression), 10, new SGD(0), List.of(new SGD(1.0)));
    }

    @Test
    void everyPythonCallIsReadBackAsTheSamePolicyOrWithTheSameRates() {
        expressions().forEach(expression -> {
            Policy policy = Policy.parse(expression);
            Optional<String> code = python(policy);
            if (code.isEmpty()) {
                return;
            }
            Policy read = Policy.parse(code.get().substring(code.get().indexOf("scheduler = ")));
            if (read.equals(policy)) {
                return;
            }
            assertTrue(read instanceof LambdaLR, expression);
            Schedule schedule = (Schedule) policy;
            for (long step = 0; step < Math.min(200, schedule.lastStep()); step++) {
                assertEquals(
                        schedule.at(step, 0.1), ((Schedule) read).at(step, 0.1), 1e-12, expression + " at " + step);
            }
        });
    }

    private static Optional<String> python(Policy policy) {
        try {
            return Optional.of(Target.PYTORCH.write(policy, -1, new SGD(0), List.of(new SGD(0.1))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Test
    void whatALibraryCannotSayIsRefusedWithTheReason() {
        assertEquals(
                "PyTorch cannot run a plateau inside another scheduler: it cannot be written for PyTorch",
                refused(Target.PYTORCH, "ChainedScheduler([StepLR(3), ReduceLROnPlateau()])"));
        assertEquals(
                "Noise has no formula: it cannot be written for PyTorch", refused(Target.PYTORCH, "Noise(StepLR(3))"));
        assertEquals(
                "MultiplicativeLR has no formula, unless its lr_lambda is constant: each rate follows from the one before:"
                        + " it cannot be written for optax",
                refused(Target.OPTAX, "MultiplicativeLR(lambda e: 1 - 1 / (e + 2))"));
        assertEquals(
                "ReduceLROnPlateau follows a metric, which no schedule of Keras gets: it cannot be written for Keras",
                refused(Target.KERAS, "ReduceLROnPlateau()"));
        assertEquals(
                "Keras has nothing for sum([0.5 for i in range(e)])",
                refused(Target.KERAS, "LambdaLR(lambda e: sum([0.5 for i in range(e)]))"));
        assertEquals(
                "transformers has no function with these rates; its Trainer also takes what is written for PyTorch, with"
                        + " optimizers=(optimizer, scheduler): it cannot be written for transformers",
                refused(Target.TRANSFORMERS, "StepLR(3)"));
        assertEquals(
                "last_epoch must be -1 for optax, whose optimizer keeps the step, but was 9",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Target.OPTAX.write(
                                        Policy.parse("StepLR(3)"), 9, new SGD(0), List.of(new SGD(0.1))))
                        .getMessage());
    }

    private static String refused(Target target, String expression) {
        return String.valueOf(assertThrows(
                        IllegalArgumentException.class,
                        () -> target.write(Policy.parse(expression), -1, new SGD(0), List.of(new SGD(0.1))))
                .getMessage());
    }

    @Test
    void pythonThatPyTorchLacksIsALambdaForEachGroup() {
        Policy policy = Policy.parse("Clip(CosineAnnealingLR(T_max=50), low=0.05)");
        assertEquals("""
                import math

                import torch
                from torch.optim.lr_scheduler import LambdaLR

                optimizer = torch.optim.SGD([{'params': group0, 'lr': 0.1}, {'params': group1, 'lr': 0.02}], lr=0.0)
                scheduler = LambdaLR(optimizer, lr_lambda=[lambda step: max((1 + math.cos(math.pi * (step % 100) / 50)) / 2, 0.5), lambda step: max((1 + math.cos(math.pi * (step % 100) / 50)) / 2, 2.5)])
                """, Target.PYTORCH.write(policy, -1, new SGD(0), List.of(new SGD(0.1), new SGD(0.02))));
    }

    @Test
    void optaxAndKerasGetTheirOwnFunctionsOrOneOfTheStep() {
        Policy steps = Policy.parse("StepLR(30, gamma=0.5)");
        assertEquals("""
                import optax

                schedule = optax.exponential_decay(init_value=0.1, transition_steps=30, decay_rate=0.5, staircase=True)
                optimizer = optax.sgd(learning_rate=schedule, momentum=0.9, nesterov=False)
                """, Target.OPTAX.write(steps, -1, new SGD(0), List.of(new SGD(0.1).withMomentum(0.9))));
        Policy clipped = Policy.parse("Clip(ExponentialLR(0.5), low=0.01)");
        assertEquals("""
                import keras
                from keras import ops


                class Schedule(keras.optimizers.schedules.LearningRateSchedule):
                    def __call__(self, step):
                        step = ops.cast(step, 'float32')
                        return ops.maximum(0.1 * 0.5 ** step, 0.01)

                    def get_config(self):
                        return {}


                schedule = Schedule()
                optimizer = keras.optimizers.SGD(learning_rate=schedule, momentum=0.0, nesterov=False)
                """, Target.KERAS.write(clipped, -1, new SGD(0), List.of(new SGD(0.1))));
    }

    private static boolean isPyTorchs(Policy policy) {
        return python(policy)
                .filter(code -> Policy.parse(code.substring(code.indexOf("scheduler = ")))
                        .equals(policy))
                .isPresent();
    }

    /** Without one Python fails; a chain takes its members' optimizer. */
    @Test
    void everyPythonCallIsImportedAndGivenItsOptimizer() {
        Policy.kinds().stream()
                .filter(kind -> kind.module().isPresent())
                .map(Kind::name)
                .forEach(kind -> expressions().stream()
                        .filter(expression -> isPyTorchs(Policy.parse(expression)))
                        .filter(expression -> Pattern.compile("\\b" + kind + "\\(")
                                .matcher(expression)
                                .find())
                        .forEach(expression -> {
                            String code = Target.PYTORCH.write(
                                    Policy.parse(expression), -1, new SGD(0), List.of(new SGD(0.1)));
                            assertTrue(
                                    Pattern.compile("import .*\\b" + kind + "\\b")
                                            .matcher(code)
                                            .find(),
                                    code);
                            String argument = kind.equals("ChainedScheduler") ? "[" : "optimizer";
                            assertFalse(
                                    Pattern.compile("\\b" + kind + "\\((?!" + Pattern.quote(argument) + ")")
                                            .matcher(code)
                                            .find(),
                                    code);
                        }));
    }
}
