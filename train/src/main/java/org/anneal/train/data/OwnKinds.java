package org.anneal.train.data;

import java.util.List;
import org.anneal.text.Kind;

/** Anneal's augmentations. A new one is listed here and nowhere else. */
final class OwnKinds {
    static final List<Kind<?>> ALL = List.of(
            RandomCrop.KIND, RandomHorizontalFlip.KIND, RandomVerticalFlip.KIND, RandomRotation.KIND, Compose.KIND);

    private OwnKinds() {}
}
