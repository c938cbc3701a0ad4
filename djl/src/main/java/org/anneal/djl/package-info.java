/**
 * Training with DJL: any schedule as the rate of DJL's own optimizers, any update rule as a DJL optimizer, and a listener that runs
 * schedules, keeps a run's folder, and saves what a run needs to go on. {@link org.anneal.djl.Djl} makes them.
 *
 * <pre>{@code
 * DjlOptimizer optimizer = Djl.optimizer(new AdamW(1e-3)).clipGradNorm(1);
 * DjlListener listener = Djl.listener(optimizer).schedule(new OneCycleLR(0.01, 4690), StepPer.BATCH);
 * TrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
 *         .optOptimizer(optimizer)
 *         .addTrainingListeners(TrainingListener.Defaults.basic())
 *         .addTrainingListeners(listener);
 * }</pre>
 */
@NullMarked
package org.anneal.djl;

import org.jspecify.annotations.NullMarked;
