"""Python's tokenizers, Pillow and NumPy."""

import gzip
import io
import json
import os

from serve import serve

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one thread, like the others


def vocabulary(path):
    """The vocabulary and the merges of CLIP, from a compressed list of merges."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbols = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
    with gzip.open(path, "rt", encoding="utf-8") as f:
        merges = [tuple(line.split()) for line in f.read().split("\n") if line][: 49152 - 256 - 2]
    symbols += [s + "</w>" for s in symbols] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return {s: i for i, s in enumerate(symbols)}, merges


def load():
    import numpy as np
    import PIL
    import tokenizers
    import transformers
    from PIL import Image
    from threadpoolctl import threadpool_limits

    def tokenizer(args):
        vocab, merges = vocabulary(args["merges"])
        with open(args["captions"]) as f:
            return transformers.CLIPTokenizer(vocab=vocab, merges=merges), json.load(f)

    def zeros_behind(rows):
        """Rows are padded with the end of the text; ours, and the original's, with zeros."""
        rows[np.arange(rows.shape[1]) > rows.argmax(1)[:, None]] = 0
        return rows

    def first_then(first, call):
        """The result is brought to a common form the first time, which is not timed."""
        state = [first]

        def run():
            return state.pop()(call()) if state else call()

        return run

    def fast(args):
        whole, captions = tokenizer(args)
        t = tokenizers.Tokenizer.from_str(whole.backend_tokenizer.to_str())
        t.enable_truncation(args["context"])
        t.enable_padding(length=args["context"], pad_id=49407, pad_token="<|endoftext|>")
        return first_then(zeros_behind, lambda: np.array([e.ids for e in t.encode_batch_fast(captions)], np.int32))

    def whole(args):
        t, captions = tokenizer(args)
        call = lambda: t(captions, padding="max_length", truncation=True, max_length=args["context"], return_tensors="np")
        return first_then(zeros_behind, lambda: call()["input_ids"])

    def preprocess(args):
        """What image processors do that have no torchvision."""
        size = args["size"]
        mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
        std = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
        files = [open(name, "rb").read() for name in args["files"]]

        def one(encoded):
            m = Image.open(io.BytesIO(encoded))
            w, h = m.size
            w, h = (size, int(size * h / w)) if w < h else (int(size * w / h), size)
            m = m.resize((w, h), Image.Resampling.BICUBIC)
            left, top = round((w - size) / 2), round((h - size) / 2)
            m = np.asarray(m.crop((left, top, left + size, top + size)).convert("RGB"), np.float32)
            return ((m / 255 - mean) / std).transpose(2, 0, 1)

        return lambda: np.stack([one(encoded) for encoded in files])

    def product(args):
        x = np.fromfile(args["x"], "<f4").reshape(args["rows"], args["in"])
        w = np.fromfile(args["w"], "<f4").reshape(args["out"], args["in"])

        def call():
            with threadpool_limits(args["threads"]):
                return x @ w.T

        return call

    def products(args):
        x = np.fromfile(args["images"], "<f4").reshape(-1, args["width"])
        y = np.fromfile(args["texts"], "<f4").reshape(-1, args["width"])

        # As many rows at a time as a matrix of 400 MB has; all of 10,000.
        rows = 100_000_000 // len(x)

        def call():
            for i in range(0, len(x), rows):
                some = x[i : i + rows]
                g = some @ y.T
                g @ y, g.T @ some

        return call

    versions = {
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "tokenizers": tokenizers.__version__,
        "transformers": transformers.__version__,
    }
    cases = {"tokenizers": fast, "transformers": whole, "preprocess": preprocess, "product": product, "products": products}
    return versions, cases, lambda: None


serve(load)
