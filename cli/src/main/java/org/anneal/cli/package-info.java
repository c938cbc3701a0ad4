/** The command line. */
@NullMarked
package org.anneal.cli;

import org.jspecify.annotations.NullMarked;
