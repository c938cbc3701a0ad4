package org.anneal.cli;

import java.io.IOException;
import java.lang.ref.SoftReference;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The samples that a worker has read, kept for its next runs as long as there is memory for them. */
final class DataCache implements DataOptions.Reader {
    private final Map<Key, SoftReference<DataOptions.Read>> known = new LinkedHashMap<>();

    /** What the samples depend on. */
    private record Key(String data, Map<String, Object> settings) {}

    @Override
    public DataOptions.Read read(String data, Map<String, Object> settings) throws IOException {
        Map<String, Object> own = new LinkedHashMap<>(settings);
        own.keySet().retainAll(DataOptions.READ_WITH);
        Key key = new Key(data, own);
        known.values().removeIf(reference -> reference.refersTo(null));
        Optional<DataOptions.Read> before = Optional.ofNullable(known.get(key)).map(SoftReference::get);
        DataOptions.Read read = before.isPresent() ? before.get() : DataOptions.read(data, own);
        if (before.isEmpty()) {
            known.put(key, new SoftReference<>(read));
        }
        Map<String, Object> all = new LinkedHashMap<>(settings);
        all.putAll(read.settings());
        return new DataOptions.Read(read.sets(), all);
    }
}
