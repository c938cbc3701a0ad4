package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CsvDataTest {
    private static final CsvOptions RAW = CsvOptions.target("y").scaled(false).validation(0.5, 0);

    @TempDir
    Path folder;

    @Test
    void readsNumbersAndValues() throws IOException {
        CsvData csv = read("a,y,b\n1,10,-2.5e-1\n2,20,.5\n3.,+30,1E2\n", RAW);
        assertEquals(List.of("a", "b"), csv.features());
        assertEquals(List.of("y"), csv.targets());
        assertEquals(Optional.empty(), csv.scaling());
        assertEquals(List.of(), csv.data().train().classes());
        assertArrayEquals(new long[] {2}, csv.data().train().shape());
        assertArrayEquals(new long[] {1}, csv.data().train().targetShape());
        assertEquals(List.of("[1.0, -0.25] [10.0]", "[2.0, 0.5] [20.0]", "[3.0, 100.0] [30.0]"), rows(csv));
    }

    @Test
    void readsSeveralTargetsAndLeavesColumnsOut() throws IOException {
        CsvData csv = read(
                "id,z,a,y\nx1,1,2,3\nx2,4,5,6\n",
                CsvOptions.target("y", "z").without("id").scaled(false).validation(0.5, 0));
        assertEquals(List.of("a"), csv.features());
        assertEquals(List.of("[2.0] [3.0, 1.0]", "[5.0] [6.0, 4.0]"), rows(csv));
    }

    @ParameterizedTest
    @ValueSource(strings = {",", ";", "\t"})
    void findsTheSeparator(String separator) throws IOException {
        // The name of the first column has the other separators, in quotes.
        String text = "'x,;\tz',y,b\n1,2,3\n4,5,6\n".replace("','", "\u0001");
        text = text.replace("'x,;\tz'", "\u0001").replace(",", separator).replace("\u0001", "\"x,;\tz\"");
        CsvData csv = read(text, RAW);
        assertEquals(List.of("x,;\tz", "b"), csv.features());
        assertEquals(List.of("[1.0, 3.0] [2.0]", "[4.0, 6.0] [5.0]"), rows(csv));
        assertEquals(
                List.of("a,y"),
                List.of(String.join(
                                ",", read("a|y\n1|2\n3|4", RAW.separator('|')).features()) + ",y"));
    }

    @Test
    void readsWhatSpreadsheetsWrite() throws IOException {
        String text = "\ufeffa , \"y\"\r\n\"1\",\"no, \"\"never\"\"\"\r\n\r\n 2 ,two\nlines\r\n3,\"two\nlines\"\r\n";
        CsvData csv = read(text.replace("two\nlines\r\n3", "yes\r\n3"), RAW);
        assertEquals(List.of("a"), csv.features());
        assertEquals(
                List.of("no, \"never\"", "two\nlines", "yes"),
                csv.data().train().classes());
        assertEquals(List.of("[1.0] 0", "[2.0] 2", "[3.0] 1"), rows(csv));
        Files.write(folder.resolve("utf16.csv"), "\ufeffa,y\n1,2\n3,4\n".getBytes(StandardCharsets.UTF_16LE));
        assertEquals(List.of("[1.0] [2.0]", "[3.0] [4.0]"), rows(CsvData.read(folder.resolve("utf16.csv"), RAW)));
    }

    @Test
    void namesColumnsByTheirPlaceWithoutAHeader() throws IOException {
        CsvData csv = read(
                "1,2,cat\n3,4,dog\n",
                CsvOptions.target("2").withoutHeader().scaled(false).validation(0.5, 0));
        assertEquals(List.of("0", "1"), csv.features());
        assertEquals(List.of("[1.0, 2.0] 0", "[3.0, 4.0] 1"), rows(csv));
    }

    @Test
    void sortsClasses() throws IOException {
        String text = "a,y\n1,10\n2,9\n3,-1\n4,9\n";
        CsvData numbers = read(text, RAW.asClasses());
        assertEquals(List.of("-1", "9", "10"), numbers.data().train().classes());
        assertEquals(List.of("[1.0] 2", "[2.0] 1", "[3.0] 0", "[4.0] 1"), rows(numbers));
        CsvData labels = read(text.replace("-1", "B").replace("9", "a"), RAW);
        assertEquals(List.of("10", "B", "a"), labels.data().train().classes());
        CsvData given = read(text, RAW.classes(List.of("10", "9", "x", "-1")));
        assertEquals(List.of("[1.0] 0", "[2.0] 1", "[3.0] 3", "[4.0] 1"), rows(given));
        assertEquals(List.of(), read(text, RAW).data().train().classes(), "numbers are values");
    }

    @Test
    void scalesByTheTrainingPartAlone() throws IOException {
        StringBuilder text = new StringBuilder("a,b,y\n");
        for (int i = 0; i < 10; i++) {
            text.append(i * i).append(",5,").append(100 + i).append('\n');
        }
        CsvData csv = read(text.toString(), CsvOptions.target("y").validation(0.3, 1));
        List<Integer> train = IntStream.range(0, 7)
                .map(i -> (int) DatasetTest.target(csv.data().train(), i, 1)[0] - 100)
                .boxed()
                .toList();
        double mean = train.stream().mapToDouble(i -> i * i).average().orElseThrow();
        double std = Math.sqrt(train.stream()
                .mapToDouble(i -> (i * i - mean) * (i * i - mean))
                .average()
                .orElseThrow());
        Normalize scaling = csv.scaling().orElseThrow();
        assertEquals(mean, scaling.mean().get(0), 1e-12);
        assertEquals(std, scaling.std().get(0), 1e-12);
        assertEquals(
                List.of(5.0, 1.0), List.of(scaling.mean().get(1), scaling.std().get(1)), "constant");
        assertEquals(Optional.of(scaling), csv.data().validation().normalization());
        for (Dataset part : List.of(csv.data().train(), csv.data().validation())) {
            for (int i = 0; i < part.size(); i++) {
                double x = Math.pow(DatasetTest.target(part, i, 1)[0] - 100, 2);
                assertArrayEquals(new float[] {(float) ((x - mean) / std), 0}, DatasetTest.sample(part, i));
            }
        }
        assertEquals(Optional.empty(), csv.targetScaling(), "not unless asked");

        CsvData again =
                read(text.toString(), CsvOptions.target("y").validation(0.5, 2).scaling(scaling));
        assertEquals(Optional.of(scaling), again.scaling(), "given, not fitted");
    }

    @Test
    void scalesTargetsIfAskedAndUndoesIt() throws IOException {
        CsvData csv = read(
                "a,y,z\n1,1000,1\n2,3000,1\n",
                CsvOptions.target("y", "z").targetsScaled(true).validation(0.5, 0));
        Normalize scaling = csv.targetScaling().orElseThrow();
        assertEquals(1.0, scaling.std().get(0), "one row does not spread");
        CsvData two = CsvData.read(
                folder.resolve("data.csv"),
                folder.resolve("data.csv"),
                CsvOptions.target("y", "z").targetsScaled(true));
        assertArrayEquals(new float[] {-1, 0}, DatasetTest.target(two.data().train(), 0, 2));
        assertArrayEquals(new float[] {1, 0}, DatasetTest.target(two.data().validation(), 1, 2));
        assertEquals(3000, two.targetScaling().orElseThrow().undo(0, 1));
    }

    @Test
    void keepsASmallSpreadFarFromZero() throws IOException {
        // In float, times of this century in seconds are the same for 128 seconds.
        CsvData csv = CsvData.read(
                write("data.csv", "time,y\n1700000001,1\n1700000003,2\n"),
                folder.resolve("data.csv"),
                CsvOptions.target("y"));
        assertArrayEquals(new float[] {-1}, DatasetTest.sample(csv.data().train(), 0));
        assertArrayEquals(new float[] {1}, DatasetTest.sample(csv.data().train(), 1));
    }

    @Test
    void takesValidationFromAFileOfItsOwn() throws IOException {
        Path train = write("train.csv", "a,b,y\n1,2,red\n3,4,blue\n");
        Path validation = write("validation.csv", "y,other,b,a\nred,x,20,10\n");
        CsvData csv = CsvData.read(train, validation, CsvOptions.target("y").scaled(false));
        assertEquals("[10.0, 20.0] 1", row(csv.data().validation(), 0));
        write("validation.csv", "y,b,a\nred,1,2\ngreen,20,10\n");
        assertEquals(
                validation + ": line 3, column 'y': must be one of the classes blue, red, but was 'green'",
                assertThrows(IOException.class, () -> CsvData.read(train, validation, CsvOptions.target("y")))
                        .getMessage());
    }

    @Test
    void splitsBySeedAndKeepsTheShareOfEachClass() throws IOException {
        StringBuilder text = new StringBuilder("a,y\n");
        for (int i = 0; i < 100; i++) {
            text.append(i).append(i < 90 ? ",common\n" : ",rare\n");
        }
        CsvOptions options = CsvOptions.target("y").scaled(false);
        DataSets data = read(text.toString(), options).data();
        assertEquals(80, data.train().size());
        assertEquals(
                2,
                IntStream.range(0, 20)
                        .filter(i -> data.validation().label(i) == 1)
                        .count());
        assertEquals(
                rows(data.validation()),
                rows(read(text.toString(), options).data().validation()));
        DataSets other = read(text.toString(), options.validation(0.2, 1)).data();
        assertTrue(!rows(data.validation()).equals(rows(other.validation())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                     | is empty",
                "'a,y~'                 | has no rows after the names of the columns",
                "'a,y~1,2'              | must have at least 2 rows, one for training and one for validation, but has 1",
                "'y~1~2'                | must have at least 1 column besides y",
                "'a,b~1,2~3,4'          | has no column 'y': its columns are a, b",
                "'a,a,y~1,2,3~1,2,3'    | the names of columns must differ, but two are 'a'",
                "'a,y~1,2~~3,4,5~6,7'   | line 4: has 3 fields, but the first line has 2",
                "'a,y~1,2~3'            | line 3: has 1 fields, but the first line has 2",
                "'a,y~1,2~red,3'        | line 3, column 'a': must be a number, but was 'red': write numbers instead, or leave the column out",
                "'a;y~1;2~1,5;3'        | line 3, column 'a': must be a number, but was '1,5': write a point instead of the comma",
                "'a,y~1,2~,3'           | line 3, column 'a': the value is missing: fill it in, or leave the row or the column out",
                "'a,y~1,2~5,NaN'        | line 3, column 'y': the value is missing ('NaN'): fill it in, or leave the row or the column out",
                "'a,y~1,2~5,n/a'        | line 3, column 'y': the value is missing ('n/a'): fill it in, or leave the row or the column out",
                "'a,y~1,2~1e39,3'       | line 3, column 'a': must be in the range of float32, but was 1e39",
                "'a,y~1,2~inf,3'        | line 3, column 'a': must be a number, but was 'inf': write numbers instead, or leave the column out",
                "'a,y~1,2~0x1p3,3'      | line 3, column 'a': must be a number, but was '0x1p3': write numbers instead, or leave the column out",
                "'a,y~1,red~2,red'      | column 'y' must have at least 2 classes, but all are 'red'",
            })
    void saysWhereAFileIsWrong(String text, String message) throws IOException {
        Path file = write("bad.csv", text.replace('~', '\n'));
        assertEquals(
                file + ": " + message,
                assertThrows(IOException.class, () -> CsvData.read(file, CsvOptions.target("y")))
                        .getMessage());
    }

    @Test
    void saysWhatElseIsWrong() throws IOException {
        Path missing = folder.resolve("no.csv");
        assertEquals(
                "no file " + missing,
                assertThrows(IOException.class, () -> CsvData.read(missing, RAW))
                        .getMessage());
        assertEquals(
                folder + " must be a CSV file, but is a folder",
                assertThrows(IOException.class, () -> CsvData.read(folder, RAW)).getMessage());
        Path words = write("words.csv", "a,y\n1,2\n3,red\n");
        assertEquals(
                words
                        + ": line 3, column 'y': must be a number, but was 'red': write numbers instead, or leave the column out",
                assertThrows(IOException.class, () -> CsvData.read(words, RAW.asValues()))
                        .getMessage());
        Path quoted = write("quoted.csv", "a,y\n1,\"2\" x\n3,4\n");
        String why = String.valueOf(
                assertThrows(IOException.class, () -> CsvData.read(quoted, RAW)).getMessage());
        assertTrue(why.startsWith(quoted + ": is not a valid CSV file: "), why);
        assertEquals(
                "classes must be in 1 target column, but were to be in [y, z]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> CsvOptions.target("y", "z").asClasses())
                        .getMessage());
        assertEquals(
                "targets must name at least 1 column, but were empty",
                assertThrows(IllegalArgumentException.class, () -> CsvOptions.target())
                        .getMessage());
        assertEquals(
                "fraction must be > 0 and < 1, but was 1.0",
                assertThrows(IllegalArgumentException.class, () -> RAW.validation(1, 0))
                        .getMessage());
    }

    private CsvData read(String text, CsvOptions options) throws IOException {
        return CsvData.read(write("data.csv", text), options);
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    /** All rows of both parts, sorted. */
    private static List<String> rows(CsvData csv) {
        return java.util.stream.Stream.of(csv.data().train(), csv.data().validation())
                .flatMap(part -> rows(part).stream())
                .sorted()
                .toList();
    }

    private static List<String> rows(Dataset data) {
        return IntStream.range(0, data.size()).mapToObj(i -> row(data, i)).toList();
    }

    private static String row(Dataset data, int index) {
        return Arrays.toString(DatasetTest.sample(data, index)) + " "
                + (data.targetShape().length == 0
                        ? Integer.toString(data.label(index))
                        : Arrays.toString(DatasetTest.target(data, index, (int) data.targetShape()[0])));
    }
}
