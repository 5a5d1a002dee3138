"""Writes the Parquet files of this directory, and rows.json: what pyarrow reads of each, and which rows DuckDB selects.

Made with pyarrow 26.0.1, duckdb 2.0.0 and numpy 2.4.6: python make.py
"""
import base64, datetime, decimal, json, os
import duckdb, numpy as np, pyarrow as pa, pyarrow.parquet as pq

os.chdir(os.path.dirname(os.path.abspath(__file__)))
N, GROUP = 20, 7
rng = np.random.default_rng(7)
pictures = [rng.bytes(40 + 5 * i) for i in range(N)]
captions = [f"a photo of thing {i}, ünïcode" for i in range(N)]
ids = [f"p{i}" for i in range(N)]
picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write(name, columns, **options):
    pq.write_table(pa.table(columns), name + ".parquet", row_group_size=GROUP, **options)


def plain(**more):
    return {"id": ids, "image": pa.array(pictures, pa.binary()), "caption": captions, **more}


def structs(typ, rows):
    return pa.array(rows, typ)


# Codecs, encodings, versions of pages, pages of a few rows, checksums.
repeated = {"license": [["cc-by", "cc0", None][i % 3] for i in range(N)], "width": pa.array([100 + i for i in range(N)], pa.int32())}
write("snappy", plain(**repeated), compression="snappy")
write("gzip", plain(**repeated), compression="gzip", use_dictionary=False)
write("zstd", plain(**repeated), compression="zstd", data_page_version="2.0")
write("brotli", plain(**repeated), compression="brotli", write_batch_size=2, data_page_size=1)
write("none", plain(**repeated), compression="none", data_page_version="2.0", use_dictionary=["license"])
write("checksums", plain(**repeated), compression="none", use_dictionary=["license"], write_page_checksum=True)
write("delta", plain(**repeated), use_dictionary=False, compression="none", column_encoding={
    "id": "DELTA_LENGTH_BYTE_ARRAY", "image": "DELTA_LENGTH_BYTE_ARRAY", "caption": "DELTA_LENGTH_BYTE_ARRAY",
    "license": "DELTA_LENGTH_BYTE_ARRAY", "width": "DELTA_BINARY_PACKED"})
write("prefixes", plain(), use_dictionary=False, column_encoding={"id": "PLAIN", "image": "PLAIN", "caption": "DELTA_BYTE_ARRAY"})
write("lz4", plain(**repeated), compression="lz4")

# Layouts.
rows = [{"bytes": p, "path": f"{i}.jpg"} for i, p in enumerate(pictures)]
rows[3] = {"bytes": None, "path": None}
rows[5] = None
rows[6] = {"bytes": b"", "path": None}
write("huggingface", {"image": structs(picture, rows), "text": captions, "label": pa.array([i % 3 for i in range(N)], pa.int64())})
write("huggingface_old", {"text": captions, "image": structs(pa.struct([("path", pa.string()), ("bytes", pa.binary())]), rows)})
failed = [i % 6 == 2 for i in range(N)]
write("img2dataset", {
    "url": [f"http://example.org/{i}.jpg" for i in range(N)], "caption": captions, "key": [f"{i:09d}" for i in range(N)],
    "status": ["failed_to_download" if f else "success" for f in failed],
    "error_message": ["HTTP Error 404: Not Found" if f else None for f in failed],
    "width": pa.array([None if f else 256 for f in failed], pa.int32()), "exif": [None if f else "{}" for f in failed],
    "jpg": pa.array([None if f else p for f, p in zip(failed, pictures)], pa.binary()),
    "txt": captions}, compression="snappy")
write("paths", {"SAMPLE_ID": pa.array([10_000 + i for i in range(N)], pa.int64()),
                "image_path": [None if i == 4 else f"pictures/{i}.jpg" for i in range(N)], "TEXT": captions})
lists = [[f"caption {j} of {i}" for j in range(i % 4)] for i in range(N)]
lists[4], lists[9], lists[11] = None, [None, "after a null", ""], [" ", None]
write("lists", {"image": pa.array(pictures, pa.binary()), "captions": pa.array(lists, pa.list_(pa.string()))},
      compression="gzip", write_batch_size=2, data_page_size=1)
write("urls", {"URL": [f"http://example.org/{i}.jpg" for i in range(N)], "TEXT": captions})
write("nocaption", {"image": pa.array(pictures, pa.binary()), "n": list(range(N))})

