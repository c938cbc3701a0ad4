package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.runs.RunListener.Epoch;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteConfig.TransactionMode;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/**
 * A sweep's file: its trials, their jobs and the epochs of these, in SQLite. What is written is kept even if the process is killed or
 * the power fails, and can be read meanwhile. Only the sweep's own process writes, one thread at a time.
 */
final class SweepStore implements AutoCloseable {
    /** The file in a sweep's folder. */
    static final String FILE = "sweep.db";

    private static final int VERSION = 1;
    private static final int BUSY_MILLIS = 10_000;
    private static final List<String> TABLES = List.of(
            "create table about (name text primary key, value text not null) strict, without rowid",
            "create table trial (number integer primary key, family text not null, settings text not null,"
                    + " parameters text not null, skipped text) strict",
            "create table job (trial integer not null, rung integer not null, repeat integer not null, state text not null,"
                    + " attempt integer not null, value real, reason text not null, place text not null, ended integer,"
                    + " primary key (trial, rung, repeat)) strict, without rowid",
            "create table epoch (trial integer not null, rung integer not null, repeat integer not null, epoch integer not null,"
                    + " step integer not null, lr text not null, train_loss real, metrics text not null,"
                    + " seconds real not null, numbers text not null, primary key (trial, rung, repeat, epoch)) strict, without rowid");

    /** The state of a job that has begun; others are those of {@link Outcome.End}. */
    private static final String RUNNING = "RUNNING";

    /** The state of a job whose next attempt has not begun. */
    private static final String LOST = Outcome.End.LOST.name();

    private final Connection connection;
    private final Map<String, PreparedStatement> statements = new HashMap<>();
    private long ended;

    /** A job as the file has it. */
    record Saved(
            int trial,
            int rung,
            int repeat,
            String state,
            int attempt,
            double value,
            String reason,
            String place,
            long ended,
            List<Epoch> epochs) {
        /** {@return whether no attempt is left} */
        boolean isOver() {
            return !state.equals(RUNNING) && !state.equals(LOST);
        }
    }

    /** A trial as the file has it. */
    record SavedTrial(Configuration configuration, Optional<String> skipped) {}

    private SweepStore(Connection connection) {
        this.connection = connection;
    }

    /**
     * Opens a sweep's file, which is made if it is missing.
     *
     * @param folder that exists; empty for a sweep in memory
     * @throws IOException if it cannot be read or written, or a later version made it
     */
    static SweepStore open(Optional<Path> folder) throws IOException {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(JournalMode.WAL);
        config.setSynchronous(SynchronousMode.FULL); // costs a millisecond a trial, and survives a power failure
        config.setTransactionMode(TransactionMode.IMMEDIATE);
        return open(folder, config, true);
    }

