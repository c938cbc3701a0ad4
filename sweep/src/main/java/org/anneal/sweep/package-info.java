/**
 * Many runs, to find which schedule is best: a {@link org.anneal.sweep.Space} of settings, sampled, trained in processes of this
 * machine or on a cluster, stopped early by successive halving, and kept in one file.
 */
@NullMarked
package org.anneal.sweep;

import org.jspecify.annotations.NullMarked;
