#!/usr/bin/env python3
"""Writes core/src/test/resources/golden/pieces.txt: pieces of Python programs as people paste them, and the rates that
PyTorch gives when it runs them. `python3 parity/pieces.py` gives the same bytes each time; regenerate only in a commit
that says which torch and why.

Lines that start with # are comments. In a piece each line is a key, a comma and a value, with \\n and \\\\ escaped:

    piece,lambda-warmup            unique
    set,args.epochs=90             any number of these: a name from outside and its value, as --set takes it
    pick,scheduler                 the schedule that is meant, where it is not the last
    text,...                       the piece
    rates,0.1,0.1,...              the rate of a group before each of 110 steps, a line per group; fewer where the schedule
                                   ends before; or
    refused,...                    what is said of a piece that is not supported

Where a piece makes no optimizer there is SGD(lr=0.1) of one group. A plateau gets the metric 1.0 after each step.
"""
import doctest
import functools
import pathlib
import textwrap
import types
import warnings

import torch
from torch import nn
from torch.optim import lr_scheduler, swa_utils

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "core/src/test/resources/golden/pieces.txt"
STEPS = 110
PIECES = []


def piece(name, text, *sets, pick=None, call=None, refused=None):
    """A piece; `call` is what runs it in Python where it only defines a function."""
    PIECES.append((name, textwrap.dedent(text).strip("\n"), sets, pick, call, refused))


# ---- One line, with names from outside ------------------------------------------------------------------------

piece("step-args", "scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=args.step_size, gamma=args.gamma)",
      "args.step_size=30", "args.gamma=0.1")
piece("step-first-of-several", "StepLR(opts[0], 30)")
piece("cosine-epochs", "sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.epochs)", "args.epochs=90")
piece("cosine-steps", "CosineAnnealingLR(optimizer, T_max=args.epochs * len(train_loader), eta_min=args.lr * 1e-2)",
      "args.epochs=20", "len(train_loader)=5", "args.lr=0.1")
piece("config-items", "lr_scheduler.MultiStepLR(optimizer, milestones=cfg['milestones'], gamma=cfg['gamma'])",
      "cfg['milestones']=[30, 60]", "cfg['gamma']=0.5")
piece("config-nested", "scheduler = MultiStepLR(optimizer, cfg.TRAIN.LR_STEPS, cfg.TRAIN.get_gamma)",
      "cfg.TRAIN.LR_STEPS=(20, 40)", "cfg.TRAIN.get_gamma=0.3")
piece("upper-constants", "scheduler = MultiStepLR(optimizer, MILESTONES, gamma=GAMMA)", "MILESTONES=[30, 60]", "GAMMA=0.2")
piece("fractions-of-epochs", "MultiStepLR(opt, [int(e * 200) for e in (0.4, 0.6)])")
piece("fractions-of-args",
      "scheduler = MultiStepLR(optimizer, milestones=[int(0.5 * args.epochs), int(0.75 * args.epochs)], gamma=0.1)",
      "args.epochs=100")
piece("range-milestones", "scheduler = MultiStepLR(optimizer, list(range(10, 100, 20)), 0.7)")
piece("lambda-power", "LambdaLR(opt, lr_lambda=lambda epoch: 0.95 ** epoch)")
piece("lambda-outer-names", """
    lf = lambda x: (1 - x / epochs) * (1.0 - lrf) + lrf
    scheduler = lr_scheduler.LambdaLR(optimizer, lr_lambda=lf)
    """, "epochs=300", "lrf=0.01")
piece("one-cycle-lambda", """
    import math
    def one_cycle(y1=0.0, y2=1.0, steps=100):
        return lambda x: ((1 - math.cos(x * math.pi / steps)) / 2) * (y2 - y1) + y1
    lf = one_cycle(1, hyp['lrf'], epochs)  # cosine 1->hyp['lrf']
    scheduler = lr_scheduler.LambdaLR(optimizer, lr_lambda=lf)
    """, "hyp['lrf']=0.2", "epochs=100")
piece("yolo-choice", """
    if opt.cos_lr:
        lf = one_cycle(1, hyp['lrf'], epochs)
    else:
        lf = lambda x: (1 - x / epochs) * (1.0 - hyp['lrf']) + hyp['lrf']  # linear
    scheduler = lr_scheduler.LambdaLR(optimizer, lr_lambda=lf)
    """, "opt.cos_lr=False", "hyp['lrf']=0.01", "epochs=120")
piece("two-lambdas", """
    optimizer = SGD([{'params': w}, {'params': b, 'lr': 0.01}], lr=0.1)
    LambdaLR(optimizer, [lambda e: 0.95 ** e, lambda e: [1, .1, .01][min(e // 30, 2)]])
    """)
piece("sum-of-milestones", "LambdaLR(opt, lambda e: 0.1 ** sum(e >= m for m in [30, 60]))")
piece("bisect-milestones", """
    from bisect import bisect_right
    milestones = [20, 40, 80]
    sched = LambdaLR(optimizer, lambda it: 0.5 ** bisect_right(milestones, it))
    """)
piece("bisect-module", """
    import bisect
    factors = [1.0, 0.3, 0.1]
    sched = LambdaLR(optimizer, lr_lambda=lambda it: factors[bisect.bisect([25, 75], it)])
    """)
piece("interp", """
    import numpy as np
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda epoch: np.interp([epoch], [0, 10, 100], [0, 1, 0])[0])
    """)
