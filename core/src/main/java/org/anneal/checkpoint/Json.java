package org.anneal.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the JSON of a safetensors header: objects ({@link Map}), arrays ({@link List}), strings, and whole numbers, at least 0
 * ({@link Long}). It is strict, so that two readers cannot read two things: a name may be in an object only once.
 *
 * <p>Source: RFC 8259.
 */
final class Json {
    private static final int MOST_NESTED = 8;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** @throws IOException if it is not such JSON, with the reason */
    static Object read(String text) throws IOException {
        Json json = new Json(text);
        Object value = json.value(0);
        json.space();
        if (json.at < text.length()) {
            throw json.bad("text after its end");
        }
        return value;
    }

    private IOException bad(String how) {
        return new IOException("invalid JSON in the safetensors header at character " + at + ": " + how);
    }

    private void space() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    /** {@return the next character that is not white space, without consuming it; 0 at the end} */
    private char peek() {
        space();
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean took(char character) {
        boolean there = peek() == character;
        at += there ? 1 : 0;
        return there;
    }

    private void take(char character) throws IOException {
        if (!took(character)) {
            throw bad(character + " expected");
        }
    }

    private Object value(int depth) throws IOException {
        if (depth > MOST_NESTED) {
            throw bad("nested too deeply");
        }
        char first = peek();
        if (first == '{') {
            return object(depth + 1);
        } else if (first == '[') {
            return array(depth + 1);
        } else if (first == '"') {
            return string();
        } else if (first >= '0' && first <= '9') {
            return number();
        }
        throw bad("expected an object, an array, a string or a whole number, at least 0");
    }

    private Map<String, Object> object(int depth) throws IOException {
        Map<String, Object> object = new LinkedHashMap<>();
        take('{');
        if (took('}')) {
            return object;
        }
        do {
            peek();
            String name = string();
            take(':');
            if (object.put(name, value(depth)) != null) {
                throw bad("duplicate name " + ZipReader.shown(name));
            }
        } while (took(','));
        take('}');
        return object;
    }

    private List<Object> array(int depth) throws IOException {
        List<Object> array = new ArrayList<>();
        take('[');
        if (took(']')) {
            return array;
        }
        do {
            array.add(value(depth));
        } while (took(','));
        take(']');
        return array;
    }

    private Long number() throws IOException {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        String digits = text.substring(start, at);
        if (digits.length() > 18 || (digits.length() > 1 && digits.startsWith("0"))) {
            throw bad("invalid number");
        }
        return Long.valueOf(digits);
    }

    private String string() throws IOException {
        take('"');
        StringBuilder string = new StringBuilder();
        while (at < text.length()) {
            char character = text.charAt(at++);
            if (character == '"') {
                return string.toString();
            } else if (character < ' ') {
                throw bad("control character in a string");
            }
            string.append(character == '\\' ? escaped() : character);
        }
        throw bad("unterminated string");
    }

    private char escaped() throws IOException {
        char character = at < text.length() ? text.charAt(at++) : 0;
        return switch (character) {
            case '"', '\\', '/' -> character;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                String hex = text.substring(at, Math.min(at + 4, text.length()));
                if (!hex.matches("[0-9a-fA-F]{4}")) {
                    throw bad("\\u without four hexadecimal digits");
                }
                at += 4;
                yield (char) Integer.parseInt(hex, 16);
            }
            default -> throw bad("invalid escape");
        };
    }
}
