#!/usr/bin/env python3
"""The rules that PyTorch does not have, handed over between their authors' packages and Anneal in the middle of a run: the
packages' side of RuleStatesTest. The versions are those of rules.py.

    rule_states.py write DIR     for every rule: makes STEPS[0] steps, saves DIR/<class>.pt with the keys model and optimizer,
                                 in evaluation mode if there is one, makes STEPS[1] more steps, and writes the weights
                                 (to evaluate) to DIR/<class>.json
    rule_states.py resume FOLDER loads FOLDER/<class>.pt, which Anneal wrote after STEPS[0] steps, goes on for STEPS[1] steps and
                                 prints the class and the weights, a rule a line

There are two parameters: [[1, -2], [3, 4]] and three zeros, for which prodigyopt keeps a single 0. The gradient of the k-th at
step t = 0, 1, ... is half of it plus (t + 1 + k) / 7.
"""
import json
import pathlib
import sys

import torch

import rules

STEPS = (10, 20)
OPTIONS = {
    "Lion": {"lr": 0.01}, "Lamb": {"lr": 0.05}, "SGDScheduleFree": {"lr": 0.2, "warmup_steps": 5},
    "AdamWScheduleFree": {"lr": 0.05}, "Prodigy": {"d0": 1e-3}, "DAdaptSGD": {"d0": 1e-3, "momentum": 0.9},
    "DAdaptAdam": {"d0": 1e-3},
}


def build(rule):
    params = [torch.nn.Parameter(torch.tensor([[1., -2.], [3., 4.]])), torch.nn.Parameter(torch.zeros(3))]
    return params, rules.load(rules.RULES[rule][0], rule)(params, **OPTIONS[rule])


def mode(optimizer, name):
    if hasattr(optimizer, name):
        getattr(optimizer, name)()


def train(params, optimizer, first, count):
    mode(optimizer, "train")
    for t in range(first, first + count):
        for k, param in enumerate(params):
            param.grad = param.detach() * 0.5 + (t + 1 + k) / 7
        optimizer.step()
    mode(optimizer, "eval")


def weights(params):
    return [param.detach().double().flatten().tolist() for param in params]


def main(what, folder):
    for rule in OPTIONS:
        params, optimizer = build(rule)
        if what == "write":
            train(params, optimizer, 0, STEPS[0])
            model = {str(k): param.detach() for k, param in enumerate(params)}
            torch.save({"model": model, "optimizer": optimizer.state_dict()}, folder / f"{rule}.pt")
            train(params, optimizer, *STEPS)
            (folder / f"{rule}.json").write_text(json.dumps(weights(params)) + "\n")
        else:
            saved = torch.load(folder / f"{rule}.pt", weights_only=True)
            for k, param in enumerate(params):
                param.data.copy_(saved["model"][str(k)])
            optimizer.load_state_dict(saved["optimizer"])
            train(params, optimizer, *STEPS)
            print(rule, json.dumps(weights(params)))


main(sys.argv[1], pathlib.Path(sys.argv[2]))
