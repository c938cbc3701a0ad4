package org.anneal.plot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which curves are told apart, and how. A curve is known by its label: where several panels have one of the same label, it
 * looks the same in each and stands in the legend once.
 */
final class Key {
    private static final String NOT_SHOWN = " (0 or less is not on a log axis)";

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

    private final Chart chart;
    private final List<Entry> entries = new ArrayList<>();
    private final List<List<Entry>> ofPanels = new ArrayList<>();
    private final List<Entry> legend;

    Key(Chart chart) {
        this.chart = chart;
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
        legend = entries.stream()
                .filter(entry -> isCutOff(entry) || !saidElsewhere(entry))
                .toList();
    }

    /** Whether a curve is alone wherever it is, and the chart's title or the panel's axis says what it is. */
    private boolean saidElsewhere(Entry entry) {
        String label = entry.series().label();
        return IntStream.range(0, ofPanels.size())
                .filter(i -> ofPanels.get(i).contains(entry))
                .allMatch(i -> ofPanels.get(i).size() == 1
                        && (label.isBlank()
                                || label.equals(chart.title())
                                || label.equals(chart.panels().get(i).yLabel())));
    }

    /** Whether a logarithmic axis has no place for some of a curve's values. */
    private boolean isCutOff(Entry entry) {
        return IntStream.range(0, ofPanels.size())
                .filter(i -> chart.panels().get(i).log() && ofPanels.get(i).contains(entry))
                .anyMatch(i -> chart.panels()
                        .get(i)
                        .series()
                        .get(ofPanels.get(i).indexOf(entry))
                        .hasZeroOrLess());
    }

    /** {@return what the legend says of a curve} */
    String text(Entry entry) {
        return isCutOff(entry)
                ? (entry.series().label() + NOT_SHOWN).strip()
                : entry.series().label();
    }

    /** {@return what a legend has to show} */
    List<Entry> legend() {
        return legend;
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
