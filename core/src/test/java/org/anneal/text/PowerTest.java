package org.anneal.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PowerTest {

    @Test
    void agreesWithPythonButWhereGlibcRoundsTheOtherWay() {
        int rows = 0;
        int different = 0;
        for (String line : PythonTable.lines("powers.csv")) {
            String[] cells = line.split(",", -1);
            double python = Double.parseDouble(cells[2]);
            double power = Power.pow(Double.parseDouble(cells[0]), Double.parseDouble(cells[1]));
            rows++;
            different += power == python ? 0 : 1;
            assertEquals(python, power, Math.ulp(python), line);
        }
        assertTrue(different * 500 < rows, different + " of " + rows + " differ");
    }

    @Test
    void scalesWhereThePowerAloneLeavesTheDoubles() {
        assertEquals(1e-50, Power.scale(1e300, 0.1, 350), 1e-62);
        assertEquals(1e50, Power.scale(1e-300, 10, 350), 1e38);
        assertEquals(0.0, Power.scale(1, 0.0, 3));
        assertEquals(1.0, Power.scale(1, 0.0, 0));
        assertEquals(0.0, Power.scale(1, 0.5, 1L << 53));
    }

    @Test
    void followsTheRulesOfCAtTheEdges() {
        assertEquals(1, Power.pow(1, Double.NaN));
        assertEquals(1, Power.pow(-1, Double.POSITIVE_INFINITY));
        assertEquals(1, Power.pow(Double.NaN, 0));
        assertEquals(-8, Power.pow(-2, 3));
        assertEquals(Double.NaN, Power.pow(-2, 0.5));
        assertEquals(Double.POSITIVE_INFINITY, Power.pow(10, 400));
        assertEquals(Double.MIN_VALUE, Power.pow(2, -1074));
    }
}
