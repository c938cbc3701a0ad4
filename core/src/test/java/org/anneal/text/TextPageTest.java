package org.anneal.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** docs/text.md lists the functions that there are. */
class TextPageTest {

    @Test
    void listsEachFunctionUnderItsModule() throws IOException {
        Map<String, List<String>> byModule = new TreeMap<>();
        for (String path : PythonFunction.ALL.keySet()) {
            int dot = path.indexOf('.');
            byModule.computeIfAbsent(path.substring(0, Math.max(0, dot)), any -> new ArrayList<>())
                    .add(path.substring(dot + 1));
        }
        List<String> expected = new ArrayList<>();
        byModule.forEach((module, names) -> {
            String shown = module.isEmpty() ? "Python" : module.equals("np") ? "`np`, `numpy`" : "`" + module + "`";
            expected.add("| " + shown + " | `" + String.join(" ", names) + "` |");
        });
        List<String> lines = Files.readAllLines(Path.of("..", "docs", "text.md"));
        int table = lines.indexOf("| module | functions and constants |");
        assertEquals(expected, lines.subList(table + 2, table + 2 + expected.size()));
    }
}
