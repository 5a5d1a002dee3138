"""Writes lists as Python's csv module does, and the captions it means: list.csv, list.tsv and lists.json.

Made with Python 3.11:  python make_lists.py
"""

import csv
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))

captions = [
    "a cat", ' a "red" car ', '"', '""', '"quoted"', 'ends with a "', '"begins" with one', "it's, well, commas", "a\ttab",
    "two\nlines", "two\r\nlines", 'a "tab\tin" quotes', "naïve café 猫 🐈", "\ufeffa mark", "a 5\" pipe, 2' long", "back\\slash",
    "#no comment", "semi;colon", "  white space  ", '"""', 'a""b', "\u2028 line separator", "carriage\rreturn",
]


def write(name, dialect, rows):
    with open(os.path.join(HERE, name), "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, dialect)
        out.writerow(["file", "caption", "n"])
        for i, caption in enumerate(rows):
            out.writerow(["a.png", caption, i])
    return rows


if __name__ == "__main__":
    one_line = [c for c in captions if not set(c) & set("\t\n\r")]  # TSV has no others
    result = {
        "list.csv": write("list.csv", "excel", captions),
        "list.tsv": write("list.tsv", "excel-tab", one_line),
    }
    with open(os.path.join(HERE, "lists.json"), "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
