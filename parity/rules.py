#!/usr/bin/env python3
"""Writes the golden files of the rules that PyTorch does not have, from their authors' own code: Lion (lion-pytorch),
Lamb (timm), SGDScheduleFree and AdamWScheduleFree (schedulefree), Prodigy (prodigyopt), DAdaptSGD and DAdaptAdam
(dadaptation). Run `python3 parity/rules.py` where these packages are; it writes
parity/src/test/resources/golden/optimizers/<class>.json. Regenerate only in a commit that says which version and why.

The layout is that of generate.py, whose parameters and gradients these runs have too, with the package and its version
in the head, and:

    options         infinity is the string "inf"; d0, which dadaptation does not keep in the group, is added
    evaluated       the steps after which the optimizer was switched to eval(), and back to train()
    runs[]          float64 and float32, both with the package's defaults (foreach where it has that),
                    eval: {"10": [[...] per parameter]} the weights to evaluate after that step,
                    numbers: per group what the rule keeps in it beside its options, after step 50

These packages add the weight decay to the gradient itself; each step has a new one. The committed files were made from
the arithmetic of the packages' published sources, at the versions below, and from timm as it installs.
"""
import importlib
import inspect
import json
import math
import pathlib
import sys
import types

import torch

import generate
from generate import ABSENT, GOLDEN, ONE_CYCLE, TORCH, flat, trajectory

LION = "lion-pytorch", "commit 05258c9"
TIMM = "timm", "1.0.29"
SCHEDULE_FREE = "schedulefree", "1.3, commit b3be06f"
PRODIGY = "prodigyopt", "1.1.2, commit a1b4f0e"
D_ADAPTATION = "dadaptation", "3.1"
EVALUATED = (1, 10, 33)


def lion_cases():
    lion = lambda *groups, **more: trajectory("Lion", *groups, **more)
    yield lion({})
    yield lion({"lr": 0.01})
    yield lion({"lr": 0.01, "betas": (0.95, 0.98), "weight_decay": 0.1})
    yield lion({"lr": 0.01, "betas": (0.0, 0.5)})
    yield lion({"lr": 0.02, "weight_decay": 0.01}, schedule="CosineAnnealingLR(T_max=50)")
    yield lion({"lr": 0.01}, schedule=ONE_CYCLE)
    yield lion({"lr": 0.01}, {"lr": 0.002, "betas": (0.8, 0.9), "weight_decay": 0.5, "shapes": ((3, 3), (2, 3, 2))},
               schedule="StepLR(step_size=10, gamma=0.3)")
    yield lion({"lr": 0.01}, {"lr": 0.02, "shapes": ((3, 3),), "added_before_step": 21},
               schedule="ExponentialLR(gamma=0.95)")
    yield lion({"lr": 0.01, "weight_decay": 0.01}, missing=ABSENT)
    yield lion({"lr": 0.01}, zero=ABSENT, edits=((11, 0, "weight_decay", 0.3), (21, 0, "betas", (0.5, 0.6))))


def lamb_cases():
    lamb = lambda *groups, **more: trajectory("Lamb", *groups, **more)
    yield lamb({})
    yield lamb({"lr": 0.05, "betas": (0.8, 0.9), "eps": 0.01, "weight_decay": 0.2})
    yield lamb({"lr": 0.05, "bias_correction": False, "grad_averaging": False})
    yield lamb({"lr": 0.05, "weight_decay": 0.0, "always_adapt": True, "max_grad_norm": None})
    yield lamb({"lr": 0.05, "weight_decay": 0.0, "max_grad_norm": 20.0})
    yield lamb({"lr": 0.05, "trust_clip": True, "decoupled_decay": True, "weight_decay": 0.3})
    yield lamb({"lr": 0.05}, schedule=ONE_CYCLE)
    yield lamb({"lr": 0.05}, {"lr": 0.01, "betas": (0.7, 0.99), "weight_decay": 0.0, "shapes": ((3, 3), (2, 3, 2))},
               schedule="StepLR(step_size=10, gamma=0.3)")
    yield lamb({"lr": 0.05}, {"lr": 0.1, "shapes": ((3, 3),), "added_before_step": 21},
               schedule="ExponentialLR(gamma=0.95)")
    yield lamb({"lr": 0.05, "max_grad_norm": 0.5}, missing=ABSENT)
    yield lamb({"lr": 0.05}, zero=ABSENT, edits=((11, 0, "weight_decay", 0.3), (21, 0, "trust_clip", True)))


