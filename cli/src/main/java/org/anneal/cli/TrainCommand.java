package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Device;
import org.anneal.torch.Torch;
import org.anneal.train.Cifar10;
import org.anneal.train.DataSets;
import org.anneal.train.Dataset;
import org.anneal.train.FashionMnist;
import org.anneal.train.RunFolder;
import org.anneal.train.Trainer;
import org.anneal.train.TutorialNet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anneal train}: the tutorial network on real images, with a schedule. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Train the tutorial network on real images with a schedule, and draw the curve.")
final class TrainCommand implements Callable<Integer> {
    // Below this, libtorch's threads wait for each other longer than they compute.
    private static final int SMALL_BATCH = 64;
    private static final int STOP_SECONDS = 30;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");
    private static final String CIFAR10 = "cifar10:";
    private static final String SUBSET = "fashion-mnist-subset";

    @Option(
            names = "--data",
            paramLabel = "DATA",
            defaultValue = SUBSET,
            description = {
                "fashion-mnist-subset: 10,000 + 2,000 images that come with Anneal (the default)",
                "fashion-mnist: all 60,000 + 10,000, from Debian's package dataset-fashion-mnist",
                "cifar10:DIR: CIFAR-10's binary files in DIR, plain or gzipped",
                "DIR: the files of either, recognised"
            })
    private String data;

    @Option(
            names = "--optimizer",
            paramLabel = "EXPR",
            defaultValue = "SGD(lr=0.01, momentum=0.9)",
            description = "PyTorch's optimizer call (default: ${DEFAULT-VALUE})")
    private String optimizer;

    @Option(
            names = "--schedule",
            paramLabel = "EXPR",
            defaultValue = "CosineAnnealingLR(T_max=5)",
            description = "PyTorch's scheduler call; lengths may be 2ep, 500st, 10%% (default: ${DEFAULT-VALUE})")
    private String schedule;

    @Option(
            names = "--step-per",
            paramLabel = "UNIT",
            defaultValue = "epoch",
            description = "step the schedule per epoch or per batch (default: ${DEFAULT-VALUE})")
    private StepPer stepPer;

