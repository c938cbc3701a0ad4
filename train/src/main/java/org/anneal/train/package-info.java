/** Training: data sets, networks, the training loop, and checkpoints to resume from. */
@NullMarked
package org.anneal.train;

import org.jspecify.annotations.NullMarked;
