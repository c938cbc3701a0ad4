package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.checkpoint.Dict;
import org.anneal.runs.RunConfig;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.train.data.Augmentation;
import org.anneal.train.data.Cifar10;
import org.anneal.train.data.CsvData;
import org.anneal.train.data.CsvOptions;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.anneal.train.data.FashionMnist;
import org.anneal.train.data.ImageFolder;
import org.anneal.train.data.Normalize;
import org.anneal.train.network.Models;
import picocli.CommandLine.Option;

/**
 * What a run is trained on, and which network. Each value but {@code --data} and {@code --model} is an entry of
 * {@link RunConfig#more}, by the name of its option.
 */
final class DataOptions {
    static final String SUBSET = "fashion-mnist-subset";

    private static final String FASHION_MNIST = "fashion-mnist";
    private static final String CIFAR10 = "cifar10:";
    private static final String TUTORIAL = "tutorial";
    private static final String TUTORIAL_BEFORE = "TutorialNet"; // in checkpoints of earlier versions
    private static final String MLP = "mlp:64,64";
    private static final double SPLIT = 0.2;
    private static final long SPLIT_SEED = 0; // the same part, whatever the run's seed
    private static final int SMALLEST_TUTORIAL = 16;
    private static final int SIZE = 32;
    private static final int RGB = 3;
    private static final String COMPUTED = "computed";
    private static final String SCALING = "scaling"; // what was fitted on the training part
    private static final String CLASSES = "classes";
    /** The settings that {@link #read} looks at. */
    static final Set<String> READ_WITH =
            Set.of("target", "target_as", "without", "val_split", "image_size", "grey", "normalize", SCALING, CLASSES);

    @Option(
            names = "--data",
            paramLabel = "DATA",
            description = {
                SUBSET + ": 10,000 + 2,000 images that come with Anneal (the default)",
                FASHION_MNIST + ": all 60,000 + 10,000, from Debian's package dataset-fashion-mnist",
                CIFAR10 + "DIR: CIFAR-10's binary files in DIR, plain or gzipped",
                "FILE.csv: a table of numbers, with --target",
                "DIR: a folder with the files of either data set, or with images, DIR/class/*.png or .jpg"
            })
    private Optional<String> data = Optional.empty();

    @Option(
            names = "--target",
            split = ",",
            splitSynopsisLabel = ",",
            paramLabel = "COLUMN",
            description = "the columns of a CSV file to learn; all others are features")
    private List<String> targets = List.of();

    @Option(
            names = "--target-as",
            paramLabel = "KIND",
            description = "classes or values (default: values if all are numbers, else classes)")
    private Optional<CsvOptions.As> targetAs = Optional.empty();

    @Option(
            names = "--without",
            split = ",",
            splitSynopsisLabel = ",",
            paramLabel = "COLUMN",
            description = "columns of a CSV file to leave out, such as an id")
    private List<String> without = List.of();

    @Option(
            names = "--val-split",
            paramLabel = "PART",
            description =
                    "the part of a CSV file or of a folder of images that is for validation, drawn at random (default: "
                            + SPLIT + ")")
    private Optional<Double> valSplit = Optional.empty();

    @Option(
            names = "--image-size",
            paramLabel = "N",
            description = "pixels of a side that the images of a folder are resized to (default: " + SIZE + ")")
    private Optional<Integer> imageSize = Optional.empty();

    @Option(names = "--grey", description = "read the images of a folder as grey, not as RGB")
    private boolean grey;

    @Option(
            names = "--normalize",
            paramLabel = "EXPR",
            description = "'Normalize(mean=[0.5], std=[0.5])' for images, or " + COMPUTED
                    + ": by the mean and deviation of the training part (default: mean and deviation 0.5)")
    private Optional<String> normalize = Optional.empty();