    @Option(names = "--epochs", paramLabel = "N", defaultValue = "5", description = "(default: ${DEFAULT-VALUE})")
    private int epochs;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "8", description = "(default: ${DEFAULT-VALUE})")
    private int batchSize;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "of the first weights and the order of the images (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "of libtorch (default: 1 for batches below " + SMALL_BATCH + ", else all cores)")
    private Optional<Integer> threads = Optional.empty();

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "train on the first N batches of each epoch, to try things")
    private Optional<Integer> limit = Optional.empty();

    @Option(
            names = "--print-every",
            paramLabel = "N",
            description = "print the mean loss of every N batches, as PyTorch's tutorial does")
    private Optional<Integer> printEvery = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "where metrics.csv, curve.png and model.safetensors go (default: runs/<time>)")
    private Optional<Path> out = Optional.empty();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        UpdateRule rule = Anneal.parsed("--optimizer", () -> UpdateRule.parse(optimizer));
        checkArguments();
        DataSets sets = readData();
        SchedulerCall call = Anneal.parsed("--schedule", () -> SchedulerCall.parse(schedule, runLength(sets.train())));
        checkSchedule(call);

        Device device = Device.best();
        int used = threads.orElse(
                batchSize < SMALL_BATCH ? 1 : Runtime.getRuntime().availableProcessors());
        torch.set_num_threads(used);
        torch.manual_seed(seed);
        TutorialNet network = TutorialNet.forImages(sets.train());
        if (!device.isCpu()) {
            network.module().to(device.toTorch(), false);
        }
        List<Tensor> parameters = Torch.parameters(network.module());
        Path folder = out.orElseGet(
                () -> Path.of("runs", LocalDateTime.now(ZoneId.systemDefault()).format(TIME)));

        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, parameters)) {
            LRScheduler scheduler = new LRScheduler(optimizer, call.policy());
            Trainer trainer = new Trainer(network, optimizer, scheduler)
                    .epochs(epochs)
                    .batchSize(batchSize)
                    .limit(limit.orElse(Integer.MAX_VALUE))
                    .seed(seed)
                    .stepPer(stepPer)
                    .device(device);
            say(
                    "%s: %,d images to train on, %,d to validate",
                    data, sets.train().size(), sets.validation().size());
            say(
                    "TutorialNet, %,d parameters, on %s with %d thread%s, seed %d",
                    parameters.stream().mapToLong(Tensor::numel).sum(), device, used, used == 1 ? "" : "s", seed);
            say("%s, %s stepped per %s", rule, call.policy(), stepPer.name().toLowerCase(Locale.ROOT));
            call.notes().forEach(note -> say("%s", note));
            train(
                    trainer,
                    sets,
                    new RunFolder(
                            folder,
                            network,
                            call.policy().toString(),
                            optimizer.groups().size()));
        }
        return 0;
    }

    /** Trains until the end, or until the process is told to stop: then what is finished is kept, and said. */
    private void train(Trainer trainer, DataSets sets, RunFolder folder) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        CountDownLatch done = new CountDownLatch(1);
        Thread stop = new Thread(() -> {
            trainer.stop();
            try {
                done.await(STOP_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            try (folder;
                    TrainConsole console =
                            new TrainConsole(out, spec.commandLine().getErr(), printEvery)) {
                trainer.listener(folder).listener(console).fit(sets);
            }
            if (trainer.isStopped()) {
                say("Interrupted: %s", folder.summary());
            } else {
                say("%s", folder.summary());
                say("Finished Training");
            }
            out.flush();
        } finally {
            done.countDown();
            if (!trainer.isStopped()) {
                Runtime.getRuntime().removeShutdownHook(stop);
            }
        }
    }

    private void checkArguments() {
        Anneal.atLeastOne("--epochs", epochs);
        Anneal.atLeastOne("--batch-size", batchSize);
        threads.ifPresent(n -> Anneal.atLeastOne("--threads", n));
        limit.ifPresent(n -> Anneal.atLeastOne("--limit", n));
        printEvery.ifPresent(n -> Anneal.atLeastOne("--print-every", n));
        if (out.isPresent() && RunFolder.isRun(out.get())) {
            throw new IllegalArgumentException("--out must be a folder without a run, but " + out.get() + " holds one");
        }
    }

    private void checkSchedule(SchedulerCall call) {
        if (call.lastEpoch() != -1) {
            throw new IllegalArgumentException(
                    "--schedule must not have a last_epoch, which resumes a run, but has " + call.lastEpoch());
        }
        if (stepPer == StepPer.BATCH && call.policy() instanceof ReduceLROnPlateau) {
            throw new IllegalArgumentException(
                    "--step-per must be epoch for a plateau, which takes the validation loss, but was batch");
        }
    }

    /** {@return the run's length, which units such as 2ep in the schedule's text are read by} */
    private RunLength runLength(Dataset data) {
        long batches = RunLength.of(data.size(), batchSize, epochs).stepsPerEpoch();
        return new RunLength(Math.min(batches, limit.orElse(Integer.MAX_VALUE)), epochs, stepPer);
    }

    private DataSets readData() throws IOException {
        if (data.equals(SUBSET)) {
            return FashionMnist.embedded();
        } else if (data.equals("fashion-mnist")) {
            return FashionMnist.installed();
        } else if (data.startsWith(CIFAR10)) {
            return Cifar10.read(Path.of(data.substring(CIFAR10.length())));
        }
        return DataSets.read(Path.of(data));
    }

    private void say(String format, Object... values) {
        spec.commandLine().getOut().println(String.format(Locale.ROOT, format, values));
    }
}