piece("interp-scalar", """
    import numpy as np
    epochs = 100
    lr_peak_epoch = 15
    schedule = lambda t: np.interp(t, [0, lr_peak_epoch, epochs], [0, 1, 0])
    scheduler = LambdaLR(opt, schedule)
    """)
piece("clip", """
    import numpy as np
    sched = LambdaLR(optimizer, lr_lambda=lambda t: float(np.clip(1.5 - t / 60, 0.05, 1.0)))
    """)
piece("numpy-cosine", "LambdaLR(optimizer, lambda e: 0.5 * (1 + np.cos(np.pi * e / n_epochs)))", "n_epochs=110")
piece("numpy-full-name", """
    import numpy
    sched = LambdaLR(optimizer, lambda e: numpy.exp(-0.01 * e) * numpy.sqrt(1.0 / (1 + e)))
    """)
piece("noam", """
    warmup = 4000
    factor = 1.0
    model_size = 512
    def rate(step, model_size, factor, warmup):
        if step == 0:
            step = 1
        return factor * (model_size ** (-0.5) * min(step ** (-0.5), step * warmup ** (-1.5)))
    lr_scheduler = LambdaLR(
        optimizer=optimizer,
        lr_lambda=lambda step: rate(step, model_size, factor=factor, warmup=400),
    )
    """)
piece("inverse-sqrt", "sched = LambdaLR(optimizer, lambda s: min((s + 1) / 20, math.sqrt(20 / (s + 1))))")
piece("max-floor", "scheduler = LambdaLR(optimizer, lr_lambda=lambda e: max(0.05, 1 - 0.9 * e / args.epochs))", "args.epochs=80")
piece("conditional-lambda", "s = LambdaLR(o, lambda e: 1.0 if e < 10 else (0.5 if e < 40 else 0.1))")
piece("default-arguments", "sched = LambdaLR(opt, lambda step, warm=10, total=100: step / warm if step < warm else (total - step) / total)")
piece("and-or", "LambdaLR(opt, lambda e: e < 5 and (e + 1) / 5 or 0.9 ** (e - 5))")
piece("dict-of-factors", "LambdaLR(opt, lambda e: {0: 1.0, 1: 0.5, 2: 0.25}.get(e // 20, 0.1))")
piece("multiplicative", "scheduler = MultiplicativeLR(optimizer, lr_lambda=lambda epoch: 0.97 if epoch % 3 else 1)")
piece("cyclic", "scheduler = CyclicLR(optimizer, base_lr=BASE, max_lr=BASE * 10, step_size_up=15, cycle_momentum=False)",
      "BASE=0.001")
piece("cyclic-scale", """
    clr_fn = lambda x: 1 / (5 ** (x * 0.0001))
    scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.001, 0.02, 10, scale_fn=clr_fn, scale_mode='iterations', cycle_momentum=False)
    """)
piece("one-cycle-args", """
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=args.lr,
        steps_per_epoch=len(train_loader),
        epochs=args.epochs,
        pct_start=0.2,
    )
    """, "args.lr=0.05", "len(train_loader)=11", "args.epochs=10")
piece("one-cycle-total", "sched = OneCycleLR(opt, 0.3, total_steps=int(n_epochs * steps) + 1, anneal_strategy='linear', cycle_momentum=False)",
      "n_epochs=10", "steps=11")
piece("restarts", "scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=args.T0, T_mult=2, eta_min=1e-5)", "args.T0=15")
piece("plateau", "scheduler = ReduceLROnPlateau(optimizer, 'min', factor=0.5, patience=PATIENCE, verbose=True)", "PATIENCE=7")
piece("poly", "scheduler = PolynomialLR(optimizer, total_iters=max_iter, power=0.9)", "max_iter=100")
piece("poly-lambda", "scheduler = LambdaLR(optimizer, lambda it: (1 - it / (len(trainloader) * epochs)) ** 0.9)",
      "len(trainloader)=20", "epochs=6")
piece("swa", "swa_scheduler = torch.optim.swa_utils.SWALR(optimizer, anneal_strategy='linear', anneal_epochs=20, swa_lr=0.005)")
piece("exponential-of-powers", "ExponentialLR(optimizer, gamma=(final_lr / lr) ** (1 / epochs))",
      "final_lr=1e-4", "lr=0.1", "epochs=100")
piece("getattr", "scheduler = StepLR(optimizer, getattr(args, 'step'), gamma=0.5)", "args.step=20")

# ---- Several statements ---------------------------------------------------------------------------------------

piece("warmup-cosine", """
    warmup = LinearLR(opt, 0.01, total_iters=50)
    cosine = CosineAnnealingLR(opt, T_max=200, eta_min=1e-6)
    SequentialLR(opt, [warmup, cosine], [50])
    """)
piece("imports-and-optimizer", """
    import torch
    import torch.nn as nn
    import torch.optim as optim
    from torch.optim.lr_scheduler import StepLR

    model = nn.Linear(10, 2)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    scheduler = StepLR(optimizer, step_size=25, gamma=0.2)
    """)
piece("imagenet-script", """
    optimizer = torch.optim.SGD(model.parameters(), args.lr,
                                momentum=args.momentum,
                                weight_decay=args.weight_decay)

    # decays the rate every 30 epochs
    scheduler = StepLR(optimizer, step_size=30, gamma=0.1)
    """, "args.lr=0.1", "args.momentum=0.9", "args.weight_decay=1e-4")
