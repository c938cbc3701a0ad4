/**
 * The engine on libtorch. {@link org.anneal.torch.Torch} makes optimizers and averages; a {@link org.anneal.torch.Network} is made of
 * {@link org.anneal.torch.Layers} or of libtorch's own. The caller owns the tensors: an optimizer frees its own state and
 * never a parameter.
 */
@NullMarked
package org.anneal.torch;

import org.jspecify.annotations.NullMarked;
