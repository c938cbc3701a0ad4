/**
 * Optimizers: {@link org.anneal.optim.UpdateRule}s as values, the one {@link org.anneal.optim.Optimizer} that runs them, and
 * {@link org.anneal.optim.LRScheduler}, which runs schedules. An {@link org.anneal.optim.Engine} does the arithmetic.
 */
@NullMarked
package org.anneal.optim;

import org.jspecify.annotations.NullMarked;
