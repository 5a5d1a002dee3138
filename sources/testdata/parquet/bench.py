"""Reads a Parquet file so many times with one thread of pyarrow, in batches of 32 rows, and prints the seconds taken.

python bench.py FILE TIMES
"""
import sys, time
import pyarrow as pa, pyarrow.parquet as pq

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
began = time.perf_counter()
for _ in range(int(sys.argv[2])):
    rows = sum(b.num_rows for b in pq.ParquetFile(sys.argv[1]).iter_batches(batch_size=32, use_threads=False))
print(time.perf_counter() - began, rows)
