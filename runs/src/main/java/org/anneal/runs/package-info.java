/**
 * The folder of a training run, written and read, whatever trains it. {@link org.anneal.runs.RunFolder} holds the folder's lock
 * and writes the table of epochs, {@link org.anneal.runs.ProgressLog} the losses between them, and
 * {@link org.anneal.runs.TensorBoardLog} TensorBoard's event files. {@link org.anneal.runs.RunsWatch} reads all runs of a folder as
 * they go on. A training loop calls the writers as {@link org.anneal.runs.RunListener}s.
 */
@NullMarked
package org.anneal.runs;

import org.jspecify.annotations.NullMarked;
