package org.anneal.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.text.Python;

/**
 * Runs a pickle of protocol 0 to 5: a program for a machine with a stack and a memo. {@link Globals} decides what it may name;
 * there is no Python to call. The work is bounded by the program's length: no operation copies what others built, and keys of
 * dicts are small. Strings of Python 2 are read as UTF-8, as {@code torch.load} reads them.
 *
 * <p>Source: CPython's {@code Lib/pickletools.py}, which describes each operation.
 */
final class PickleReader {
    private static final int MOST_OPERATIONS = 10_000_000;
    private static final int MOST_IN_A_KEY = 100; // values in a tuple that is a key
    // With keys of several types, or tuples, whose hashes collide, a map compares every key.
    private static final int MOST_MIXED_KEYS = 1_000;
    private static final int LONGEST_NUMBER = 620; // decimal digits of 255 bytes, with sign and suffix
    private static final int WINDOW = 1 << 16;
    private static final Optional<?> NONE = Optional.empty();

    private final Input input;
    private final boolean whole;
    private final Globals globals;
    private ByteBuffer data; // fetched and not read yet, from its position
    private long fetched; // bytes of the input until the end of data
    private final ArrayList<Object> stack = new ArrayList<>();
    private final ArrayList<Integer> marks = new ArrayList<>(); // heights of the stack
    private final Map<Integer, Object> memo = new HashMap<>();

    /** The source of a pickle's bytes. */
    private interface Input {
        long size();

        ByteBuffer read(long position, int length) throws IOException;
    }

    /** Reads a pickle that is all of {@code data}. */
    PickleReader(byte[] data, Globals globals) {
        this(
                new Input() {
                    @Override
                    public long size() {
                        return data.length;
                    }

                    @Override
                    public ByteBuffer read(long position, int length) {
                        return ByteBuffer.wrap(data, (int) position, length).slice();
                    }
                },
                true,
                globals);
    }

    /** Reads at most {@code longest} bytes of a pickle in a file, from {@code start} on; other data may follow it. */
    PickleReader(FileBytes file, long start, int longest, Globals globals) {
        this(
                new Input() {
                    @Override
                    public long size() {
                        return Math.min(longest, file.size() - start);
                    }

                    @Override
                    public ByteBuffer read(long position, int length) throws IOException {
                        return file.read(start + position, length);
                    }
                },
                false,
                globals);
    }

    private PickleReader(Input input, boolean whole, Globals globals) {
        this.input = input;
        this.whole = whole;
        this.globals = globals;
        data = ByteBuffer.allocate(0);
    }

    /** {@return the number of bytes read} */
    long length() {
        return fetched - data.remaining();
    }

    /** @throws IOException if the pickle is damaged, too large, or asks for something that a checkpoint must not have */
    Object read() throws IOException {
        for (int i = 0; i < MOST_OPERATIONS; i++) {
            int operation = u1();
            if (operation == '.') {
                if (stack.size() != 1 || !marks.isEmpty() || (whole && left() > 0)) {
                    throw bad("it ends too early");
                }
                return stack.get(0);
            }
            run(operation);
        }
        throw new IOException("its pickle has more than " + MOST_OPERATIONS + " operations");
    }

