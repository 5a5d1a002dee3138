"""Trains small sentencepiece models and writes what the real packages make of hard texts with them.

Made with sentencepiece 0.2.3, transformers 5.24.0, tokenizers 0.23.3, open_clip_torch 3.3.0, ftfy 6.3.1:

    python make_pieces.py                 # pieces/, checked in
    python make_pieces.py --full DIR      # with the whole of nmt_nfkc and 8,000 pieces, for PAIRSTREAM_FULL_PIECES=DIR

NAME/spiece.model and NAME/tokenizer.json are one model as Hugging Face's and open_clip's SigLIPs keep it, and NAME/ids.jsonl
has lines {"text", "siglip", "open_clip"}: the ids that SiglipTokenizer and open_clip's HFTokenizer give, end included.
"""
import argparse, glob, json, logging, pathlib, random, shutil, tempfile
import ftfy, sentencepiece
from open_clip.tokenizer import HFTokenizer
from transformers import AutoTokenizer, SiglipTokenizer

logging.disable(logging.WARNING)
here = pathlib.Path(__file__).parent
root = here.parent.parent.parent
hard = [json.loads(line)["text"] for line in open(here / "reference.jsonl")]
rules = """41 30A\tC5\n65 301\tE9\nFB01\t66 69\nA0\t20\n3000\t20\n200B\t20\nAD\t\nFF11\t31\nFF21\t41\nBD\t31 2F 32\n1F1E9 1F1EA\t64 65\nC4\t41 65"""


def train(folder, lines, vocabulary, **how):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as d:
        text = pathlib.Path(d, "text.txt")
        text.write_text("\n".join(lines))
        if "rules" in how:
            tsv = pathlib.Path(d, "rules.tsv")
            tsv.write_text(how.pop("rules"))
            how["normalization_rule_tsv"] = str(tsv)
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=d + "/m", vocab_size=vocabulary, model_type="unigram", pad_id=0, eos_id=1, unk_id=2,
            bos_id=-1, hard_vocab_limit=False, character_coverage=0.998, num_threads=1, minloglevel=2, **how)
        shutil.copy(d + "/m.model", folder / "spiece.model")
        config = dict(tokenizer_class="T5Tokenizer", extra_ids=0, additional_special_tokens=[], pad_token="</s>", eos_token="</s>",
                      unk_token="<unk>", model_max_length=64)
        pathlib.Path(d, "tokenizer_config.json").write_text(json.dumps(config))
        shutil.copy(folder / "spiece.model", d + "/spiece.model")
        fast = AutoTokenizer.from_pretrained(d)
        fast.save_pretrained(d)
        shutil.copy(d + "/tokenizer.json", folder / "tokenizer.json")


def write(folder, texts):
    siglip = SiglipTokenizer(str(folder / "spiece.model"))
    with tempfile.TemporaryDirectory() as d:
        shutil.copy(folder / "tokenizer.json", d)
        pathlib.Path(d, "tokenizer_config.json").write_text(json.dumps(dict(
            tokenizer_class="T5Tokenizer", extra_ids=0, additional_special_tokens=[], pad_token="</s>", eos_token="</s>", unk_token="<unk>")))
        theirs = HFTokenizer(d, context_length=4096, clean="canonicalize")
    end = siglip.convert_tokens_to_ids("</s>")

    def cut(ids):
        ids = list(map(int, ids))
        return ids[: ids.index(end) + 1]

    with open(folder / "ids.jsonl", "w") as out:
        for t in texts:
            if repaired(t):  # of wrong decoding, which is not ours
                continue
            row = {"text": t, "siglip": siglip(t)["input_ids"], "open_clip": cut(theirs(t)[0])}
            out.write(json.dumps(row) + "\n")


texts = ["", " ", "a photo of a cat", "  A  PHOTO of\ta Cat! ", "isn't it? (no)", "snake_case __init__", "▁", "a ▁ b▁c", "▁▁x", "née cafe\u0301 ﬁne Ａ１ ½",
         "x\u00a0y\u3000z\u200bw\u00adv", "ΣΑΣ ΟΔΟΣ. İstanbul", "日本語のテキスト", "🇩🇪 flag 👩‍👩‍👧 family e\u0301\u0323", "&lt;b&gt; &amp;amp; tom",
         "hello...world---again", "a" * 100, "supercalifragilistic " * 5, "1,000,000.50 $ % ^", "Å Å A\u030a", "“quotes” ‘single’ – dash…", "tab\tnew\nline\r\n",
         "x <unk y", "λ→∞ ≠ ½", "!!!", "- - -", "zzzz qqqq xyzzy", "\U0001f600\U0001f601 é", "a\u0301\u0301\u0301b",
         "a </s> b", "</s>", "x <unk>y</s>", "<unk> <unk>", "é<unk>é", "10,000,000,000 of 5000 000 0000"]
words = " ".join(pathlib.Path(p).read_text(errors="ignore") for p in ["LICENSE", "README.md"] for p in [root / p]).lower()
lines = [l for l in words.split("\n") if l.strip()]
repaired = lambda t: ftfy.fix_text(t) != ftfy.fix_text(t, fix_encoding=False)
parser = argparse.ArgumentParser()
parser.add_argument("--full", type=pathlib.Path, metavar="DIR")
full = parser.parse_args().full
if full:
    for path in sorted(glob.glob(str(root / "**" / "*.go"), recursive=True)):
        lines += [l.strip("/ \t") for l in open(path) if l.strip().startswith("//")]
    for name, how in ("nmt_nfkc", dict(normalization_rule_name="nmt_nfkc")), ("identity", dict(normalization_rule_name="identity")):
        train(full / name, lines + hard, 8000, **how)
        write(full / name, texts + hard + lines)
else:
    picked = random.Random(1).sample(hard, 120)
    train(here / "pieces" / "identity", lines, 400, normalization_rule_name="identity")
    train(here / "pieces" / "rules", lines, 300, rules=rules)
    write(here / "pieces" / "identity", texts + picked)
    write(here / "pieces" / "rules", texts + picked)
