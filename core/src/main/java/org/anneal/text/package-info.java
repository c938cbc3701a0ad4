/**
 * Values as Python writes them: {@link org.anneal.text.Kind} declares what a call's parameters are, {@link
 * org.anneal.text.PythonCall} reads one, {@link org.anneal.text.Python} writes numbers, strings and lists, and {@link
 * org.anneal.text.LrLambda} is a lambda. It never runs code.
 */
@NullMarked
package org.anneal.text;

import org.jspecify.annotations.NullMarked;
