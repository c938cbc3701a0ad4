/**
 * Programs of PyTorch's tutorials: {@code examples/tutorials.py} has the originals, and each program prints what its original
 * prints, line for line. Besides, two programs send a training run to MLflow and Micrometer, and one trains plain
 * {@code double[][]} arrays.
 *
 * <p>To run one:
 *
 * <pre>{@code
 * ./mvnw -q package -DskipTests -pl examples -am dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp examples/target/classes:$(cat examples/target/classpath) org.anneal.examples.StepLRExample
 * }</pre>
 *
 * <p>Optimizers of plain arrays are not closed here: the garbage collector frees their memory.
 */
package org.anneal.examples;
