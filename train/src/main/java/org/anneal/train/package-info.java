/** Training: data sets, networks, the loop, and the checkpoints that it resumes from. */
@NullMarked
package org.anneal.train;

import org.jspecify.annotations.NullMarked;
