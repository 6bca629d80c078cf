"""Where Arrow's buffers come from in a process that does nothing but a run."""

import pyarrow as pa


def keep_freed_buffers() -> None:
    """Let Arrow take its buffers from jemalloc where this build of it has that.

    A run frees and takes buffers of the same sizes batch after batch. The default pool gives them back to
    the system in between, which clears every page anew: half of the system time at 1,000,000 rows.
    """
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
