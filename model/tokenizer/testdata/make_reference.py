"""Writes reference.jsonl: texts and their ids by the packages that each flavour names.

Made with Python 3.11.7, open_clip_torch 3.3.0, ftfy 6.3.1, regex 2026.11.15, transformers 5.23.0,
tokenizers 0.23.3 (requirements: those five):

    python make_reference.py 300 1 > reference.jsonl

Arguments are how many texts to draw and the seed. A line is {"text", "openai", "open_clip", "huggingface"};
"repaired" is true where the first two would be others without ftfy's repair of wrong decoding.
"""

import gzip
import json
import os
import random
import sys
import tempfile
import unicodedata

import ftfy
import open_clip.tokenizer
import regex
from tokenizers.normalizers import NFC
from transformers import CLIPTokenizer

here = os.path.dirname(os.path.abspath(__file__))
merges = gzip.open(os.path.join(here, "..", "merges.txt.gz"), "rt").read().split("\n")[:48894]


def openai():
    """The original: open_clip's copy of it with the original's special tokens."""
    t = open_clip.tokenizer.SimpleTokenizer()
    specials = {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    t.encoder.update(specials)
    t.cache = {s: s for s in specials}
    t.pat = regex.compile(
        r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+""",
        regex.IGNORECASE,
    )
    t.clean_fn = lambda text: regex.sub(r"\s+", " ", open_clip.tokenizer.basic_clean(text)).strip().lower()
    return t.encode


def huggingface():
    symbols = list(open_clip.tokenizer.bytes_to_unicode().values())
    symbols += [s + "</w>" for s in symbols] + [m.replace(" ", "") for m in merges]
    symbols += ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "vocab.json"), "w") as f:
            json.dump({s: i for i, s in enumerate(symbols)}, f)
        with open(os.path.join(d, "merges.txt"), "w") as f:
            f.write("#version: 0.2\n" + "\n".join(merges) + "\n")
        t = CLIPTokenizer(os.path.join(d, "vocab.json"), os.path.join(d, "merges.txt"))
    return lambda text: t(text, add_special_tokens=False)["input_ids"]


words = "a photo of the cat's DOG isn't we'll they're I'd 2 1984 3.14 supercalifragilistic zzyzx co-op e-mail".split()
tricky = """
ſ 'ſ it'ſ \u0345 α\u0345 İ İSTANBUL ΟΔΟΣ Σ ΣΑΣ ΑΣ' ΑΣ.Α ʰΣ Σʰ ß ẞ ﬀ ﬁ ﬃ ﬅ ﬆ ĳ Ŀ ŉ Ǆ ǅ ǆ Ǳ \u0130 ı K Å Ω
“q” ‘q’ ʼ ‛ „ … – — \u2028 \u2029 \u0085 \u0091 \u0081 \u009f \u00a0 \u00ad \u200b \u200d \u200e \u2060 \ufeff \ufffc \ufffd \u206a
\u180e \u3000 ！ ＂ ＇ （ Ａ ｂ １ ￠ ￣ ￦ ｶﾞ ﾊﾟ ﾠ ￩ ㍿ ① ½ ² Ⅷ ⅷ ٣ ३ 一 漢字 かな カナ ไทย 한국어 \u1112\u1161\u11ab \uac00\u11a8 हिन्दी العربية עברית 🙂 👩‍👩‍👧 🇫🇷 ❤️ 👍🏽
é e\u0301 e\u0316\u0301 \u0344 q\u0307\u0323 \u1e0b\u0323 \u212b \u0958 \u2126 \u1d15e \U0001d15e 𝒜 𝟘 𐐀 Ⴀ Ა ꭰ Ꮿ ǰ ΐ ᾳ ᾼ ῼ
<|startoftext|> <|endoftext|> <|ENDOFTEXT|> <|ſtartoftext|> !<|endoftext|> <|endoftext|>! <start_of_text> <END_OF_TEXT> <ſtart_of_text>
&amp; &amp;amp; &amp;amp;lt; &lt;b&gt; <br> & && &; &amp &ampé &AMP; &NTILDE; &SZLIG; &NAPOS; &EACUTE; &nTILDE; &MICRO; &FFILIG; &GTDOT; &ThickSpace; &nGt; &nLt; &NGT; &semi; &num; &num
&#38; &#x26; &#0; &#13; &#1; &#27; &#59; &#x59; &#128; &#x9f; &#xD800; &#1114112; &#99999999999; &#xfffe; &#xfdd0; &#41 &#x41 &#x41g; &#12ab; &# &#; &#x; &#x110000; &#65293; &#x2019;
&notit; &notin; &notin- &no &copy &copyx &hellip; &Hellip; &HELLIP; &CounterClockwiseContourIntegral; &amp;#38; &am&#112; &amp;eacute; &Eacute;
\x1b[31mred\x1b[0m \x1b[3１m \x1b[٣m \x1b\x1b[m[m \x1b[ \x1b] \x00 \x07 \x0b \x0c \x1c \x1f \x7f \r \n \r\n \t '' ''' 's 'S 'Re 'LL 'd'm !'s a's' "'s" … .. ... -- #tag @user http://x.y/?a=1&b=2 $9.99 50% 10:30 a_b C++
Ã© â€™ cafÃ© Â£ Ã  â€œ Ä± ã\x81\x82 Ð¿
""".split(" ")
tricky = [w for part in tricky for w in part.split("\n") if w] + ["\n", "\r\n", "\r", " ", "  ", "\t"]
assigned = [c for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
# Characters that tokenizers does not compose or order yet: its tables are of Unicode 9. Texts with them have no
# "huggingface".
nfc = NFC().normalize_str
newer = {
    chr(c)
    for c in assigned
    for s in (chr(c), "x" + chr(c) + "\u0334", "x\u0301" + chr(c), unicodedata.normalize("NFD", chr(c)))
    if nfc(s) != unicodedata.normalize("NFC", s)
}
marks = [chr(c) for c in assigned if unicodedata.combining(chr(c))]


def draw(r):
    parts = []
    for _ in range(r.randint(1, 12)):
        kind = r.random()
        if kind < 0.25:
            parts.append(r.choice(words))
        elif kind < 0.75:
            parts.append(r.choice(tricky))
        elif kind < 0.85:
            parts.append(chr(r.choice(assigned)))
        elif kind < 0.90:
            low = r.choice([0x80, 0x100, 0x370, 0x400, 0x1E00, 0x2000, 0xAC00, 0xFB00, 0xFF00])
            parts += [chr(c) for c in (low + r.randrange(256) for _ in range(3)) if unicodedata.category(chr(c)) != "Cn"]
        elif kind < 0.93:
            parts.append(r.choice("aeéßΑ") + "".join(r.choice(marks) for _ in range(r.choice([1, 2, 3, 5, 29, 35, 70]))))
        elif kind < 0.97:
            parts.append("".join(chr(r.randrange(0x20, 0x7F)) for _ in range(r.randint(1, 20))))
        else:
            parts.append("".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(5, 150))))
        if r.random() < 0.6:
            parts.append(" ")
    return "".join(parts)


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    flavours = {"openai": openai(), "open_clip": open_clip.tokenizer.SimpleTokenizer().encode, "huggingface": huggingface()}
    r = random.Random(seed)
    fix_text = ftfy.fix_text
    for _ in range(count):
        row = {"text": draw(r)}
        row |= {name: encode(row["text"]) for name, encode in flavours.items()}
        if not newer.isdisjoint(row["text"]):
            del row["huggingface"]
        ftfy.fix_text = lambda text: fix_text(text, fix_encoding=False)
        if flavours["openai"](row["text"]) != row["openai"]:
            row["repaired"] = True
        ftfy.fix_text = fix_text
        print(json.dumps(row))


if __name__ == "__main__":
    main()
