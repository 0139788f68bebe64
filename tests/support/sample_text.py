# SPDX-License-Identifier: Apache-2.0
"""Text in which tokenizers differ: words of many scripts, emoji with joiners and colours, tabs, CRLF, runs of spaces, digits,
rare characters. The same every time."""
import random

WORDS = ("the quick brown fox jumps over lazy dogs return def class import self None True lambda yield naïve façade "
         "Straße über coöperate garçon señor Привет мир быстрая лиса καλημέρα κόσμε שלום עולם مرحبا بالعالم नमस्ते दुनिया "
         "สวัสดี ชาวโลก 你好 世界 机器学习 繁體中文 漢字 こんにちは 世界 カタカナ ひらがな 日本語の文章。 안녕하세요 세계 한국어 "
         "𠮷野家 ﬁgure ½ ² №5 € £ → ∑ ≠ ∞ … “quoted” ‘single’ — – « » Ω ß ÿ \u00a0nbsp zero\u200bwidth e\u0301").split(" ")
EMOJI = ["😀", "🎉", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "❤️", "☕", "1️⃣", "🫠", "🧑🏿‍🚀"]
SPECIAL = "<s></s> <unk> <|user|> [INST] <0x41>\n"  # typed, not meant
CODE = ["def add(a, b):\n    return a + b\n", "for (int i = 0; i < n; ++i) {\n\tsum += x[i];\n}\n", "if x:\r\n\tpass\r\n",
        "\t\tif (a && b) {\r\n\t\t\treturn 0x1F3A;\r\n\t\t}\r\n", "print(f\"{value:>10.3f}\")\n", "#include <vector>\r\n",
        SPECIAL, "SELECT * FROM t WHERE id = 1234567890;\n", "a\n\n\n\nb\n", "x  y   z    w\n",
        "{\"key\": [1, 2.5e-3, null], \"s\": \"\\u00e9\"}\n", "https://example.org/a?b=c&d=%20e#f\n"]


def compose(size):
    """At least `size` bytes of UTF-8. A text's own U+2581 stays out: llama.cpp and `tokenizers` take it for a space."""
    rng = random.Random(7)
    out, length = [], 0
    while length < size:
        kind = rng.random()
        if kind < 0.60:
            piece = " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 25))) + rng.choice([". ", ".\n", "\r\n", "!\n\n", ", "])
        elif kind < 0.75:
            piece = "".join(rng.choice(EMOJI) for _ in range(rng.randint(1, 5))) + rng.choice([" ", "\n", "\t", ""])
        elif kind < 0.93:
            piece = rng.choice(CODE)
        elif kind < 0.97:
            piece = str(rng.randint(0, 10 ** rng.randint(1, 15))) + rng.choice([" ", "\t", "\r\n", "%\n"])
        else:
            piece = "".join(chr(rng.choice([rng.randint(0x4E00, 0x9FFF), rng.randint(0xAC00, 0xD7A3), rng.randint(0x3041, 0x30FF),
                                            rng.randint(0x1F300, 0x1FAFF), rng.randint(0xA1, 0x24F)])) for _ in range(rng.randint(1, 30)))
        out.append(piece)
        length += len(piece.encode())
    return "".join(out)
