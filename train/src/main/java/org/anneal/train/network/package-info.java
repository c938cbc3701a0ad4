/** Networks by name: {@link org.anneal.train.network.Models} makes them, a {@link org.anneal.train.network.NamedNetwork} adds one. */
@NullMarked
package org.anneal.train.network;

import org.jspecify.annotations.NullMarked;
