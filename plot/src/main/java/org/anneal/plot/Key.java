package org.anneal.plot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which curves are told apart, and how. A curve is known by its label: where several panels have one of the same label, it
 * looks the same in each and stands in the legend once.
 */
final class Key {
    /**
     * What tells a curve from the others.
     *
     * @param series the first curve of this kind
     * @param colour a number, counted over the chart
     * @param dash a number, counted within a panel
     */
    record Entry(Series series, int colour, int dash) {}

    /** A label, and how often the panel has had it before. */
    private record Name(String label, int nth) {}

    private final List<Entry> entries = new ArrayList<>();
    private final List<List<Entry>> ofPanels = new ArrayList<>();
    private final boolean saidByTitle;

    Key(Chart chart) {
        Map<Name, Entry> known = new HashMap<>();
        for (Panel panel : chart.panels()) {
            List<Entry> ofPanel = new ArrayList<>();
            Map<String, Integer> seen = new HashMap<>();
            for (Series series : panel.series()) {
                Name name = new Name(series.label(), seen.merge(series.label(), 1, Integer::sum));
                Entry entry = Optional.ofNullable(known.get(name))
                        .orElseGet(() -> new Entry(series, entries.size(), ofPanel.size()));
                if (known.putIfAbsent(name, entry) == null) {
                    entries.add(entry);
                }
                ofPanel.add(entry);
            }
            ofPanels.add(ofPanel);
        }
        String only = entries.size() == 1 ? entries.get(0).series().label() : " ";
        saidByTitle = only.isEmpty() || only.equals(chart.title());
    }

    /** {@return what a legend has to show: nothing, if there is one curve and the title says what it is} */
    List<Entry> legend() {
        return saidByTitle ? List.of() : entries();
    }

    /** {@return the curves that are told apart} */
    List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** {@return how the curves of a panel look} */
    List<Entry> panel(int panel) {
        return ofPanels.get(panel);
    }
}
