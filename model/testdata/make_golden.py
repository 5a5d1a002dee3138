"""Writes CLIP models with random weights and what the real packages compute with them.

Made with torch 2.15.0, open_clip_torch 3.3.0, transformers 5.23.0, safetensors 0.8.0, numpy 2.4.6:

    python make_golden.py                # testdata/golden: small ones, checked in
    python make_golden.py --full DIR     # ViT-B/32 of full size, for PAIRSTREAM_FULL_MODELS=DIR
    python make_golden.py --full DIR RN50 ViT-H-14 …     # others of open_clip's, by name

Each model's folder also holds image.npy and text.npy, its embeddings (not of unit length) of pixels.npy and
tokens.npy, which lie there too or one folder up.
"""
import argparse, json, pathlib
import numpy as np
import open_clip, torch
from open_clip.push_to_hf_hub import save_config_for_hf
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

torch.set_grad_enabled(False)


def randomise(model, generator, spread):
    """No parameter may stay at 0 or 1, or a forgotten bias would not show."""
    for p in model.parameters():
        p.add_(torch.randn(p.shape, generator=generator) * spread)


def narrow(model, dtype):
    """Rounds the weights as storing them does, and computes with the rounded ones in float32."""
    for p in model.parameters():
        p.copy_(p.to(dtype).float())


def inputs(folder, images, size, tokens):
    pixels = torch.randn(images, 3, size, size, generator=torch.Generator().manual_seed(1))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "pixels.npy", pixels.numpy())
    np.save(folder / "tokens.npy", tokens.numpy())
    return pixels, tokens


def save_open_clip(folder, config, dtype, pixels, tokens, seed, prefix="", spread=0.2):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    model = kind(**{k: v for k, v in config.items() if k != "custom_text"}).eval()
    randomise(model, torch.Generator().manual_seed(seed), spread)
    narrow(model, dtype)
    model.visual.image_mean, model.visual.image_std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    model.visual.preprocess_cfg = {"interpolation": "bicubic", "resize_mode": "squash"}
    save_file({prefix + k: v.to(dtype).contiguous() for k, v in model.state_dict().items()},
              folder / "open_clip_model.safetensors", metadata={"format": "pt"})
    save_config_for_hf(model, folder / "open_clip_config.json", config)
    np.save(folder / "image.npy", model.encode_image(pixels).numpy())
    np.save(folder / "text.npy", model.encode_text(tokens).numpy())


def save_named(folder, name):
    """One of open_clip's, with what batch normalisation has seen drawn too."""
    config = open_clip.get_model_config(name)
    text, size = config["text_cfg"], config["vision_cfg"]["image_size"]
    generator = torch.Generator().manual_seed(9)
    tokens = torch.randint(2, text["vocab_size"] - 2, (3, text["context_length"]), generator=generator)
    if not config.get("init_logit_bias"):
        for row, length in zip(tokens, [5, 12, text["context_length"]]):
            row[length - 1], row[length:] = text["vocab_size"] - 1, 0
    pixels, tokens = inputs(folder, 2, size, tokens)
    torch.manual_seed(9)
    kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    model = kind(**{k: v for k, v in config.items() if k != "custom_text"}).eval()
    randomise(model, generator, 0.005)
    for key, value in model.state_dict().items():
        if key.endswith("running_mean"):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
        if key.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=generator) * 0.5 + 0.25)
        if key.endswith("bn3.weight"):
            value.add_(0.3)
    narrow(model, torch.float16)
    for key, value in model.state_dict().items():  # buffers are rounded as well
        if "running_" in key:
            value.copy_(value.half().float())
    save_file({k: v.half().contiguous() if v.is_floating_point() else v for k, v in model.state_dict().items()},
              folder / "open_clip_model.safetensors", metadata={"format": "pt"})
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    np.save(folder / "image.npy", model.encode_image(pixels).numpy())
    np.save(folder / "text.npy", model.encode_text(tokens).numpy())


