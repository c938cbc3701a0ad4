/** Data to train on: images, CSV files and one's own, split, normalised, augmented, and loaded in batches. */
@NullMarked
package org.anneal.train.data;

import org.jspecify.annotations.NullMarked;