def schedule_free_cases(rule, momentum):
    free = lambda *groups, **more: trajectory(rule, *groups, **more)
    rate = 0.2 if rule == "SGDScheduleFree" else 0.05
    yield free({})
    yield free({"lr": rate, "weight_decay": 0.1})
    yield free({"lr": rate, "warmup_steps": 20, "r": 1.0, "weight_lr_power": 1.0})
    yield free({"lr": rate, "weight_lr_power": 0.0, **momentum(0.3)})
    yield free({"lr": rate, "warmup_steps": 7, **momentum(0.98)}, schedule="CosineAnnealingLR(T_max=50)")
    yield free({"lr": rate}, schedule="LinearLR(start_factor=0.1, total_iters=15)")
    yield free({"lr": rate}, schedule=ONE_CYCLE)
    yield free({"lr": rate}, {"lr": rate / 5, "warmup_steps": 10, "weight_decay": 0.2, "r": 0.5,
                              "shapes": ((3, 3), (2, 3, 2)), **momentum(0.8)},
               schedule="StepLR(step_size=10, gamma=0.3)")
    yield free({"lr": rate}, {"lr": rate / 2, "shapes": ((3, 3),), "added_before_step": 21},
               schedule="ExponentialLR(gamma=0.95)")
    yield free({"lr": rate, "weight_decay": 0.01, "warmup_steps": 5}, missing=ABSENT)
    yield free({"lr": rate}, zero=ABSENT, edits=((11, 0, "weight_decay", 0.3), (21, 0, "r", 2.0)))
    yield free({"lr": 0.0}, edits=((5, 0, "lr", rate),))


def sgd_schedule_free_cases():
    return schedule_free_cases("SGDScheduleFree", lambda beta: {"momentum": beta})


def adamw_schedule_free_cases():
    return schedule_free_cases("AdamWScheduleFree", lambda beta: {"betas": (beta, 0.9), "eps": 1e-3})


def shared_rate_cases(rule, *more_options):
    """Those of rules that adapt one step size for all groups: the groups' rates are equal or 0."""
    d = lambda *groups, **more: trajectory(rule, *groups, **more)
    yield d({})
    yield d({"d0": 1e-3, "growth_rate": 1.3})
    yield d({"d0": 1e-4, "weight_decay": 0.1}, schedule="CosineAnnealingLR(T_max=50)")
    for options in more_options:
        yield d({"d0": 1e-4, **options})
    yield d({"d0": 1e-4}, schedule="LinearLR(start_factor=0.1, total_iters=15)")
    yield d({"d0": 1e-4}, {"d0": 1e-4, "shapes": ((3, 3), (2, 3, 2))},
            schedule="StepLR(step_size=10, gamma=0.3)")
    yield d({"d0": 1e-4, "weight_decay": 0.1},
            {"d0": 1e-4, "weight_decay": 0.02, "shapes": ((3, 3),)})
    yield d({"d0": 1e-4}, {"d0": 1e-4, "shapes": ((3, 3),)},
            edits=((11, 1, "lr", 0.0), (31, 1, "lr", 1.0), (41, 0, "lr", 0.0)))
    yield d({"d0": 1e-4}, {"d0": 1e-4, "shapes": ((3, 3),), "added_before_step": 21})
    yield d({"d0": 1e-4, "weight_decay": 0.01}, missing=ABSENT)
    yield d({"d0": 1e-4}, zero=ABSENT, edits=((11, 0, "weight_decay", 0.3),))


def prodigy_cases():
    yield from shared_rate_cases(
        "Prodigy",
        {"betas": (0.8, 0.99), "eps": 1e-3, "decouple": False, "weight_decay": 0.1},
        {"beta3": 0.9, "d_coef": 0.5, "use_bias_correction": True},
        {"betas": (0.0, 0.9), "d_coef": 2.0},
        {"lr": 0.5, "safeguard_warmup": True})
    yield trajectory("Prodigy", {"d0": 1e-4, "safeguard_warmup": True, "use_bias_correction": True}, schedule=ONE_CYCLE)


def dadapt_sgd_cases():
    yield from shared_rate_cases("DAdaptSGD", {"momentum": 0.9}, {"lr": 0.5, "momentum": 0.5, "weight_decay": 0.01})


def dadapt_adam_cases():
    yield from shared_rate_cases(
        "DAdaptAdam",
        {"betas": (0.8, 0.99), "eps": 1e-3, "decouple": True, "weight_decay": 0.1},
        {"lr": 0.5, "use_bias_correction": True})


