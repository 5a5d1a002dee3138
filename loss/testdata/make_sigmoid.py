# Writes sigmoid.json: open_clip's SigLipLoss and its gradients in float64, from float32 vectors. Made with Python 3.11,
# torch 2.15.0, open_clip_torch 3.3.0, by: python make_sigmoid.py > sigmoid.json
import json

import torch
import torch.nn.functional as F
from open_clip.loss import SigLipLoss

torch.manual_seed(2)
cases = []
for n, d, scale, bias in [(1, 3, 10.0, -10.0), (2, 4, 100.0, -12.5), (7, 5, 10.0, -10.0), (65, 3, 30.0, 4.0)]:
    images = F.normalize(torch.randn(n, d), dim=1)
    texts = F.normalize(images + 0.5 * torch.randn(n, d), dim=1)
    x = images.double().requires_grad_()
    y = texts.double().requires_grad_()
    log_scale = torch.tensor(scale, dtype=torch.float32).double().log().requires_grad_()
    logit_bias = torch.tensor(bias, dtype=torch.float64).requires_grad_()
    loss = SigLipLoss()(x, y, log_scale.exp(), logit_bias)
    loss.backward()
    logits = x @ y.T
    own = torch.arange(n)
    cases.append({
        "d": d,
        "scale": scale,
        "bias": bias,
        "images": images.flatten().tolist(),
        "texts": texts.flatten().tolist(),
        "loss": loss.item(),
        "image_to_text": (logits.argmax(1) == own).double().mean().item(),
        "text_to_image": (logits.argmax(0) == own).double().mean().item(),
        "dimages": [float("%.9g" % v) for v in x.grad.flatten().tolist()],
        "dtexts": [float("%.9g" % v) for v in y.grad.flatten().tolist()],
        "dlogit_scale": log_scale.grad.item(),
        "dlogit_bias": logit_bias.grad.item(),
    })
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
