/** The folder of a training run, written and read. */
module org.anneal.runs {
    requires static org.jspecify;
    requires transitive org.anneal.core;
    requires me.tongfei.progressbar;
    requires tools.jackson.databind;

    exports org.anneal.runs;
}
