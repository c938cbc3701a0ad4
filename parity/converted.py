"""Runs the code that Anneal writes for other libraries, and adds the rates that it gives there to a JSON file.

    python3 -m venv peers && peers/bin/pip install torch==2.13.0 optax==0.2.8 transformers==5.18.0 keras==3.15.1
    ./mvnw test -Dquick -pl parity -am -Dtest=ConvertedTest -Dconverted=write -Dsurefire.failIfNoSpecifiedTests=false
    peers/bin/python parity/converted.py parity/src/test/resources/org/anneal/parity/converted.json

The test writes the code, this script the rates and the versions. With KERAS_BACKEND set, Keras runs on that; else on jax.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import jax.numpy as jnp
import keras
import numpy
import optax
import torch
import transformers


def in_torch(code, groups, steps):
    parameters = [torch.nn.Parameter(torch.zeros(2)) for _ in range(groups)]
    names = {f"group{i}": [each] for i, each in enumerate(parameters)}
    model = torch.nn.Module()
    model.weight = parameters[0]
    names["model"] = model
    exec(code, names)
    optimizer, scheduler = names["optimizer"], names["scheduler"]
    rates = []
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return rates


def in_optax(code, groups, steps):
    names = {}
    exec(code, names)
    schedules = [names["schedule" if groups == 1 else f"schedule{i}"] for i in range(groups)]
    if "optimizer" in names:  # counts its steps in a compiled update
        optimizer, schedule = names["optimizer"], schedules[0]
        parameters = jnp.zeros(2)
        state = optimizer.init(parameters)
        jax.jit(optimizer.update)(jnp.ones(2), state, parameters)
    compiled = [jax.jit(each) for each in schedules]
    return [[float(each(jnp.int32(step))) for each in compiled] for step in range(steps)]


def in_keras(code, groups, steps):
    names = {}
    exec(code, names)
    schedules = [names["schedule" if groups == 1 else f"schedule{i}"] for i in range(groups)]
    if "optimizer" in names:
        variable = keras.Variable(numpy.zeros(2, "float32"))
        names["optimizer"].build([variable])
        names["optimizer"].apply([keras.ops.ones(2)])
    return [[float(each(step)) for each in schedules] for step in range(steps)]


RUN = {"pytorch": in_torch, "transformers": in_torch, "optax": in_optax, "keras": in_keras}


def main(path):
    content = json.loads(path.read_text())
    content["versions"] = (
        f"torch {torch.__version__}, transformers {transformers.__version__}, optax {optax.__version__},"
        f" keras {keras.__version__} on {keras.backend.backend()}"
    )
    for case in content["cases"]:
        try:
            case["rates"] = RUN[case["target"]](case["code"], case["groups"], case["steps"])
        except Exception as problem:
            raise SystemExit(f"{case['target']}, {case['expression']}:\n{case['code']}\n{problem!r}")
    cases = ",\n".join(json.dumps(case) for case in content["cases"])
    path.write_text(f'{{"versions": {json.dumps(content["versions"])}, "cases": [\n{cases}\n]}}\n')


main(pathlib.Path(sys.argv[1]))
