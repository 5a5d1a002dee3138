"""PyTorch with open_clip."""

import glob
import io
import json
import os

from serve import serve


def load():
    import numpy as np
    import open_clip
    import torch
    import torch.nn.functional as F
    import torchvision
    from PIL import Image
    from torch.utils import mkldnn
    from torchvision import transforms

    models = {}

    def clip(args):
        torch.set_num_threads(args["threads"])
        key = args["model"], args["type"]
        if key not in models:
            model = open_clip.create_model("local-dir:" + args["model"]).eval()
            models[key] = model.to(getattr(torch, args["type"])).to(memory_format=torch.channels_last)
        return models[key]

    def guarded(threads, call):
        """Jobs of one process may have different numbers of threads."""

        def run():
            torch.set_num_threads(threads)
            with torch.inference_mode():
                return call()

        return run

    def image(args):
        model = clip(args)
        x = np.fromfile(args["pixels"], "<f4").reshape(-1, 3, args["size"], args["size"])[: args["batch"]]
        x = torch.from_numpy(x.copy()).to(memory_format=torch.channels_last)
        # Conversions count: pixels are float32, embeddings are wanted as such.
        return guarded(args["threads"], lambda: model.encode_image(x.to(model.logit_scale.dtype)).float().numpy())

    def text(args):
        model = clip(args)
        x = np.fromfile(args["tokens"], "<f4").reshape(-1, args["batch"], args["context"])
        x = torch.from_numpy(x.astype(np.int64))
        return guarded(args["threads"], lambda: np.concatenate([model.encode_text(b).float().numpy() for b in x]))

    def linear(args):
        x = torch.from_numpy(np.fromfile(args["x"], "<f4").reshape(args["rows"], args["in"]))
        layer = torch.nn.Linear(args["in"], args["out"], bias=False)
        layer.weight.data = torch.from_numpy(np.fromfile(args["w"], "<f4").reshape(args["out"], args["in"]))
        return x, layer

    def product(args):
        x, layer = linear(args)
        return guarded(args["threads"], lambda: layer(x).numpy())

    def packed_product(args):
        x, layer = linear(args)
        x, layer = x.to_mkldnn(), mkldnn.to_mkldnn(layer)
        return guarded(args["threads"], lambda: layer(x).to_dense().numpy())

    def tokenize(args):
        with open(args["captions"]) as f:
            captions = json.load(f)
        t = open_clip.tokenizer.SimpleTokenizer()
        return lambda: t(captions, args["context"]).numpy()

    def transform(size):
        return transforms.Compose([
            transforms.Resize(size, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(size),
            lambda m: m.convert("RGB"),
            transforms.ToTensor(),
            transforms.Normalize(open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD),
        ])

    def preprocess(args):
        t = transform(args["size"])
        files = [open(name, "rb").read() for name in args["files"]]
        return guarded(1, lambda: torch.stack([t(Image.open(io.BytesIO(f))) for f in files]).numpy())

    def loss(args):
        torch.set_num_threads(args["threads"])
        read = lambda name: torch.from_numpy(np.fromfile(args[name], "<f4").reshape(-1, args["width"])).requires_grad_()
        x, y = read("images"), read("texts")
        own = torch.arange(len(x))

        def call():
            x.grad = y.grad = None
            logits = args["scale"] * x @ y.T
            ((F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2).backward()
            return np.concatenate([x.grad.numpy(), y.grad.numpy()])

        return call

    def step(args):
        torch.set_num_threads(args["threads"])
        model = open_clip.create_model(args["name"]).train().to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-6, fused=True)
        criterion = open_clip.loss.ClipLoss()
        x = np.fromfile(args["pixels"], "<f4").reshape(-1, 3, args["size"], args["size"])[: args["batch"]]
        x = torch.from_numpy(x).to(memory_format=torch.channels_last)
        ids = np.fromfile(args["tokens"], "<f4").astype(np.int64).reshape(-1, args["context"])[: args["batch"]]
        ids = torch.from_numpy(ids)

        def call():
            torch.set_num_threads(args["threads"])
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=args["type"] == "bfloat16"):
                criterion(*model(x, ids)).backward()
            optimizer.step()

        return call

    class Pairs(torch.utils.data.Dataset):
        def __init__(self, folder, size):
            self.files, self.transform = sorted(glob.glob(os.path.join(folder, "*.jpg"))), transform(size)
            self.tokenizer = open_clip.tokenizer.SimpleTokenizer()

        def __len__(self):
            return len(self.files)

        def __getitem__(self, i):
            with open(self.files[i][:-3] + "txt") as f:
                return self.transform(Image.open(self.files[i])), self.tokenizer(f.read())[0]

    def folder(args):
        model = clip(args)
        pairs = Pairs(args["folder"], model.visual.image_size[0])

        def call():
            images, texts = [], []
            for x, ids in torch.utils.data.DataLoader(pairs, args["batch"], num_workers=args["threads"]):
                images.append(model.encode_image(x, normalize=True).numpy())
                texts.append(model.encode_text(ids, normalize=True).numpy())
            for name, rows in ("image", images), ("text", texts):
                np.save(os.path.join(args["into"], name + ".npy"), np.concatenate(rows))
            return np.concatenate(images)

        return guarded(args["threads"], call)

    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "open_clip": open_clip.__version__}
    cases = {
        "image": image,
        "text": text,
        "tokenize": tokenize,
        "preprocess": preprocess,
        "loss": loss,
        "step": step,
        "folder": folder,
        "product": product,
        "packed product": packed_product,
    }
    return versions, cases, models.clear


serve(load)
