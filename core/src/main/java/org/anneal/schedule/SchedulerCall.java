package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.anneal.peer.Libraries;
import org.anneal.text.Check;
import org.anneal.text.Context;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.Peer;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;

/**
 * All that a pasted piece of Python says about a schedule.
 *
 * @param policy the schedule, or the plateau
 * @param lastEpoch PyTorch's {@code last_epoch}, at least -1: the runner starts at counter {@code lastEpoch + 1}
 * @param notes what was dropped from the text, a sentence each
 * @param stepPer what the schedule is stepped after, if the text says it, as Lightning's {@code 'interval': 'step'} does
 */
public record SchedulerCall(Policy policy, long lastEpoch, List<String> notes, Optional<StepPer> stepPer) {

    private static final String LAST_EPOCH = "last_epoch";

    public SchedulerCall {
        Objects.requireNonNull(policy, "policy");
        Check.atLeast(-1, "last_epoch", lastEpoch);
        notes = Check.list("notes", notes);
        Objects.requireNonNull(stepPer, "stepPer");
    }

    /** Makes a call that does not say what the schedule is stepped after. */
    public SchedulerCall(Policy policy, long lastEpoch, List<String> notes) {
        this(policy, lastEpoch, notes, Optional.empty());
    }

    /**
     * Reads the schedule that a piece of a Python program makes: {@code scheduler = optim.lr_scheduler.StepLR(optimizer, 30)}.
     *
     * @throws PythonSyntaxException if {@code text} makes none, or one with a value that is out of range
     * @throws org.anneal.text.UnknownNamesException if it needs names that {@code text} does not define
     */
    public static SchedulerCall parse(String text) {
        return parse(text, Context.EMPTY);
    }

    /**
     * Reads the schedule that a piece of a Python program makes, in its surroundings. If it makes several, it is the last, or
     * the one that the context picks.
     *
     * @throws PythonSyntaxException if {@code text} makes none, or one with a value that is out of range
     * @throws org.anneal.text.UnknownNamesException if it needs names that neither {@code text} nor {@code context} defines
     */
    public static SchedulerCall parse(String text, Context context) {
        return of(PythonProgram.read(text, context));
    }

    /** Reads the schedule that {@code program} makes, as {@link #parse(String, Context)} does. */
    public static SchedulerCall of(PythonProgram program) {
        SchedulerCall read = of(meant(program));
        return new SchedulerCall(read.policy, read.lastEpoch, program.notes(), stepPer(program));
    }

    /**
     * {@return what the schedule of {@code program} is stepped after, if it says it} It can be told before the schedule is
     * read, whose lengths may depend on it.
     */
    public static Optional<StepPer> stepPer(PythonProgram program) {
        PythonCall meant = meant(program);
        return program.besides(meant, "interval")
                .or(() -> peer(meant).flatMap(peer -> peer.interval(peer.bind(meant))))
                .map(interval -> interval.equals("step") ? StepPer.BATCH : StepPer.EPOCH);
    }

    /** {@return the call of {@code program} that makes its schedule} */
    public static PythonCall meant(PythonProgram program) {
        return Objects.requireNonNull(program, "program").meant("schedule", names());
    }

    /** {@return whether a name is that of a schedule, here or in another library; jars are opened at the first unknown one} */
    public static Predicate<String> names() {
        Map<String, Boolean> found = new ConcurrentHashMap<>();
        return name -> found.computeIfAbsent(
                name,
                any -> Libraries.NAMES.contains(name)
                        || Policy.kind(name).isPresent()
                        || Kinds.allPeers().stream()
                                .anyMatch(peer -> peer.name().equals(name)));
    }

    /** {@return what this is a call of in another library; without its module, a kind of the same name comes first} */
    private static Optional<Peer> peer(PythonCall call) {
        boolean bare = Policy.kind(call.simpleName()).isEmpty();
        Optional<Peer> own = call.peer(Libraries.ALL, bare);
        return own.isPresent() || !bare ? own : call.peer(Kinds.allPeers(), true);
    }

    /**
     * Reads PyTorch's constructor call, whose lengths may be in units of the run: {@code 30ep}, {@code 500st},
     * {@code 10%}.
     *
     * @throws PythonSyntaxException if {@code text} is not such a call, or has a value out of range
     */
    public static SchedulerCall parse(String text, RunLength runLength) {
        return parse(text, Objects.requireNonNull(runLength, "runLength").context());
    }

    /**
     * Reads PyTorch's constructor call, whose lengths may be in units of a run with unknown epochs:
     * {@code 500st}, {@code 10%}.
     *
     * @param steps steps of the schedule in the run, at least 1
     * @throws PythonSyntaxException if {@code text} is not such a call, or has a value out of range
     */
    public static SchedulerCall parse(String text, long steps) {
        return parse(text, RunLength.contextOf(steps));
    }

    /**
     * Reads one call.
     *
     * @throws PythonSyntaxException if it makes no schedule, or one with a value that is out of range
     */
    public static SchedulerCall of(PythonCall call) {
        Optional<Peer> peer = peer(Objects.requireNonNull(call, "call"));
        return peer.isPresent() ? of(peer.get(), call) : ofKind(call);
    }

    private static SchedulerCall of(Peer peer, PythonCall call) {
        PythonCall.Arguments arguments = peer.bind(call);
        Policy policy = (Policy) peer.read(arguments);
        return new SchedulerCall(policy, arguments.has(LAST_EPOCH) ? arguments.integer(LAST_EPOCH) : -1, call.notes());
    }

    private static SchedulerCall ofKind(PythonCall call) {
        if (Libraries.ROOTS.contains(call.root())
                && Policy.kind(call.simpleName()).isEmpty()) {
            throw call.unknown("schedule", peers(call.root()));
        }
        Kind<?> kind = Policy.kind(call.name())
                .orElseThrow(() -> call.unknown(
                        "schedule", Policy.kinds().stream().map(Kind::name).toList(), peers("")));
        boolean resumes = kind.takesOptimizer() && Schedule.class.isAssignableFrom(kind.type());
        List<String> parameters = new ArrayList<>(kind.signature());
        if (resumes) {
            parameters.add(LAST_EPOCH + "=");
        }
        if (kind.takesOptimizer() && !parameters.contains("verbose=")) {
            parameters.add("verbose="); // until torch 2.7
        }
        boolean leads =
                kind.takesOptimizer() || kind.module().isPresent(); // an operator begins with a schedule instead
        PythonCall.Arguments arguments = call.bind(leads ? "optimizer" : "", parameters.toArray(String[]::new));
        return arguments.build(() -> {
            Policy policy = (Policy) kind.read(arguments);
            if (arguments.has("verbose")) {
                call.note("verbose was dropped: it only prints, and PyTorch no longer has it");
            }
            return new SchedulerCall(policy, resumes ? arguments.integer(LAST_EPOCH, -1) : -1, call.notes());
        });
    }

    /** {@return the names in the modules that begin with {@code root}, or in all} */
    private static List<String> peers(String root) {
        return Stream.concat(Libraries.ALL.stream(), Kinds.allPeers().stream())
                .filter(peer -> root.isEmpty() || peer.roots().contains(root))
                .map(Peer::name)
                .toList();
    }
}
