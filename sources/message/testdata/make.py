# Made by pyarrow 26.0.1: python make.py
import json

import pyarrow as pa

columns = {
    "id": pa.array(["a", "b", "c", "d"]),
    "image": pa.array([b"\xff\xd8one", b"\xff\xd8two", None, b"\xff\xd8four"], pa.binary()),
    "caption": pa.array(["one", "zwei ü", "three", None]),
    "width": pa.array([640, None, 3, 4], pa.int32()),
    "url": pa.array(["https://example.com/a", "", None, "d"]),
}
table = pa.table(columns)
for name, compression in [("plain", None), ("lz4", "lz4"), ("zstd", "zstd")]:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.OSFile(name + ".arrows", "wb") as out, pa.ipc.new_stream(out, table.schema, options=options) as writer:
        for batch in table.to_batches(max_chunksize=3):
            writer.write_batch(batch)

with open("unicode.json", "w") as out:
    json.dump({"id": 17, "caption": "a 🐈 “cat”", "image": "/9gv", "width": 640, "url": None}, out)
