/**
 * What a training run leaves in its folder, written and read, whatever trains it: {@link org.anneal.runs.RunFolder} writes the
 * table of its epochs and holds the folder's lock, {@link org.anneal.runs.ProgressLog} writes how it does between them,
 * {@link org.anneal.runs.TensorBoardLog} TensorBoard's event files; {@link org.anneal.runs.RunsWatch} reads all of a folder's runs
 * as they go. A training loop tells these what happens as {@link org.anneal.runs.RunListener}s.
 */
@NullMarked
package org.anneal.runs;

import org.jspecify.annotations.NullMarked;
