package org.anneal.cli;

import org.anneal.sweep.Worker;
import picocli.CommandLine.Command;

/** {@code anneal worker}: a process that a sweep starts, which trains what it is told to on standard input. */
@Command(name = "worker", hidden = true, description = "Train what a sweep asks for on standard input.")
final class WorkerCommand implements Runnable {
    @Override
    public void run() {
        Worker.serve(Anneal.version(), new TrainProgram());
    }
}
