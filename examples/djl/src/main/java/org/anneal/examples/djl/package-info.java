/** A training by DJL, as a user would write it. */
@NullMarked
package org.anneal.examples.djl;

import org.jspecify.annotations.NullMarked;
