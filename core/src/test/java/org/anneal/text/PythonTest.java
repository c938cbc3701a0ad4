package org.anneal.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonTest {

    @Test
    void printsEveryDoubleAsPythonDoes() {
        for (String line : PythonTable.lines("doubles.csv")) {
            String[] cells = line.split(",", -1);
            double value = Double.longBitsToDouble(Long.parseLong(cells[0]));
            assertEquals(cells[1], Python.repr(value), line);
            assertEquals(cells[3], Python.scientific(value, 2), line);
            if (!cells[2].isEmpty()) {
                assertEquals(cells[2], Python.fixed(value, 4), line);
            }
        }
    }

    @Test
    void roundsTheExactBinaryValueHalfToEven() {
        assertAll(
                () -> assertEquals("9.02e-02", Python.scientific(0.09025, 2)),
                () -> assertEquals("0", Python.fixed(0.5, 0)),
                () -> assertEquals("2", Python.fixed(1.5, 0)),
                () -> assertEquals("-0.00", Python.fixed(-0.001, 2)),
                () -> assertEquals("0e+00", Python.scientific(0.0, 0)),
                () -> assertEquals("1.00e+01", Python.scientific(9.9999, 2)));
    }

    @Test
    void printsTheSameInEveryLocale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG"));
            assertEquals("1234.50", Python.fixed(1234.5, 2));
            assertEquals("1e-05", Python.repr(1e-5));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void printsContainersAsPythonDoes() {
        Map<String, Object> group = new LinkedHashMap<>();
        group.put("lr", 0.001);
        group.put("betas", Python.Tuple.of(0.9, 0.999));
        group.put("one", Python.Tuple.of(1));
        group.put("foreach", Optional.empty());
        group.put("maximize", false);
        group.put("params", List.of(0, 1L));
        group.put("it's", "a \"b\"\n");
        assertEquals(
                "{'lr': 0.001, 'betas': (0.9, 0.999), 'one': (1,), 'foreach': None, 'maximize': False, "
                        + "'params': [0, 1], \"it's\": 'a \"b\"\\n'}",
                Python.repr(group));
        assertEquals(
                "[None, True, '\\x00\\u2028\u00e9', '\\'\"']",
                Python.repr(Arrays.asList(null, true, "\0\u2028\u00e9", "'\"")));
    }

    @Test
    void printsOrderedDictsCountersSetsAndBytesAsPython311Does() {
        Python.OrderedDict<String, Object> dict = new Python.OrderedDict<>();
        assertEquals("OrderedDict()", Python.repr(dict));
        dict.put("a", 1);
        dict.put("b", new LinkedHashSet<>(List.of(2, 3)));
        dict.attributes().put("_metadata", 1);
        assertEquals("OrderedDict([('a', 1), ('b', {2, 3})])", Python.repr(dict));
        Python.Counter<Long> counter = new Python.Counter<>();
        assertEquals("Counter()", Python.repr(counter));
        counter.put(30L, 1L);
        counter.put(80L, 2L);
        counter.put(90L, 1L);
        assertEquals("Counter({80: 2, 30: 1, 90: 1})", Python.repr(counter));
        assertEquals("set()", Python.repr(Set.of()));
        assertEquals("b\"it's \\\\ \\x00\\xff\\n\"", Python.repr("it's \\ \0\u00ff\n".getBytes(ISO_8859_1)));
        assertEquals("b'\\'\"'", Python.repr("'\"".getBytes(ISO_8859_1)));
    }

    /** Of Python 3.11: {@code repr(complex(1, 2))}, ... */
    @Test
    void printsComplexNumbersAsPythonDoes() {
        assertEquals("(1+2j)", Python.repr(new Python.Complex(1, 2)));
        assertEquals("-2.5j", Python.repr(new Python.Complex(0, -2.5)));
        assertEquals("(-0+1j)", Python.repr(new Python.Complex(-0.0, 1)));
        assertEquals("(3-0j)", Python.repr(new Python.Complex(3, -0.0)));
        assertEquals("(1e+300+nanj)", Python.repr(new Python.Complex(1e300, Double.NaN)));
        assertEquals("-infj", Python.repr(new Python.Complex(0, Double.NEGATIVE_INFINITY)));
        assertEquals("(1e+16+1e-07j)", Python.repr(new Python.Complex(1e16, 1e-7)));
    }

    @Test
    void aCopyOfAnOrderedDictHasAttributesOfItsOwn() {
        Python.OrderedDict<String, Object> dict = new Python.OrderedDict<>();
        dict.put("a", 1);
        dict.attributes().put("_metadata", 1);
        Python.OrderedDict<String, Object> copy = dict.clone();
        assertEquals(dict, copy);
        assertEquals(dict.attributes(), copy.attributes());
        copy.attributes().clear();
        assertEquals(Map.of("_metadata", 1), dict.attributes());
    }

    @Test
    void refusesAListThatHoldsItself() {
        List<Object> list = new ArrayList<>();
        list.add(Python.Tuple.of(list));
        Exception e = assertThrows(IllegalArgumentException.class, () -> Python.repr(list));
        assertEquals("value must not be nested deeper than 200", e.getMessage());
    }

    @Test
    void refusesWhatPythonHasNoTextFor() {
        Exception e = assertThrows(IllegalArgumentException.class, () -> Python.repr(new Object()));
        assertTrue(String.valueOf(e.getMessage()).contains("was a java.lang.Object"));
        assertThrows(IllegalArgumentException.class, () -> Python.fixed(1, -1));
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', textBlock = """
            1, 0x1p0, 1
            +1, 0x1p0, 1
            -1, -0x1p0, -1
            007, 0x1.cp2, 7
            1_000, 0x1.f4p9, 1000
            1_0.0_1e1_0, 0x1.74e6cc9p36, X
            .5, 0x1p-1, X
            5., 0x1.4p2, X
            -.5e-3, -0x1.0624dd2f1a9fcp-11, X
            1E+3, 0x1.f4p9, X
            " 1.5 ", 0x1.8p0, X
            1e999, Infinity, X
            -1e999, -Infinity, X
            1e-999, 0x0p0, X
            -0, -0x0p0, 0
            1.7976931348623157e308, 0x1.fffffffffffffp1023, X
            5e-324, 0x0.0000000000001p-1022, X
            inf, Infinity, X
            -Infinity, -Infinity, X
            +INF, Infinity, X
            NaN, NaN, X
            -nan, NaN, X
            12345678901234567890, 0x1.56a95319d63e1p63, 12345678901234567890
            """)
    void readsNumbersAsPythonDoes(String text, String real, String whole) {
        assertEquals(Double.parseDouble(real), Python.parseFloat(text));
        if (whole.equals("X")) {
            assertThrows(NumberFormatException.class, () -> Python.parseInt(text));
        } else {
            assertEquals(new BigInteger(whole), Python.parseInt(text));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ".",
                "+",
                "e5",
                "1e",
                "1 0",
                "--1",
                "+-1",
                "_1",
                "1_",
                "1__0",
                "1_.5",
                "1._5",
                "1e_5",
                "1e5_",
                "0x1p3",
                "0x10",
                "0b1",
                "0.1f",
                "1f",
                "1d",
                "1D",
                "1L",
                "1j",
                "infinit",
                "infinity_",
                "in_f",
                "nane",
                "one"
            })
    void readsNoNumberThatPythonDoesNotRead(String text) {
        assertThrows(NumberFormatException.class, () -> Python.parseFloat(text));
        assertThrows(NumberFormatException.class, () -> Python.parseInt(text));
    }

    @Test
    void readsALongNumberInTimeThatGrowsWithItsLength() {
        String digits = "1_".repeat(500_000);
        assertEquals(Double.POSITIVE_INFINITY, Python.parseFloat(digits + "1"));
        assertThrows(NumberFormatException.class, () -> Python.parseFloat(digits));
        assertThrows(NumberFormatException.class, () -> Python.parseInt(digits + "1"));
    }
}
