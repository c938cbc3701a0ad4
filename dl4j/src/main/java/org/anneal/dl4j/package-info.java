/**
 * Anneal in Deeplearning4j: {@link org.anneal.dl4j.AnnealSchedule schedules} for the updaters of ND4J, PyTorch's update rules as
 * {@link org.anneal.dl4j.AnnealUpdater updaters}, and a {@link org.anneal.dl4j.AnnealListener listener} that runs policies which need
 * a metric, clips as PyTorch does, and records the run. {@link org.anneal.dl4j.Dl4j} has the first steps.
 */
@NullMarked
package org.anneal.dl4j;

import org.jspecify.annotations.NullMarked;
