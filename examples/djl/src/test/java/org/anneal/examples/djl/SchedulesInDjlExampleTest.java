package org.anneal.examples.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulesInDjlExampleTest {
    @TempDir
    private Path runs;

    @Test
    void trainsUnderThreeSchedulesAndDrawsThem() throws Exception {
        String images = "../../samples/src/main/resources/org/anneal/samples/fashion-mnist";
        SchedulesInDjlExample.main(new String[] {runs.toString(), images, "2", "640"});
        for (String name : List.of("fixed", "one-cycle", "plateau")) {
            List<String> table = Files.readAllLines(runs.resolve(name).resolve("metrics.csv"));
            assertEquals(3, table.size());
            int column = List.of(table.get(0).split(",", -1)).indexOf("val_accuracy");
            double accuracy = Double.parseDouble(table.get(2).split(",", -1)[column]);
            assertTrue(accuracy > 0.3, name + " " + accuracy); // a guess is 0.1
        }
        assertTrue(ImageIO.read(runs.resolve("schedules.png").toFile()).getWidth() > 500);
    }
}
