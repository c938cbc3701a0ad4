/** Makes the documentation's site: the pages of {@code docs/} as HTML, beside the API, with a search over both. */
@NullMarked
package org.anneal.site;

import org.jspecify.annotations.NullMarked;
