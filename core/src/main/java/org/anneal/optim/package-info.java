/**
 * Optimizers: {@link org.anneal.optim.UpdateRule}s as values, the one {@link org.anneal.optim.Optimizer} that runs them, and
 * {@link org.anneal.optim.LRScheduler}, which runs schedules. An {@link org.anneal.optim.Engine} does the arithmetic.
 *
 * <pre>{@code
 * Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1).withMomentum(0.9), List.of(parameter));
 * LRScheduler scheduler = new LRScheduler(optimizer, new CosineAnnealingLR(50));
 * }</pre>
 */
@NullMarked
package org.anneal.optim;

import org.jspecify.annotations.NullMarked;