    @Option(
            names = "--augment",
            paramLabel = "EXPR",
            description = "random changes of the training images: 'RandomCrop(28, padding=2), RandomHorizontalFlip(),"
                    + " RandomRotation(10)'")
    private Optional<String> augment = Optional.empty();

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "threads that read the training samples; the results do not depend on it (default: 1)")
    private Optional<Integer> workers = Optional.empty();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description =
                    "the network: tutorial, linear, mlp:64,64 or other sizes, resnet8, resnet20 (default: tutorial for"
                            + " images, else " + MLP + ")")
    private Optional<String> model = Optional.empty();

    /** Checks what is given, before anything is done. */
    void check() {
        imageSize.ifPresent(n -> Anneal.atLeastOne("--image-size", n));
        workers.ifPresent(n -> Anneal.atLeastOne("--workers", n));
        augment.ifPresent(text -> Anneal.parsed("--augment", () -> Augmentation.parse(text)));
        normalize
                .filter(text -> !text.equals(COMPUTED))
                .ifPresent(text -> Anneal.parsed("--normalize", () -> Normalize.parse(text)));
        valSplit.filter(part -> !(part > 0 && part < 1)).ifPresent(part -> {
            throw new IllegalArgumentException("--val-split must be above 0 and below 1, but was " + Python.repr(part));
        });
    }

    /** {@return where to read the samples from} */
    String data(Optional<RunConfig> before) {
        return data.or(() -> before.map(RunConfig::data)).orElse(SUBSET);
    }

    /** {@return the file or folder that {@code --data} names, if it names one} */
    static Optional<Path> path(String data) {
        return data.isEmpty() || data.equals(SUBSET) || data.equals(FASHION_MNIST)
                ? Optional.empty()
                : Optional.of(Path.of(data.startsWith(CIFAR10) ? data.substring(CIFAR10.length()) : data));
    }

    /** {@return {@code --data} as it is from any folder} */
    static String absolute(String data) {
        return path(data)
                .map(path -> (data.startsWith(CIFAR10) ? CIFAR10 : "")
                        + path.toAbsolutePath().normalize())
                .orElse(data);
    }

    /** {@return the network that is given, if one is} */
    Optional<String> model() {
        return model;
    }

    /** {@return the network of an earlier run, by its name now} */
    static String model(RunConfig before) {
        return before.model().equals(TUTORIAL_BEFORE) ? TUTORIAL : before.model();
    }

    /** {@return the network for {@code data}, if none is given} */
    static String usualModel(Dataset data) {
        long[] shape = data.shape();
        boolean images = shape.length == 3 && shape[1] == shape[2] && shape[1] >= SMALLEST_TUTORIAL;
        return images ? TUTORIAL : MLP;
    }

    /** {@return a new network} */
    static Network network(String model, Dataset data) {
        try {
            return Models.of(model, data);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--model: " + e.getMessage(), e);
        }
    }

    /** {@return what is given, by the names of the entries} */
    Map<String, Object> given() {
        Map<String, Object> given = new LinkedHashMap<>();
        if (!targets.isEmpty()) {
            given.put("target", List.copyOf(targets));
        }
        targetAs.ifPresent(as -> given.put("target_as", as.name().toLowerCase(Locale.ROOT)));
        if (!without.isEmpty()) {
            given.put("without", List.copyOf(without));
        }
        valSplit.ifPresent(part -> given.put("val_split", part));
        imageSize.ifPresent(size -> given.put("image_size", (long) size));
        if (grey) {
            given.put("grey", true);
        }
        normalize.ifPresent(text -> given.put(
                "normalize",
                text.equals(COMPUTED) ? text : Normalize.parse(text).toString()));
        augment.ifPresent(text -> given.put("augment", Augmentation.parse(text).toString()));
        return given;
    }

    /** The samples, and the settings that they were read with, what was fitted on them among these. */
    record Read(DataSets sets, Map<String, Object> settings) {}

    /** Reads samples as {@link #read} does. */
    interface Reader {
        Read read(String data, Map<String, Object> settings) throws IOException;
    }

    /**
     * Reads the samples.
     *
     * @param settings those given and those of the run before
     */
    static Read read(String data, Map<String, Object> settings) throws IOException {
        Dict dict = new Dict("", settings);
        Path path = Path.of(data.startsWith(CIFAR10) ? data.substring(CIFAR10.length()) : data);
        if (path.toString().isEmpty()) { // of a variable that is not set, perhaps
            throw unknown(data);
        }
        Map<String, Object> used = new LinkedHashMap<>(settings);
        boolean csv = data.toLowerCase(Locale.ROOT).matches(".*\\.(csv|tsv)")
                || dict.find("target").isPresent();
        DataSets sets;
        if (csv) {
            sets = csv(path, dict, used);
        } else if (data.equals(SUBSET)) {
            sets = FashionMnist.embedded();
        } else if (data.equals(FASHION_MNIST)) {
            sets = FashionMnist.installed();
        } else if (data.startsWith(CIFAR10)) {
            sets = Cifar10.read(path);
        } else if (Files.isDirectory(path) && ImageFolder.isIn(path)) {
            sets = ImageFolder.read(
                    path,
                    dict.optionalCount("image_size").orElse(SIZE),
                    dict.find("grey").isPresent() ? 1 : RGB,
                    split(dict),
                    SPLIT_SEED);
        } else if (path.getParent() == null && Files.notExists(path)) { // meant as the name of a data set, perhaps
            throw unknown(data);
        } else {
            sets = DataSets.read(path);
        }
        if (dict.find("normalize").isPresent() && !csv) {
            String text = dict.text("normalize");
            Normalize chosen = text.equals(COMPUTED) ? Normalize.of(sets.train()) : Normalize.parse(text);
            used.put("normalize", chosen.toString());
            sets = sets.normalized(chosen);
        }
        return new Read(sets, used);
    }

    private static IllegalArgumentException unknown(String data) {
        return new IllegalArgumentException("--data must be " + SUBSET + ", " + FASHION_MNIST + ", " + CIFAR10
                + "DIR, a CSV file or a folder, but was '" + data + "'");
    }

    private static double split(Dict settings) {
        return settings.find("val_split").isPresent() ? settings.real("val_split") : SPLIT;
    }

    private static DataSets csv(Path file, Dict settings, Map<String, Object> used) throws IOException {
        if (settings.find("normalize").isPresent()) {
            throw new IllegalArgumentException(
                    "--normalize must be left out for a CSV file, whose features are scaled by their mean and deviation");
        }
        if (settings.find("target").isEmpty()) {
            throw new IllegalArgumentException("--target must name the column of " + file + " to learn");
        }
        CsvOptions options = CsvOptions.target(settings.texts("target").toArray(String[]::new))
                .validation(split(settings), SPLIT_SEED);
        if (settings.find("target_as").isPresent()) {
            options =
                    options.as(CsvOptions.As.valueOf(settings.text("target_as").toUpperCase(Locale.ROOT)));
        }
        if (settings.find("without").isPresent()) {
            options = options.without(settings.texts("without").toArray(String[]::new));
        }
        if (settings.find(SCALING).isPresent()) {
            options = options.scaling(Normalize.parse(settings.text(SCALING)));
        }
        if (settings.find(CLASSES).isPresent()) {
            options = options.classes(settings.texts(CLASSES));
        }
        CsvData csv = CsvData.read(file, options);
        csv.scaling().ifPresent(scaling -> used.put(SCALING, scaling.toString()));
        List<String> classes = csv.data().train().classes();
        if (!classes.isEmpty()) {
            used.put(CLASSES, classes);
        }
        return csv.data();
    }

    /** {@return a loader of training samples with the changes and the threads of the options} */
    DataLoader loading(DataLoader loader, Map<String, Object> settings) {
        Dict dict = new Dict("", settings);
        if (dict.find("augment").isPresent()) {
            loader.augmented(Augmentation.parse(dict.text("augment")));
        }
        workers.ifPresent(loader::workers);
        return loader;
    }
}