piece("aliases", """
    import torch.optim.lr_scheduler as lrs
    from torch.optim import AdamW as Opt
    opt = Opt(net.parameters(), 3e-4)
    s = lrs.ExponentialLR(opt, 0.98)
    """)
piece("from-torch-import-optim", """
    from torch import optim
    from torch.optim import lr_scheduler as sched_lib
    o = optim.Adam(net.parameters(), lr=2e-3, betas=(0.5, 0.999))
    s = sched_lib.CosineAnnealingLR(o, 40)
    """)
piece("semicolons", "lr = 0.02; opt = SGD(net.parameters(), lr=lr); sched = StepLR(opt, 10, 0.9);")
piece("tuple-targets", """
    lr, momentum, epochs = 0.05, 0.9, 60
    opt, name = SGD(net.parameters(), lr, momentum), 'sgd'
    sched = CosineAnnealingLR(opt, epochs)
    """)
piece("gan-pair", """
    opt_g, opt_d = Adam(G.parameters(), lr=2e-4), Adam(D.parameters(), lr=1e-4)
    sched_g, sched_d = StepLR(opt_g, 20, 0.5), StepLR(opt_d, 30, 0.5)
    """)
piece("gan-pick", """
    opt_g = Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_d = Adam(D.parameters(), lr=4e-4, betas=(0.5, 0.999))
    sched_g = StepLR(opt_g, 20, 0.5)
    sched_d = ExponentialLR(opt_d, 0.95)
    """, pick="sched_g")
piece("gan-dict", """
    opts = {'g': Adam(nets['g'].parameters(), lr=1e-3), 'd': Adam(nets['d'].parameters(), lr=2e-3)}
    scheds = {}
    scheds['g'] = StepLR(opts['g'], 15)
    scheds['d'] = StepLR(opts['d'], 45)
    """, pick="scheds['g']")
piece("cycle-gan-linear", """
    def lambda_rule(epoch):
        lr_l = 1.0 - max(0, epoch + opt.epoch_count - opt.n_epochs) / float(opt.n_epochs_decay + 1)
        return lr_l
    scheduler = lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda_rule)
    """, "opt.epoch_count=1", "opt.n_epochs=50", "opt.n_epochs_decay=80")
piece("get-scheduler-policy", """
    def get_scheduler(optimizer, opt):
        if opt.lr_policy == 'linear':
            def lambda_rule(epoch):
                lr_l = 1.0 - max(0, epoch + opt.epoch_count - opt.n_epochs) / float(opt.n_epochs_decay + 1)
                return lr_l
            scheduler = lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda_rule)
        elif opt.lr_policy == 'step':
            scheduler = lr_scheduler.StepLR(optimizer, step_size=opt.lr_decay_iters, gamma=0.1)
        elif opt.lr_policy == 'cosine':
            scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=opt.n_epochs, eta_min=0)
        else:
            return NotImplementedError('learning rate policy [%s] is not implemented', opt.lr_policy)
        return scheduler
    """, "opt.lr_policy='step'", "opt.lr_decay_iters=40", call="get_scheduler(optimizer, opt)")
piece("self-targets", """
    self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.lr, weight_decay=0.05)
    self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=self.epochs)
    """, "self.lr=1e-3", "self.epochs=70")
piece("self-values", """
    self.gamma = 0.5
    self.steps = [10, 50]
    self.sched = MultiStepLR(self.opt, self.steps, self.gamma)
    """)
piece("annotations", """
    lr: float = 1e-2
    optimizer: torch.optim.Optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)
    scheduler: lr_scheduler.StepLR = lr_scheduler.StepLR(optimizer, 12, gamma=0.8)
    """)
piece("return-line", "return torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.96)")
piece("return-lists", """
    optimizer = torch.optim.Adam(self.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
    return [optimizer], [scheduler]
    """)
piece("lightning", """
    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.hparams.lr, total_steps=self.trainer.estimated_stepping_batches
        )
        return {'optimizer': optimizer, 'lr_scheduler': {'scheduler': scheduler, 'interval': 'step'}}
    """, "self.hparams.lr=3e-4", "self.trainer.estimated_stepping_batches=110", call="configure_optimizers(self)")
piece("lightning-list", """
    def configure_optimizers(self):
        opt = torch.optim.SGD(self.parameters(), lr=0.1)
        return [opt], [{'scheduler': CosineAnnealingLR(opt, 50), 'interval': 'epoch'}]
    """, call="configure_optimizers(self)")
piece("lightning-class", """
    class Net(pl.LightningModule):
        def __init__(self, lr=1e-3):
            super().__init__()
            self.lr = lr

        def forward(self, x):
            return self.layer(x)

        def configure_optimizers(self):
            opt = torch.optim.Adam(self.parameters(), lr=2e-3)
            sch = torch.optim.lr_scheduler.StepLR(opt, 25)
            return {"optimizer": opt, "lr_scheduler": {"scheduler": sch, "monitor": "val_loss"}}
    """, call="Net.configure_optimizers(self)")
piece("doctest", """
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> scheduler = StepLR(optimizer,
    ...                    step_size=30, gamma=0.1)
    >>> for epoch in range(0):
    ...     train(epoch)
    ...     scheduler.step()
    """)
piece("training-loop", """
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    for epoch in range(0):
        for input, target in dataset:
            optimizer.zero_grad()
            output = model(input)
            loss = loss_fn(output, target)
            loss.backward()
            optimizer.step()
        scheduler.step()
    """)
