/**
 * Data to train on, split, normalised, augmented, and loaded in batches: a {@link org.anneal.train.data.Dataset} of one's own, {@link
 * org.anneal.train.data.CsvData} or an {@link org.anneal.train.data.ImageFolder}, read by a {@link org.anneal.train.data.DataLoader}.
 */
@NullMarked
package org.anneal.train.data;

import org.jspecify.annotations.NullMarked;