def save_hugging_face(folder, config, dtype, pixels, tokens, seed, spread=0.2, **how):
    torch.manual_seed(seed)
    model = CLIPModel(CLIPConfig(**config)).eval()
    randomise(model, torch.Generator().manual_seed(seed), spread)
    narrow(model, dtype)
    image = model.get_image_features(pixels).pooler_output
    text = model.get_text_features(tokens).pooler_output
    size = model.config.vision_config.image_size
    CLIPImageProcessor(size={"shortest_edge": size}, crop_size=size).save_pretrained(folder)
    model.to(dtype).save_pretrained(folder, **how)
    np.save(folder / "image.npy", image.numpy())
    np.save(folder / "text.npy", text.numpy())


def small(out):
    # Ids 63 (the largest) and 50 come in every order, so that the two rules for the end of a text differ.
    tokens = torch.tensor([
        [1, 7, 50, 63, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 63, 9, 50, 12, 13, 0, 0, 0, 0, 0, 0],
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50, 63],
        [1, 40, 41, 63, 63, 50, 50, 0, 0, 0, 0, 0],
        [1, 3, 3, 3, 49, 63, 0, 0, 0, 0, 0, 0],  # no 50
        [50, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ])
    pixels, tokens = inputs(out, 2, 24, tokens)
    clip = dict(embed_dim=20,
                vision_cfg=dict(image_size=24, patch_size=6, width=24, head_width=8, layers=2, mlp_ratio=2.0),
                text_cfg=dict(context_length=12, vocab_size=64, width=16, heads=2, layers=2, mlp_ratio=3.0))
    save_open_clip(out / "openclip", clip, torch.float32, pixels, tokens, 2)
    save_open_clip(out / "openclip-f16-quickgelu", clip | dict(quick_gelu=True), torch.float16, pixels, tokens, 3, "module.")
    eos = clip | dict(custom_text=True, text_cfg=clip["text_cfg"] | dict(pool_type="eos", eos_id=50))
    save_open_clip(out / "openclip-bf16-customtext", eos, torch.bfloat16, pixels, tokens, 4)

    def hugging_face(act, eos):
        return dict(projection_dim=20,
                    text_config=dict(hidden_size=16, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, vocab_size=64,
                                     max_position_embeddings=12, hidden_act=act, bos_token_id=1, eos_token_id=eos),
                    vision_config=dict(hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3, image_size=24,
                                       patch_size=6, hidden_act=act))
    save_hugging_face(out / "huggingface", hugging_face("quick_gelu", 50), torch.float32, pixels, tokens, 5)
    save_hugging_face(out / "huggingface-bf16-gelu-sharded", hugging_face("gelu", 2), torch.bfloat16, pixels, tokens, 6, max_shard_size="20KB")


def full(out):
    generator = torch.Generator().manual_seed(1)
    tokens = torch.zeros(8, 77, dtype=torch.int64)
    for row, length in zip(tokens, [3, 7, 9, 12, 16, 25, 50, 77]):
        row[:length] = torch.randint(1, 49406, (length,), generator=generator)
        row[0], row[length - 1] = 49406, 49407
    pixels, tokens = inputs(out, 8, 224, tokens)
    for name, preset in ("vitb32-openclip", "ViT-B-32-quickgelu"), ("vitb32-gelu", "ViT-B-32"):
        save_open_clip(out / name, open_clip.get_model_config(preset), torch.float32, pixels, tokens, 7, spread=0.01)
    save_hugging_face(out / "vitb32-hf", {}, torch.float32, pixels, tokens, 8, spread=0.01)


parser = argparse.ArgumentParser()
parser.add_argument("--full", type=pathlib.Path, metavar="DIR")
parser.add_argument("names", nargs="*")
arguments = parser.parse_args()
if arguments.names:
    for name in arguments.names:
        save_named(arguments.full / name, name)
elif arguments.full:
    full(arguments.full)
else:
    small(pathlib.Path(__file__).parent / "golden")
