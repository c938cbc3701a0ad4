/** The folder of a training run, written and read. */
module org.anneal.runs {
    requires static org.jspecify;
    requires transitive org.anneal.core;
    requires tools.jackson.databind;

    exports org.anneal.runs;
}
