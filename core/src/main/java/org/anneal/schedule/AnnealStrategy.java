package org.anneal.schedule;

/** The curve by which one value becomes another. */
public enum AnnealStrategy {
    /** Half a cosine: slow, fast, slow. */
    COS,
    /** A straight line. */
    LINEAR
}
