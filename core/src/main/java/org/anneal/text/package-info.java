/**
 * Values in Python's syntax: {@link org.anneal.text.Kind} declares the parameters of a call, {@link
 * org.anneal.text.PythonCall} reads a call, {@link org.anneal.text.Python} writes numbers, strings and lists, and {@link
 * org.anneal.text.LrLambda} is a lambda. Nothing here runs code.
 */
@NullMarked
package org.anneal.text;

import org.jspecify.annotations.NullMarked;
