/** Writes schedules as code: each {@link org.anneal.convert.Target} is another library, or Java. */
@NullMarked
package org.anneal.convert;

import org.jspecify.annotations.NullMarked;
