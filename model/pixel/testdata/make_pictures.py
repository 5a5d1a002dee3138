"""Writes pictures/: small pictures of every kind that Pillow reads as JPEG, PNG, WebP or GIF.

Made with Pillow 13.0.0, numpy 2.4.6:  python make_pictures.py
The pictures are checked in, as another encoder would write other bytes; make_golden.py keeps what Pillow makes of them.
"""

import io
import os
import struct
import zlib

import numpy as np
from PIL import Image

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
rng = np.random.default_rng(7)


def scene(w, h, channels=3):
    """Gradients, hard edges, thin lines and a patch of noise: [h, w, channels] uint8."""
    y, x = np.mgrid[0:h, 0:w]
    u, v = x / max(w - 1, 1), y / max(h - 1, 1)
    planes = [255 * u, 255 * (1 - v), 255 * np.abs(u - v), 255 * np.clip(1.2 - np.hypot(u - 0.5, v - 0.5) * 2, 0, 1)]
    a = np.stack(planes[:channels], -1)
    a[(np.hypot(u - 0.3, v - 0.6) < 0.18)] = [250, 30, 60, 255][:channels]
    a[(np.abs(u - 0.7) < 0.12) & (np.abs(v - 0.3) < 0.2)] = [10, 200, 240, 40][:channels]
    a[(x % 16 == 3) & (v > 0.85)] = 0
    patch = (u > 0.45) & (u < 0.6) & (v > 0.5) & (v < 0.65)
    a[patch] = rng.integers(0, 256, (int(patch.sum()), channels))
    return a.round().astype(np.uint8)


def save(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


def encode(im, fmt, **kw):
    f = io.BytesIO()
    im.save(f, fmt, **kw)
    return f.getvalue()


# --- JPEG ---------------------------------------------------------------------------------------------------


def segments(b):
    """Splits a JPEG into its segments before the scan and the rest."""
    at, parts = 2, []
    while b[at + 1] != 0xDA:
        n = 2 + struct.unpack(">H", b[at + 2 : at + 4])[0]
        parts.append(b[at : at + n])
        at += n
    return parts, b[at:]


def edit(b, change):
    """Rewrites each segment before the scan by change, which returns b'' to drop it."""
    parts, rest = segments(b)
    return b[:2] + b"".join(change(p) for p in parts) + rest


def jpegs():
    rgb = Image.fromarray(scene(291, 240))
    save("rgb-444.jpg", encode(rgb, "JPEG", quality=80, subsampling=0))
    save("rgb-422.jpg", encode(rgb, "JPEG", quality=80, subsampling=1))
    save("rgb-420.jpg", encode(rgb, "JPEG", quality=75, subsampling=2))
    save("progressive-420.jpg", encode(rgb, "JPEG", quality=80, progressive=True))
    save("progressive-444.jpg", encode(rgb, "JPEG", quality=80, progressive=True, subsampling=0))
    save("restart.jpg", encode(rgb, "JPEG", quality=70, restart_marker_blocks=5))
    save("adobe-rgb.jpg", encode(rgb, "JPEG", quality=60, keep_rgb=True))
    save("grey.jpg", encode(rgb.convert("L"), "JPEG", quality=85))
    save("grey-progressive.jpg", encode(rgb.convert("L"), "JPEG", quality=85, progressive=True))
    save("low-quality.jpg", encode(rgb, "JPEG", quality=8))
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    save("exif-rotated.jpg", encode(rgb, "JPEG", quality=75, exif=exif))
    save("profile.jpg", encode(rgb, "JPEG", quality=75, icc_profile=bytes(range(256)) * 2))
    # 4:4:0: the luma of a 4:2:2 picture's header, its factors swapped, needs a square grid of blocks
    square = encode(Image.fromarray(scene(256, 256)), "JPEG", quality=80, subsampling=1)
    save("rgb-440.jpg", edit(square, lambda p: p[:11] + b"\x12" + p[12:] if p[1] == 0xC0 else p))

    cmyk = Image.fromarray(scene(251, 230, 4), "CMYK")
    b = encode(cmyk, "JPEG", quality=70)
    save("cmyk.jpg", b)
    save("cmyk-plain.jpg", edit(b, lambda p: b"" if p[1] == 0xEE else p))
    save("ycck.jpg", edit(b, lambda p: p[:-1] + b"\x02" if p[1] == 0xEE else p))

    save("odd-253x241.jpg", encode(Image.fromarray(scene(253, 241)), "JPEG", quality=75))
    save("target-224x224.jpg", encode(Image.fromarray(scene(224, 224)), "JPEG", quality=75))
    save("target-224x301.jpg", encode(Image.fromarray(scene(224, 301)), "JPEG", quality=75))
    save("upscale-40x31.jpg", encode(Image.fromarray(scene(40, 31)), "JPEG", quality=90))
    save("wide-900x30.jpg", encode(Image.fromarray(scene(900, 30)), "JPEG", quality=75))
    save("one.jpg", encode(Image.fromarray(scene(1, 1)), "JPEG"))
    save("large-1201x1003.jpg", encode(Image.fromarray(scene(1201, 1003)), "JPEG", quality=25))


# --- PNG ----------------------------------------------------------------------------------------------------


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed(samples, depth):
    """samples [h, n] → bytes of rows of depth bits a sample, each behind filter byte 0 (none)."""
    rows = b""
    for row in samples:
        if depth == 16:
            line = row.astype(">u2").tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8).ravel()
            line = np.packbits(bits).tobytes()
        rows += b"\0" + line
    return rows


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(a, depth, colour, interlaced=False, before=b""):
    """a [h, w, channels] of depth bits → a PNG; Pillow writes neither these depths nor interlacing."""
    h, w, n = a.shape
    if interlaced:
        raw = b""
        for x, y, dx, dy in PASSES:
            part = a[y::dy, x::dx]
            if part.size:
                raw += packed(part.reshape(part.shape[0], -1), depth)
    else:
        raw = packed(a.reshape(h, -1), depth)
    ihdr = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, int(interlaced))
    data = zlib.compress(raw, 9)
    middle = len(data) // 2  # two chunks of picture data
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + before
        + chunk(b"IDAT", data[:middle]) + chunk(b"IDAT", data[middle:]) + chunk(b"IEND", b"")
    )


