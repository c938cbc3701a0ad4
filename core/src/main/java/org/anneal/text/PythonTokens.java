package org.anneal.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Cuts a Python text into tokens, with its lines and indentation. What is not supported becomes a foreign token. */
final class PythonTokens {
    private static final int LONGEST_NUMBER = 4300; // Python's limit for an int
    private static final int DEEPEST_INDENTATION = 100;

    enum Kind {
        NUMBER,
        UNIT,
        NAME,
        STRING,
        SYMBOL,
        /** What Python may have, and this does not read. */
        FOREIGN,
        NEWLINE,
        INDENT,
        DEDENT,
        END
    }

    /** A piece of the text; of a string, its content; of what is foreign, why it is not read. */
    record Token(Kind kind, String text, int at, String problem) {
        Token(Kind kind, String text, int at) {
            this(kind, text, at, "");
        }

        boolean is(String symbol) {
            return (kind == Kind.SYMBOL || kind == Kind.NAME) && text.equals(symbol);
        }

        boolean opens() {
            return kind == Kind.SYMBOL && (text.equals("(") || text.equals("[") || text.equals("{"));
        }

        boolean closes() {
            return kind == Kind.SYMBOL && (text.equals(")") || text.equals("]") || text.equals("}"));
        }

        boolean isPartnerOf(Token open) {
            return "()[]{}".contains(open.text + text);
        }

        boolean endsStatement() {
            return kind == Kind.NEWLINE || kind == Kind.DEDENT || kind == Kind.END || is(";");
        }

        @Override
        public String toString() {
            return switch (kind) {
                case END -> "the end";
                case NEWLINE, DEDENT -> "the end of the line";
                case INDENT -> "an indented line";
                case STRING -> Python.repr(PythonText.shortened(text));
                default -> "'" + PythonText.shortened(text) + "'";
            };
        }
    }

    /** Longest first. */
    private static final List<String> SYMBOLS = List.of(
            "**=", "//=", "<<=", ">>=", "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "->", ":=", "+=", "-=",
            "*=", "/=", "%=", "@=", "&=", "|=", "^=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", "{", "}",
            ",", "=", ":", ".", ";", "@", "&", "|", "^", "~");

    private static final List<List<String>> BY_FIRST = IntStream.range(0, 128)
            .mapToObj(first ->
                    SYMBOLS.stream().filter(symbol -> symbol.charAt(0) == first).toList())
            .toList();

    private static final Set<String> STRING_PREFIXES = Set.of("r", "u", "b", "f", "rb", "br", "fr", "rf");

    private final String text;
    private final boolean prompts;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Integer> indents = new ArrayDeque<>();
    private int brackets;
    private boolean lineStarts = true;

    private PythonTokens(String text) {
        this.text = text;
        prompts = text.contains(">>>")
                && text.lines().anyMatch(line -> line.stripLeading().startsWith(">>>"));
    }

    /** Returns the tokens of {@code text}, of which the last is the end. */
    static List<Token> of(String text) {
        PythonTokens scanner = new PythonTokens(text);
        scanner.scan();
        return scanner.tokens;
    }

    private void scan() {
        int at = 0;
        while (at < text.length()) {
            if (lineStarts && brackets == 0) {
                at = indentation(at);
                if (lineStarts) { // nothing stands on the line
                    continue;
                }
            }
            char c = text.charAt(at);
            if (c == '\n') {
                at = endLine(at);
            } else if (c == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
                at++;
            } else if (c == '\\' && text.startsWith("\n", at + 1)) {
                at += 2;
            } else if (c == '\\' && text.startsWith("\r\n", at + 1)) {
                at += 3;
            } else {
                at = token(at, c);
            }
        }
        indents.stream().skip(1).forEach(each -> add(Kind.DEDENT, "", text.length()));
        add(Kind.END, "", text.length());
    }

