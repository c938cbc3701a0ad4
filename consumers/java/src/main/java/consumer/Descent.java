package consumer;

import java.util.List;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.Schedule;

/** Goes down (w - 3)^2 + (v + 1)^2, by hand. */
final class Descent {
    private Descent() {}

    public static void main(String[] args) {
        FloatArray point = new FloatArray(0, 0);
        Optimizer<FloatArray> sgd = FloatArrays.optimizer(new SGD(0.25), List.of(point));
        LRScheduler scheduler = new LRScheduler(sgd, Schedule.parse("StepLR(optimizer, step_size=2, gamma=0.5)"));
        for (int step = 0; step < 5; step++) {
            float[] at = point.values();
            System.out.println(step + " " + scheduler.lastLr().get(0) + " " + at[0] + " " + at[1]);
            point.setGrad(2 * (at[0] - 3), 2 * (at[1] + 1));
            sgd.step();
            scheduler.step();
        }
    }
}
