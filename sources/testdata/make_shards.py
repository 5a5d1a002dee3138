"""Writes shards as the webdataset package does, and what it reads from them: plain.tar, plain.tar.gz, tricky.tar and
shards.json.

Made with webdataset 1.0.2, open_clip_torch 3.3.0 (which wants pandas) and Python 3.11:  python make_shards.py
Members hold short texts in place of pictures. shards.json has, for each shard, the samples in their order: the key, and
the members by extension. tricky.tar is grouped by open_clip's group_by_keys_nothrow, as webdataset's own raises at a
member that comes twice; for the other shards both agree.
"""

import gzip
import io
import json
import os
import tarfile

import webdataset as wds
from open_clip_train.data import group_by_keys_nothrow
from webdataset.tariterators import tar_file_iterator

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def write_plain():
    with wds.TarWriter(path("plain.tar"), mtime=0, user="", group="") as out:
        for i in range(3):
            key = f"{i:09d}"
            meta = {"caption": f"caption {i}", "url": f"http://example.com/{i}", "key": key, "status": "success",
                    "width": 320 + i, "similarity": 0.25, "exif": None}
            out.write({"__key__": key, "jpg": f"picture {i}".encode(), "txt": f"caption {i}", "json": meta})
    with open(path("plain.tar"), "rb") as f, open(path("plain.tar.gz"), "wb") as g:
        g.write(gzip.compress(f.read(), mtime=0))


def write_tricky():
    long = "long/" + "x" * 150
    names = [
        "d/a.jpg", "d/a.txt",  # a directory
        "v1.0/a.JPG", "v1.0/a.Txt",  # a dot in the directory, extensions in capitals
        "m.seg.png", "m.png", "m.txt", "m.cls",  # two dots, and members that nobody asked for
        "b.jpg", "c.jpg", "b.txt", "c.txt",  # interleaved
        "e.jpg", "e.txt", "e.jpg", "e.txt",  # twice
        "./f.jpg", "./f.txt",
        "README", "__meta__", "__meta__/a.jpg", ".hidden.jpg",  # passed over
        "g.jpg", "g.webp", "g.json",
        long + ".jpg", long + ".txt",  # a name that needs an extended header
        "ü/é.jpeg", "ü/é.txt",
        "e.jpg", "e.txt",  # again
    ]
    with tarfile.open(path("tricky.tar"), "w", format=tarfile.PAX_FORMAT) as out:
        directory = tarfile.TarInfo("d.jpg")
        directory.type = tarfile.DIRTYPE
        out.addfile(directory)
        link = tarfile.TarInfo("d/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "a.jpg"
        out.addfile(link)
        for i, name in enumerate(names):
            text = json.dumps({"TEXT": f"{i} {name[-20:]}"}) if name.endswith(".json") else f"{i} {name[-20:]}"
            data = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))


def read(name):
    def members():
        with open(path(name), "rb") as f:
            for member in tar_file_iterator(f):
                member["__url__"] = name
                yield member
    return list(group_by_keys_nothrow(members()))


def shown(samples):
    return [{"key": s["__key__"], "members": {k: v.decode() for k, v in s.items() if k[:2] != "__"}} for s in samples]


if __name__ == "__main__":
    write_plain()
    write_tricky()
    result = {name: shown(read(name)) for name in ["plain.tar", "plain.tar.gz", "tricky.tar"]}
    for name in ["plain.tar", "plain.tar.gz"]:
        assert shown(wds.WebDataset(path(name), shardshuffle=False)) == result[name]
    with open(path("shards.json"), "w") as f:
        json.dump(result, f, indent=1, ensure_ascii=False)
        f.write("\n")
