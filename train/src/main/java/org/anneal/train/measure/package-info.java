/**
 * What a network's output is measured by: a {@link org.anneal.train.measure.Loss} to train on, {@link
 * org.anneal.train.measure.Metric}s to watch.
 */
@NullMarked
package org.anneal.train.measure;

import org.jspecify.annotations.NullMarked;