# Types that ride along, and such that do not.
utc = datetime.timezone.utc
some = lambda i, value: None if i % 5 == 1 else value
types = {
    "bool": pa.array([some(i, i % 2 == 0) for i in range(N)], pa.bool_()),
    "int8": pa.array([some(i, -i) for i in range(N)], pa.int8()),
    "uint8": pa.array([some(i, 250 - i) for i in range(N)], pa.uint8()),
    "int32": pa.array([some(i, -(2**31) + i) for i in range(N)], pa.int32()),
    "uint32": pa.array([some(i, 2**32 - 1 - i) for i in range(N)], pa.uint32()),
    "int64": pa.array([some(i, -(2**63) + i) for i in range(N)], pa.int64()),
    "uint64": pa.array([some(i, 2**64 - 1 - i) for i in range(N)], pa.uint64()),
    "float": pa.array([some(i, i / 10) for i in range(N)], pa.float32()),
    "double": pa.array([some(i, float("nan") if i == 7 else i / 10) for i in range(N)], pa.float64()),
    "date": pa.array([some(i, datetime.date(2020, 1, 1 + i)) for i in range(N)], pa.date32()),
    "seconds": pa.array([some(i, datetime.datetime(2020, 1, 1 + i)) for i in range(N)], pa.timestamp("s")),
    "micros": pa.array([some(i, datetime.datetime(2020, 1, 1 + i, tzinfo=utc)) for i in range(N)], pa.timestamp("us", "UTC")),
    "string": pa.array([some(i, f"s{i}") for i in range(N)], pa.string()),
    "large": pa.array([some(i, f"l{i}") for i in range(N)], pa.large_string()),
    "words": pa.array([some(i, ["red", "green"][i % 2]) for i in range(N)]).dictionary_encode(),
    "score": pa.array([i / 20 for i in range(N)], pa.float64()),
    "required": pa.array(range(N), pa.int64()),
}
others = {
    "null": pa.nulls(N), "decimal": pa.array([decimal.Decimal(i) for i in range(N)], pa.decimal128(9, 2)),
    "list": pa.array([[i] for i in range(N)]), "struct": pa.array([{"a": i} for i in range(N)]),
    "sha256": pa.array([b"%032d" % i for i in range(N)], pa.binary(32)), "half": pa.array(np.arange(N, dtype=np.float16)),
    "thumbnail": pa.array(pictures, pa.binary()),
}
table = pa.table({**plain(), **types, **others})
schema = table.schema.set(table.schema.get_field_index("required"), pa.field("required", pa.int64(), nullable=False))
pq.write_table(table.cast(schema), "types.parquet", row_group_size=GROUP)

# What another writer makes of them.
for version in "V1", "V2":
    duckdb.sql(f"""COPY (SELECT id, image, caption, license, width FROM 'snappy.parquet')
        TO 'duckdb_{version}.parquet' (FORMAT parquet, PARQUET_VERSION '{version}', ROW_GROUP_SIZE 2048, CODEC 'zstd')""")


def value(v):
    if isinstance(v, bytes):
        return base64.b64encode(v).decode()
    if isinstance(v, float):
        return None if v != v else v
    if isinstance(v, (datetime.date, datetime.datetime)):
        return v.isoformat()
    return v


def read(name, columns):
    rows = pq.read_table(name + ".parquet", columns=columns).to_pylist()
    return [[value(row[c]) for c in columns] for row in rows]


further = ["license", "width"]
same = ["snappy", "gzip", "zstd", "brotli", "lz4", "none", "checksums", "delta", "duckdb_V1", "duckdb_V2"]
expected = {"snappy": read("snappy", ["id", "image", "caption", *further])}
for name in same:
    assert read(name, ["id", "image", "caption", *further]) == expected["snappy"], name
expected["types"] = read("types", ["id", "image", "caption", *types])
where = ["int32 >= -2147483640", "uint32 < 4294967290 && bool == true", "int64 <= -9223372036854775800",
         "uint64 > 9000000000000000000 && uint8 > 245", "float >= 0.7", "float == 0.3", "double > 0.5 && double != 1.2", 'string == "s7"',
         'words != "red"', "string < 's5' && int8 > -12", "bool != true", "uint8 >= 240.5", "required == 3", "required >= 100"]
selected = {}
for w in where:
    sql = w.replace("==", "=").replace("&&", "AND").replace('"', "'").replace("float >= 0.7", "float >= 0.7::FLOAT").replace("float = 0.3", "float = 0.3::FLOAT")
    if "double" in sql:  # DuckDB takes NaN for the largest number
        sql += " AND NOT isnan(double)"
    selected[w] = [id for id, in duckdb.sql(f"SELECT id FROM 'types.parquet' WHERE {sql} ORDER BY required").fetchall()]
with open("rows.json", "w") as f:
    json.dump({"rows": expected, "where": selected}, f, ensure_ascii=False, separators=(",", ":"))
