package org.anneal.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorOptions;
import ai.djl.util.Progress;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/** A data set through which an optimizer learns where a validation begins and ends: DJL tells its listeners only within. */
final class EvalDataset implements Dataset {
    private final Dataset data;
    private final Runnable begin;
    private final Runnable end;

    EvalDataset(Dataset data, Runnable begin, Runnable end) {
        this.data = data;
        this.begin = begin;
        this.end = end;
    }

    @Override
    public Iterable<Batch> getData(NDManager manager) throws IOException, TranslateException {
        return between(data.getData(manager));
    }

    @Override
    public Iterable<Batch> getData(NDManager manager, ExecutorService executor) throws IOException, TranslateException {
        return between(data.getData(manager, executor));
    }

    private Iterable<Batch> between(Iterable<Batch> batches) {
        return () -> {
            begin.run();
            Iterator<Batch> all = batches.iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    if (all.hasNext()) {
                        return true;
                    }
                    end.run();
                    return false;
                }

                @Override
                public Batch next() {
                    return all.next();
                }
            };
        };
    }

    @Override
    public void prepare(@Nullable Progress progress) throws IOException, TranslateException {
        data.prepare(progress);
    }

    @Override
    public @Nullable TranslatorOptions matchingTranslatorOptions() {
        return data.matchingTranslatorOptions();
    }
}
