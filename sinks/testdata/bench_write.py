"""Writes what is in a Parquet file so many times with one thread of pyarrow, compressed as it is there and durably, and
prints the seconds taken and the bytes of the last.

python bench_write.py FILE OUT TIMES
"""
import os, sys, time
import pyarrow as pa, pyarrow.parquet as pq

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
rows = pq.ParquetFile(sys.argv[1]).metadata.row_group(0).num_rows
table = pq.read_table(sys.argv[1], use_threads=False)
began = time.perf_counter()
for _ in range(int(sys.argv[3])):
    with open(sys.argv[2], "wb") as out:
        pq.write_table(table, out, row_group_size=rows, compression="zstd", compression_level=1, use_dictionary=False,
                       write_statistics=False, data_page_size=1 << 20, store_schema=True)
        out.flush()
        os.fsync(out.fileno())
print(time.perf_counter() - began, os.path.getsize(sys.argv[2]))
