/** The engine on libtorch. Tensors belong to whoever made them: the optimizer frees its own state and never a parameter. */
@NullMarked
package org.anneal.torch;

import org.jspecify.annotations.NullMarked;
