package org.anneal.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.text.Peer;
import org.junit.jupiter.api.Test;

/** docs/text.md tells what the schedules of other libraries are here. */
class NamesPageTest {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final List<String> OF_A_LIST = List.of("SGDRDecay", "PiecewiseConstant"); // names in a config only

    private static List<String> rows() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "text.md"));
        int start = page.indexOf("| there | here |");
        return page.substring(start, page.indexOf("\n\n", start))
                .lines()
                .skip(2)
                .toList();
    }

    @Test
    void isWhatTheTextsAreReadAs() throws IOException {
        for (String row : rows()) {
            String[] cells = row.split(" \\| ", -1);
            if (row.contains("...")) {
                continue; // tells of several at once
            }
            String here = cells[1].replaceAll("^`|` \\|$", "");
            for (String there :
                    CODE.matcher(cells[0]).results().map(each -> each.group(1)).toList()) {
                assertEquals(here, Policy.parse(there, new RunLength(100, 10)).toString(), there);
            }
        }
    }

    @Test
    void hasEveryName() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "text.md"));
        for (Peer peer : Libraries.ALL) {
            String name = peer.name().replaceAll("^(Constant|Linear|MultiStep|Polynomial)WithWarmup", "...WithWarmup");
            boolean named = name.equals("AdafactorSchedule")
                    || name.equals("Seq2SeqTrainingArguments")
                    || OF_A_LIST.contains(name);
            assertTrue(named || page.contains(name + "(") || page.contains("`" + name + "`"), peer.name());
        }
    }
}