RULES = {
    "Lion": ("lion_pytorch", LION, lion_cases),
    "Lamb": ("timm.optim.lamb", TIMM, lamb_cases),
    "SGDScheduleFree": ("schedulefree", SCHEDULE_FREE, sgd_schedule_free_cases),
    "AdamWScheduleFree": ("schedulefree", SCHEDULE_FREE, adamw_schedule_free_cases),
    "Prodigy": ("prodigyopt", PRODIGY, prodigy_cases),
    "DAdaptSGD": ("dadaptation", D_ADAPTATION, dadapt_sgd_cases),
    "DAdaptAdam": ("dadaptation", D_ADAPTATION, dadapt_adam_cases),
}
# What Anneal does not have, or has nothing to do with.
FLAGS = ("fsdp_in_use", "slice_p", "log_every", "use_triton", "decoupled_weight_decay", "caution", "corrected_weight_decay")


def load(module, name):
    """Returns a class of a package; timm is imported by parts, since all of it wants torchvision."""
    if module.startswith("timm."):
        for part in ("timm", "timm.optim"):
            folder = next(pathlib.Path(p) / part.replace(".", "/") for p in sys.path
                          if (pathlib.Path(p) / part.replace(".", "/")).is_dir())
            bare = types.ModuleType(part)
            bare.__path__ = [str(folder)]
            sys.modules.setdefault(part, bare)
    return getattr(importlib.import_module(module), name)


def observed(kind, made):
    """Returns a subclass of a rule that evaluates after the steps EVALUATED and notes the weights."""

    class Observed(kind):
        def __init__(self, params, **options):
            # Lamb clips by what the constructor was given, and d starts from it: neither looks at the groups.
            options.update({k: v for k, v in params[0].items() if k in ("max_grad_norm", "d0")})
            super().__init__(params, **options)
            made["optimizer"], made["eval"], self.made_steps = self, {}, 0
            if hasattr(self, "train"):
                self.train()

        def add_param_group(self, group):
            super().add_param_group(group)
            if hasattr(self, "train") and len(self.param_groups) > 1:
                self.train()

        def step(self, closure=None):
            super().step(closure)
            self.made_steps += 1
            if hasattr(self, "eval") and self.made_steps in EVALUATED:
                self.eval()
                made["eval"][str(self.made_steps)] = [flat(p) for g in self.param_groups for p in g["params"]]
                self.train()

    Observed.__init__.__signature__ = inspect.signature(kind)
    Observed.__signature__ = inspect.signature(kind)
    return Observed


def run(c, dtype, kind):
    made = {}
    described, result = generate.run({**c, "flags": FLAGS}, dtype, {}, observed(kind, made))
    names = set(inspect.signature(kind).parameters) | {"params", "initial_lr", "train_mode"}
    names |= {"max_lr", "min_lr", "base_momentum", "max_momentum"}  # of OneCycleLR
    result["numbers"] = [{name: value.item() if torch.is_tensor(value) else value
                          for name, value in group.items() if name not in names}
                         for group in made["optimizer"].param_groups]
    if made["eval"]:
        result["eval"] = made["eval"]
    if "d0" in inspect.signature(kind).parameters:
        default = inspect.signature(kind).parameters["d0"].default
        for group, given in zip(described["groups"], c["groups"]):
            group["options"]["d0"] = given.get("d0", default)
    order = [name for name in inspect.signature(kind).parameters if name not in FLAGS]
    for group in described["groups"]:
        options = group["options"]
        group["options"] = {name: "inf" if options[name] == math.inf else options[name]
                            for name in order if name in options}
    return described, result


def main():
    generate.check_torch("Writes the golden files of the rules that PyTorch does not have.")
    torch.set_num_threads(1)
    for rule, (module, (package, version), cases) in RULES.items():
        kind, lines = load(module, rule), []
        for n, c in enumerate(cases(), 1):
            described, double = run(c, torch.float64, kind)
            _, single = run(c, torch.float32, kind)
            runs = [{"name": "float64", "dtype": "float64", "implementations": ["default"], **double},
                    {"name": "float32", "dtype": "float32", "implementations": ["default"], **single}]
            head = {"id": f"{rule}-{n}", "groups": described["groups"], "missing": c["missing"], "zero": c["zero"],
                    "edits": described["edits"], "evaluated": EVALUATED if "eval" in double else []}
            lines.append(json.dumps(head, allow_nan=False)[:-1] + ', "runs": [\n'
                         + ",\n".join(json.dumps(r, allow_nan=False) for r in runs) + "]}")
        head = {"torch": TORCH, "cpu": torch.backends.cpu.get_cpu_capability(), package: version}
        file = GOLDEN / "optimizers" / f"{rule}.json"
        file.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "]}\n")
        print(f"optimizers/{rule}.json: {len(lines)} cases")


if __name__ == "__main__":
    main()
