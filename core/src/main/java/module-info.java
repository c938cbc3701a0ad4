/** Schedules, optimizers, the {@code float[]} engine and the file codecs; requires nothing. */
module org.anneal.core {
    requires static org.jspecify;

    exports org.anneal.text;
    exports org.anneal.schedule;
    exports org.anneal.optim;
    exports org.anneal.convert;
    exports org.anneal.array;
    exports org.anneal.checkpoint;

    uses org.anneal.text.Kinds;
}
