package org.anneal.schedule;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;
import org.anneal.text.Python;

/** The state of OneCycleLR, with its phases; its rates and momenta are in the param groups. */
final class OneCycleForm extends StateForm<OneCycleLR> {

    @Override
    protected void write(OneCycleLR schedule, StateEntries entries) {
        double rise = schedule.pctStart() * schedule.totalSteps() - 1;
        long end = schedule.totalSteps() - 1;
        List<Map<String, Object>> phases = new ArrayList<>();
        phases.add(phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"));
        if (schedule.threePhase()) {
            double fall = 2 * schedule.pctStart() * schedule.totalSteps() - 2;
            phases.add(phase(fall, "max_lr", "initial_lr", "base_momentum", "max_momentum"));
            phases.add(phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"));
        } else {
            phases.add(phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum"));
        }
        entries.fixed("total_steps", schedule.totalSteps())
                .fixed("_schedule_phases", phases)
                .fixedIfThere("_anneal_func_type", Python.lower(schedule.annealStrategy()))
                .fixed("cycle_momentum", schedule.cycleMomentum());
        if (schedule.cycleMomentum()) {
            entries.kept("use_beta1", entries.run().betas());
        }
        double div = schedule.divFactor();
        entries.counts(entries.perGroup(schedule.maxLr()).stream()
                .map(max -> max / div)
                .toList());
    }

    private static Map<String, Object> phase(
            Number end, String startLr, String endLr, String startMomentum, String endMomentum) {
        Map<String, Object> phase = new LinkedHashMap<>();
        phase.put("end_step", end);
        phase.put("start_lr", startLr);
        phase.put("end_lr", endLr);
        phase.put("start_momentum", startMomentum);
        phase.put("end_momentum", endMomentum);
        return phase;
    }

    @Override
    public Map<String, Object> groupEntries(OneCycleLR schedule, boolean first) {
        double max = schedule.maxLr().get(0);
        double initial = max / schedule.divFactor();
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("initial_lr", initial);
        entries.put("max_lr", max);
        entries.put("min_lr", initial / schedule.finalDivFactor());
        if (schedule.cycleMomentum()) {
            entries.put("max_momentum", schedule.maxMomentum().get(0));
            entries.put("base_momentum", schedule.baseMomentum().get(0));
        }
        return entries;
    }

    @Override
    protected List<String> needed() {
        return List.of("total_steps", "_schedule_phases", "cycle_momentum");
    }

    @Override
    protected List<String> more() {
        return List.of("use_beta1", "_anneal_func_type", "anneal_func");
    }

    @Override
    protected void read(SavedCall call) {
        boolean momentum = Boolean.TRUE.equals(call.value("cycle_momentum"));
        List<Double> initial = call.numbers("base_lrs");
        boolean inGroups = call.inGroups("max_lr", "min_lr")
                && (!momentum || call.inGroups("max_momentum", "base_momentum"))
                && (!call.inGroups("initial_lr") || initial.equals(call.groups("initial_lr")));
        if (inGroups) {
            List<Double> max = call.groups("max_lr");
            call.perGroup("max_lr", max);
            divisor(call, "div_factor", 25, max, initial);
            divisor(call, "final_div_factor", 1e4, initial, call.groups("min_lr"));
            if (momentum) {
                call.perGroup("base_momentum", call.groups("base_momentum"));
                call.perGroup("max_momentum", call.groups("max_momentum"));
            }
        } else {
            call.gap(
                    "max_lr",
                    "MAX_LR",
                    "MAX_LR is saved in the optimizer's param_groups, like the factors and momenta");
        }
        call.take("total_steps");
        double total = call.number("total_steps");
        List<Double> ends = ends(call);
        boolean three = ends.size() == 3;
        double pct = SavedCall.decimal(
                        (ends.get(0) + 1) / total,
                        part -> part * total - 1 == ends.get(0) && (!three || 2 * part * total - 2 == ends.get(1)))
                .orElseThrow(() -> call.wrong("_schedule_phases", "phases that follow from a pct_start"));
        call.argument("pct_start", pct);
        call.strategy("_anneal_func_type");
        call.truth("cycle_momentum");
        call.argument("three_phase", three);
    }

    private static List<Double> ends(SavedCall call) {
        List<Double> ends = new ArrayList<>();
        if (call.value("_schedule_phases") instanceof List<?> phases && (phases.size() == 2 || phases.size() == 3)) {
            for (Object phase : phases) {
                ends.add(phase instanceof Map<?, ?> dict ? SavedCall.number(dict, "end_step") : Double.NaN);
            }
            return ends;
        }
        throw call.wrong("_schedule_phases", "a list of 2 or 3 phases");
    }

    /** Adds the argument by which {@code wholes} were divided to give {@code parts}. */
    private static void divisor(SavedCall call, String name, double usual, List<Double> wholes, List<Double> parts) {
        double near = IntStream.range(0, parts.size())
                .filter(i -> parts.get(i) != 0)
                .mapToDouble(i -> wholes.get(i) / parts.get(i))
                .findFirst()
                .orElse(usual);
        DoublePredicate fits =
                factor -> IntStream.range(0, parts.size()).allMatch(i -> wholes.get(i) / factor == parts.get(i));
        double factor = fits.test(usual)
                ? usual
                : SavedCall.decimal(near, fits)
                        .orElseThrow(() -> new IllegalArgumentException(name
                                + " must be the same for all groups, but no number divides " + wholes + " into "
                                + parts));
        call.argument(name, factor);
    }
}
