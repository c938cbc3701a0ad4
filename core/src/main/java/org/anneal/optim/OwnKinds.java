package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;

/** PyTorch's optimizers and those of other authors. A new rule of ours is named here, and nowhere else. */
final class OwnKinds {
    static final List<Kind<?>> ALL = List.of(
            SGD.KIND,
            Adam.KIND,
            AdamW.KIND,
            Adagrad.KIND,
            RMSprop.KIND,
            Adadelta.KIND,
            Adamax.KIND,
            NAdam.KIND,
            RAdam.KIND,
            ASGD.KIND,
            Rprop.KIND,
            Adafactor.KIND,
            Muon.KIND,
            Lion.KIND,
            Lamb.KIND,
            SGDScheduleFree.KIND,
            AdamWScheduleFree.KIND,
            Prodigy.KIND,
            DAdaptSGD.KIND,
            DAdaptAdam.KIND,
            LBFGS.KIND);

    private OwnKinds() {}
}