piece("main-guard", """
    EPOCHS = 100
    if __name__ == '__main__':
        opt = torch.optim.SGD(net.parameters(), lr=0.2)
        scheduler = CosineAnnealingLR(opt, EPOCHS)
    """)
piece("kwargs-dict", """
    sched_args = dict(step_size=15, gamma=0.7)
    scheduler = StepLR(optimizer, **sched_args)
    """)
piece("kwargs-both", """
    params = {'T_max': 60, 'eta_min': 1e-5}
    opt = torch.optim.SGD(net.parameters(), **{'lr': 0.3, 'momentum': 0.8})
    scheduler = CosineAnnealingLR(opt, **params)
    """)
piece("kwargs-from-outside", "scheduler = StepLR(optimizer, **cfg['scheduler'])", "cfg['scheduler']={'step_size': 22, 'gamma': 0.4}")
piece("star-args", "scheduler = StepLR(optimizer, *[20, 0.5])")
piece("partial", """
    from functools import partial
    def warm(step, warmup, decay=0.99):
        if step < warmup:
            return (step + 1) / warmup
        return decay ** (step - warmup)
    scheduler = LambdaLR(optimizer, partial(warm, warmup=20))
    """)
piece("partial-module", """
    import functools
    fn = lambda total, step: 1 - step / total
    scheduler = LambdaLR(optimizer, functools.partial(fn, 200))
    """)
piece("nine-line-def", """
    def lr_lambda(step):
        warmup_steps = 10
        total = 100
        if step < warmup_steps:
            return float(step) / float(max(1, warmup_steps))
        elif step < 80:
            return 1.0
        progress = (step - 80) / (total - 80)
        return max(0.0, 1.0 - progress)
    scheduler = LambdaLR(optimizer, lr_lambda)
    """)
piece("cosine-with-warmup", """
    def get_cosine_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps, num_cycles=0.5, last_epoch=-1):
        \"\"\"Warms up, and then follows a cosine.\"\"\"
        def lr_lambda(current_step):
            if current_step < num_warmup_steps:
                return float(current_step) / float(max(1, num_warmup_steps))
            progress = float(current_step - num_warmup_steps) / float(max(1, num_training_steps - num_warmup_steps))
            return max(0.0, 0.5 * (1.0 + math.cos(math.pi * float(num_cycles) * 2.0 * progress)))
        return LambdaLR(optimizer, lr_lambda, last_epoch)

    scheduler = get_cosine_schedule_with_warmup(optimizer, num_warmup_steps=10, num_training_steps=100)
    """)
piece("linear-with-warmup-outside", """
    def get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps, last_epoch=-1):
        def lr_lambda(current_step: int):
            if current_step < num_warmup_steps:
                return float(current_step) / float(max(1, num_warmup_steps))
            return max(
                0.0, float(num_training_steps - current_step) / float(max(1, num_training_steps - num_warmup_steps))
            )

        return LambdaLR(optimizer, lr_lambda, last_epoch)

    total_steps = len(train_dataloader) * EPOCHS
    optimizer = AdamW(model.parameters(), lr=2e-5, eps=1e-8)
    scheduler = get_linear_schedule_with_warmup(optimizer, num_warmup_steps=int(0.1 * total_steps), num_training_steps=total_steps)
    """, "len(train_dataloader)=25", "EPOCHS=4")
piece("lambda-helper-partial", """
    def _lr_lambda(current_step, *, num_warmup_steps, num_training_steps):
        if current_step < num_warmup_steps:
            return current_step / max(1, num_warmup_steps)
        return max(0.0, (num_training_steps - current_step) / max(1, num_training_steps - num_warmup_steps))

    def make(optimizer, warmup, total, last_epoch=-1):
        lr_lambda = partial(_lr_lambda, num_warmup_steps=warmup, num_training_steps=total)
        return LambdaLR(optimizer, lr_lambda, last_epoch)

    lr_scheduler = make(optimizer, 12, 90)
    """)
piece("nanogpt", """
    warmup_iters = 20
    lr_decay_iters = 90
    learning_rate = 6e-4
    min_lr = 6e-5
    def get_lr(it):
        # 1) linear warmup for warmup_iters steps
        if it < warmup_iters:
            return learning_rate * (it + 1) / (warmup_iters + 1)
        # 2) if it > lr_decay_iters, return min learning rate
        if it > lr_decay_iters:
            return min_lr
        # 3) in between, use cosine decay down to min learning rate
        decay_ratio = (it - warmup_iters) / (lr_decay_iters - warmup_iters)
        assert 0 <= decay_ratio <= 1
        coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio)) # coeff ranges 0..1
        return min_lr + coeff * (learning_rate - min_lr)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, betas=(0.9, 0.95))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, get_lr)
    """)
piece("closure-returns-lambda", """
    def make_schedule(warmup, total):
        return lambda step: min(1.0, (step + 1) / warmup) * (1 - step / total)
    scheduler = LambdaLR(optimizer, make_schedule(10, 150))
    """)
piece("closure-returns-def", """
    def warmup_linear(warmup, total, floor=0.1):
        def fn(step):
            if step < warmup:
                return step / warmup
            frac = (step - warmup) / (total - warmup)
            return max(floor, 1 - frac)
        return fn
    scheduler = LambdaLR(optimizer, lr_lambda=warmup_linear(15, total=105))
    """)
