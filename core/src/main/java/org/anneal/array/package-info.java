/**
 * The engine on {@code float[]}: parameters without a library. {@link org.anneal.array.FloatArrays} makes an optimizer of {@link
 * org.anneal.array.FloatArray}s; {@link org.anneal.array.Mirror} does so for arrays of another library, by copies.
 */
@NullMarked
package org.anneal.array;

import org.jspecify.annotations.NullMarked;
