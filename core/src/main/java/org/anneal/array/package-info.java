/** The engine on {@code float[]}: parameters without a library. */
@NullMarked
package org.anneal.array;

import org.jspecify.annotations.NullMarked;
