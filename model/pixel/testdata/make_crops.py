"""Writes crops.json: what torchvision's RandomResizedCrop, as open_clip uses it, draws and makes of pictures/.

Made with Pillow 9.4.0:  python make_crops.py parts
and torch 2.15.0, torchvision 0.29.2, numpy 2.4.6:  python make_crops.py draws

Pillow 13 differs, as make_golden.py says, for two of the pictures.

parts has, for each picture, two parts of it and the digest of what resized_crop to 64×64, then RGB, makes of each.
draws has, for sizes of pictures, scale and ratio, the mean and deviation of 50,000 parts' area (a share of the
picture's), logarithm of their shape, and place (shares of the room there is).
"""
import hashlib, json, math, os, sys

from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))


def make_parts():
    parts = {}
    for name in sorted(os.listdir(os.path.join(HERE, "pictures"))):
        parts[name] = []
        w, h = Image.open(os.path.join(HERE, "pictures", name)).size
        for left, top, pw, ph in [(w // 10, h // 12, max(1, w * 8 // 10), max(1, h * 9 // 10)), (w // 3, 0, max(1, w // 2), max(1, h // 2))]:
            im = Image.open(os.path.join(HERE, "pictures", name))
            # torchvision's resized_crop on a picture of Pillow's
            cut = im.crop((left, top, left + pw, top + ph)).resize((64, 64), Image.BICUBIC).convert("RGB")
            parts[name].append([left, top, pw, ph, hashlib.sha256(cut.tobytes()).hexdigest()[:16]])
    return parts


def make_draws():
    import numpy as np, torch
    from torchvision.transforms import RandomResizedCrop

    torch.manual_seed(1)
    draws = []
    for (w, h), scale, ratio in [
        ((640, 480), (0.9, 1.0), (3 / 4, 4 / 3)),
        ((224, 224), (0.9, 1.0), (3 / 4, 4 / 3)),
        ((500, 333), (0.08, 1.0), (3 / 4, 4 / 3)),
        ((1000, 300), (0.9, 1.0), (3 / 4, 4 / 3)),
        ((200, 1000), (0.5, 0.9), (0.5, 1.0)),
    ]:
        image = torch.zeros(3, h, w)
        rows = []
        for _ in range(50_000):
            top, left, ph, pw = RandomResizedCrop.get_params(image, list(scale), list(ratio))
            rows.append([pw * ph / (w * h), math.log(pw / ph), left / max(1, w - pw), top / max(1, h - ph)])
        a = np.array(rows)
        draws.append({"w": w, "h": h, "area": scale, "shape": ratio, "mean": a.mean(0).tolist(), "std": a.std(0).tolist()})
    return draws


what = sys.argv[1]
path = os.path.join(HERE, "crops.json")
crops = json.load(open(path)) if os.path.exists(path) else {}
crops[what] = {"parts": make_parts, "draws": make_draws}[what]()
with open(path, "w") as f:
    json.dump(crops, f, indent=0)
