"""Writes testdata/saved/peers.json: what transformers and open_clip compute with a model that Save and SaveHuggingFace wrote.

Made with torch 2.15.0, transformers 5.24.0, open_clip_torch 3.3.0, by

    SAVED=/tmp/saved go test -run TestSavedModelElsewhere ./model && python make_saved.py /tmp/saved

The pixels are those of TestSavedModelElsewhere.
"""
import json, pathlib, sys
import open_clip, torch, transformers
import torch.nn.functional as F

directory = sys.argv[1]
TEXTS = ["a small red circle over a big blue square", "Hello World!", "three little black arrows in a row, it's café 12"]
n = 3 * 64 * 64
pixels = torch.tensor([[(i * 7919 + k * 104729) % 1009 / 504.5 - 1 for i in range(n)] for k in range(len(TEXTS))]).reshape(-1, 3, 64, 64)
theirs = transformers.CLIPModel.from_pretrained(directory)
processor = transformers.CLIPProcessor.from_pretrained(directory)
other, _, preprocess = open_clip.create_model_and_transforms("local-dir:" + directory)
tokenizer = open_clip.get_tokenizer("local-dir:" + directory)
with torch.no_grad():
    inputs = processor.tokenizer(TEXTS, return_tensors="pt", padding=True)
    out = theirs(pixel_values=pixels, **inputs)
    result = {
        "transformers": {"image": out.image_embeds.tolist(), "text": out.text_embeds.tolist(), "scale": theirs.logit_scale.exp().item()},
        "open_clip": {
            "image": F.normalize(other.eval().encode_image(pixels), dim=-1).tolist(),
            "text": F.normalize(other.encode_text(tokenizer(TEXTS)), dim=-1).tolist(),
            "scale": other.logit_scale.exp().item(),
        },
        "size": processor.image_processor.crop_size["height"], "mean": list(processor.image_processor.image_mean),
        "transforms": str(preprocess),
    }
(pathlib.Path(__file__).parent / "saved" / "peers.json").write_text(json.dumps(result))
