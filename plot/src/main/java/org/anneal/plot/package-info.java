/**
 * Charts of curves, as PNG, as SVG and in the terminal: the rates of schedules over the steps, and the losses of a training
 * run. {@link org.anneal.plot.Plot} runs schedules and draws them; {@link org.anneal.plot.Chart} draws any curves.
 *
 * <pre>{@code
 * Plot.of(new StepLR(30, 0.5)).withLr(0.2).withSteps(90).save(Path.of("curve.svg"));
 *
 * Panel rates = new Panel("learning rate", List.of(Series.perStep("StepLR(step_size=30, gamma=0.1)", values)));
 * new Chart("Learning rates", "step", List.of(rates)).save(Path.of("curve.png"));
 * }</pre>
 */
@NullMarked
package org.anneal.plot;

import org.jspecify.annotations.NullMarked;
