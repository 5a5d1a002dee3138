"""Writes what the real packages compute with models of the published shapes, made small in depth and width.

Made with torch 2.15.0, open_clip_torch 3.3.0, timm 1.0.31, transformers 5.24.0, numpy 2.4.6:

    python make_drawn.py     # testdata/drawn/*.json

The weights are not stored: a value is base + spread·u, where u in [-1, 1) is drawn from a hash of the tensor's name and the
value's index (draw, and drawn_test.go beside it). A file holds the configuration, the tensors of the checkpoint by name,
shape, base and spread, and the embeddings (not of unit length) of pixels and tokens that are drawn too.
"""
import json, math, pathlib
import numpy as np
import open_clip, timm, torch
from transformers import SiglipConfig, SiglipModel

torch.set_grad_enabled(False)
out = pathlib.Path(__file__).parent / "drawn"


def draw(name, n):
    hash = 0xcbf29ce484222325  # FNV-1a
    for byte in name.encode():
        hash = (hash ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    with np.errstate(over="ignore"):  # splitmix64
        z = np.uint64(hash) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)


def spread(name, shape):
    """Values stay of about size 1 from layer to layer, and none is as it would be if it were forgotten."""
    if "running_var" in name:
        return 1.0, 0.75
    if name.endswith("logit_scale"):
        return 2.0, 0.5
    if name.endswith("logit_bias"):
        return -10.0, 0.5
    if len(shape) >= 2 and "embed" not in name and "probe" not in name and "latent" not in name:
        return 0.0, round(math.sqrt(6 / math.prod(shape[1:])), 4)
    if name.endswith("weight") and len(shape) == 1:
        return 1.0, 0.3
    return 0.0, 0.25


def fill(model):
    tensors = []
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        base, by = spread(name, value.shape)
        drawn = np.float32(base) + np.float32(by) * draw(name, value.numel())
        value.copy_(torch.from_numpy(drawn).reshape(value.shape))
        tensors.append([name, list(value.shape), base, by])
    return tensors


def inputs(size, context, vocab, ends):
    pixels = draw("pixels", 2 * 3 * size * size).reshape(2, 3, size, size) * np.float32(2)
    tokens = ((draw("tokens", 3 * context) + 1) / 2 * (vocab - 3)).astype(np.int64).reshape(3, context) + 2
    if ends:  # one end of text, at several places
        for row, length in zip(tokens, (context, 3, context // 2)):
            row[length - 1], row[length:] = vocab - 1, 0
    return torch.from_numpy(pixels), torch.from_numpy(tokens)


def write(name, config, tensors, image, text, **more):
    rows = lambda x: [[float(f"{v:.9g}") for v in row] for row in x.numpy()]
    lines = ",\n".join(json.dumps(t) for t in tensors)
    body = {"config": config, **more, "image": rows(image), "text": rows(text)}
    text = json.dumps(body)[:-1] + ',\n"tensors": [\n' + lines + "\n]}\n"
    (out / f"{name}.json").write_text(text)


def open_clip_case(name, config):
    model = open_clip.CLIP(**config).eval()
    tensors = fill(model)
    text = config["text_cfg"]
    pixels, tokens = inputs(config["vision_cfg"]["image_size"], text["context_length"], text["vocab_size"], True)
    write(name, {"model_cfg": config}, tensors, model.encode_image(pixels), model.encode_text(tokens))


def vit(width, head, patch, image, **more):
    return dict(embed_dim=24, vision_cfg=dict(image_size=image, layers=2, width=width, head_width=head, patch_size=patch, **more),
                text_cfg=dict(context_length=9, vocab_size=40, width=64, heads=1, layers=2))


def resnet(width, layers, image):
    return dict(embed_dim=24, vision_cfg=dict(image_size=image, layers=layers, width=width, patch_size=None),
                text_cfg=dict(context_length=9, vocab_size=40, width=64, heads=1, layers=1))


def siglip_open_clip(name, act, **text):
    """A SigLIP whose image tower is timm's, but smaller; drawn_test.go tells our side the same of its name."""
    image = dict(img_size=50, embed_dim=144, depth=2, num_heads=2, mlp_ratio=3.7362, act_layer=act)
    make, made = timm.create_model, "vit_base_patch16_siglip_224"
    config = dict(embed_dim=144, init_logit_bias=-10,
                  vision_cfg=dict(image_size=50, timm_model_name=name, timm_pool="map", timm_proj="none"),
                  text_cfg=dict(context_length=7, vocab_size=40, hf_tokenizer_name="timm/ViT-B-16-SigLIP", width=64, heads=2,
                                layers=2, mlp_ratio=3.7362, no_causal_mask=True, proj_bias=True, pool_type="last",
                                norm_kwargs=dict(eps=1e-6), tokenizer_kwargs=dict(clean="canonicalize"), **text))
    timm.create_model = lambda _, **how: make(made, **image, **how)
    model = open_clip.CustomTextCLIP(**config).eval()
    timm.create_model = make
    tensors = fill(model)
    pixels, tokens = inputs(50, 7, 40, False)
    write(name, {"model_cfg": config | dict(custom_text=True)}, tensors, model.encode_image(pixels), model.encode_text(tokens))


def siglip_hugging_face(name):
    config = SiglipConfig(
        vision_config=dict(image_size=50, patch_size=16, hidden_size=96, num_hidden_layers=2, num_attention_heads=2, intermediate_size=200),
        text_config=dict(max_position_embeddings=7, vocab_size=40, hidden_size=96, num_hidden_layers=2, num_attention_heads=3,
                         intermediate_size=160, projection_size=96))
    model = SiglipModel(config).eval()
    tensors = fill(model)
    pixels, tokens = inputs(50, 7, 40, False)
    write(name, config.to_diff_dict(), tensors, model.get_image_features(pixels).pooler_output, model.get_text_features(tokens).pooler_output)


out.mkdir(exist_ok=True)
siglip_open_clip("siglip", "gelu")
siglip_open_clip("siglip2", "gelu", act_kwargs=dict(approximate="tanh"))
siglip_hugging_face("siglip-huggingface")
open_clip_case("vit-b-32", vit(128, 64, 32, 64))
open_clip_case("vit-b-16", vit(128, 64, 16, 64) | dict(quick_gelu=True))
open_clip_case("vit-l-14", vit(192, 64, 14, 56))
open_clip_case("vit-l-14-336", vit(128, 64, 14, 84))
open_clip_case("vit-h-14", vit(160, 80, 14, 56))
open_clip_case("vit-h-14-378", vit(80, 80, 14, 60))  # a picture that is not whole patches
open_clip_case("vit-g-14", vit(176, 88, 14, 56, mlp_ratio=4.3637))
open_clip_case("rn50", resnet(16, [2, 2, 3, 2], 64) | dict(quick_gelu=True))
open_clip_case("rn101", resnet(16, [1, 1, 4, 1], 64))
open_clip_case("rn50x4", resnet(20, [1, 2, 1, 1], 96))
open_clip_case("rn50x64", resnet(32, [1, 1, 1, 1], 64))
