/** The schedules of other libraries by their own names, and what each is here: a file per library, a line per schedule. */
@NullMarked
package org.anneal.peer;

import org.jspecify.annotations.NullMarked;
