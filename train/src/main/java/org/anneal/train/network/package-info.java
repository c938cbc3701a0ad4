/** Networks by name. */
@NullMarked
package org.anneal.train.network;

import org.jspecify.annotations.NullMarked;
