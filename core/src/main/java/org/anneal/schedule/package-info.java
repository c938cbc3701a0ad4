/**
 * Learning-rate schedules as values, with PyTorch's names, numbers and text form.
 *
 * <p>Every value here is immutable and safe to share between threads.
 */
@NullMarked
package org.anneal.schedule;

import org.jspecify.annotations.NullMarked;
