#!/usr/bin/env python3
"""What Optuna adds to each trial: random trials that do nothing, kept in SQLite, a value reported once.

Arguments: the trials, and a file that is made. Prints "optuna objective TRIALS MILLISECONDS-A-TRIAL"; the second half of the trials is
timed, as the first warms up. Needs optuna.
"""
import math
import sys
import time

import optuna


def objective(trial):
    lr = trial.suggest_float("lr", 1e-3, 1, log=True)
    momentum = trial.suggest_float("momentum", 0, 0.99)
    trial.suggest_categorical("batch_size", [8, 16, 32])
    value = abs(math.log(lr)) + momentum
    trial.report(value, 1)
    return value


trials = int(sys.argv[1])
optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(storage="sqlite:///" + sys.argv[2], sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(objective, n_trials=trials // 2)
start = time.perf_counter()
study.optimize(objective, n_trials=trials - trials // 2)
print("optuna objective %d %.3f" % (trials, (time.perf_counter() - start) * 1e3 / (trials - trials // 2)))
