package org.anneal.checkpoint;

import java.util.Optional;

/** The names of PyTorch's typed storage classes. */
final class StorageTypes {
    private StorageTypes() {}

    /** {@return the storage class in module torch for elements of {@code dtype}; newer types have none} */
    static Optional<String> of(DType dtype) {
        return switch (dtype) {
            case FLOAT64 -> Optional.of("DoubleStorage");
            case FLOAT32 -> Optional.of("FloatStorage");
            case FLOAT16 -> Optional.of("HalfStorage");
            case BFLOAT16 -> Optional.of("BFloat16Storage");
            case INT64 -> Optional.of("LongStorage");
            case INT32 -> Optional.of("IntStorage");
            case INT16 -> Optional.of("ShortStorage");
            case INT8 -> Optional.of("CharStorage");
            case UINT8 -> Optional.of("ByteStorage");
            case BOOL -> Optional.of("BoolStorage");
            case COMPLEX128 -> Optional.of("ComplexDoubleStorage");
            case COMPLEX64 -> Optional.of("ComplexFloatStorage");
            default -> Optional.empty();
        };
    }
}