piece("two-defs", """
    def warm(s):
        return (s + 1) / 10
    def decay(s):
        return 0.98 ** (s - 10)
    scheduler = LambdaLR(optimizer, lambda s: warm(s) if s < 10 else decay(s))
    """)
piece("augmented-assignment", """
    def factor(step):
        f = 1.0
        if step > 30:
            f *= 0.5
        if step > 60:
            f *= 0.5
        if step > 90: f /= 10
        return f
    scheduler = LambdaLR(optimizer, factor)
    """)
piece("no-else-names", """
    def fn(epoch):
        if epoch < 20: rate = 1
        if epoch >= 20: rate = 0.2
        return rate
    sched = LambdaLR(optimizer, lr_lambda=fn)
    """)
piece("loop-over-milestones", """
    def adjust(epoch):
        lr = 1.0
        for milestone in args.schedule:
            lr *= args.gamma if epoch >= milestone else 1.
        return lr
    scheduler = LambdaLR(optimizer, adjust)
    """, "args.schedule=[25, 75]", "args.gamma=0.2")
piece("loop-with-if", """
    def fn(step):
        f = 1.0
        for m in [30, 60]:
            if step >= m:
                f *= 0.1
        return f
    scheduler = LambdaLR(optimizer, fn)
    """)
piece("loop-over-pairs", """
    def fn(step):
        rate, count = 1.0, 0
        for start, factor in zip([10, 40, 70], (0.5, 0.4, 0.3)):
            left = step - start
            if left >= 0:
                rate = rate * factor
                count += 1
        return rate + count / 100
    scheduler = LambdaLR(optimizer, fn)
    """)
piece("raise-in-def", """
    def fn(step):
        if step < 0:
            raise ValueError('negative')
        elif step < 30:
            return 1.0
        else:
            return 0.3
    scheduler = LambdaLR(optimizer, lr_lambda=fn)
    """)
piece("dataclass", """
    from dataclasses import dataclass
    @dataclass
    class TrainConfig:
        lr: float = 0.03
        gamma: float = 0.5
        size: int = 10
    config = TrainConfig(size=20)
    optimizer = SGD(net.parameters(), lr=config.lr)
    scheduler = StepLR(optimizer, config.size, gamma=config.gamma)
    """)
piece("reduce", """
    from functools import reduce
    sched = LambdaLR(optimizer, lambda s: reduce(lambda f, m: f * 0.5 if s >= m else f, [20, 50], 1.0))
    """)
piece("setting-decides", """
    if args.sched == 'cos':
        scheduler = CosineAnnealingLR(optimizer, args.epochs)
    elif args.sched == 'step':
        scheduler = StepLR(optimizer, args.decay)
    else:
        raise ValueError(args.sched)
    """, "args.sched='step'", "args.decay=33")
piece("ternary-schedulers", "scheduler = CosineAnnealingLR(optimizer, 50) if args.cosine else StepLR(optimizer, 30)", "args.cosine=True")
piece("ternary-value", "scheduler = StepLR(optimizer, 10 if args.fast else 40, gamma=0.5)", "args.fast=False")
piece("optimizer-choice", """
    if args.opt == 'sgd':
        optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    else:
        optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, 30)
    """, "args.opt='adam'", "args.lr=0.004")

# ---- Groups -----------------------------------------------------------------------------------------------------

piece("groups-as-dicts", """
    optimizer = torch.optim.SGD([
        {'params': model.base.parameters()},
        {'params': model.classifier.parameters(), 'lr': 1e-3},
    ], lr=1e-2, momentum=0.9)
    scheduler = StepLR(optimizer, 7, gamma=0.9)
    """)
piece("groups-in-a-variable", """
    param_groups = [
        {"params": backbone_params, "lr": args.lr * 0.1},
        {"params": head_params, "lr": args.lr},
    ]
    optimizer = AdamW(param_groups, lr=args.lr)
    scheduler = CosineAnnealingLR(optimizer, T_max=55, eta_min=1e-6)
    """, "args.lr=0.01")
piece("groups-no-decay", """
    no_decay = ['bias', 'LayerNorm.weight']
    optimizer_grouped_parameters = [
        {'params': [p for n, p in model.named_parameters() if not any(nd in n for nd in no_decay)], 'weight_decay': 0.01},
        {'params': [p for n, p in model.named_parameters() if any(nd in n for nd in no_decay)], 'weight_decay': 0.0},
    ]
    optimizer = AdamW(optimizer_grouped_parameters, lr=5e-5)
    scheduler = LinearLR(optimizer, 1.0, 0.0, total_iters=100)
    """)
piece("add-param-group", """
    optimizer = SGD(net.parameters(), lr=0.1)
    optimizer.add_param_group({'params': extra, 'lr': 0.01})
    scheduler = MultiStepLR(optimizer, [20, 60])
    """)
piece("groups-max-lr", """
    opt = torch.optim.SGD([{'params': w}, {'params': b}], lr=0.1, momentum=0.9)
    sched = OneCycleLR(opt, max_lr=[0.1, 0.5], total_steps=110)
    """)
piece("comprehension-parameters", """
    opt = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=7e-4)
    sched = ExponentialLR(opt, 0.97)
    """)
piece("list-of-parameters", """
    opt = torch.optim.SGD([w, b], 0.25)
    sched = StepLR(opt, 50, 0.1)
    """)
