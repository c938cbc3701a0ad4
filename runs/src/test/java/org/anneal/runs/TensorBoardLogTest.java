package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.Rprop;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog.SessionStatus;

/** Reads what is written with TensorFlow's own classes. */
class TensorBoardLogTest {
    private static final Map<String, String> TEXTS =
            Map.of("schedule", "LambdaLR(lr_lambda=lambda step: 0.5 ** (step // 2))", "optimizer", "SGD\n(lr=0.1)");

    @TempDir
    Path folder;

    private final Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1).withMomentum(0.9), "base", "head");

    private static Optimizer<FloatArray> optimizer(UpdateRule rule, String... names) {
        return FloatArrays.optimizer(Stream.of(names)
                .map(name -> new ParamGroup<>(name, rule, List.of(new FloatArray(0f))))
                .toList());
    }

    private static RunListener.Batch batch(int epoch, int batch, int batches) {
        long step = (epoch - 1L) * batches + batch;
        return new RunListener.Batch(epoch, batch, batches, step, List.of(), 1.0 / step);
    }

    private static RunListener.Epoch epoch(int epoch, long step) {
        return new RunListener.Epoch(
                epoch, step, List.of(0.1), 2.0 / epoch, Epochs.validation(3.0 / epoch, 1 - 1.0 / epoch), 5);
    }

    private TensorBoardLog log(long steps) {
        return new TensorBoardLog(folder, optimizer, steps, TEXTS);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().contains("tfevents"))
                    .sorted()
                    .toList();
        }
    }

    private List<Event> events() throws IOException {
        List<Event> events = new ArrayList<>();
        for (Path file : files()) {
            events.addAll(events(Files.readAllBytes(file)));
        }
        return events;
    }

    /** {@return the events of the whole records, whose checksums are checked} */
    private static List<Event> events(byte[] bytes) throws InvalidProtocolBufferException {
        List<Event> events = new ArrayList<>();
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (file.remaining() >= 12 && file.remaining() >= 16 + file.getLong(file.position())) {
            byte[] length = new byte[8];
            file.get(file.position(), length);
            byte[] event = new byte[(int) file.getLong()];
            assertEquals(masked(length), file.getInt());
            file.get(event);
            assertEquals(masked(event), file.getInt());
            Event parsed = Event.parseFrom(event);
            assertArrayEquals(parsed.toByteArray(), event, "as TensorFlow's classes write it");
            events.add(parsed);
        }
        return events;
    }

    /** CRC-32C bit by bit (Castagnoli's polynomial, reversed), masked as TensorFlow's crc32c.h says. */
    private static int masked(byte[] bytes) {
        int crc = -1;
        for (byte each : bytes) {
            crc ^= each & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
            }
        }
        return ((~crc >>> 15) | (~crc << 17)) + 0xa282ead8;
    }

    /** {@return the scalars by tag and step, as TensorBoard shows them: a restart takes away what was at its step or later} */
    private static Map<String, Map<Long, Float>> scalars(List<Event> events) {
        Map<String, Map<Long, Float>> scalars = new TreeMap<>();
        for (Event event : events) {
            if (event.getSessionLog().getStatus() == SessionStatus.START) {
                scalars.values().forEach(tag -> tag.keySet().removeIf(step -> step >= event.getStep()));
            }
            for (Summary.Value value : event.getSummary().getValueList()) {
                if (value.getValueCase() == Summary.Value.ValueCase.SIMPLE_VALUE) {
                    scalars.computeIfAbsent(value.getTag(), tag -> new HashMap<>())
                            .put(event.getStep(), value.getSimpleValue());
                }
            }
        }
        return scalars;
    }

    private static Map<Long, Float> of(Map<String, Map<Long, Float>> scalars, String tag) {
        return scalars.getOrDefault(tag, Map.of());
    }

    @Test
    void theChecksumIsCastagnolis() {
        // RFC 3720, B.4: 32 bytes of zeroes.
        assertEquals(Integer.rotateRight(0x8a9136aa, 15) + 0xa282ead8, masked(new byte[32]));
    }

    @Test
    void writesLossesRatesAndMomentumsOfEveryGroup() throws IOException {
        long before = System.currentTimeMillis();
        try (TensorBoardLog log = log(2)) {
            log.begin(0, List.of());
            assertEquals(List.of(), files(), "a run that does nothing leaves nothing");
            log.batch(batch(1, 1, 2));
            optimizer.groups().get(1).setLr(1e-3);
            optimizer.groups().get(1).setMomentum(0.5);
            log.batch(batch(1, 2, 2));
            log.epoch(epoch(1, 2));
        }
        List<Event> events = events();
        assertEquals("brain.Event:2", events.get(0).getFileVersion());
        assertEquals(SessionStatus.START, events.get(1).getSessionLog().getStatus());
        assertEquals(1, events.get(1).getStep());
        events.forEach(event -> assertEquals(before / 1e3, event.getWallTime(), 60));
        assertEquals(
                Map.of(
                        "batch/loss", Map.of(1L, 1f, 2L, 0.5f),
                        "lr/base", Map.of(1L, 0.1f, 2L, 0.1f),
                        "lr/head", Map.of(1L, 0.1f, 2L, 0.001f),
                        "momentum/base", Map.of(1L, 0.9f, 2L, 0.9f),
                        "momentum/head", Map.of(1L, 0.9f, 2L, 0.5f),
                        "epoch/train_loss", Map.of(2L, 2f),
                        "epoch/val_loss", Map.of(2L, 3f),
                        "epoch/val_accuracy", Map.of(2L, 0f)),
                scalars(events));
    }

    @Test
    void showsTextsAsTheyAre() throws IOException {
        try (TensorBoardLog log = log(1)) {
            log.batch(batch(1, 1, 1));
        }
        Map<String, String> texts = new TreeMap<>();
        for (Summary.Value value : events().get(2).getSummary().getValueList()) {
            assertEquals("text", value.getMetadata().getPluginData().getPluginName());
            assertEquals(DataType.DT_STRING, value.getTensor().getDtype());
            assertTrue(value.getTensor().hasTensorShape());
            assertEquals(0, value.getTensor().getTensorShape().getDimCount());
            texts.put(value.getTag(), value.getTensor().getStringVal(0).toStringUtf8());
        }
        assertEquals(
                Map.of(
                        "schedule", "    LambdaLR(lr_lambda=lambda step: 0.5 ** (step // 2))",
                        "optimizer", "    SGD\n    (lr=0.1)"),
                texts,
                "blocks of code in Markdown");
    }

    @Test
    void theFilesNameHasItsTimeAndNotTheMachine() throws IOException {
        try (TensorBoardLog log = log(1)) {
            log.batch(batch(1, 1, 1));
            assertEquals(files(), log.file().stream().toList());
        }
        String name = files().get(0).getFileName().toString();
        assertTrue(name.matches("events\\.out\\.tfevents\\.\\d{10}\\.anneal"), name);
        String host = InetAddress.getLocalHost().getHostName();
        events().forEach(event -> assertTrue(!event.toString().contains(host), event::toString));
    }

    @Test
    void aLongRunIsWrittenAThousandTimesAndAtTheEndOfEachEpoch() throws IOException {
        try (TensorBoardLog log = log(3 * 9_999)) {
            for (int epoch = 1; epoch <= 3; epoch++) {
                for (int batch = 1; batch <= 9_999; batch++) {
                    log.batch(batch(epoch, batch, 9_999));
                }
            }
        }
        Map<Long, Float> losses = of(scalars(events()), "batch/loss");
        assertTrue(losses.size() >= 1000 && losses.size() < 1100, () -> losses.size() + " points");
        assertTrue(losses.keySet().containsAll(List.of(9_999L, 2 * 9_999L, 3 * 9_999L)));
        assertTrue(Files.size(files().get(0)) < 300_000, "bytes");
    }

    @Test
    void aRuleWithoutMomentumHasNone() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder, optimizer(new Rprop(0.01), "all"), 1, Map.of())) {
            log.batch(batch(1, 1, 1));
        }
        assertEquals(
                List.of("batch/loss", "lr/all"), List.copyOf(scalars(events()).keySet()));
    }

    @Test
    void groupsOfOneNameAreToldApartByTheirNumber() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder, optimizer(new SGD(1), "a", "b", "a"), 1, Map.of())) {
            log.batch(batch(1, 1, 1));
        }
        assertEquals(
                List.of("lr/0 a", "lr/2 a", "lr/b"),
                scalars(events()).keySet().stream()
                        .filter(tag -> tag.startsWith("lr"))
                        .toList());
    }

    @Test
    void isReadableWhileItGrowsAndAfterACrash() throws IOException {
        int written = 3;
        try (TensorBoardLog log = log(10)) {
            for (int i = 1; i <= 10; i++) {
                log.batch(batch(1, i, 10));
                written++;
                assertEquals(written, events().size(), "each is there at once");
            }
        }
        byte[] whole = Files.readAllBytes(files().get(0));
        int last = 0;
        for (int length = 0; length <= whole.length; length++) {
            int read = events(Arrays.copyOf(whole, length)).size();
            assertTrue(read == last || read == last + 1, "a torn file has all its whole records");
            last = read;
        }
        assertEquals(written, last);
    }

    @Test
    void aResumedRunIsOneCurve() throws IOException {
        try (TensorBoardLog log = log(8)) {
            log.begin(0, List.of());
            for (int i = 1; i <= 4; i++) {
                log.batch(batch(1, i, 4));
            }
            log.epoch(epoch(1, 4));
            // Here the last checkpoint is made: what follows is lost.
            log.batch(batch(2, 1, 4));
            log.batch(batch(2, 2, 4));
        }
        try (TensorBoardLog log = log(8)) {
            log.begin(4, List.of(epoch(1, 4)));
            log.batch(new RunListener.Batch(2, 1, 4, 5, List.of(), 7));
        }
        List<Path> files = files();
        assertEquals(2, files.size());
        List<Event> resumed = events(Files.readAllBytes(files.get(1)));
        assertEquals(5, resumed.get(1).getStep());
        Map<String, Map<Long, Float>> scalars = scalars(events());
        assertEquals(Map.of(1L, 1f, 2L, 1 / 2f, 3L, 1 / 3f, 4L, 1 / 4f, 5L, 7f), of(scalars, "batch/loss"));
        assertEquals(Map.of(4L, 2f), of(scalars, "epoch/train_loss"));
        assertEquals(1, of(scalars(resumed), "batch/loss").size());
    }

    @Test
    void aRunThatGoesOnInAnotherFolderBringsItsEpochs() throws IOException {
        try (TensorBoardLog log = log(8)) {
            log.begin(8, List.of(epoch(1, 4), epoch(2, 8)));
            log.batch(batch(3, 1, 4));
        }
        assertEquals(Map.of(4L, 3f, 8L, 1.5f), of(scalars(events()), "epoch/val_loss"));
    }

    @Test
    void aFileIsReadAfterThoseThatAreThereWhateverTheClockSays() throws IOException {
        Files.createFile(folder.resolve("events.out.tfevents.9000000000.other"));
        try (TensorBoardLog log = log(1)) {
            log.batch(batch(1, 1, 1));
        }
        assertEquals(
                "events.out.tfevents.9000000001.anneal",
                files().get(1).getFileName().toString());
    }

    @Test
    void aFullDiskIsSaidAndLeavesWholeRecords() throws IOException, InterruptedException {
        Path disk = folder.resolve("disk");
        try (SmallDisk small = new SmallDisk(disk, 4)) {
            TensorBoardLog log = new TensorBoardLog(disk, optimizer, 1000, Map.of());
            UncheckedIOException full = assertThrows(UncheckedIOException.class, () -> {
                for (int i = 1; i < 1000; i++) {
                    log.batch(batch(1, i, 1000));
                }
            });
            Path file = log.file().orElseThrow();
            assertEquals(
                    "java.io.IOException: cannot write " + file + ": No space left on device",
                    String.valueOf(full.getCause()));
            log.close();
            byte[] bytes = Files.readAllBytes(file);
            List<Event> events = events(bytes);
            assertTrue(events.size() > 50);
            int whole = events.stream()
                    .mapToInt(event -> event.getSerializedSize() + 16)
                    .sum();
            assertEquals(whole, bytes.length, "it ends with a whole record");
        }
    }

    @Test
    void aRunThatLeavesNothingTakesItAway() throws IOException {
        Path path = folder.resolve("run");
        try (RunFolder run = RunFolder.create(path)) {
            run.tensorBoard(optimizer, 8, TEXTS);
            run.batch(batch(1, 1, 4));
            try (Stream<Path> made = Files.list(path)) {
                assertEquals(3, made.count(), "the table, the lock and the events");
            }
        }
        assertTrue(Files.notExists(path));
    }
}
