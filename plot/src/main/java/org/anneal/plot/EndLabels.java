package org.anneal.plot;

import java.util.ArrayList;
import java.util.List;

/** Places labels one below the other, each as close to where it should be as the others allow. */
final class EndLabels {
    private EndLabels() {}

    /** Labels that touch. */
    private static final class Block {
        private final double apart;
        private double sum; // of where each should be, counted back to the first
        private int count;

        Block(double wanted, double apart) {
            this.apart = apart;
            sum = wanted;
            count = 1;
        }

        double start(double top, double bottom) {
            return Math.max(top, Math.min(bottom - (count - 1) * apart, sum / count));
        }

        void add(Block next) {
            sum += next.sum - next.count * count * apart;
            count += next.count;
        }
    }

    /**
     * {@return a place for each label, in the order of {@code wanted}}
     *
     * @param wanted where each should be, not decreasing
     * @param apart the least distance of two places
     * @param top the least place
     * @param bottom the greatest place; if they do not fit between, they end below it
     */
    static double[] place(double[] wanted, double apart, double top, double bottom) {
        List<Block> blocks = new ArrayList<>();
        for (double each : wanted) {
            Block block = new Block(each, apart);
            while (!blocks.isEmpty()) {
                Block above = blocks.get(blocks.size() - 1);
                if (above.start(top, bottom) + above.count * apart <= block.start(top, bottom)) {
                    break;
                }
                blocks.remove(blocks.size() - 1);
                above.add(block);
                block = above;
            }
            blocks.add(block);
        }
        double[] places = new double[wanted.length];
        int at = 0;
        for (Block block : blocks) {
            for (int i = 0; i < block.count; i++) {
                places[at++] = block.start(top, bottom) + i * apart;
            }
        }
        return places;
    }
}