piece("filter-parameters", """
    opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-3)
    sched = StepLR(opt, 5, 0.9)
    """)
piece("joined-parameters", """
    opt = Adam(list(G.parameters()) + list(D.parameters()), lr=4e-3)
    sched = StepLR(opt, 35)
    """)
piece("optimizer-or", "sched = StepLR(opt if args.one else opt2, 30, gamma=0.3)")

# ---- Composites and others --------------------------------------------------------------------------------------

piece("sequential-keywords", """
    from torch.optim.lr_scheduler import SequentialLR, LinearLR, CosineAnnealingLR
    WARMUP, EPOCHS = 5, 100
    main = CosineAnnealingLR(optimizer, T_max=EPOCHS - WARMUP, eta_min=0)
    warm = LinearLR(optimizer, start_factor=1e-3, end_factor=1.0, total_iters=WARMUP)
    lr_scheduler = SequentialLR(optimizer, schedulers=[warm, main], milestones=[WARMUP])
    """)
piece("torchvision-style", """
    main_lr_scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=args.epochs - args.lr_warmup_epochs, eta_min=args.lr_min
    )
    if args.lr_warmup_epochs > 0:
        if args.lr_warmup_method == "linear":
            warmup_lr_scheduler = torch.optim.lr_scheduler.LinearLR(
                optimizer, start_factor=args.lr_warmup_decay, total_iters=args.lr_warmup_epochs
            )
        elif args.lr_warmup_method == "constant":
            warmup_lr_scheduler = torch.optim.lr_scheduler.ConstantLR(
                optimizer, factor=args.lr_warmup_decay, total_iters=args.lr_warmup_epochs
            )
        else:
            raise RuntimeError(f"Invalid warmup lr method '{args.lr_warmup_method}'.")
        lr_scheduler = torch.optim.lr_scheduler.SequentialLR(
            optimizer, schedulers=[warmup_lr_scheduler, main_lr_scheduler], milestones=[args.lr_warmup_epochs]
        )
    else:
        lr_scheduler = main_lr_scheduler
    """, "args.epochs=90", "args.lr_warmup_epochs=5", "args.lr_min=0.0", "args.lr_warmup_method='linear'",
      "args.lr_warmup_decay=0.01")
piece("detection-warmup", """
    warmup_factor = 1.0 / 1000
    warmup_iters = min(1000, len(data_loader) - 1)
    lr_scheduler = torch.optim.lr_scheduler.LinearLR(
        optimizer, start_factor=warmup_factor, total_iters=warmup_iters
    )
    """, "len(data_loader)=41")
piece("mmdet-style", """
    cfg = dict(type='MultiStepLR', milestones=[24, 33], gamma=0.1, warmup_iters=10)
    def factor(it):
        decay = cfg['gamma'] ** sum(it >= m for m in cfg['milestones'])
        if it < cfg['warmup_iters']:
            k = (1 - it / cfg['warmup_iters']) * (1 - 0.001)
            return (1 - k) * decay
        return decay
    scheduler = LambdaLR(optimizer, factor)
    """)
piece("chained", """
    scheduler1 = ConstantLR(optimizer, factor=0.1, total_iters=20)
    scheduler2 = ExponentialLR(optimizer, gamma=0.9)
    scheduler = ChainedScheduler([scheduler1, scheduler2], optimizer=optimizer)
    """)
piece("list-of-schedulers", """
    schedulers = [LinearLR(optimizer, 0.1, total_iters=10), StepLR(optimizer, 20, gamma=0.5)]
    scheduler = SequentialLR(optimizer, schedulers, milestones=[10])
    """)
piece("comprehension-of-schedulers", """
    parts = [ExponentialLR(optimizer, g) for g in (0.9, 0.99)]
    scheduler = SequentialLR(optimizer, parts, [30])
    """)
piece("three-parts", """
    sched = SequentialLR(opt, [LinearLR(opt, 0.1, total_iters=10),
                               ConstantLR(opt, factor=1.0, total_iters=1),
                               CosineAnnealingLR(opt, T_max=60)], milestones=[10, 40])
    """)
piece("string-scheduler-name", """
    name = cfg.get('sched', 'cosine')
    if name == 'cosine':
        s = CosineAnnealingLR(optimizer, 45)
    """, "cfg.get('sched', 'cosine')='cosine'")
piece("global-lr", """
    BASE_LR = 1e-3 * BATCH / 256
    opt = torch.optim.SGD(net.parameters(), lr=BASE_LR)
    sch = StepLR(opt, 30)
    """, "BATCH=128")
piece("hex-and-underscores", "sched = StepLR(SGD(net.parameters(), lr=1_0e-2), 0x10, gamma=.5)")
piece("rounded-milestones", """
    epochs = 90
    milestones = [round(epochs * f) for f in [.3, .6, .9]]
    sched = MultiStepLR(optimizer, milestones=sorted(set(milestones)), gamma=0.2)
    """)
piece("dict-of-settings", """
    config = {
        'lr': 0.08,
        'epochs': 100,
        'warmup': 5,
    }
    opt = torch.optim.SGD(model.parameters(), lr=config['lr'])
    sched = LambdaLR(opt, lambda e: (e + 1) / config['warmup'] if e < config['warmup'] else 1 - (e - config['warmup']) / config['epochs'])
    """)
