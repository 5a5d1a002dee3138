"""Writes golden.json: checksums of what Pillow and torchvision make of pictures/, of the shared photographs,
and of generated pictures of many sizes.

Made with Pillow 9.4.0 (libjpeg-turbo 2.1.4, libwebp 1.2.4), torch 2.15.0, torchvision 0.29.2, numpy 2.4.6:

    python make_golden.py PHOTOS_DIR

With --check it compares instead of writing, the parts that need no torch too, so that another Pillow can be held
against the file:  python3 make_golden.py --check PHOTOS_DIR

Pillow 11.3.0 and 12.1.0 agree but for 16-bit grey and for short-palette.gif, whose pixels point behind its palette.
Pillow 13.0.0 also runs the vertical pass first where a resize takes more than twice as many rows as columns away,
so it differs for pictures taller than 1:2.
"""

import hashlib
import json
import os
import random
import sys

import numpy as np
from PIL import Image

try:
    import torchvision.transforms as T
except ImportError:
    T = None

HERE = os.path.dirname(os.path.abspath(__file__))
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def sha(a):
    return hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()[:16]


def geometry(w, h, size):
    """Resized width and height and the crop's left and top, by torchvision's rules."""
    short, long = min(w, h), max(w, h)
    long = int(size * long / short)
    w, h = (size, long) if w < h else (long, size)
    return w, h, int(round((w - size) / 2.0)), int(round((h - size) / 2.0))


def crop(im, size):
    """The reference's order: resize, crop, then RGB; without torchvision."""
    w, h, left, top = geometry(*im.size, size)
    im = im.resize((w, h), Image.BICUBIC)
    return np.asarray(im.crop((left, top, left + size, top + size)).convert("RGB"))


def squash(im, size):
    return np.asarray(im.resize((size, size), Image.BICUBIC).convert("RGB"))


def picture(path):
    im = Image.open(path)
    entry = {"mode": im.mode, "width": im.width, "height": im.height}
    entry["crop224"] = sha(crop(Image.open(path), 224))
    entry["mean"] = [round(float(v), 1) for v in crop(Image.open(path), 224).mean((0, 1))]
    entry["crop97"] = sha(crop(Image.open(path), 97))
    entry["squash64"] = sha(squash(Image.open(path), 64))
    if T:
        resized = T.Compose([T.Resize(224, T.InterpolationMode.BICUBIC), T.CenterCrop(224), lambda x: x.convert("RGB")])
        normal = T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)])
        rgb = resized(Image.open(path))
        assert sha(np.asarray(rgb)) == entry["crop224"], path
        entry["pixels224"] = sha(normal(rgb).numpy())
    return entry


def noise(w, h):
    """Bytes of a 32-bit linear congruence, with areas of plain 0 and 255: [h, w, 3]."""
    n, x = w * h * 3, 12345 + 31 * w + 17 * h
    out = bytearray(n)
    for i in range(n):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        block = (i // 97) % 5
        out[i] = 0 if block == 0 else 255 if block == 1 else x >> 24
    return np.frombuffer(bytes(out), np.uint8).reshape(h, w, 3)


def sizes():
    rnd = random.Random(42)
    pairs = [(1, 1), (2, 1), (1, 3), (224, 224), (225, 224), (224, 225), (448, 448), (223, 223), (3, 700), (700, 2)]
    while len(pairs) < 200:
        pairs.append((rnd.randint(1, 260), rnd.randint(1, 260)))
    rows = []
    for i, (w, h) in enumerate(pairs):
        size = (224, 32, 77)[i % 3]
        rows.append([w, h, size, sha(crop(Image.fromarray(noise(w, h)), size))])
    return rows


def geometries():
    lines = [",".join(map(str, geometry(w, h, 224))) for w in range(1, 1001, 3) for h in range(1, 1001, 7)]
    return {"rows": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]}


def folder(path):
    return {n: picture(os.path.join(path, n)) for n in sorted(os.listdir(path)) if not n.endswith(".tsv")}


check = sys.argv[1] == "--check"
golden = {
    "pictures": folder(os.path.join(HERE, "pictures")),
    "photos": folder(sys.argv[-1]),
    "sizes": sizes(),
    "geometry": geometries(),
}
path = os.path.join(HERE, "golden.json")
if not check:
    with open(path, "w") as f:
        f.write("{\n")
        for part in ("pictures", "photos"):
            f.write(f'"{part}": {{\n')
            f.write(",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in golden[part].items()))
            f.write("\n},\n")
        f.write('"sizes": [\n' + ",\n".join(map(json.dumps, golden["sizes"])) + "\n],\n")
        f.write(f'"geometry": {json.dumps(golden["geometry"])}\n}}\n')
    sys.exit()
with open(path) as f:
    kept = json.load(f)
for part in ("pictures", "photos"):
    for name, entry in golden[part].items():
        for key, value in entry.items():
            if kept[part][name][key] != value:
                print(part, name, key, "differs", kept[part][name][key], value)
print("sizes", kept["sizes"] == golden["sizes"], "geometry", kept["geometry"] == golden["geometry"])
