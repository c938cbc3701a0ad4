package org.anneal.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.anneal.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvRegressionExampleTest {
    @TempDir
    Path folder;

    @Test
    void learnsAFunctionOfTheColumns() throws Exception {
        Torch.setNumThreads(1);
        Random random = new Random(0);
        StringBuilder csv = new StringBuilder("a,b,y\n");
        for (int i = 0; i < 500; i++) {
            double a = random.nextDouble();
            double b = 100 * random.nextDouble();
            csv.append(a)
                    .append(',')
                    .append(b)
                    .append(',')
                    .append(Math.sin(3 * a) + b / 100)
                    .append('\n');
        }
        Path file = Files.writeString(folder.resolve("data.csv"), csv);
        List<String> lines = Output.of(CsvRegressionExample.class, file.toString(), "y");
        assertEquals(20, lines.size());
        String mae = lines.get(19).replaceAll(".*Val MAE: ([0-9.]+),.*", "$1");
        assertTrue(Double.parseDouble(mae) < 0.05, lines.get(19)); // y spreads over 2
    }
}