    private int token(int at, char c) {
        if (c == '\'' || c == '"') {
            return string(at, at, "");
        } else if (isDigit(at) || (c == '.' && isDigit(at + 1))) {
            return number(at);
        } else if (isLetter(at)) {
            int end = at;
            while (isLetter(end) || isDigit(end)) {
                end++;
            }
            String word = text.substring(at, end);
            boolean quoted = end < text.length() && (text.charAt(end) == '\'' || text.charAt(end) == '"');
            if (quoted && STRING_PREFIXES.contains(word.toLowerCase(Locale.ROOT))) {
                return string(at, end, word.toLowerCase(Locale.ROOT));
            }
            add(Kind.NAME, word, at);
            return end;
        }
        String symbol = symbol(at);
        if (symbol.isEmpty()) {
            String character = Character.toString(text.codePointAt(at));
            return foreign(at, at + character.length(), "unexpected character " + Python.repr(character));
        }
        Token token = new Token(Kind.SYMBOL, symbol, at);
        brackets = Math.max(0, brackets + (token.opens() ? 1 : token.closes() ? -1 : 0));
        tokens.add(token);
        return at + symbol.length();
    }

    /** Returns the symbol that begins at a place, or nothing. */
    private String symbol(int at) {
        char first = text.charAt(at);
        if (first < BY_FIRST.size()) {
            for (String symbol : BY_FIRST.get(first)) {
                if (text.startsWith(symbol, at)) {
                    return symbol;
                }
            }
        }
        return "";
    }

    private void add(Kind kind, String content, int at) {
        tokens.add(new Token(kind, content, at));
    }

    /** Ends a line, and returns the place of what follows, after a prompt if one stands within brackets. */
    private int endLine(int at) {
        if (brackets == 0 && !lineStarts) {
            add(Kind.NEWLINE, "", at);
        }
        lineStarts = brackets == 0;
        int next = at + 1;
        while (prompts
                && !lineStarts
                && next < text.length()
                && (text.charAt(next) == ' ' || text.charAt(next) == '\t')) {
            next++;
        }
        return prompts && !lineStarts && text.startsWith("...", next) ? next + 3 : next;
    }

