package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.anneal.optim.SGD;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        return Stream.concat(VocabularyTest.cards(), MORE.stream()).toList();
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
            assertEquals(policy, built("Taken" + i, JavaCode.of(policy, -1)), expressions.get(i));
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
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, CodeTest.class.getClassLoader())) {
            var build = Class.forName(name, true, loader)
                    .getDeclaredMethod("build", Class.forName("org.anneal.optim.Optimizer"));
            build.setAccessible(true);
            return build.invoke(null, (Object) null);
        }
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
                PythonCode.of(
                        policy,
                        -1,
                        new SGD(0).withMomentum(0.9),
                        List.of(new SGD(0.1).withMomentum(0.9), new SGD(0.01).withMomentum(0.9))));
        assertEquals("""
                import torch
                from torch.optim.swa_utils import SWALR

                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
                scheduler = SWALR(optimizer, swa_lr=0.05)
                """, PythonCode.of(Policy.parse("SWALR(swa_lr=0.05)"), -1, new SGD(0), List.of(new SGD(0.1))));
        assertTrue(PythonCode.of(Policy.parse("ReduceLROnPlateau()"), -1, new SGD(0), List.of(new SGD(0.1)))
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
                """, PythonCode.of(policy, -1, new SGD(0), List.of(new SGD(0.1))));
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
        return PythonCode.of(Policy.parse(expression), 10, new SGD(0), List.of(new SGD(1.0)));
    }

    @Test
    void everyPythonCallIsReadBackAsTheSamePolicy() {
        expressions().forEach(expression -> {
            Policy policy = Policy.parse(expression);
            String code = PythonCode.of(policy, -1, new SGD(0), List.of(new SGD(0.1)));
            assertEquals(policy, Policy.parse(code.substring(code.indexOf("scheduler = "))));
        });
    }

    /** Without one Python fails; a chain takes its members' optimizer. */
    @Test
    void everyPythonCallIsImportedAndGivenItsOptimizer() {
        Policy.kinds().stream()
                .filter(kind -> kind.module().isPresent())
                .map(Kind::name)
                .forEach(kind -> expressions().stream()
                        .filter(expression -> Pattern.compile("\\b" + kind + "\\(")
                                .matcher(expression)
                                .find())
                        .forEach(expression -> {
                            String code =
                                    PythonCode.of(Policy.parse(expression), -1, new SGD(0), List.of(new SGD(0.1)));
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
