/** Files of tensors: PyTorch's {@code .pt} and safetensors, both ways. */
@NullMarked
package org.anneal.checkpoint;

import org.jspecify.annotations.NullMarked;
