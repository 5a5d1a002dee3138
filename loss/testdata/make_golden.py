# Writes golden.json: the symmetric contrastive loss and its gradients as PyTorch computes them in float64, from
# float32 vectors. Made with Python 3.11, torch 2.15.0, by: python make_golden.py > golden.json
import json

import torch
import torch.nn.functional as F

torch.manual_seed(1)
cases = []
for n, d, scale in [(1, 3, 14.285714), (2, 4, 100.0), (7, 5, 14.285714), (65, 3, 30.0)]:
    images = F.normalize(torch.randn(n, d), dim=1)
    texts = F.normalize(images + 0.5 * torch.randn(n, d), dim=1)
    if n == 7:
        texts[4] = texts[2]  # the same caption twice
    x = images.double().requires_grad_()
    y = texts.double().requires_grad_()
    log_scale = torch.tensor(scale, dtype=torch.float32).double().log().requires_grad_()
    logits = log_scale.exp() * x @ y.T
    own = torch.arange(n)
    loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    loss.backward()
    cases.append({
        "d": d,
        "scale": scale,
        "images": images.flatten().tolist(),
        "texts": texts.flatten().tolist(),
        "loss": loss.item(),
        "image_to_text": (logits.argmax(1) == own).double().mean().item(),
        "text_to_image": (logits.argmax(0) == own).double().mean().item(),
        "dimages": [float("%.9g" % v) for v in x.grad.flatten().tolist()],
        "dtexts": [float("%.9g" % v) for v in y.grad.flatten().tolist()],
        "dlogit_scale": log_scale.grad.item(),
    })
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