def pngs():
    rgb, rgba = scene(240, 229), scene(240, 229, 4)
    rgba[20:60, 20:90, 3] = 0
    rgba[70:90, 20:90, 3] = 255
    grey = rgb[..., :1]
    wide = (rgba.astype(np.uint32) * 257 + rng.integers(0, 200, rgba.shape)) % 65536
    save("rgb.png", encode(Image.fromarray(rgb), "PNG", optimize=True))
    save("rgba.png", encode(Image.fromarray(rgba), "PNG", optimize=True))
    save("rgba-224x224.png", encode(Image.fromarray(scene(224, 224, 4)), "PNG", optimize=True))
    save("rgba-90x120.png", encode(Image.fromarray(scene(90, 120, 4)), "PNG", optimize=True))
    save("grey.png", encode(Image.fromarray(grey[..., 0]), "PNG", optimize=True))
    save("grey-alpha.png", encode(Image.fromarray(rgba[..., [0, 3]], "LA"), "PNG", optimize=True))
    save("bilevel.png", encode(Image.fromarray(grey[..., 0]).convert("1"), "PNG", optimize=True))
    save("grey-2bit.png", png(grey >> 6, 2, 0))
    save("grey-4bit.png", png(grey >> 4, 4, 0))
    save("grey-transparent.png", png(grey, 8, 0, before=chunk(b"tRNS", b"\0\x0a")))
    save("rgb-transparent.png", png(rgb[::3, ::3], 8, 2, before=chunk(b"tRNS", struct.pack(">HHH", 250, 30, 60))))
    save("rgb-interlaced.png", png(rgb[::3, ::2], 8, 2, interlaced=True))
    small = wide[::4, ::5]
    save("rgb-16bit.png", png(small[..., :3], 16, 2))
    save("rgba-16bit.png", png(small, 16, 6, interlaced=True))
    save("grey-alpha-16bit.png", png(small[..., [0, 3]], 16, 4))
    save("grey-16bit.png", png(small[..., :1], 16, 0))

    p = Image.fromarray(rgb).convert("P", palette=Image.Palette.ADAPTIVE, colors=200)
    save("palette.png", encode(p, "PNG", optimize=True))
    save("palette-transparent.png", encode(p, "PNG", optimize=True, transparency=bytes(range(0, 200))))
    p4 = Image.fromarray(scene(100, 71)).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    plte = chunk(b"PLTE", bytes(p4.getpalette()[:48]))
    save("palette-4bit-interlaced.png", png(np.asarray(p4)[..., None], 4, 3, True, plte))
    gama = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(600)))
    save("gamma-profile.png", png(scene(64, 48), 8, 2, before=gama))
    frames = [Image.fromarray(scene(80, 60)), Image.fromarray(255 - scene(80, 60))]
    save("animated.png", encode(frames[0], "PNG", save_all=True, append_images=frames[1:]))

    save("one.png", encode(Image.fromarray(scene(1, 1)), "PNG"))
    save("tall-1x5000.png", encode(Image.fromarray(scene(1, 5000)), "PNG", optimize=True))
    save("wide-5000x3.png", encode(Image.fromarray(scene(5000, 3)), "PNG", optimize=True))
    save("palette-1x900.png", encode(Image.fromarray(scene(1, 900)).convert("P"), "PNG", optimize=True))


