/** What a network's output is measured by: losses to train on, and metrics to watch. */
@NullMarked
package org.anneal.train.measure;

import org.jspecify.annotations.NullMarked;