    /** Opens a sweep's file to read it, perhaps while its process writes. */
    static SweepStore read(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve(FILE))) {
            throw new IOException(
                    Files.isDirectory(folder)
                            ? folder + " must be the folder of a sweep, but has no " + FILE
                            : "there is no folder " + folder);
        }
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        return open(Optional.of(folder), config, false);
    }

    private static SweepStore open(Optional<Path> folder, SQLiteConfig config, boolean makes) throws IOException {
        config.setBusyTimeout(BUSY_MILLIS);
        String file = folder.map(path -> path.resolve(FILE).toString()).orElse(":memory:");
        try {
            Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file, config.toProperties());
            SweepStore store = new SweepStore(connection);
            try {
                store.prepare(makes, file);
                return store;
            } catch (SQLException | IOException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException e) {
            throw failed("cannot read " + file, e);
        }
    }

    private void prepare(boolean makes, String file) throws SQLException, IOException {
        connection.setAutoCommit(!makes);
        try (Statement statement = connection.createStatement()) {
            long version = number(statement, "pragma user_version");
            if (version == 0 && makes) {
                for (String table : TABLES) {
                    statement.execute(table);
                }
                statement.execute("pragma user_version = " + VERSION);
                connection.commit();
            } else if (version != VERSION) {
                throw new IOException(
                        version > VERSION
                                ? file + " was written by a later version of Anneal"
                                : file + " must be a sweep's, but is not");
            }
            ended = number(statement, "select coalesce(max(ended), 0) from job");
        }
        if (makes) {
            connection.commit();
        }
    }

    private static long number(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    private static IOException failed(String what, SQLException e) {
        return new IOException(what + ": " + e.getMessage(), e);
    }

    /** Changes the file: all of it, or nothing if that fails. */
    private interface Change {
        void make() throws SQLException;
    }

    private void commit(Change change) throws IOException {
        try {
            try {
                change.make();
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        } catch (SQLException e) {
            throw failed("cannot write " + FILE, e);
        }
    }

    private PreparedStatement prepared(String text, Object... values) throws SQLException {
        PreparedStatement statement = statements.get(text);
        if (statement == null) {
            statement = connection.prepareStatement(text);
            statements.put(text, statement);
        }
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i] instanceof Double number && number.isNaN() ? null : values[i]);
        }
        return statement;
    }

    private void execute(String text, Object... values) throws SQLException {
        prepared(text, values).executeUpdate();
    }

    /** {@return what {@link #describe} has written} */
    Map<String, String> about() throws IOException {
        Map<String, String> about = new LinkedHashMap<>();
        try (ResultSet rows = prepared("select name, value from about").executeQuery()) {
            while (rows.next()) {
                about.put(rows.getString(1), rows.getString(2));
            }
            return about;
        } catch (SQLException e) {
            throw failed("cannot read " + FILE, e);
        }
    }

    /** Writes facts about the sweep, and trials behind those that it has, at once. */
    void describe(Map<String, String> about, List<Configuration> trials) throws IOException {
        commit(() -> {
            for (Map.Entry<String, String> fact : about.entrySet()) {
                execute("insert or replace into about values (?, ?)", fact.getKey(), fact.getValue());
            }
            try (Statement statement = connection.createStatement()) {
                long number = number(statement, "select count(*) from trial");
                for (Configuration trial : trials) {
                    execute(
                            "insert into trial values (?, ?, ?, ?, null)",
                            number++,
                            trial.family(),
                            Json.of(trial.settings().stream()
                                    .map(setting -> List.of(setting.getKey(), setting.getValue()))
                                    .toList()),
                            Json.of(trial.parameters()));
                }
            }
        });
    }

    /** Writes that a trial is not to be trained. */
    void skip(int trial, String reason) throws IOException {
        commit(() -> execute("update trial set skipped = ? where number = ?", reason, trial));
    }

    /** Writes that a job has begun. */
    void begin(Job job) throws IOException {
        commit(() -> execute(
                "insert or replace into job values (?, ?, ?, '" + RUNNING + "', ?, null, '', '', null)",
                job.trial(),
                job.rung(),
                job.repeat(),
                job.attempt()));
    }

    /** Writes an epoch of a job. */
    void epoch(Job job, Epoch epoch) throws IOException {
        commit(() -> write(job, epoch));
    }

    private void write(Job job, Epoch epoch) throws SQLException {
        execute(
                "insert or replace into epoch values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                job.trial(),
                job.rung(),
                job.repeat(),
                epoch.epoch(),
                epoch.step(),
                Json.of(epoch.lr()),
                epoch.trainLoss(),
                Json.of(epoch.metrics()),
                epoch.seconds(),
                Json.of(epoch.numbers()));
    }

    /**
     * Writes that a job has ended.
     *
     * @param epochs of it that are not written yet
     */
    void end(Job job, Outcome outcome, double value, List<Epoch> epochs) throws IOException {
        commit(() -> {
            for (Epoch epoch : epochs) {
                write(job, epoch);
            }
            execute(
                    "update job set state = ?, value = ?, reason = ?, place = ?, ended = ? where trial = ? and rung = ? and"
                            + " repeat = ?",
                    outcome.end().name(),
                    value,
                    outcome.reason(),
                    outcome.place(),
                    ++ended,
                    job.trial(),
                    job.rung(),
                    job.repeat());
        });
    }

    /** {@return the trials, by their numbers} */
    List<SavedTrial> trials() throws IOException {
        List<SavedTrial> trials = new ArrayList<>();
        try (ResultSet rows = prepared("select family, settings, parameters, skipped from trial order by number")
                .executeQuery()) {
            while (rows.next()) {
                List<List<String>> settings = Json.read(rows.getString(2), new TypeReference<>() {});
                Map<String, String> parameters =
                        Json.read(rows.getString(3), new TypeReference<LinkedHashMap<String, String>>() {});
                trials.add(new SavedTrial(
                        new Configuration(
                                rows.getString(1),
                                settings.stream()
                                        .map(setting -> Map.entry(setting.get(0), setting.get(1)))
                                        .toList(),
                                parameters),
                        Optional.ofNullable(rows.getString(4))));
            }
            return trials;
        } catch (SQLException | JacksonException e) {
            throw new IOException("cannot read " + FILE + ": " + e.getMessage(), e);
        }
    }

    /** {@return the jobs, in the order in which they ended; those that have not, at the end} */
    List<Saved> jobs() throws IOException {
        Map<List<Integer>, List<Epoch>> epochs = new HashMap<>();
        List<Saved> jobs = new ArrayList<>();
        try {
            try (ResultSet rows = prepared(
                            "select trial, rung, repeat, epoch, step, lr, train_loss, metrics, seconds, numbers"
                                    + " from epoch order by trial, rung, repeat, epoch")
                    .executeQuery()) {
                while (rows.next()) {
                    epochs.computeIfAbsent(
                                    List.of(rows.getInt(1), rows.getInt(2), rows.getInt(3)), key -> new ArrayList<>())
                            .add(epoch(rows));
                }
            }
            try (ResultSet rows = prepared(
                            "select trial, rung, repeat, state, attempt, value, reason, place, coalesce(ended, 0)"
                                    + " from job order by ended is null, ended, trial, rung, repeat")
                    .executeQuery()) {
                while (rows.next()) {
                    jobs.add(new Saved(
                            rows.getInt(1),
                            rows.getInt(2),
                            rows.getInt(3),
                            rows.getString(4),
                            rows.getInt(5),
                            real(rows, 6),
                            rows.getString(7),
                            rows.getString(8),
                            rows.getLong(9),
                            epochs.getOrDefault(List.of(rows.getInt(1), rows.getInt(2), rows.getInt(3)), List.of())));
                }
            }
            return jobs;
        } catch (SQLException | JacksonException e) {
            throw new IOException("cannot read " + FILE + ": " + e.getMessage(), e);
        }
    }

    private static Epoch epoch(ResultSet rows) throws SQLException {
        return new Epoch(
                rows.getInt(4),
                rows.getLong(5),
                Json.read(rows.getString(6), new TypeReference<List<Double>>() {}),
                real(rows, 7),
                Json.read(rows.getString(8), new TypeReference<LinkedHashMap<String, Double>>() {}),
                rows.getDouble(9),
                Json.read(rows.getString(10), new TypeReference<LinkedHashMap<String, Double>>() {}));
    }

    private static double real(ResultSet rows, int column) throws SQLException {
        double value = rows.getDouble(column);
        return rows.wasNull() ? Double.NaN : value;
    }

    @Override
    public void close() throws IOException {
        try {
            for (PreparedStatement statement : statements.values()) {
                statement.close();
            }
            connection.close();
        } catch (SQLException e) {
            throw failed("cannot close " + FILE, e);
        }
    }

    /** {@return a fact that every sweep's file has} */
    static String fact(Map<String, String> about, String name) {
        return Objects.requireNonNull(about.get(name), name);
    }
}
