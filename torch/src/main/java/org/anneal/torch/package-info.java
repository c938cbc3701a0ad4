/** The engine on libtorch. The caller owns the tensors: an optimizer frees its own state and never a parameter. */
@NullMarked
package org.anneal.torch;

import org.jspecify.annotations.NullMarked;