    private void run(int operation) throws IOException {
        switch (operation) {
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());
            case 'N' -> push(NONE);
            case 0x80 -> {
                if (u1() > 5) {
                    throw bad("it is not a pickle of protocol 0 to 5");
                }
            }
            case 'I' -> push(truthOrInteger(digits()));
            case 'L' -> push(decimal(digits().replaceFirst("L$", "")));
            case 'F' -> push(floating(digits()));
            case 'S' -> push(literal());
            case 'U' -> push(python2(bytes(u1())));
            case 'T' -> push(python2(bytes(u4())));
            case 'V' -> push(escaped());
            case 'p' -> memo.put(index(), top());
            case 'g' -> push(recall(index()));
            case 'P' ->
                throw new IOException("its pickle has protocol 0, which cannot hold tensors, so PyTorch cannot read it"
                        + " either: save with pickle_protocol=2");
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) u1());
            case 'M' -> push((long) u2());
            case 'J' -> push((long) i4());
            case 0x8a -> push(integer(u1()));
            case 0x8b -> push(integer(i4()));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(i8())));
            case 0x8c -> push(text(u1()));
            case 'X' -> push(text(u4()));
            case 0x8d -> push(text(i8()));
            case 'C' -> push(bytes(u1()));
            case 'B' -> push(bytes(u4()));
            case 0x8e, 0x96 -> push(bytes(i8()));
            case ')' -> push(Python.Tuple.of());
            case 0x85 -> push(tuple(1));
            case 0x86 -> push(tuple(2));
            case 0x87 -> push(tuple(3));
            case 't' -> push(new Python.Tuple(popToMark()));
            case ']' -> push(new ArrayList<>(0));
            case 'l' -> push(popToMark());
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(popToMark());
            case '}' -> push(new LinkedHashMap<>(0));
            case 'd' -> {
                List<Object> entries = popToMark();
                push(new LinkedHashMap<>());
                put(entries);
            }
            case 's' -> put(popTwo());
            case 'u' -> put(popToMark());
            case 0x8f -> push(new LinkedHashSet<>(0));
            case 0x90 -> {
                List<Object> items = popToMark();
                add(items);
            }
            case 0x91 -> {
                List<Object> items = popToMark();
                push(new LinkedHashSet<>());
                add(items);
            }
            case 'q' -> memo.put(u1(), top());
            case 'r' -> memo.put(i4(), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(recall(u1()));
            case 'j' -> push(recall(i4()));
            case 'c' -> {
                String module = utf8(ByteBuffer.wrap(line()));
                push(globals.named(module, utf8(ByteBuffer.wrap(line()))));
            }
            case 0x93 -> {
                List<Object> names = popTwo();
                if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
                    throw bad("a name is not a string");
                }
                push(globals.named(module, name));
            }
            case 'R' -> {
                List<?> arguments = arguments();
                push(globals.call(pop(), arguments));
            }
            case 0x81 -> {
                List<?> arguments = arguments();
                push(globals.create(pop(), arguments));
            }
            case 'b' -> {
                Object state = pop();
                globals.build(top(), state);
            }
            case 'Q' -> push(globals.persistent(pop()));
            case 0x95 -> {
                long length = i8();
                if (length < 0 || length > left()) {
                    throw bad("a frame is longer than the pickle");
                }
            }
            default -> throw bad(String.format("operation 0x%02x has no place in a checkpoint", operation));
        }
    }

    private IOException bad(String how) {
        return new IOException("its pickle is damaged at byte " + length() + ": " + how);
    }

    // The program.

    private long left() {
        return data.remaining() + input.size() - fetched;
    }

    private void need(long length) throws IOException {
        if (length < 0 || length > left()) {
            throw bad("it ends in the middle of a value");
        }
        if (length > data.remaining()) {
            int more = (int) Math.min(Math.max(length - data.remaining(), WINDOW), input.size() - fetched);
            ByteBuffer next = input.read(fetched, more);
            if (data.hasRemaining()) {
                next = ByteBuffer.allocate(data.remaining() + more)
                        .put(data)
                        .put(next)
                        .flip();
            }
            data = next.order(ByteOrder.LITTLE_ENDIAN);
            fetched += more;
        }
    }

    private int u1() throws IOException {
        need(1);
        return Byte.toUnsignedInt(data.get());
    }

    private int u2() throws IOException {
        need(2);
        return Short.toUnsignedInt(data.getShort());
    }

    private int i4() throws IOException {
        need(4);
        return data.getInt();
    }

    private long u4() throws IOException {
        return Integer.toUnsignedLong(i4());
    }

    private long i8() throws IOException {
        need(8);
        return data.getLong();
    }

    private byte[] bytes(long length) throws IOException {
        need(length);
        byte[] bytes = new byte[(int) length];
        data.get(bytes);
        return bytes;
    }

    private String text(long length) throws IOException {
        need(length);
        ByteBuffer text = data.slice(data.position(), (int) length);
        data.position(data.position() + (int) length);
        return utf8(text);
    }

    private String utf8(ByteBuffer text) throws IOException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException e) {
            throw bad("a string is not UTF-8");
        }
    }

    /** {@return a str of Python 2, which is bytes, as a string} */
    private static String python2(byte[] bytes) throws IOException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException(
                    "it has a str of Python 2 that is not UTF-8; rewrite it in Python: torch.save(torch.load(f, "
                            + "map_location='cpu', encoding='latin1', weights_only=False), f2) (if you trust it)",
                    e);
        }
    }

    private byte[] line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int letter = u1(); letter != '\n'; letter = u1()) {
            line.write(letter);
        }
        return line.toByteArray();
    }

    /** {@return a number in a line of protocol 0, as text} */
    private String digits() throws IOException {
        byte[] line = line();
        if (line.length > LONGEST_NUMBER) {
            throw bad("a number has more than " + LONGEST_NUMBER + " characters");
        }
        return new String(line, StandardCharsets.ISO_8859_1);
    }

    private Object decimal(String digits) throws IOException {
        if (!digits.matches("[+-]?[0-9]+")) {
            throw bad("a number has no digits");
        }
        return small(new BigInteger(digits));
    }

    private Object truthOrInteger(String digits) throws IOException {
        return switch (digits) {
            case "00" -> false;
            case "01" -> true;
            default -> decimal(digits);
        };
    }

    private double floating(String digits) throws IOException {
        return switch (digits) {
            case "nan" -> Double.NaN;
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> {
                if (!digits.matches("[+-]?[0-9]+(\\.[0-9]*)?(e[+-]?[0-9]+)?")) {
                    throw bad("a number has no digits");
                }
                yield Double.parseDouble(digits);
            }
        };
    }

    private int index() throws IOException {
        if (decimal(digits()) instanceof Long index && index == index.intValue()) {
            return index.intValue();
        }
        throw bad("a reference has no target");
    }

    /** {@return the string of a Python 2 literal, {@code 'it\\'s'}, whose characters are bytes of UTF-8} */
    private String literal() throws IOException {
        byte[] line = line();
        int end = line.length - 1;
        if (end < 1 || line[0] != line[end] || (line[0] != '\'' && line[0] != '"')) {
            throw bad("a string is not in quotes");
        }
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = 1; i < end; i++) {
            if (line[i] != '\\' || i + 1 == end) {
                text.write(line[i]);
                continue;
            }
            char escape = (char) line[++i];
            int letter = "\\'\"abfnrtv".indexOf(escape);
            if (letter >= 0) {
                text.write("\\'\"\u0007\b\f\n\r\t\u000b".charAt(letter));
            } else if (escape == 'x' && i + 2 < end) { // the only other escape in Python's repr
                text.write(hex(line, i + 1, 2));
                i += 2;
            } else {
                throw bad("a string has an invalid escape");
            }
        }
        return python2(text.toByteArray());
    }

    /** {@return the string of a Latin-1 line, in which other characters are {@code \\u5c64} or {@code \\U0001f642}} */
    private String escaped() throws IOException {
        byte[] line = line();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < line.length; i++) {
            int length =
                    line[i] != '\\' || i + 1 == line.length ? 0 : line[i + 1] == 'u' ? 4 : line[i + 1] == 'U' ? 8 : 0;
            if (length == 0) {
                text.append((char) Byte.toUnsignedInt(line[i]));
                continue;
            }
            int point = i + 2 + length > line.length ? -1 : hex(line, i + 2, length);
            if (!Character.isValidCodePoint(point)) {
                throw bad("a string has an invalid escape");
            }
            text.appendCodePoint(point);
            i += 1 + length;
        }
        return text.toString();
    }

    private int hex(byte[] line, int start, int length) throws IOException {
        int value = 0;
        for (int i = start; i < start + length; i++) {
            int digit = Character.digit(line[i], 16);
            if (digit < 0) {
                throw bad("a string has an invalid escape");
            }
            value = 16 * value + digit;
        }
        return value;
    }

    private Object integer(int length) throws IOException {
        if (length < 0 || length > 255) {
            throw bad("an int has more than 255 bytes");
        }
        byte[] bigEndian = new byte[length];
        need(length);
        for (int i = length - 1; i >= 0; i--) {
            bigEndian[i] = data.get();
        }
        return small(length == 0 ? BigInteger.ZERO : new BigInteger(bigEndian));
    }

    private static Object small(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    // The stack and the memo.

    private void push(Object value) {
        stack.add(value);
    }

    private int floor() {
        return marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
    }

    private Object top() throws IOException {
        if (stack.size() <= floor()) {
            throw bad("a value is missing");
        }
        return stack.get(stack.size() - 1);
    }

    private Object pop() throws IOException {
        Object top = top();
        stack.remove(stack.size() - 1);
        return top;
    }

    private List<Object> popTwo() throws IOException {
        Object second = pop();
        return Arrays.asList(pop(), second);
    }

    private List<Object> popToMark() throws IOException {
        if (marks.isEmpty()) {
            throw bad("a mark is missing");
        }
        List<Object> above = stack.subList(marks.remove(marks.size() - 1), stack.size());
        ArrayList<Object> values = new ArrayList<>(above);
        above.clear();
        return values;
    }

    private Python.Tuple tuple(int size) throws IOException {
        if (stack.size() - size < floor()) {
            throw bad("a value is missing");
        }
        List<Object> above = stack.subList(stack.size() - size, stack.size());
        Python.Tuple tuple = new Python.Tuple(above);
        above.clear();
        return tuple;
    }

    private List<?> arguments() throws IOException {
        if (pop() instanceof Python.Tuple tuple) {
            return tuple.items();
        }
        throw bad("arguments are not a tuple");
    }

    private Object recall(int index) throws IOException {
        Object value = memo.get(index);
        if (value == null) {
            throw bad("a reference has no target");
        }
        return value;
    }

    // Containers.

    @SuppressWarnings("unchecked") // every ArrayList here is of objects
    private void append(List<Object> items) throws IOException {
        if (!(top() instanceof ArrayList<?> list)) {
            throw bad("items are added to something that is not a list");
        }
        ((ArrayList<Object>) list).addAll(items);
    }

    @SuppressWarnings("unchecked") // every map here is of objects, except a counter, whose values are checked
    private void put(List<Object> entries) throws IOException {
        if (!(top() instanceof LinkedHashMap<?, ?> map) || entries.size() % 2 != 0) {
            throw bad("entries are added to something that is not a dict");
        }
        for (int i = 0; i < entries.size(); i += 2) {
            Object key = entries.get(i);
            Object value = entries.get(i + 1);
            checkKey(key, map.keySet());
            if (map instanceof Python.Counter<?> && !(value instanceof Long)) {
                throw bad("a Counter's count is not an int");
            }
            ((LinkedHashMap<Object, Object>) map).put(key, value);
        }
    }

    @SuppressWarnings("unchecked") // every set here is of objects
    private void add(List<Object> items) throws IOException {
        if (!(top() instanceof LinkedHashSet<?> set)) {
            throw bad("items are added to something that is not a set");
        }
        for (Object item : items) {
            checkKey(item, set);
            ((LinkedHashSet<Object>) set).add(item);
        }
    }

    /** Refuses values that cannot be keys, and sets of keys that would make a map slow. */
    static void checkKey(Object key, Set<?> others) throws IOException {
        if (count(key, 0) > MOST_IN_A_KEY) {
            throw new IOException("a dict's key has more than " + MOST_IN_A_KEY + " values");
        }
        if (others.size() >= MOST_MIXED_KEYS) {
            Class<?> type = others.iterator().next().getClass();
            if (key.getClass() != type || (type != String.class && type != Long.class && type != byte[].class)) {
                throw new IOException("a dict of more than " + MOST_MIXED_KEYS
                        + " entries must have keys that are all str or all int");
            }
        }
        // Python compares tensors by identity. Here two views of the same elements are equal, and must not become one
        // entry.
        if (key instanceof TensorData && others.contains(key)) {
            throw new IOException("a dict has two keys that are the same view of a tensor");
        }
    }

    private static int count(Object key, int counted) throws IOException {
        int sum = counted + 1;
        if (key instanceof Python.Tuple tuple) {
            for (Object item : tuple.items()) {
                if (sum > MOST_IN_A_KEY) {
                    return sum;
                }
                sum = count(item, sum);
            }
        } else if (!Structure.isKey(key)) {
            throw new IOException("a dict's key must be " + Structure.KEYS + ", but was " + Structure.named(key));
        }
        return sum;
    }
}
