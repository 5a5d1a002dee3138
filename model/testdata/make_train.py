"""Writes testdata/train: one training step of a small CLIP of each activation, and ten more with AdamW.

Made with torch 2.15.0, open_clip_torch 3.3.0, safetensors 0.8.0: python make_train.py

NAME.safetensors holds the weights, the inputs (pixels, tokens), the loss, and every gradient as grad.NAME.
steps.json has the losses of ten steps on that batch, with weights from the first file, as open_clip trains: its
decay's exclusions, warm-up and cosine, logit_scale clamped; the last of them with gradients clipped to a norm of 1.
"""
import json, math, pathlib
import open_clip, torch
import torch.nn.functional as F
from open_clip_train.scheduler import cosine_lr
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent / "train"
CONFIG = dict(
    embed_dim=12,
    vision_cfg=dict(image_size=12, patch_size=4, width=20, layers=2, head_width=10),
    text_cfg=dict(context_length=9, vocab_size=30, width=16, layers=2, heads=2),
)
N = 6


def make(quick):
    torch.manual_seed(1)
    model = open_clip.CLIP(quick_gelu=quick, **CONFIG)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=generator) * 0.1)
    pixels = torch.randn(N, 3, 12, 12, generator=generator)
    tokens = torch.zeros(N, 9, dtype=torch.int64)
    for i, length in enumerate([9, 2, 5, 7, 3, 6]):
        tokens[i, :length] = torch.randint(1, 28, (length,), generator=generator)
        tokens[i, length - 1] = 29
    return model, pixels, tokens


def loss_of(model, pixels, tokens):
    image = F.normalize(model.encode_image(pixels), dim=-1)
    text = F.normalize(model.encode_text(tokens), dim=-1)
    logits = model.logit_scale.exp() * image @ text.T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def gradients():
    for name, quick in [("quick_gelu", True), ("gelu", False)]:
        model, pixels, tokens = make(quick)
        loss = loss_of(model, pixels, tokens)
        loss.backward()
        tensors = {k: v.detach().contiguous() for k, v in model.named_parameters()}
        tensors |= {"grad." + k: v.grad.contiguous() for k, v in model.named_parameters()}
        tensors |= {"pixels": pixels, "tokens": tokens.float(), "loss": loss.detach()}
        save_file(tensors, here / f"{name}.safetensors")


def steps(clip):
    model, pixels, tokens = make(True)
    def exclude(n, p): return p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW([
        {"params": [p for n, p in named if exclude(n, p)], "weight_decay": 0.0},
        {"params": [p for n, p in named if not exclude(n, p)], "weight_decay": 0.2},
    ], lr=1e-2, betas=(0.9, 0.98), eps=1e-6)
    schedule = cosine_lr(optimizer, 1e-2, 3, 12)
    losses = []
    for step in range(10):
        schedule(step)
        optimizer.zero_grad()
        loss = loss_of(model, pixels, tokens)
        losses.append(loss.item())
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
    return losses


here.mkdir(exist_ok=True)
gradients()
(here / "steps.json").write_text(json.dumps({"plain": steps(None), "clipped": steps(1.0)}, indent=1) + "\n")
