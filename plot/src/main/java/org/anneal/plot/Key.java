package org.anneal.plot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How the curves of a chart look. A curve is known by its label: curves with the same label in several panels look the same
 * and share one entry of the legend. So do those with one
 * label and a colour of their own.
 */
final class Key {
    private static final String NOT_SHOWN = " (0 or less is not on a log axis)";

    /**
     * How a curve looks.
     *
     * @param series the first curve with this look
     * @param colour a number, counted over the chart
     * @param dash a number, counted within a panel
     */
    record Entry(Series series, int colour, int dash) {}

    /** A label, and a curve's own colour, or how often the label occurs so far in the panel, below 0. */
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
                Name name = new Name(
                        series.label(), series.colour().orElseGet(() -> -seen.merge(series.label(), 1, Integer::sum)));
                Entry entry = Optional.ofNullable(known.get(name))
                        .orElseGet(() -> series.colour()
                                .map(own -> new Entry(series, own, 0))
                                .orElseGet(() -> new Entry(series, entries.size(), ofPanel.size())));
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

    /** {@return whether a curve is alone in each of its panels, and the chart's title or the axis already names it} */
    private boolean saidElsewhere(Entry entry) {
        String label = entry.series().label();
        return IntStream.range(0, ofPanels.size())
                .filter(i -> ofPanels.get(i).contains(entry))
                .allMatch(i -> ofPanels.get(i).size() == 1
                        && (label.isBlank()
                                || label.equals(chart.title())
                                || label.equals(chart.panels().get(i).yLabel())));
    }

    /** {@return whether some of a curve's values cannot be shown on a logarithmic axis} */
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

    /** {@return the legend's entries} */
    List<Entry> legend() {
        return legend;
    }

    /** {@return the curves that look different} */
    List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** {@return how the curves of a panel look} */
    List<Entry> panel(int panel) {
        return ofPanels.get(panel);
    }
}
