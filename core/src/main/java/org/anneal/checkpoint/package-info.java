/**
 * Files of tensors, read and written: PyTorch's {@code .pt} by {@link org.anneal.checkpoint.TorchFile}, and safetensors by {@link
 * org.anneal.checkpoint.Safetensors}. Reading one never runs code.
 */
@NullMarked
package org.anneal.checkpoint;

import org.jspecify.annotations.NullMarked;
