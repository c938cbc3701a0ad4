/** Writes schedules as code for other libraries, and for Java. */
@NullMarked
package org.anneal.convert;

import org.jspecify.annotations.NullMarked;