piece("settings-class", """
    class Config:
        lr = 0.06
        epochs = 44
    optimizer = torch.optim.SGD(model.parameters(), lr=Config.lr)
    scheduler = CosineAnnealingLR(optimizer, T_max=Config.epochs)
    """)
piece("magic-and-comments", """
    # %% [markdown]
    # ## the schedule
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)   # high
    scheduler = torch.optim.lr_scheduler.StepLR(  # slow
        optimizer,
        # every 40 epochs
        step_size=40,
        gamma=0.1,  # a tenth
    )
    print('ready', scheduler.get_last_lr())
    """)
piece("backslash", """
    scheduler = \\
        StepLR(optimizer, step_size=12, \\
               gamma=0.6)
    """)
piece("walrus", "sched = StepLR(opt := SGD(net.parameters(), lr=0.7), 30)")
piece("last-epoch-none", "scheduler = CosineAnnealingLR(optimizer, T_max=30, last_epoch=start_epoch - 1)", "start_epoch=0")
piece("tuple-milestones", "MultiStepLR(optimizer, milestones=(15, 30) + (60,), gamma=1 / 2)")
piece("zip-milestones", "LambdaLR(optimizer, lambda e: max(f for m, f in zip([0, 30, 60], [1.0, 0.1, 0.01]) if e >= m and e < m + 50))")
piece("triangular", "LambdaLR(opt, lambda it: 1 - abs((it % 40) / 20 - 1))")
piece("staircase", "LambdaLR(opt, lr_lambda=lambda step: 0.9 ** math.floor(step / 7))")
piece("next-default", "LambdaLR(opt, lambda e: [f for m, f in ((30, 1), (60, 0.5), (10 ** 9, 0.1)) if e < m][0])")
piece("sigmoid", "LambdaLR(opt, lambda t: 1 / (1 + math.exp(0.1 * (t - 50))))")
piece("pow-function", "LambdaLR(opt, lambda t: pow(1 - t / 200, 0.9))")
piece("with-block", """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        scheduler = StepLR(optimizer, 18)
    """)
piece("try-block", """
    try:
        scheduler = StepLR(optimizer, 21)
    except ImportError:
        scheduler = None
    """)
piece("global-rebound", """
    gamma = 0.1
    scheduler = LambdaLR(optimizer, lambda e: gamma ** (e // 30))
    gamma = 0.5
    """)
piece("loop-variable-lists", """
    lambdas = [lambda e, g=g: g ** e for g in (0.9, 0.8)]
    opt = SGD([{'params': w}, {'params': b, 'lr': 0.02}], lr=0.2)
    sched = LambdaLR(opt, lambdas)
    """)

# ---- Not supported ----------------------------------------------------------------------------------------------

piece("all-unknown-names", "scheduler = CosineAnnealingLR(optimizer, args.epochs * len(train_loader), eta_min=args.min_lr)",
      refused="column 42: unknown names 'args.epochs', 'len(train_loader)' and 'args.min_lr'")
piece("unknown-in-lambda", """
    lf = lambda x: (1 - x / epochs) * (1.0 - lrf) + lrf
    scheduler = lr_scheduler.LambdaLR(optimizer, lr_lambda=lf)
    """, refused="column 25: unknown names 'epochs' and 'lrf'")
piece("unknown-setting", """
    if args.cosine:
        scheduler = CosineAnnealingLR(optimizer, 90)
    else:
        scheduler = StepLR(optimizer, 30)
    """, refused="column 4: unknown name 'args.cosine'")
piece("unknown-scheduler", "scheduler = GradualWarmupScheduler(optimizer, multiplier=1, total_epoch=5)",
      refused="column 13: unknown schedule 'GradualWarmupScheduler'")
piece("unknown-in-def", """
    def lr_lambda(step):
        if step < warmup_steps:
            return step / warmup_steps
        return max(0.0, (total_steps - step) / (total_steps - warmup_steps))
    scheduler = LambdaLR(optimizer, lr_lambda)
    """, refused="line 2, column 15: unknown names 'warmup_steps' and 'total_steps'")
piece("f-string", "scheduler = ReduceLROnPlateau(optimizer, mode=f'{mode}')", refused="column 47: an f-string is not supported")
piece("while-loop", """
    def fn(step):
        f = 1.0
        while step > 10:
            f *= 0.5
            step -= 10
        return f
    scheduler = LambdaLR(optimizer, fn)
    """, refused="line 3, column 5: 'while' is not supported in fn, which may assign names, and have if, elif, else, for and return")
piece("break-loop", """
    def fn(step):
        f = 1.0
        for m in [30, 60]:
            if step < m:
                break
            f *= 0.1
        return f
    scheduler = LambdaLR(optimizer, fn)
    """, refused="line 3, column 5: a for loop with return, break or continue is not supported in fn, which may assign names, and have if, elif, else, for and return")
piece("recursion", """
    def fn(step):
        return 1.0 if step == 0 else 0.9 * fn(step - 1)
    scheduler = LambdaLR(optimizer, fn)
    """, refused="line 2, column 12: fn calls itself, or functions are called too deep within others")
piece("two-parameters", "LambdaLR(optimizer, lambda step, total: step / total)",
      refused="column 21: the lambda must be a function of the step alone, but needs step and total: give the others a default, or use functools.partial")
piece("unknown-function", "LambdaLR(optimizer, lambda s: scipy.special.expit(s))",
      refused="column 31: unknown function 'scipy.special.expit'")
