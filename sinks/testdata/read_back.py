# Reads what TestOtherReaders wrote into a directory, with numpy 2.4.6, pyarrow 26.0.1 and duckdb 2.0.0:
#   PAIRSTREAM_PYTHON=python3 go test -run TestOtherReaders ./sinks
import json
import re
import sys

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

out, rows, width, nulls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), {int(i) for i in sys.argv[4].split(",")}
image = np.fromfile(f"{out}/image.f32", "<f4").reshape(rows, width)
text = np.fromfile(f"{out}/text.f32", "<f4").reshape(rows, width)


def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), (a, b)


# .npy, also as embedding-reader finds its way: by a regular expression over the first line
for name, want in (("img_emb", image), ("text_emb", text)):
    same(np.load(f"{out}/npy/{name}/{name}_0.npy", mmap_mode="r"), want)
    same(np.load(f"{out}/half/{name}/{name}_0.npy"), want.astype("<f2"))
    line = open(f"{out}/npy/{name}/{name}_0.npy", "rb").read(300).split(b"\n")[0]
    shape = re.search(r"'shape': \(([0-9]+), ([0-9]+)\)", str(line))
    assert (int(shape[1]), int(shape[2])) == (rows, width) and (len(line) + 1) % 64 == 0
    assert re.search(r"'descr': '([<f0-9]+)'", str(line))[1] == "<f4"
metadata = pq.read_table(f"{out}/npy/metadata/metadata_0.parquet")
assert metadata.column_names == ["image_path", "caption", "origin_lane", "origin_offset", "width"], metadata.column_names
assert metadata["image_path"].to_pylist() == [f"p{i}" for i in range(rows)]
assert metadata.schema.metadata[b"pairstream.model"] == b"a"
same(np.load(f"{out}/array.npy"), image.reshape(rows, 2, width // 2))

# Parquet, by pyarrow: types, values, nulls, metadata
table = pq.read_table(f"{out}/nulls.parquet")
assert table.schema.field("image_embedding").type == pa.list_(pa.field("element", pa.float32())), table.schema
footer = pq.read_metadata(f"{out}/nulls.parquet")
assert footer.metadata[b"image_embedding.dimension"] == str(width).encode(), footer.metadata
assert footer.metadata[b"pairstream.model"] == table.schema.metadata[b"pairstream.model"] == b"a"
assert footer.num_row_groups == 4 and footer.num_rows == rows
for column, want in (("image_embedding", image), ("text_embedding", text)):
    got = table[column].to_pylist()
    assert len(got) == rows and {i for i, v in enumerate(got) if v is None} == nulls
    for i in set(range(rows)) - nulls:
        same(np.array(got[i], "<f4"), want[i])
captions = table["caption"].to_pylist()
assert captions == [None if i in nulls else f'caption {i}: "ünï" <cödé>\n' for i in range(rows)], captions
assert table["width"].to_pylist() == [None if i % 3 == 1 else 100 + i for i in range(rows)]

# Parquet, by DuckDB
query = f"select id, image_embedding::float[{width}] as image, origin_offset from '{out}/nulls.parquet' order by origin_offset"
for i, (id, vector, offset) in enumerate(duckdb.sql(query).fetchall()):
    assert id == f"p{i}" and offset == i + 1 and (vector is None) == (i in nulls)
    if vector is not None:
        same(np.array(vector, "<f4"), image[i])
assert duckdb.sql(f"select count(*), count(caption) from '{out}/nulls.parquet'").fetchall() == [(rows, rows - len(nulls))]

# Directories of parts, in all layouts
for name, parts, type, kept in (
    ("parts", 9, pa.list_(pa.field("element", pa.float32())), "<f4"),
    ("parts-half", 1, pa.list_(pa.field("element", pa.float16())), "<f2"),
    ("parts-fixed", 1, pa.binary(4 * width), "<f4"),
    ("parts-fixed-half", 1, pa.binary(2 * width), "<f2"),
):
    data = ds.dataset(f"{out}/{name}")
    assert len(data.files) == parts, data.files
    assert data.schema.field("image_embedding").type == type, data.schema
    table = data.to_table()
    assert table["origin_offset"].to_pylist() == list(range(1, rows + 1))
    for i, v in enumerate(table["image_embedding"].to_pylist()):
        assert (v is None) == (i in nulls)
        if v is not None:
            same(np.frombuffer(v, kept) if isinstance(v, bytes) else np.array(v, kept), image[i].astype(kept))
    query = f"select origin_offset, image_embedding from '{out}/{name}/*.parquet' order by origin_offset"
    for i, (offset, v) in enumerate(duckdb.sql(query).fetchall()):
        assert offset == i + 1 and (v is None) == (i in nulls)
        if v is not None:
            same(np.frombuffer(v, kept) if isinstance(v, bytes) else np.array(v, kept), image[i].astype(kept))
    last = sorted(data.files)[-1]
    assert pq.read_metadata(last).metadata[b"part.next"] == str(rows + 1).encode()

# JSON lines
for i, line in enumerate(open(f"{out}/out.jsonl", encoding="utf-8")):
    row = json.loads(line)
    assert row["id"] == f"p{i}" and list(row)[:4] == ["id", "caption", "image_embedding", "text_embedding"]
    same(np.array(row["image_embedding"], "<f4"), image[i])
print("ok")
