"""Writes init.json: mean and standard deviation of the larger tensors of a fresh model, averaged over ten.

Made with torch 2.15.0, open_clip_torch 3.3.0: python make_init.py
"""
import collections, json, pathlib
import open_clip, torch

config = dict(embed_dim=96,
              vision_cfg=dict(image_size=32, patch_size=8, width=128, layers=2),
              text_cfg=dict(context_length=20, vocab_size=300, width=64, heads=1, layers=3))
stats = collections.defaultdict(list)
for seed in range(10):
    torch.manual_seed(seed)
    for name, p in open_clip.CLIP(**config).named_parameters():
        values = p.detach().flatten()
        stats[name].append((values.mean(), values.std(correction=0)))
out = {name: [round(float(torch.tensor(s)[:, i].mean()), 6) for i in (0, 1)] for name, s in sorted(stats.items())}
(pathlib.Path(__file__).parent / "init.json").write_text("{\n" + ",\n".join(f'"{k}": {v}' for k, v in out.items()) + "\n}\n")
