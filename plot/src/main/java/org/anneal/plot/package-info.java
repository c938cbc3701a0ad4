/**
 * Charts of curves as PNG files: the rates of schedules over the steps, and the losses of a training run.
 *
 * <pre>{@code
 * Panel rates = new Panel("learning rate", List.of(Series.perStep("StepLR(step_size=30, gamma=0.1)", values)));
 * new Chart("Learning rates", "step", List.of(rates)).save(Path.of("curve.png"));
 * }</pre>
 */
package org.anneal.plot;
