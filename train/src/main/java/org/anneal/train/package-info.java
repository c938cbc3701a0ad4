/**
 * Training: {@link org.anneal.train.Trainer} is the whole loop. A loop of one's own uses its parts: {@link
 * org.anneal.train.Validation}, {@link org.anneal.train.TrainingState} to resume from, and {@link org.anneal.train.WeightAverage}. {@link
 * org.anneal.train.RateFinder} finds the rate.
 */
@NullMarked
package org.anneal.train;

import org.jspecify.annotations.NullMarked;