    /** Reads the blanks at the beginning of a line, and a prompt; returns the place of what follows. */
    private int indentation(int start) {
        int at = start;
        int column = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean prompt = prompts && (text.startsWith(">>>", at) || text.startsWith("...", at));
            if (prompt) {
                at += text.startsWith(" ", at + 3) ? 4 : 3;
                column = 0;
            } else if (c == ' ' || c == '\t' || c == '\f' || c == '\r') {
                column += c == ' ' ? 1 : c == '\t' ? 8 - column % 8 : 0;
                at++;
            } else {
                break;
            }
        }
        if (at >= text.length() || text.charAt(at) == '\n' || text.charAt(at) == '#') {
            return text.indexOf('\n', at) < 0 ? text.length() : text.indexOf('\n', at) + 1;
        }
        lineStarts = false;
        if (indents.isEmpty()) {
            indents.push(column);
        }
        if (column > indents.getFirst()) {
            if (indents.size() >= DEEPEST_INDENTATION) {
                throw PythonSyntaxException.at(text, at, "nested deeper than " + DEEPEST_INDENTATION);
            }
            indents.push(column);
            add(Kind.INDENT, "", at);
        }
        while (column < indents.getFirst() && indents.size() > 1) {
            indents.pop();
            add(Kind.DEDENT, "", at);
        }
        return at;
    }

    private boolean isDigit(int at) {
        return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private boolean isLetter(int at) {
        return at < text.length() && (Character.isLetter(text.charAt(at)) || text.charAt(at) == '_');
    }

    private int string(int start, int quote, String prefix) {
        String mark = text.substring(quote, quote + 1);
        String close = text.startsWith(mark.repeat(3), quote) ? mark.repeat(3) : mark;
        for (int at = quote + close.length(); at < text.length(); at++) {
            if (text.startsWith(close, at)) {
                int end = at + close.length();
                if (prefix.contains("f") || prefix.contains("b")) {
                    return foreign(
                            start,
                            end,
                            (prefix.contains("f") ? "an f-string" : "a bytes string") + " is not supported");
                }
                String content = text.substring(quote + close.length(), at);
                Optional<String> read = prefix.equals("r") ? Optional.of(content) : unescaped(content);
                if (read.isEmpty()) {
                    return foreign(start, end, "this escape in a string is not supported");
                }
                add(Kind.STRING, read.get(), start);
                return end;
            } else if (text.charAt(at) == '\\') {
                at++;
            } else if (text.charAt(at) == '\n' && close.length() == 1) {
                break;
            }
        }
        throw PythonSyntaxException.at(text, start, "the string has no end");
    }

    /** Returns a string without its escapes, unless it has one that this does not know. */
    private static Optional<String> unescaped(String content) {
        StringBuilder result = new StringBuilder();
        for (int at = 0; at < content.length(); at++) {
            char c = content.charAt(at);
            if (c != '\\') {
                result.append(c);
                continue;
            }
            char escaped = content.charAt(++at);
            int digits = escaped == 'x' ? 2 : escaped == 'u' ? 4 : escaped == 'U' ? 8 : 0;
            int known = "\\'\"ntrabfv\n".indexOf(escaped);
            if (digits > 0 && at + digits < content.length()) {
                try {
                    result.appendCodePoint(Integer.parseInt(content.substring(at + 1, at + 1 + digits), 16));
                } catch (IllegalArgumentException e) {
                    return Optional.empty();
                }
                at += digits;
            } else if (known >= 0) {
                result.append(known == 10 ? "" : "\\'\"\n\t\r\u0007\b\f\u000b".charAt(known));
            } else if (digits > 0 || escaped == 'N' || (escaped >= '0' && escaped <= '7')) {
                return Optional.empty();
            } else {
                result.append('\\').append(escaped); // as Python leaves it
            }
        }
        return Optional.of(result.toString());
    }

    private int foreign(int start, int end, String problem) {
        tokens.add(new Token(Kind.FOREIGN, text.substring(start, end), start, problem));
        return end;
    }

    private int number(int start) {
        int at = digits(start);
        boolean whole = true;
        boolean based = text.charAt(start) == '0' && at == start + 1 && at < text.length();
        if (based && "xXoObB".indexOf(text.charAt(at)) >= 0) {
            return basedNumber(start);
        }
        if (at < text.length() && text.charAt(at) == '.') {
            whole = false;
            at = digits(at + 1);
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            boolean signed = at + 1 < text.length() && (text.charAt(at + 1) == '-' || text.charAt(at + 1) == '+');
            int exponent = at + (signed ? 2 : 1);
            if (isDigit(exponent)) {
                whole = false;
                at = digits(exponent);
            }
        }
        int end = word(at);
        String number = text.substring(start, at);
        boolean unit = Lengths.Unit.of(text.substring(at, end)).isPresent();
        if (end > at && !unit) {
            return malformed(start, end);
        }
        if (number.length() > LONGEST_NUMBER) {
            return foreign(start, end, "the number is longer than " + LONGEST_NUMBER + " characters");
        }
        if (whole && number.charAt(0) == '0' && !number.replaceAll("[0_]", "").isEmpty()) {
            return foreign(
                    start,
                    end,
                    "a whole number must have no leading zeros, but was '" + PythonText.shortened(number) + "'");
        }
        add(Kind.NUMBER, number, start);
        if (unit) {
            add(Kind.UNIT, text.substring(at, end), at);
        }
        return end;
    }

    private int basedNumber(int start) {
        int end = word(start);
        String digits = text.substring(start + 2, end);
        String allowed = switch (text.charAt(start + 1)) {
            case 'x', 'X' -> "[0-9a-fA-F]";
            case 'o', 'O' -> "[0-7]";
            default -> "[01]";
        };
        if (end - start > LONGEST_NUMBER || !digits.matches("(_?" + allowed + ")++")) {
            return malformed(start, end);
        }
        add(Kind.NUMBER, text.substring(start, end), start);
        return end;
    }

    private int malformed(int start, int end) {
        return foreign(start, end, "malformed number '" + PythonText.shortened(text.substring(start, end)) + "'");
    }

    private int word(int start) {
        int end = start;
        while (isLetter(end) || isDigit(end)) {
            end++;
        }
        return end;
    }

    /** Returns the end of a run of digits, with single underscores only between them. */
    private int digits(int start) {
        int at = start;
        while (isDigit(at)
                || (at > start && at < text.length() && text.charAt(at) == '_' && isDigit(at + 1) && isDigit(at - 1))) {
            at++;
        }
        return at;
    }
}