piece("class-with-call", "LambdaLR(optimizer, lr_lambda=WarmupCosine(10, 100))",
      refused="column 21: expected a lambda, such as 'lambda step: 0.95 ** step', but found WarmupCosine(10, 100)")
piece("no-schedule", "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)",
      refused="column 13: unknown schedule 'SGD'")
piece("misspelled-name", "LambdaLR(optimizer, lambda epoch: 0.9 ** epohc)",
      refused="column 42: unknown name 'epohc', did you mean 'epoch'?")
piece("bad-value", """
    gamma = -0.5
    scheduler = StepLR(optimizer, 30, gamma=gamma)
    """, refused="line 2, column 35: gamma must be finite and >= 0, but was -0.5")
piece("pick-none", """
    a = StepLR(optimizer, 3)
    b = StepLR(optimizer, 4)
    """, pick="c", refused="column 1: c is no schedule of this text, which has a, b")
piece("unclosed", "scheduler = StepLR(optimizer, step_size=30", refused="column 43: expected ',' or ')', but found the end")
piece("str-method", "StepLR(optimizer, int('30,10'.split(',')[0]))",
      refused="column 19: step_size must be an integer, but failed: the attribute 'split' of a str is not supported")


# ---- What PyTorch gives -----------------------------------------------------------------------------------------


class Loose(types.SimpleNamespace):
    """self, args, opt: it has what is set."""

    def parameters(self):
        return [nn.Parameter(torch.zeros(2))]

    def named_parameters(self):
        return [("w", nn.Parameter(torch.zeros(2))), ("bias", nn.Parameter(torch.zeros(2)))]


def parameter():
    return nn.Parameter(torch.zeros(2))


def environment(sets, made):
    def optimizer():
        return torch.optim.SGD([parameter()], lr=0.1)

    model = Loose(base=nn.Linear(2, 2), classifier=nn.Linear(2, 2))
    one = optimizer()
    import math, bisect, numpy
    env = {
        "__name__": "__main__", "torch": torch, "nn": nn, "optim": torch.optim, "lr_scheduler": lr_scheduler,
        "swa_utils": swa_utils, "math": math, "np": numpy, "bisect": bisect, "functools": functools,
        "partial": functools.partial, "warnings": warnings, "model": model, "net": model, "G": model, "D": model,
        "nets": {"g": model, "d": model}, "optimizer": one, "o": one, "opts": [one], "opt2": one, "w": parameter(),
        "b": parameter(), "extra": parameter(), "backbone_params": [parameter()], "head_params": [parameter()],
        "args": Loose(one=True), "cfg": {}, "hyp": {}, "self": Loose(opt=one, model=model, hparams=Loose(), trainer=Loose()),
        "pl": types.SimpleNamespace(LightningModule=object),
    }
    if any(each.startswith("opt.") for each in sets):
        env["opt"] = Loose()
    else:
        env["opt"] = one
    if any(each.startswith("cfg.TRAIN") for each in sets):
        env["cfg"] = Loose(TRAIN=Loose())
    for module in (torch.optim, lr_scheduler, swa_utils):
        env.update({name: each for name, each in vars(module).items() if isinstance(each, type)})
    for each in sets:
        name, value = each.split("=", 1)
        if name.startswith("len("):
            env[name[4:-1]] = range(int(value))
        elif ".get(" not in name:
            exec(f"{name} = {value}", env)
    return env


def run(text, env, call):
    if text.startswith(">>>"):
        text = "".join(each.source for each in doctest.DocTestParser().get_examples(text))
    if any(line.startswith("return") for line in text.splitlines()):
        text = "def _piece():\n" + textwrap.indent(text, "    ") + "\n_piece()"
    exec(text, env)
    if call:
        exec(call, env)


def recorded():
    """A list of all schedulers in the order in which they are made, from now on."""
    made = []
    for cls in [each for module in (lr_scheduler, swa_utils) for each in vars(module).values() if isinstance(each, type)]:
        if "__init__" not in vars(cls) or not hasattr(cls, "step"):
            continue

        def init(self, *args, _first=cls.__init__, _cls=cls, **kwargs):
            kwargs.pop("verbose", None)
            _first(self, *args, **kwargs)
            if type(self) is _cls:
                made.append(self)

        cls.__init__ = init
    return made


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def main():
    made = recorded()
    lines = [f"# Pieces of Python programs and PyTorch's rates, by parity/pieces.py, torch {torch.__version__.split('+')[0]}"]
    assert len({each[0] for each in PIECES}) == len(PIECES)
    for name, text, sets, pick, call, refused in PIECES:
        lines += [f"piece,{name}", *(f"set,{escaped(each)}" for each in sets)]
        if pick:
            lines.append(f"pick,{pick}")
        lines.append(f"text,{escaped(text)}")
        if refused:
            lines.append(f"refused,{refused}")
            continue
        made.clear()
        env = environment(sets, made)
        run(text, env, call)
        scheduler = eval(pick, env) if pick else made[-1]
        optimizer = scheduler.optimizer
        rows = []
        for _ in range(STEPS):
            rows.append([float(group["lr"]) for group in optimizer.param_groups])
            optimizer.step()
            try:
                scheduler.step(*([1.0] if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else []))
            except ValueError:
                break
        lines += ["rates," + ",".join(map(repr, group)) for group in zip(*rows)]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(len(PIECES), "pieces,", sum(bool(each[5]) for each in PIECES), "refused")


if __name__ == "__main__":
    main()
