package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.sweep.Asha.Promotion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AshaTest {

    /** Algorithm 2 of arXiv 1810.05934 as it is printed: each rung is sorted anew for every job. */
    private static final class Paper {
        final int top; // floor(log_eta(R / r)) - s
        final int eta;
        final List<Map<Integer, Double>> rungs = new ArrayList<>();
        final List<Set<Integer>> promoted = new ArrayList<>();
        int drawn;

        Paper(int rungs, int eta) {
            this.top = rungs - 1;
            this.eta = eta;
            for (int i = 0; i < rungs; i++) {
                this.rungs.add(new HashMap<>());
                promoted.add(new HashSet<>());
            }
        }

        Promotion getJob() {
            for (int k = top - 1; k >= 0; k--) {
                Map<Integer, Double> rung = rungs.get(k);
                List<Integer> candidates = rung.keySet().stream()
                        .sorted(Comparator.<Integer>comparingDouble(rung::get).thenComparing(trial -> trial))
                        .limit(rung.size() / eta)
                        .toList();
                for (int trial : candidates) {
                    if (promoted.get(k).add(trial)) {
                        return new Promotion(trial, k + 1);
                    }
                }
            }
            return new Promotion(drawn++, 0);
        }
    }

    /** 1,000 random tables of losses: workers take jobs and finish them in a random order, as the paper's would. */
    @Test
    void promotesAsTheAlgorithmOfThePaperDoes() {
        int promotions = 0;
        for (int table = 0; table < 1_000; table++) {
            Random random = new Random(table);
            int eta = 2 + random.nextInt(3);
            int rungs = 1 + random.nextInt(4);
            int workers = 1 + random.nextInt(9);
            boolean ties = random.nextInt(4) == 0;
            Paper paper = new Paper(rungs, eta);
            Asha asha = new Asha(rungs, eta, Mode.MIN);
            int drawn = 0;
            List<Promotion> running = new ArrayList<>();
            for (int job = 0; job < 150; job++) {
                Promotion expected = paper.getJob();
                Optional<Promotion> promotion = asha.promote();
                promotions += promotion.isPresent() ? 1 : 0;
                Promotion actual = promotion.isPresent() ? promotion.get() : new Promotion(drawn++, 0);
                assertEquals(expected, actual, "table " + table + ", job " + job);
                running.add(actual);
                if (running.size() == workers) {
                    Promotion done = running.remove(random.nextInt(workers));
                    double loss = ties ? random.nextInt(5) : random.nextDouble();
                    paper.rungs.get(done.rung()).put(done.trial(), loss);
                    asha.report(done.trial(), done.rung(), loss);
                }
            }
        }
        assertTrue(promotions > 20_000, "promotions: " + promotions);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 60})
    void aSweepThatGoesOnPromotesAsIfItHadNotStopped(int stop) {
        Random random = new Random(stop);
        Asha whole = new Asha(3, 3, Mode.MAX);
        record Event(Promotion job, double value) {}
        List<Event> done = new ArrayList<>();
        List<Promotion> promoted = new ArrayList<>();
        for (int trial = 0; trial < stop; trial++) {
            Promotion job = whole.promote().orElse(new Promotion(trial, 0));
            if (job.rung() > 0) {
                promoted.add(job);
            }
            double value = random.nextDouble();
            whole.report(job.trial(), job.rung(), value);
            done.add(new Event(job, value));
        }
        Asha again = new Asha(3, 3, Mode.MAX);
        promoted.forEach(each -> again.promoted(each.trial(), each.rung() - 1));
        done.forEach(each -> again.report(each.job().trial(), each.job().rung(), each.value()));
        for (int trial = 1_000; trial < 1_100; trial++) {
            Optional<Promotion> expected = whole.promote();
            assertEquals(expected, again.promote());
            Promotion job = expected.orElse(new Promotion(trial, 0));
            double value = random.nextDouble();
            whole.report(job.trial(), job.rung(), value);
            again.report(job.trial(), job.rung(), value);
        }
    }

    @Test
    void aFailedTrialCountsButIsNeverPromoted() {
        Asha asha = new Asha(2, 3, Mode.MIN);
        asha.report(0, 0, Double.NaN);
        asha.report(1, 0, Double.NaN);
        asha.report(2, 0, Double.NaN);
        assertEquals(Optional.empty(), asha.promote());
        asha.report(3, 0, 5);
        assertEquals(Optional.of(new Promotion(3, 1)), asha.promote());
        assertEquals(Optional.empty(), asha.promote());
    }

    @Test
    void rungsEndWithTheWholeRun() {
        Halving halving = new Halving(3, 1, Halving.Span.FULL);
        assertEquals(List.of(1, 3, 9), halving.rungs(9));
        assertEquals(List.of(1, 3, 10), halving.rungs(10));
        assertEquals(List.of(2), halving.rungs(2));
        assertEquals(List.of(1, 3, 9, 27), halving.rungs(27));
        assertEquals(List.of(3, 5), new Halving(2, 2, Halving.Span.FULL).rungs(5));
    }
}
