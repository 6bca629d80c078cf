"""The bytes of a text array, without a copy: for what numpy sees in them faster than any expression."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Letters = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


def letters_of(texts: pa.Array) -> tuple[Letters, Places]:
    """The UTF-8 bytes of all texts, one after the other, and where each begins.

    texts    (n,) string or large_string, without nulls

    Returns the bytes and (n + 1,) places; text i has the bytes from places[i] up to places[i + 1].
    """
    count = len(texts)
    buffers = texts.buffers()
    if count == 0 or buffers[2] is None:
        return np.zeros(0, np.uint8), np.zeros(count + 1, np.int64)
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    offsets = np.frombuffer(buffers[1], kind)[texts.offset : texts.offset + count + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    return np.frombuffer(buffers[2], np.uint8)[first:last], offsets.astype(np.int64) - first


def are_visible_ascii(texts: pa.Array) -> bool:
    """Whether no text holds a blank, an accent or any other sign beyond ! to ~."""
    letters, _ = letters_of(texts)
    return len(letters) == 0 or (int(letters.min()) > 0x20 and int(letters.max()) < 0x7F)