# --- WebP, GIF ----------------------------------------------------------------------------------------------


def webps():
    rgb, rgba = Image.fromarray(scene(270, 240)), Image.fromarray(scene(270, 240, 4))
    save("lossy.webp", encode(rgb, "WEBP", quality=70))
    save("lossy-alpha.webp", encode(rgba, "WEBP", quality=70))
    save("lossless.webp", encode(rgb, "WEBP", lossless=True))
    save("lossless-alpha.webp", encode(rgba, "WEBP", lossless=True, exact=True))
    save("odd-61x47.webp", encode(Image.fromarray(scene(61, 47)), "WEBP", quality=80))
    second = Image.fromarray(255 - scene(120, 90))
    save("animated.webp", encode(Image.fromarray(scene(120, 90)), "WEBP", save_all=True, append_images=[second], quality=60))
    frame = scene(120, 90, 4)
    frame[:, :, 3] = np.where(frame[:, :, 3] > 60, frame[:, :, 3], 0)
    frame[:12], frame[:, :20] = 0, 0  # the encoder cuts empty borders off
    save("animated-alpha.webp", encode(
        Image.fromarray(frame), "WEBP", save_all=True, append_images=[Image.fromarray(scene(120, 90, 4))], lossless=True))


def gifs():
    p = Image.fromarray(scene(250, 190)).convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    save("palette.gif", encode(p, "GIF", interlace=False))
    save("interlaced.gif", encode(p, "GIF", interlace=True))
    save("transparent.gif", encode(p, "GIF", transparency=9))
    save("grey.gif", encode(Image.fromarray(scene(250, 230)[..., 1]), "GIF"))
    frames = [Image.fromarray(scene(90, 70)), Image.fromarray(255 - scene(90, 70))]
    save("animated.gif", encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    save("one.gif", encode(Image.fromarray(scene(1, 1)), "GIF"))
    # by hand: a frame that leaves part of the screen uncovered, one that reaches over it, and short palettes
    b = bytearray(encode(p, "GIF", interlace=False))
    table = 13 + (3 << (b[10] % 8 + 1))
    at = b.index(b",", table)
    head, rest = b[:at], b[at:]
    partial = bytearray(head)
    partial[6:10] = struct.pack("<HH", 300, 260)
    moved = bytearray(rest)
    moved[1:5] = struct.pack("<HH", 21, 33)
    save("partial.gif", bytes(partial + moved))
    gce = b"!\xf9\x04\x01\0\0\x05\0"  # colour 5 is transparent
    save("partial-transparent.gif", bytes(partial + gce + moved))
    over = bytearray(head)
    over[6:10] = struct.pack("<HH", 100, 260)
    save("over.gif", bytes(over + moved))
    short = bytearray(head)
    short[10] = short[10] & 0xF8 | 3  # 16 colours for codes of 64
    save("short-palette.gif", bytes(short[: 13 + 48] + short[table:] + rest))
    local = bytearray(rest)
    colours = bytes(reversed(b[13:table]))
    local[9] = local[9] & 0x78 | 0x80 | b[10] & 7
    save("local-palette.gif", bytes(head + local[:10] + colours + local[10:]))
    bare = bytearray(head[:13])
    bare[10] &= 0x7F
    save("no-palette.gif", bytes(bare + rest))


os.makedirs(OUT, exist_ok=True)
jpegs(), pngs(), webps(), gifs()
names = os.listdir(OUT)
print(len(names), "pictures,", sum(os.path.getsize(os.path.join(OUT, n)) for n in names), "bytes")
