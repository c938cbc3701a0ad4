/**
 * A program of Deeplearning4j with Anneal's schedules. To run it:
 *
 * <pre>{@code
 * ./mvnw -q package -DskipTests -pl examples/dl4j -am dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp examples/dl4j/target/classes:$(cat examples/dl4j/target/classpath) org.anneal.examples.dl4j.SchedulesExample 10000 10 runs/dl4j
 * }</pre>
 */
@NullMarked
package org.anneal.examples.dl4j;

import org.jspecify.annotations.NullMarked;
