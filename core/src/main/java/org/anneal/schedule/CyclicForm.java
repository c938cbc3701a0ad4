package org.anneal.schedule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.text.Python;

/** The state of CyclicLR, with the sum and the ratio of its two step sizes, and only the attributes of a scale function. */
final class CyclicForm extends StateForm<CyclicLR> {
    private static final double CLOSE = 1e-6; // relative; a custom scale function differs by more

    @Override
    protected void write(CyclicLR schedule, StateEntries entries) {
        double size = schedule.stepSizeUp() + schedule.stepSizeDown();
        entries.fixed("max_lrs", entries.perGroup(schedule.maxLr()))
                .fixed("total_size", size)
                .fixed("step_ratio", schedule.stepSizeUp() / size);
        if (schedule.scaleFn().isPresent()) {
            entries.kept("mode", Python.lower(schedule.mode()))
                    .kept("gamma", schedule.gamma())
                    .fixed("scale_mode", Python.lower(schedule.scaleMode()));
        } else {
            entries.fixed("mode", Python.lower(schedule.mode()))
                    .fixed("gamma", schedule.gamma())
                    .fixed("scale_mode", scaleMode(Python.lower(schedule.mode())));
        }
        entries.fixed("cycle_momentum", schedule.cycleMomentum());
        if (schedule.cycleMomentum()) {
            entries.kept("use_beta1", entries.run().betas())
                    .fixed("base_momentums", entries.perGroup(schedule.baseMomentum()))
                    .fixed("max_momentums", entries.perGroup(schedule.maxMomentum()));
        }
        entries.counts(entries.perGroup(schedule.baseLr())).kept("_scale_fn_custom", Optional.empty());
    }

    private static String scaleMode(Object mode) {
        return mode.equals("exp_range") ? "iterations" : "cycle";
    }

    @Override
    public Map<String, Object> groupEntries(CyclicLR schedule, boolean first) {
        Map<String, Object> entries = new LinkedHashMap<>();
        if (first) {
            entries.put("initial_lr", schedule.baseLr().get(0));
        }
        if (schedule.cycleMomentum()) {
            entries.put("max_momentum", schedule.maxMomentum().get(0));
            entries.put("base_momentum", schedule.baseMomentum().get(0));
        }
        return entries;
    }

    @Override
    protected List<String> needed() {
        return List.of("max_lrs", "total_size", "step_ratio", "mode", "gamma", "scale_mode", "cycle_momentum");
    }

    @Override
    protected List<String> more() {
        return List.of("base_momentums", "max_momentums", "scale_fn", "use_beta1", "_scale_fn_custom", "_scale_fn_ref");
    }

    @Override
    protected void read(SavedCall call) {
        call.perGroup("base_lr", call.numbers("base_lrs"));
        call.perGroup("max_lr", call.numbers("max_lrs"));
        double total = call.number("total_size");
        double ratio = call.number("step_ratio");
        List<Double> sizes = SavedCall.decimals(ratio * total)
                .filter(up -> up / total == ratio)
                .boxed()
                .flatMap(up -> SavedCall.decimal(total - up, down -> up + down == total).stream()
                        .mapToObj(down -> List.of(up, down)))
                .findFirst()
                .orElseThrow(() -> call.wrong("total_size", "the sum of two step sizes with the ratio step_ratio"));
        call.argument("step_size_up", sizes.get(0));
        call.argument("step_size_down", sizes.get(1));
        boolean momentum = call.truth("cycle_momentum");
        if (momentum) {
            call.perGroup("base_momentum", call.numbers("base_momentums"));
            call.perGroup("max_momentum", call.numbers("max_momentums"));
        }
        Object mode = call.value("mode");
        boolean known = Stream.of(CyclicLR.Mode.values())
                .anyMatch(each -> Python.lower(each).equals(mode));
        boolean own = !known
                || call.value("_scale_fn_custom") instanceof Map<?, ?>
                || !call.value("scale_mode").equals(scaleMode(mode));
        if (!own) {
            call.take("mode");
            call.take("gamma");
            own = !explainsRates(call);
        }
        if (own) {
            call.drop("mode", "gamma");
            call.gap("scale_fn", "SCALE_FN", "SCALE_FN is the scale function, which PyTorch does not save");
            call.take("scale_mode");
        }
    }

    /** {@return whether the arguments so far give the rates in force} If not, there is a plain function, which is not saved. */
    private static boolean explainsRates(SavedCall call) {
        Optional<Long> step = SavedCall.steps(call.state());
        if (step.isEmpty() || !call.state().containsKey("_last_lr")) {
            return true;
        }
        List<Double> rates = call.numbers("_last_lr");
        CyclicLR schedule = (CyclicLR) Policy.parse(call.text("CyclicLR"));
        return IntStream.range(0, rates.size()).allMatch(i -> {
            double expected = schedule.forGroup(i, rates.size()).next(step.get(), 0, 0);
            return Math.abs(expected - rates.get(i)) <= CLOSE * Math.abs(expected);
        });
    }
}
