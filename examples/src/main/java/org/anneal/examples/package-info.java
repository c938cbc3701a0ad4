/**
 * The programs of PyTorch's tutorials: {@code examples/tutorials.py} has the originals, and each program here prints what
 * its original prints, line for line. And two programs that show a training run elsewhere, in MLflow and in Micrometer, and
 * one that trains arrays of its own.
 *
 * <p>To run one:
 *
 * <pre>{@code
 * ./mvnw -q package -DskipTests -pl examples -am dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp examples/target/classes:$(cat examples/target/classpath) org.anneal.examples.StepLRExample
 * }</pre>
 *
 * <p>Optimizers of plain arrays are not closed here: the garbage collector frees what they hold.
 */
package org.anneal.examples;
