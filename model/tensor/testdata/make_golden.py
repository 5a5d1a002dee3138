"""Writes golden.json: what PyTorch makes of inputs that a formula gives.

Made with torch 2.15.0: python make_golden.py
"""
import json, pathlib
import torch
import torch.nn.functional as F


def wave(*shape, phase=0.0):
    """sin(0.7 i + phase), as the test computes it too."""
    n = torch.Size(shape).numel()
    return torch.sin(0.7 * torch.arange(n, dtype=torch.float64) + phase).float().reshape(shape)


def attention(qkv, heads, causal):
    q, k, v = (x.reshape(len(x), heads, -1).transpose(0, 1) for x in qkv.chunk(3, dim=1))
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(0, 1).reshape(len(qkv), -1)


x = torch.tensor([-100, -10, -3, -1.5, -0.5, -1e-3, 0, 1e-3, 0.5, 1.5, 3, 10, 100], dtype=torch.float32)
golden = {
    "gelu": F.gelu(x),
    "quick_gelu": x * torch.sigmoid(1.702 * x),
    "layer_norm": F.layer_norm(3 * wave(4, 24) + 2, (24,), wave(24, phase=1), wave(24, phase=2)),
    "linear": F.linear(wave(5, 70), wave(67, 70, phase=1), wave(67, phase=2)),
    "attention": attention(2 * wave(70, 36), 3, False),
    "attention_causal": attention(2 * wave(70, 36), 3, True),
}


def gradients(name, function, dy, **inputs):
    """Adds the gradients of sum(dy · function(inputs)) for every input; every fifth value of long ones."""
    inputs = {k: v.clone().requires_grad_() for k, v in inputs.items()}
    (function(**inputs) * dy).sum().backward()
    for k, v in inputs.items():
        grad = v.grad.flatten()
        golden[f"{name}_d{k}"] = grad[::5] if len(grad) > 100 else grad


gradients("gelu", lambda x: F.gelu(x), wave(13, phase=3), x=x)
gradients("quick_gelu", lambda x: x * torch.sigmoid(1.702 * x), wave(13, phase=3), x=x)
gradients("layer_norm", lambda x, w, b: F.layer_norm(x, (24,), w, b), wave(4, 24, phase=3),
          x=3 * wave(4, 24) + 2, w=wave(24, phase=1), b=wave(24, phase=2))
gradients("linear", F.linear, wave(5, 67, phase=3),
          input=wave(5, 70), weight=wave(67, 70, phase=1), bias=wave(67, phase=2))
gradients("normalize", lambda x: F.normalize(x, dim=1), wave(4, 24, phase=3), x=3 * wave(4, 24) + 2)
gradients("attention", lambda qkv: attention(qkv, 3, False), wave(70, 12, phase=3), qkv=2 * wave(70, 36))
gradients("attention_causal", lambda qkv: attention(qkv, 3, True), wave(70, 12, phase=3), qkv=2 * wave(70, 36))
gradients("attention_rows", lambda qkv: attention(qkv, 3, True)[66:69], wave(3, 12, phase=3), qkv=2 * wave(70, 36))
lines = [f'"{k}": {json.dumps([float(f"{y:.8g}") for y in v.flatten().tolist()])}' for k, v in golden.items()]
(pathlib.Path(__file__).parent / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
