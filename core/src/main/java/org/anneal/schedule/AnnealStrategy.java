package org.anneal.schedule;

/** The curve from one value to another. */
public enum AnnealStrategy {
    /** Half a cosine: slow, fast, slow. */
    COS,
    /** A straight line. */
    LINEAR
}
