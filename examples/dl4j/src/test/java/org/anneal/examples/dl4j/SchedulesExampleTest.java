package org.anneal.examples.dl4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulesExampleTest {
    @Test
    void trainsUnderEachScheduleAndDrawsThem(@TempDir Path folder) throws IOException {
        SchedulesExample.main(new String[] {"1000", "3", folder.toString()});
        for (String run : List.of("fixed", "one-cycle", "plateau")) {
            List<String> epochs = Files.readAllLines(folder.resolve(run).resolve("metrics.csv"));
            assertEquals(4, epochs.size());
            double accuracy = Double.parseDouble(epochs.get(3).split(",", -1)[5]);
            assertTrue(accuracy > 0.6, epochs.toString());
        }
        assertNotNull(ImageIO.read(folder.resolve("schedules.png").toFile()));
    }
}
