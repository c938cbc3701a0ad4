package org.anneal.train.data;

import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.PythonCall;

/** Reads an augmentation's call, whatever module it is written with: {@code transforms.RandomCrop(32)}. */
final class AugmentationReader implements Declared.Reader {
    @Override
    public Augmentation read(PythonCall call) {
        return of(call);
    }

    static Augmentation of(PythonCall call) {
        Kind<?> kind = Kinds.named(call.simpleName(), OwnKinds.ALL, Augmentation.class)
                .orElseThrow(() -> call.unknown(
                        "augmentation",
                        Augmentation.kinds().stream().map(Kind::name).toList()));
        PythonCall.Arguments arguments = call.bind("", kind.signature().toArray(String[]::new));
        return arguments.build(() -> (Augmentation) kind.read(arguments));
    }
}
